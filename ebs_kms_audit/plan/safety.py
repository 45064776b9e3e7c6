"""Why a change of a known key policy is `review`: what is missing for `safe`, one sentence each.

A step is `safe` only if principal and key are not inferred, the policy is surely this key's, no
evidence contradicts it, every denied call and every call that EBS makes next succeeds afterwards by
everything that was given, exactly the documented actions are newly allowed to exactly these
principals, nothing is lost, no condition of the owner is bypassed, and KMS accepts the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.model import (
    Denial,
    Effect,
    PolicyType,
    PrincipalKind,
    Verdict,
)
from ebs_kms_audit.plan.change import Change, Proof, policy_text
from ebs_kms_audit.plan.doubts import listed
from ebs_kms_audit.plan.merge import covered_actions
from ebs_kms_audit.plan.needs import WantedStatement, works_by_grant
from ebs_kms_audit.plan.proof import ChangeJudge
from ebs_kms_audit.policy import (
    Decision,
    KeyPolicy,
    Patterns,
    PrincipalForm,
    Severity,
    Statement,
    StatementResult,
    lint,
)
from ebs_kms_audit.policy.lint import LARGEST


def doubts_on_change(
    judge: ChangeJudge,
    change: Change,
    proof: Proof,
    before: KeyPolicy,
    after: KeyPolicy,
    *,
    wanted: Sequence[WantedStatement],
    denials: Sequence[Denial],
    next_calls: Sequence[Denial],
    key: str | None,
) -> Iterator[str]:
    """Give the doubts on a change of a known policy."""
    yield from _other_accounts(before, key)
    yield from _contradictions(judge, denials)
    for denial in denials:
        yield from _not_cured(denial, judge.after(denial), "was denied")
    for denial in next_calls:
        if not works_by_grant(denial):  # one sentence is enough for all of its calls
            yield from _not_cured(denial, judge.after(denial), "is needed next")
    yield from _still_denied(judge, after, wanted, [*denials, *next_calls])
    foreign = {one.principal.arn for one in denials if works_by_grant(one)}
    also: dict[str, dict[str, None]] = {}
    for one in proof.newly_allowed:
        if not one.expected and one.principal not in foreign:
            also.setdefault(one.principal, {})[one.action] = None
    for principal, actions in also.items():
        yield f"The change also allows {listed(actions)} to {principal}."
    if accounts := sorted({arn.account for arn in map(Arn.parse, foreign) if arn}):
        noun = "account" if len(accounts) == 1 else "accounts"
        yield (
            f"The statements name {noun} {listed(accounts)}: each user and role there that has "
            "an IAM policy for the key can use it."
        )
    for one in proof.lost:
        yield f"The change takes {one.action} from {one.principal}."
    yield from change.remarks
    if change.conditions:
        yield "The change alters a condition of the key's owner."
    yield from bypassed_conditions(before, wanted)
    yield from _invalid_document(before, after, key)


def _other_accounts(policy: KeyPolicy, key: str | None) -> Iterator[str]:
    """Give a doubt if the policy names accounts, and not the account of the key."""
    accounts = {
        entry.account
        for statement in policy.statements
        for entry in (statement.principals.entries if statement.principals else ())
        if entry.account
    }
    owner = Arn.parse(key)
    if owner and accounts and owner.account not in accounts:
        what = "account" if len(accounts) == 1 else "accounts"
        yield (
            f"The policy names {what} {listed(sorted(accounts))}, but not the key's own account "
            f"{owner.account}."
        )


def _contradictions(judge: ChangeJudge, denials: Iterable[Denial]) -> Iterator[str]:
    """Compare the given policy with what the error messages say of the policy at the time."""
    for denial in denials:
        decision, message = judge.before(denial), denial.message
        action = ", ".join(denial.iam_actions)
        if decision.allowed is True:
            yield f"The given policy allows {action}, which was denied."
        if message is None or message.effect is not Effect.IMPLICIT:
            continue
        delegates = decision.verdict is Verdict.DELEGATED_TO_IAM
        by_iam = denial.principal.kind is not PrincipalKind.SERVICE_LINKED_ROLE
        if message.policy_type is PolicyType.RESOURCE_BASED and delegates and by_iam:
            yield (
                f"The message says that no statement of the key policy allows {action}, but the "
                "given policy leaves it to IAM policies."
            )
        if message.policy_type is PolicyType.IDENTITY_BASED and (
            decision.same_account is True and decision.verdict is Verdict.MISSING_ALLOW
        ):
            yield (
                f"The message says that no IAM policy allows {action}, but the given policy does "
                "not leave it to IAM policies."
            )


def _not_cured(denial: Denial, after: Decision, need: str) -> Iterator[str]:
    if after.allowed is True:
        return
    name = denial.principal.user_name or denial.principal.arn or "the caller"
    what = f"{after.request.action} by {name} {need}"
    if after.verdict is Verdict.EXPLICIT_DENY:
        yield f"{what}, and {_statements(after.decided_by)} denies it."
    elif works_by_grant(denial):
        yield f"{what}. The role also needs a grant that account {denial.caller_account} creates."
    elif after.key_policy_allows and after.same_account is not True:
        where = f"account {one}" if (one := denial.caller_account) else "the caller's account"
        missing = "identity_policies" in after.not_given
        yield (
            f"{what}. It also needs an IAM policy in {where}"
            + (", which was not given." if missing else ", and none that was given allows it.")
        )
    elif after.verdict is Verdict.BLOCKED_ELSEWHERE:
        yield f"{what}, and a given policy does not allow it: {', '.join(after.depends_on)}."
    elif after.depends_on:
        known = "is not known" if len(after.depends_on) == 1 else "are not known"
        yield f"{what}. The result depends on {', '.join(after.depends_on)}, which {known}."
    else:
        yield f"{what}, and is not proved to be allowed afterwards."


def _still_denied(
    judge: ChangeJudge,
    after: KeyPolicy,
    wanted: Sequence[WantedStatement],
    judged: Sequence[Denial],
) -> Iterator[str]:
    """Give the documented actions of the new statements that a Deny of the policy takes away.

    The calls in `judged` have doubts of their own.
    """
    fenced = {
        action
        for statement in after.statements
        if statement.denies and statement.actions is not None
        for action in covered_actions(statement.actions)
    }
    offered = [
        (one, sorted(fenced & covered_actions(Patterns(values=one.actions)))) for one in wanted
    ]
    if not any(actions for _, actions in offered):
        return
    seen = {(one.principal.arn, action) for one in judged for action in one.iam_actions}
    samples = {one.principal.arn: one for one in judged}
    for arn, sample in samples.items():
        actions = [
            action
            for one, some in offered
            if arn in one.principals
            for action in some
            if (arn, action) not in seen
        ]
        denied = [
            action
            for action in actions
            if judge.after(replace(sample, iam_actions=(action,))).verdict is Verdict.EXPLICIT_DENY
        ]
        if denied:
            name = sample.principal.user_name or arn
            yield f"A Deny takes {listed(denied)} from {name}, which the new statement allows."


def _statements(results: Iterable[StatementResult]) -> str:
    return ", ".join(f"{one.layer} {statement_name(one.sid, one.index)}" for one in results)


def statement_name(sid: str | None, index: int) -> str:
    """Return how a sentence names a statement: by its Sid, else by its index from 0."""
    return f'statement "{sid}"' if sid else f"statement {index}"


def bypassed_conditions(policy: KeyPolicy, wanted: Iterable[WantedStatement]) -> Iterator[str]:
    """Give the Allow statements that limit the same actions by a condition that is not repeated."""
    for one in wanted:
        given = covered_actions(Patterns(values=one.actions))
        own = _lines(one.condition or {})
        for statement in policy.statements:
            if statement.actions is None or not _limits_callers(statement):
                continue
            missing = [
                test.key
                for test in statement.conditions
                if (test.operator.lower(), test.key.lower()) not in own
            ]
            if missing and covered_actions(statement.actions) & given:
                name = statement_name(statement.sid, statement.index)
                yield (
                    f"The {name} allows the same actions only under a condition on "
                    f"{', '.join(dict.fromkeys(missing))}. The new statement does not have it."
                )


def _limits_callers(statement: Statement) -> bool:
    """Return whether a statement allows something to users or roles under a condition."""
    principals = statement.principals
    if not (statement.allows and statement.well_formed and statement.conditions and principals):
        return False
    return principals.negated or any(
        entry.form is not PrincipalForm.SERVICE for entry in principals.entries
    )


def _lines(condition: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(op.lower(), key.lower()) for op, block in condition.items() for key in block}


def _invalid_document(before: KeyPolicy, after: KeyPolicy, key: str | None) -> Iterator[str]:
    """Give what makes KMS reject the new document, or read it in more than one way."""
    # Repeated members of the JSON text are known of the old document only.
    found = {(one.json_path, one.message) for one in before.faults}
    found |= {
        (one.json_path, one.message)
        for one in lint(after, key=key)
        if one.severity is Severity.ERROR and one.id != "too_large"
    }
    for path, message in sorted(found):
        yield f"KMS may reject the document ({path}): {message.rstrip('.')}."
    size = len(policy_text(after.document))  # ASCII with spaces: no other spelling is larger
    if size > LARGEST:
        yield f"The document has {size:,} bytes. A key policy may have {LARGEST:,}."
