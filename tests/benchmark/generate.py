"""Makes exports and trail logs of any size: the same bytes from run to run, with known answers.

They are shaped like real ones (16 columns, newest first, no newline after the last row, quoted user
agents with commas, Resources as JSON), and hold what a quick reader may fall for: denied rows of
other services, KMS words in other columns, and user agents that hold a newline and a forged row.
Every account, name and id is invented.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

from tests.make_samples import ACCOUNT, HEADER, access_key

MB = 1_000_000
_VERSION = 1  # of what is generated: files of another version are not used again
_BATCH = 4000
_END = datetime(2026, 5, 18, 12)


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How often each kind of event comes, in events of a thousand; the rest is ordinary."""

    kms_denied: float = 2.0
    other_denied: float = 10.0
    kms: float = 8.0
    ebs: float = 10.0
    assume_role: float = 0.5
    long_term: float = 20.0
    words: float = 3.0
    forged: float = 0.5


MIXES = {
    "typical": Mix(),
    # the export of an account that works with IAM users: a third of the rows has their keys
    "users": Mix(long_term=330.0),
    # the export with the filter Event source = kms.amazonaws.com: every row is a KMS row
    "dense": Mix(kms_denied=50.0, kms=949.5, other_denied=0, ebs=0, assume_role=0, long_term=0,
                 words=0),
}  # fmt: skip
# A trail records read-only events as well: Decrypt and AssumeRole are among the most frequent.
LOG_MIX = Mix(kms=20.0, assume_role=30.0, forged=0)


