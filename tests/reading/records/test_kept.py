"""Records that are not decoded when they are read give the report that all records give.

The judge is the same log with spaces in it: of such a log, every record is decoded.
"""

import gzip
import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ebs_kms_audit
from ebs_kms_audit.reading import Reading
from tests.exports import ACCOUNT, access_key
from tests.records import KEY_ARN, ROLE, looked_up, record, session

OTHER_KEY = KEY_ARN.replace("1234abcd", "5678abcd")
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/other"
USER = {
    "type": "IAMUser", "principalId": "AIDA2NCBAL3RPBAGXM7CZ", "accountId": ACCOUNT,
    "arn": f"arn:aws:iam::{ACCOUNT}:user/team/alice", "userName": "alice",
    "accessKeyId": access_key("AKIA", ACCOUNT, "alice"),
}  # fmt: skip
FAMILIAR = session(sessionContext={
    "sessionIssuer": {"type": "Role", "principalId": "AROA2NCBAL3RPBAGXM7CZ",
                      "arn": ROLE, "accountId": ACCOUNT, "userName": "deploy"},
    "attributes": {"creationDate": "2026-05-18T06:00:00Z", "mfaAuthenticated": "false"},
})  # fmt: skip
CALLERS = [
    session(), FAMILIAR, FAMILIAR | {"arn": FAMILIAR["arn"] + "-2"}, session(issuer=False),
    session(OTHER_ROLE), session(name="deploy-9", accessKeyId="ASIAIOSFODNN7EXAMPL2"), USER,
    {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"},
    {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root",
     "accountId": ACCOUNT},
    session() | {"arn": "arn:aws:sts::12:assumed-role/deploy/x"},
]  # fmt: skip
EC2 = {"eventSource": "ec2.amazonaws.com", "errorCode": "absent", "errorMessage": "absent"}
KEYS = [{"ARN": KEY_ARN, "type": "AWS::KMS::Key", "accountId": ACCOUNT}]
SUCCESS = {"errorCode": "absent", "errorMessage": "absent", "readOnly": True, "resources": KEYS}


def assume_role(key, role=ROLE, **asked):
    answer = {"credentials": {"accessKeyId": key, "expiration": "2026-05-18T08:00:00Z"},
              "assumedRoleUser": {"arn": role.replace("iam", "sts") + "/x"}}  # fmt: skip
    return SUCCESS | {
        "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "resources": "absent",
        "requestParameters": {"roleArn": role, "roleSessionName": "x"} | asked,
        "responseElements": answer,
    }  # fmt: skip


def create_grant(grantee, key=KEY_ARN, grant="g1", **asked):
    # CloudTrail: "Logging AWS KMS API calls", CreateGrant
    return SUCCESS | {
        "eventName": "CreateGrant", "readOnly": False,
        "requestParameters": {"keyId": key, "granteePrincipal": grantee,
                              "operations": ["CreateGrant", "Decrypt"]} | asked,
        "responseElements": {"grantId": grant, "keyId": key},
        "resources": [{"ARN": key, "type": "AWS::KMS::Key", "accountId": ACCOUNT}],
    }  # fmt: skip


def end_grant(name, key=KEY_ARN, **asked):
    return SUCCESS | {
        "eventName": name, "readOnly": False, "requestParameters": asked,
        "resources": [{"ARN": key, "type": "AWS::KMS::Key", "accountId": ACCOUNT}],
    }  # fmt: skip


KINDS = {
    "denial": {},
    "denied Decrypt": {"eventName": "Decrypt", "readOnly": True},
    "denied without a key": {"errorMessage": "absent"},
    "denied to a client": {"sourceIPAddress": "198.51.100.9", "userAgent": "Boto3/1.38.0"},
    "denied to another client": {"sourceIPAddress": "198.51.100.10", "userAgent": 'a\\"b'},
    "denied with a shared id": {"sharedEventID": "5e1f-1", "userAgent": "absent"},
    "ordinary": EC2 | {"eventName": "DescribeInstances"},
    "RunInstances": EC2 | {"eventName": "RunInstances", "requestParameters": {
        "instancesSet": {"items": [{"minCount": 1}]}, "kmsKeyId": KEY_ARN}},
    "CreateVolume": EC2 | {"eventName": "CreateVolume", "requestParameters": {"kmsKeyId": KEY_ARN},
                           "responseElements": {"volumeId": "vol-1", "errorCode": "none"}},
    "failed CreateVolume": EC2 | {"eventName": "CreateVolume",
                                  "errorCode": "Client.InvalidKMSKey.InvalidState"},
    "Decrypt": SUCCESS | {"eventName": "Decrypt"},
    "Decrypt by id": SUCCESS | {"eventName": "Decrypt", "resources": "absent",
                                "requestParameters": {"keyId": "alias/a\\b"}},
    "other key": SUCCESS | {"eventName": "GenerateDataKeyWithoutPlaintext",
                            "requestParameters": {"keyId": OTHER_KEY}},
    "by a service": SUCCESS | {"eventName": "Decrypt", "sourceIPAddress": "AWS Internal/3"},
    "by a client": SUCCESS | {"eventName": "Decrypt", "sourceIPAddress": "198.51.100.9"},
    "ListKeys": SUCCESS | {"eventName": "ListKeys", "resources": None},
    "grant": create_grant(ROLE),
    "grant with another id": create_grant(ROLE, grant="g2"),
    "grant on another key": create_grant(ROLE, OTHER_KEY, "g3"),
    "grant to another role": create_grant(OTHER_ROLE),
    "grant to an instance": create_grant(
        f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0"),
    "grant to a role in a context": create_grant(OTHER_ROLE, constraints={
        "encryptionContextSubset": {"granteePrincipal": ROLE, "keyId": KEY_ARN}}),
    "grant to an escaped role": create_grant(ROLE + "\u00e9"),
    "grant by alias": create_grant(ROLE, "alias/a") | {"resources": "absent"},
    "failed grant": create_grant(ROLE) | {"errorCode": "LimitExceededException"},
    "RetireGrant": end_grant("RetireGrant", grantId="g1"),
    "RetireGrant by token": end_grant("RetireGrant", grantToken="token"),
    "RetireGrant of another key": end_grant("RetireGrant", OTHER_KEY, grantId="g3"),
    "RetireGrant without a key": end_grant("RetireGrant", grantId="g2") | {"resources": "absent"},
    "RevokeGrant": end_grant("RevokeGrant", keyId=KEY_ARN, grantId="g1"),
    "RevokeGrant with two ids": end_grant("RevokeGrant", grantId="g1", more={"grantId": "g2"}),
    "CreateGrant": SUCCESS | {"readOnly": False, "responseElements": {"grantId": "g1"}},
    "PutKeyPolicy": SUCCESS | {"eventName": "PutKeyPolicy", "readOnly": False,
                               "requestParameters": {"keyId": KEY_ARN, "policy": "{}"}},
    "DisableKey": SUCCESS | {"eventName": "DisableKey", "readOnly": False},
    "odd Region": SUCCESS | {"eventName": "Decrypt", "awsRegion": "moon-1"},
    "odd account": SUCCESS | {"eventName": "Decrypt", "recipientAccountId": "12"},
    "of another account": SUCCESS | {"eventName": "Decrypt",
                                     "recipientAccountId": "444455556666"},
    "AssumeRole": assume_role("ASIAIOSFODNN7EXAMPLE"),
    "AssumeRole in another account": assume_role("ASIAIOSFODNN7EXAMPLE")
    | {"recipientAccountId": "444455556666"},
    "AssumeRole of another key": assume_role("ASIAIOSFODNN7EXAMPL2", OTHER_ROLE),
    "AssumeRole of another role": assume_role("ASIAIOSFODNN7EXAMPLE", OTHER_ROLE),
    "AssumeRole with a role name": assume_role("ASIAIOSFODNN7EXAMPLE", roleName=OTHER_ROLE),
    "AssumeRole of a service": assume_role("ASIAIOSFODNN7EXAMPLE", OTHER_ROLE.replace(
        "other", "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling")),
    "AssumeRole without an answer": assume_role("ASIA") | {"responseElements": None},
    "CreateRole": SUCCESS | {"eventSource": "iam.amazonaws.com", "eventName": "CreateRole",
                             "resources": "absent", "requestParameters": {"roleName": "deploy"}},
    "GetUser": SUCCESS | {"eventSource": "iam.amazonaws.com", "eventName": "GetUser"},
}  # fmt: skip
# Seconds after 07:00, on both sides of the five minutes within which an EC2 call is near.
SECONDS = st.sampled_from([0, 1, 34, 299, 300, 301, 333, 334, 335, 900])
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(sorted(KINDS)),
        st.integers(0, len(CALLERS) - 1),
        SECONDS,
        st.integers(0, 3),
    ),
    max_size=12,
)


