"""Records that can't matter are not decoded: for any file, what is left is what every record gives.

The reader that decodes every record is the judge: `read_records`, given the text in one piece.
"""

import gzip
import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonpath_ng import parse  # type: ignore[attr-defined]

import ebs_kms_audit
from ebs_kms_audit.aws.relevance import is_relevant
from ebs_kms_audit.reading.records.decoder import read_records
from ebs_kms_audit.reading.records.fields import _PATHS, Fields
from ebs_kms_audit.reading.records.index import Indexer
from ebs_kms_audit.reading.records.prefilter import RecordPrefilter
from ebs_kms_audit.reading.records.scan import RecordScan
from tests.exports import ACCOUNT, access_key
from tests.records import EC2, looked_up, record, session

BEGINS = len('{"Records":[{"eventVersion":"')


def user(name):
    """Return the userIdentity of an IAM user with a long-term key."""
    return {
        "type": "IAMUser", "principalId": "AIDA2NCBAL3RPBAGXM7CZ", "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}", "userName": name,
        "accessKeyId": access_key("AKIA", ACCOUNT, name),
    }  # fmt: skip


def ordinary(**fields):
    """Return a record that matters to nobody."""
    return record(**{"eventSource": "s3.amazonaws.com", "eventName": "PutObject",
                     "errorCode": "absent", "errorMessage": "absent"} | fields)  # fmt: skip


FORGED = record(eventID="forged")
# What a caller may put into a request or a user agent, and what looks like the borders of records.
CONTENTS = st.recursive(
    st.sampled_from([
        None, "", 'a"b', "{", "}", "}}", "\\", '\\"', "é\u2028\n", "\x01", '},{"eventVersion":',
        '"eventSource"', json.dumps(FORGED), json.dumps(FORGED, separators=(",", ":")),
        "AKIA", {"eventVersion": "1.11"}, FORGED, [{}, FORGED], [{"a": "}"}, FORGED, {"b": "{"}],
        {"eventSource": "s3.amazonaws.com", "eventName": "PutObject"},
    ]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["a", "eventSource", "eventVersion", '"', "{", "eventName"]), inner,
        max_size=3),
    max_leaves=6,
)  # fmt: skip
KINDS = st.sampled_from([
    {}, {"eventName": "Decrypt"}, {"eventSource": "absent"}, {"eventName": "AssumeRole"},
    {"eventName": "RunInstances", "eventSource": "ec2.amazonaws.com"},
    {"eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances"},
    {"userIdentity": user("alice")}, {"userIdentity": user("bob")},
    {"userIdentity": user("alice"), "recipientAccountId": "444455556666"},
    {"userIdentity": {"type": "AWSService", "invokedBy": EC2}}, {"userIdentity": None},
    {"eventSource": "KMS.amazonaws.com"}, {"eventName": "absent"}, {"eventTime": "noon"},
])  # fmt: skip


def records_with(contents):
    def make(kind, agent, asked, matters):
        fields = {"userAgent": agent, "requestParameters": asked} | kind
        return (record if matters else ordinary)(**fields)

    return st.lists(st.builds(make, KINDS, contents, contents, st.booleans()), max_size=8)


RECORDS = records_with(CONTENTS)
# In a damaged record, another one that begins like a record is taken for one: here are none.
TEXTS = st.sampled_from(["", 'a"b', "{", "}", "\\", '\\"', "é\u2028\n", "\x01", "AKIA"])


def written(records, shape):
    """Return the text of a file of these records."""
    compact = [json.dumps(one, separators=(",", ":"), ensure_ascii=False) for one in records]
    if shape == "lines":
        return "".join(line + "\n" for line in compact)
    if shape == "spaced":
        return json.dumps({"Records": records})
    if shape == "indented":
        return json.dumps({"Records": records}, indent=2, ensure_ascii=False)
    if shape == "indented lines":
        return "\n".join(json.dumps(one, indent="\t") for one in records)
    if shape == "lookup-events":
        return json.dumps({"Events": list(map(looked_up, records))}, indent=4, ensure_ascii=False)
    if shape == "lookup-events, sorted":
        return "\n".join(json.dumps(looked_up(one), sort_keys=True) for one in records)
    if shape == "escaped":  # a tool may write any letter so, in names as well
        escaped = [line.replace("ventSource", "vent\\u0053ource", 1) for line in compact]
        compact = escaped
    return f'{{"Records":[{",".join(compact)}]}}'


