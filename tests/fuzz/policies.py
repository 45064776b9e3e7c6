"""Key policies: elements of any type and length, judged, linted and changed."""

from __future__ import annotations

import copy
import io
import json
import random

import ebs_kms_audit
from ebs_kms_audit.policy import KeyPolicy, lint
from tests.fuzz.checks import report_or_error
from tests.fuzz.generator import Generator
from tests.fuzz.values import nested, text, value
from tests.output_checks import check_characters
from tests.records import ACCOUNT, KEY_ARN, log, record

_STATEMENTS = (
    {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
     "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}},
    {"Sid": "Allow use of the key", "Effect": "Allow", "Resource": "*",
     "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:role/admin"]},
     "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*",
                "kms:DescribeKey"]},
    {"Sid": "Allow attachment of persistent resources", "Effect": "Allow", "Resource": "*",
     "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/admin"}, "Action": ["kms:CreateGrant"],
     "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}},
    {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*",
     "Condition": {"StringNotLike": {"aws:PrincipalArn": "${aws:PrincipalArn}"}}},
)  # fmt: skip
_ELEMENTS = ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
             "NotResource", "Condition", "Unknown")  # fmt: skip
_OPERATORS = ("StringEquals", "StringLike", "ArnLike", "Bool", "NumericLessThan", "DateEquals",
              "IpAddress", "Null", "ForAllValues:StringLike", "StringEqualsIfExists",
              "Qzx")  # fmt: skip
_KEYS = ("aws:PrincipalArn", "kms:ViaService", "aws:SourceIp", "aws:PrincipalTag/qzx",
         "kms:EncryptionContext:qzx", "aws:CurrentTime", "kms:CallerAccount", "qzx")  # fmt: skip
_EVENTS = ("CreateGrant", "GenerateDataKeyWithoutPlaintext", "Decrypt", "DescribeKey", "ReEncrypt")


def _policy(rng: random.Random) -> object:
    statements = [copy.deepcopy(rng.choice(_STATEMENTS)) for _ in range(rng.randint(0, 4))]
    document: dict[str, object] = {
        "Version": rng.choice(("2012-10-17", "2012-10-17", "2008-10-17", text(rng)[:20])),
        "Statement": statements,
    }
    for statement in statements:
        if rng.random() < 0.7:
            changed: dict[str, object] = statement  # type: ignore[assignment]
            changed[rng.choice(_ELEMENTS)] = _element(rng)
    if rng.random() < 0.1:
        document[rng.choice(("Statement", "Version", "Id", "Policy"))] = value(rng)
    return document


def _element(rng: random.Random) -> object:
    kind = rng.random()
    if kind < 0.05:
        return nested(rng)
    if kind < 0.4:
        values = [value(rng) for _ in range(rng.randint(1, 3))]
        return {rng.choice(_OPERATORS): {rng.choice(_KEYS): rng.choice((values, values[0]))}}
    if kind < 0.6:
        return {rng.choice(("AWS", "Service", "Federated", "*")): value(rng)}
    return value(rng)


def _check(made: object) -> None:
    records = [record(eventName=name, eventID=f"event-{name}") for name in _EVENTS]

    def audit() -> ebs_kms_audit.Report:
        return ebs_kms_audit.audit(
            records=io.StringIO(log(*records).getvalue()),
            key_policies={KEY_ARN: made},
            progress=False,
        )

    report = report_or_error(audit)
    if report is None:
        return
    assert report.coverage.denials == len(_EVENTS)
    policy = KeyPolicy.from_dict(made)
    for found in lint(policy):
        check_characters(ascii(found.message))
    assert KeyPolicy.from_json(json.dumps(made)).statements is not None


GENERATORS = [Generator(name="policies", make=_policy, check=_check, count=50)]
