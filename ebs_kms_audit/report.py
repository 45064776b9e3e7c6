"""Finding and Report: the answer of an audit, with its doors to dict, JSON, tables and notebooks.

Nothing here imports a renderer, pandas or pyarrow until one of those doors is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ebs_kms_audit.context.history import ContextCollector, History
from ebs_kms_audit.diagnosis.caveats import Caveat
from ebs_kms_audit.diagnosis.judgement import Judge, Judgement, with_verdicts, worst
from ebs_kms_audit.model import (
    Coverage,
    Denial,
    KeyRef,
    OtherError,
    Principal,
    SetAside,
    Verdict,
)
from ebs_kms_audit.plan import Fix, is_noise, propose
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from ebs_kms_audit.reading.key_policies import GivenPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The denials of one principal on one key, in one account and Region, with the fix.

    Where the key is unknown, EBS traffic and other calls are findings of their own. `id` is the
    same from run to run for the same principal, key, account and Region. `account` is the
    Recipient Account Id, which is the caller's; the key may belong to another account.

    `judgements` say why each key policy given did not allow the calls.
    """

    id: str
    account: str | None
    region: str | None
    principal: Principal
    key: KeyRef
    ebs_traffic: bool
    denials: tuple[Denial, ...]
    history: History
    judgements: tuple[Judgement, ...]
    verdict: Verdict
    fix: Fix

    @property
    def count(self) -> int:
        """How many denials there are."""
        return len(self.denials)

    @property
    def noise(self) -> bool:
        """Whether these are harmless probes of an AWS service that looks over every key."""
        return is_noise(self.denials)

    @property
    def first_seen(self) -> datetime | None:
        """The time of the earliest denial; naive where the export has no zone."""
        return min(self._times, key=order_of, default=None)

    @property
    def last_seen(self) -> datetime | None:
        """The time of the latest denial; naive where the export has no zone."""
        return max(self._times, key=order_of, default=None)

    @property
    def _times(self) -> list[datetime]:
        return [denial.event.time for denial in self.denials if denial.event.time]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What an audit found. In a notebook it shows itself; `print(report)` gives the text.

    `shared_name_denials` are denied rows of an export without Event source whose event name
    other services have as well: they may or may not be KMS denials, and are in no finding.
    """

    findings: tuple[Finding, ...]
    coverage: Coverage
    caveats: tuple[Caveat, ...]
    set_aside: tuple[SetAside, ...]
    other_errors: tuple[OtherError, ...]
    shared_name_denials: tuple[Denial, ...]

    @property
    def failed_inputs(self) -> tuple[str, ...]:
        """One sentence for each input that could not be read at all."""
        return tuple(file.error for file in self.coverage.files if file.error)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values; the keys are listed in the README.

        What is not known is None. Times are ISO 8601 text, with `Z` only where the zone is known.
        """
        from ebs_kms_audit.render.json import as_dict

        return as_dict(self)

    def to_json(self) -> str:
        """Return `to_dict()` as JSON text, in ASCII."""
        from ebs_kms_audit.render.json import render

        return render(self)

    def to_arrow(self) -> pa.Table:
        """Return one row a denial as a pyarrow Table; columns as in `render.table.COLUMNS`."""
        from ebs_kms_audit.render.table import as_arrow

        return as_arrow(self)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a denial as a pandas DataFrame; columns as in `render.table.COLUMNS`."""
        from ebs_kms_audit.render.table import as_pandas

        return as_pandas(self)

    def __str__(self) -> str:
        from ebs_kms_audit.render.text import render

        return render(self)

    def _repr_html_(self) -> str:
        from ebs_kms_audit.render.html import render

        return render(self)


class Group(NamedTuple):
    """The denials that make one finding, in order of time, and what happened around them."""

    denials: tuple[Denial, ...]
    history: History
    judgements: tuple[Judgement, ...]


def group_denials(
    denials: Sequence[Denial], surroundings: ContextCollector, policies: Sequence[GivenPolicy] = ()
) -> list[Group]:
    """Group denials by principal, key, account and Region, and judge each group."""
    judge = Judge(policies, denials)
    groups: dict[tuple[str, ...], list[Denial]] = {}
    for denial in denials:
        groups.setdefault(_identity(denial), []).append(denial)
    return [
        _group(tuple(sorted(group, key=_by_time)), surroundings, judge) for group in groups.values()
    ]


def _group(denials: tuple[Denial, ...], surroundings: ContextCollector, judge: Judge) -> Group:
    judgements = judge.judge(denials)
    return Group(
        denials=with_verdicts(denials, judgements),
        history=surroundings.of(denials),
        judgements=judgements,
    )


def findings_of(groups: Sequence[Group], *, least_privilege: bool = False) -> tuple[Finding, ...]:
    """Return a finding for each group, with statements of the least privilege where asked.

    Findings with something to paste come first, then those with most denials, then by id.
    """
    return tuple(sorted((_finding(group, least_privilege) for group in groups), key=_rank))


def _rank(finding: Finding) -> tuple[bool, bool, int, str]:
    return (finding.noise, not finding.fix.offered, -finding.count, finding.id)


def _identity(denial: Denial) -> tuple[str, ...]:
    """Tell what a denial shares with the others of its finding."""
    principal, key, event = denial.principal, denial.key, denial.event
    traffic = "" if key.known else "ebs" if denial.ebs_traffic else "other"
    return (
        principal.arn or f"{principal.kind} {principal.user_name or ''}",
        key.id or key.alias or "",
        event.account or "",
        event.region or "",
        traffic,
    )


def _finding(group: Group, least_privilege: bool) -> Finding:
    denials = group.denials
    first = denials[0]
    identity = "\x00".join(_identity(first))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return Finding(
        id=f"F-{digest[:10]}",
        account=first.event.account,
        region=first.event.region,
        principal=first.principal,
        key=max((d.key for d in denials), key=lambda key: (key.arn is not None, key.known)),
        ebs_traffic=any(denial.ebs_traffic for denial in denials),
        denials=denials,
        history=group.history,
        judgements=group.judgements,
        verdict=worst(denial.verdict for denial in denials),
        fix=propose(denials, group.judgements, least_privilege=least_privilege),
    )


def _by_time(denial: Denial) -> tuple[bool, float, str, int]:
    event = denial.event
    stamp = order_of(event.time).timestamp() if event.time else 0.0
    return (event.time is None, stamp, event.file, event.line)
