"""Writes sample_data/: one made incident, exported the ways people export it.

    python -m tests.make_samples

Every account, name and id is invented. A test compares the files with what this writes.

The incident: Carol puts a new key policy on a customer managed key, which names nobody but its
administrators. Then Alice creates a volume from an encrypted snapshot, a deployment attaches
another, an Auto Scaling group launches instances; KMS denies all three.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "sample_data"

ACCOUNT = "111122223333"
REGION = "us-east-1"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY_ID}"
OTHER_KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/5678abcd-12ab-34cd-56ef-1234567890ab"
START = datetime(2026, 5, 18, 6, 30, tzinfo=UTC)
EC2 = "ec2-frontend-api.amazonaws.com"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
SDK = "aws-cli/2.27.1 md/awscrt#0.26.1 lang/python#3.13.2"

HEADER = (
    "User name,AWS access key,Event time,Event source,Event name,AWS region,Source IP address,"
    "User agent,Error code,Resources,Request ID,Event ID,Read-only,Event type,"
    "Recipient Account Id,Event category"
).split(",")
HEADER_2019 = (
    "Event ID,Event time,User name,Event name,Resource type,Resources,AWS access key,AWS region,"
    "Error code,Source IP address"
).split(",")


def access_key(prefix: str, account: str, seed: str) -> str:
    """Make an access key id of the current format, which holds the account of its owner."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    digest = hashlib.sha256(seed.encode()).digest()
    number = (1 << 44 | int(account) << 4 | digest[0] & 15) << 35 | int.from_bytes(digest[1:5])
    return prefix + "".join(alphabet[number >> shift & 31] for shift in range(75, -5, -5))


