"""The incident of sample_data/: its events, and the ids that they have.

Every account, name and id is invented. `tests.make_samples` writes the incident in several forms.

Carol puts a new key policy on a customer managed key, which names nobody but its administrators.
Then Alice creates a volume from an encrypted snapshot, a deployment attaches another, and an Auto
Scaling group launches instances. KMS denies all three.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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
