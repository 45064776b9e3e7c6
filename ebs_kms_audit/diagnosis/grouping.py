"""Denials → groups: one for each principal, key, account and Region."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.context.history import ContextCollector, History
from ebs_kms_audit.diagnosis.judgement import Judge, Judgement, with_verdicts
from ebs_kms_audit.model import Denial
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.reading.key_policies import GivenPolicy


class Group(NamedTuple):
    """The denials that make one finding, in order of time, and what happened around them.

    `id` is the id of the finding: the same for the same denials, also in a redacted report.
    """

    id: str
    denials: tuple[Denial, ...]
    history: History
    judgements: tuple[Judgement, ...]


def group_denials(
    denials: Sequence[Denial], context: ContextCollector, policies: Sequence[GivenPolicy] = ()
) -> list[Group]:
    """Group denials by principal, key, account and Region, and judge each group.

    Where the key is unknown, EBS traffic and other calls are groups of their own.
    """
    judge = Judge(policies, denials)
    groups: dict[tuple[str, ...], list[Denial]] = {}
    for denial in denials:
        groups.setdefault(shared_identity(denial), []).append(denial)
    return [_group(tuple(sorted(group, key=_by_time)), context, judge) for group in groups.values()]


def _group(denials: tuple[Denial, ...], context: ContextCollector, judge: Judge) -> Group:
    judgements = judge.judge(denials)
    identity = "\x00".join(shared_identity(denials[0]))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return Group(
        id=f"F-{digest[:10]}",
        denials=with_verdicts(denials, judgements),
        history=context.of(denials),
        judgements=judgements,
    )


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


def _by_time(denial: Denial) -> tuple[bool, float, str, int]:
    event = denial.event
    stamp = order_of(event.time).timestamp() if event.time else 0.0
    return (event.time is None, stamp, event.file, event.line)
