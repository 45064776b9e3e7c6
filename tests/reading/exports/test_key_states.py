"""A change that leaves a key unusable, in both readers: without sizes the plain one, with them the
vectorised one.

Sources: AWS KMS Developer Guide, "Key states of AWS KMS keys" and "AWS KMS eventual consistency".
"""

from __future__ import annotations

import json

import pytest

from ebs_kms_audit import audit
from ebs_kms_audit.context import ec2_calls
from ebs_kms_audit.reading.exports.large.places import KINDS, PlaceKind
from tests.exports import ACCOUNT, denied, export, row
from tests.sample_incident import KEY_ID

KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"


def resources(name):
    return json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": name}])


def changed(name, time, key=KEY_ID, **cells):
    given = {"event_name": name, "event_time": f"2026-05-18T{time}Z", "error_code": ""}
    more = {"read_only": "false", "resources": resources(key), "event_id": f"{name} {time}"}
    return denied(**(given | more | cells))


@pytest.fixture
def report_on(tiny, tmp_path, monkeypatch):
    """Return what makes the report of rows beside denials of a key, read once or `again`."""

    def made(sizes, rows, again):
        path = tmp_path / "export.csv"
        of_key = denied(event_time="2026-05-18T07:00:00Z", resources=resources(KEY_ARN))
        far = row(event_source="ec2.amazonaws.com", event_name="RunInstances")
        path.write_text(export(*rows, *[of_key] * 3, far))
        if again:  # there are too many EC2 calls to keep
            monkeypatch.setattr(ec2_calls, "_KEPT", 0)
            monkeypatch.setitem(KINDS, "calls", PlaceKind("all", 0))
        tiny(sizes)
        return audit(path)

    return made