@dataclass(frozen=True)
class Made:
    """A generated input, and what is known of it: events, and denied KMS events among them."""

    path: str
    size: int
    events: int
    denied: int


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One event, as a row or a record will tell it."""

    source: str
    name: str
    user: str
    key: str
    ip: str
    agent: str
    error: str = ""
    resources: str = "[]"
    read_only: bool = False
    region: str = "us-east-1"

    @property
    def denied(self) -> bool:
        """Whether it is what every contestant has to find."""
        return self.source == "kms" and self.error.startswith("AccessDenied")


_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0",
    "aws-cli/2.27.1 md/awscrt#0.26.1 ua/2.1 os/linux#5.10 md/arch#x86_64 lang/python#3.13.2",
    "Boto3/1.38.0 md/Botocore#1.38.0 ua/2.1 os/linux#5.10 md/arch#aarch64 lang/python#3.12.9",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.0 (+https://www.terraform.io) terraform-provider-aws/5.9",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.7 Linux/5.10, vendor/Oracle_Corporation]",
    "AWS Internal",
)
_SERVICES = ("lambda.amazonaws.com", "autoscaling.amazonaws.com", "ecs-tasks.amazonaws.com")
_EC2 = "ec2-frontend-api.amazonaws.com"
_REGIONS = ("us-east-1", "us-east-1", "us-east-1", "eu-west-1", "ap-southeast-2")
_ROLES = [f"{team}-{job}" for team in ("billing", "search", "media", "core", "data", "edge")
          for job in ("deploy", "worker", "nightly", "api", "etl", "backup")]  # fmt: skip
_USERS = [f"user-{number:02d}" for number in range(24)]
_ROLE_KEYS = {role: access_key("ASIA", ACCOUNT, role) for role in _ROLES}
_USER_KEYS = {user: access_key("AKIA", ACCOUNT, user) for user in _USERS}
_ORDINARY = (
    ("logs", "CreateLogStream"), ("logs", "CreateLogGroup"), ("ec2", "CreateTags"),
    ("ec2", "CreateNetworkInterface"), ("s3", "PutBucketPolicy"), ("lambda", "UpdateFunctionCode"),
    ("ecs", "RegisterTaskDefinition"), ("ssm", "UpdateInstanceInformation"),
    ("dynamodb", "UpdateTable"), ("elasticloadbalancing", "RegisterTargets"),
)  # fmt: skip
_REFUSED = (
    ("s3", "PutBucketPolicy", "AccessDenied"), ("dynamodb", "UpdateTable", "AccessDenied"),
    ("iam", "CreateUser", "AccessDenied"), ("ssm", "PutParameter", "AccessDenied"),
    ("ec2", "CreateTags", "Client.UnauthorizedOperation"),
)  # fmt: skip
_KMS_ASKED = (
    ("CreateGrant", False), ("GenerateDataKeyWithoutPlaintext", True), ("Decrypt", True),
    ("DescribeKey", True),
)  # fmt: skip
_EBS = ("CreateVolume", "AttachVolume", "RunInstances", "CreateSnapshot")
_FORGED = (
    "curl/8.5\nmallory,{key},2026-05-18T07:00:34Z,kms.amazonaws.com,Decrypt,us-east-1,"
    "198.51.100.9,curl,AccessDenied,[],r,e,true,AwsApiCall,{account},Management\ncurl"
)


class Source:
    """An endless source of events: what comes next depends on the seed and the mix alone."""

    def __init__(self, mix: Mix, seed: int = 5) -> None:
        self._random = Random(seed)
        self._thresholds: list[tuple[float, Callable[[], Happening]]] = []
        reached = 0.0
        for name, share in asdict(mix).items():
            reached += share / 1000
            self._thresholds.append((reached, getattr(self, f"_{name}")))
        self._last = reached

    def __iter__(self) -> Iterator[Happening]:
        while True:
            number = self._random.random()
            if number >= self._last:
                yield self._ordinary()
            else:
                yield next(make() for share, make in self._thresholds if number < share)

    def new_id(self) -> str:
        """Return an id in the form of a UUID."""
        text = f"{self._random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _one(self, among):
        return among[int(self._random.random() * len(among))]

    def _ordinary(self, **more) -> Happening:
        source, name = self._one(_ORDINARY)
        role = self._one(_ROLES)
        number = int(self._random.random() * 1e9)
        entry = {
            "resourceType": f"AWS::{source.upper()}::Thing",
            "resourceName": f"x-{number:017x}",
        }
        facts = {
            "source": source, "name": name, "user": role, "key": _ROLE_KEYS[role],
            "ip": f"198.51.100.{number % 256}", "agent": self._one(_AGENTS),
            "resources": json.dumps([entry], separators=(",", ":")) if number % 3 else "[]",
            "region": self._one(_REGIONS),
        }  # fmt: skip
        if number % 4 == 0:  # a service on its own behalf
            service = self._one(_SERVICES)
            facts |= {"user": "", "key": "", "ip": service, "agent": service}
        return Happening(**(facts | more))

    def _kms_denied(self) -> Happening:
        name, read_only = self._one(_KMS_ASKED)
        user = self._one(_USERS)
        code = "AccessDenied" if self._random.random() < 0.9 else "AccessDeniedException"
        caller = {"user": user, "key": _USER_KEYS[user], "ip": _EC2, "agent": _EC2}
        if self._random.random() < 0.7:
            role = self._one(_ROLES)
            caller |= {"user": role, "key": _ROLE_KEYS[role]}
        return self._ordinary(
            source="kms", name=name, read_only=read_only, error=code, resources="[]", **caller
        )

    def _other_denied(self) -> Happening:
        source, name, code = self._one(_REFUSED)
        return self._ordinary(source=source, name=name, error=code)

    def _kms(self) -> Happening:
        name, read_only = self._one(_KMS_ASKED)
        return self._ordinary(source="kms", name=name, read_only=read_only, resources="[]")

    def _ebs(self) -> Happening:
        return self._ordinary(source="ec2", name=self._one(_EBS))

    def _assume_role(self) -> Happening:
        role = self._one(_ROLES)
        names = (
            ("AWS::IAM::AccessKey", _ROLE_KEYS[role]),
            ("AWS::STS::AssumedRole", role),
            ("AWS::STS::AssumedRole", f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{role}"),
            ("AWS::IAM::Role", f"arn:aws:iam::{ACCOUNT}:role/{role}"),
        )
        entries = [{"resourceType": kind, "resourceName": name} for kind, name in names]
        return self._ordinary(
            source="sts", name="AssumeRole", user="", key="", ip="lambda.amazonaws.com",
            resources=json.dumps(entries, separators=(",", ":")), read_only=True,
        )  # fmt: skip

    def _long_term(self) -> Happening:
        user = self._one(_USERS)
        return self._ordinary(user=user, key=_USER_KEYS[user])

    def _words(self) -> Happening:
        return self._ordinary(
            **self._one((
                {"user": "AccessDenied", "key": ""},
                {"ip": "kms.amazonaws.com", "agent": "kms.amazonaws.com"},
                {"agent": "kms.amazonaws.com, Decrypt, AccessDenied"},
                {"resources": '[{"resourceType":"AWS::KMS::Key","resourceName":'
                              '"kms.amazonaws.com/AccessDenied"}]'},
            ))
        )  # fmt: skip

    def _forged(self) -> Happening:
        key = _USER_KEYS[self._one(_USERS)]
        return self._ordinary(agent=_FORGED.format(key=key, account=ACCOUNT))


def make_export(folder: Path, size: float, mix: str = "typical") -> Made:
    """Write an export of that many MB into the folder, if it is not there already."""
    target = folder / f"export-{size:g}MB-{mix}-v{_VERSION}.csv"
    return _once(target, lambda: _write_export(target, int(size * MB), Source(MIXES[mix])))


def make_logs(folder: Path, size: float) -> Made:
    """Write a trail's log files, of that many MB before they are packed, if not there already."""
    target = folder / f"logs-{size:g}MB-v{_VERSION}"
    return _once(target, lambda: _write_logs(target, int(size * MB), Source(LOG_MIX)))


def _once(target: Path, write: Callable[[], Made]) -> Made:
    facts = target.with_name(f"{target.name}.facts")  # written last: without it, nothing counts
    if facts.exists():
        return Made(**json.loads(facts.read_text(encoding="utf-8")) | {"path": str(target)})
    target.parent.mkdir(parents=True, exist_ok=True)
    made = write()
    facts.write_text(json.dumps(asdict(made)), encoding="utf-8")
    return made


