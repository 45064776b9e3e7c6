"""CheckReport → text, JSON, SARIF or workflow commands of GitHub."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.checking.calls import Actor
from ebs_kms_audit.checking.outcome import Outcome
from ebs_kms_audit.printable import escape_unprintable
from ebs_kms_audit.render import github, sarif
from ebs_kms_audit.render.annotation import of_check

if TYPE_CHECKING:
    from ebs_kms_audit.checking.result import (
        CheckedCall,
        CheckedPolicy,
        CheckedPrincipal,
        CheckReport,
    )
    from ebs_kms_audit.plan.change import Proof
    from ebs_kms_audit.plan.step import Step
    from ebs_kms_audit.policy import StatementResult

_WIDTH = 80
# The condition keys that policies test most. JSON has all of them.
_SHOWN = ("kms:ViaService", "kms:GrantIsForAWSResource")


def as_text(report: CheckReport) -> str:
    """Return the report as text for a terminal, at most 80 columns where words allow it."""
    blocks = ["\n".join(_policy(policy)) for policy in report.policies]
    return "\n\n".join(blocks) + "\n"


def _policy(policy: CheckedPolicy) -> Iterator[str]:
    name = f"{policy.address} in {policy.name}" if policy.address else policy.name
    key = f" of {policy.key}" if policy.key else ""
    yield from _filled(f"{name}{key}: {policy.outcome}", "")
    for principal in policy.principals:
        yield ""
        yield from _principal(principal)
    if policy.plan:
        yield ""
        yield "What to change"
        for number, step in enumerate(policy.plan, 1):
            yield from _filled(f"{number}. {step.text} ({step.disposition})", "  ")
            for reason in step.reasons:
                yield from _filled(f"review: {reason}", "     ")
            if step.proof:
                yield from _filled(_proof(step.proof), "     ")
            if step.diff:
                yield from (escape_unprintable(line) for line in step.diff.splitlines())


def _proof(proof: Proof) -> str:
    cured = sum(denial.cured is True for denial in proof.denials)
    newly = Counter(one.principal for one in proof.newly_allowed)
    given = "; ".join(f"{count:,} actions for {who}" for who, count in newly.items())
    return (
        f"Proof: {cured:,} of {len(proof.denials):,} denied calls are allowed afterwards. Newly "
        f"allowed: {given or 'nothing'}. No longer allowed: {len(proof.lost):,} actions."
    )


def _principal(principal: CheckedPrincipal) -> Iterator[str]:
    name = principal.given.partition("=")[0]
    label = "" if name == principal.arn else f"{name}, "
    yield from _filled(f"{label}{principal.outcome}: {principal.arn}", "")
    if principal.note:
        yield from _filled(principal.note, "  ")
    for operation, calls in groupby(principal.calls, key=lambda call: call.operation):
        yield f"  {operation}"
        for _, alike in groupby(calls, key=lambda call: (call.outcome, call.actor, call.why)):
            yield from _calls(list(alike))


def _calls(calls: list[CheckedCall]) -> Iterator[str]:
    """Show consecutive calls with the same result as one."""
    first = calls[0]
    actor = " as aws:ec2-infrastructure" if first.actor is Actor.INFRASTRUCTURE else ""
    actions = ", ".join(call.action for call in calls)
    yield from _filled(f"{first.outcome:10}{actions}{actor}", "    ", hang=10)
    yield from _filled(first.why, " " * 14)
    carried = {
        f"{key} = {call.conditions[key]}": None
        for call in calls
        for key in _SHOWN
        if call.conditions.get(key)
    }
    if carried:
        yield from _filled(f"The request carries {', '.join(carried)}.", " " * 14)


def _filled(text: str, indent: str, hang: int = 0) -> list[str]:
    return textwrap.wrap(
        escape_unprintable(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + " " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_json(report: CheckReport) -> str:
    """Return the report as JSON text, in ASCII."""
    return json.dumps(as_dict(report), indent=2) + "\n"


def as_dict(report: CheckReport) -> dict[str, Any]:
    """Return the report as JSON-ready values. What is not known is None."""
    return {
        "schema": "ebs_kms_audit.check/1",
        "outcome": str(report.outcome),
        "policies": [
            {
                "file": policy.name,
                "resource": policy.address,
                "key": policy.key,
                "region": policy.region,
                "outcome": str(policy.outcome),
                "principals": [_principal_dict(policy, one) for one in policy.principals],
                "plan": [_step(step) for step in policy.plan],
            }
            for policy in report.policies
        ],
        "not_checked": list(report.not_checked),
    }


def _principal_dict(policy: CheckedPolicy, principal: CheckedPrincipal) -> dict[str, Any]:
    return {
        "given": principal.given,
        "arn": principal.arn,
        "note": principal.note or None,
        "outcome": str(principal.outcome),
        "calls": [
            {
                "operation": call.operation,
                "action": call.action,
                "as": str(call.actor),
                "principal": call.principal,
                "conditions": dict(call.conditions),
                "outcome": str(call.outcome),
                "verdict": str(call.verdict),
                "why": call.why,
                "decided_by": [_statement(policy, one) for one in call.decided_by],
                "depends_on": list(call.depends_on),
            }
            for call in principal.calls
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "kind": str(step.kind),
        "text": step.text,
        "account": step.account,
        "target": step.target,
        "disposition": str(step.disposition),
        "reasons": list(step.reasons),
        "principals": list(step.principals),
        "statements": list(step.statements),
        "document": step.document,
        "diff": step.diff,
        "patch": list(step.patch),
        "commands": {
            "apply": step.commands.apply or None,
            "verify": step.commands.verify or None,
            "undo": step.commands.undo or None,
        },
    }


def _statement(policy: CheckedPolicy, statement: StatementResult) -> dict[str, Any]:
    region = policy.region_of(statement) if statement.layer == "key_policy" else None
    return {
        "policy": str(statement.layer),
        "statement": statement.index,
        "sid": statement.sid,
        "effect": str(statement.effect),
        "line": region.line if region else None,
    }


def summary(report: CheckReport) -> str:
    """Return one line for the terminal."""
    counts = Counter(one.outcome for policy in report.policies for one in policy.principals)
    parts = [f"{counts[outcome]:,} {outcome}" for outcome in Outcome if counts[outcome]]
    total = counts.total()
    noun = "principal" if total == 1 else "principals"
    return f"{total:,} {noun}: {', '.join(parts) or 'none checked'}"


RENDERERS: dict[str, Callable[[CheckReport], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": lambda report: sarif.render(of_check(report), report.not_checked),
    "github": lambda report: github.render(of_check(report), report.not_checked),
}
