"""Records that may bear on a denial, by their sketches; those that do are decoded in the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from operator import attrgetter

from ebs_kms_audit.model import AlikeEvents, Event
from ebs_kms_audit.reading.records.batches import (
    Batch,
    KeptRecord,
    Packed,
    PackedRecords,
    file_and_number,
    keep,
    what_counts_once,
)
from ebs_kms_audit.reading.records.failed import FailedCall, events_of
from ebs_kms_audit.reading.records.listed import ListedRecord, event_in
from ebs_kms_audit.reading.records.sketches import Kind, Sketch
from ebs_kms_audit.reading.records.texts import RecordTexts
from ebs_kms_audit.reading.related import RelatedEvents, is_near
from ebs_kms_audit.reading.sources import Source

_MOST_BYTES = 48 << 20  # of packed records and texts
_BATCH = 1 << 20  # bytes of texts
_BEAR: tuple[Kind, ...] = ("call", "session", "success", "grant", "change")


class KeptRecords:
    """Records that are counted and not decoded, unless they bear on a denial.

    Of successes that differ in time only, the last is kept, and of AssumeRole calls that returned
    the same access key. With `related`, only records that bear on these denials are kept.
    """

    def __init__(self, related: RelatedEvents | None = None) -> None:
        self._choice = RecordChoice(related) if related else None
        self._counts: dict[bytes, int] = {}
        self._samples: dict[bytes, KeptRecord] = {}  # of those that are counted together, the first
        self._events: dict[bytes, Event] = {}  # those of the samples
        self._packed: dict[Kind, list[PackedRecords]] = {kind: [] for kind in _BEAR}
        self._failed: list[tuple[str, FailedCall]] = []
        self._failed_kinds: dict[bytes, bytes] = {}  # so that calls share one object
        self._texts = RecordTexts()
        self._batch = self.batch()
        self._own = 0  # the number of batches of this process
        self._size = 0
        self._overflowed = False

    def batch(self, number: int = 0) -> Batch:
        """Return an empty batch, which another process can fill.

        `number` is how many units of work there were before this one.
        """
        includes = self._choice.may_bear if self._choice else None
        return Batch(includes, number, self._texts.sources)

    def add_sources(self, sources: Iterable[Source]) -> None:
        """Add the sources of the records that come next."""
        self._texts.sources.update((one.name, one) for one in sources if one.file)

    def add(self, file: str, sketch: Sketch | FailedCall, text: bytes, place: int | None) -> None:
        """Count a record, and keep it if it may bear on a denial.

        The text is at a place in the file's content; None if it is written there in another way.
        """
        self._batch.add(file, sketch, text, place)
        if self._batch.size > _BATCH:
            self._take_own()

    def _take_own(self) -> None:
        self._own += 1
        batch, self._batch = self._batch, self.batch(self._own)
        self.take(batch.packed())

    def take(self, packed: Packed, after: int = 0) -> None:
        """Take a batch. Its records are numbered from the one `after` which they were read."""
        counts, by_kind, texts, failed = packed
        for file, kind, number, *own in failed:
            shared = self._failed_kinds.setdefault(kind, kind)
            self._failed.append((file, FailedCall(shared, after + number, *own)))
        for like, count in counts:
            self._counts[like] = self._counts.get(like, 0) + count
        parts = [(kind, PackedRecords(records, texts, after)) for kind, records in by_kind]
        if any(like not in self._samples for like, _ in counts):
            for _, part in parts:
                for one in part.unpacked():
                    self._samples.setdefault(one.sketch.like, one)
        if self.overflowed:
            return
        for kind, part in parts:
            if kind in self._packed:
                self._packed[kind].append(part)
                self._size += len(part.records)
        self._size += sum(map(len, texts))
        self._overflowed = self._size > _MOST_BYTES

    def failed(self) -> Iterator[AlikeEvents]:
        """Yield the failed calls that were added since the last time."""
        self._take_own()
        calls, self._failed = self._failed, []
        return events_of(calls)

    @property
    def overflowed(self) -> bool:
        """Whether events that bear on a denial may be missing: there were too many to keep."""
        return self._overflowed or self._texts.missing

    @property
    def counted(self) -> Iterator[tuple[Event, int]]:
        """One event of each group of records that are counted together, and their number."""
        for like, event in self._sample_events().items():
            yield event, self._counts[like]

    def around(self, related: RelatedEvents) -> Iterator[Event]:
        """Yield the events of the calls, sessions and successes that bear on denials, in order.

        A call that creates or ends a grant is a success too.
        """
        choice = RecordChoice(related)
        chosen: dict[object, KeptRecord] = {}
        for one in self._chosen(choice.bears, *_BEAR):
            what = what_counts_once(one, of_grants=False)
            if what not in chosen or one.sketch.time > chosen[what].sketch.time:
                chosen[what] = one
        return self._events_of(sorted(chosen.values(), key=file_and_number))

    def changes(self) -> list[ListedRecord]:
        """Return the records that ended grants."""
        events = self._sample_events()
        found: dict[object, ListedRecord] = {}
        for part in self._packed["change"]:
            for file, sketch, packed, begin, end in part.unpacked():
                alike, what = events[sketch.like], (sketch.id, sketch.like)
                if what in found and (found[what].file, found[what].number) > (file, sketch.number):
                    continue
                found[what] = ListedRecord(
                    file, sketch.number, sketch.seconds, alike, sketch.id, sketch.caller,
                    packed or b"", begin, end,
                )  # fmt: skip
        return sorted(found.values(), key=attrgetter("file", "number"))

    def successes(self) -> Iterator[tuple[Event, float]]:
        """Yield the calls that need a key, or created a grant: an event like each, and its time."""
        events = self._sample_events()
        for kind in ("success", "grant"):
            for part in self._packed[kind]:
                for one in part.unpacked():
                    yield events[one.sketch.like], one.sketch.seconds

    def _sample_events(self) -> dict[bytes, Event]:
        """Return one event of each group of records that are counted together."""
        self._take_own()
        new = [one for like, one in self._samples.items() if like not in self._events]
        for one, text in self._texts.of(new):
            event = event_in(text, one.file, one.sketch.number)
            self._events[one.sketch.like] = event or _of_damaged(one)
        return self._events

    def _events_of(self, records: Iterable[KeptRecord]) -> Iterator[Event]:
        """Yield the events of records. Damaged records are left out."""
        events = (
            event_in(text, one.file, one.sketch.number) for one, text in self._texts.of(records)
        )
        return filter(None, events)

    def grants(self, owners: Collection[tuple[str, str]]) -> Iterator[Event]:
        """Yield the events that created grants: each owner is a grantee and a key id.

        A part of the grantee is enough: the id of an instance, or nothing if it is unknown.
        """
        grantees: dict[str, list[str]] = {}
        for grantee, key_id in owners:
            grantees.setdefault(key_id, []).append(grantee)

        def is_of_owner(grant: Sketch) -> bool:
            names = (name for key_id in grant.key_ids for name in grantees.get(key_id, ()))
            return any(name in grant.grant for name in names)

        return self._events_of(self._chosen(is_of_owner, "grant"))

    def ends(self, grant_ids: Collection[str]) -> Iterator[Event]:
        """Yield the events that ended these grants."""
        return self._events_of(self._chosen(lambda sketch: sketch.grant in grant_ids, "change"))

    def _chosen(self, chosen: Callable[[Sketch], bool], *kinds: Kind) -> list[KeptRecord]:
        """Return the records of some kinds with a chosen sketch, by file and number."""
        self._take_own()
        found: dict[object, KeptRecord] = {}
        for kind in kinds:
            for part in self._packed[kind]:
                for one in part.unpacked(chosen):
                    keep(found, one)
        return sorted(found.values(), key=file_and_number)


def _of_damaged(one: KeptRecord) -> Event:
    """Return what a record is counted by if it is damaged."""
    source, name, region, account, read_only, *_ = one.sketch.alike
    return Event(
        file=one.file,
        line=one.sketch.number,
        time=None,
        name=name,
        source=source,
        region=region,
        read_only=read_only == "true",
        account=account,
    )


class RecordChoice:
    """Which sketches bear on denials. EC2 calls may be of other accounts or Regions."""

    def __init__(self, related: RelatedEvents) -> None:
        self._related = related
        self._times: dict[str | None, list[float]] = {}
        for (name, *_), times in related.callers.items():
            self._times.setdefault(name, []).extend(times)
        for times_of_name in self._times.values():
            times_of_name.sort()

    def bears(self, sketch: Sketch) -> bool:
        """Return whether a call, a session or a success bears on a denial.

        A call that creates or ends a grant is regarded as a success.
        """
        if sketch.kind == "session":
            return sketch.id in self._related.access_keys
        if sketch.id in self._related.request_ids:
            return True
        if sketch.kind != "call":
            return self._is_of_denied_caller(sketch)
        times = self._times.get(sketch.caller)
        return times is not None and is_near(sketch.seconds, times)

    def may_bear(self, sketch: Sketch) -> bool:
        """Return whether a sketch bears on a denial, or is of a grant that can be on its key."""
        related, key_ids = self._related, sketch.key_ids
        return self.bears(sketch) or (
            sketch.kind in ("grant", "change")
            and (
                not related.regions_of_unknown_keys.isdisjoint({sketch.region, None})
                or not key_ids
                or not related.key_ids.isdisjoint(key_ids)
            )
        )

    def _is_of_denied_caller(self, sketch: Sketch) -> bool:
        if sketch.caller not in self._times and sketch.issuer not in self._times:
            return False
        names, callers = (sketch.caller, sketch.issuer), self._related.callers
        return any((name, sketch.account, sketch.region) in callers for name in names)
