"""What is a denial, on which key, and through which service."""

import pytest

from ebs_kms_audit import UsageError
from tests.rows import CLIENT, HEADER, audit, row

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:111122223333:key/{KEY_ID}"
MULTI_REGION = "mrk-" + "0123456789abcdef" * 2
OLD_HEADER = [name for name in HEADER if name not in ("Event source", "Read-only")]


def resources(*names: str) -> str:
    entries = (f'{{"resourceType":"AWS::KMS::Key","resourceName":"{name}"}}' for name in names)
    return f"[{','.join(entries)}]"


@pytest.mark.parametrize(
    ("cells", "denials"),
    [
        ({}, 1),
        ({"error_code": "AccessDeniedException"}, 1),
        ({"error_code": ""}, 0),
        ({"error_code": "DryRunOperationException"}, 0),
        ({"error_code": "DisabledException"}, 0),
        ({"error_code": "Client.UnauthorizedOperation"}, 0),
        ({"event_source": "ec2.amazonaws.com"}, 0),
        ({"event_source": "license-manager.amazonaws.com"}, 0),
        ({"event_source": "s3.amazonaws.com", "event_name": "GetObject"}, 0),
        ({"event_name": "EntangleKeys"}, 1),  # a KMS event of the future
        ({"event_source": ""}, 1),  # told by its name, and called through EC2
    ],
)
def test_what_is_a_denial(cells, denials):
    assert audit(row(**cells)).coverage.denials == denials


@pytest.mark.parametrize(
    ("cells", "denials", "apart"),
    [
        ({"event_name": "Decrypt", "source_ip_address": CLIENT}, 1, 0),
        ({"event_name": "GenerateDataKeyWithoutPlaintext"}, 1, 0),
        ({"event_name": "CreateGrant"}, 1, 0),  # License Manager has one, but not through EC2
        ({"event_name": "CreateGrant", "source_ip_address": CLIENT}, 0, 1),
        ({"event_name": "Encrypt", "source_ip_address": CLIENT}, 0, 1),
        ({"event_name": "Encrypt"}, 1, 0),  # a usage operation, through EC2
        ({"event_name": "TagResource"}, 0, 1),
        ({"event_name": "CreateAlias", "source_ip_address": CLIENT}, 0, 1),
        ({"event_name": "RunInstances"}, 0, 0),
        ({"event_name": "EntangleKeys"}, 0, 0),
    ],
)
def test_without_an_event_source_the_name_tells_or_the_row_is_listed_apart(cells, denials, apart):
    report = audit(row(**cells), header=OLD_HEADER)
    assert (report.coverage.denials, len(report.shared_name_denials)) == (denials, apart)
    assert ("shared_event_names" in {caveat.id for caveat in report.caveats}) == bool(apart)


def test_other_kms_errors_are_reported_apart():
    report = audit(
        row(error_code="DisabledException", event_time="2026-05-18T07:02:00Z"),
        row(error_code="DisabledException", event_time="2026-05-18T07:01:00Z"),
        row(error_code="KMSInvalidStateException", event_name="Decrypt"),
        row(error_code="SomethingNew"),
        row(error_code="Client.InvalidKMSKey.InvalidState", event_source="ec2.amazonaws.com"),
    )
    assert report.findings == ()
    found = {(e["error_code"], e["event_name"]): e for e in report.to_dict()["other_errors"]}
    assert set(found) == {
        ("DisabledException", "CreateGrant"),
        ("KMSInvalidStateException", "Decrypt"),
        ("SomethingNew", "CreateGrant"),
    }
    disabled = found["DisabledException", "CreateGrant"]
    assert disabled["count"] == 2
    assert disabled["first_seen"] == "2026-05-18T07:01:00Z"
    assert disabled["last_seen"] == "2026-05-18T07:02:00Z"
    assert disabled["meaning"] == "the key is disabled: enable the key"
    assert found["SomethingNew", "CreateGrant"]["meaning"] == "not a known permission error"


