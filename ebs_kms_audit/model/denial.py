"""Denied KMS calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import StatementKind
from ebs_kms_audit.model.event import Event
from ebs_kms_audit.model.principal import KeyRef, Principal

if TYPE_CHECKING:
    from ebs_kms_audit.model.message import DenialMessage


class Verdict(StrEnum):
    """The verdict of the key policy on a denied request, the most severe first."""

    NOT_GRANTABLE = "not_grantable"
    EXPLICIT_DENY = "explicit_deny"
    UNDECIDED = "undecided"
    ALLOWED_NOW = "allowed_now"
    BLOCKED_ELSEWHERE = "blocked_elsewhere"
    CONDITION_UNMET = "condition_unmet"
    DELEGATED_TO_IAM = "delegated_to_iam"
    MISSING_ALLOW = "missing_allow"
    NOT_JUDGED = "not_judged"

    @staticmethod
    def worst(verdicts: Iterable[Verdict]) -> Verdict:
        """Return the most severe verdict; NOT_JUDGED if there is none."""
        return min(verdicts, key=_SEVERITY.__getitem__, default=Verdict.NOT_JUDGED)


_SEVERITY = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Denial:
    """A KMS event that was denied because of missing permissions.

    event               the event
    principal           the caller
    key                 the KMS key
    iam_actions         the denied actions (`kms:Decrypt`)
    statement_kind      the key policy statement that gives these actions
    via_service         the AWS service that called for the principal; None for a direct call
    via_known           whether the input shows if a service made the call
    ebs_traffic         whether EC2, EC2 Auto Scaling or AWS itself made the call for the principal
    message             the access-denied message of the record, or a pasted one; or None
    credential_account  the account id decoded from the access key, or None; AWS does not document
                        this encoding
    verdict             the verdict of the key policy
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

    def of_event(self, event: Event) -> Denial:
        """Return the denial of another event that is the same but for this.

        This is several times as fast as `replace`.
        """
        return self._with(event, self.principal, self.verdict)

    def of_session(self, event: Event, event_id: str | None) -> Denial:
        """Return the denial of an event in another session of the role, which an event shows."""
        caller = self.principal.of_session(event.user_name, event_id)
        return self._with(event, caller, self.verdict)

    def with_verdict(self, verdict: Verdict) -> Denial:
        """Return the denial with a verdict. This is several times as fast as `replace`."""
        return self._with(self.event, self.principal, verdict)

    def _with(self, event: Event, principal: Principal, verdict: Verdict) -> Denial:
        made: Any = _Unfrozen()
        made.event = event
        made.principal = principal
        made.key = self.key
        made.iam_actions = self.iam_actions
        made.statement_kind = self.statement_kind
        made.via_service = self.via_service
        made.via_known = self.via_known
        made.ebs_traffic = self.ebs_traffic
        made.message = self.message
        made.credential_account = self.credential_account
        made.verdict = verdict
        made.__class__ = Denial  # now it is immutable
        denial: Denial = made
        return denial

    @property
    def key_account(self) -> str | None:
        """The account that owns the key; None if the key ARN is unknown."""
        arn = Arn.parse(self.key.arn)
        return arn.account if arn else None

    @property
    def caller_account(self) -> str | None:
        """The account in the caller's ARN, or the Recipient Account Id if the ARN is unknown."""
        text, account = self.principal.arn, self.event.account
        if text is None or text.split(":", 5)[4:5] == [account]:  # as for most callers
            return account
        arn = Arn.parse(text)
        return arn.account if arn and arn.account else account

    @property
    def cross_account(self) -> bool:
        """Whether the key is known to belong to a different account than the caller."""
        owner = self.key_account
        caller = self.caller_account if owner else None
        return bool(caller and owner and caller != owner)

    @property
    def called_directly(self) -> bool:
        """Whether the principal is known to have called KMS directly, not through a service."""
        return self.via_known and self.via_service is None


class _Unfrozen:
    """A Denial before its fields are set: an object with the same slots."""

    __slots__ = tuple(field.name for field in fields(Denial))
