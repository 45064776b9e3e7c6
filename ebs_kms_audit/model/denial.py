"""A KMS call that was denied, and KMS calls that failed for another reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import StatementKind
from ebs_kms_audit.model.event import Event
from ebs_kms_audit.model.message import DenialMessage
from ebs_kms_audit.model.principal import KeyRef, Principal


class Verdict(StrEnum):
    """What the key policy says of a denial, worst first."""

    NOT_GRANTABLE = "not_grantable"
    EXPLICIT_DENY = "explicit_deny"
    UNDECIDED = "undecided"
    ALLOWED_NOW = "allowed_now"
    BLOCKED_ELSEWHERE = "blocked_elsewhere"
    CONDITION_UNMET = "condition_unmet"
    DELEGATED_TO_IAM = "delegated_to_iam"
    MISSING_ALLOW = "missing_allow"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Denial:
    """A KMS event refused for lack of permission.

    `via_service` is the AWS service that called for the principal, None where the principal
    called directly; `via_known` is False where the export does not show which of the two.
    `message` is the access-denied message, of the record or pasted by the caller of the library.
    `credential_account` is the account that the access key seems to belong to: a hint, decoded in
    a way that AWS does not document.
    """

    event: Event
    principal: Principal
    key: KeyRef
    iam_actions: tuple[str, ...]
    statement_kind: StatementKind
    via_service: str | None
    via_known: bool
    ebs_traffic: bool
    message: DenialMessage | None = None
    credential_account: str | None = None
    verdict: Verdict = Verdict.NOT_JUDGED

    @property
    def key_account(self) -> str | None:
        """The account that owns the key, where its ARN is known."""
        arn = Arn.parse(self.key.arn)
        return arn.account if arn else None

    @property
    def caller_account(self) -> str | None:
        """The account of the caller: of its ARN, or else the Recipient Account Id."""
        arn = Arn.parse(self.principal.arn)
        return arn.account if arn and arn.account else self.event.account

    @property
    def cross_account(self) -> bool:
        """Whether the key surely belongs to another account than the caller."""
        caller = self.caller_account
        return bool(caller and self.key_account and caller != self.key_account)

    @property
    def called_directly(self) -> bool:
        """Whether the principal surely called KMS itself, not through an AWS service."""
        return self.via_known and self.via_service is None


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherError:
    """KMS events of one name that failed with one code that is not a denial.

    error_code  the code
    event_name  the operation
    account     the account in which they were recorded, or None
    region      the AWS Region, or None
    meaning     what the code means
    count       how many events there are
    first_seen  the earliest time, or None
    last_seen   the latest time, or None
    keys        the ARNs, or failing these the ids, of the keys that they name; at most 20
    """

    error_code: str
    event_name: str
    account: str | None
    region: str | None
    meaning: str
    count: int
    first_seen: datetime | None
    last_seen: datetime | None
    keys: tuple[str, ...] = ()