def made_id(*parts: object) -> str:
    """Make an id in the form of a UUID, the same from run to run."""
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One event of the incident: `at` is in seconds after START."""

    at: int
    source: str
    name: str
    read_only: bool
    user: str = ""
    key: str = ""
    ip: str = EC2
    agent: str = EC2
    error: str = ""
    resources: tuple[tuple[str, str], ...] = ()
    request: str = ""
    event_type: str = "AwsApiCall"

    @property
    def time(self) -> datetime:
        """When it happened, in UTC."""
        return START + timedelta(seconds=self.at)

    @property
    def event_id(self) -> str:
        """Its id."""
        return made_id("event", self.at, self.name, self.user)

    @property
    def resources_cell(self) -> str:
        """Its Resources, as the console writes them."""
        entries = [{"resourceType": kind, "resourceName": name} for kind, name in self.resources]
        return json.dumps(entries, separators=(",", ":"))

    def row(self) -> list[str]:
        """Return it as a row of the current layout."""
        return [
            self.user, self.key, f"{self.time:%Y-%m-%dT%H:%M:%SZ}", f"{self.source}.amazonaws.com",
            self.name, REGION, self.ip, self.agent, self.error, self.resources_cell,
            made_id("request", self.request or self.event_id), self.event_id,
            str(self.read_only).lower(), self.event_type, ACCOUNT, "Management",
        ]  # fmt: skip


ALICE_KEY = access_key("AKIA", ACCOUNT, "alice")
ALICE_FORWARDED = access_key("ASIA", ACCOUNT, "alice, forwarded by EC2")
DEPLOY_KEY = access_key("ASIA", ACCOUNT, "deploy")
REPORT_KEY = access_key("ASIA", ACCOUNT, "report-builder")
INSTANCE_KEY = access_key("ASIA", ACCOUNT, "instance profile")
INSTANCE = "i-0f1e2d3c4b5a69788"
NEW_INSTANCE = "i-0a1b2c3d4e5f60718"
AUTO_SCALING = "autoscaling.amazonaws.com"
USERS = {"alice": "engineering/alice", "ci-runner": "ci-runner"}
ROLES = {
    "carol": "KeyAdministrators",
    "deploy-7f3a": "ci/deploy",
    "AutoScaling": "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
    "report-builder": "reporting",
    "backup-nightly": "service-role/AWSBackupDefaultServiceRole",
    INSTANCE: "web",
}
ROLE_IDS = {
    path: access_key("AROA", ACCOUNT, path) + "X" for path in (*ROLES.values(), *USERS.values())
}


def incident() -> list[Sample]:
    """Return the denials and the EC2 calls behind them."""
    events = []
    for attempt, at in enumerate((1500, 1590)):  # Alice tries twice
        request = f"create-{attempt}"
        events += [
            Sample(
                at=at, source="ec2", name="CreateVolume", read_only=False, user="alice",
                key=ALICE_KEY, ip="198.51.100.7", agent=SDK, request=f"{request}-ec2",
                resources=(("AWS::EC2::Volume", f"vol-0{attempt + 1:016x}"),
                           ("AWS::EC2::Snapshot", "snap-0c0ffee0c0ffee0c0")),
            ),
            Sample(
                at=at + 1, source="kms", name="GenerateDataKeyWithoutPlaintext", read_only=True,
                user="alice", key=ALICE_FORWARDED, error="AccessDenied", request=request,
            ),
        ]  # fmt: skip
    events += [
        Sample(
            at=1640, source="kms", name="DescribeKey", read_only=True, user="alice",
            key=ALICE_KEY, ip="198.51.100.7", agent=SDK, error="AccessDenied",
        ),
        Sample(
            at=1830, source="ec2", name="AttachVolume", read_only=False, user="deploy-7f3a",
            key=DEPLOY_KEY, ip="198.51.100.23", agent=SDK,
            error="Client.CustomerKeyHasBeenRevoked", request="attach",
            resources=(("AWS::EC2::Volume", "vol-0badcafe0badcafe0"),
                       ("AWS::EC2::Instance", INSTANCE)),
        ),
        Sample(
            at=1830, source="kms", name="CreateGrant", read_only=False, user="deploy-7f3a",
            key=DEPLOY_KEY, error="AccessDenied", request="attach",
        ),
    ]  # fmt: skip
    for at in (1980, 2040, 2100):  # the group tries again every minute
        events += [
            Sample(
                at=at, source="ec2", name="RunInstances", read_only=False, user="AutoScaling",
                ip=AUTO_SCALING, agent=AUTO_SCALING, request=f"scale-{at}",
                resources=(("AWS::EC2::Instance", NEW_INSTANCE),),
            ),
            Sample(
                at=at + 1, source="kms", name="GenerateDataKeyWithoutPlaintext", read_only=True,
                user="AutoScaling", ip=AUTO_SCALING, agent=AUTO_SCALING, error="AccessDenied",
                request=f"scale-{at}",
            ),
        ]  # fmt: skip
    events += [
        Sample(
            at=2110, source="kms", name="Decrypt", read_only=True, user=INSTANCE,
            key=access_key("ASIA", ACCOUNT, "infrastructure"), ip="AWS Internal",
            agent="AWS Internal", error="AccessDenied",
        ),
        Sample(
            at=2200, source="kms", name="Decrypt", read_only=True, user="report-builder",
            key=REPORT_KEY, ip="203.0.113.40", agent=SDK, error="DisabledException",
        ),
    ]  # fmt: skip
    return events


def innocent() -> list[Sample]:
    """Return the rows that any hour of any account is full of."""
    events = [
        Sample(at=200, source="signin", name="ConsoleLogin", read_only=False, user="carol",
               ip="198.51.100.80", agent=BROWSER, event_type="AwsConsoleSignIn"),
        Sample(at=640, source="kms", name="ListAliases", read_only=True, user="alice",
               key=ALICE_KEY, ip="198.51.100.7", agent=SDK),
        Sample(at=700, source="kms", name="GetKeyPolicy", read_only=True, user="carol",
               key=access_key("ASIA", ACCOUNT, "carol"), ip="198.51.100.80", agent="AWS Internal"),
        Sample(at=1200, source="kms", name="PutKeyPolicy", read_only=False, user="carol",
               key=access_key("ASIA", ACCOUNT, "carol"), ip="198.51.100.80", agent="AWS Internal"),
        Sample(at=1795, source="sts", name="AssumeRole", read_only=True, user="ci-runner",
               key=access_key("AKIA", ACCOUNT, "ci-runner"), ip="198.51.100.23", agent=SDK,
               resources=(("AWS::IAM::AccessKey", DEPLOY_KEY),
                          ("AWS::STS::AssumedRole", f"{ROLE_IDS['ci/deploy']}:deploy-7f3a"),
                          ("AWS::STS::AssumedRole", "deploy-7f3a"),
                          ("AWS::STS::AssumedRole",
                           f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/deploy-7f3a"),
                          ("AWS::IAM::Role", f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"))),
        Sample(at=760, source="kms", name="RotateKey", read_only=False, ip="AWS Internal",
               agent="AWS Internal", event_type="AwsServiceEvent"),
        Sample(at=2300, source="ec2", name="CreateTags", read_only=False, user="deploy-7f3a",
               key=DEPLOY_KEY, ip="198.51.100.23", agent=SDK,
               resources=(("AWS::EC2::Volume", "vol-0badcafe0badcafe0"),)),
        Sample(at=2400, source="iam", name="CreateRole", read_only=False, user="carol",
               key=access_key("ASIA", ACCOUNT, "carol"), ip="198.51.100.80", agent="AWS Internal"),
    ]  # fmt: skip
    for minute in range(44):
        at = 20 + minute * 65
        events += [
            Sample(at=at, source="kms", name="Decrypt", read_only=True, user=INSTANCE,
                   key=INSTANCE_KEY, ip="203.0.113.40", agent=SDK),
            Sample(at=at + 17, source="logs", name="CreateLogStream", read_only=False,
                   user="report-builder", key=REPORT_KEY, ip="203.0.113.40", agent=BROWSER),
        ]  # fmt: skip
        if minute % 3 == 0:
            events.append(
                Sample(at=at + 31, source="kms", name="GenerateDataKey", read_only=True,
                       user="report-builder", key=REPORT_KEY, ip="s3.amazonaws.com",
                       agent="s3.amazonaws.com")
            )  # fmt: skip
        if minute % 5 == 0:
            events.append(
                Sample(at=at + 43, source="kms", name="CreateGrant", read_only=False,
                       user="backup-nightly", key=access_key("ASIA", ACCOUNT, "backup"))
            )  # fmt: skip
        if minute % 4 == 0:
            events.append(
                Sample(at=at + 52, source="ec2", name="DescribeVolumes", read_only=True,
                       user="alice", key=ALICE_KEY, ip="198.51.100.7", agent=SDK)
            )  # fmt: skip
    return events


def identity(event: Sample) -> dict[str, object]:
    """Return the userIdentity of an event's record."""
    if event.user in USERS:
        path = USERS[event.user]
        return {"type": "IAMUser", "principalId": ROLE_IDS[path].replace("AROA", "AIDA"),
                "arn": f"arn:aws:iam::{ACCOUNT}:user/{path}", "accountId": ACCOUNT,
                "accessKeyId": event.key, "userName": event.user}  # fmt: skip
    if not event.user:
        return {"type": "AWSService", "invokedBy": "kms.amazonaws.com"}
    if event.ip == "AWS Internal" and event.name == "Decrypt":
        path = "aws:ec2-infrastructure"
        role_id = f"{ACCOUNT}:aws:ec2-infrastructure"
    else:
        path = ROLES[event.user]
        role_id = ROLE_IDS[path]
    role = path.rpartition("/")[2]
    found: dict[str, object] = {
        "type": "AssumedRole", "principalId": f"{role_id}:{event.user}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{event.user}", "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": role_id, "arn": f"arn:aws:iam::{ACCOUNT}:role/{path}",
            "accountId": ACCOUNT, "userName": role,
        }},
    }  # fmt: skip
    if event.key:
        found["accessKeyId"] = event.key
    if event.ip.endswith("amazonaws.com") or event.ip == "AWS Internal":
        found["invokedBy"] = event.ip
    return found


