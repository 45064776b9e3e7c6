"""The value types of this library. All of them are immutable.

The values in `command_output` are not among the names here: few inputs hold one.

Times are `datetime` values: in UTC where the time zone is known, naive where it is not.
"""

from ebs_kms_audit.aws.kms_actions import StatementKind
from ebs_kms_audit.model.coverage import Coverage, FileCoverage
from ebs_kms_audit.model.denial import Denial, OtherError, Verdict
from ebs_kms_audit.model.denials import Denials
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
from ebs_kms_audit.model.event_list import NO_EVENTS, EventList, Listed, event_of, in_order, listed
from ebs_kms_audit.model.grant import Grant
from ebs_kms_audit.model.message import DenialMessage, Effect, MessageKind, PolicyType
from ebs_kms_audit.model.principal import Evidence, KeyRef, Principal, PrincipalKind
from ebs_kms_audit.model.symptom import Symptom

__all__ = [
    "NO_EVENTS",
    "Coverage",
    "Denial",
    "DenialMessage",
    "Denials",
    "Effect",
    "Event",
    "EventKind",
    "EventList",
    "Evidence",
    "FileCoverage",
    "Grant",
    "Identity",
    "KeyRef",
    "Listed",
    "MessageKind",
    "OtherError",
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
    "event_of",
    "in_order",
    "listed",
]
