"""CloudTrail JSON in every shape, damaged or not."""

import gzip
import io
import json
import re

import pytest

import ebs_kms_audit
from ebs_kms_audit import InputError
from tests import rows
from tests.records import KEY_ARN, audit, log, record

ONE = record()
OTHER = record(eventID="event-1", eventName="Decrypt", eventTime="2026-05-18T07:01:00Z")


def events_of(*records):
    """Return the records as `aws cloudtrail lookup-events` prints them."""
    return {"Events": [{"EventId": r["eventID"], "CloudTrailEvent": json.dumps(r)}
                       for r in records], "NextToken": "x"}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"Records": [ONE, OTHER]}),
        json.dumps({"Records": [ONE, OTHER]}, indent=4),
        json.dumps(events_of(ONE, OTHER)),
        json.dumps({"NextToken": "x", "Events": events_of(ONE, OTHER)["Events"]}, indent=2),
        json.dumps([ONE, OTHER]),
        json.dumps(ONE) + "\n" + json.dumps(OTHER) + "\n",
        json.dumps(ONE) + json.dumps(OTHER),
        "\ufeff" + json.dumps({"Records": [ONE, OTHER]}),
    ],
    ids=["log", "download", "lookup-events", "token first", "list", "lines", "no newline", "BOM"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_every_shape_gives_the_same_events(text, packed):
    data = text.encode()
    report = ebs_kms_audit.audit(records=io.BytesIO(gzip.compress(data) if packed else data))
    assert {d.event.event_id for f in report.findings for d in f.denials} == {"event-0", "event-1"}
    coverage = report.coverage
    assert (coverage.rows_read, coverage.events, coverage.rows_set_aside) == (2, 2, 0)


@pytest.mark.parametrize(
    ("damaged", "denials", "set_aside"),
    [
        ('{"Records":[%s,%s]}', 2, []),
        ('{"Records":[{"eventVersion":"1.11","eventName":},%s,%s]}', 2, [1]),
        ('{"Records":[%s,{"eventVersion":"1.11" "x"},%s]}', 2, [2]),
        ('{"Records":[%s,%s,{"eventVersion":"1.11","userIdentity":{"ty', 2, [3]),
        ('{"Records":[%s,7,null,"x",{"a":1},%s]}', 2, [2, 3, 4, 5]),
        ('{"Records":[%s,{"eventVersion":"1.1","eventName":"Decrypt","eventTime":"noon"},%s]}',
         2, [2]),
        ('{"Events":[{"CloudTrailEvent":"{"},{"CloudTrailEvent":7}]}%s%s', 2, [1, 2]),
        ("%s\nnot json\n%s", 2, [2]),
    ],
)  # fmt: skip
def test_a_damaged_record_costs_itself(damaged, denials, set_aside):
    text = damaged % (json.dumps(ONE), json.dumps(OTHER))
    report = ebs_kms_audit.audit(records=io.StringIO(text))
    coverage = report.coverage
    assert coverage.denials == denials
    assert [row.line for row in report.set_aside] == set_aside
    assert coverage.rows_read == coverage.events + coverage.rows_set_aside
    assert all(row.reason.startswith(f"record {row.line}: ") for row in report.set_aside)


@pytest.mark.parametrize(("written", "damaged"), [('"readOnly":false', '"readOnly":flase'),
                                                  ("}]}", ",}]}")])  # fmt: skip
def test_a_record_of_another_service_is_counted_by_the_fields_that_are_read(written, damaged):
    """Source, name and time show that it bears on no denial. Its other fields are not read."""
    other = record(eventSource="s3.amazonaws.com", eventName="PutObject", errorCode="absent")
    text = json.dumps({"Records": [ONE, other]}, separators=(",", ":"))
    at = text.rindex(written)
    broken = text[:at] + damaged + text[at + len(written) :]
    report = ebs_kms_audit.audit(records=io.StringIO(broken))
    coverage = report.coverage
    assert (coverage.rows_read, coverage.events, coverage.rows_set_aside) == (2, 2, 0)
    assert coverage.denials == 1


# RFC 8259: an object ends with } and a list with ], so the first bracket of the other kind shows
# that an end is missing. CloudTrail User Guide, "CloudTrail record contents": each begins alike.
@pytest.mark.parametrize("damaged", [0, 2, 4])
@pytest.mark.parametrize(
    ("cut", "by"),
    [
        ("}", ""),  # the last bracket
        ('"userIdentity":{', '"userIdentity":'),
        ("}", "]"),
    ],
)
@pytest.mark.parametrize("others", [0, 3_000], ids=["small", "large"])
def test_a_missing_bracket_costs_one_record(tmp_path, others, damaged, cut, by):
    texts = [json.dumps(record(eventID=f"e{number}"), separators=(",", ":")) for number in range(6)]
    text = texts[damaged]
    at = text.index(cut) if len(cut) > 1 else text.rindex(cut)
    texts[damaged] = text[:at] + by + text[at + len(cut) :]
    harmless = record(eventSource="s3.amazonaws.com", eventName="PutObject", errorCode="absent")
    texts += [json.dumps(harmless | {"eventID": f"s{number}"}) for number in range(others)]
    path = tmp_path / "log.json"
    path.write_text(f'{{"Records":[{",".join(texts)}]}}')
    coverage = ebs_kms_audit.audit(path).coverage
    assert (coverage.denials, coverage.events) == (5, 5 + others)
    assert coverage.rows_set_aside >= 1


def test_a_record_forged_within_a_message_is_no_record():
    forged = json.dumps(record(eventID="forged", errorCode="AccessDenied"))
    report = audit(record(errorMessage=f'x"{forged},' + "{"), OTHER)
    assert report.coverage.denials == 2


def test_a_tree_of_log_files_with_some_corrupt(tmp_path):
    day = tmp_path / "AWSLogs" / "111122223333" / "CloudTrail" / "us-east-1" / "2026" / "05" / "18"
    digest = tmp_path / "AWSLogs" / "111122223333" / "CloudTrail-Digest" / "us-east-1"
    day.mkdir(parents=True)
    digest.mkdir(parents=True)
    (digest / "digest.json.gz").write_bytes(gzip.compress(b'{"awsAccountId":"111122223333"}'))
    innocent = record(errorCode="absent", errorMessage="absent")
    for number in range(2000):
        one = record(eventID=f"denied-{number}") if number % 100 == 0 else innocent
        packed = gzip.compress(json.dumps({"Records": [one] * 3}).encode(), compresslevel=1)
        if number % 500 == 1:
            packed = packed[:40]
        (day / f"log-{number:04}.json.gz").write_bytes(packed)
    report = ebs_kms_audit.audit(records=tmp_path)
    coverage = report.coverage
    assert coverage.denials == 20
    assert coverage.duplicate_denials == 40
    assert len(coverage.files) == 2000
    assert coverage.rows_read == coverage.events + coverage.rows_set_aside
    told = [*report.failed_inputs, *(c.text for c in report.caveats if c.id == "input_cut_short")]
    named = re.findall(r"log-(\d{4})", "\n".join(told))
    assert sorted(set(named)) == ["0001", "0501", "1001", "1501"]


@pytest.mark.parametrize(
    ("folder", "read"),
    [
        # CloudTrail User Guide, "Finding your CloudTrail log files", "CloudTrail log file integrity
        # validation" (CloudTrail-Digest), "Viewing Insights events" (CloudTrail-Insight).
        ("CloudTrail", True),
        ("CloudTrail-Digest", False),
        ("CloudTrail-Insight", False),
        # Other folders are the user's own.
        ("my-CloudTrail-Insight", True),
        ("CloudTrail-Insight-2", True),
        ("CloudTrail-Insights", True),
        ("cloudtrail-insight", True),
        (".CloudTrail", False),
    ],
)
def test_the_folders_of_digest_files_and_of_insights_events_are_left_out(tmp_path, folder, read):
    day = tmp_path / "AWSLogs" / "111122223333" / folder / "us-east-1" / "2026" / "05" / "18"
    beside = tmp_path / "AWSLogs" / "111122223333" / "CloudTrail" / "eu-west-1"
    for number, path in enumerate((day, beside)):
        path.mkdir(parents=True)
        log = json.dumps({"Records": [record(eventID=f"e{number}")]}).encode()
        (path / "log.json.gz").write_bytes(gzip.compress(log))
    assert ebs_kms_audit.audit(records=tmp_path).coverage.denials == 1 + read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("User name,Event time\n", "not valid JSON"),
        ('{"Version":"2012-10-17","Statement":[]}', "holds no CloudTrail record, but a key policy"),
        ("[1,2,3]", "holds no CloudTrail record"),
    ],
)
def test_what_holds_no_record_is_rejected(text, words):
    with pytest.raises(InputError, match=words) as error:
        ebs_kms_audit.audit(records=io.StringIO(text))
    assert "Download JSON" in str(error.value)


