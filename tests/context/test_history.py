"""What happened around a denial, what fails next, and calls across accounts."""

import io

import pytest

import ebs_kms_audit
from ebs_kms_audit.context import ec2_calls, successes
from ebs_kms_audit.identify import assumed_roles
from tests import rows
from tests.make_samples import SAMPLES
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, ROLE, audit, log, record, session

FINE = {"errorCode": "absent", "errorMessage": "absent"}
OTHER_KEY = KEY_ARN.replace("1234abcd", "5678abcd")


def made(name, time, source="kms", **fields):
    """Return the record of a successful call at a time of 2026-05-18."""
    plain = {"eventName": name, "eventTime": f"2026-05-18T{time}Z", "eventID": f"{name} {time}",
             "eventSource": f"{source}.amazonaws.com", "requestID": f"{name} {time}"}  # fmt: skip
    return record(**(FINE | plain | fields))


def history_of(*records, **fields):
    (finding,) = audit(record(**fields), *records).findings
    return finding.history


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (made("PutKeyPolicy", "06:50:00", requestParameters={"keyId": KEY_ID}), True),
        (made("PutKeyPolicy", "06:50:00", requestParameters={"keyId": KEY_ARN}), True),
        (made("DisableKey", "06:50:00", requestParameters={"keyId": KEY_ID}), True),
        (made("ScheduleKeyDeletion", "06:50:00", requestParameters={"keyId": KEY_ID}), True),
        (made("RevokeGrant", "06:50:00", requestParameters={"keyId": KEY_ID}), True),
        (made("RetireGrant", "06:50:00"), True),  # names no key: it may be this one
        (made("PutKeyPolicy", "06:50:00", requestParameters={"keyId": OTHER_KEY}), False),
        (made("PutKeyPolicy", "07:50:00", requestParameters={"keyId": KEY_ID}), False),
        (made("PutKeyPolicy", "06:50:00", awsRegion="eu-west-1"), False),
        (made("PutKeyPolicy", "06:50:00", errorCode="AccessDenied"), False),
        (made("DeleteRole", "06:50:00", "iam", requestParameters={"roleName": "deploy"}), True),
        (made("CreateRole", "06:51:00", "iam", requestParameters={"roleName": "deploy"}), True),
        (made("DeleteRole", "06:50:00", "iam", requestParameters={"roleName": "other"}), False),
        (made("EnableKey", "06:50:00", requestParameters={"keyId": KEY_ID}), True),
        (made("TagResource", "06:50:00", requestParameters={"keyId": KEY_ID}), False),
    ],
)
def test_what_changed_before_the_first_denial(event, told):
    findings = audit(record(), event).findings
    denied = next(finding for finding in findings if finding.denials[0].event.event_id == "event-0")
    assert [change.event_id for change in denied.history.changes] == [event["eventID"]] * told


@pytest.mark.parametrize(
    ("event", "cured"),
    [
        (made("CreateGrant", "07:30:00"), True),
        (made("CreateGrant", "07:30:00", resources=[{"ARN": KEY_ARN}]), True),
        (made("CreateGrant", "07:30:00", resources=[{"ARN": OTHER_KEY}]), False),
        (made("CreateGrant", "06:30:00"), False),
        (made("Decrypt", "07:30:00"), False),
        (made("CreateGrant", "07:30:00", userIdentity=session(name="deploy-8b2c")), True),
        (made("CreateGrant", "07:30:00",
              userIdentity=session(f"arn:aws:iam::{ACCOUNT}:role/other")), False),
    ],
)  # fmt: skip
def test_a_later_success_may_be_a_cure(event, cured):
    later = history_of(event).later_success
    assert (later is not None) == cured


def test_no_success_is_later_than_a_message_without_a_time():
    message = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/deploy/deploy-7f3a is not authorized to "
        f"perform: kms:Decrypt on resource: {KEY_ARN} because no resource-based policy allows the "
        "kms:Decrypt action"
    )
    success = made("Decrypt", "07:30:00", resources=[{"ARN": KEY_ARN}])
    (finding,) = ebs_kms_audit.audit(records=log(success), messages=message).findings
    assert finding.history.later_success is None
    assert finding.history.allowed == ()  # Decrypt is the denied action


