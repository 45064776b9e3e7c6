"""Columns of a query result → the CloudTrail record in each row.

The columns of a query are chosen by hand, and records are flattened in many ways:
`useridentity.arn`, `Records/userIdentity/arn`, `detail.userIdentity.arn`, `UserIdentityArn`
(Microsoft Sentinel), `aws.cloudtrail.error_code` (Elastic), `@message` (CloudWatch Logs). Columns
with the caller, the action, the key or the reason of a denial are used. The report names all other
columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE
from ebs_kms_audit.reading.records.struct_text import parse_cell

_Path = tuple[str, ...]

# The members of a record, each by its path. A column is recognized by the letters of the path.
_MEMBERS: tuple[str, ...] = (
    "eventID", "requestID", "eventTime", "eventSource", "eventName", "awsRegion",
    "sourceIPAddress", "userAgent", "errorCode", "errorMessage", "readOnly", "recipientAccountId",
    "userIdentity", "userIdentity.type", "userIdentity.arn", "userIdentity.accountId",
    "userIdentity.userName", "userIdentity.principalId", "userIdentity.accessKeyId",
    "userIdentity.invokedBy", "userIdentity.sessionContext",
    "userIdentity.sessionContext.sessionIssuer",
    "userIdentity.sessionContext.sessionIssuer.type",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "requestParameters", "requestParameters.keyId", "requestParameters.kmsKeyId",
    "requestParameters.volumeId", "requestParameters.snapshotId", "requestParameters.instanceId",
    "requestParameters.roleArn", "requestParameters.roleName", "responseElements",
    "responseElements.volumeId", "responseElements.snapshotId", "resources", "resources.ARN",
    "vpcEndpointId", "sharedEventID", "eventType", "eventCategory",
)  # fmt: skip
_PATHS: dict[str, _Path] = {member: tuple(member.split(".")) for member in _MEMBERS}
_FLAT = ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails")

# Other names of the same, by tool: Sentinel, Elastic, Splunk, CloudWatch Logs, Tailpipe, people.
_ALIASES: dict[str, str] = {
    **dict.fromkeys(
        ("timestamp", "time", "timegenerated", "datetime", "ingestiontime", "tptimestamp"),
        "eventTime",
    ),
    **dict.fromkeys(("eventaction", "operation", "apioperation", "apicall", "action"), "eventName"),
    **dict.fromkeys(("eventprovider", "service", "provider"), "eventSource"),
    **dict.fromkeys(("error", "awscloudtrailerrorcode"), "errorCode"),
    **dict.fromkeys(("errormsg", "reason"), "errorMessage"),
    **dict.fromkeys(("region", "cloudregion"), "awsRegion"),
    **dict.fromkeys(
        ("sourceip", "srcip", "src", "clientip", "sourceaddress"), "sourceIPAddress"
    ),
    **dict.fromkeys(("useragentoriginal", "httpuseragent"), "userAgent"),
    **dict.fromkeys(("awseventid",), "eventID"),
    **dict.fromkeys(("awsrequestid",), "requestID"),
    **dict.fromkeys(
        ("account", "accountid", "awsaccount", "awsaccountid", "cloudaccountid", "vendoraccount"),
        "recipientAccountId",
    ),
    **dict.fromkeys(("identitytype", "usertype"), "userIdentity.type"),
    **dict.fromkeys(("principalid",), "userIdentity.principalId"),
    **dict.fromkeys(("accesskeyid", "accesskey", "awsaccesskey"), "userIdentity.accessKeyId"),
    **dict.fromkeys(("invokedby",), "userIdentity.invokedBy"),
    **dict.fromkeys(
        ("sessionissuertype",), "userIdentity.sessionContext.sessionIssuer.type"
    ),
}  # fmt: skip
_CALLERS = frozenset(
    "arn callerarn principalarn userarn identityarn caller principal user username userid who "
    "identity actor actorarn sessionarn actoruserarn actorusername callername sessionname role "
    "rolearn sessionissuer sessionissuerarn issuerarn issuer sessioncontextsessionissuerarn"
    "".split()
)
_KEYS = frozenset(
    "keyarn keyid kmskeyid kmskey kmskeyarn key resourcearn resource resourceid resourcename "
    "targetarn".split()
)
_WHOLE = frozenset(
    "message raw eventoriginal cloudtrailevent record event detail log body rawdata rawevent "
    "logmessage logevent".split()
)
_PREFIXES = frozenset(
    "records record detail message source fields result results raw aws cloudtrail "
    "cloudtrailevent data payload log item event".split()
)
_LONGEST_NAME = 200
_SPELLING = {part.casefold(): part for member in _MEMBERS for part in member.split(".")} | {
    "arn": "arn"
}
_BY_LETTERS = {member.replace(".", "").casefold(): member for member in _MEMBERS}
_JSON = {
    "userIdentity": dict,
    "userIdentity.sessionContext": dict,
    "userIdentity.sessionContext.sessionIssuer": dict,
    "requestParameters": dict,
    "responseElements": dict,
    "resources": list,
}
_NO_ZONE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.\d+)?")
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}(?::.*)?")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?")


class Column(NamedTuple):
    """A column of a query result.

    name    the name in the header
    member  the member of a record that it holds, by its path; "caller", "key" or "record" if the
            value of the cell says what it is; None if the column is not understood
    exact   whether it has the name of a member; a cell of another column never replaces it
    """

    name: str
    member: str | None
    exact: bool = True


def column_of(name: str) -> Column:
    """Return the column with this name."""
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        return Column(name, None)
    words = [_letters(word) for word in re.split(r"[^A-Za-z0-9_ -]+", name)]
    words = [word for word in words if word and not word.isdecimal()]
    whole = "".join(words)
    for start in range(len(words)):
        member = _BY_LETTERS.get("".join(words[start:]))
        if member and not (start and words[0] in {flat.casefold() for flat in _FLAT}):
            return Column(name, member)
    while len(words) > 1 and words[0] in _PREFIXES:
        words = words[1:]
    letters = "".join(words)
    for one in dict.fromkeys((whole, letters)):
        if one in _ALIASES:
            return Column(name, _ALIASES[one], exact=False)
        for kind, names in (("caller", _CALLERS), ("key", _KEYS), ("record", _WHOLE)):
            if one in names:
                return Column(name, kind, exact=False)
    return Column(name, None)


class Columns:
    """The columns of one table.

    places   where the columns of each member are; the first of them with a text counts
    unknown  the names of the columns that are not understood
    missing  the facts without a column: "the event name", "the error code", "the caller", …
    """

    def __init__(self, header: Sequence[str]) -> None:
        columns = [column_of(name.strip()) for name in header]
        self.unknown = tuple(one.name for one in columns if one.member is None and one.name)
        self._known = [  # columns with the name of a member come first
            (place, name, member, _JSON.get(member))
            for place, (name, member, _) in sorted(
                enumerate(columns), key=lambda numbered: not numbered[1].exact
            )
            if member is not None
        ]
        self.understood = len(self._known)
        self.exact = sum(one.exact and one.member is not None for one in columns)
        self.places: dict[str, list[int]] = {}
        for place, _, member, _ in self._known:
            self.places.setdefault(member, []).append(place)
        held = self.places.keys()
        self.has_name = "eventName" in held
        self.has_message = not held.isdisjoint({"record", "errorMessage"})
        self.has_error = self.has_message or "errorCode" in held
        self.has_time = not held.isdisjoint({"eventTime", "record"})
        whole = "record" in held
        who = any(one == "caller" or one.startswith("userIdentity") for one in held)
        self.missing = tuple(
            what
            for what, there in (
                ("the time", "eventTime" in held),
                ("the event source", "eventSource" in held),
                ("the caller", who or "errorMessage" in held),
                ("the Region", "awsRegion" in held),
                ("the account", "recipientAccountId" in held or who),
                ("the error message", self.has_message),
            )
            if not there and not whole
        )

    def fault(self) -> str | None:
        """Return what is missing without which no denial can be recognized; None if nothing is."""
        if not self.has_name and not self.has_message:
            return "no column with the event name and no column with the error message"
        if not self.has_error:
            return "no column with the error code and no column with the error message"
        return None

    def values(self, cells: Sequence[Any]) -> tuple[dict[str, Any], list[str]]:
        """Return the content of a row by member, and the columns whose cell cannot be read.

        A cell with the name of a member comes before one that only means the same.
        """
        found: dict[str, Any] = {}
        unreadable = []
        for place, name, member, kind in self._known:
            value = cells[place] if place < len(cells) else None
            if isinstance(value, str):
                value = value.strip()
            if value is None or value == "":
                continue
            if kind is not None:
                try:
                    value = parse_cell(value)
                except ValueError:
                    unreadable.append(name)
                    continue
                if member == "resources" and isinstance(value, str):
                    value = [{"ARN": value}]
                if value is not None and not isinstance(value, kind):
                    unreadable.append(name)
                    continue
            if value is not None:
                found.setdefault(member, value)
        return found, unreadable


def record_of_values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Put the content of a row together as a record; the members are those of CloudTrail."""
    record: dict[str, Any] = {}
    for member, value in found.items():
        if member == "resources.ARN":
            _put(record, ("resources",), [{"ARN": value}])
        elif member == "userIdentity.arn" and isinstance(value, str):
            _put_caller(record, value)
        elif member not in ("caller", "key", "record"):
            _put(record, _PATHS[member], _member(member, value))
    if isinstance(found.get("caller"), str):
        _put_caller(record, found["caller"])
    if isinstance(found.get("key"), str):
        _put_key(record, found["key"])
    _infer_type(record)
    name = record.get("eventName")
    if isinstance(name, str) and ":" in name:  # an IAM action, kms:CreateGrant
        service, _, record["eventName"] = name.partition(":")
        record.setdefault("eventSource", f"{service.casefold()}.amazonaws.com")
    source = record.get("eventSource")
    if source is None and _names_a_key(record.get("resources")):
        record["eventSource"] = KMS_EVENT_SOURCE
    elif isinstance(source, str) and "." not in source:
        record["eventSource"] = f"{source.casefold()}.amazonaws.com"
    return record


