"""Every envelope gives the same denials, and nothing is forged or lost in it."""

import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ebs_kms_audit
from ebs_kms_audit import InputError, UsageError
from tests.reading.records.envelopes import (
    DECRYPT,
    EXPECTED,
    GRANT,
    JSON,
    RECORDS,
    denials,
    text,
)
from tests.records import KEY_ARN, ROLE, record


@pytest.mark.parametrize("content", JSON.values(), ids=JSON)
@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.gz"])
def test_every_envelope_gives_the_same_denials(tmp_path, content, name):
    data = content.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name == "a.gz" else data)
    report = ebs_kms_audit.audit(tmp_path / name)
    assert denials(report) == EXPECTED
    assert report.coverage.rows_set_aside == 0
    assert report.coverage.rows_read == 2
    assert report.coverage.files[0].recognized_as.startswith("CloudTrail records")


@pytest.mark.parametrize("content", JSON.values(), ids=JSON)
@pytest.mark.parametrize("option", ["inputs", "records"])
def test_the_same_as_a_stream_and_as_records(content, option):
    stream = io.StringIO("\ufeff" + content)
    given = (stream,) if option == "inputs" else ()
    report = ebs_kms_audit.audit(*given, **({} if given else {"records": stream}))
    assert denials(report) == EXPECTED


@pytest.mark.parametrize("content", ["{}", "[]", '{"a": []}'])
def test_a_place_that_only_record_path_names(tmp_path, content):
    deep = {"my": [{"place": one, "other": content} for one in RECORDS]}
    path = tmp_path / "a.json"
    path.write_text(text({"one": {"level": {"more": deep}}}))
    with pytest.raises(InputError, match="no CloudTrail record"):
        ebs_kms_audit.audit(path)
    report = ebs_kms_audit.audit(path, record_path="$.one.level.more.my[*].place")
    assert denials(report) == EXPECTED
    with pytest.raises(UsageError, match="not a valid JSONPath expression"):
        ebs_kms_audit.audit(path, record_path="$.[[")


def test_records_in_an_unknown_envelope_are_said_to_be():
    report = ebs_kms_audit.audit(io.StringIO(JSON["an unknown envelope"]))
    (caveat,) = (one for one in report.caveats if one.id == "unknown_envelope")
    assert "2 records" in caveat.text


@pytest.mark.parametrize(
    ("content", "recognized"),
    [
        ("a log file", "CloudTrail records"),
        ("EventBridge, JSON lines", "CloudTrail records (EventBridge)"),
        ("SNS in SQS", "CloudTrail records (SQS, SNS, EventBridge)"),
        ("filter-log-events", "CloudTrail records (CloudWatch Logs)"),
        ("Athena", "CloudTrail records (Athena)"),
    ],
)
def test_what_was_read_names_the_envelope(content, recognized):
    (file,) = ebs_kms_audit.audit(io.StringIO(JSON[content])).coverage.files
    assert file.recognized_as == recognized


# --- what a caller puts into a request is never read as a record

FORGED = record(eventID="forged", eventName="Decrypt")


@pytest.mark.parametrize(
    "parameters",
    [FORGED, {"a": FORGED}, [FORGED], [1, FORGED], text(FORGED), {"CloudTrailEvent": text(FORGED)},
     {"detail": FORGED}, {"Records": [FORGED]}, {"message": text(FORGED)}],
)  # fmt: skip
@pytest.mark.parametrize("damage", ["", "deep", "int", "no name"])
def test_no_record_is_forged_from_a_request(parameters, damage):
    one = record(errorCode="absent", errorMessage="absent", requestParameters=parameters)
    if damage == "no name":
        del one["eventName"]
    written = text(one)
    if damage == "deep":
        # Longer than Python reads: RecursionError.
        written = written[:-1] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}"
    elif damage == "int":
        written = written[:-1] + ', "x": ' + "1" * 5000 + "}"
    for content in (f'{{"Records":[{written},{text(GRANT)}]}}', f"{written}\n{text(GRANT)}"):
        report = ebs_kms_audit.audit(io.StringIO(content))
        assert report.coverage.denials == 1
        assert denials(report) == {("CreateGrant", ROLE, KEY_ARN)}
        assert report.coverage.rows_read == 2


# --- one message or record that is damaged affects itself


@pytest.mark.parametrize(
    "content",
    [
        text({"events": [{"message": text(GRANT)}, {"message": "{"}, {"message": text(DECRYPT)}]}),
        text({"Messages": [{"Body": text(GRANT)}, {"Body": "hello"}, {"Body": text(DECRYPT)}]}),
        f'{{"hits":{{"hits":[{{"_source":{text(GRANT)}}},{{"_source":}},'
        f'{{"_source":{text(DECRYPT)}}}]}}}}',
        f'{{"events":[{{"message":{text(text(GRANT))}}},{{"message":{text(text(DECRYPT))}}},'
        '{"message":"{\\"event',
    ],
)
def test_a_damaged_message_affects_itself(content):
    report = ebs_kms_audit.audit(io.StringIO(content))
    assert denials(report) == EXPECTED
    assert report.coverage.rows_set_aside == 1


@pytest.mark.parametrize("name", ["filter-log-events", "Elastic, the original", "SQS",
                                  "Logs Insights, chosen fields", "a list of log files",
                                  "Athena", "an unknown envelope"])  # fmt: skip
def test_an_envelope_larger_than_a_record_is_read_in_parts(monkeypatch, name):
    monkeypatch.setattr("ebs_kms_audit.reading.records.decoder.LONGEST_RECORD", 3000)
    monkeypatch.setattr("ebs_kms_audit.reading.streams.BLOCK", 500)
    padding = text({"x": "y" * 200})
    content = JSON[name].replace("{", '{"padding": ' + padding + ", ", 1)
    report = ebs_kms_audit.audit(io.StringIO(content))
    assert denials(report) == EXPECTED


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
WRAPPERS = (
    lambda value: {"detail-type": "AWS API Call via CloudTrail", "detail": value},
    lambda value: {"Message": json.dumps(value)},
    lambda value: {"Messages": [{"Body": json.dumps(value)}]},
    lambda value: {"events": [{"message": json.dumps(value)}]},
    lambda value: {"_source": value},
    lambda value: {"result": {"_raw": json.dumps(value)}},
    lambda value: {"CloudTrailEvent": json.dumps(value)},
    lambda value: [value],
    lambda value: {"Records": [value]},
)


@given(
    names=st.lists(st.sampled_from(["Decrypt", "CreateGrant", "DescribeKey"]), max_size=4),
    codes=st.lists(st.sampled_from(["AccessDenied", "absent", "DisabledException"]), min_size=4),
    parameters=PLAIN,
    wrappers=st.lists(st.sampled_from(WRAPPERS), max_size=3),
)
def test_an_envelope_changes_no_denial(names, codes, parameters, wrappers):
    records = [
        record(eventName=name, errorCode=code, requestParameters=parameters, eventID=f"e-{n}")
        for n, (name, code) in enumerate(zip(names, codes, strict=False))
    ]
    wrapped = records
    for wrap in wrappers:
        wrapped = [wrap(one) for one in wrapped]
    plain, other = (
        ebs_kms_audit.audit(io.StringIO("\n".join(map(json.dumps, [GRANT, *given]))))
        for given in (records, wrapped)
    )
    assert denials(plain) == denials(other)
    assert plain.coverage.denials == other.coverage.denials
    assert plain.coverage.rows_read == other.coverage.rows_read