def test_an_instances_role_does_not_cure_its_infrastructure():
    """Both sessions are named after the instance; the row's Source IP address tells them apart."""
    name = "i-0123456789abcdef0"
    report = rows.audit(
        rows.row(user_name=name, event_name="Decrypt", source_ip_address="AWS Internal"),
        rows.row(user_name=name, event_name="Decrypt", source_ip_address=rows.CLIENT,
                 error_code="", event_time="2026-05-18T08:00:00Z"),
    )  # fmt: skip
    assert report.findings[0].history.later_success is None


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (made("AttachVolume", "07:00:34", "ec2"), True),
        (made("AttachVolume", "06:55:34", "ec2"), True),
        (made("AttachVolume", "07:05:35", "ec2"), False),
        (made("AttachVolume", "07:04:00", "ec2", errorCode="Client.CustomerKeyHasBeenRevoked"),
         True),
        (made("AttachVolume", "07:00:34", "ec2", userIdentity=session(name="other")), False),
        (made("AttachVolume", "09:00:00", "ec2", userIdentity=session(name="other"),
              requestID="f3b1a2c4-0000-4000-8000-000000000001"), True),
        (made("DescribeVolumes", "07:00:34", "ec2"), False),
    ],
)  # fmt: skip
def test_the_ec2_calls_of_the_same_try(event, told):
    attempts = history_of(event).attempts
    assert [one.event_id for one in attempts.listed] == [event["eventID"]] * told


def test_ec2_error_codes_are_explained():
    revoked = made("AttachVolume", "07:00:34", "ec2", errorCode="Client.CustomerKeyHasBeenRevoked")
    report = audit(record(), revoked)
    (attempt,) = report.to_dict()["findings"][0]["history"]["attempts"]
    assert attempt["meaning"] == (
        "the volume could not use its KMS key: a missing CreateGrant permission, or a disabled key"
    )
    assert "Client.CustomerKeyHasBeenRevoked" in report.to_text(details=True)


GENERATE = "kms:GenerateDataKeyWithoutPlaintext"


@pytest.mark.parametrize(
    ("name", "others", "needed", "allowed"),
    [
        (GENERATE[4:], [], ["kms:Decrypt", "kms:CreateGrant"], []),
        ("CreateGrant", [], [GENERATE, "kms:Decrypt"], []),
        ("CreateGrant", [made(GENERATE[4:], "07:00:00")], ["kms:Decrypt"], [GENERATE]),
        ("CreateGrant", [made("AttachVolume", "07:00:34", "ec2"), made(GENERATE[4:], "07:00:00"),
                         made("Decrypt", "07:00:01")], [], ["kms:Decrypt", GENERATE]),
        ("Decrypt", [made("CopySnapshot", "07:00:34", "ec2")],
         [GENERATE, "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey"], []),
        ("Decrypt", [made("CopySnapshot", "07:00:34", "ec2"), made("ReEncrypt", "07:00:20")],
         [GENERATE, "kms:CreateGrant", "kms:DescribeKey"],
         ["kms:ReEncryptFrom", "kms:ReEncryptTo"]),
    ],
)  # fmt: skip
def test_what_fails_next_and_what_is_allowed_already(name, others, needed, allowed):
    around = history_of(*others, eventName=name)
    assert [call.action for call in around.next_calls] == needed
    assert list(around.allowed) == allowed
    page = "ebs-copy-snapshot" if len(needed) > 2 else "how-ebs-encryption-works"
    assert [call.source for call in around.next_calls] == [
        f"https://docs.aws.amazon.com/ebs/latest/userguide/{page}.html"
    ] * len(needed)


def test_outside_ebs_nothing_is_needed_next():
    assert history_of(sourceIPAddress="198.51.100.7").next_calls == ()


def test_the_row_and_the_record_of_one_event_are_told_once():
    put = rows.row(event_name="PutKeyPolicy", event_time="2026-05-18T06:50:00Z", error_code="",
                   event_id="PutKeyPolicy 06:50:00")  # fmt: skip
    report = audit(record(), made("PutKeyPolicy", "06:50:00"), rows=rows.export(put))
    assert len(report.findings[0].history.changes) == 1


