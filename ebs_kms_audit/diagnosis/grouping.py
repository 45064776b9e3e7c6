"""Denials → groups: one for each principal, key, account and Region."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from ebs_kms_audit.context.history import ContextCollector, History
from ebs_kms_audit.diagnosis.case import DenialCause
from ebs_kms_audit.diagnosis.diagnose import Diagnosis
from ebs_kms_audit.diagnosis.layers import Layers
from ebs_kms_audit.model import AlikeDenials, Denial, Denials, Event, Verdict

if TYPE_CHECKING:
    from ebs_kms_audit.context.grants import GrantLog
    from ebs_kms_audit.context.policy_history import PolicyHistory
    from ebs_kms_audit.diagnosis.judge import Judge
    from ebs_kms_audit.diagnosis.judgement import Judgement
    from ebs_kms_audit.diagnosis.near_misses import NearMiss
    from ebs_kms_audit.policy import Decision
    from ebs_kms_audit.reading.key_policies import GivenPolicy


class Group(NamedTuple):
    """The denials that make one finding, and all that was found out about them.

    id           the id of the finding, made from its earliest row
    denials      in order of time
    history      what happened around them
    judgements   what each key policy that is or may be the key's decides on them
    causes       the cause of each denial, in their order; the same object for one kind
    near_misses  parts of the key policy that nearly name the caller or the action
    """

    id: str
    denials: Denials
    history: History
    judgements: tuple[Judgement, ...]
    causes: tuple[DenialCause, ...]
    near_misses: tuple[NearMiss, ...] = ()

    @property
    def decisions(self) -> list[Decision]:
        """The decisions of the given policies, each once."""
        decisions = (one for judgement in self.judgements for one in judgement.decisions)
        return list({id(one): one for one in decisions}.values())


def group_denials(
    denials: Sequence[Denial],
    context: ContextCollector,
    policies: Sequence[GivenPolicy] = (),
    layers: Layers | None = None,
    log: PolicyHistory | None = None,
    grants: GrantLog | None = None,
) -> list[Group]:
    """Group denials by principal, key, account and Region, and judge each group.

    `policies` are the key policies that were given, `log` those that the events hold. Where the
    key is unknown, EBS traffic and other calls are groups of their own.
    """
    denials = Denials.of(denials)
    judge, diagnosis = None, Diagnosis()
    if policies or (log and log.has_documents):
        from ebs_kms_audit.diagnosis.judge import Judge  # most inputs have no policy

        denials = denials.by_session()  # a policy can tell sessions apart
        judge = Judge(policies, denials.samples, layers, log)
    by_identity: dict[tuple[str, ...], list[AlikeDenials]] = {}
    for alike in denials.alike:
        by_identity.setdefault(shared_identity(alike.sample), []).append(alike)
    found = [Denials.in_order(group) for group in by_identity.values()]
    taken: set[str] = set()
    return [
        _group(group, history, judge, diagnosis, grants, taken)
        for group, history in zip(found, context.histories(found), strict=True)
    ]


def _group(
    denials: Denials,
    history: History,
    judge: Judge | None,
    diagnosis: Diagnosis,
    grants: GrantLog | None,
    taken: set[str],
) -> Group:
    judgements = judge.judge(denials) if judge else ()
    foreign = judge is not None and not judgements and judge.are_all_foreign(denials)
    if grants is not None:
        found = grants.of(denials)
        is_listed = grants.is_listed(denials)
        if found or is_listed:
            history = replace(history, grants=found, grants_listed=is_listed)
    return Group(
        id=_finding_id(denials, taken),
        denials=with_verdicts(denials, judgements),
        history=history,
        judgements=judgements,
        causes=diagnosis.causes_of(denials, judgements, history, foreign=foreign),
        near_misses=_near_misses(denials, judgements),
    )


def with_verdicts(denials: Denials, judgements: Sequence[Judgement]) -> Denials:
    """Return the denials with their verdicts: undecided if several policies may be the key's."""
    if not judgements:
        return denials
    if len(judgements) > 1:
        return denials.with_verdicts([Verdict.UNDECIDED] * len(denials.kinds))
    decisions = judgements[0].at_time_of_each()
    if decisions is judgements[0].decisions:
        return denials.with_verdicts([decisions[at].verdict for at in denials.first_at])
    return Denials.of(
        denial.with_verdict(decision.verdict)
        for denial, decision in zip(denials, decisions, strict=True)
    )


def _near_misses(
    denials: Sequence[Denial], judgements: Sequence[Judgement]
) -> tuple[NearMiss, ...]:
    """Return the near misses of the one key policy that is or may be the key's."""
    if len(judgements) != 1:
        return ()
    from ebs_kms_audit.diagnosis.near_misses import near_misses

    (judgement,) = judgements
    once = {id(one): at for at, one in enumerate(judgement.decisions)}  # of the latest policy
    return near_misses(
        judgement.policy.policy,
        [denials[at] for at in once.values()],
        [judgement.decisions[at] for at in once.values()],
    )


def _finding_id(denials: Denials, taken: set[str]) -> str:
    """Return the id of a finding: the CRC-32 of the Event ID of its earliest row.

    For a row without one it is that of the file's name, the time and the event name, because
    the line changes when an export has newer rows, and Spark does not know it. The id stays the
    same when rows or evidence are added and when findings merge.
    """
    alike, at = next(denials.each())
    named = alike.events.columns.event_ids[at] or _name_of(alike.events.event(at))
    for attempt in range(len(taken) + 1):
        text = named if not attempt else f"{named}\x00{attempt}"
        finding_id = f"F-{crc32(text.encode('utf-8', 'surrogatepass')):08x}"
        if finding_id not in taken:
            break
    taken.add(finding_id)
    return finding_id


def _name_of(event: Event) -> str:
    """Return a name for an event without an Event ID."""
    time = event.time.isoformat() if event.time else ""
    file = os.path.basename(event.file)  # noqa: PTH119
    return f"{file}\x00{time}\x00{event.name}"


def shared_identity(denial: Denial) -> tuple[str, ...]:
    """Return what a denial shares with the others of its finding."""
    principal, key, event = denial.principal, denial.key, denial.event
    traffic = "" if key.known else "ebs" if denial.ebs_traffic else "other"
    return (
        principal.arn or f"{principal.kind} {principal.user_name or ''}",
        key.id or key.alias or "",
        event.account or "",
        event.region or "",
        traffic,
    )