def made(events):
    """Return the records of events: (kind, caller, seconds after 07:00, number of the request)."""
    return [
        record(**KINDS[kind] | {
            "userIdentity": CALLERS[caller], "eventID": f"event-{number}",
            "eventTime": f"2026-05-18T07:{seconds // 60:02}:{seconds % 60:02}Z",
            "requestID": f"request-{request}" if request else f"own-{number}",
        })
        for number, (kind, caller, seconds, request) in enumerate(events)
    ]  # fmt: skip


def report_of(text):
    stream = io.StringIO(text)
    stream.name = "log"
    return ebs_kms_audit.audit(records=stream, progress=False)


def same_reports(records):
    """Return the report as a dictionary, and the histories of its findings."""
    spaced = report_of(json.dumps({"Records": records}))
    compact = report_of(json.dumps({"Records": records}, separators=(",", ":")))
    found, histories = spaced.to_dict(), [finding.history for finding in spaced.findings]
    assert compact.to_dict() == found
    assert [finding.history for finding in compact.findings] == histories
    looked = report_of(json.dumps({"Events": list(map(looked_up, records))}))
    assert json.dumps(looked.to_dict()).replace(" (lookup-events)", "") == json.dumps(found)
    assert [finding.history for finding in looked.findings] == histories
    return found, histories


