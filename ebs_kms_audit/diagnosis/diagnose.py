"""A group of denials → its cause: the cause of each denial, then one cause for the finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from ebs_kms_audit.aws.callers import is_address, source_kind
from ebs_kms_audit.diagnosis.case import Case, DenialCause, Judged
from ebs_kms_audit.diagnosis.cause import Cause, CauseId, NextEvidence, OtherCause
from ebs_kms_audit.diagnosis.next_evidence import next_evidence
from ebs_kms_audit.diagnosis.rules import cause_of_denial
from ebs_kms_audit.diagnosis.sentence import caller_name, listed, pattern_of, sentence
from ebs_kms_audit.diagnosis.support import contradictions, support
from ebs_kms_audit.model import Deferred, Denial, Denials, Evidence, PrincipalKind, StatementKind

if TYPE_CHECKING:
    from ebs_kms_audit.context.history import History
    from ebs_kms_audit.diagnosis.grouping import Group
    from ebs_kms_audit.diagnosis.judgement import Judgement
    from ebs_kms_audit.model import DenialMessage

_ORDER = {cause_id: rank for rank, cause_id in enumerate(CauseId)}
_BEST_FIRST = {evidence: rank for rank, evidence in enumerate(Evidence)}


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
        if not judgements:
            of_kinds = [self._weighed(denial, history, foreign) for denial in denials.kinds]
            return tuple(map(of_kinds.__getitem__, denials.kind_at))
        weighed: dict[object, DenialCause] = {}

        def weigh(at: int, denial: Denial) -> DenialCause:
            judged = tuple(Judged(one, one.for_cause(at), one.decisions[at]) for one in judgements)
            decisions = (decision for one in judged for decision in (one.decision, one.now))
            kind = (*_kind(denial), *map(id, decisions))
            if kind not in weighed:
                case = Case(denial=denial, judged=judged, history=history, foreign=foreign)
                weighed[kind] = cause_of_denial(case)
            return weighed[kind]

        if any(one.then for one in judgements):  # the policy in force depends on the time
            return tuple(map(weigh, range(len(denials)), denials))
        of_kinds = list(map(weigh, denials.first_at, denials.kinds))
        return tuple(map(of_kinds.__getitem__, denials.kind_at))

    def _weighed(self, denial: Denial, history: History, foreign: bool) -> DenialCause:
        """Return the cause of a kind of denials, where no policy is judged."""
        kind = (*_kind_without_policy(denial), foreign, bool(history.key_errors))
        found = self._without_policy.get(kind)
        if found is None:
            case = Case(denial=denial, judged=(), history=history, foreign=foreign)
            found = self._without_policy[kind] = cause_of_denial(case)
        return found


def _kind(denial: Denial) -> tuple[object, ...]:
    """Return what denials have in common that have the same cause by the judged policies."""
    event, principal = denial.event, denial.principal
    return (
        denial.iam_actions,
        event.name,
        event.error_code,
        source_kind(event.source_ip),
        event.account,
        denial.message and _said(denial, denial.message),
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
    source only the service counts, and of grants whether it is an address. Of the history
    only key errors count.
    """
    event, principal, key = denial.event, denial.principal, denial.key
    service_linked = principal.kind is PrincipalKind.SERVICE_LINKED_ROLE
    of_grants = denial.statement_kind is StatementKind.GRANTS
    return (
        event.name,
        event.error_code,
        denial.via_service or (of_grants and is_address(event.source_ip or "")),
        denial.message and _said(denial, denial.message),
        service_linked and principal.arn,
        id(principal.kind),
        id(principal.evidence),
        id(denial.statement_kind),
        denial.cross_account,
        key.aws_managed,
        id(key.evidence),
    )


def _said(denial: Denial, message: DenialMessage) -> tuple[object, ...]:
    """Return what the access-denied message says of the policy."""
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
    first, *others = sorted(by_id, key=_ORDER.__getitem__) if len(by_id) > 1 else by_id
    explained = by_id[first]
    surest = _surest(explained)
    cause = surest.cause
    places = _places_of(first, group) if others else range(len(group.denials))
    return Cause(
        id=cause.id,
        **_worded(explained, group),
        evidence=cause.evidence,
        policy_type=cause.policy_type,
        supported_by=Deferred(support, cause, places, group),
        contradicted_by=tuple(contradictions(cause, group)),
        next_evidence=Deferred(_next_evidence, cause, group, surest.place),
        others=tuple(
            OtherCause(
                id=other,
                **_worded(by_id[other], group),
                denials=tuple(group.denials.at(_places_of(other, group)).references),
            )
            for other in others
        ),
        statements=cause.statements,
        unmet=cause.unmet,
        missing=cause.missing,
        near_misses=group.near_misses,
    )


class _Explained(NamedTuple):
    """A cause and a kind of denials that it explains.

    cause   the cause
    denial  a denial of the kind
    place   the place of the first denial of the kind with this cause
    """

    cause: DenialCause
    denial: Denial
    place: int


def _explained(group: Group) -> dict[CauseId, list[_Explained]]:
    """Return the causes by their ids, each with the kinds of denials that it explains."""
    denials, causes = group.denials, group.causes
    first: Iterable[int] = denials.first_at
    kinds: Iterable[int] = range(len(denials.kinds))
    if any(judgement.then for judgement in group.judgements):  # the cause depends on the time
        at_first: dict[tuple[int, int], int] = {}
        for at, pair in enumerate(zip(map(id, causes), denials.kind_at, strict=True)):
            at_first.setdefault(pair, at)
        first, kinds = at_first.values(), [kind for _, kind in at_first]
    found: dict[CauseId, list[_Explained]] = {}
    for at, kind in zip(first, kinds, strict=True):
        one = _Explained(causes[at], denials.kinds[kind], at)
        found.setdefault(one.cause.id, []).append(one)
    return found


def _places_of(cause: CauseId, group: Group) -> list[int]:
    """Return the places of the denials with a cause."""
    return [at for at, one in enumerate(group.causes) if one.id is cause]


class _Wording(TypedDict):
    text: str
    actions: tuple[str, ...]
    pattern: str


def _worded(explained: Sequence[_Explained], group: Group) -> _Wording:
    """Return the sentence of a cause, its actions, each once, and its pattern."""
    cause, denial, _ = _surest(explained)
    actions = _each_once(tuple([one.denial.iam_actions for one in explained]))
    pattern = pattern_of(cause, denial, actions, group.decisions)
    text = sentence(pattern, caller_name(denial.principal), listed(actions))
    return {"text": text, "actions": actions, "pattern": pattern}


@lru_cache(maxsize=1_000)
def _each_once(of_kinds: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(of_kinds)))


def _surest(explained: Sequence[_Explained]) -> _Explained:
    """Return the denials with the best evidence, which speak for the others, and their cause."""
    if len(explained) == 1:
        return explained[0]
    return min(explained, key=lambda one: _BEST_FIRST[one.cause.evidence])


def _next_evidence(cause: DenialCause, group: Group, place: int) -> tuple[NextEvidence, ...]:
    return next_evidence(cause, group.denials[place], iam_given=_iam_is_given(group))


def _iam_is_given(group: Group) -> bool:
    """Return whether the IAM policies of the caller were judged with each key policy."""
    decisions = group.decisions
    return bool(decisions) and all("identity_policies" not in one.not_given for one in decisions)
