"""Error codes and texts that point to a KMS key without being a KMS denial → Symptoms.

Sources: EC2 User Guide, "Instance terminates immediately" and "Error codes for the Amazon EC2 API";
EBS User Guide, "Amazon EventBridge events for Amazon EBS" and "Requirements for Amazon EBS
encryption"; EBS direct APIs Reference, AccessDeniedException; AWS KMS API Reference, PutKeyPolicy.
Other meanings are from reports of users. The sentences are in `explain.symptoms`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ebs_kms_audit.aws.commands import command
from ebs_kms_audit.aws.ebs_errors import CODES
from ebs_kms_audit.aws.ebs_operations import EC2_ID, workflow_of
from ebs_kms_audit.explain import EntryKind, entry
from ebs_kms_audit.messages.plain import plain
from ebs_kms_audit.model import Symptom

if TYPE_CHECKING:
    from ebs_kms_audit.model import DenialMessage

_LONGEST_TEXT = 1000
_MOST_RESOURCES = 20
_AROUND = timedelta(minutes=15)


class SymptomKind(NamedTuple):
    """A symptom and how it is recognized.

    id          the id of its entry in `explain.symptoms`
    codes       a pattern for the error codes, without `Client.`; or None
    text        a pattern for the error text; None if only the code is known
    caller      the usual caller of KMS; None if there is no KMS call
    operation   the EC2 operation that needs the KMS actions of this caller
    by_code     whether the code without the text is enough
    """

    id: str
    codes: str | None
    text: str | None
    caller: str | None
    operation: str | None
    by_code: bool = True


_LAUNCHER = (
    "AWSServiceRoleForAutoScaling for an Auto Scaling group, AWSServiceRoleForEC2Spot for Spot "
    "Instances, otherwise the role or user that launched the instance"
)
_CREATOR = (
    "the caller of CreateVolume, for example AmazonEKS_EBS_CSI_DriverRole for the EBS CSI driver"
)

_KINDS = (
    SymptomKind(
        "client_error_on_launch", r"(?:Client|Server)\.InternalError",
        r"Client error on launch", _LAUNCHER, "RunInstances", by_code=False,
    ),
    SymptomKind(
        "kms_key_incorrect_state", CODES["kms_key_incorrect_state"],
        r"KMS key provided is in an incorrect state", _LAUNCHER, "RunInstances",
    ),
    SymptomKind(
        "kms_key_revoked", CODES["kms_key_revoked"],
        r"encrypted volume was unable to access the KMS key",
        "the caller of AttachVolume or RunInstances", "AttachVolume",
    ),
    SymptomKind(
        "kms_key_inaccessible", None, r"inaccessible (?:AWS )?KMS key", _LAUNCHER, "RunInstances",
    ),
    SymptomKind(
        "key_id_not_accessible", CODES["key_id_not_accessible"],
        r"Given key ID is not accessible|Key arn:aws[a-z-]{0,10}:kms:[^\s,;]{1,300} does not exist"
        r"|Alias arn:aws[a-z-]{0,10}:kms:[^\s,;]{1,300} is not found",
        "the caller of CreateVolume, CopySnapshot or ModifyEbsDefaultKmsKeyId", "CopySnapshot",
    ),
    SymptomKind(
        "volume_vanished", CODES["volume_vanished"],
        r"The volume vol-[0-9a-f]{8,17} does not exist", _CREATOR, "CreateVolume",
    ),
    SymptomKind(
        "invalid_policy_principal", r"MalformedPolicyDocument(?:Exception)?",
        r"one or more invalid principals", None, None, by_code=False,
    ),
    SymptomKind(
        "aws_managed_key_shared", None,
        r"AWS Managed (?:CMK|KMS key)s? can ?not be shared|AWS Managed (?:CMK|KMS key)s? cant be "
        r"shared|snapshots with EBS default key cannot be shared", None, None,
    ),
    SymptomKind(
        "key_state_error", CODES["key_state_error"],
        r"arn:aws[a-z-]*:kms:[^\s,;]{1,300} is (?:disabled|pending deletion|pending import)",
        None, None,
    ),
    SymptomKind(
        "ebs_dependency_denied", CODES["ebs_dependency_denied"], None,
        "the caller of the EBS direct APIs", "CopyImage",
    ),
)  # fmt: skip
_OTHERS = (
    SymptomKind("volume_failed", None, None, _CREATOR, "RunInstances"),
    SymptomKind("encoded_message", None, None, None, None),
    SymptomKind("other_service_denied", None, None, None, None),
)
_BY_ID = {kind.id: kind for kind in (*_KINDS, *_OTHERS)}

_KEY = re.compile(
    r"arn:aws[a-z-]{0,10}:kms:(?P<region>[a-z0-9-]{1,30}):[0-9]{12}:key/"
    r"(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|mrk-[0-9a-f]{32})(?![0-9a-f-])"
)
_REQUEST_ID = re.compile(
    r"request[ -]?id ?[:=]? ?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})", re.IGNORECASE
)
# The texts that identify the launcher.
_LAUNCHERS = (
    (
        r"AsgInstanceLaunchFailures|Launching a new EC2 instance|Auto ?Scaling",
        "AWSServiceRoleForAutoScaling",
    ),
    (r"(?i)karpenter", "the role of the Karpenter controller"),
    (r"ebs\.csi\.aws\.com|\bCSI\b", "AmazonEKS_EBS_CSI_DriverRole"),
)


def symptoms_in_text(text: str, *, file: str) -> Iterator[Symptom]:
    """Yield a symptom for each known error in a text. Each kind is yielded once."""
    words = plain(text)
    for kind in _KINDS:
        found = re.search(kind.text, words) if kind.text else None
        code = re.search(rf"(?<![A-Za-z.])(?:{kind.codes})\b", words) if kind.codes else None
        place = found or (code if kind.by_code else None)
        if place:
            yield symptom(
                kind.id,
                file=file,
                code=code[0] if code else None,
                text=_excerpt(words, place.start()),
                caller=next((role for text, role in _LAUNCHERS if re.search(text, words)), None),
                **names_in(words),
            )


def denied_by_other_service(message: DenialMessage, *, file: str, text: str) -> Symptom:
    """Return the symptom for an access-denied message that is not about KMS."""
    if message.action is None:
        return symptom("encoded_message", file=file, text=_excerpt(plain(text), 0))
    operation = message.action.partition(":")[2]
    return symptom(
        "other_service_denied",
        file=file,
        text=_excerpt(plain(text), 0),
        operation=operation,
        principal=message.principal,
        policy_type=message.policy_type,
        resources=(message.resource,) if message.resource else (),
        command=_DECODE if message.encoded else None,
    )


def symptom(
    id: str,
    *,
    caller: str | None = None,
    region: str | None = None,
    first_seen: datetime | None = None,
    resources: tuple[str, ...] = (),
    **fields: Any,
) -> Symptom:
    """Return a symptom by id, with its sentences, usual caller, KMS actions and command.

    `fields` are the other fields of Symptom.
    """
    kind, page = _BY_ID[id], entry(EntryKind.SYMPTOM, id)
    workflow = workflow_of(kind.operation) if kind.operation else None
    return Symptom(
        id=id,
        meaning=page.meaning,
        next_step=page.remedy,
        caller=(caller or kind.caller) if kind.caller else None,
        actions=workflow.actions if workflow else (),
        region=region,
        first_seen=first_seen,
        resources=resources,
        **{"command": _command(id, region, first_seen, resources), "code": None} | fields,
    )


def placed(
    found: Symptom,
    *,
    region: str | None,
    first_seen: datetime | None,
    resources: tuple[str, ...],
    **fields: Any,
) -> Symptom:
    """Return a symptom with the Region, the time, the resources and other fields of its input."""
    return replace(
        found,
        region=region,
        first_seen=first_seen,
        resources=resources,
        command=_command(found.id, region, first_seen, resources) or found.command,
        **fields,
    )


def names_in(words: str) -> dict[str, Any]:
    """Return the resources, the Region of a key and the Request ID in a text."""
    keys = list(_KEY.finditer(words))
    request = _REQUEST_ID.search(words)
    names = [match[0] for match in keys] + EC2_ID.findall(words)
    return {
        "resources": tuple(dict.fromkeys(names))[:_MOST_RESOURCES],
        "region": keys[0]["region"] if keys else None,
        "request_id": request[1] if request else None,
    }


_DECODE = "aws sts decode-authorization-message --encoded-message TEXT"
_COMMANDS = {
    "invalid_policy_principal": (
        "aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com"
    ),
    "aws_managed_key_shared": (
        "aws ec2 copy-snapshot --source-region REGION --source-snapshot-id SNAPSHOT --encrypted "
        "--kms-key-id KEY"
    ),
    "encoded_message": _DECODE,
}


def _command(
    id: str, region: str | None, time: datetime | None, resources: tuple[str, ...]
) -> str | None:
    """Return the command for the next step. For most kinds it gets the KMS events."""
    if id == "key_state_error":
        key = next((name for name in resources if ":kms:" in name), "KEY")
        return command(
            "aws", "kms", "describe-key", "--key-id", key, "--region", region or "REGION"
        )
    if _BY_ID[id].caller is None:
        return _COMMANDS.get(id)
    aware = time if time and time.tzinfo else None
    start = (aware - _AROUND).strftime("%Y-%m-%dT%H:%M:%SZ") if aware else "START"
    end = (aware + _AROUND).strftime("%Y-%m-%dT%H:%M:%SZ") if aware else "END"
    return command(
        "aws", "cloudtrail", "lookup-events", "--region", region or "REGION",
        "--lookup-attributes", "AttributeKey=EventSource,AttributeValue=kms.amazonaws.com",
        "--start-time", start, "--end-time", end,
    )  # fmt: skip


def _excerpt(words: str, place: int) -> str:
    """Return the text, or the part of a long text around a position."""
    if len(words) <= _LONGEST_TEXT:
        return words
    start = max(0, place - 200)
    return words[start : start + _LONGEST_TEXT]
