"""The value types of this library. All of them are immutable.

The values in `command_output` are not among the names here: few inputs hold one.

Times are `datetime` values: in UTC where the time zone is known, naive where it is not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.aws.kms_actions import StatementKind
from ebs_kms_audit.model.alike_events import AlikeEvents, EventColumns
from ebs_kms_audit.model.coverage import Coverage, FileCoverage
from ebs_kms_audit.model.denial import Denial, Verdict
from ebs_kms_audit.model.denials import AlikeDenials, Denials
from ebs_kms_audit.model.event import Completeness, Event, EventKind, Resource
from ebs_kms_audit.model.event_list import (
    NO_EVENTS,
    EventList,
    Listed,
    Summary,
    event_of,
    in_order,
    listed,
)
from ebs_kms_audit.model.made_sequence import Deferred
from ebs_kms_audit.model.policy_type import Effect, PolicyType
from ebs_kms_audit.model.principal import Evidence, KeyRef, Principal, PrincipalKind

if TYPE_CHECKING:
    from ebs_kms_audit.model.grant import Grant
    from ebs_kms_audit.model.message import DenialMessage, MessageKind
    from ebs_kms_audit.model.other_error import OtherError
    from ebs_kms_audit.model.record import Identity, PolicyRecord, RecordRef
    from ebs_kms_audit.model.set_aside import SetAside
    from ebs_kms_audit.model.symptom import Symptom
    from ebs_kms_audit.model.window import Window

__all__ = [
    "NO_EVENTS",
    "AlikeDenials",
    "AlikeEvents",
    "Completeness",
    "Coverage",
    "Deferred",
    "Denial",
    "DenialMessage",
    "Denials",
    "Effect",
    "Event",
    "EventColumns",
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
    "Summary",
    "Symptom",
    "Verdict",
    "Window",
    "event_of",
    "in_order",
    "listed",
]

# Values that an audit of an export seldom makes, and their modules, imported at the first use.
_MODULE_OF = {
    "DenialMessage": "message",
    "Grant": "grant",
    "Identity": "record",
    "MessageKind": "message",
    "OtherError": "other_error",
    "PolicyRecord": "record",
    "RecordRef": "record",
    "SetAside": "set_aside",
    "Symptom": "symptom",
    "Window": "window",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value  # it is not asked for again
    return value
