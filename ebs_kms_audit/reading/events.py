"""What an audit asks of its inputs, whoever reads them: this process, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from ebs_kms_audit.model import AlikeEvents, Event
from ebs_kms_audit.reading.documents import Documents
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.reading.stats import InputStats

if TYPE_CHECKING:
    from ebs_kms_audit.reading.exports.large.calls import CallRows
    from ebs_kms_audit.reading.exports.large.changes import ChangeRows
    from ebs_kms_audit.reading.exports.large.errors import CountedErrors
    from ebs_kms_audit.reading.exports.large.successes import SuccessRows
    from ebs_kms_audit.reading.records.kept import KeptRecords
    from ebs_kms_audit.reading.shown_accounts import ShownAccounts


class Events(Protocol):
    """What is read. After `read`, the rest can be asked; `files` has the figures of each input."""

    files: list[InputStats]
    documents: Documents

    @property
    def counted(self) -> Sequence[tuple[Event, int]]:
        """Events that were not yielded: one of each kind, and how many there are."""

    @property
    def errors(self) -> Sequence[CountedErrors]:
        """Failed KMS calls that were not yielded and are not in `counted`."""

    @property
    def named_keys(self) -> Collection[tuple[str, ...]]:
        """The KMS keys that rows of other services name: their names in each row."""

    @property
    def overflowed(self) -> bool:
        """Whether events that bear on a denial may be missing."""

    @property
    def kept_records(self) -> KeptRecords | None:
        """The records of logs that `read` left out, if there are any."""

    @property
    def repeatable(self) -> bool:
        """Whether the inputs can be read a second time."""

    def read(self, related: RelatedEvents | None = None) -> Iterator[Event | AlikeEvents]:
        """Yield events, some of them as columns: denied rows of KMS, those of one kind together.

        In a second reading, `related` says which events bear on a denial.
        """

    def around(self, related: RelatedEvents) -> Iterator[Event]:
        """Yield the events of large files that bear on denials and that `read` left out."""

    def calls(self) -> Sequence[CallRows]:
        """Return the EC2 calls near denials in large files that `around` left out."""

    def changes(self) -> Sequence[ChangeRows]:
        """Return the changes to keys in large files, which `read` and `around` leave out."""

    def key_errors(self, concern: Callable[[Event], bool]) -> Sequence[ChangeRows]:
        """Return the calls in large files that failed because of the state of a key."""

    def successes(self, related: RelatedEvents) -> Sequence[SuccessRows]:
        """Return the successes in large files, which `read` and `around` leave out."""

    def shown_accounts(self) -> Iterator[tuple[str, ShownAccounts]]:
        """Yield large files with damaged account ids, each with the account ids that it shows."""

    def release(self) -> None:
        """Forget what was kept of the inputs. Nothing is asked any more."""
