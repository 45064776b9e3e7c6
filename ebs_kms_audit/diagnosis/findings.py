"""Finding: the denials of one principal on one key, with one cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from ebs_kms_audit.context.history import History
from ebs_kms_audit.diagnosis.cause import Cause, CauseId
from ebs_kms_audit.model import Denials, KeyRef, Principal, Verdict
from ebs_kms_audit.model.display import Displayed

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.judgement import Judgement


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Finding(Displayed):
    """The denials of one principal on one key, in one account and Region, with their cause.

    id          stable: the same for the same denials in each run
    account     the Recipient Account Id, which is the caller's account, 12 digits; or None
    region      the AWS Region of the calls; or None
    principal   who called
    key         which key, as far as known
    ebs_traffic whether EC2 or Auto Scaling called KMS for the principal
    denials     the denied calls, in order of time
    history     what happened around them
    judgements  what each key policy says of the calls
    verdict     the worst verdict of the denials
    cause       why the calls were denied
    steps       the ids of the plan's steps that cure this finding, in order
    """

    _view: ClassVar[str] = "finding"

    id: str
    account: str | None
    region: str | None
    principal: Principal
    key: KeyRef
    ebs_traffic: bool
    denials: Denials
    history: History
    judgements: tuple[Judgement, ...]
    verdict: Verdict
    cause: Cause
    steps: tuple[str, ...] = ()

    def __repr__(self) -> str:
        noun = "denial" if self.count == 1 else "denials"
        return f"<Finding {self.id}: {self.count} {noun}, cause {self.cause.id}>"

    @property
    def count(self) -> int:
        """How many denials there are."""
        return len(self.denials)

    @property
    def noise(self) -> bool:
        """Whether the denials are harmless probes of an AWS service that checks every key."""
        return self.cause.id is CauseId.HARMLESS_PROBE

    @property
    def first_seen(self) -> datetime | None:
        """The time of the earliest denial; naive where the export has no time zone."""
        return self.denials.first_time

    @property
    def last_seen(self) -> datetime | None:
        """The time of the latest denial; naive where the export has no time zone."""
        return self.denials.last_time


def number_of_callers(findings: Iterable[Finding]) -> int:
    """Return the number of callers; the sessions of one known role are one caller."""
    return len(callers_of(findings))


def callers_of(findings: Iterable[Finding]) -> set[tuple[str | None, str | None]]:
    """Return what tells the callers apart: the ARN or the name in the log, and the account."""
    return {(f.principal.arn or f.principal.user_name, f.account) for f in findings}
