"""The sketch of a record is the same whatever records were read before it."""

import json

import pytest

from ebs_kms_audit.reading.records.log_format import SOURCE
from ebs_kms_audit.reading.records.sketches import Sketcher
from tests.reading.records.test_kept import FAMILIAR, SUCCESS
from tests.records import KEY_ARN, record

KEY, TIME = FAMILIAR["accessKeyId"], "2026-05-18T06:00:00Z"
OTHER_KEY = KEY_ARN.replace("1234abcd", "5678abcd")


def compact(content):
    return json.dumps(content, separators=(",", ":"))


DECRYPT = compact(
    record(**SUCCESS | {
        "userIdentity": FAMILIAR, "eventName": "Decrypt", "eventID": "event-1",
        "requestID": "request-1", "requestParameters": {"keyId": KEY_ARN},
    })
)  # fmt: skip


def sketch_of(sketcher, text):
    content = text.encode()
    end = len(content) - 1
    return sketcher.sketch("success", 1, content, 0, content.find(SOURCE), end)


@pytest.mark.parametrize(
    ("old", "new", "is_read"),
    # Whether the record has a sketch; without one it is decoded.
    [
        (KEY, "ASIAIOSFODNN7EXAMPL2", True),
        (KEY, "ASIA", True),
        (KEY, KEY.lower(), True),
        (KEY, KEY[:-3] + '"x\\', False),
        (TIME, "2026-05-18T07:00:00Z", True),
        (TIME, "{2026-05-18}{:00:00}", True),
        (TIME, "2026-05-18T07:00\\u0:Z", False),
        ('"accountId"', '"accessKeyId":"ASIAIOSFODNN7EXAMPL2","accountId"', True),
        ("assumed-role/deploy", "assumed-role/other", True),
        (":sts::", ":sts::9", False),
        ('"readOnly"', '"errorCode":"x","readOnly"', False),
        ('"requestParameters":{', '"requestParameters":{"errorCode":"x",', False),
        ('"requestParameters":{', '"errorCode":"x","requestParameters":{', False),
        (f'"keyId":"{KEY_ARN}"', f'"keyId":"{OTHER_KEY}"', True),
        (f'"ARN":"{KEY_ARN}"', f'"ARN":"{OTHER_KEY}"', True),
        ('"awsRegion":"', '"awsRegion":"1', False),
        ('"recipientAccountId"', '"recipientAccount"', False),
        ('"requestID":"request-1",', "", False),
    ],
)  # fmt: skip
def test_the_sketch_of_a_record_does_not_depend_on_those_before_it(old, new, is_read):
    assert old in DECRYPT
    changed = DECRYPT.replace(old, new, 1)
    for texts in ([DECRYPT, changed], [changed, DECRYPT]):
        sketcher = Sketcher()
        found = [sketch_of(sketcher, text) for text in texts]
        assert found == [sketch_of(Sketcher(), text) for text in texts]
        assert [one is not None for one in found] == [text is DECRYPT or is_read for text in texts]


def test_a_sketch_names_the_caller_and_the_keys_of_the_record():
    found = sketch_of(Sketcher(), DECRYPT.replace(f'"ARN":"{KEY_ARN}"', f'"ARN":"{OTHER_KEY}"'))
    assert found.issuer == FAMILIAR["sessionContext"]["sessionIssuer"]["arn"]
    assert found.caller == FAMILIAR["arn"].rpartition("/")[2]
    assert found.id == "request-1"
    assert found.key_ids == [KEY_ARN.rpartition("/")[2], OTHER_KEY.rpartition("/")[2]]


ATTRIBUTES = FAMILIAR["sessionContext"]["attributes"]
ISSUER = FAMILIAR["sessionContext"]["sessionIssuer"]
POD = {"federatedProvider": f"arn:aws:iam::{ISSUER['accountId']}:oidc-provider/x", "attributes": {}}
INSTANCE = "i-0123456789abcdef0"
INFRASTRUCTURE = "aws:ec2-infrastructure"


@pytest.mark.parametrize(
    "context",
    # CloudTrail User Guide, "CloudTrail userIdentity element"; KMS Developer Guide, "Amazon EC2
    # example two". The order of the fields differs between versions of the records.
    [
        {"sessionIssuer": ISSUER},
        {"sessionIssuer": ISSUER, "attributes": ATTRIBUTES},
        {"attributes": ATTRIBUTES, "sessionIssuer": ISSUER},
        {"sessionIssuer": ISSUER, "webIdFederationData": {}, "attributes": ATTRIBUTES},
        {"sessionIssuer": ISSUER, "webIdFederationData": POD, "attributes": ATTRIBUTES},
        {"sessionIssuer": ISSUER, "attributes": ATTRIBUTES, "ec2RoleDelivery": "2.0"},
        {"sessionIssuer": ISSUER, "attributes": ATTRIBUTES, "sourceIdentity": "alice"},
        {"sessionIssuer": {name: ISSUER[name] for name in sorted(ISSUER)}},
    ],
)
@pytest.mark.parametrize("key", [{}, {"accessKeyId": ""}, {"accessKeyId": KEY}])
@pytest.mark.parametrize("service", [{}, {"invokedBy": "ec2-frontend-api.amazonaws.com"}])
def test_a_sketch_names_the_role_of_a_session(context, key, service):
    identity = {name: FAMILIAR[name] for name in ("type", "principalId", "arn", "accountId")}
    identity |= key | {"sessionContext": context} | service
    found = sketch_of(Sketcher(), DECRYPT.replace(compact(FAMILIAR), compact(identity)))
    assert (found.caller, found.issuer) == (FAMILIAR["arn"].rpartition("/")[2], ISSUER["arn"])


def test_a_sketch_names_the_session_of_the_infrastructure_of_an_instance():
    account = ISSUER["accountId"]
    role = f"arn:aws:iam::{account}:role/{INFRASTRUCTURE}"
    identity = FAMILIAR | {
        "principalId": f"{account}:{INFRASTRUCTURE}:{INSTANCE}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{INFRASTRUCTURE}/{INSTANCE}",
        "sessionContext": {"sessionIssuer": ISSUER | {"arn": role, "userName": INFRASTRUCTURE}},
    }
    found = sketch_of(Sketcher(), DECRYPT.replace(compact(FAMILIAR), compact(identity)))
    assert (found.caller, found.issuer) == (INSTANCE, role)
