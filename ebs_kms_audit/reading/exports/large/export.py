"""A large export → its Events, by the vectorised reader, in several processes where asked.

`read` yields the events that are needed one by one, counts the other rows, and keeps the places of
those that may bear on a denial. When all denials are known, the other methods of `LargeExport`
return the rows that do bear on them.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from heapq import merge

import numpy as np

from ebs_kms_audit.aws.ebs_errors import symptom_of
from ebs_kms_audit.model import AlikeEvents, Event
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.large.calls import CallRows, names_more
from ebs_kms_audit.reading.exports.large.changes import ChangeRows
from ebs_kms_audit.reading.exports.large.choice import RowChoice, are_odd, in_order
from ebs_kms_audit.reading.exports.large.counted import CountedRows
from ebs_kms_audit.reading.exports.large.distinct import are_among, distinct
from ebs_kms_audit.reading.exports.large.errors import CountedErrors
from ebs_kms_audit.reading.exports.large.kept import KeptRows, KeptTexts
from ebs_kms_audit.reading.exports.large.listed import NO_ID, RowTexts
from ebs_kms_audit.reading.exports.large.places import KINDS, PLACE, some_of
from ebs_kms_audit.reading.exports.large.range_reader import RangeResult
from ebs_kms_audit.reading.exports.large.row_events import RowEvents
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.exports.large.successes import SuccessRows
from ebs_kms_audit.reading.hashing import hash_texts
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.reading.shown_accounts import ShownAccounts
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.unchanged import UnchangedFile
from ebs_kms_audit.reading.workers import Workers

_Results = Callable[[Settings, Workers], Generator[RangeResult]]
_TOGETHER = 2_000  # EC2 calls: so many are in memory at once, as cells
_FAILED_TOGETHER = 50_000  # after so many failed rows, those of a kind are yielded together


class LargeExport:
    """One large export. `read` it, then ask for the rows that bear on denials.

    `results` yields what each range of it holds, and `again` does so a second time; it is None
    where that is not possible. The first row is at the line `line`. With `related`, only rows that
    can bear on these denials are kept. Texts of rows are read from the `file`; without it, they are
    in the results.

    calls  the EC2 calls near denials that `around` left out
    """

    def __init__(
        self, stats: InputStats, settings: Settings,
        results: _Results, *, line: int, related: RelatedEvents | None, again: _Results | None,
        file: UnchangedFile | None = None,
    ) -> None:  # fmt: skip
        self._results = results
        self._again = again
        self._texts: Callable[[Array], Iterator[str]]
        self._kept_texts = None
        if file:
            self._texts = partial(_texts_in, file)
        else:
            self._kept_texts = KeptTexts(stats.name)
            self._texts = self._kept_texts.at
        self._stats = stats
        stats.layout = settings.layout
        self._settings = settings
        self._line = line
        self._keep_only = self._choice = RowChoice(related) if related else None
        self._events = RowEvents(settings, stats)
        self._counted = CountedRows(self._events.of_text)
        self._kept = {name: KeptRows(kind) for name, kind in KINDS.items()}
        self._yielded = np.empty(0, PLACE["offset"])  # the rows that `around` yielded
        completeness = settings.layout.completeness
        self._listed = RowTexts(self.name, self._texts, self._events, completeness)
        self._shown = ShownAccounts() if settings.count_accounts else None
        self._damaged = False
        nothing = np.empty(0, PLACE)
        self.calls = CallRows(nothing, nothing["id"], (), self._counted.event, self._listed)

    @property
    def name(self) -> str:
        """The name of the input."""
        return self._stats.name

    @property
    def overflowed(self) -> bool:
        """Whether there were too many rows to keep all that may bear on a denial."""
        return any(rows.overflowed for rows in self._kept.values())

    @property
    def counted(self) -> list[tuple[Event, int]]:
        """Events that `read` did not yield: one of each group, and how many there are."""
        return self._counted.events()

    @property
    def errors(self) -> list[CountedErrors]:
        """Failed KMS calls that `read` did not yield and that are not in `counted`."""
        return self._counted.errors()

    def read(self, workers: Workers) -> Iterator[Event | AlikeEvents]:
        """Yield the events that are needed one by one, and failed KMS calls of a kind together.

        Failed EC2 calls come at the end, in order of their lines. Those that are only counted, and
        that `around` yields if they bear on a denial, are `AlikeEvents` too, each by itself.

        `workers` may read a part of the file.
        """
        failed_calls: list[Event | AlikeEvents] = []
        with closing(self._results(self._settings, workers)) as results:
            for result in results:
                for event in self._take(result):
                    if symptom_of(event.source, event.name, event.error_code):
                        failed_calls.append(event)
                    else:
                        yield event
                if self._events.failed_count >= _FAILED_TOGETHER:
                    yield from self._events.failed()
        yield from self._events.failed()
        yield from merge(failed_calls, self._failed_calls(), key=_line)
        self._events.forget_kinds()

    def _failed_calls(self) -> Iterator[AlikeEvents]:
        """Yield the failed EC2 calls that are symptoms, but those that `read` has parsed."""
        if self._keep_only is None:
            rows = self._rows(self._kept["failures"].places())
            for line, cells in rows:
                yield AlikeEvents.of(self._events.unnoted_event(line, cells))

    def _take(self, result: RangeResult) -> Iterator[Event]:
        """Add what a range holds to what the file holds, and yield its events."""
        stats = self._stats
        stats.rows += result.rows
        stats.guessed_dates |= result.guessed_dates
        stats.times_without_zone |= result.times_without_zone
        for end in (result.first, result.last):
            if end:
                stats.add_time(datetime.fromisoformat(end))
        for line, reason in result.set_aside:
            stats.put_aside(self._line + line, reason)
        stats.set_aside_count += result.set_aside_count - len(result.set_aside)
        if self._settings.named_keys is not None:
            self._settings.named_keys.found.update(result.named_keys)
        self._counted.add(result.groups)
        self._counted.add_errors(result.errors, self._line)
        self._keep(result)
        self._damaged |= result.damaged
        if self._shown:
            self._shown.add_counts(*result.accounts)
        stats.cut_short = result.cut_short
        line = self._line
        self._line += result.lines
        return self._events.needed(line, result.kinds, result.texts, result.needed)

    def _keep(self, result: RangeResult) -> None:
        """Keep the rows of a range that may bear on a denial."""
        found, texts = [], {}
        for kind, (content, some) in zip(self._kept, result.kept, strict=True):
            places = np.frombuffer(content, PLACE).copy()
            places["line"] += np.uint32(self._line)
            if self._keep_only is not None:
                may_bear = self._keep_only.may_bear(kind, places)
                if kind == "successes":  # of those of others, the last one of each group
                    places["id"] = np.where(may_bear, places["id"], places["group"])
                else:
                    places = places[may_bear]
            found.append(places)
            texts.update(some)
        if self._kept_texts is not None:
            self._kept_texts.add(found, texts)
        for kept, places in zip(self._kept.values(), found, strict=True):
            kept.add(places)

    def shown_accounts(self) -> ShownAccounts | None:
        """Return how often all rows show each account id; None if no id lost digits.

        If the first rows have whole ids, the rows are read again. None if that is not possible.
        """
        if self._shown is None and self._damaged and self._again is not None:
            self._shown = ShownAccounts()
            settings = self._settings._replace(count_accounts=True)
            with closing(self._again(settings, Workers())) as results:
                for result in results:
                    self._shown.add_counts(*result.accounts)
        return self._shown

    def around(self, related: RelatedEvents) -> Iterator[Event]:
        """Yield the events that bear on denials and must be parsed, in order of their lines.

        EC2 calls in rows that say nothing else of a denial are in `calls` then.
        """
        choice = self._choice_of(related)
        places = in_order(
            self._kept["successes"].chosen(are_odd),
            self._kept["sessions"].chosen(choice.are_sessions),
            self._kept["holders"].chosen(partial(choice.may_bear, "holders")),
        )
        self._yielded = places["offset"]
        calls = self._kept["calls"].chosen(choice.are_near)
        event_ids, say_more = self._read_calls(calls, related.resources)
        parsed = say_more | choice.must_be_parsed(calls) | are_among(calls["offset"], self._yielded)
        # Of rows with one Event ID, the last one counts, if all or none of them are parsed.
        parsed |= are_among(event_ids, event_ids[parsed]) & (event_ids != NO_ID)
        self.calls = CallRows(
            calls[~parsed], event_ids[~parsed], related.names, self._counted.event, self._listed
        )
        rows = self._rows(in_order(places, calls[parsed]))
        return (self._events.unnoted_event(line, cells) for line, cells in rows)

    def _read_calls(self, calls: Array, of_symptoms: Collection[str]) -> tuple[Array, Array]:
        """Return the hashes of the Event IDs of EC2 calls, and which of them say more of a denial.

        These are calls that can name a KMS key, or that name a resource of a symptom.
        """
        event_ids = np.zeros(len(calls), dtype=np.uint64)
        say_more = np.zeros(len(calls), dtype=bool)
        resources_at, id_at = (
            self._settings.layout.positions.get(name, -1)
            for name in (columns.RESOURCES, columns.EVENT_ID)
        )
        for begin in range(0, len(calls), _TOGETHER):
            some = slice(begin, begin + _TOGETHER)
            rows = [[*cells, ""] for _, cells in self._rows(calls[some])]  # "": a missing column
            event_ids[some] = hash_texts([cells[id_at].strip() for cells in rows])
            say_more[some] = [names_more(cells[resources_at], of_symptoms) for cells in rows]
        return event_ids, say_more

    def _choice_of(self, related: RelatedEvents) -> RowChoice:
        """Return what chooses the rows that bear on denials. It is kept for the next call."""
        if self._choice is None or self._choice.related is not related:
            self._choice = RowChoice(related)
        return self._choice

    def changes(self) -> ChangeRows:
        """Return the changes to keys that were only counted and that `around` did not yield."""
        places = self._kept["changes"].places()
        if len(self._yielded):
            places = places[~are_among(places["offset"], self._yielded)]
        return ChangeRows(places, self._counted.changes(), self._listed)

    def key_errors(self, concern: Callable[[Event], bool]) -> ChangeRows:
        """Return the calls that failed because of the state of a key, those that concern one key.

        `concern` returns whether an event is such a call: those of one group name the same keys.
        """
        places = self._kept["key_errors"].places()
        every = {one: self._counted.event(one) for one in distinct(places["group"]).values.tolist()}
        groups = {group: event for group, event in every.items() if concern(event)}
        chosen = are_among(places["group"], np.array([*groups], dtype=np.uint64))
        return ChangeRows(some_of(places, np.flatnonzero(chosen)), groups, self._listed)

    def successes(self, related: RelatedEvents) -> SuccessRows:
        """Return the successes of the callers of denials."""
        kept = self._kept["successes"]
        places = kept.chosen(self._choice_of(related).are_of_users)
        return SuccessRows(places, kept.places, related.names, self._counted.event, self._listed)

    def release(self, *, close: bool) -> None:
        """Forget what was kept, but not the rows that findings list.

        With `close`, their texts are read, and the file is not needed any more.
        """
        self._choice = None
        if close or self._kept_texts is not None:
            self._listed.close()
        if self._kept_texts is not None:
            self._kept_texts.close()

    def _rows(self, places: Array) -> Iterator[tuple[int, list[str]]]:
        """Yield the lines of regular rows, and their cells."""
        cells = csv.reader(self._texts(places), delimiter=self._settings.delimiter)
        return zip(places["line"].tolist(), cells, strict=True)


def _line(events: Event | AlikeEvents) -> int:
    return events.line if isinstance(events, Event) else events.first.line


def _texts_in(file: UnchangedFile, places: Array) -> Iterator[str]:
    """Yield the texts at some places of a file."""
    with file.opened() as opened_file:
        for offset, length in zip(
            places["offset"].tolist(), places["length"].tolist(), strict=True
        ):
            yield os.pread(opened_file.fileno(), length, offset).decode()