@given(events=EVENTS)
@example(events=[("AssumeRole", 7, 0, 0), ("AssumeRole of another role", 7, 1, 0),
                 ("denial", 0, 34, 0), ("AssumeRole", 7, 335, 0)])  # fmt: skip
@example(events=[("AssumeRole in another account", 0, 0, 0), ("AssumeRole", 0, 1, 0),
                 ("denial", 0, 34, 0)])  # fmt: skip
# The caller 9 is odd: its records are decoded when they are read.
@example(events=[("grant", 9, 1, 0), ("grant", 0, 0, 0), ("denial", 0, 34, 0)])
@example(events=[("grant", 0, 0, 0), ("grant", 9, 1, 0), ("denial", 0, 34, 0)])
@example(events=[("RetireGrant", 9, 34, 0), ("RetireGrant", 0, 1, 0), ("grant", 0, 0, 0),
                 ("denial", 0, 34, 0)])  # fmt: skip
@example(events=[("Decrypt", 1, 335, 0), ("denied Decrypt", 2, 34, 0), ("Decrypt", 1, 900, 0)])
def test_the_report_is_that_of_all_records(events):
    if events:
        same_reports(made(events))


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("caller", range(len(CALLERS)))
def test_each_kind_of_event_beside_a_denial(kind, caller):
    same_reports(made([(kind, caller, 35, 0), ("denial", 0, 34, 0), (kind, caller, 1, 1)]))


@pytest.mark.parametrize(
    ("kind", "seconds", "found"),
    # The EC2 call of a denial is made within five minutes of it.
    [("RunInstances", 334, 1), ("RunInstances", 335, 0), ("CreateVolume", 0, 1)],
)
def test_the_ec2_call_near_a_denial_is_an_attempt(kind, seconds, found):
    report, _ = same_reports(made([("denial", 0, 34, 0), (kind, 0, seconds, 0)]))
    assert len(report["findings"][0]["history"]["attempts"]) == found


def test_the_last_of_many_successes_is_the_later_success():
    events = [
        ("denied Decrypt", 1, 34, 0),
        *(("Decrypt", 1, second, 0) for second in (35, 900, 36)),
    ]
    report, _ = same_reports(made(events))
    assert report["findings"][0]["history"]["later_success"]["event_id"] == "event-2"


@pytest.mark.parametrize(
    ("used", "seconds", "is_usable"),
    [("Decrypt", 600, True), ("grant to another role", 900, True), ("Decrypt", 599, False),
     ("grant on another key", 900, False), ("ListKeys", 900, False)],
)  # fmt: skip
def test_a_later_use_of_a_disabled_key_by_any_caller(used, seconds, is_usable):
    events = [("DisableKey", 3, 0, 0), (used, 6, seconds, 0), (used, 6, 1, 0), ("denial", 0, 34, 0)]
    _, (history,) = same_reports(made(events))
    assert (history.unusable_since is None) == is_usable


def test_only_denials_are_decoded_when_they_are_read():
    kinds = [
        "denial", "Decrypt", "RunInstances", "AssumeRole", "ListKeys", "ordinary",
        "grant", "RetireGrant",
    ]  # fmt: skip
    records = made([(kind, 1, 35, 0) for kind in kinds])
    text = json.dumps({"Records": records}, separators=(",", ":"))
    reading = Reading(None, io.StringIO(text))
    (denied,) = reading.read()
    assert [event.name for event in denied] == ["CreateGrant"]
    assert sorted((event.name, count) for event, count in reading.counted) == [
        ("AssumeRole", 1), ("CreateGrant", 1), ("Decrypt", 1), ("ListKeys", 1),
        ("RetireGrant", 1), ("RunInstances", 1),
    ]  # fmt: skip
    assert [file.rows for file in reading.files] == [8]


