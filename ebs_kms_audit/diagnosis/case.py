"""Case: all that is known about one kind of denied call, and what its cause is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.callers import is_address
from ebs_kms_audit.aws.service_roles import service_role
from ebs_kms_audit.context.history import History
from ebs_kms_audit.diagnosis.cause import CauseId, Half
from ebs_kms_audit.model import Denial, Effect, Evidence, PolicyType, PrincipalKind, Verdict

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.judgement import Judgement
    from ebs_kms_audit.diagnosis.unmet import UnmetCondition
    from ebs_kms_audit.model import DenialMessage
    from ebs_kms_audit.policy import Decision, StatementResult

_OF_KEY_AND_CALLER = frozenset({PolicyType.IDENTITY_BASED, PolicyType.RESOURCE_BASED})


class Judged(NamedTuple):
    """A key policy and what it decides on one denial.

    judgement  the judgement by the latest policy that is known
    decision   the decision from which the cause follows
    now        the decision of the latest policy
    """

    judgement: Judgement
    decision: Decision
    now: Decision


class Case(NamedTuple):
    """What is known about one kind of denied call of a finding.

    denial   one of the denials of this kind
    judged   the decision of each key policy that is or may be the key's
    history  what happened around the denials of the finding
    foreign  whether key policies were given, and all of them for other keys by their ARNs
    """

    denial: Denial
    judged: tuple[Judged, ...]
    history: History
    foreign: bool = False

    @property
    def message(self) -> DenialMessage | None:
        """The access-denied message of the denial."""
        return self.denial.message

    @property
    def only(self) -> Judged | None:
        """The one key policy that is or may be the key's; None with several."""
        return self.judged[0] if len(self.judged) == 1 else None

    @property
    def decision(self) -> Decision | None:
        """The decision of the one key policy that is or may be the key's."""
        return self.only.decision if self.only else None

    @property
    def is_open(self) -> bool:
        """Whether a given policy leaves the decision open, and on what it depends is known."""
        return any(one.decision.depends_on for one in self.judged)

    @property
    def verdict(self) -> Verdict:
        """The verdict of the one key policy."""
        return self.decision.verdict if self.decision else Verdict.NOT_JUDGED

    @property
    def key_policy_allows(self) -> bool | None:
        """Whether the one key policy does its part by itself."""
        return self.decision.key_policy_allows if self.decision else None

    def nothing_allows(self, policy_type: PolicyType) -> bool:
        """Return whether the message says that no policy of this type allows the call."""
        message = self.message
        return bool(
            message and message.effect is Effect.IMPLICIT and message.policy_type is policy_type
        )

    @property
    def no_resource_based(self) -> bool:
        """Whether the message says that no Allow in the key policy applied."""
        return self.nothing_allows(PolicyType.RESOURCE_BASED)

    @property
    def no_identity_based(self) -> bool:
        """Whether the message says that no IAM policy of the caller allows the action."""
        return self.nothing_allows(PolicyType.IDENTITY_BASED)

    @property
    def explicit(self) -> bool:
        """Whether the message says that a Deny matched."""
        return bool(self.message and self.message.effect is Effect.EXPLICIT)

    @property
    def other_policy_type(self) -> PolicyType | None:
        """The type of policy in the message, if it is neither the key's nor the caller's IAM."""
        kind = self.message.policy_type if self.message else None
        return None if kind in _OF_KEY_AND_CALLER else kind

    @property
    def message_evidence(self) -> Evidence:
        """How the message is known: recorded, or given by the caller of the audit."""
        return Evidence.RECORDED if self.denial.event.error_message else Evidence.GIVEN

    @property
    def service_linked(self) -> bool:
        """Whether the caller is a service-linked role."""
        return self.denial.principal.kind is PrincipalKind.SERVICE_LINKED_ROLE

    @property
    def delegation_helps(self) -> bool:
        """Whether a statement for the account can let the caller in.

        Not for a service-linked role with an AWS managed policy that has no KMS action.
        """
        if not self.service_linked:
            return True
        role = service_role((self.denial.principal.arn or "").rpartition("/")[2])
        return role is None or role.kms_actions

    @property
    def called_from_an_address(self) -> bool:
        """Whether the Source IP address is an address, so that no AWS service made the call."""
        return is_address(self.denial.event.source_ip or "")


class DenialCause(NamedTuple):
    """The cause of one kind of denied call, before it is put into words.

    id           the cause
    evidence     how it is known
    policy_type  the type of policy that denied; None where it is not known
    by_message   whether the message supports it
    by_policy    whether a judged policy supports it
    variant      which of the sentences of the cause applies
    statements   the statements that it is about
    unmet        conditions that are not met
    missing      missing halves of a call across accounts
    contradicts  what speaks against it, by the ids of `explain.causes.CONTRADICTIONS`
    """

    id: CauseId
    evidence: Evidence
    policy_type: PolicyType | None = None
    by_message: bool = False
    by_policy: bool = False
    variant: str = ""
    statements: tuple[StatementResult, ...] = ()
    unmet: tuple[UnmetCondition, ...] = ()
    missing: tuple[Half, ...] = ()
    contradicts: tuple[str, ...] = ()
