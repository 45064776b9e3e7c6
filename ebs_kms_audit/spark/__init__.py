"""The audit on a Spark cluster, for exports and trail logs that are too large for one machine.

frames   paths and DataFrames → rows for Python, and counts of all other rows
worker   rows → Events, in Python, on the workers, with the code of `reading/`
related  the events that the driver needs

Only denials, other KMS errors, and the events that belong to a denial are sent to the driver. The
report is the same as that of `ebs_kms_audit.audit`, with these differences:

- `file` is Spark's name for a file.
- An empty file in a folder is not named.
- The line of a row in an export is 0, because Spark does not know it.
- `first_event` and `last_event` are the times of all rows.

A row that Spark cannot parse is read again by this library.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.audit_options import AuditOptions
from ebs_kms_audit.diagnosis.coverage import CoverageCounter
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.identify import EvidenceIndex, Overrides, event_of, recorded_key_id
from ebs_kms_audit.model import AlikeEvents, Event
from ebs_kms_audit.pipeline import report_on
from ebs_kms_audit.reading import InputStats, collect_documents
from ebs_kms_audit.reading.documents import Documents
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.report import Report

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from ebs_kms_audit.reading.exports.large.calls import CallRows
    from ebs_kms_audit.reading.exports.large.changes import ChangeRows
    from ebs_kms_audit.reading.exports.large.errors import CountedErrors
    from ebs_kms_audit.reading.exports.large.successes import SuccessRows
    from ebs_kms_audit.reading.shown_accounts import ShownAccounts

__all__ = ["audit"]


def audit(
    exports: Any = None,
    *,
    records: Any = None,
    key_policies: Any = None,
    principals: Mapping[str, str] | None = None,
    key: str | None = None,
    messages: str | Iterable[str] | None = None,
    around: str | date | None = None,
    minutes: float | None = None,
    least_privilege: bool = False,
    redact: bool = False,
    spark: SparkSession | None = None,
) -> Report:
    """Audit on a Spark cluster, and return the same Report as `ebs_kms_audit.audit`.

    `exports` is one or more paths that Spark can read (a file, a folder, a glob pattern, on any
    file system), or a DataFrame with the columns of an export. `records` is one or more paths of
    CloudTrail JSON: log files of a trail, or Download JSON. At least one of the two is required.

    `spark` is the session. By default, the active session is used, or a session is started. This
    library must be installed on the workers. The other arguments are those of
    `ebs_kms_audit.audit`.

    Raises InputError if no input can be read. Raises UsageError for an argument that is not valid,
    or if pyspark is not installed.
    """
    if exports is None and records is None:
        raise UsageError("nothing to read: give exports or records")
    options = AuditOptions.of(
        key_policies,
        Overrides.of(principals, key, messages),
        around,
        minutes,
        least_privilege,
        redact,
    )
    session = spark or _session()
    from ebs_kms_audit.spark.frames import of_exports, of_records
    from ebs_kms_audit.spark.related import is_denial, messages_in

    parts = [of_exports(session, exports)] if exports is not None else []
    parts += [of_records(session, records)] if records is not None else []
    try:
        found = [event for part in parts for event in part.denied()]
        in_messages = [*options.overrides.pasted.messages, *messages_in(found)]
        denied = chain(filter(is_denial, found), map(event_of, in_messages))
        related = RelatedEvents(map(AlikeEvents.of, denied), key_id_of=recorded_key_id)
        counter, evidence_index = CoverageCounter(options.window), EvidenceIndex()
        events = _Gathered([], [])
        for part in parts:
            collected = part.collect(related)
            events.events.extend(collected.events)
            events.files += collected.files
            counter.merge(collected.counter)
            evidence_index.accounts.merge(collected.votes)
    finally:
        for part in parts:
            part.release()
    logs = {file.name for file in events.files if file.form == "records"}
    collect_documents(events.files, logs, events.documents)
    return report_on(events, options, counter, evidence_index)


@dataclass(slots=True)
class _Gathered:
    """The events on the driver, and the figures of all files."""

    events: list[Event]
    files: list[InputStats]
    documents: Documents = field(default_factory=Documents)
    counted: list[tuple[Event, int]] = field(default_factory=list)
    errors: list[CountedErrors] = field(default_factory=list)
    named_keys: list[tuple[str, ...]] = field(default_factory=list)
    overflowed: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether the events can be read a second time."""
        return True

    def read(self, related: RelatedEvents | None = None) -> Iterator[Event]:  # noqa: ARG002
        """Yield all events on the driver."""
        return iter(self.events)

    def around(self, related: RelatedEvents) -> Iterator[Event]:  # noqa: ARG002
        """Yield nothing, because `read` yields all events that belong to a denial."""
        return iter(())

    @property
    def kept_records(self) -> None:
        """Nothing, because `read` yields all records."""
        return None

    def calls(self) -> list[CallRows]:
        """Return nothing, because `read` yields all EC2 calls that belong to a denial."""
        return []

    def changes(self) -> list[ChangeRows]:
        """Return nothing, because `read` yields all changes."""
        return []

    def key_errors(self, concern: Callable[[Event], bool]) -> list[ChangeRows]:  # noqa: ARG002
        """Return nothing, because `read` yields all KMS events that failed."""
        return []

    def successes(self, related: RelatedEvents) -> list[SuccessRows]:  # noqa: ARG002
        """Return nothing, because `read` yields all successes."""
        return []

    def shown_accounts(self) -> Iterator[tuple[str, ShownAccounts]]:
        """Yield nothing, because the workers counted the account ids of all rows."""
        return iter(())

    def release(self) -> None:
        """Forget the events on the driver."""
        self.events.clear()


def _session() -> SparkSession:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError(
            "pyspark is not installed. Run: pip install 'ebs_kms_audit[spark]'"
        ) from error
    # Otherwise the workers use the first python3 in PATH.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
