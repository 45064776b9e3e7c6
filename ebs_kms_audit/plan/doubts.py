"""Doubts on a key_policy step that no policy settles: the caller, the key and the cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ebs_kms_audit.aws.arns import Arn, is_account_id, is_iam_name
from ebs_kms_audit.diagnosis import sentence
from ebs_kms_audit.diagnosis.cause import CauseId
from ebs_kms_audit.diagnosis.limits import no_allow_helps
from ebs_kms_audit.model import Denial, Evidence, Principal, PrincipalKind
from ebs_kms_audit.plan.routing import Part

_SURE = frozenset({Evidence.RECORDED, Evidence.DERIVED, Evidence.GIVEN})
_NAMEABLE = frozenset({PrincipalKind.USER, PrincipalKind.ROLE, PrincipalKind.SERVICE_LINKED_ROLE})
_UNSETTLED = frozenset(
    {
        CauseId.EXPLICIT_DENY,
        CauseId.CONFLICTING_EVIDENCE,
        CauseId.CONDITION_NOT_MET,
        CauseId.OTHER_KEY,
    }
)
_LISTED = 10
_WHAT_IT_NAMES = {
    PrincipalKind.ROOT: "In a key policy the ARN of {} means the account, not only the root user.",
    PrincipalKind.ACCOUNT: "Only the account of {} is known, not the user or role.",
    PrincipalKind.FEDERATED_USER: "The session {} is a federated session of the user in the ARN.",
}


def doubts_on_evidence(denials: Iterable[Denial]) -> Iterator[str]:
    """Yield the doubts on the caller and the key of denials that the step cures, one of a kind."""
    arns: dict[Evidence, dict[str, None]] = {}
    for denial in denials:
        principal, key = denial.principal, denial.key
        name = principal.user_name or principal.arn or "the caller"
        evidence = principal.evidence if principal.arn else Evidence.UNKNOWN
        if evidence not in _SURE:
            arns.setdefault(evidence, {})[name] = None
        yield from _doubts_on_principal(principal, name)
        if not key.known:
            yield "The input does not name the key."
        elif key.arn is None:
            yield "The full ARN of the key is unknown."
        elif key.evidence not in _SURE:
            yield f"The key is {key.evidence}: {key.why}."
        account, seems = denial.event.account, denial.credential_account
        if seems and seems != account:
            yield (
                f"The access key of {name} seems to belong to account {seems}. If so, an IAM "
                "policy there must allow the call too."
            )
        if no_allow_helps(denial):
            action = ", ".join(denial.iam_actions)
            yield f"The error message of {action} says that a Deny or another policy decided."
    for evidence, names in arns.items():
        arn, are = ("ARNs", "are") if len(names) > 1 else ("ARN", "is")
        yield f"The {arn} of {listed(sorted(names))} {are} {evidence}."


def doubts_on_causes(parts: Sequence[Part]) -> Iterator[str]:
    """Give the doubts on why the calls were denied; `parts` are those that the step cures."""
    some = (part for part in parts if part.denials is not part.finding.denials)
    cured = {(id(alike), at) for part in some for alike, at in part.denials.each()}
    yield from _causes([part for part in parts if part.cause.id in _UNSETTLED])
    for part in parts:
        finding = part.finding
        # Without a policy the step is not safe in any case.
        if part.cause.id is CauseId.UNKNOWN and finding.judgements:
            yield "The input does not show why the calls were denied."
        for text in finding.cause.contradicted_by:
            yield f"Evidence against the cause: {text.rstrip('.')}."
        whole = part.denials is finding.denials
        each = () if whole else finding.denials.each()
        left = dict.fromkeys(alike for alike, at in each if (id(alike), at) not in cured)
        if left:
            actions = dict.fromkeys(a for alike in left for a in alike.sample.iam_actions)
            name = finding.principal.user_name or finding.principal.arn or "the caller"
            yield f"{name} was also denied {listed(actions)}, which this step does not cure."


def _causes(parts: Iterable[Part]) -> Iterator[str]:
    """Yield the sentence of each cause, once for all of its callers."""
    by_pattern: dict[str, list[Part]] = {}
    for part in parts:
        by_pattern.setdefault(part.cause.pattern or part.cause.text, []).append(part)
    for pattern, some in by_pattern.items():
        names = list(dict.fromkeys(sentence.caller_name(part.finding.principal) for part in some))
        actions = dict.fromkeys(action for part in some for action in part.cause.actions)
        yield sentence.sentence(
            pattern, listed(names), sentence.listed(actions), several=len(names) > 1
        )


def _doubts_on_principal(principal: Principal, name: str) -> Iterator[str]:
    if principal.kind in _WHAT_IT_NAMES:
        yield _WHAT_IT_NAMES[principal.kind].format(name)
    elif principal.kind not in _NAMEABLE:
        yield f"Whether {name} is a single user or role is not known."
    arn = principal.arn
    if arn and not _can_exist(arn):
        yield f"The ARN of {name} is not one that IAM can have given out."


def _can_exist(text: str) -> bool:
    """Return whether IAM can have given out the ARN. A path takes any character but wildcards."""
    arn = Arn.parse(text)
    if arn is None:
        return False
    if arn.resource == "root":
        return arn.service == "iam" and not arn.region and is_account_id(arn.account)
    return arn.is_user_or_role and is_iam_name(arn.name)


def listed(names: Iterable[str]) -> str:
    """Return the first names, and how many more there are."""
    found = list(names)
    if (more := len(found) - _LISTED) > 0:
        found[_LISTED:] = [f"{more:,} more"]
    return sentence.listed(found)
