"""The event of a failed call is that of its record, whatever records were read before it."""

import json

import pytest

from ebs_kms_audit.reading.records.failed import FailedCalls, events_of
from ebs_kms_audit.reading.records.listed import event_in
from ebs_kms_audit.reading.records.log_format import SOURCE
from tests.reading.records.test_kept import FAMILIAR
from tests.records import EC2, KEY_ARN, record

KEY, CREATED, TIME = FAMILIAR["accessKeyId"], "2026-05-18T06:00:00Z", "2026-05-18T07:00:34Z"
DENIED = json.dumps(
    record(userIdentity=FAMILIAR, sharedEventID="5e1f-1", eventName="Decrypt", readOnly=True),
    separators=(",", ":"),
)


def call_in(calls, text, number=1):
    content = text.encode()
    source = content.find(SOURCE)
    return calls.call(number, content, 0, source, len(content) - 1)


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    # The number of kinds of both records; 0 if the second one must be decoded.
    [
        (KEY, "ASIAIOSFODNN7EXAMPL2", 1),
        (KEY, "", 1),
        (KEY, KEY[:-3] + '"x\\', 0),
        (f'"accessKeyId":"{KEY}",', "", 2),
        (f'"accessKeyId":"{KEY}"', '"accessKeyId":null', 2),
        ('"accountId"', '"accessKeyId":"ASIAIOSFODNN7EXAMPL2","accountId"', 0),
        (CREATED, "2026-05-18T06:59:00Z", 1),
        (CREATED, "2026\\u002d", 1),
        (TIME, "2026-05-18T07:59:00Z", 1),
        ("deploy-7f3a", "deploy-8", 2),
        (":sts::", ":sts::9", 0),
        (f'"sourceIPAddress":"{EC2}"', '"sourceIPAddress":"198.51.100.9"', 2),
        (f'"sourceIPAddress":"{EC2}"', '"sourceIPAddress":""', 0),
        (f'"sourceIPAddress":"{EC2}",', "", 0),
        (f'"userAgent":"{EC2}"', '"userAgent":"Boto3/1.38.0 [x, {y}]"', 1),
        (f'"userAgent":"{EC2}"', '"userAgent":""', 1),
        (f'"userAgent":"{EC2}"', '"userAgent":"a\\"b"', 0),
        (f'"userAgent":"{EC2}"', '"userAgent":"\u00e9"', 0),
        ('"AccessDenied"', '"AccessDeniedException"', 2),
        ('"AccessDenied"', '""', 0),
        ('"AccessDenied"', '"ThrottlingException"', 2),
        (KEY_ARN, KEY_ARN[:-1] + "c", 2),
        ('"requestParameters":null', f'"requestParameters":{{"keyId":"{KEY_ARN}"}}', 2),
        ('"requestParameters":null', '"requestParameters":{"sharedEventID":"x"}', 2),
        ("f3b1a2c4-", "a3b1a2c4-", 1),
        ('"event-0"', '"event-9"', 1),
        ('"event-0"', '"event-0","eventID":"event-9"', 0),
        ('"eventType"', '"eventID":"event-9","eventType"', 0),
        ('"requestID"', '"requestID":"request-9","requestID"', 1),
        ('"5e1f-1"', '"5e1f-2"', 1),
        ('"sharedEventID":"5e1f-1"', '"sharedEventID":null', 1),
        ('"awsRegion":"', '"awsRegion":"1', 0),
        ('"recipientAccountId":"', '"recipientAccountId":"1', 0),
        ('"recipientAccountId"', '"recipientAccount"', 0),
        ('"readOnly":true', '"readOnly":false', 2),
        ('"eventVersion":"1.11"', '"eventVersion":"1.10"', 1),
        ('"eventName":"Decrypt"', '"eventName":"Decrypt","eventName":"Encrypt"', 0),
    ],
)
def test_a_failed_call_is_as_its_record(old, new, kinds):
    calls = FailedCalls()
    assert old in DENIED
    changed = DENIED.replace(old, new, 1)
    first, second = call_in(calls, DENIED), call_in(calls, changed, 2)
    if not kinds:
        assert second is None
        return
    found = list(events_of([("log.json", second), ("log.json", first)]))
    assert len(found) == kinds
    assert sorted((event for alike in found for event in alike), key=lambda one: one.line) == [
        event_in(text.encode(), "log.json", number) for number, text in [(1, DENIED), (2, changed)]
    ]


def test_the_calls_of_a_kind_are_in_order_of_time_and_by_file():
    calls = FailedCalls()
    texts = [DENIED, DENIED.replace(TIME, "2026-05-18T06:00:34Z"), DENIED, DENIED]
    files = ["a", "a", "b", "a"]
    found = list(events_of(
        (file, call_in(calls, text, number))
        for number, (file, text) in enumerate(zip(files, texts, strict=True), 1)
    ))  # fmt: skip
    assert [(one.first.file, one.columns.lines) for one in found] == [("a", [2, 1, 4]), ("b", [3])]