KEY_ELSEWHERE = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("source", "name", "noise"),
    [
        ("config.amazonaws.com", "DescribeKey", True),
        ("config.amazonaws.com", "GetKeyRotationStatus", True),
        ("access-analyzer.amazonaws.com", "ListGrants", True),
        ("config.amazonaws.com", "Decrypt", False),
        ("config.amazonaws.com", "CreateGrant", False),
        ("ec2-frontend-api.amazonaws.com", "DescribeKey", False),
        ("198.51.100.7", "GetKeyPolicy", False),
    ],
)
def test_probes_of_services_are_set_apart(source, name, noise):
    who = session(f"arn:aws:iam::{ACCOUNT}:role/AWSConfig", "probe")
    probe = record(sourceIPAddress=source, eventName=name, eventID="probe", userIdentity=who)
    findings = audit(record(), probe, probe | {"eventID": "again"}).findings
    probing = next(f for f in findings if f.principal.session_name == "probe")
    assert probing.noise is noise
    if noise:
        assert findings[-1] is probing
        assert probing.steps == ()


def numbered(report):
    """Return who was denied what, when."""
    return {
        (d.event.event_id, d.event.name, d.principal.user_name)
        for f in report.findings
        for d in f.denials
    }


def test_one_incident_told_three_ways_gives_the_same_denials_with_rising_evidence():
    csv, json = SAMPLES / "event_history.csv", SAMPLES / "event_history.json"
    rows_alone = ebs_kms_audit.audit(csv)
    both = ebs_kms_audit.audit(csv, records=json)
    records_alone = ebs_kms_audit.audit(records=json)
    assert numbered(rows_alone) == numbered(both) == numbered(records_alone)
    assert len(numbered(both)) == 8

    def evidence(report):
        return {f.principal.user_name: (f.principal.evidence, f.key.evidence)
                for f in report.findings}  # fmt: skip

    assert evidence(rows_alone) == {
        "alice": ("inferred", "unknown"), "AutoScaling": ("inferred", "unknown"),
        "deploy-7f3a": ("unknown", "unknown"),
        "i-0f1e2d3c4b5a69788": ("inferred", "unknown"),
    }  # fmt: skip
    for report in (both, records_alone):
        assert set(evidence(report).values()) == {("recorded", "recorded")}
        assert "REPLACE-WITH" not in report.to_json()
    assert "REPLACE-WITH" in rows_alone.to_json()
    remaining = {caveat.id for caveat in both.caveats}
    assert not remaining & {"key_not_in_csv", "session_name_only", "cause_not_shown"}


def test_too_much_to_keep_is_read_twice_and_a_stream_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(ec2_calls, "_KEPT", 3)
    monkeypatch.setattr(successes, "_KEPT", 3)
    monkeypatch.setattr(assumed_roles, "_KEPT", 0)
    crowd = [
        made("AttachVolume", f"07:00:{second:02}", "ec2",
             userIdentity=session(name=f"other-{second}"))
        for second in range(20)
    ]  # fmt: skip
    handed = made(
        "AssumeRole", "06:59:00", "sts", userIdentity={"type": "IAMUser", "arn": "x"},
        requestParameters={"roleArn": ROLE},
        responseElements={"credentials": {"accessKeyId": "ASIAIOSFODNN7EXAMPLE"}},
    )  # fmt: skip
    mine = made("AttachVolume", "07:00:34", "ec2")
    silent = record(userIdentity=session(issuer=False) | {"type": "absent"})
    del silent["userIdentity"]["type"]
    path = tmp_path / "log.json"
    path.write_text(log(*crowd, mine, silent, handed).read(), encoding="utf-8")

    whole = ebs_kms_audit.audit(records=path)
    assert "surroundings_incomplete" not in {caveat.id for caveat in whole.caveats}
    assert [e.event_id for e in whole.findings[0].history.attempts.listed] == [mine["eventID"]]
    assert whole.findings[0].principal.arn == ROLE

    stream = ebs_kms_audit.audit(records=io.StringIO(path.read_text(encoding="utf-8")))
    assert "surroundings_incomplete" in {caveat.id for caveat in stream.caveats}
    assert numbered(stream) == numbered(whole)