@pytest.mark.parametrize(
    ("kind", "grants", "changes"),
    # A finding shows grants to its caller on its key, and what changed this key.
    [
        ("grant", ["event-1"], []),
        ("grant on another key", [], []),
        ("grant to another role", [], []),
        ("grant to a role in a context", [], []),
        ("RetireGrant", [], ["event-1"]),
        ("RevokeGrant", [], ["event-1"]),
        ("RetireGrant by token", [], ["event-1"]),
        ("RetireGrant without a key", [], ["event-1"]),
        ("RetireGrant of another key", [], []),
    ],
)
def test_a_grant_to_the_caller_and_a_change_of_the_key_are_found(kind, grants, changes):
    events = made([("denied Decrypt", 0, 34, 0), (kind, 6, 1, 0)])
    _, (history,) = same_reports(events)
    assert [trace.made.event_id for trace in history.grants] == grants
    assert [change.event_id for change in history.changes] == changes


@pytest.mark.parametrize("kind", ["RetireGrant", "RevokeGrant", "RevokeGrant with two ids"])
def test_the_end_of_a_grant_is_found(kind):
    events = [("denied Decrypt", 0, 34, 0), ("grant", 6, 1, 0), (kind, 6, 35, 0),
              ("grant with another id", 6, 2, 0)]  # fmt: skip
    _, (history,) = same_reports(made(events))
    ended = {trace.made.event_id: trace.ended for trace in history.grants}
    assert ended["event-1"].event_id == "event-2"
    assert ended["event-3"] is None


@pytest.mark.parametrize("escaped", [KEY_ARN, ROLE, '"g1'])
def test_a_key_a_grantee_and_an_id_can_be_written_with_an_escape(escaped):
    records = made([("denied Decrypt", 0, 34, 0), ("grant", 6, 1, 0), ("RetireGrant", 6, 35, 0)])
    plain = json.dumps({"Records": records}, separators=(",", ":"))
    text = plain.replace(escaped, f"{escaped[:-1]}\\u{ord(escaped[-1]):04x}")
    assert text != plain
    for one in (plain, text):
        (history,) = (finding.history for finding in report_of(one).findings)
        (trace,) = history.grants
        assert (trace.made.event_id, trace.ended.event_id) == ("event-1", "event-2")


def test_changes_of_any_key_are_found_if_a_denial_names_none():
    kinds = ["RetireGrant", "RetireGrant of another key", "RetireGrant without a key"]
    events = [("denied without a key", 0, 34, 0), *((kind, 6, 1, 0) for kind in kinds)]
    _, (history,) = same_reports(made(events))
    assert history.changes_count == len(kinds)


DENIED, LATER = ("denied Decrypt", 1, 34, 0), ("Decrypt", 1, 35, 0)
GRANT, RETIRED = ("grant", 6, 1, 0), ("RetireGrant", 6, 2, 0)


@pytest.mark.parametrize(
    ("files", "found"),
    # Each file holds numbers of events. What is found: later success, grants, changes.
    [
        ([[0], [1, 2, 3]], ("event-1", ["event-2"], ["event-3"])),
        ([[1, 2, 3], [0]], ("event-1", ["event-2"], ["event-3"])),
        ([[3], [2], [1], [0]], ("event-1", ["event-2"], ["event-3"])),
        # The same events are in two files.
        ([[0, 1, 2, 3], [0, 1, 2, 3]], ("event-1", ["event-2"], ["event-3"])),
        ([[0, 2], [1, 2, 3, 3]], ("event-1", ["event-2"], ["event-3"])),
        ([[0], [2]], (None, ["event-2"], [])),
    ],
)
@pytest.mark.parametrize("numpy_from", [1, 1 << 60])
@pytest.mark.parametrize("stored", [0, 1 << 24])
def test_what_bears_on_a_denial_can_be_in_any_file(
    tmp_path, monkeypatch, files, found, numpy_from, stored
):
    monkeypatch.setattr("ebs_kms_audit.reading.records.batches._MOST_STORED", stored)
    monkeypatch.setattr("ebs_kms_audit.reading.records._VECTORISED", numpy_from)
    monkeypatch.setattr("ebs_kms_audit.reading.records._IMPORTED", 1)
    events = made([DENIED, LATER, GRANT, RETIRED])
    reports = []
    for spaced in (True, False):
        folder = tmp_path / str(spaced)
        folder.mkdir()
        for number, chosen in enumerate(files):
            records = {"Records": [events[one] for one in chosen]}
            text = json.dumps(records, separators=None if spaced else (",", ":"))
            (folder / f"{number}.json.gz").write_bytes(gzip.compress(text.encode()))
        monkeypatch.chdir(folder)
        reports.append(ebs_kms_audit.audit("."))
        (history,) = (finding.history for finding in reports[-1].findings)
        later = history.later_success
        assert (
            later and later.event_id,
            [trace.made.event_id for trace in history.grants],
            [change.event_id for change in history.changes],
        ) == found
    assert reports[0].to_dict() == reports[1].to_dict()


