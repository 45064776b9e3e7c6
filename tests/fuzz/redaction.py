"""Redacted audits: no value of an input is in any form of the report."""

from __future__ import annotations

import io
import json
import random
from dataclasses import dataclass

import ebs_kms_audit
from tests.fuzz.generator import Generator
from tests.output_checks import outputs
from tests.records import log, record, session
from tests.rows import HEADER, SESSION, export, row

_SECRET = "quokka"
_FORMS = (
    "{}", "{}-1", "x {}", "{}/x", "{}@example.com", "i-{}", "arn:aws:iam::111122223333:user/{}",
    "arn:aws:iam::111122223333:role/aws-service-role/{}/AWSServiceRoleForX_{}",
    "arn:aws:iam::111122223333:role/{}", "arn:aws:kms:us-east-1:111122223333:key/{}", "alias/{}",
    "{}.amazonaws.com", "{}.example.com", "Client.{}Error", "AKIA{}", "<b>{}", "'{}'", "{}:{}",
    "kms:{}",
)  # fmt: skip
_FIELDS = ("awsRegion", "sourceIPAddress", "userAgent", "errorMessage", "requestID", "eventID",
           "recipientAccountId", "eventName")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Input:
    """An export, a log and a policy in which every value that is secret holds one word."""

    export: str
    log: str
    policy: dict[str, object]


def _secret(rng: random.Random) -> str:
    return rng.choice(_FORMS).replace("{}", _SECRET)


def _make(rng: random.Random) -> Input:
    rows = []
    for _ in range(rng.randint(1, 4)):
        cells = row(aws_access_key=rng.choice((SESSION, "AKIAQUOKKA7EXAMPLE00")))
        names = rng.sample([n for n in HEADER if n not in ("Event source", "Event time")], 3)
        cells |= {name: _secret(rng) for name in names if name != "Error code"}
        if rng.random() < 0.5:
            cells["Resources"] = json.dumps(
                [
                    {
                        "resourceType": "X",
                        "resourceName": rng.choice((f"alias/{_SECRET}", _secret(rng))),
                    }
                ]
            )
        rows.append(cells)
    records = []
    for number in range(rng.randint(0, 3)):
        made = record(
            userIdentity=session(f"arn:aws:iam::111122223333:role/{_SECRET}-{number}", _SECRET),
            eventID=f"{_SECRET}-{number}",
        )
        for name in rng.sample(_FIELDS, 2):
            made[name] = _secret(rng)
        records.append(made)
    statement = {
        "Sid": _secret(rng),
        "Effect": rng.choice(("Allow", "Deny")),
        "Principal": {"AWS": _secret(rng)},
        "Action": "kms:*",
        "Resource": "*",
        "Condition": {"StringLike": {f"aws:PrincipalTag/{_SECRET}": _secret(rng)}},
    }
    return Input(export(*rows).read(), log(*records).read(), {"Statement": [statement]})


def _check(made: Input) -> None:
    report = ebs_kms_audit.audit(
        io.StringIO(made.export),
        records=io.StringIO(made.log) if '"eventID"' in made.log else None,
        key_policies=made.policy,
        redact=True,
        progress=False,
    )
    for name, text in outputs(report):
        at = text.casefold().find(_SECRET)
        assert at < 0, f"{name}: …{text[max(0, at - 200) : at + 50]}"


GENERATORS = [Generator(name="redaction", make=_make, check=_check, count=40)]
