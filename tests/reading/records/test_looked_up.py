r"""Output of lookup-events: what is not decoded, and what is written in another way.

`test_scan` compares it with the reader that decodes every record, for any record and any damage.
"""

import json

import pytest

from ebs_kms_audit.reading.records.decoder import read_records
from ebs_kms_audit.reading.records.prefilter import RecordPrefilter
from ebs_kms_audit.reading.records.scan import RecordScan
from tests.records import looked_up, record

NEEDLESS = {"eventSource": "s3.amazonaws.com", "eventName": "PutObject", "userAgent": "x"}
USER = {
    "type": "IAMUser",
    "accountId": "111122223333",
    "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
}
FORGED = record(eventID="forged")


def printed(fields, **options):
    events = [looked_up(record(**NEEDLESS | one)) for one in fields]
    return json.dumps({"Events": events, "NextToken": "x"}, **options)


def scan_of(*blocks):
    return RecordScan(iter(blocks), RecordPrefilter())


@pytest.mark.parametrize("options", [{}, {"indent": 4}, {"sort_keys": True}])
@pytest.mark.parametrize(
    ("fields", "decoded"),
    [
        ([{}] * 5, []),
        ([{"userAgent": 'é"\\\n'}, {"requestParameters": [{}, FORGED]}, {}], [2]),
        ([{}, {"eventName": "AssumeRole"}, {"eventSource": "absent"}, {}, {}], [2, 3]),
        ([{}, {"eventTime": "2026-05-18T07:60:00Z"}, {}], [2]),
        ([{}, {"userIdentity": USER}, {"userIdentity": USER}, {}], [2]),
    ],
)
def test_which_records_are_decoded(fields, decoded, options):
    text = printed(fields, **options).encode()
    for cut in (len(text) // 2, len(text) - 100, len(text)):
        scan = scan_of(text[:cut], text[cut:])
        found = list(scan)
        assert [one.number for one in found] == decoded
        assert {one.envelopes for one in found} <= {("lookup-events",)}
        assert scan.passed == scan.looked_up == len(fields) - len(decoded)


PLAIN = printed([{}] * 3, indent=4).split("\n        },\n")
OTHER_WAYS = [
    ("x", "y", 3),
    (r"\"x", r"\u0022x", 3),
    (r"\"x", r"\"\\\"", 3),
    (r"\"x", r"\"\u00e9", 3),
    (r"\"x", r"\\\"x", 2),
    (r"\"x", r"\n\"x", 2),
    (r"\"x", r"\ud800\"x", 2),
    (r"\"x", '\\"\n', 1),
    (r"\"x", '\\"\x01', 1),
    (r"\"x", r"\"\x", 1),
    ('"Username": "x",', '"Username": "x" ', 1),
    ('"Username": "x",', '"Username": "\t",', 1),
    ('"Username": "x",', r'"Username": "\x",', 1),
    ('"Username": "x",', r'"Username": "\u00e9\"},{",', 3),
    ('"Username": "x",', '"Username": "x", "Records": [],', 1),
    ('"Username": "x",', '"Username": "x", "CloudTrailEvent": "{}",', 1),
    ('"Username": "x",', '"Username": "x", "Username": "y",', 3),
    ('"Username": "x",', '"Username": null,', 3),
    ("1779087634.0", '"2026-05-18T07:00:34+00:00"', 3),
    ("1779087634.0", "01", 1),
    ("AWS::IAM::Role", "[", 3),
    ('"Resources": [', '"Resources": [[],', 1),
    ('"CloudTrailEvent": "', '"CloudTrailEvent": "[', 1),
    ('"CloudTrailEvent": "', '"CloudTrailEvent": " ', 1),
    ('}"', '}{}"', 2),
    ('}"', '"', 1),
    ('}"', ']}"', 2),
    ("eventName", "eventname", 2),
    ('{\\"eventVersion', '{\\"Statement\\":[],\\"eventVersion', 1),
    ('\\"eventName\\":\\"PutObject\\"', '\\"Statement\\":[]', 1),
]


@pytest.mark.parametrize(("old", "new", "passed"), OTHER_WAYS)
def test_an_event_that_is_written_in_another_way(old, new, passed):
    """The second of three. It is decoded, or it and those after it are."""
    first, second, third = PLAIN
    assert old in second
    text = "\n        },\n".join((first, second.replace(old, new, 1), third))
    every = list(read_records([text]))
    scan = scan_of(text.encode())
    found = list(scan)
    assert scan.passed == passed
    assert scan.passed + len(found) == len(every)
    passed_over = [one for one in every if one not in found]
    assert len(passed_over) == passed
    assert not any(one.fault or one.document for one in passed_over)


@pytest.mark.parametrize("inside", ["record", "Username"])
def test_bytes_that_are_not_valid_utf_8(inside):
    text = printed([{}, {"userAgent": "ü"}, {}], ensure_ascii=False).encode()
    place = text.index("ü".encode())
    if inside == "record":
        place = text.index("ü".encode(), place + 1)
    scan = scan_of(text[:place] + text[place + 1 :])
    (fault,) = [one for one in scan if one.fault]
    assert fault.number == 2
