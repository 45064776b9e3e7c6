"""The value types of this library. All of them are immutable.

Times are `datetime` values: in UTC where the time zone is known, naive where it is not.
"""

from ebs_kms_audit.aws.kms_actions import StatementKind
from ebs_kms_audit.model.command_output import (
    AuthorizationCheck,
    AuthorizationEvaluation,
    DecodedAuthorization,
    DefaultKey,
    Description,
    KeyState,
    PastedText,
)
from ebs_kms_audit.model.coverage import Coverage, FileCoverage
from ebs_kms_audit.model.denial import Denial, OtherError, Verdict
from ebs_kms_audit.model.event import (
    Event,
    EventKind,
    Identity,
    PolicyRecord,
    RecordRef,
    Resource,
    SetAside,
    Window,
)
from ebs_kms_audit.model.grant import Grant
from ebs_kms_audit.model.message import DenialMessage, Effect, MessageKind, PolicyType
from ebs_kms_audit.model.principal import Evidence, KeyRef, Principal, PrincipalKind
from ebs_kms_audit.model.symptom import Symptom

__all__ = [
    "AuthorizationCheck",
    "AuthorizationEvaluation",
    "Coverage",
    "DecodedAuthorization",
    "DefaultKey",
    "Denial",
    "DenialMessage",
    "Description",
    "Effect",
    "Event",
    "EventKind",
    "Evidence",
    "FileCoverage",
    "Grant",
    "Identity",
    "KeyRef",
    "KeyState",
    "MessageKind",
    "OtherError",
    "PastedText",
    "PolicyRecord",
    "PolicyType",
    "Principal",
    "PrincipalKind",
    "RecordRef",
    "Resource",
    "SetAside",
    "StatementKind",
    "Symptom",
    "Verdict",
    "Window",
]
