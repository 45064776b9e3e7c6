"""A group of denials → its cause: the cause of each denial, then one cause for the finding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.diagnosis.case import Case, DenialCause, Judged
from ebs_kms_audit.diagnosis.cause import Cause, CauseId, Half, OtherCause
from ebs_kms_audit.diagnosis.next_evidence import next_evidence
from ebs_kms_audit.diagnosis.rules import cause_of_denial
from ebs_kms_audit.diagnosis.support import contradictions, support
from ebs_kms_audit.explain import causes as texts
from ebs_kms_audit.identify.pasted import NO_ACTION
from ebs_kms_audit.model import Denial, Denials, Evidence, PolicyType, PrincipalKind

if TYPE_CHECKING:
    from ebs_kms_audit.context.history import History
    from ebs_kms_audit.diagnosis.grouping import Group
    from ebs_kms_audit.diagnosis.judgement import Judgement
    from ebs_kms_audit.policy import Decision

_ORDER = {cause_id: rank for rank, cause_id in enumerate(CauseId)}
_BEST_FIRST = {evidence: rank for rank, evidence in enumerate(Evidence)}
_PLACES = {
    None: "",
    PolicyType.RESOURCE_BASED: " in the key policy",
    PolicyType.IDENTITY_BASED: " in an IAM policy",
}


class Diagnosis:
    """Finds the causes of the denials of all findings. Denials of one kind are weighed once."""

    def __init__(self) -> None:
        self._without_policy: dict[object, DenialCause] = {}

    def causes_of(
        self,
        denials: Denials,
        judgements: Sequence[Judgement],
        history: History,
        *,
        foreign: bool,
    ) -> tuple[DenialCause, ...]:
        """Return the cause of each denial of a group."""
        weighed = {} if judgements else self._without_policy

        def weigh(at: int, denial: Denial) -> DenialCause:
            judged = tuple(Judged(one, one.for_cause(at), one.decisions[at]) for one in judgements)
            decisions = (decision for one in judged for decision in (one.decision, one.now))
            kind = (
                *(_kind(denial) if judged else _kind_without_policy(denial)),
                foreign,
                bool(history.key_errors),
                *map(id, decisions),
            )
            if kind not in weighed:
                case = Case(denial=denial, judged=judged, history=history, foreign=foreign)
                weighed[kind] = cause_of_denial(case)
            return weighed[kind]

        if any(one.then for one in judgements):  # the policy in force depends on the time
            return tuple(map(weigh, range(len(denials)), denials))
        of_kinds = list(map(weigh, denials.first_at, denials.kinds))
        return tuple(map(of_kinds.__getitem__, denials.kind_at))


def _kind(denial: Denial) -> tuple[object, ...]:
    """Return what denials have in common that have the same cause by the judged policies."""
    event, principal = denial.event, denial.principal
    return (
        denial.iam_actions,
        event.name,
        event.error_code,
        event.source_ip,
        event.account,
        _said(denial),
        principal.arn,
        principal.kind,
        principal.evidence,
        denial.key.arn,
        denial.key.id,
        denial.key.alias,
        denial.key.evidence,
    )


def _kind_without_policy(denial: Denial) -> tuple[object, ...]:
    """Return what denials have in common that have the same cause where no policy was judged.

    Of the ARN of the caller only the account counts, and the name of a service-linked role. Of the
    history only key errors count.
    """
    event, principal, key = denial.event, denial.principal, denial.key
    service_linked = principal.kind is PrincipalKind.SERVICE_LINKED_ROLE
    return (
        event.name,
        event.error_code,
        event.source_ip,
        _said(denial),
        service_linked and principal.arn,
        id(principal.kind),
        id(principal.evidence),
        id(denial.statement_kind),
        denial.cross_account,
        key.aws_managed,
        id(key.evidence),
    )


def _said(denial: Denial) -> tuple[object, ...] | None:
    """Return what the access-denied message says of the policy."""
    message = denial.message
    if message is None:
        return None
    return (
        message.policy_type,
        message.effect,
        message.policy_arn,
        message.key_not_found,
        bool(denial.event.error_message),
    )


def cause_of(group: Group) -> Cause:
    """Return the one cause of a group's denials, and the others with their denials."""
    by_id = _explained(group)
    first, *others = sorted(by_id, key=_ORDER.__getitem__)
    explained = by_id[first]
    cause, denial = _surest(explained)
    return Cause(
        id=cause.id,
        text=_sentence(explained, group),
        evidence=cause.evidence,
        policy_type=cause.policy_type,
        supported_by=tuple(support(cause, _places_of(first, group), group)),
        contradicted_by=tuple(contradictions(cause, group)),
        next_evidence=next_evidence(cause, denial, iam_given=_iam_is_given(group)),
        others=tuple(
            OtherCause(
                id=other,
                text=_sentence(by_id[other], group),
                denials=tuple(group.denials.at(_places_of(other, group)).references),
            )
            for other in others
        ),
        statements=cause.statements,
        unmet=cause.unmet,
        missing=cause.missing,
        near_misses=group.near_misses,
    )


