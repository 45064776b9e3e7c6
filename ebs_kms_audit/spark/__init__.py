"""The same audit on a Spark cluster, for exports and trail logs past one machine.

frames     paths and DataFrames → what Spark SQL leaves of them, and what it counted
worker     what is left → Events, in Python, on the workers, with the code of `reading/`
related     which of these events bear on a denial and go to the driver

Only denials, other KMS errors, and the events that bear on a denial come to the driver. The report
is the same, but for this: `file` is the name that Spark has for a file; the line of an export's row
is not known (0); `first_event` and `last_event` are of all rows. A row that Spark can't place is
read again by this library, from its text.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.audit_options import AuditOptions
from ebs_kms_audit.diagnosis.coverage import CoverageCounter
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.identify import EvidenceIndex, Overrides
from ebs_kms_audit.model import Event
from ebs_kms_audit.pipeline import report_on
from ebs_kms_audit.reading import InputStats
from ebs_kms_audit.reading.documents import Documents
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.report import Report

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from ebs_kms_audit.reading.exports.changes import ChangeRows

__all__ = ["audit"]


def audit(
    exports: Any = None,
    *,
    records: Any = None,
    key_policies: Any = None,
    principals: Mapping[str, str] | None = None,
    key: str | None = None,
    messages: str | Iterable[str] | None = None,
    around: str | datetime | None = None,
    minutes: float = 15,
    least_privilege: bool = False,
    redact: bool = False,
    spark: SparkSession | None = None,
) -> Report:
    """Audit on a Spark cluster, and return the same Report as `ebs_kms_audit.audit`.

    `exports` is a path that Spark can read (a file, a folder, a glob, on any file system), several
    of them, or a DataFrame with the columns of an export. `records` is a path or several of
    CloudTrail JSON: log files of a trail, Download JSON. Either may be left out.

    `spark` is the session; without one, the active session is used, or one is started. The workers
    need this library installed. The rest is as in `ebs_kms_audit.audit`.

    Raises InputError where no input could be read at all, UsageError for an argument that makes no
    sense or where pyspark is not installed.
    """
    if exports is None and records is None:
        raise UsageError("nothing to read: give an export, or records")
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

    parts = [of_exports(session, exports)] if exports is not None else []
    parts += [of_records(session, records)] if records is not None else []
    try:
        related = RelatedEvents.by(event for part in parts for event in part.denied())
        counter, evidence_index = CoverageCounter(options.window), EvidenceIndex()
        events = _Gathered([], [])
        for part in parts:
            found = part.collect(related)
            events.events.extend(found.events)
            events.files += found.files
            counter.merge(found.counter)
            evidence_index.accounts.merge(found.votes)
    finally:
        for part in parts:
            part.release()
    return report_on(events, options, counter, evidence_index)


@dataclass(slots=True)
class _Gathered:
    """The events that came to the driver, and the figures of the files they are of."""

    events: list[Event]
    files: list[InputStats]
    documents: Documents = field(default_factory=Documents)
    counted: list[tuple[Event, int]] = field(default_factory=list)
    overflowed: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether the events can be read a second time."""
        return True

    def read(self, related: RelatedEvents | None = None) -> Iterator[Event]:  # noqa: ARG002
        """Yield all events that came to the driver."""
        return iter(self.events)

    def around(self, related: RelatedEvents) -> Iterator[Event]:  # noqa: ARG002
        """Yield nothing: `read` leaves out no event that bears on a denial."""
        return iter(())

    def changes(self) -> list[ChangeRows]:
        """Return nothing: `read` leaves out no change."""
        return []

    def votes(self) -> Iterator[tuple[str, Iterator[Event]]]:
        """Yield nothing: the workers counted all votes."""
        return iter(())


def _session() -> SparkSession:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError("pyspark is not installed: pip install 'ebs_kms_audit[spark]'") from error
    # Else the workers take whatever python3 is on the path.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
