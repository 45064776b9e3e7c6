"""The text of a record → what decides whether it bears on a denial, without decoding the record.

Successful calls bear on few denials: EC2 calls near them, later successes of the same caller,
grants on the key, the AssumeRole call that returned the access key. The sketch of such a record
holds what it is chosen by. Only records that are written as CloudTrail writes them have a sketch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar

from ebs_kms_audit.aws.arns import is_region
from ebs_kms_audit.aws.kms_actions import EBS_KINDS, kms_action
from ebs_kms_audit.aws.relevance import Relevance
from ebs_kms_audit.reading.records.changes import CHANGES, GRANT_EVENTS
from ebs_kms_audit.reading.records.events import caller_in
from ebs_kms_audit.reading.records.fields import Fields
from ebs_kms_audit.reading.records.log_format import IDENTITY, IDENTITY_END, TIME, TIME_END

Kind = Literal["needless", "call", "success", "grant", "change", "session", "other"]
KINDS_OF_KMS: tuple[Kind, ...] = ("success", "grant", "change", "other")

_REQUEST = b'"requestParameters":'
# An error code would be between the user agent and the request.
_CALL = re.compile(
    rb'"eventSource":"([a-z0-9-]+\.amazonaws\.com)","eventName":"([A-Za-z]\w*)",'
    rb'"awsRegion":"([a-z0-9-]+)","sourceIPAddress":"([^"\\]*)",'
    rb'(?:"userAgent":"[^"\\]*+(?:\\.[^"\\]*+)*+",)?'
)
IDS = re.compile(
    rb'"requestID":"([ !#-\[\]-~]+)","eventID":"([ !#-\[\]-~]+)","readOnly":(true|false),'
)
FIRST_ID = b'"requestID":"'
_ACCOUNT_NAME = b'"recipientAccountId":"'
_ACCOUNT = re.compile(_ACCOUNT_NAME + rb'(\d{12})"')
_ERROR = b'"errorCode"'
_KEY_NAMES = (b'"keyId":"', b'"ARN":"', b'"kmsKeyId":"')
_GRANTS = {"grant": b'"granteePrincipal":"', "change": b'"grantId":"'}
_ROLE_ASKED = re.compile(
    rb'\{"roleArn":"arn:aws[a-z-]*:iam::\d{12}:role/(?!aws-service-role/)[\w+=,.@/-]+"'
)
_ROLE_NAMED = b'"roleName"'
_KEY_RETURNED = re.compile(rb'"accessKeyId":"([A-Z0-9]+)"')
_ATTRIBUTES = rb'"attributes":\{(?:"\w+":"[\w:-]*"(?:,"\w+":"[\w:-]*")*)?\}'
# The order in which CloudTrail writes the fields. Before 2020, the attributes were first.
_ROLE_SESSION = re.compile(
    rb'\{"type":"AssumedRole","principalId":"[\w+=,.@:-]+",'
    rb'"arn":"(arn:aws[a-z-]*:sts::\d{12}:assumed-role/(?:aws:)?[\w+=,.@-]+/([\w+=,.@-]+))",'
    rb'"accountId":"\d{12}",(?:"accessKeyId":"[A-Z0-9]*",)?"sessionContext":\{'
    rb"(?:" + _ATTRIBUTES + rb',)?"sessionIssuer":\{"type":"Role","principalId":"[\w:-]+",'
    rb'"arn":"(arn:aws[a-z-]*:iam::\d{12}:role/(?:aws:)?[\w+=,.@/-]*[\w+=,.@-])",'
    rb'"accountId":"\d{12}"(?:,"userName":"[\w+=,.@:-]*")?\}'
    rb'(?:,"webIdFederationData":\{(?:"federatedProvider":"[\w.:/-]+",' + _ATTRIBUTES + rb")?\})?"
    rb"(?:," + _ATTRIBUTES + rb')?(?:,"ec2RoleDelivery":"[0-9.]+")?\}'
    rb'(?:,"invokedBy":"[\w ./-]*")?\}'
)
_ACCESS_KEY, _CREATED, _CHANGING = b'"accessKeyId":"', b'"creationDate":"', 20
_TIME_CHARACTERS = b"0123456789-:TZ"
_KEPT, _CALLS_KEPT = 4_000, 16_000  # of about 700 bytes, and of 250

_Caller = tuple[str | None, str | None, str | None]
"""User name, ARN of the role of a session, and that ARN or the caller's ARN."""
_Keys = tuple[bytes, ...]
_T = TypeVar("_T")


class Parts(dict[bytes, _T]):
    """Parts of records that many records share → what `read` finds in each. `most` are kept."""

    def __init__(self, read: Callable[[bytes], _T], most: int = _KEPT) -> None:
        super().__init__()
        self._read = read
        self._most = most

    def __missing__(self, part: bytes) -> _T:
        if len(self) >= self._most:
            self.clear()
        found = self[part] = self._read(part)
        return found


class _Call(NamedTuple):
    """The part of a record from its Event source to its request.

    like     Event source, Event name and Region, joined by quotes
    address  the Source IP address if it is the name of a service; empty if it is a number
    """

    like: bytes
    address: bytes