@pytest.mark.parametrize(
    ("cell", "arn", "id", "alias", "evidence"),
    [
        ("[]", None, None, None, "unknown"),
        ("", None, None, None, "unknown"),
        (resources(KEY_ID), None, KEY_ID, None, "recorded"),
        (resources(KEY_ARN), KEY_ARN, KEY_ID, None, "recorded"),
        (resources(MULTI_REGION), None, MULTI_REGION, None, "recorded"),
        (resources("alias/ebs"), None, None, "alias/ebs", "recorded"),
        (resources("arn:aws:kms:us-east-1:111122223333:alias/team/ebs"), None, None,
         "alias/team/ebs", "recorded"),
        (resources(KEY_ID, KEY_ID), None, KEY_ID, None, "recorded"),
        (resources(KEY_ID, MULTI_REGION), None, None, None, "unknown"),
        (resources("vol-0123456789abcdef0"), None, None, None, "unknown"),
        ('[{"resourceType":null,"resourceName":"' + KEY_ARN + '"}]', KEY_ARN, KEY_ID, None,
         "recorded"),
        ('[{"resourceName":7}]', None, None, None, "unknown"),
        ("[{", None, None, None, "unknown"),
        ('{"resourceName":"x"}', None, None, None, "unknown"),
        ("[" * 100_000, None, None, None, "unknown"),
    ],
)  # fmt: skip
def test_which_key(cell, arn, id, alias, evidence):
    (finding,) = audit(row(resources=cell)).findings
    key = finding.key
    assert (key.arn, key.id, key.alias, key.evidence) == (arn, id, alias, evidence)


@pytest.mark.parametrize(
    ("cells", "arn", "evidence"),
    [
        ({}, KEY_ARN, "given"),
        ({"resources": resources(KEY_ID)}, KEY_ARN, "given"),  # the bare id is the given key's
        ({"resources": resources(MULTI_REGION)}, None, "recorded"),  # the row knows better
        ({"aws_region": "eu-west-1"}, None, "unknown"),  # a key serves its own Region
    ],
)
def test_the_caller_says_which_key(cells, arn, evidence):
    (finding,) = audit(row(**cells), key=KEY_ARN).findings
    assert (finding.key.arn, finding.key.evidence) == (arn, evidence)


@pytest.mark.parametrize("text", [KEY_ID, "alias/ebs", "arn:aws:s3:::bucket", "",
                                  KEY_ARN.replace("kms", "s3"), KEY_ARN.replace("us-east-1", ""),
                                  KEY_ARN.replace("111122223333", ""), KEY_ARN + "$(id)",
                                  "arn:aws:kms:us-east-1:111122223333:alias/ebs"])  # fmt: skip
def test_a_text_that_is_not_a_key_arn_is_an_error(text):
    with pytest.raises(UsageError, match="is not a key ARN"):
        audit(row(), key=text)


@pytest.mark.parametrize(
    ("source_ip", "via", "ebs"),
    [
        ("ec2-frontend-api.amazonaws.com", "ec2-frontend-api.amazonaws.com", True),
        ("ec2.amazonaws.com", "ec2.amazonaws.com", True),
        ("autoscaling.amazonaws.com", "autoscaling.amazonaws.com", True),
        ("AWS Internal", "AWS Internal", True),
        ("AWS Internal/2", "AWS Internal/2", True),
        ("s3.amazonaws.com", "s3.amazonaws.com", False),
        ("lambda.cn-north-1.amazonaws.com.cn", "lambda.cn-north-1.amazonaws.com.cn", False),
        (CLIENT, None, False),
        ("2001:db8::7", None, False),
        ("evil.amazonaws.com.example", None, False),
        ("", None, False),
    ],
)
def test_called_through_a_service_or_directly(source_ip, via, ebs):
    (finding,) = audit(row(source_ip_address=source_ip, user_agent="AWS Internal")).findings
    assert finding.denials[0].via_service == via
    assert finding.ebs_traffic is ebs
