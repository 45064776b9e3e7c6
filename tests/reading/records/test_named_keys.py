"""The one policy that was given is a key's only if no EC2 call in a log names another key.

A call names it in its request. Source: Amazon EC2 API Reference, "CreateVolume" (KmsKeyId).
"""

from __future__ import annotations

import json

import pytest

import ebs_kms_audit
from tests.incidents import ADMINS, key_policy
from tests.records import KEY_ARN, ROLE, audit, record

OTHER_KEY = KEY_ARN.replace("1234abcd", "5678abcd")
POLICY = key_policy(ADMINS)
DENIED = record(
    resources=[{"ARN": KEY_ARN}],
    errorMessage=f"User: {ROLE} is not authorized to perform: kms:CreateGrant on resource: "
    f"{KEY_ARN} because no resource-based policy allows the kms:CreateGrant action",
)


def is_safe(report):
    (step,) = [one for one in report.plan if one.kind == "key_policy"]
    return not any(reason.startswith("It is not known that ") for reason in step.reasons)


@pytest.mark.parametrize("large", [1 << 60, 0], ids=["decoded", "not decoded"])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], True),
        ([{"size": "8"}], True),
        ([{"size": "8", "kmsKeyId": KEY_ARN}], True),
        ([{"size": "8", "kmsKeyId": OTHER_KEY}], False),
        ([{"size": "8"}, {"size": "8", "kmsKeyId": KEY_ARN},
          {"size": "8", "kmsKeyId": OTHER_KEY}], False),
    ],
)  # fmt: skip
def test_a_key_that_a_record_of_ec2_names(tmp_path, monkeypatch, large, asked, expected):
    monkeypatch.setattr("ebs_kms_audit.reading.records.large.LARGE", large)
    calls = [
        record(eventSource="ec2.amazonaws.com", eventName="CreateVolume", errorCode="absent",
               errorMessage="absent", eventID=f"call-{number}", requestParameters=request,
               eventTime="2026-05-10T07:00:00Z", responseElements={"volumeId": f"vol-{number}"})
        for number, request in enumerate(asked)
    ]  # fmt: skip
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"Records": [*calls, DENIED]}, separators=(",", ":")))
    assert is_safe(ebs_kms_audit.audit(path, key_policies=POLICY)) == expected
    assert is_safe(audit(*calls, DENIED, key_policies=POLICY)) == expected