def record(event: Sample) -> dict[str, object]:
    """Return an event as a CloudTrail record; a denied call's says little but its message."""
    who = identity(event)
    names = dict(event.resources)
    asked: dict[str, object] | None = None
    answered: dict[str, object] | None = None
    if event.source == "ec2":
        asked = {"volumeId": names.get("AWS::EC2::Volume"),
                 "snapshotId": names.get("AWS::EC2::Snapshot"),
                 "instanceId": names.get("AWS::EC2::Instance")}  # fmt: skip
    elif event.name == "AssumeRole":
        asked = {"roleArn": names["AWS::IAM::Role"], "roleSessionName": "deploy-7f3a"}
        answered = {
            "credentials": {"accessKeyId": names["AWS::IAM::AccessKey"]},
            "assumedRoleUser": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/deploy-7f3a"},
        }
    elif event.name == "PutKeyPolicy":
        # A record of PutKeyPolicy holds the whole policy (AWS KMS Developer Guide, "PutKeyPolicy").
        asked = {"keyId": KEY_ID, "policyName": "default", "policy": key_policy()}
    found: dict[str, object] = {
        "eventVersion": "1.11", "userIdentity": who,
        "eventTime": f"{event.time:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{event.source}.amazonaws.com", "eventName": event.name,
        "awsRegion": REGION, "sourceIPAddress": event.ip, "userAgent": event.agent,
        "requestParameters": asked, "responseElements": answered,
        "requestID": made_id("request", event.request or event.event_id),
        "eventID": event.event_id, "readOnly": event.read_only, "eventType": event.event_type,
        "managementEvent": True, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
    }  # fmt: skip
    if event.error:
        found["errorCode"] = event.error
    if event.error == "AccessDenied":
        found["errorMessage"] = (
            f"User: {who['arn']} is not authorized to perform: kms:{event.name} on resource: "
            f"{KEY_ARN} because no identity-based policy allows the kms:{event.name} action"
        )
    elif event.error == "DisabledException":
        found["errorMessage"] = f"{OTHER_KEY_ARN} is disabled."
    elif event.source == "kms" and event.name in ("Decrypt", "GenerateDataKey", "CreateGrant"):
        key = {"ARN": OTHER_KEY_ARN, "accountId": ACCOUNT, "type": "AWS::KMS::Key"}
        found["resources"] = [key]
    return found


