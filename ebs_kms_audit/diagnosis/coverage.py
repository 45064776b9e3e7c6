"""What the rows add up to: the figures of Coverage, other errors, duplicates, and file notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.kms_actions import KMS_KEY, kms_action
from ebs_kms_audit.aws.relevance import NOT_RELEVANT, ONLY_NAMES_A_USER, relevance
from ebs_kms_audit.diagnosis.other_errors import ErrorCollector
from ebs_kms_audit.identify import (
    DeniedEvents,
    Disagreement,
    EvidenceIndex,
    KeysSeen,
    is_denied,
    is_kms,
    may_be_of_another_service,
)
from ebs_kms_audit.model import AlikeEvents, Coverage, Denial, Denials, Event
from ebs_kms_audit.reading import InputStats
from ebs_kms_audit.reading.exports import header
from ebs_kms_audit.reading.gunzip import WRONG_CHECKSUM
from ebs_kms_audit.reading.stats import UNKNOWN_ENVELOPE
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.model import OtherError, SetAside, Symptom, Window
    from ebs_kms_audit.reading.exports.large.errors import CountedErrors

_LISTED_LINES = 5
# The columns that show who called, when, where and for which account.
_IDENTIFYING = (
    header.USER_NAME,
    header.ACCESS_KEY,
    header.EVENT_TIME,
    header.EVENT_SOURCE,
    header.REGION,
    header.SOURCE_IP,
    header.ACCOUNT,
)


class FileNote(NamedTuple):
    """A caveat about one input.

    kind    the id of the caveat
    file    the name of the input
    values  the values of the caveat's sentence
    """

    kind: str
    file: str
    values: dict[str, object]


class Facts(NamedTuple):
    """All that reading and identifying brought, before findings and caveats are made of it."""

    denials: Denials
    shared_name_denials: tuple[Denial, ...]
    coverage: Coverage
    set_aside: tuple[SetAside, ...]
    other_errors: tuple[OtherError, ...]
    file_notes: tuple[FileNote, ...]
    source_inferred: bool
    repaired_accounts: int
    unknown_accounts: int
    disagreements: tuple[Disagreement, ...]
    surroundings_incomplete: bool
    has_exports: bool
    has_events: bool
    symptoms: tuple[Symptom, ...] = ()


class CoverageCounter:
    """Counts the rows that matter while they pass by. Rows outside the window are not judged."""

    def __init__(self, window: Window | None) -> None:
        self._window = window
        self._kms_rows = self._read_only_rows = self._ec2_rows = 0
        self._read_only_in_window = 0
        self._regions: set[str] = set()
        self._accounts: set[tuple[str, str | None, str | None]] = set()
        self._errors = ErrorCollector()
        self._source_inferred = False
        self.keys_seen = KeysSeen()

    def add(self, event: Event, count: int = 1) -> None:
        """Count an event, or as many of its kind; one that an audit does not need is not counted.

        Events with an error code are added one by one, or as columns: the same event counts once.
        """
        inside = self._holds(event.time)
        self._count(event, count, count * inside)
        if is_kms(event) and inside and _is_other_error(event):
            self._errors.add(event)

    def add_alike(self, events: AlikeEvents) -> None:
        """Count KMS events that failed."""
        inside: Sequence[int] = range(len(events))
        if self._window is not None:
            inside = [at for at in inside if self._holds(events.time(at))]
        self._count(events.first, len(events), len(inside))
        if inside and _is_other_error(events.first):
            every = len(inside) == len(events)
            self._errors.add_alike(events if every else events.at(inside))

    def add_errors(self, errors: CountedErrors) -> None:
        """Count KMS events that failed for another reason than a denial, in the window."""
        count = len(errors.event_ids)
        self._count(errors.event, count, count)
        self._errors.add_counted(errors)

    def _count(self, event: Event, count: int, inside: int) -> None:
        """Count events of one kind, of which some are in the window."""
        found = relevance(event.source, event.name)
        if found is NOT_RELEVANT or found == ONLY_NAMES_A_USER:
            return
        if event.region:
            self._regions.add(event.region)
        if event.account or event.account_cell:
            self._accounts.add((event.file, event.account, event.account_cell))
        if is_kms(event):
            self._count_kms(event, count, inside)
        elif found.ec2_call:
            self._ec2_rows += count
            keys = [one.name for one in event.resources or () if one.type == KMS_KEY]
            self.keys_seen.add_names([name for name in keys if name])

    def merge(self, other: CoverageCounter) -> None:
        """Add what another counter counted of other rows. Errors are not among them."""
        self.keys_seen.merge(other.keys_seen)
        self._kms_rows += other._kms_rows
        self._read_only_rows += other._read_only_rows
        self._read_only_in_window += other._read_only_in_window
        self._ec2_rows += other._ec2_rows
        self._regions |= other._regions
        self._accounts |= other._accounts
        self._source_inferred = self._source_inferred or other._source_inferred

    def _count_kms(self, event: Event, count: int, inside: int) -> None:
        self.keys_seen.add(event)
        self._source_inferred = self._source_inferred or event.source_inferred
        self._kms_rows += count
        read_only = event.read_only
        if kms_action(event.name).read_only if read_only is None else read_only:
            self._read_only_rows += count
            self._read_only_in_window += inside

    def _holds(self, time: datetime | None) -> bool:
        return self._window is None or self._window.holds(time)

    def result(
        self,
        files: Sequence[InputStats],
        denied: DeniedEvents,
        resolved: Denials,
        evidence_index: EvidenceIndex,
        *,
        surroundings_incomplete: bool,
    ) -> Facts:
        """Return the whole, once every row has passed by."""
        shared: tuple[Denial, ...] = ()
        denials = resolved
        if any(may_be_of_another_service(one.event) for one in resolved.samples):
            shared = tuple(d for d in resolved if may_be_of_another_service(d.event))
            denials = Denials.of(d for d in resolved if not may_be_of_another_service(d.event))
        accounts = {account for _, account, cell in self._accounts if account and not cell}
        repaired, unknown = self._repaired(resolved, evidence_index)
        return Facts(
            denials=denials,
            shared_name_denials=shared,
            coverage=self._coverage(files, denied, len(denials), accounts | repaired),
            set_aside=tuple(row for file in files for row in file.set_aside),
            other_errors=self._errors.result(),
            file_notes=tuple(note for file in files for note in _notes_on(file)),
            source_inferred=self._source_inferred,
            repaired_accounts=len(repaired),
            unknown_accounts=unknown,
            disagreements=tuple(denied.disagreements),
            surroundings_incomplete=surroundings_incomplete,
            has_exports=any(file.form == "export" for file in files),
            has_events=any(file.form != "other" for file in files),
        )

    def _repaired(self, resolved: Denials, evidence_index: EvidenceIndex) -> tuple[set[str], int]:
        """Return the accounts of damaged ids, and how many damaged ids are of no known account.

        Some denials have an access key of their account; the file shows that of other rows.
        """
        of_denials: dict[tuple[str, str], set[str]] = {}
        for event in (denial.event for denial in resolved.samples):
            if event.account_cell and event.account:
                at = event.file, event.account_cell
                of_denials.setdefault(at, set()).add(event.account)
        repaired: set[str] = set()
        unknown: set[str] = set()
        for file, account, cell in self._accounts:
            if not cell:
                continue
            shown = account or evidence_index.accounts.elected(file, cell)
            found = of_denials.get((file, cell), set()) | ({shown} if shown else set())
            repaired |= found
            if not found:
                unknown.add(cell)
        return repaired, len(unknown)

    def _coverage(
        self,
        files: Sequence[InputStats],
        denied: DeniedEvents,
        denials: int,
        accounts: Iterable[str],
    ) -> Coverage:
        times = [time for file in files for time in (file.first, file.last) if time]
        rows = sum(file.rows for file in files)
        set_aside = sum(file.set_aside_count for file in files)
        return Coverage(
            files=tuple(file.coverage for file in files if not file.skipped),
            rows_read=rows,
            events=rows - set_aside,
            rows_set_aside=set_aside,
            kms_rows=self._kms_rows,
            read_only_rows=self._read_only_rows,
            ec2_rows=self._ec2_rows,
            denials=denials,
            duplicate_denials=denied.duplicates,
            denials_outside_window=denied.outside,
            first_event=min(times, key=order_of, default=None),
            last_event=max(times, key=order_of, default=None),
            regions=tuple(sorted(self._regions)),
            accounts=tuple(sorted(accounts)),
            window=self._window,
            shows_denials=self._read_only_in_window > 0,
        )


def _is_other_error(event: Event) -> bool:
    """Return whether a KMS event is an error that is not a denial."""
    return (
        event.error_code is not None
        and not is_denied(event)
        and not may_be_of_another_service(event)
    )


def _notes_on(file: InputStats) -> Iterator[FileNote]:
    """Yield the notes on one input."""
    values: dict[str, object]
    if file.error:
        yield FileNote("input_not_read", file.name, {"problem": file.error})
        return
    if file.skipped:
        yield FileNote("files_skipped", file.name, {"problem": file.skipped})
        return
    if file.size_changed:
        yield FileNote("input_changed", file.name, {"file": file.name})
    if found := file.envelopes[UNKNOWN_ENVELOPE]:
        values = {"file": file.name, "count": found}
        yield FileNote("unknown_envelope", file.name, values)
    if file.unknown_columns:
        values = {"file": file.name, "columns": ", ".join(file.unknown_columns)}
        yield FileNote("columns_unknown", file.name, values)
    if file.cut_short:
        values = {"file": file.name, "problem": file.cut_short, "rows": file.rows}
        altered = file.cut_short == WRONG_CHECKSUM
        yield FileNote("input_altered" if altered else "input_cut_short", file.name, values)
    for column, lines in file.unreadable.items():
        values = {"file": file.name, "column": column, "where": _where(lines)}
        yield FileNote("cells_unreadable", file.name, values)
    if file.times_without_zone:
        yield FileNote("times_without_zone", file.name, {"file": file.name})
    if file.guessed_dates:
        yield FileNote("date_order_guessed", file.name, {"file": file.name})
    missing = [name for name in file.layout.missing if name in _IDENTIFYING] if file.layout else []
    if missing := [*missing, *file.missing]:
        values = {"file": file.name, "columns": ", ".join(missing)}
        yield FileNote("columns_missing", file.name, values)


def _where(lines: Sequence[int]) -> str:
    """Return the first lines of a list; a cluster does not know the line numbers."""
    listed = [str(line) for line in lines[:_LISTED_LINES] if line]
    if not listed:
        return f"in {len(lines):,} {'row' if len(lines) == 1 else 'rows'}"
    more = len(lines) - _LISTED_LINES
    return f"at line {', '.join(listed)}" + (f" and {more:,} more" if more > 0 else "")
