"""The text of a record → what decides whether it bears on a denial, without decoding the record.

Successful calls bear on few denials: EC2 calls near them, later successes of the same caller,
grants on the key, the AssumeRole call that returned the access key. The sketch of such a record
holds what it is chosen by. Only records that are written as CloudTrail writes them have a sketch.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Literal, NamedTuple

from ebs_kms_audit.aws.arns import is_region
from ebs_kms_audit.aws.kms_actions import EBS_KINDS, kms_action
from ebs_kms_audit.aws.relevance import Relevance
from ebs_kms_audit.reading.records.changes import CHANGES, GRANT_EVENTS
from ebs_kms_audit.reading.records.events import caller_in
from ebs_kms_audit.reading.records.fields import Fields

Kind = Literal["needless", "call", "success", "grant", "change", "session", "other"]

_REQUEST = b'"requestParameters":'
# An error code would be between the user agent and the request.
_CALL = re.compile(
    rb'"eventSource":"([a-z0-9-]+\.amazonaws\.com)","eventName":"([A-Za-z]\w*)",'
    rb'"awsRegion":"([a-z0-9-]+)","sourceIPAddress":"([^"\\]*)",'
    rb'(?:"userAgent":"[^"\\]*+(?:\\.[^"\\]*+)*+",)?' + _REQUEST
)
_IDS = re.compile(
    rb'"requestID":"([ !#-\[\]-~]+)","eventID":"([ !#-\[\]-~]+)","readOnly":(true|false),'
)
_ACCOUNT = re.compile(rb'"recipientAccountId":"(\d{12})"')
_KEY = re.compile(rb'"(?:ARN|keyId|kmsKeyId)":"([^"]*)"')
_GRANTS = {
    "grant": re.compile(rb'"granteePrincipal":"([^"]*)"'),
    "change": re.compile(rb'"grantId":"([^"]*)"'),
}
_ROLE_ASKED = re.compile(
    rb'\{"roleArn":"arn:aws[a-z-]*:iam::\d{12}:role/(?!aws-service-role/)[\w+=,.@/-]+"'
)
_ROLE_NAMED = b'"roleName"'
_KEY_RETURNED = re.compile(rb'"accessKeyId":"([A-Z0-9]+)"')
_ROLE_SESSION = re.compile(
    rb'\{"type":"AssumedRole","principalId":"[A-Z0-9]+:[^"\\]*",'
    rb'"arn":"(arn:aws[a-z-]*:sts::\d{12}:assumed-role/[\w+=,.@-]+/([\w+=,.@-]+))",'
    rb'"accountId":"\d{12}",(?:"accessKeyId":"[A-Z0-9]+",)?"sessionContext":\{"sessionIssuer":'
    rb'\{"type":"Role","principalId":"[A-Z0-9]+","accountId":"\d{12}",'
    rb'"arn":"(arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]*[\w+=,.@-])"(?:,"userName":"[^"\\]*")?'
    rb'\}(?:,"webIdFederationData":\{\})?,"attributes":\{[^{}\\]*\}\}'
    rb'(?:,"invokedBy":"[^"\\]*")?\}'
)
_KEPT = 4_000  # of about 700 bytes

_Caller = tuple[str | None, str | None, str | None]


class Sketch(NamedTuple):
    """What is known of a record that is not decoded. `marshal` takes it as a tuple.

    kind    call of EC2, success of KMS, creation of a grant, change of a key that ends a grant,
            AssumeRole session, or another call that is only counted
    number  the number of the record in its file
    like    what records that are counted together have in common, joined by quotes: Event source,
            Event name, Region, account, whether the call is read-only, and how its keys are named
    time    the Event time
    caller  the User name, or None
    issuer  the ARN of the role of a session, or None
    who     what the successes have in common of which only the last counts
    id      the Request ID; of a session the access key that was returned; of a grant or change the
            Event ID
    grant   of a grant the grantee, of a change the id of the grant; empty without one
    """

    kind: Kind
    number: int
    like: bytes
    time: bytes
    caller: str | None
    issuer: str | None
    who: tuple[str | None, bytes]
    id: str
    grant: str

    @property
    def alike(self) -> list[str]:
        """The parts of `like`."""
        return self.like.decode("utf-8", "backslashreplace").split('"')

    @property
    def name(self) -> str:
        """The Event name."""
        return self.alike[1]

    @property
    def place(self) -> tuple[str, str]:
        """The account and the Region."""
        _, _, region, account, *_ = self.alike
        return account, region

    @property
    def key_ids(self) -> list[str]:
        """The ids of the keys, and the names of aliases."""
        return [key.rpartition("/")[2] for key in self.alike[5:]]

    @property
    def seconds(self) -> float:
        """The Event time in seconds since 1970."""
        return datetime.fromisoformat(self.time.decode()).timestamp()


def kind_of(why: Relevance, name: str) -> Kind | None:
    """Return the kind of the sketch of a successful call; None if its record must be decoded."""
    if why.kms and name in GRANT_EVENTS:
        return "grant" if name == "CreateGrant" else "change"
    if why.role_change or why.iam_user or why.key_change or name in CHANGES:
        return None
    if why.ec2_call:
        return "call"
    if why.assume_role:
        return "session"
    used = kms_action(name).kind in EBS_KINDS
    return "success" if used else "other"


class Sketcher:
    """Makes the sketches of records."""

    def __init__(self) -> None:
        self._callers: dict[bytes, _Caller | None] = {}
        self._regions: dict[bytes, bool] = {}
        self._likes: dict[bytes, bytes] = {}  # so that sketches share one object

    def sketch(
        self, kind: Kind, number: int, text: bytes, begin: int, source: int, end: int
    ) -> Sketch | None:
        """Return the sketch of a record; None if it must be decoded.

        The record begins at `begin`, its Event source at `source`, and its last brace is at `end`.
        """
        call = _CALL.match(text, source, end)
        ids = _IDS.match(text, text.rfind(b'"requestID":"', source, end), end)
        account = _ACCOUNT.match(text, text.rfind(b'"recipientAccountId":"', source, end), end)
        if call is None or ids is None or account is None:
            return None
        if text.find(b'"errorCode"', call.end(), end) != -1 or not self._is_region(call[3]):
            return None
        caller = self._caller(text[begin + 38 : source - 36])
        if caller is None:
            return None
        name, issuer, arn = caller
        keys: list[bytes] = []
        chosen_by, grant = ids[1].decode(), ""
        if kind == "session":
            returned = _key_returned(text, call.end(), end)
            if returned is None or _ROLE_ASKED.match(text, call.end(), end) is None:
                return None
            chosen_by = returned
        elif kind != "call":
            keys = sorted(set(_KEY.findall(text, call.end(), end)))
        if kind in _GRANTS:
            named = set(_GRANTS[kind].findall(text, call.end(), end))
            if len(named) > 1 or not all(map(_is_plain, (*named, *keys))):
                return None
            grant, chosen_by = b"".join(named).decode(), ids[2].decode()
        address = call[4]
        like = b'"'.join((call[1], call[2], call[3], account[1], ids[3], *keys))
        if len(self._likes) >= _KEPT:
            self._likes.clear()
        return Sketch(
            kind,
            number,
            self._likes.setdefault(like, like),
            text[source - 22 : source - 2],
            name,
            issuer,
            (arn, b"" if address.replace(b".", b"").isdigit() else address),
            chosen_by,
            grant,
        )

    def _is_region(self, region: bytes) -> bool:
        found = self._regions.get(region)
        if found is None:
            found = self._regions[region] = is_region(region.decode())
        return found

    def _caller(self, identity: bytes) -> _Caller | None:
        """Return User name, ARN of the role, and ARN of the caller; None if they are in doubt."""
        if identity in self._callers:
            return self._callers[identity]
        session = _ROLE_SESSION.fullmatch(identity)
        caller: _Caller | None
        if session is not None:
            issuer = session[3].decode()
            caller = session[2].decode(), issuer, issuer
        else:
            caller = _decoded_caller(identity)
        if len(self._callers) >= _KEPT:
            self._callers.clear()
        self._callers[identity] = caller
        return caller


def _is_plain(text: bytes) -> bool:
    """Return whether a text of JSON is what it stands for: nothing in it is escaped."""
    return text.isascii() and b"\\" not in text


def _key_returned(text: bytes, begin: int, end: int) -> str | None:
    """Return the access key that AssumeRole returned; None if it is not the only one."""
    at = text.find(b'"accessKeyId":', begin, end)
    found = _KEY_RETURNED.match(text, at, end) if at != -1 else None
    if (
        found is None
        or text.find(b'"accessKeyId":', found.end(), end) != -1
        or text.find(_ROLE_NAMED, begin, end) != -1
    ):
        return None
    return found[1].decode()


def _decoded_caller(identity: bytes) -> _Caller | None:
    try:
        content: Any = json.loads(identity)
    except (ValueError, RecursionError):
        return None
    return caller_in(Fields.of({"userIdentity": content})) if isinstance(content, dict) else None