def minute(number):
    return f"{6 + number // 60:02}:{number % 60:02}:00"


CALLS = [made("AttachVolume", minute(number), "ec2") for number in range(120)]
DENIED = {number: record(eventID=f"denied {number}", eventTime=f"2026-05-18T{minute(number)}Z")
           for number in (20, 60, 61, 110)}  # fmt: skip


@pytest.mark.parametrize(
    ("order", "complete"),
    [
        (sorted, True),
        (lambda times: sorted(times, reverse=True), True),
        # a second file goes through the same time again, as that of another Region does
        (lambda times: [*sorted(t for t in times if t % 2), *sorted(t for t in times if not t % 2)],
         False),
    ],
    ids=["forward", "backward", "twice"],
)  # fmt: skip
def test_calls_far_from_every_denial_need_not_be_kept(monkeypatch, tmp_path, order, complete):
    times = order(list(range(120)))
    events = [one for time in times for one in (CALLS[time], DENIED.get(time)) if one]
    path = tmp_path / "log.json"
    path.write_text(log(*events).read(), encoding="utf-8")

    def calls(report):
        (finding,) = report.findings
        attempts = finding.history.attempts
        return [call.event_id for call in attempts.listed], attempts.count

    near = [number for number in range(120) if any(abs(number - one) <= 5 for one in DENIED)]
    expected = [CALLS[number]["eventID"] for number in near][-20:], len(near)
    assert calls(ebs_kms_audit.audit(records=path)) == expected
    monkeypatch.setattr(ec2_calls, "_KEPT", 60)
    assert calls(ebs_kms_audit.audit(records=path)) == expected
    stream = ebs_kms_audit.audit(records=io.StringIO(path.read_text(encoding="utf-8")))
    assert ("surroundings_incomplete" not in {one.id for one in stream.caveats}) == complete
    assert (calls(stream) == expected) == complete


@pytest.mark.parametrize("step", [1, -1])
def test_a_call_of_the_same_request_is_found_however_far(monkeypatch, tmp_path, step):
    calls = [made("AttachVolume", minute(number), "ec2") for number in range(120)]
    calls[0]["requestID"] = "the same"
    late = record(eventTime=f"2026-05-18T{minute(119)}Z", requestID="the same")
    events = [late, *calls[::-1]] if step < 0 else [*calls, late]
    path = tmp_path / "log.json"
    path.write_text(log(*events).read(), encoding="utf-8")
    monkeypatch.setattr(ec2_calls, "_KEPT", 20)
    (finding,) = ebs_kms_audit.audit(records=path).findings
    assert calls[0]["eventID"] in {call.event_id for call in finding.history.attempts.listed}


def test_a_call_of_the_same_request_is_listed_before_later_calls():
    same = made("AttachVolume", "06:59:00", "ec2", requestID="the same")
    later = [made("AttachVolume", f"07:00:{second:02}", "ec2") for second in range(25)]
    history = audit(record(requestID="the same"), same, *later).findings[0].history
    listed = [call.event_id for call in history.attempts.listed]
    assert listed == [
        "AttachVolume 06:59:00",
        *(f"AttachVolume 07:00:{n:02}" for n in range(6, 25)),
    ]
    assert history.attempts.count == 26


@pytest.mark.parametrize(
    ("keys", "evidence"),
    [
        ([KEY_ARN], "inferred"),
        ([KEY_ARN, KEY_ID], "inferred"),  # the ARN and the id of one key
        ([KEY_ARN] * 200, "inferred"),
        ([KEY_ARN] * 200 + [OTHER_KEY], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_key_that_the_ec2_calls_within_a_minute_name(keys, evidence):
    calls = [
        made("CreateVolume", f"07:00:{n % 60:02}", "ec2", eventID=f"call {n}",
             requestParameters={"kmsKeyId": key})
        for n, key in enumerate(keys)
    ]  # fmt: skip
    denied = record(eventTime="2026-05-18T07:00:30Z", errorMessage="absent")
    (finding,) = audit(denied, *calls).findings
    assert str(finding.key.evidence) == evidence
