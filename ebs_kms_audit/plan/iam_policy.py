"""The iam_policy step: a policy for the users and roles of one account.

Sources: AWS KMS Developer Guide, "Using IAM policies with AWS KMS", "Allowing users in other
accounts to use a KMS key"; IAM User Guide, "Managed policies and inline policies".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ebs_kms_audit.model import StatementKind
from ebs_kms_audit.plan import commands, placeholders
from ebs_kms_audit.plan.console import afterwards
from ebs_kms_audit.plan.export import ExportsOf
from ebs_kms_audit.plan.key_group import KeyGroup, PlanOptions
from ebs_kms_audit.plan.left_out import left_out
from ebs_kms_audit.plan.needs import WantedStatement, together, wanted_statements
from ebs_kms_audit.plan.routing import Part
from ebs_kms_audit.plan.step import Step, StepKind

_VERSION = "2012-10-17"


def iam_policy_step(
    group: KeyGroup,
    account: str | None,
    parts: Sequence[Part],
    alternative_to: str | None,
    options: PlanOptions,
) -> Step:
    """Return the step that allows the callers of one account to use the key by IAM."""
    wanted = together(
        [
            one
            for part in parts
            for one in wanted_statements(part.denials, "*", least_privilege=options.least_privilege)
        ]
    )
    resource = group.key or placeholders.KEY
    statements = tuple(_statement(one, resource) for one in wanted)
    if alternative_to:
        reasons = [
            "This works only if the key policy has a statement for the account (:root). "
            "It replaces the key_policy step."
        ]
        text = "Instead of the key policy, attach an IAM policy to the callers."
    else:
        reasons = [
            "Both halves are required: this policy, and the key policy of the other account."
        ]
        text = f"In account {account or 'of the callers'}, attach an IAM policy to the callers."
    if group.key is None:
        reasons.append("The full ARN of the key is unknown.")
    step = _step(f"iam_policy-{group.name}", text, account, parts, statements, reasons)
    return replace(
        step,
        region=group.region,
        target=group.key,
        alternative_to=alternative_to,
        needs=tuple(one.why for one in wanted),
        afterwards=afterwards([denial for part in parts for denial in part.denials.kinds]),
    )


def identity_only_step(groups: Sequence[KeyGroup]) -> list[Step]:
    """Return a step for each account whose callers lack what only an IAM policy can allow."""
    by_account: dict[str | None, list[Part]] = {}
    for group in groups:
        for part in group.of(StepKind.IAM_POLICY):
            if identity_only(part):
                by_account.setdefault(part.caller_account, []).append(part)
    steps = []
    for account, parts in by_account.items():
        actions = dict.fromkeys(a for p in parts for d in p.denials.kinds for a in d.iam_actions)
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        reasons = [f"No key policy can allow {', '.join(actions)}. Only an IAM policy can."]
        text = "Attach an IAM policy to the callers."
        name = f"iam_policy-{account or 'unknown'}"
        steps.append(_step(name, text, account, parts, (statement,), reasons))
    return steps


def identity_only(part: Part) -> bool:
    """Return whether only an IAM policy can allow the denied calls of a part."""
    return all(one.statement_kind is StatementKind.IDENTITY_ONLY for one in part.denials.kinds)


def _step(
    id_: str,
    text: str,
    account: str | None,
    parts: Sequence[Part],
    statements: tuple[dict[str, Any], ...],
    reasons: Sequence[str],
) -> Step:
    known = [part for part in parts if part.finding.principal.arn]
    unknown = [part for part in parts if not part.finding.principal.arn]
    named = known or list(parts)
    step = Step(
        id=id_,
        kind=StepKind.IAM_POLICY,
        text=text,
        account=account,
        region=next((part.finding.region for part in parts), None),
        reasons=tuple(reasons),
        findings=tuple(dict.fromkeys(part.finding.id for part in named)),
        principals=tuple(
            dict.fromkeys(p.finding.principal.arn for p in known if p.finding.principal.arn)
        ),
        left_out=tuple(map(left_out, unknown)) if known else (),
        statements=statements,
        document={"Version": _VERSION, "Statement": [dict(one) for one in statements]},
        console_steps=(
            "Open the IAM console, Users or Roles, and choose the caller.",
            "Choose Add permissions, Create inline policy, JSON. Paste the document.",
        ),
    )
    return replace(
        step,
        commands=commands.of_iam_policy(step, commands.INLINE_POLICY),
        exports=ExportsOf(step),
    )


def _statement(wanted: WantedStatement, resource: str) -> dict[str, Any]:
    """Return a key-policy statement as one of an IAM policy: no Principal, the key as Resource."""
    statement = wanted.document()
    kept = ("Effect", "Action", "Resource", "Condition")
    return {name: statement[name] for name in kept if name in statement} | {"Resource": resource}