def _write_export(target: Path, size: int, source: Source) -> Made:
    written = events = denied = 0
    stream = iter(source)
    with target.open("w", encoding="utf-8", newline="") as file:
        written += file.write(",".join(HEADER))
        while written < size:
            rows = []
            for event in islice(stream, min(_BATCH, (size - written) // 500 + 1)):
                rows.append(_row(event, source, _END - timedelta(seconds=events)))
                events += 1
                denied += event.denied
            written += file.write("\n" + "\n".join(rows))
    return Made(str(target), written, events, denied)


def _row(event: Happening, source: Source, time: datetime) -> str:
    cells = (
        event.user, event.key, f"{time.isoformat()}Z", f"{event.source}.amazonaws.com",
        event.name, event.region, event.ip, _quoted(event.agent), event.error,
        _quoted(event.resources), source.new_id(), source.new_id(),
        "true" if event.read_only else "false", "AwsApiCall", ACCOUNT, "Management",
    )  # fmt: skip
    return ",".join(cells)


def _quoted(cell: str) -> str:
    if '"' in cell or "," in cell or "\n" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _write_logs(target: Path, size: int, source: Source) -> Made:
    written = events = denied = number = 0
    stream = iter(source)
    folder = target / "AWSLogs" / ACCOUNT / "CloudTrail" / "us-east-1"
    while written < size:
        # Most files of a trail are small, and a few are large.
        length = (12, 12, 12, 12, 12, 12, 12, 100, 100, 800)[number % 10]
        records = []
        for event in islice(stream, length):
            time = _END - timedelta(seconds=events)
            records.append(_record(event, source, f"{time.isoformat()}Z"))
            events += 1
            denied += event.denied
        text = json.dumps({"Records": records}, separators=(",", ":")).encode()
        day = f"{_END - timedelta(seconds=events):%Y/%m/%d}"
        file = folder / day / f"{ACCOUNT}_CloudTrail_us-east-1_{number:06d}.json.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(text, compresslevel=6, mtime=0))
        written += len(text)
        number += 1
    return Made(str(target), written, events, denied)


def _record(event: Happening, source: Source, time: str) -> dict[str, object]:
    answered = None
    if event.name == "AssumeRole":
        role = json.loads(event.resources)[-1]["resourceName"]
        short = role.rpartition("/")[2]
        asked: dict[str, object] | None = {"roleArn": role, "roleSessionName": short}
        answered = {
            "credentials": {"accessKeyId": _ROLE_KEYS[short], "expiration": time},
            "assumedRoleUser": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{short}/{short}"},
        }
    else:
        asked = None if event.error else {"dryRun": False, "clientToken": source.new_id(),
                                          "description": event.agent, "maxResults": 50}  # fmt: skip
    found: dict[str, object] = {
        "eventVersion": "1.11", "userIdentity": _identity(event, time), "eventTime": time,
        "eventSource": f"{event.source}.amazonaws.com", "eventName": event.name,
        "awsRegion": event.region, "sourceIPAddress": event.ip, "userAgent": event.agent,
    }  # fmt: skip
    if event.error:
        found["errorCode"] = event.error
        found["errorMessage"] = (
            f"User: {event.user} is not authorized to perform: {event.source}:{event.name} because "
            "no identity-based policy allows the action"
        )
    found |= {
        "requestParameters": asked, "responseElements": answered, "requestID": source.new_id(),
        "eventID": source.new_id(), "readOnly": event.read_only, "eventType": "AwsApiCall",
        "managementEvent": True, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                       "clientProvidedHostHeader": f"{event.source}.us-east-1.amazonaws.com"},
    }  # fmt: skip
    return found


def _identity(event: Happening, time: str) -> dict[str, object]:
    if not event.user or not event.key:
        return {"type": "AWSService", "invokedBy": event.ip}
    if event.user in _USER_KEYS:
        return {"type": "IAMUser", "principalId": "AIDA2NCBAL3RPBAGXM7CZ", "accountId": ACCOUNT,
                "arn": f"arn:aws:iam::{ACCOUNT}:user/{event.user}", "userName": event.user,
                "accessKeyId": event.key}  # fmt: skip
    issuer = {"type": "Role", "principalId": "AROA2NCBAL3RPBAGXM7CZ", "accountId": ACCOUNT,
              "arn": f"arn:aws:iam::{ACCOUNT}:role/{event.user}"}  # fmt: skip
    attributes = {"creationDate": time, "mfaAuthenticated": "false"}
    return {"type": "AssumedRole", "principalId": f"AROA2NCBAL3RPBAGXM7CZ:{event.user}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{event.user}/{event.user}",
            "accountId": ACCOUNT, "accessKeyId": event.key,
            "sessionContext": {"sessionIssuer": issuer, "attributes": attributes}}  # fmt: skip
