"""The events of a generated input, newest first, with known KMS denials in clusters.

They include what misleads a fast reader: denied events of other services, KMS words in other
columns, and user agents with a newline and a forged row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from tests.benchmark.callers import ACCOUNTS, REGIONS, Caller, Callers
from tests.sample_incident import ACCOUNT

_BATCH = 500
_END = datetime(2026, 5, 18, 12)
_EC2 = "ec2-frontend-api.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class Mix:
    """The share of each kind of event, in thousandths. All other events are ordinary."""

    denied: float = 2.0
    """KMS denials, in clusters with EC2 calls and other events around them."""
    one_team: bool = False
    """Whether the denied callers are one team. Else they are half of the account."""
    other_denied: float = 10.0
    """Denials by other services."""
    kms: float = 8.0
    """KMS events that succeeded."""
    kms_failed: float = 0.2
    """KMS events with an error that is not a denial."""
    throttled: float = 0.0
    """KMS events with a ThrottlingException, in exports with a filter."""
    changes: float = 0.3
    """Changes of KMS keys and their policies."""
    ebs: float = 10.0
    """EC2 calls that use EBS volumes."""
    launches: float = 0.0
    """RunInstances calls."""
    assume_role: float = 0.5
    """Roles assumed by any caller."""
    users: float = 20.0
    """Ordinary events by IAM users."""
    words: float = 3.0
    """Ordinary events with words of a KMS denial in other columns."""
    forged: float = 0.5
    """Ordinary events with a forged row in the user agent."""
    named: float = 20.0
    """KMS events with their key in Resources. Denied events have it in three of ten rows."""
    organization: bool = False
    """Whether the ordinary events are of 120 accounts in 17 Regions. Else they are of few."""
    filtered: bool = False
    """Whether the export has the filter Event source = kms.amazonaws.com."""
    spreadsheet: bool = False
    """Whether a spreadsheet saved the export: with damaged account ids, and dates of a country."""


MIXES = {
    "typical": Mix(),
    # an account that uses IAM users: a third of the rows have their access keys
    "users": Mix(users=330.0),
    # an account with Auto Scaling and EKS: a third of the rows are RunInstances calls
    "busy": Mix(launches=333.0),
    # an account whose callers assume roles: a third of the rows return access keys
    "roles": Mix(assume_role=330.0),
    # an organization: 120 accounts in 17 Regions
    "organization": Mix(organization=True),
    # an export that was opened in a spreadsheet and saved
    "spreadsheet": Mix(spreadsheet=True),
    # exports with the filter Event source = kms.amazonaws.com; the number is the percentage denied
    "dense-0.5": Mix(denied=5.0, kms_failed=3.0, changes=1.0, filtered=True),
    "dense-6": Mix(denied=60.0, kms_failed=3.0, changes=1.0, filtered=True),
    # as dense-0.5, in an account that reaches its quota of KMS requests: 30 % are throttled
    "dense-throttled": Mix(denied=5.0, kms_failed=3.0, throttled=300.0, changes=1.0, filtered=True),
    # as dense-6, but the callers that are denied are 12
    "dense-6-team": Mix(denied=60.0, one_team=True, kms_failed=3.0, changes=1.0, filtered=True),
    # as dense-6, but every row has the key in Resources, which real exports seldom have
    "dense-6-named": Mix(denied=60.0, kms_failed=3.0, changes=1.0, named=1000.0, filtered=True),
}
# A trail records read-only events as well: Decrypt and AssumeRole are among the most frequent.
LOG_MIXES = {
    "typical": Mix(kms=20.0, assume_role=30.0, forged=0),
    # an account that encrypts all it has: half of the records are KMS events
    "kms": Mix(kms=500.0, assume_role=100.0, ebs=30.0, forged=0),
}


class Event(NamedTuple):
    """One event: `at` is in seconds before the end, `session` is what AssumeRole returns."""

    at: float
    caller: Caller
    source: str
    name: str
    ip: str
    agent: str
    error: str = ""
    resources: str = "[]"
    read_only: bool = False
    request: str = ""
    kms_key: str = ""
    session: Caller | None = None

    @property
    def region(self) -> str:
        """The Region of the KMS key, or else of the caller."""
        return self.kms_key.split(":")[3] if self.kms_key else self.caller.region

    @property
    def denied(self) -> bool:
        """Whether this is a KMS denial, which each contestant counts."""
        return self.source == "kms" and self.error.startswith("AccessDenied")

    @property
    def time(self) -> str:
        """The Event time."""
        return (_END - timedelta(seconds=int(self.at))).isoformat() + "Z"


_ORDINARY = (
    ("logs", "CreateLogStream"), ("logs", "CreateLogGroup"), ("ec2", "CreateTags"),
    ("ec2", "CreateNetworkInterface"), ("s3", "PutBucketPolicy"), ("lambda", "UpdateFunctionCode"),
    ("ecs", "RegisterTaskDefinition"), ("ssm", "UpdateInstanceInformation"),
    ("dynamodb", "UpdateTable"), ("elasticloadbalancing", "RegisterTargets"),
)  # fmt: skip
_OTHER_DENIED = (
    ("s3", "PutBucketPolicy", "AccessDenied"), ("dynamodb", "UpdateTable", "AccessDenied"),
    ("iam", "CreateUser", "AccessDenied"), ("ssm", "PutParameter", "AccessDenied"),
    ("ec2", "CreateTags", "Client.UnauthorizedOperation"),
    ("ec2", "RunInstances", "Client.UnauthorizedOperation"),
)  # fmt: skip
_KMS = (
    *[("Decrypt", True)] * 9, *[("GenerateDataKey", True)] * 3, *[("CreateGrant", False)] * 2,
    *[("RetireGrant", False)] * 2, *[("DescribeKey", True)] * 2,
    ("GenerateDataKeyWithoutPlaintext", True), ("Encrypt", True), ("ListGrants", True),
)  # fmt: skip
_CHANGES = (
    "PutKeyPolicy", "DisableKey", "EnableKey", "ScheduleKeyDeletion", "CancelKeyDeletion",
    "RevokeGrant", "TagResource", "UpdateKeyDescription",
)  # fmt: skip
_KMS_ERRORS = ("NotFoundException", "DisabledException", "KMSInvalidStateException")
# The KMS calls that EC2 makes for the caller, by EC2 call.
_ASKED = {
    "CreateVolume": (("GenerateDataKeyWithoutPlaintext", True), ("Decrypt", True)),
    "AttachVolume": (("CreateGrant", False),),
    "RunInstances": (("CreateGrant", False), ("GenerateDataKeyWithoutPlaintext", True),
                     ("DescribeKey", True)),
}  # fmt: skip
_EC2_CALLS = tuple(_ASKED)
_EBS = (*_EC2_CALLS, "CreateSnapshot", "CopySnapshot", "DeleteVolume")
_LAUNCHED = ("Ami", "Subnet", "SecurityGroup", "NetworkInterface", "VPC", "KeyPair")
_PLACES = tuple(dict.fromkeys((account, region) for account in ACCOUNTS for region in REGIONS))
_KEYS = tuple(
    f"arn:aws:kms:{region}:{account}:key/{1000 + number:08x}-12ab-34cd-56ef-1234567890ab"
    for number, (account, region) in enumerate(_PLACES * 2)
)
_ORGANIZATION = tuple(f"{900_000_000_000 + 7_777_777 * number}" for number in range(120))
_ALL_REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-1",
    "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "ap-south-1", "ap-northeast-1",
    "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2",
)  # fmt: skip
_FORGED = (
    "curl/8.5\nmallory,{key},2026-05-18T07:00:34Z,kms.amazonaws.com,Decrypt,us-east-1,"
    "198.51.100.9,curl,AccessDenied,[],r,e,true,AwsApiCall,{account},Management\ncurl"
)


class Source:
    """An endless source of events. The same mix and seed give the same events."""

    def __init__(self, mix: Mix, seed: int = 5) -> None:
        self._mix = mix
        self._random = Random(seed)
        self._callers = Callers(self._random)
        self._one = self._callers.one
        self._owed = 0.0  # denials that the share of the mix still needs
        self._due: list[Callable[[], list[Event]]] = []  # what the next batch includes
        self._begin = self._end = 0.0  # of the batch, in seconds before _END
        kinds: list[Callable[[], Event]]
        if mix.filtered:
            kinds, self._rest = [self._kms_failed, self._throttled, self._changes], self._kms
        else:
            kinds = [self._other_denied, self._kms, self._kms_failed, self._changes, self._ebs,
                     self._launches, self._assume_role, self._users, self._words]  # fmt: skip
            self._rest = self._ordinary
        self._thresholds: list[tuple[float, Callable[[], Event]]] = []
        reached = 0.0
        for kind in (*kinds, self._forged):
            reached += getattr(mix, kind.__name__.lstrip("_")) / 1000
            self._thresholds.append((reached, kind))

    def __iter__(self) -> Iterator[Event]:
        while True:
            yield from sorted(self._batch(), key=lambda event: event.at)

    def new_id(self) -> str:
        """Return an id in the form of a UUID."""
        text = f"{self._random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _batch(self) -> list[Event]:
        hour = (_END - timedelta(seconds=self._end)).hour
        # There are more events by day than by night.
        self._begin, self._end = self._end, self._end + _BATCH * (0.4 if 8 <= hour < 19 else 1.6)
        self._callers.rotate()
        due, self._due = self._due, []
        found = [event for make in due for event in make()]
        self._owed += _BATCH * self._mix.denied / 1000
        self._owed -= sum(event.denied for event in found)
        while self._owed > 0:
            cluster = self._cluster()
            self._owed -= sum(event.denied for event in cluster)
            found += cluster
        if self._mix.filtered:
            found = [event for event in found if event.source == "kms"]
        random, thresholds, last = self._random.random, self._thresholds, self._thresholds[-1][0]
        for _ in range(_BATCH - len(found)):
            number = random()
            if number >= last:
                found.append(self._rest())
            else:
                found.append(next(make for share, make in thresholds if number < share)())
        return found

    def _cluster(self) -> list[Event]:
        """Return denials of one caller in a burst. Related older events are in the next batch."""
        team = self._callers.team
        caller = self._one(team) if self._mix.one_team else self._callers.denied()
        if self._random.random() < 0.02:  # a caller from another account
            caller = caller._replace(account=self._one(ACCOUNTS))
        key = self._key(caller, self._random.random() < 0.8)
        call = self._one(_EC2_CALLS)
        number = self._random.random()
        if number < 0.15:  # a success after the denials
            self._due.append(lambda: self._burst(caller, key, call))
            name, read_only = self._one(_ASKED[call])
            return [self._kms_event(self._at(), caller, name, read_only, key)]
        if number < 0.25:  # a key change before the denials
            self._due.append(lambda: [self._changes(key)])
        if caller.key.startswith("ASIA") and number > 0.6:
            self._due.append(lambda: [self._assume_role(caller)])
        return self._burst(caller, key, call)

    def _burst(self, caller: Caller, key: str, call: str) -> list[Event]:
        """Return an EC2 call, its denials, and the retries within a few seconds."""
        at = self._at()
        times = 1 + int(self._random.random() ** 3 * 12)
        found = []
        error = "AccessDenied" if self._random.random() < 0.9 else "AccessDeniedException"
        for _ in range(times):
            found.append(self._event("ec2", call, caller, at=at))
            request = self.new_id()
            for name, read_only in _ASKED[call]:
                at = max(self._begin, at - self._random.random() * 2)
                found.append(
                    self._kms_event(at, caller, name, read_only, key, error, request)
                )  # fmt: skip
            at = max(self._begin, at - self._random.random() * 4)
        return found

    def _at(self) -> float:
        return self._begin + self._random.random() * (self._end - self._begin)

    def _key(self, caller: Caller, near: bool) -> str:
        """Return a KMS key, in the caller's account and Region if `near`."""
        if not near:
            return self._one(_KEYS)
        start = f"arn:aws:kms:{caller.region}:{caller.account}:"
        return self._one([key for key in _KEYS if key.startswith(start)])

    def _kms_event(self, at, caller, name, read_only, key, error="", request="") -> Event:
        # Most denials of EBS users come from calls that EC2 forwards.
        through = self._random.random() < (0.97 if error else 0.7)
        ip, agent = (_EC2, _EC2) if through else (caller.ip, caller.agent)
        named = self._random.random() < max(self._mix.named / 1000, 0.3 if error else 0)
        resources = _entries([("AWS::KMS::Key", key)]) if named else "[]"
        return Event(at, caller, "kms", name, ip, agent, error, resources, read_only, request, key)

    def _event(self, source, name, caller=None, at=None, **more) -> Event:
        caller = caller or self._callers.any()
        facts = {"ip": caller.ip, "agent": caller.agent} | more
        return Event(self._at() if at is None else at, caller, source, name, **facts)

    def _ordinary(self, caller: Caller | None = None, **more) -> Event:
        source, name = self._one(_ORDINARY)
        number = self._random.getrandbits(60)
        if number % 3:
            more.setdefault(
                "resources", _entries([(f"AWS::{source.upper()}::Thing", f"x-{number:x}")])
            )
        if self._mix.organization:
            caller = (caller or self._callers.any())._replace(
                account=self._one(_ORGANIZATION), region=self._one(_ALL_REGIONS)
            )
        return self._event(source, name, caller, **more)

    def _users(self) -> Event:
        return self._ordinary(self._callers.user())

    def _other_denied(self) -> Event:
        source, name, error = self._one(_OTHER_DENIED)
        return self._event(source, name, error=error)

    def _kms(self) -> Event:
        name, read_only = self._one(_KMS)
        caller = self._callers.any()
        key = self._key(caller, near=True)
        return self._kms_event(self._at(), caller, name, read_only, key)

    def _kms_failed(self) -> Event:
        return self._kms()._replace(error=self._one(_KMS_ERRORS))

    def _throttled(self) -> Event:
        return self._kms()._replace(error="ThrottlingException")

    def _changes(self, key: str = "") -> Event:
        caller = self._callers.any()
        key = key or self._key(caller, near=True)
        resources = _entries([("AWS::KMS::Key", key.rpartition("/")[2])])
        return self._event(
            "kms", self._one(_CHANGES), caller, resources=resources, kms_key=key
        )  # fmt: skip

    def _ebs(self) -> Event:
        return self._event("ec2", self._one(_EBS), resources=self._volume())

    def _launches(self) -> Event:
        number = self._random.getrandbits(60)
        entries = [("AWS::EC2::Instance", f"i-0{number:x}")]
        entries += [(f"AWS::EC2::{kind}", f"{kind.lower()}-0{number:x}")
                    for kind in _LAUNCHED[:number % 7]]  # fmt: skip
        caller = self._callers.launching()
        error = self._one(("", "", "", "", "", "", "", "Client.InstanceLimitExceeded"))
        return self._event(
            "ec2", "RunInstances", caller, error=error,
            resources="[]" if error else _entries(entries),
        )  # fmt: skip

    def _volume(self) -> str:
        return _entries([("AWS::EC2::Volume", f"vol-0{self._random.getrandbits(64):016x}")])

    def _assume_role(self, caller: Caller | None = None) -> Event:
        caller = caller or self._one(self._callers.sessions)
        resources = _entries([
            ("AWS::IAM::AccessKey", caller.key),
            ("AWS::STS::AssumedRole", f"AROA2NCBAL3RPBAGXM7CZ:{caller.name}"),
            ("AWS::STS::AssumedRole", caller.name),
            ("AWS::STS::AssumedRole", caller.arn),
            ("AWS::IAM::Role", f"arn:aws:iam::{caller.account}:role/{caller.role}"),
        ])  # fmt: skip
        return self._event(
            "sts", "AssumeRole", self._callers.service(), resources=resources, read_only=True,
            session=caller,
        )  # fmt: skip

    def _words(self) -> Event:
        return self._ordinary(
            **self._one((
                {"caller": Caller("AccessDenied", "", ACCOUNT, "us-east-1", "198.51.100.9", "x")},
                {"ip": "kms.amazonaws.com", "agent": "kms.amazonaws.com"},
                {"agent": "kms.amazonaws.com, Decrypt, AccessDenied"},
                {"resources": _entries([("AWS::KMS::Key", "kms.amazonaws.com/AccessDenied")])},
            ))
        )  # fmt: skip

    def _forged(self) -> Event:
        agent = _FORGED.format(key=self._one(self._callers.users).key, account=ACCOUNT)
        return self._rest()._replace(agent=agent)


def _entries(entries: list[tuple[str, str]]) -> str:
    return json.dumps(
        [{"resourceType": kind, "resourceName": name} for kind, name in entries],
        separators=(",", ":"),
    )
