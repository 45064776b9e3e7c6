"""The callers of a generated account: users, roles with sessions, and AWS services.

They vary as in real exports. IAM users keep their access keys, and sessions of roles get new ones.
Instances and programs use many session names. Rows of service-linked roles have no access key.
Every account, name and id is invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeVar

from tests.sample_incident import ACCOUNT, access_key

_Item = TypeVar("_Item")
ACCOUNTS = (ACCOUNT, ACCOUNT, ACCOUNT, "444455556666", "012345678901")
REGIONS = ("us-east-1", "us-east-1", "us-east-1", "eu-west-1", "ap-southeast-2")
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0",
    "aws-cli/2.27.1 md/awscrt#0.26.1 ua/2.1 os/linux#5.10 md/arch#x86_64 lang/python#3.13.2",
    "Boto3/1.38.0 md/Botocore#1.38.0 ua/2.1 os/linux#5.10 md/arch#aarch64 lang/python#3.12.9",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.0 (+https://www.terraform.io) terraform-provider-aws/5.9",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.7 Linux/5.10, vendor/Oracle_Corporation]",
    "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOARCH#amd64 api/ec2#1.173.0",
)
_TEAMS = ("billing", "search", "media", "core", "data", "edge")
_JOBS = ("deploy", "worker", "nightly", "api", "etl", "backup")
_USERS = 40
_INSTANCES = 1500
_PEOPLE = 120


class Caller(NamedTuple):
    """Who makes a call. IAM users have no `role`, services no `key`, most services no `name`."""

    name: str
    key: str
    account: str
    region: str
    ip: str
    agent: str
    role: str = ""
    path: str = ""

    @property
    def arn(self) -> str:
        """The ARN as a record has it."""
        if self.role:
            return f"arn:aws:sts::{self.account}:assumed-role/{self.role}/{self.name}"
        return f"arn:aws:iam::{self.account}:user/{self.name}"


class Callers:
    """All callers of a generated input, drawn at random."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._keys = 0
        self._program: Caller | None = None
        self.users = [self._user(number) for number in range(_USERS)]
        self.sessions = [self._instance() for _ in range(_INSTANCES)]
        self.sessions += [self._person(number) for number in range(_PEOPLE)]
        self.sessions += [
            self._new(f"{team}-{job}", "ASIA", f"{team}-{job}") for team in _TEAMS for job in _JOBS
        ]
        # The key policies do not name these callers. KMS denies their calls again and again.
        self.unnamed = [*self.users[:12], *self.sessions[:150], *self.sessions[-12:]]
        # One team: four users, and the roles of eight jobs, which have one session each.
        self.team = [*self.users[:4], *self.sessions[-8:]]

    def one(self, among: Sequence[_Item]) -> _Item:
        """Return an item of a sequence."""
        return among[int(self._random.random() * len(among))]

    def any(self) -> Caller:
        """Return the caller of an ordinary event."""
        number = self._random.random()
        if number < 0.07:
            return self.program()
        if number < 0.10:
            return self.one(self.users)
        if number < 0.30:
            return self.service()
        return self.one(self.sessions)

    def user(self) -> Caller:
        """Return an IAM user."""
        return self.one(self.users)

    def denied(self) -> Caller:
        """Return the caller of denied KMS events."""
        number = self._random.random()
        if number < 0.15:
            return self.auto_scaling()
        if number < 0.25:
            return self.program()
        return self.one(self.unnamed)

    def launching(self) -> Caller:
        """Return a caller of RunInstances."""
        number = self._random.random()
        if number < 0.4:
            return self.auto_scaling()
        if number < 0.6:
            return self.program()
        return self.any()

    def program(self) -> Caller:
        """Return a session with a name that a program generated. It makes a few calls."""
        if self._program and self._random.random() < 0.85:
            return self._program
        number = int(self._random.random() * 1e9)
        name, role = self.one((
            (f"aws-go-sdk-17160{number:014d}", "eks-karpenter"),
            (f"botocore-session-1716{number % 1_000_000:06d}", "data-nightly"),
            (f"{1716000000 + number % 1_000_000}-eks", "eks-cluster"),
        ))  # fmt: skip
        self._program = self._new(name, "ASIA", role)
        return self._program

    def auto_scaling(self) -> Caller:
        """Return the service-linked role of Auto Scaling. Its rows have no access key."""
        service = "autoscaling.amazonaws.com"
        return Caller(
            "AutoScaling", "", self.one(ACCOUNTS), self.one(REGIONS), service, service,
            "AWSServiceRoleForAutoScaling", f"aws-service-role/{service}/",
        )  # fmt: skip

    def service(self) -> Caller:
        """Return an AWS service that makes a call itself. Its rows have no name and no key."""
        name = self.one(("lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "AWS Internal"))
        return Caller("", "", self.one(ACCOUNTS), self.one(REGIONS), name, name)

    def rotate(self) -> None:
        """Give a part of the sessions new access keys, which last a few hours."""
        for place in range(int(self._random.random() * 32), len(self.sessions), 32):
            old = self.sessions[place]
            self.sessions[place] = old._replace(key=self._new_key("ASIA", old.account))
        self.unnamed[12:] = [*self.sessions[:150], *self.sessions[-12:]]
        self.team[4:] = self.sessions[-8:]

    def _user(self, number: int) -> Caller:
        return self._new(f"user-{number:02d}", "AKIA", "")

    def _instance(self) -> Caller:
        name = f"i-0{self._random.getrandbits(64):016x}"
        return self._new(name, "ASIA", f"{self.one(_TEAMS)}-{self.one(_JOBS)}")

    def _person(self, number: int) -> Caller:
        name = f"person.{number:03d}@example.com"
        return self._new(name, "ASIA", "AWSReservedSSO_Developer_0123456789abcdef")

    def _new(self, name: str, prefix: str, role: str) -> Caller:
        account = self.one(ACCOUNTS)
        number = self._random.getrandbits(16)
        ip = f"198.51.{100 if number % 4 else 101}.{number >> 8}"
        key = self._new_key(prefix, account)
        return Caller(name, key, account, self.one(REGIONS), ip, self.one(AGENTS), role)

    def _new_key(self, prefix: str, account: str) -> str:
        self._keys += 1
        return access_key(prefix, account, f"{self._keys}")