@pytest.mark.parametrize("sizes", [None, (700, 900), (7_000, 30_000)])
@pytest.mark.parametrize(
    ("rows", "last"),
    [
        ([], None),
        ([changed("DisableKey", "06:30:00")], "DisableKey 06:30:00"),
        ([changed("DisableKey", "09:30:00", KEY_ARN)], "DisableKey 09:30:00"),
        ([changed("DisableKey", "06:30:00"), changed("EnableKey", "06:40:00")], None),
        ([changed("DisableKey", "06:30:00"), changed("EnableKey", "06:20:00")],
         "DisableKey 06:30:00"),
        ([changed("DisableKey", "06:30:00"), changed("EnableKey", "06:40:00", KEY_ARN),
          changed("DisableKey", "06:50:00")], "DisableKey 06:50:00"),
        ([changed("ScheduleKeyDeletion", "06:30:00"), changed("CancelKeyDeletion", "06:40:00")],
         "CancelKeyDeletion 06:40:00"),
        ([changed("DeleteImportedKeyMaterial", "06:30:00"),
          changed("ImportKeyMaterial", "06:40:00")], None),
        ([changed("DisableKey", "06:30:00", error_code="KMSInternalException")], None),
        # Of equal changes, the last row counts. A name with a quoted line is parsed by itself.
        ([changed("DisableKey", "06:30:00", event_id="1", user_name="cr\nlf"),
          changed("DisableKey", "06:30:00", event_id="2")], "2"),
        ([changed("DisableKey", "06:30:00", event_id="1"),
          changed("DisableKey", "06:30:00", event_id="2", user_name="cr\nlf")], "2"),
        ([changed("DisableKey", "06:30:00", "5678" + KEY_ID[4:])], None),
        ([changed("DisableKey", "06:30:00", aws_region="eu-west-1")], None),
        # A later use by any caller shows that the key is enabled again.
        ([changed("Decrypt", "06:40:00"), changed("DisableKey", "06:30:00")], None),
        ([changed("Decrypt", "06:39:59"), changed("DisableKey", "06:30:00")],
         "DisableKey 06:30:00"),
        ([changed("Decrypt", "09:40:00", KEY_ARN, user_name="bob"),
          *[changed("Decrypt", f"06:{minute}:00", user_name="bob") for minute in range(10, 60)],
          changed("DisableKey", "09:30:00")], None),
        ([changed("Decrypt", "09:40:00", user_name="cr\nlf"), changed("DisableKey", "09:30:00")],
         None),
        ([changed("CreateGrant", "09:40:00", user_name="bob"), changed("DisableKey", "09:30:00"),
          changed("DisableKey", "10:30:00")], "DisableKey 10:30:00"),
        ([changed("DescribeKey", "09:40:00"), changed("DisableKey", "09:30:00")],
         "DisableKey 09:30:00"),
        ([changed("Decrypt", "09:40:00", "5678" + KEY_ID[4:]), changed("DisableKey", "09:30:00")],
         "DisableKey 09:30:00"),
        ([changed("Decrypt", "09:40:00", aws_region="eu-west-1"),
          changed("DisableKey", "09:30:00")], "DisableKey 09:30:00"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("again", [False, True], ids=["one reading", "two readings"])
def test_the_last_change_decides(report_on, sizes, rows, last, again):
    report = report_on(sizes, rows, again)
    (finding,) = report.findings
    event = finding.history.unusable_since
    assert (event and event.event_id) == last
    states = [step for step in report.plan if step.kind == "key_state"]
    assert [step.findings for step in states] == ([(finding.id,)] if last else [])


def failed(name, time, error_code="DisabledException", key=KEY_ARN, **cells):
    return changed(name, time, key, error_code=error_code, **cells)


@pytest.mark.parametrize("sizes", [None, (700, 900), (7_000, 30_000)])
@pytest.mark.parametrize(
    ("rows", "errors", "steps"),
    [
        ([failed("Decrypt", "06:55:00")], ["Decrypt 06:55:00"], 1),
        ([failed("Decrypt", "06:55:00"), changed("EnableKey", "09:00:00")], [], 0),
        ([failed("Decrypt", "06:55:00"), failed("Encrypt", "07:20:00"),
          changed("EnableKey", "07:10:00")], ["Encrypt 07:20:00"], 1),
        ([failed("Decrypt", "06:55:00"), failed("Encrypt", "07:20:00"),
          changed("EnableKey", "07:10:00"), changed("Encrypt", "07:30:00", user_name="bob")],
         [], 0),
        ([failed("Decrypt", "06:55:00"), changed("Decrypt", "07:05:00", user_name="bob")], [], 0),
        ([failed("Decrypt", "06:55:00"), changed("Decrypt", "07:04:59", user_name="bob")],
         ["Decrypt 06:55:00"], 1),
        ([failed("Decrypt", "06:55:00", user_name="cr\nlf"),
          changed("Decrypt", "07:05:00", user_name="bob")], [], 0),
        ([failed("Decrypt", "06:55:00", "KMSInvalidStateException"),
          changed("ImportKeyMaterial", "07:05:00")], [], 0),
        ([failed("Decrypt", "06:55:00", "KMSInvalidStateException"),
          failed("Encrypt", "06:56:00"), changed("ImportKeyMaterial", "07:05:00")],
         ["Encrypt 06:56:00"], 1),
        ([failed("CancelKeyDeletion", "06:55:00", "KMSInvalidStateException")], [], 0),
        # Of a key that was not denied, the step only.
        ([failed("Decrypt", "06:55:00", key="5678" + KEY_ID[4:])], [], 1),
        ([failed("Decrypt", "06:55:00", key="5678" + KEY_ID[4:]),
          changed("Decrypt", "07:05:00", "5678" + KEY_ID[4:], user_name="bob")], [], 0),
        ([failed("Decrypt", "06:55:00", key="5678" + KEY_ID[4:]),
          changed("EnableKey", "07:05:00", "5678" + KEY_ID[4:], user_name="bob")], [], 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("again", [False, True], ids=["one reading", "two readings"])
def test_a_key_became_usable_after_an_error(report_on, sizes, rows, errors, steps, again):
    report = report_on(sizes, rows, again)
    (finding,) = report.findings
    assert [one.event_id for one in finding.history.key_errors] == errors
    assert len([step for step in report.plan if step.kind == "key_state"]) == steps