def test_an_empty_list_of_records_is_an_answer():
    report = ebs_kms_audit.audit(records=io.StringIO('{"Records":[]}'))
    assert report.coverage.rows_read == 0
    assert "no_kms_rows" in {caveat.id for caveat in report.caveats}


@pytest.mark.parametrize("value", [None, 7, [], {}, "x", [{}], True])
@pytest.mark.parametrize(
    "field",
    ["userIdentity", "resources", "requestParameters", "responseElements", "errorMessage",
     "sourceIPAddress", "eventID", "requestID", "awsRegion", "recipientAccountId", "readOnly"],
)  # fmt: skip
def test_a_field_of_another_shape_is_an_absent_field(field, value):
    report = audit(record(**{field: value}))
    assert report.coverage.denials == 1
    assert len(json.loads(report.to_json())["findings"]) == 1


def test_a_record_completes_the_row_of_the_same_event():
    report = audit(
        record(eventID="event-0"),
        rows=rows.export(rows.row(user_name="deploy-7f3a", aws_access_key=rows.SESSION)),
    )
    (finding,) = report.findings
    (denial,) = finding.denials
    assert (finding.principal.evidence, finding.key.arn) == ("recorded", KEY_ARN)
    assert (denial.event.file, denial.event.line) == ("<StringIO>", 2)
    assert (denial.event.record.file, denial.event.record.number) == ("<StringIO>", 1)
    assert report.coverage.duplicate_denials == 0
    assert "record_disagrees" not in {caveat.id for caveat in report.caveats}


