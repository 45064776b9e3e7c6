"""Records that may bear on a denial, by their sketches; those that do are decoded in the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.records.batches import (
    Batch,
    KeptRecord,
    Packed,
    event_of_each,
    events_of,
    keep,
    place_of,
    records_in,
    what_counts_once,
)
from ebs_kms_audit.reading.records.sketches import Sketch
from ebs_kms_audit.reading.related import RelatedEvents, is_near

_MOST_BYTES = 48 << 20  # of packed texts and of what else is kept of their records
_OVERHEAD = 700  # bytes of a record beside its text
_BATCH = 1 << 20  # bytes of texts


class KeptRecords:
    """Records that are counted and not decoded, unless they bear on a denial.

    Of successes that differ in time only, the last is kept, and of AssumeRole calls that returned
    the same access key. With `related`, only records that bear on these denials are kept.

    overflowed  whether there were too many to keep all that may bear on a denial
    """

    def __init__(self, related: RelatedEvents | None = None) -> None:
        self._choice = _Choice(related) if related else None
        self._counts: dict[bytes, int] = {}
        self._samples: dict[bytes, KeptRecord] = {}  # of those that are counted together, the first
        self._events: dict[bytes, Event] = {}  # those of the samples
        self._kept: dict[object, KeptRecord] = {}
        self._batch = self.batch()
        self._own = 0  # the number of batches of this process
        self._size = 0
        self.overflowed = False

    def batch(self, number: int = 0) -> Batch:
        """Return an empty batch, which another process can fill.

        `number` is how many units of work there were before this one.
        """
        return Batch(self._choice.may_bear if self._choice else None, number)

    def add(self, file: str, sketch: Sketch, text: bytes) -> None:
        """Count a record, and keep it if it may bear on a denial."""
        self._batch.add(file, sketch, text)
        if self._batch.size > _BATCH:
            self._take_own()

    def _take_own(self) -> None:
        self._own += 1
        batch, self._batch = self._batch, self.batch(self._own)
        self.take(batch.packed())

    def take(self, packed: Packed, after: int = 0) -> None:
        """Take a batch. Its records are numbered from the one `after` which they were read."""
        counts, _, texts = packed
        for like, count in counts:
            self._counts[like] = self._counts.get(like, 0) + count
        self._size += sum(map(len, texts))
        for one in records_in(packed, after):
            self._samples.setdefault(one.sketch.like, one)
            if one.sketch.kind != "other" and not self.overflowed:
                keep(self._kept, one)
        self.overflowed |= self._size + len(self._kept) * _OVERHEAD > _MOST_BYTES

    @property
    def counted(self) -> Iterator[tuple[Event, int]]:
        """One event of each group of records that are counted together, and their number."""
        for like, event in self._sample_events().items():
            yield event, self._counts[like]

    def around(self, related: RelatedEvents) -> Iterator[Event]:
        """Yield the events of the calls, sessions and successes that bear on denials, in order.

        A call that creates or ends a grant is a success too.
        """
        choice = _Choice(related)
        chosen: dict[object, KeptRecord] = {}
        for one in self._chosen(choice.bears):
            what = what_counts_once(one, of_grants=False)
            if what not in chosen or one.sketch.time > chosen[what].sketch.time:
                chosen[what] = one
        return events_of(sorted(chosen.values(), key=place_of))

    def changes(self) -> list[tuple[Event, KeptRecord]]:
        """Return the records that ended grants, each with an event that changed the same keys."""
        changes = self._chosen(lambda sketch: sketch.kind == "change")
        events = self._sample_events()
        return [(events[one.sketch.like], one) for one in changes]

    def _sample_events(self) -> dict[bytes, Event]:
        """Return one event of each group of records that are counted together."""
        self._take_own()
        new = [one for like, one in self._samples.items() if like not in self._events]
        likes = (one.sketch.like for one in new)
        self._events.update(zip(likes, event_of_each(new), strict=True))
        return self._events

    def grants(self, owners: Collection[tuple[str, str]]) -> Iterator[Event]:
        """Yield the events that created grants: each owner is a grantee and a key id.

        A part of the grantee is enough: the id of an instance, or nothing if it is unknown.
        """
        grantees: dict[str, list[str]] = {}
        for grantee, key_id in owners:
            grantees.setdefault(key_id, []).append(grantee)

        def is_of_owner(grant: Sketch) -> bool:
            if grant.kind != "grant":
                return False
            names = (name for key_id in grant.key_ids for name in grantees.get(key_id, ()))
            return any(name in grant.grant for name in names)

        return events_of(self._chosen(is_of_owner))

    def ends(self, grant_ids: Collection[str]) -> Iterator[Event]:
        """Yield the events that ended these grants."""
        return events_of(
            self._chosen(lambda sketch: sketch.kind == "change" and sketch.grant in grant_ids)
        )

    def _chosen(self, chosen: Callable[[Sketch], bool]) -> list[KeptRecord]:
        """Return the records with a chosen sketch by file and number."""
        self._take_own()
        return sorted((one for one in self._kept.values() if chosen(one.sketch)), key=place_of)


class _Choice:
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
                not related.regions_of_unknown_keys.isdisjoint({sketch.place[1], None})
                or not key_ids
                or not related.key_ids.isdisjoint(key_ids)
            )
        )

    def _is_of_denied_caller(self, sketch: Sketch) -> bool:
        if sketch.caller not in self._times and sketch.issuer not in self._times:
            return False
        account, region = sketch.place
        names, callers = (sketch.caller, sketch.issuer), self._related.callers
        return any((name, account, region) in callers for name in names)
