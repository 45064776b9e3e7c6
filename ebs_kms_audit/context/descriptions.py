"""Output of describe commands and EventBridge events → denials and symptoms of a failed volume.

Sources: EC2 API Reference, Instance (`StateReason`) and Volume (`State`); EC2 Auto Scaling API
Reference, Activity (`StatusMessage`); EBS User Guide, "Amazon EventBridge events for Amazon EBS".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.aws.arns import is_account_id, partition_of
from ebs_kms_audit.identify.pasted import PastedMessage, PastedTexts
from ebs_kms_audit.messages import read_error_text
from ebs_kms_audit.messages.symptoms import names_in, placed, symptom
from ebs_kms_audit.reading.timestamps import TimeReader

if TYPE_CHECKING:
    from ebs_kms_audit.model import Symptom
    from ebs_kms_audit.model.command_output import Description

_AUTO_SCALING = "AWSServiceRoleForAutoScaling"
_SPOT = "AWSServiceRoleForEC2Spot"
_NOTIFICATION = "EBS Volume Notification"


def read_descriptions(descriptions: Iterable[Description]) -> PastedTexts:
    """Return the denials and symptoms of describe output and EventBridge events."""
    messages: list[PastedMessage] = []
    symptoms: list[Symptom] = []
    for number, one in enumerate(descriptions, start=1):
        facts = _facts(one.content)
        words = " ".join(_reasons(one.command, one.content))
        found = read_error_text(words, file=one.file)
        messages += [PastedMessage(message, one.file, number) for message in found.denials]
        of_this = found.symptoms or tuple(_without_text(one, facts))
        caller = _launcher(one.command, one.content)
        for each in of_this:
            named = replace(each, caller=caller) if caller and each.caller else each
            symptoms.append(
                placed(
                    named,
                    line=number,
                    account=facts["account"],
                    region=facts["region"] or named.region,
                    first_seen=facts["time"],
                    last_seen=facts["time"],
                    resources=tuple(dict.fromkeys((*facts["resources"], *named.resources))),
                )
            )
    return PastedTexts(messages, symptoms)


def _reasons(command: str, content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts with the reason of a failure. Names and tags are left out."""
    if command == "describe-instances":
        reason = _mapping(content.get("StateReason"))
        code, message = _text(reason.get("Code")), _text(reason.get("Message"))
        yield message if message.startswith(code) else f"{code}: {message}"
        yield _text(content.get("StateTransitionReason"))
    elif command == "describe-scaling-activities":
        yield _text(content.get("StatusMessage"))
        yield _text(content.get("Description"))
    elif command == "describe-snapshots":
        yield _text(content.get("StateMessage"))
    elif command == "describe-spot-instance-requests":
        yield _text(_mapping(content.get("Status")).get("Message"))
        yield _text(_mapping(content.get("Fault")).get("Message"))
    elif command == _NOTIFICATION:
        yield _text(_mapping(content.get("detail")).get("cause"))


def _without_text(one: Description, facts: dict[str, Any]) -> Iterator[Symptom]:
    """Yield a symptom for a failure without a reason in the output."""
    content = one.content
    if one.command in ("describe-volumes", "describe-snapshots"):
        if content.get("State") == "error" and content.get("Encrypted") is not False:
            yield symptom("volume_failed", file=one.file, text="State: error")
        return
    if one.command != _NOTIFICATION:
        return
    detail = _mapping(content.get("detail"))
    event, result = _text(detail.get("event")), _text(detail.get("result"))
    # Without permission on the key, EBS sends only this event, with an empty cause.
    if (event, result) == ("deleteVolume", "deleted") and not _text(detail.get("cause")):
        yield symptom("volume_vanished", file=one.file, text=f"{event}: {result}")
    elif result == "failed":
        cause = _text(detail.get("cause"))
        text = f"{event}: {result}" + (f", {cause}" if cause else "")
        yield symptom("volume_failed", file=one.file, text=text[:1000], operation=event or None)


def _launcher(command: str, content: Mapping[str, Any]) -> str | None:
    """Return the role that launched an instance, from fields and tags that only AWS sets."""
    if command == "describe-scaling-activities":
        return _AUTO_SCALING
    if command == "describe-spot-instance-requests":
        return _SPOT
    if command != "describe-instances":
        return None
    tags = content.get("Tags")
    keys = {_text(_mapping(tag).get("Key")) for tag in tags} if isinstance(tags, list) else set()
    if "aws:autoscaling:groupName" in keys:
        return _AUTO_SCALING
    return _SPOT if content.get("InstanceLifecycle") == "spot" else None


def _facts(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the time, account, Region and resources that the output contains."""
    names: list[str] = []
    _gather_names(content, names, depth=0)
    zone = _text(content.get("AvailabilityZone")) or _text(
        _mapping(content.get("Placement")).get("AvailabilityZone")
    )
    region = _text(content.get("region")) or (zone[:-1] if zone[-1:].isalpha() else "")
    account = _text(content.get("account")) or _text(content.get("OwnerId"))
    found = names_in(" ".join(names))
    return {
        "resources": found["resources"],
        "region": region if partition_of(region) else found["region"],
        "account": account if is_account_id(account) else None,
        "time": _time(content),
    }


def _time(content: Mapping[str, Any]) -> datetime | None:
    reader = TimeReader()
    for name in ("time", "EndTime", "StartTime", "LaunchTime", "CreateTime"):
        if text := _text(content.get(name)):
            return reader.read(text)
    return None


def _gather_names(value: Any, names: list[str], *, depth: int) -> None:
    """Collect the values that can be ids or ARNs of resources. Tags are left out."""
    if depth > 6 or len(names) > 200:
        return
    if isinstance(value, str):
        if len(value) <= 300:
            names.append(value)
    elif isinstance(value, dict):
        for member, inner in value.items():
            if member != "Tags":
                _gather_names(inner, names, depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _gather_names(inner, names, depth=depth + 1)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