@pytest.mark.parametrize(
    ("fields", "denials", "column"),
    [
        ({"errorCode": "absent"}, 0, "Error code"),
        ({"eventName": "Decrypt"}, 1, "Event name"),
        ({"awsRegion": "eu-west-1"}, 1, "AWS region"),
        ({"eventTime": "2026-05-18T08:00:34Z"}, 1, "Event time"),
        ({"recipientAccountId": "444455556666"}, 1, "Recipient Account Id"),
    ],
)
def test_where_row_and_record_differ_the_record_counts_and_it_is_told(fields, denials, column):
    row = rows.row(user_name="deploy-7f3a", aws_access_key=rows.SESSION)
    report = audit(record(**fields), rows=rows.export(row))
    assert report.coverage.denials == denials
    (told,) = [caveat.text for caveat in report.caveats if caveat.id == "record_disagrees"]
    assert "event-0" in told
    assert column in told


def test_a_row_moved_out_of_the_window_by_its_record():
    row = rows.row(user_name="deploy-7f3a", event_time="2026-05-18 07:00:34")
    report = audit(record(eventTime="2026-05-18T12:00:34Z"), rows=rows.export(row),
                   around="2026-05-18T07:00Z")  # fmt: skip
    assert (report.coverage.denials, report.coverage.denials_outside_window) == (0, 1)


def test_records_that_are_not_in_the_export_count_too():
    report = audit(OTHER, rows=rows.export(rows.row()))
    assert report.coverage.denials == 2


def test_records_are_read_from_several_sources():
    report = ebs_kms_audit.audit(records=[log(ONE), log(OTHER)])
    assert report.coverage.denials == 2