SHAPES = st.sampled_from([
    "log", "log", "log", "lines", "escaped", "spaced", "indented", "indented lines",
    "lookup-events", "lookup-events, sorted",
])  # fmt: skip


def blocks(data, size):
    """Cut bytes; the first block holds how the file begins."""
    size = max(size, 1)
    begins = BEGINS if data.startswith(b'{"Records":[') else 2_000
    yield data[:begins]
    yield from (data[start : start + size] for start in range(begins, len(data), size))


def who(one):
    """Return what a long-term key proves, and of whom: the same a second time proves no more."""
    fields = Fields.of(one.content)
    identity = one.content.get("userIdentity")
    return json.dumps([identity, fields.text("account")])


def has_long_term_key(one):
    return (Fields.of(one.content).text("caller key") or "").startswith("AKIA")


@pytest.fixture(params=["without numpy", "with numpy"], scope="module")
def vectorised(request):
    """With numpy, blocks of any size are indexed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ebs_kms_audit.reading.records.scan._LARGE_BLOCK", 0)
        yield request.param == "with numpy"


def scan_of(blocks, vectorised):
    prefilter = RecordPrefilter()
    indexer = Indexer(prefilter) if vectorised else None
    return RecordScan(blocks, prefilter, indexer=indexer)


@given(records=RECORDS, shape=SHAPES, size=st.integers(1, 400))
@example(records=[ordinary(), ordinary(requestParameters=[{}, FORGED]), record()],
         shape="log", size=99)  # fmt: skip
@example(records=[ordinary(userIdentity=user("bob")), *(
                  ordinary(userIdentity=user("alice"), recipientAccountId=account)
                  for account in (ACCOUNT, "444455556666", ACCOUNT, ACCOUNT))],
         shape="log", size=9999)  # fmt: skip
@example(records=[ordinary(), record(requestParameters={
                  "eventSource": "s3.amazonaws.com", "eventName": "x"}), ordinary()],
         shape="escaped", size=9999)  # fmt: skip
@example(records=[ordinary(), ordinary(eventSource="absent"), ordinary(), ordinary()],
         shape="log", size=9999)  # fmt: skip
@example(records=[ordinary(), ordinary(userAgent="}", requestParameters=[{"a": 1}, FORGED],
                  responseElements="{"), ordinary()], shape="log", size=9999)  # fmt: skip
def test_what_is_not_decoded_can_not_matter(vectorised, records, shape, size):
    text = written(records, shape)
    every = list(read_records([text]))
    scan = scan_of(blocks(text.encode("utf-8", "surrogatepass"), size), vectorised)
    found = {one.number: one for one in scan}
    assert len(found) + scan.passed == len(every)
    seen = set()
    for one in every:
        if one.number in found:
            assert found[one.number] == one
            seen.add(who(one))
            continue
        assert not one.fault
        assert not is_relevant(one.content.get("eventSource"), one.content["eventName"])
        assert not has_long_term_key(one) or who(one) in seen
    passed = [one.content["eventTime"] for one in every if one.number not in found]
    assert scan.times == ([min(passed), max(passed)] if passed else [])


@given(
    records=records_with(TEXTS | st.dictionaries(TEXTS, TEXTS, max_size=2)),
    shape=SHAPES,
    size=st.integers(1, 400),
    damage=st.sampled_from(["", '"', "{", "}", ",", "\\", "x", "\x00", "]", "[", "\x01"]),
    place=st.integers(0, 10_000),
    cut=st.integers(0, 3),
)
@example(records=[ordinary(), record(eventSource="absent")], shape="log", size=9999, damage="x",
         place=len(written([ordinary()], "log")[BEGINS:]) + 1, cut=1)  # fmt: skip
@example(records=[ordinary(), record(eventSource="absent")], shape="log", size=9999, damage="x",
         place=len(written([ordinary()], "log")[BEGINS:]) - 2, cut=1)  # fmt: skip
def test_damage_costs_the_same_records(vectorised, records, shape, size, damage, place, cut):
    text = written(records, shape)
    at = BEGINS + place % (len(text) + 1)
    text = text[:at] + damage + text[at + cut :]
    # The decoder counts the parts of a damaged record one by one. The scan does not see damage in a
    # record that it passes over, so that the numbers after it differ.
    every = [one._replace(number=0) for one in read_records([text])]
    scan = scan_of(blocks(text.encode("utf-8", "surrogatepass"), size), vectorised)
    found = [one._replace(number=0) for one in scan]
    assert all(one in every for one in found)
    for one in every:
        if one not in found:
            assert one.fault or not is_relevant(
                one.content.get("eventSource"), one.content["eventName"]
            )


@given(records=RECORDS, shape=SHAPES, damage=st.sampled_from(["", '"', "{", "}", "\\", "x"]),
       place=st.integers(0, 10_000), size=st.integers(1, 99), last=st.sampled_from(["", "12", '"x',
       "-", "tru", '{"eventVersion"', '{"a":"\\', "[1,"]))  # fmt: skip
def test_the_pieces_that_a_text_comes_in_do_not_matter(records, shape, damage, place, size, last):
    text = written(records, shape)
    at = BEGINS + place % (len(text) + 1)
    text = text[:at] + damage + text[at:] + last
    pieces = [text[:BEGINS], *(text[n : n + size] for n in range(BEGINS, len(text), size))]
    assert list(read_records(pieces)) == list(read_records([text]))


ALICE = {"userIdentity": user("alice")}


@pytest.mark.parametrize(
    ("fields", "decoded"),
    [
        ([{}] * 5, []),
        ([{"userAgent": '"'}] * 5, []),
        ([{"userAgent": '{"a": "}'}] * 5, []),
        ([{"userAgent": "\\"}, {"userAgent": 'x\\"y\\\\"'}] * 3, []),
        ([{"requestParameters": [{"a": {"b": [{}]}}, {}]}] * 5, []),
        ([{}, {"eventName": "AssumeRole"}, {"eventSource": "absent"}, {}, {}], [2, 3]),
        # Without numpy, the brackets of a record that seems to hold others are not counted.
        ([{}, {"requestParameters": [{}, FORGED]}, {}, {}], {"without numpy": [2]}),
        ([{}, {"requestParameters": [{}, FORGED, FORGED, {}]}, {}], {"without numpy": [2]}),
        (
            [{}, {"requestParameters": {"eventSource": "s3.amazonaws.com"}}, {}],
            {"without numpy": [2]},
        ),
        (
            [{"eventTime": "2026-05-18T07:60:00Z"}, {"eventTime": "2026-05-18T07:00:60Z"}, {}],
            [1, 2],
        ),
        ([{"awsRegion": "absent"}, {"eventVersion": "1.0"}, {}], [2]),
        ([{}, ALICE, ALICE, ALICE, {}], [2]),
        ([{}, ALICE, ALICE | {"recipientAccountId": "444455556666"}, ALICE, {}], [2, 3]),
    ],
)
def test_which_records_are_decoded(vectorised, fields, decoded):
    if isinstance(decoded, dict):
        decoded = [] if vectorised else decoded["without numpy"]
    text = written([ordinary(**one) for one in fields], "log").encode()
    for size in (50, 999, len(text)):
        scan = scan_of(blocks(text, size), vectorised)
        assert [one.number for one in scan] == decoded
        assert scan.passed == len(fields) - len(decoded)
        as_lines = written([ordinary(**one) for one in fields], "lines").encode()
        lines = scan_of(iter([as_lines]), vectorised)
        assert [one.number for one in lines] == [*decoded, len(fields)]  # the last one too


def test_a_record_longer_than_any_costs_itself():
    huge = record(userAgent="x" * (6 << 20))
    text = written([record(eventID="first"), huge, record(eventID="last")], "log")
    pieces = [text[n : n + 65536] for n in range(0, len(text), 65536)]
    first, second, third = read_records(pieces)
    assert (first.content["eventID"], third.content["eventID"]) == ("first", "last")
    assert second.fault == "it is longer than 4 MiB, which no record is"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_all_are_counted_and_the_denied_ones_found(pack, encoding):
    many = [ordinary(eventID=f"e-{n}", eventTime=f"2026-05-18T07:00:{n % 60:02}Z")
            for n in range(5000)]  # fmt: skip
    many[2500] = record(eventID="denied")
    many[2600] = ordinary(requestParameters=[{}, FORGED])
    data = pack(written(many, "log").encode(encoding))
    report = ebs_kms_audit.audit(records=io.BytesIO(data))
    ((finding,), coverage) = (report.findings, report.coverage)
    assert [(d.event.event_id, d.event.line) for d in finding.denials] == [("denied", 2501)]
    assert (coverage.rows_read, coverage.events, coverage.rows_set_aside) == (5000, 5000, 0)


@given(document=CONTENTS, name=st.sampled_from(sorted(_PATHS)))
@example(document=record(userIdentity=session()), name="issuer arn")
def test_the_walk_finds_what_the_json_paths_find(document, name):
    whole = record(requestParameters=document, responseElements=document, resources=document)
    for one in (whole, document):
        if isinstance(one, dict):
            found = [match.value for match in parse(_PATHS[name]).find(one)]
            fields = Fields.of(one)
            expected = (found or None) if "[*]" in _PATHS[name] else (*found, None)[0]
            assert fields.found.get(name) == expected
            assert fields.texts(name) == [text for text in found if isinstance(text, str) and text]


def test_a_record_that_is_set_aside_makes_no_holder_known():
    alice, at_no_time = ordinary(**ALICE), ordinary(**ALICE, eventTime="2026-13-45T00:00:00Z")
    records = [ordinary(), at_no_time, alice, alice, ordinary()]
    scan = RecordScan(iter([written(records, "log").encode()]), RecordPrefilter())
    assert [one.number for one in scan] == [2, 3]


def test_the_span_ends_where_the_last_record_is_that_can_be_read():
    times = [f"2026-05-18T{hour:02}:00:00Z" for hour in (9, 12, 15, 20, 22)]
    text = written([ordinary(eventTime=time) for time in times], "log")
    coverage = ebs_kms_audit.audit(records=io.BytesIO(text[:-100].encode())).coverage
    assert (coverage.rows_read, coverage.rows_set_aside) == (5, 1)
    assert f"{coverage.first_event:%H:%M} {coverage.last_event:%H:%M}" == "09:00 20:00"


def test_a_file_that_ends_within_its_last_record_never_looks_whole():
    """The end of the file is text of a request that looks like the end of a log."""
    records = [ordinary(), ordinary(requestParameters={"key": "}]}"})]
    text = written(records, "log")
    cut = text[: text.rindex("}]}", 0, -3) + 3]
    report = ebs_kms_audit.audit(records=io.BytesIO(cut.encode()))
    assert (report.coverage.rows_read, report.coverage.rows_set_aside) == (2, 1)
    assert [one.reason for one in report.set_aside] == ["record 2: the file ends within it"]


def test_objects_in_objects_without_end():
    # Taken apart level by level, this would not end for minutes.
    deep = '{"a":' * 60_000 + "1" + "}" * 60_000
    records = [json.dumps(one, separators=(",", ":")) for one in (record(), ordinary(), record())]
    records[1] = records[1].replace('"requestParameters":null', f'"requestParameters":{deep}')
    report = ebs_kms_audit.audit(records=io.StringIO(f'{{"Records":[{",".join(records)}]}}'))
    assert report.coverage.rows_set_aside == 1


SMALL = (
    '{"eventVersion":"1.11","eventTime":"2026-05-18T07:00:34Z","eventSource":"kms.amazonaws.com",'
    '"eventName":"Decrypt","n":-12.5e+10}'
)
WITH_NUMBERS = [
    (f"{SMALL}\n1234567\n{SMALL}\n-1.5e-10\n", 2),
    (f"[123456,{SMALL},0.25,{SMALL},9e99]", 2),
    (f'{{"n":1234567,"logEvents":[{SMALL}],"m":-0.125,"more":[{SMALL}]}}', 2),
    (f'{{"n":1234567,"x":[{SMALL},{{"y":tru}},{SMALL}],"m":12.5e+10,"more":[{SMALL}]}}', 3),
    (f'[true,false,null,{SMALL},{{"eventVersion":null,"x":false}}]', 1),
    (f"{SMALL}\n1234567", 1),
]


@pytest.mark.parametrize(("text", "records"), WITH_NUMBERS)
def test_a_number_that_a_block_cuts_is_one_number(text, records):
    """RFC 8259, "Numbers": 12 and 3 are numbers, and so is 123."""
    whole = list(read_records([text]))
    assert [one.content for one in whole].count(json.loads(SMALL)) == records
    for cut in range(1, len(text)):
        assert list(read_records([text[:cut], text[cut:]])) == whole, text[:cut]
    assert list(read_records(list(text))) == whole


@pytest.mark.parametrize("number", ["1" * 3000, f"0.{'1' * 3000}", f"1{'0' * 3000}e-3000"])
def test_a_number_longer_than_what_is_read_ahead_is_one_number(number):
    text = f"[{number},{SMALL}]"
    whole = list(read_records([text]))
    assert [one.fault is None for one in whole] == [False, True]
    for cut in (1500, 2500, 2999):
        assert list(read_records([text[:cut], text[cut:]])) == whole
