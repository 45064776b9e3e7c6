"""The key policy from the log: which one was in force, and what the records say of it.

Sources: AWS KMS Developer Guide, the CloudTrail entries of PutKeyPolicy, CreateKey and
ReplicateKey, and "Default key policy". The five minutes are inferred from "Grants in AWS KMS".
"""

import json

import pytest

import ebs_kms_audit
from ebs_kms_audit.context.policy_history import PolicyHistory
from ebs_kms_audit.model import Event, Evidence, KeyRef
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, log, record

REPLICA = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"
PRIMARY = REPLICA.replace("eu-west-1", "us-east-1")
ADMIN = {"type": "IAMUser", "userName": "admin", "arn": f"arn:aws:iam::{ACCOUNT}:user/admin"}


def policy(sid):
    statement = {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def put(time, sid="", *, document="", **more):
    """Return the record of a PutKeyPolicy."""
    request = {"keyId": KEY_ID, "policyName": "default", "policy": document or policy(sid)}
    fields = {
        "userIdentity": ADMIN,
        "eventName": "PutKeyPolicy",
        "eventTime": time,
        "eventID": f"put-{time}",
        "sourceIPAddress": "198.51.100.7",
        "errorCode": None,
        "errorMessage": None,
        "requestParameters": {name: one for name, one in request.items() if one != "absent"},
        "resources": [{"ARN": KEY_ARN, "type": "AWS::KMS::Key", "accountId": ACCOUNT}],
    }
    return record(**(fields | more))


def created(time, request, **more):
    fields = {
        "eventName": "CreateKey",
        "requestParameters": request,
        "responseElements": {"keyMetadata": {"arn": KEY_ARN, "keyId": KEY_ID}},
    }
    return put(time, **(fields | more))


def replicated(time, **more):
    fields = {
        "eventName": "ReplicateKey",
        "requestParameters": {"keyId": PRIMARY, "replicaRegion": "eu-west-1"},
        "responseElements": {"replicaKeyMetadata": {"arn": REPLICA}},
        "resources": [{"ARN": PRIMARY, "type": "AWS::KMS::Key", "accountId": ACCOUNT}],
    }
    return put(time, **(fields | more))


def events(*records):
    from ebs_kms_audit.reading import Reading

    return list(Reading(None, log(*records)))


def history_of(*records, key=KEY_ARN, region="us-east-1"):
    history = PolicyHistory()
    for event in events(*records):
        history.add(event)
    ref = KeyRef(
        arn=key if key.startswith("arn:") else None, id=key.rpartition("/")[2], alias=None,
        evidence=Evidence.RECORDED, why="",
    )  # fmt: skip
    return history.of(ref, region)


def at(time):
    (event,) = events(record(eventTime=time))
    return event


def sids(candidates):
    return [
        json.loads(edit.document)["Statement"][0]["Sid"] if edit else None for edit in candidates
    ]


THREE = (
    put("2026-05-18T07:00:00Z", "first"),
    put("2026-05-18T08:00:00Z", "second"),
    put("2026-05-18T08:02:00Z", "third"),
)
# The time of a denial, and the policies one of which was in force then, the last one first.
IN_FORCE = [
    ("2026-05-18T06:59:59Z", [None]),
    ("2026-05-18T07:00:00Z", ["first", None]),
    ("2026-05-18T07:05:00Z", ["first", None]),
    ("2026-05-18T07:05:01Z", ["first"]),
    ("2026-05-18T07:59:59Z", ["first"]),
    ("2026-05-18T08:00:00Z", ["second", "first"]),
    ("2026-05-18T08:02:00Z", ["third", "second", "first"]),
    ("2026-05-18T08:05:00Z", ["third", "second", "first"]),
    ("2026-05-18T08:05:01Z", ["third", "second"]),
    ("2026-05-18T08:07:00Z", ["third", "second"]),
    ("2026-05-18T08:07:01Z", ["third"]),
    ("2026-05-19T08:00:00Z", ["third"]),
]


@pytest.mark.parametrize(("time", "expected"), IN_FORCE)
@pytest.mark.parametrize("order", [1, -1])
def test_which_policy_was_in_force(time, expected, order):
    assert sids(history_of(*THREE[::order]).in_force(at(time))) == expected


def test_an_event_without_a_time_is_of_now():
    event = Event(file="message 1", line=1, time=None, name="Decrypt", source=None)
    assert sids(history_of(*THREE).in_force(event)) == ["third"]


def test_a_key_has_no_policy_before_it_is_created():
    history = history_of(created("2026-05-18T07:00:00Z", {"policy": policy("made")}))
    assert sids(history.in_force(at("2026-05-18T07:00:30Z"))) == ["made"]
    assert sids(history.in_force(at("2026-05-18T06:00:00Z"))) == [None]


ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


@pytest.mark.parametrize("request_", [{"description": ""}, {}, None])
def test_a_key_that_is_created_without_a_policy_has_the_default_policy(request_):
    history = history_of(created("2026-05-18T07:00:00Z", request_))
    assert history.latest.default
    (statement,) = json.loads(history.latest.document)["Statement"]
    assert (statement["Principal"], statement["Action"]) == (ROOT, "kms:*")


def test_a_create_key_record_without_its_request_says_nothing():
    assert history_of(created("2026-05-18T07:00:00Z", "absent")) is None
    replica = created("2026-05-18T07:00:00Z", None, sourceIPAddress="AWS Internal")
    assert history_of(replica) is None


@pytest.mark.parametrize(
    ("more", "sid"),
    [
        ({}, "Enable IAM User Permissions"),
        ({"requestParameters": {"keyId": PRIMARY, "policy": policy("asked")}}, "asked"),
        ({"responseElements": {"replicaKeyMetadata": {"arn": REPLICA},
                               "replicaPolicy": policy("answered")}}, "answered"),
    ],
)  # fmt: skip
def test_a_replica_has_a_policy_of_its_own(more, sid):
    replica = replicated("2026-05-18T07:00:00Z", **more)
    history = history_of(replica, key=REPLICA, region="eu-west-1")
    assert sids([history.latest]) == [sid]
    assert history_of(replica, key=PRIMARY) is None


def test_a_put_key_policy_record_without_the_policy_makes_it_unknown():
    later = put("2026-05-18T09:00:00Z", document="absent")
    history = history_of(*THREE, later)
    assert sids(history.in_force(at("2026-05-18T08:30:00Z"))) == ["third"]
    assert sids(history.in_force(at("2026-05-18T09:01:00Z"))) == [None, "third"]
    assert sids(history.in_force(at("2026-05-18T10:00:00Z"))) == [None]
    assert not history.latest.default


@pytest.mark.parametrize("document", ["{", '{"Statement": 5}', "[]"])
def test_a_document_that_is_not_a_policy_is_unknown(document):
    history = history_of(*THREE, put("2026-05-18T09:00:00Z", document=document))
    assert sids(history.in_force(at("2026-05-18T10:00:00Z"))) == [None]


def test_a_failed_put_key_policy_counts_for_nothing():
    for code in ("MalformedPolicyDocumentException", "AccessDenied", "LimitExceededException"):
        failed = put("2026-05-18T09:00:00Z", "fourth", errorCode=code)
        assert sids(history_of(*THREE, failed).in_force(at("2026-05-18T10:00:00Z"))) == ["third"]


def test_the_policy_of_resource_access_manager_is_not_the_key_policy():
    request = {"keyId": KEY_ID, "policyName": "AWS_RAM", "policy": policy("ram")}
    history = history_of(*THREE, put("2026-05-18T09:00:00Z", requestParameters=request))
    assert history.latest.document == policy("third")


def test_the_key_of_an_edit():
    by_id = put("2026-05-18T07:00:00Z", "one", resources=None)
    assert history_of(by_id, key=KEY_ID).latest.document == policy("one")
    assert history_of(by_id, key=KEY_ID, region="eu-west-1") is None
    other = KEY_ARN[:-1] + "0"
    assert history_of(by_id, key=other) is None
    assert history_of(*THREE).latest.who == ADMIN["arn"]


def test_an_edit_of_an_unknown_key_makes_every_policy_of_the_region_unknown():
    request = {"keyId": "alias/app", "policy": policy("app")}
    edit = put("2026-05-18T09:00:00Z", requestParameters=request, resources=None)
    assert sids(history_of(*THREE, edit).in_force(at("2026-05-18T10:00:00Z"))) == [None]
    elsewhere = put("2026-05-18T09:00:00Z", requestParameters=request, resources=None,
                    awsRegion="eu-west-1")  # fmt: skip
    assert sids(history_of(*THREE, elsewhere).in_force(at("2026-05-18T10:00:00Z"))) == ["third"]


def test_the_audit_reads_the_records_once():
    report = ebs_kms_audit.audit(records=log(*THREE, record()))
    assert report.coverage.denials == 1


@pytest.mark.parametrize("key", ["arn:aws:kms:us-east-1:111122223333:key/$(touch x)", "x; rm", "*"])
def test_a_key_that_cannot_be_one_is_unknown(key):
    resources = [{"ARN": key, "type": "AWS::KMS::Key"}]
    (event,) = events(
        put("2026-05-18T07:00:00Z", "x", resources=resources, requestParameters={"keyId": key})
    )
    assert event.policy.key is None