def complete_from_message(record: dict[str, Any]) -> None:
    """Add the event name, the source and the error code that the error message implies."""
    text = record.get("errorMessage")
    if not isinstance(text, str) or ("eventName" in record and record.get("errorCode")):
        return
    from ebs_kms_audit.messages import parse_denial_message
    from ebs_kms_audit.model import MessageKind

    message = parse_denial_message(text)
    if message.kind is not MessageKind.DENIAL:
        return
    service, _, action = (message.action or "").partition(":")
    if action and "eventName" not in record:
        record["eventName"] = action
        record.setdefault("eventSource", f"{service}.amazonaws.com")
    if record.get("eventSource", KMS_EVENT_SOURCE) == KMS_EVENT_SOURCE:
        record.setdefault("errorCode", "AccessDenied")


def _member(member: str, value: Any) -> Any:
    """Return the value of a cell as a record has it."""
    if member == "readOnly":
        return _flag(value)
    if member in _JSON:
        return spelled(value)
    text = value if isinstance(value, str) else str(value)
    return utc_time(text) if member == "eventTime" else text


def spelled(value: Any) -> Any:
    """Give the members of a JSON value the spelling that they have in a record.

    Athena writes them in small letters. An ARN among the resources has capital letters there.
    """
    if isinstance(value, list):
        return [_resource(one) if isinstance(one, dict) else one for one in value]
    if not isinstance(value, dict):
        return value
    return {
        _SPELLING.get(name.casefold(), name): spelled(inner) if isinstance(inner, dict) else inner
        for name, inner in value.items()
    }


