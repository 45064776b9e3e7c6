"""Doubts on a key_policy step that no policy settles: the caller, the key and the cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ebs_kms_audit.aws.arns import Arn, is_account_id, is_iam_name
from ebs_kms_audit.diagnosis import sentence, support
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
_LISTED, _NAMED = 10, 3
_About = tuple[str, str]
"""A sentence about one caller, and about several."""
_WHAT_IT_NAMES: dict[PrincipalKind, _About] = {
    PrincipalKind.ROOT: (
        "In a key policy the ARN of {} means the account, not only the root user.",
        "In a key policy the ARNs of {} mean the accounts, not only the root users.",
    ),
    PrincipalKind.ACCOUNT: (
        "Only the account of {} is known, not the user or role.",
        "Only the accounts of {} are known, not the users or roles.",
    ),
    PrincipalKind.FEDERATED_USER: (
        "The session {} is a federated session of the user in the ARN.",
        "The sessions {} are federated sessions of the users in the ARNs.",
    ),
}
_NOT_ONE = (
    "Whether {} is a single user or role is not known.",
    "Whether {} are single users or roles is not known.",
)
_NOT_GIVEN_OUT = (
    "The ARN of {} is not one that IAM can have given out.",
    "The ARNs of {} are not ones that IAM can have given out.",
)


def doubts_on_evidence(denials: Iterable[Denial]) -> Iterator[str]:
    """Yield the doubts on the caller and the key of denials that the step cures, one of a kind."""
    callers: dict[_About, dict[str, None]] = {}
    arns: dict[_About, dict[str, None]] = {}
    for denial in denials:
        principal, key = denial.principal, denial.key
        name = _name(principal)
        evidence = principal.evidence if principal.arn else Evidence.UNKNOWN
        doubts = list(_doubts_on_principal(denial))
        for about in doubts:
            callers.setdefault(about, {})[name] = None
        if evidence not in _SURE and (principal.arn or _NOT_ONE not in doubts):
            about = f"The ARN of {{}} is {evidence}.", f"The ARNs of {{}} are {evidence}."
            arns.setdefault(about, {})[name] = None
        if not key.known:
            yield "The input does not name the key."
        elif key.arn is None:
            yield "The full ARN of the key is unknown."
        elif key.evidence not in _SURE:
            yield f"The key is {key.evidence}: {key.why}."
        if no_allow_helps(denial):
            action = ", ".join(denial.iam_actions)
            yield f"The error message of {action} says that a Deny or another policy decided."
    for (of_one, of_several), names in (*callers.items(), *arns.items()):
        yield (of_one if len(names) == 1 else of_several).format(_some(sorted(names)))


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
        for text in support.contradicted_by_policies(finding):
            yield f"{text.rstrip('.')}. This speaks against the cause."
        whole = part.denials is finding.denials
        each = () if whole else finding.denials.each()
        left = dict.fromkeys(alike for alike, at in each if (id(alike), at) not in cured)
        if left:
            actions = dict.fromkeys(a for alike in left for a in alike.sample.iam_actions)
            name = _name(finding.principal)
            yield f"{name} was also denied {listed(actions)}, which this step does not cure."
    yield from _may_be_allowed(parts)


def _may_be_allowed(parts: Iterable[Part]) -> Iterator[str]:
    """Give the callers who have a grant for a denied call, and those whose call worked later."""
    granted: dict[str, None] = {}
    worked: dict[str, None] = {}
    for part in parts:
        cause, history = part.finding.cause.id, part.finding.history
        name = _name(part.finding.principal)
        if support.other_grants(cause, history):
            granted[name] = None
        if support.other_success(cause, history):
            worked[name] = None
    if granted:
        yield f"A grant on the key lists a denied action for {_some(sorted(granted))}."
    if worked:
        names = _some(sorted(worked))
        yield f"A denied call of {names} succeeded later. Check what is still denied."


def _causes(parts: Iterable[Part]) -> Iterator[str]:
    """Yield the sentence of each cause, once for all of its callers."""
    by_pattern: dict[str, list[Part]] = {}
    for part in parts:
        by_pattern.setdefault(part.cause.pattern or part.cause.text, []).append(part)
    for pattern, some in by_pattern.items():
        names = list(dict.fromkeys(sentence.caller_name(part.finding.principal) for part in some))
        actions = dict.fromkeys(action for part in some for action in part.cause.actions)
        yield sentence.sentence(
            pattern, _some(names), sentence.listed(actions), several=len(names) > 1
        )


def _doubts_on_principal(denial: Denial) -> Iterator[_About]:
    principal = denial.principal
    if principal.kind in _WHAT_IT_NAMES:
        yield _WHAT_IT_NAMES[principal.kind]
    elif principal.kind not in _NAMEABLE:
        yield _NOT_ONE
    if principal.arn and not _can_exist(principal.arn):
        yield _NOT_GIVEN_OUT
    seems = denial.credential_account
    if seems and seems != denial.event.account:
        then = f"to account {seems}. If so, an IAM policy there must allow the call too."
        yield (
            f"The access key of {{}} seems to belong {then}",
            (f"The access keys of {{}} seem to belong {then}"),
        )


def _name(principal: Principal) -> str:
    return principal.user_name or principal.arn or "the caller"


def _can_exist(text: str) -> bool:
    """Return whether IAM can have given out the ARN. A path takes any character but wildcards."""
    arn = Arn.parse(text)
    if arn is None:
        return False
    if arn.resource == "root":
        return arn.service == "iam" and not arn.region and is_account_id(arn.account)
    return arn.is_user_or_role and is_iam_name(arn.name)


def listed(names: Iterable[str], most: int = _LISTED) -> str:
    """Return the first names, and how many more there are."""
    found = list(names)
    if (more := len(found) - most) > 0:
        found[most:] = [f"{more:,} more"]
    return sentence.listed(found)


def _some(callers: Iterable[str]) -> str:
    return listed(callers, _NAMED)