@pytest.mark.parametrize(
    ("denied", "changes"),
    # A denial that names no key can be on each key of its Region, so all grants are kept for it.
    [("denied Decrypt", 2), ("denied without a key", 5)],
)
def test_a_second_reading_keeps_grants_that_can_be_on_denied_keys(
    tmp_path, monkeypatch, denied, changes
):
    other = "RetireGrant of another key"
    near = [GRANT, RETIRED, ("RetireGrant without a key", 6, 3, 0), *[(other, 6, 3, 0)] * 3]
    records = made([*near, (denied, 1, 34, 0), LATER])
    elsewhere = made([(other, 6, 3, 0), ("grant on another key", 7, 3, 0)] * 50)
    for number, one in enumerate(elsewhere):
        one |= {"awsRegion": "eu-west-1", "eventID": f"elsewhere-{number}"}
    text = json.dumps({"Records": [*records, *elsewhere]}, separators=(",", ":"))
    (tmp_path / "log.json").write_text(text)
    # The sketches of all 108 records exceed this, and those of the first 8 do not.
    monkeypatch.setattr("ebs_kms_audit.reading.records.kept._MOST_BYTES", 40_000)
    report = ebs_kms_audit.audit(tmp_path / "log.json")
    assert "surroundings_incomplete" not in {caveat.id for caveat in report.caveats}
    (history,) = (finding.history for finding in report.findings)
    made_by = [trace.made.event_id for trace in history.grants]
    assert made_by == (["event-0"] if denied == "denied Decrypt" else [])
    assert history.changes_count == changes
    assert history.later_success or denied != "denied Decrypt"


@pytest.mark.parametrize("size", [50_000, 200_000])
def test_a_large_log_gives_the_same_report_in_blocks_of_any_kind(tmp_path, monkeypatch, size):
    kinds = [*sorted(KINDS), *["ordinary"] * 40]
    events = [(kinds[n % len(kinds)], n % 8, n % 997, n % 4) for n in range(size // 250)]
    records = made(events)
    compact = json.dumps({"Records": records}, separators=(",", ":")).encode()
    forms = {
        "log.json": json.dumps({"Records": records}, sort_keys=True).encode(),  # each is decoded
        "log.json.gz": gzip.compress(compact),
        "indented/log.json": json.dumps({"Records": records}, indent=2).encode(),
        "looked up/log.json": json.dumps({"Events": list(map(looked_up, records))}).encode(),
    }
    monkeypatch.setattr("ebs_kms_audit.reading.records._VECTORISED", 1)
    monkeypatch.setattr("ebs_kms_audit.reading.gunzip._UNPACKED", 70_001)
    found = []
    for path, content in forms.items():
        (file := tmp_path / path).parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        monkeypatch.chdir(file.parent)
        text = json.dumps(ebs_kms_audit.audit(file.name).to_dict()).replace(".gz", "")
        found.append(text.replace(" (lookup-events)", ""))
    assert found == [found[0]] * len(forms)


@pytest.mark.parametrize("damage", ["\x01", '"', "\\x"])
@pytest.mark.parametrize("kind", ["Decrypt", "RunInstances", "AssumeRole", "ListKeys"])
def test_a_damaged_record_that_is_not_decoded_costs_itself(kind, damage):
    events = [("denial", 1, 34, 0), (kind, 1, 35, 0), (kind, 1, 36, 0), ("denial", 1, 37, 0)]
    text = json.dumps({"Records": made(events)}, separators=(",", ":"))
    at = text.index('"recipientAccountId"', text.index(f'"eventName":"{kind}"'))
    report = report_of(text[:at] + damage + text[at:]).to_dict()
    assert [one["count"] for one in report["findings"]] == [2]