_Explained = list[tuple[DenialCause, Denial]]
"""The causes with one id, each with the first denial of each kind that it explains."""


def _explained(group: Group) -> dict[CauseId, _Explained]:
    denials, causes = group.denials, group.causes
    pairs = zip(map(causes.__getitem__, denials.first_at), denials.kinds, strict=True)
    if any(judgement.then for judgement in group.judgements):  # the cause depends on the time
        first: dict[tuple[int, int], int] = {}
        for at, pair in enumerate(zip(map(id, causes), denials.kind_at, strict=True)):
            first.setdefault(pair, at)
        pairs = zip(
            map(causes.__getitem__, first.values()), denials.at(first.values()), strict=True
        )
    found: dict[CauseId, _Explained] = {}
    for cause, denial in pairs:
        found.setdefault(cause.id, []).append((cause, denial))
    return found


def _places_of(cause: CauseId, group: Group) -> Sequence[int]:
    """Return the places of the denials with a cause."""
    if len(set(map(id, group.causes))) == 1:
        return range(len(group.causes))
    return [at for at, one in enumerate(group.causes) if one.id is cause]


def _surest(explained: _Explained) -> tuple[DenialCause, Denial]:
    """Return the denial with the best evidence, which speaks for the others, and its cause."""
    return min(explained, key=lambda one: _BEST_FIRST[one[0].evidence])


def _iam_is_given(group: Group) -> bool:
    """Return whether the IAM policies of the caller were judged with each key policy."""
    decisions = _decisions(group)
    return bool(decisions) and all("identity_policies" not in one.not_given for one in decisions)


def _decisions(group: Group) -> list[Decision]:
    """Return the decisions of the given policies, each once."""
    decisions = (one for judgement in group.judgements for one in judgement.decisions)
    return list({id(one): one for one in decisions}.values())


# --- texts


def _sentence(explained: _Explained, group: Group) -> str:
    cause, denial = _surest(explained)
    actions = dict.fromkeys(action for _, one in explained for action in one.iam_actions)
    unmet = cause.unmet[0] if cause.unmet else None
    variant = cause.variant
    if unmet is not None:
        variant = {"(absent)": "absent", "(unknown)": "unknown"}.get(unmet.actual, variant)
    return texts.sentence(
        cause.id,
        variant,
        caller=_caller(denial),
        actions=_listed(actions) or _unnamed(denial),
        key=denial.key.arn or denial.key.alias or denial.key.id or "not named in the input",
        service=denial.via_service or "an AWS service",
        policy_type=cause.policy_type or "policy",
        where=_where(cause),
        statement=cause.statements[0].label if cause.statements else "",
        test=f"{unmet.test.operator} {unmet.test.key}" if unmet else "",
        required=" or ".join(unmet.test.required) if unmet else "",
        actual=unmet.actual if unmet else "",
        missing=_missing(cause),
        depends_on=_listed(_open_on(group)),
    )


def _missing(cause: DenialCause) -> str:
    """Return the missing halves of a call across accounts, as part of a sentence."""
    grant = " for a grant" if cause.by_policy and Half.GRANT in cause.missing else ""
    return ", and ".join(
        texts.MISSING[f"{half}{grant}" if half is Half.KEY_POLICY else half]
        for half in cause.missing
    )


def _unnamed(denial: Denial) -> str:
    """Return what to call an action that is not in the table of KMS actions."""
    named = denial.event.name != NO_ACTION
    return f"kms:{denial.event.name}" if named else "an action that the message does not name"


def _caller(denial: Denial) -> str:
    """Return the name of the caller for a sentence."""
    principal = denial.principal
    arn = Arn.parse(principal.arn)
    if principal.kind is PrincipalKind.ROOT:
        return "the root user"
    if principal.kind is PrincipalKind.ACCOUNT and arn:
        return f"account {arn.account}"
    if arn is not None:
        return arn.name
    return principal.role_name or principal.user_name or "the caller"


def _listed(names: Sequence[str] | dict[str, None]) -> str:
    *head, last = list(names) or [""]
    return f"{', '.join(head)} and {last}" if head else last


def _where(cause: DenialCause) -> str:
    """Return where a Deny is, as part of a sentence."""
    place = _PLACES.get(cause.policy_type, f" in the {cause.policy_type}")
    if len(cause.statements) == 1:
        return f"{place}, statement {cause.statements[0].label},"
    return place


def _open_on(group: Group) -> dict[str, None]:
    """Return what the decisions of the given policies depend on."""
    return dict.fromkeys(name for one in _decisions(group) for name in one.depends_on)