def _resource(entry: dict[str, Any]) -> dict[str, Any]:
    return {"ARN" if name.casefold() == "arn" else name: inner for name, inner in entry.items()}


def _letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.casefold())


def _put(record: dict[str, Any], path: _Path, value: Any) -> None:
    """Set the member at a path, if the record has none there."""
    for part in path[:-1]:
        inner = record.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        record = inner
    record.setdefault(path[-1], value)


def _put_caller(record: dict[str, Any], value: str) -> None:
    """Set the member of userIdentity that the value is one of."""
    arn = Arn.parse(value)
    if arn and arn.service == "iam" and arn.resource_type == "role":
        _put(record, ("userIdentity", "sessionContext", "sessionIssuer", "type"), "Role")
        _put(record, ("userIdentity", "sessionContext", "sessionIssuer", "arn"), value)
    elif arn and arn.service in ("iam", "sts"):
        _put(record, ("userIdentity", "arn"), value)
    elif arn:
        _put_key(record, value)
    elif _SERVICE.fullmatch(value):
        _put(record, ("userIdentity", "invokedBy"), value)
    elif _UNIQUE_ID.fullmatch(value):
        _put(record, ("userIdentity", "principalId"), value)
    elif not value.startswith(("{", "[")):
        _put(record, ("userIdentity", "userName"), value)


def _put_key(record: dict[str, Any], value: str) -> None:
    arn = Arn.parse(value)
    if arn and arn.service in ("iam", "sts"):
        _put_caller(record, value)
    elif arn and arn.service == "kms" and "resources" not in record:
        record["resources"] = [{"ARN": value}]
    elif arn is None:
        parameters = record.get("requestParameters")
        if parameters is None or isinstance(parameters, dict):
            record["requestParameters"] = {"keyId": value, **(parameters or {})}


def _names_a_key(resources: Any) -> bool:
    """Return whether the resources name a KMS key, as those of no other service do."""
    entries = resources if isinstance(resources, list) else []
    arns = [Arn.parse(str(one.get("ARN"))) for one in entries if isinstance(one, dict)]
    return any(arn is not None and arn.service == "kms" for arn in arns)


def _infer_type(record: dict[str, Any]) -> None:
    """Set the type of the caller, which its ARN implies."""
    identity = record.get("userIdentity")
    if not isinstance(identity, dict) or identity.get("type"):
        return
    arn = Arn.parse(identity["arn"]) if isinstance(identity.get("arn"), str) else None
    issuer = identity.get("sessionContext")
    types = {"user": "IAMUser", "assumed-role": "AssumedRole", "federated-user": "FederatedUser"}
    if arn:
        found = "Root" if arn.resource == "root" else types.get(arn.resource_type)
    else:
        found = "AssumedRole" if issuer else None
    if found:
        identity["type"] = found


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "1": True, "0": False}.get(str(value).casefold())


def utc_time(text: str) -> str:
    """Return a time in ISO 8601. CloudTrail's times are in UTC, also where a query has no zone."""
    if _NO_ZONE.fullmatch(text):
        return f"{text}Z"
    if _EPOCH.fullmatch(text):
        seconds = float(text)
        seconds = seconds / 1000 if seconds > 1e11 else seconds
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    return text