def newest_first(events: Iterable[Sample]) -> list[Sample]:
    """Sort as the console does."""
    return sorted(events, key=lambda event: event.at, reverse=True)


def write_csv(rows: Iterable[list[str]], *, newline: str = "\n", delimiter: str = ",") -> str:
    """Return rows as the console writes them: minimal quotes, no newline after the last row."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=newline, delimiter=delimiter).writerows(rows)
    return text.getvalue().removesuffix(newline)


def kms_view(events: list[Sample]) -> str:
    """Return the export with the filter Event source = kms.amazonaws.com: no AssumeRole row."""
    return write_csv([HEADER, *(event.row() for event in events if event.source == "kms")])


def default_view(events: list[Sample]) -> str:
    """Return the export as Event history opens: Read-only = false."""
    return write_csv([HEADER, *(event.row() for event in events if not event.read_only)])


def layout_2019(events: list[Sample]) -> str:
    """Return the incident as the console of 2019-2020 would have exported it, years before."""
    rows = [HEADER_2019]
    for event in events:
        then = event.time - timedelta(days=2300)
        kinds = list(dict.fromkeys(kind for kind, _ in event.resources))
        more = f" and {len(kinds) - 1} more" if len(kinds) > 1 else ""
        kind = " ".join(kinds[0].split("::")[1:]) + more if kinds else ""
        resources = event.resources_cell if event.resources else ""
        rows.append(
            [event.event_id, f"{then:%Y-%m-%d, %I:%M:%S %p}", event.user, event.name, kind,
             resources, "", REGION, event.error,
             "AWS Internal" if event.ip == EC2 else event.ip]
        )  # fmt: skip
    return write_csv(rows, newline="\r\n")


def spreadsheet(events: list[Sample]) -> str:
    """Return the KMS export after a spreadsheet of a country with decimal commas saved it."""
    rows = [HEADER]
    for event in events:
        if event.source == "kms":
            row = event.row()
            row[HEADER.index("Event time")] = f"{event.time:%d.%m.%Y %H:%M}"
            row[HEADER.index("Read-only")] = str(event.read_only).upper()
            row[HEADER.index("Recipient Account Id")] = "1,11122E+11"
            rows.append(row)
    return write_csv(rows, newline="\r\n", delimiter=";")


def key_policy() -> str:
    """Return the key's policy: the account, and an administrator, but no key user."""
    arn = f"arn:aws:iam::{ACCOUNT}"
    policy = {
        "Version": "2012-10-17",
        "Id": "key-consolepolicy-3",
        "Statement": [
            {
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": f"{arn}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "Allow access for Key Administrators",
                "Effect": "Allow",
                "Principal": {"AWS": f"{arn}:role/KeyAdministrators"},
                "Action": [
                    "kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*",
                    "kms:Update*", "kms:Revoke*", "kms:Disable*", "kms:Get*", "kms:Delete*",
                    "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion",
                    "kms:CancelKeyDeletion",
                ],
                "Resource": "*",
            },
        ],
    }  # fmt: skip
    return json.dumps(policy, indent=2) + "\n"


def samples() -> dict[str, bytes]:
    """Return the content of each generated file of sample_data/, by its name."""
    events = newest_first([*incident(), *innocent()])
    old = [replace(event, key="") for event in events]
    lines = ",\n".join(json.dumps(record(event), separators=(",", ":")) for event in events)
    texts = {
        "event_history.json": f'{{"Records":[\n{lines}\n]}}\n',
        "event_history.csv": kms_view(events),
        "event_history_default_view.csv": default_view(events),
        "event_history_2019_layout.csv": layout_2019(old),
        "event_history_spreadsheet.csv": spreadsheet(events),
        "key_policy.json": key_policy(),
    }
    return {name: text.encode() for name, text in texts.items()}


if __name__ == "__main__":
    for name, content in samples().items():
        (SAMPLES / name).write_bytes(content)