class _End(NamedTuple):
    """The part of a record after its ids and `readOnly`.

    account  the account
    keys     how it names keys
    """

    account: bytes
    keys: _Keys


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
    def region(self) -> str:
        """The Region."""
        return self.alike[2]

    @property
    def account(self) -> str:
        """The account."""
        return self.alike[3]

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
    """Makes the sketches of records. A part that many records share is read once."""

    def __init__(self) -> None:
        self._calls = Parts(_call_in, _CALLS_KEPT)
        self._requests = Parts(_keys_in)
        self._ends = Parts(_end_in)
        self._callers = Parts(_caller_in)
        self._likes: dict[bytes, bytes] = {}  # so that sketches share one object

    def sketch(
        self, kind: Kind, number: int, text: bytes, begin: int, source: int, end: int
    ) -> Sketch | None:
        """Return the sketch of a record; None if it must be decoded.

        The record begins at `begin`, its Event source at `source`, and its last brace is at `end`.
        """
        at = text.rfind(FIRST_ID, source, end)
        ids = IDS.match(text, at, end)
        request = text.find(_REQUEST, source, at)
        if ids is None or request == -1:
            return None
        call = self._calls[text[source:request]]
        if call is None:
            return None
        rest = self._ends[text[ids.end() : end]]
        caller = self._callers[_without_changing(text[begin + IDENTITY : source - IDENTITY_END])]
        if rest is None or caller is None:
            return None
        asked = text[request:at]
        # The requests of other calls are hardly ever equal.
        keys = self._requests[asked] if kind == "success" else _keys_in(asked)
        if keys is None:
            return None
        if kind == "session":
            keys = ()
        elif kind != "call" and keys != rest.keys:
            keys = tuple(sorted({*keys, *rest.keys}))
        chosen_by, grant = ids[1].decode(), ""
        if kind == "session":
            returned = _key_returned(text, request, end)
            if returned is None or _ROLE_ASKED.match(asked, len(_REQUEST)) is None:
                return None
            chosen_by = returned
        elif kind in _GRANTS:
            named = _texts_after(asked, _GRANTS[kind])
            named |= _texts_after(text[ids.end() : end], _GRANTS[kind])
            if len(named) > 1 or not all(map(_is_plain, (*named, *keys))):
                return None
            grant, chosen_by = b"".join(named).decode(), ids[2].decode()
        name, issuer, arn = caller
        like = b'"'.join((call.like, rest.account, ids[3], *keys))
        if len(self._likes) >= _KEPT:
            self._likes.clear()
        return Sketch(
            kind,
            number,
            self._likes.setdefault(like, like),
            text[source - TIME : source - TIME_END],
            name,
            issuer,
            (arn, call.address),
            chosen_by,
            grant,
        )


def _call_in(part: bytes) -> _Call | None:
    """Read the part from the Event source to the request; None if it is in doubt."""
    call = _CALL.fullmatch(part)
    if call is None or not is_region(call[3].decode()):
        return None
    address = call[4]
    return _Call(b'"'.join(call.group(1, 2, 3)), b"" if _is_number(address) else address)


def _keys_in(request: bytes) -> _Keys | None:
    """Return how a request and its response name keys; None if there is an error code."""
    if _ERROR in request:
        return None
    return tuple(sorted(_texts_after(request, *_KEY_NAMES)))


def _texts_after(part: bytes, *names: bytes) -> set[bytes]:
    """Return the texts that follow names in a part of a record."""
    found = set()
    for name in names:
        at = part.find(name)
        while at != -1:
            begin = at + len(name)
            at = part.find(b'"', begin)
            found.add(part[begin:at])
            at = part.find(name, at)
    return found


def _end_in(part: bytes) -> _End | None:
    """Read the part after the ids; None if it is in doubt."""
    account = _ACCOUNT.match(part, max(part.rfind(_ACCOUNT_NAME), 0))
    keys = _keys_in(part)
    return _End(account[1], keys) if account and keys is not None else None


def _is_number(address: bytes) -> bool:
    return address.replace(b".", b"").isdigit()


def _without_changing(identity: bytes) -> bytes:
    """Return a userIdentity without what differs between sessions with the same name."""
    key = identity.find(_ACCESS_KEY) + len(_ACCESS_KEY)
    created = identity.find(_CREATED, key) + len(_CREATED)
    after_key, after_created = key + _CHANGING, created + _CHANGING
    varied = identity[key:after_key]
    if (
        len(_ACCESS_KEY) <= key < created
        and varied.isalnum()
        and varied.isupper()
        and not identity[created:after_created].translate(None, _TIME_CHARACTERS)
    ):
        return identity[:key] + identity[after_key:created] + identity[after_created:]
    return identity


def _caller_in(identity: bytes) -> _Caller | None:
    """Return the caller in a userIdentity; None if it is in doubt."""
    session = _ROLE_SESSION.fullmatch(identity)
    if session is None:
        return _decoded_caller(identity)
    issuer = session[3].decode()
    return session[2].decode(), issuer, issuer


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
