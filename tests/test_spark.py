"""The audit on Spark gives the same report as on one machine. Needs `pip install -e ".[spark]"`."""

import gzip
import io
import json
import os
import re
import shutil
import sys
import warnings

import pytest

import ebs_kms_audit
from ebs_kms_audit import InputError, UsageError
from tests.benchmark.generate import make_export, make_logs
from tests.exports import access_key, denied, export, row
from tests.make_samples import SAMPLES
from tests.records import KEY_ARN, KEY_ID, log, record
from tests.sample_incident import ACCOUNT

if not os.environ.get("EBS_KMS_AUDIT_REQUIRE_SPARK"):
    pytest.importorskip("pyspark", reason="pyspark is not installed")

# pyspark warns of the pandas installed, and leaves sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def spark():
    os.environ["PYSPARK_PYTHON"] = sys.executable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession

        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", False)
            .config("spark.sql.shuffle.partitions", 2)
            .config("spark.sql.session.timeZone", "Asia/Tokyo")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


@pytest.fixture
def same(spark):
    """Return a function that audits both ways, compares the reports and returns Spark's."""
    from ebs_kms_audit.spark import audit

    def compare(exports=None, records=None, **options):
        one = ebs_kms_audit.audit(exports, records=records, **options)
        other = audit(exports, records=records, spark=spark, **options)
        assert placeless(other) == placeless(one)
        return other

    return compare


_AT = r" at [0-9-]{10}T[0-9:]{8}(?:\+00:00)?"
_PLACE = rf"[\w.-]+\.csv:(?:\d+| \w+{_AT})"


def placeless(report):
    """Return the report without folders and lines."""
    text = json.dumps(report.to_dict(), sort_keys=True)
    text = re.sub(r'"line": \d+', '"line": 0', text)
    text = re.sub(r"(AKIA); line \d+|at line \d+(?:, \d+)*|in \d+ rows", r"\1", text)
    text = re.sub(r"(?:file:)?/+(?:[\w.-]+/)+|sample_data/", "", text)
    return json.loads(re.sub(rf"events? {_PLACE}(?:, {_PLACE})*", "events of a line", text))


def written(tmp_path, text, name="export.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


DENIALS = {
    "event_history.csv": 8,
    "event_history_2019_layout.csv": 7,
    "event_history_default_view.csv": 1,
    "event_history_spreadsheet.csv": 8,
}


def test_the_samples_are_those_of_the_table():
    assert set(DENIALS) == {path.name for path in SAMPLES.glob("*.csv")}


@pytest.mark.parametrize("sample", DENIALS)
def test_every_sample_gives_the_same_report(same, sample):
    report = same(str(SAMPLES / sample), key_policies=str(SAMPLES / "key_policy.json"))
    assert report.coverage.denials == DENIALS[sample]


def test_a_folder_of_several_layouts_and_the_records_are_one_audit(same, tmp_path):
    for sample in SAMPLES.glob("*.csv"):
        shutil.copy(sample, tmp_path)
    report = same(str(tmp_path), records=str(SAMPLES / "event_history.json"))
    assert len(report.coverage.files) == 5


def test_rows_and_records_together(same):
    report = same(
        str(SAMPLES / "event_history.csv"), records=str(SAMPLES / "event_history.json"), redact=True
    )
    assert report.coverage.denials == 8


def test_generated_exports_and_logs_with_forged_rows(same, tmp_path):
    made, logs = make_export(tmp_path, 1), make_logs(tmp_path, 1)
    assert same(made.path).coverage.denials == made.denied
    assert same(records=logs.path).coverage.rows_read == logs.events
    assert same(made.path, around="2026-05-18T11:50:00Z", minutes=5).coverage.denials < made.denied


KEY_STATE = {"KeyMetadata": {"KeyId": KEY_ID, "Arn": KEY_ARN, "KeyState": "Disabled"}}
HOSTILE = {
    "a forged row": "x\nmallory,AKIA,2026-05-18T07:00:34Z,kms.amazonaws.com,Decrypt,"
    "us-east-1,1.2.3.4,x,AccessDenied,[],r,e,true,AwsApiCall,111122223333,Management\n",
    "quotes and newlines": '""\n"\n",",\n"""',
    "carriage returns": "a\r\nb\rc",
    "a quote at the start": '"x" y, z',
    "a backslash before the quote": 'x\\"\n,\\',
    "an empty line": "\n\n",
    "something like a comment": "# x",
    "no ASCII": "\u00e9\u2028\u00a0\U0001f511",
}


@pytest.mark.parametrize("agent", HOSTILE.values(), ids=HOSTILE)
def test_a_user_agent_fools_neither(same, tmp_path, agent):
    text = export(denied("alice"), row(user_agent=agent), denied("bob", user_agent=agent), row())
    assert same(written(tmp_path, text)).coverage.rows_read == 4


def test_ragged_and_shifted_rows_are_set_aside_with_the_same_reasons(same, tmp_path):
    rows = [denied("alice"), *[denied()] * 4, denied("bob"), row()]
    lines = export(*rows).split("\n")
    lines[2] = ",".join(lines[2].split(",")[:9])
    lines[3] += ",more"
    lines[4] = lines[4].replace("us-east-1", "no Region at all")
    lines[5] = lines[5].replace("2026-05-18T07:00:34Z", "2026-02-30T07:00:34Z")
    lines[6:6] = ["", "   "]
    report = same(written(tmp_path, "\n".join(lines)))
    assert report.coverage.rows_set_aside == len(report.set_aside) == 4
    assert {one.line for one in report.set_aside} == {0}


def test_a_malformed_row_of_several_lines_is_set_aside(same, tmp_path):
    agents = [row(user_agent="two\nlines")] * 3
    text = export(denied("alice"), *agents, denied("bob"), row())
    report = same(written(tmp_path, text.replace('lines"', 'lines",more', 2)))
    assert (report.coverage.rows_read, report.coverage.rows_set_aside) == (6, 2)


def test_malformed_rows_of_other_services_are_set_aside(same, tmp_path):
    lines = export(denied("alice"), row(), row(), row(), row(), denied("bob"), row()).split("\n")
    lines[2] = ",".join(lines[2].split(",")[:9])
    lines[3] += ",more"
    lines[4] = lines[4].replace("us-east-1", "no Region at all")
    lines[5] = lines[5].replace("2026-05-18T07:00:34Z", "2026-02-30T07:00:34Z")
    report = same(written(tmp_path, "\n".join(lines)))
    assert (report.coverage.rows_read, report.coverage.rows_set_aside) == (7, 4)


def test_spreadsheets_cut_and_packed_files(same, tmp_path):
    rows = [denied("alice", read_only="FALSCH", recipient_account_id="1,11122E+11"), row()]
    same(written(tmp_path, "\ufeff" + export(*rows, delimiter=";", newline="\r\n")))
    same(written(tmp_path, gzip.compress(export(*rows).encode()), "packed.csv.gz"))


def test_denials_without_an_event_id_are_all_counted(same, tmp_path):
    text = export(denied("alice", event_id=""), denied("alice", event_id=""))
    assert same(written(tmp_path, text)).coverage.denials == 2


def test_denials_without_an_event_id_are_named_by_what_the_row_holds(same, tmp_path):
    text = export(denied("alice", event_id=""), denied("bob", event_id=""))
    findings = same(written(tmp_path, text)).findings
    assert len({finding.id for finding in findings}) == len(findings) == 2
    for finding in findings:
        last = finding.cause.supported_by[-1]
        assert "export.csv: CreateGrant at 2026-05-18T07:00:34+00:00." in last


def test_what_identifies_a_caller_comes_along_from_another_file(same, tmp_path):
    role = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
    key = access_key("ASIA", ACCOUNT, "handed out")
    entries = [("AWS::IAM::AccessKey", key), ("AWS::IAM::Role", role)]
    cell = json.dumps([{"resourceType": a, "resourceName": b} for a, b in entries])
    written(tmp_path, export(denied("deploy", aws_access_key=key)), "a.csv")
    handed_out = row(event_source="sts.amazonaws.com", event_name="AssumeRole", resources=cell)
    success = denied("deploy", aws_access_key=key, error_code="")
    succeeded = [success | {"Event time": f"2026-05-18T08:0{n}:00Z"} for n in (1, 3, 2)]
    written(tmp_path, export(row(), handed_out, *succeeded), "b.csv")
    report = same(str(tmp_path))
    assert report.findings[0].principal.arn == role
    assert report.findings[0].history.later_success.time.minute == 3


def test_a_use_of_a_denied_key_comes_along(same, tmp_path):
    def named(name, time, **cells):
        resources = json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": KEY_ARN}])
        return denied(event_name=name, event_time=time, resources=resources, **cells)

    denial = named("CreateGrant", "2026-05-18T07:00:00Z")
    change = named("DisableKey", "2026-05-18T06:30:00Z", error_code="", read_only="false")
    uses = [
        named("Decrypt", f"2026-05-18T0{hour}:00:00Z", error_code="", user_name="bob")
        for hour in (8, 9, 7)
    ]
    for number, unusable in ((0, True), (3, False)):
        path = written(tmp_path, export(denial, change, *uses[:number]), f"{number}.csv")
        history = same(path).findings[0].history
        assert bool(history.unusable_since) == unusable


MESSAGE = (
    f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: kms:CreateGrant on "
    f"resource: {KEY_ARN} because no resource-based policy allows the kms:CreateGrant action"
)


@pytest.mark.parametrize("pasted", [False, True])
def test_what_belongs_to_a_denial_in_a_message_comes_along(same, tmp_path, pasted):
    later = {"error_code": "", "event_time": "2026-05-18T08:00:00Z"}
    successes = denied(**later), denied(**later, event_name="Decrypt")
    path = written(tmp_path, export(row(event_name="RunInstances"), *successes))
    failed = record(
        eventSource="ec2.amazonaws.com", eventName="AttachVolume", errorMessage=MESSAGE,
        errorCode="Client.UnauthorizedOperation", userIdentity={"type": "IAMUser", "userName":
        "alice", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice", "accountId": ACCOUNT},
    )  # fmt: skip
    if pasted:
        report = same(path, messages=MESSAGE)
    else:
        report = same(path, written(tmp_path, json.dumps({"Records": [failed]}), "log.json"))
        assert report.findings[0].history.later_success.name == "CreateGrant"
    assert report.findings[0].history.allowed == ("kms:Decrypt",)


def test_damaged_records_and_other_shapes_of_json(same, tmp_path):
    good, nameless = record(), record(eventID="event-1", eventName="absent")
    late = record(eventID="event-2", eventTime="no time")
    written(tmp_path, log(good, nameless, late, 7, None).getvalue(), "a.json")
    written(tmp_path, log(record(eventID="event-3")).getvalue()[:-9], "cut.json")
    lines = "\n".join(json.dumps(record(eventID=f"event-{n}")) for n in (4, 5))
    written(tmp_path, lines, "lines.jsonl")
    lookup = {"Events": [{"CloudTrailEvent": json.dumps(record(eventID="event-6"))}]}
    written(tmp_path, gzip.compress(json.dumps(lookup).encode()), "lookup.json.gz")
    written(tmp_path, "no JSON", "prose.json")
    report = same(records=str(tmp_path))
    assert len(report.failed_inputs) == 2  # the prose, and the file cut within its only record


def test_envelopes_and_documents_in_files_of_records(same, tmp_path):
    bus = {"source": "aws.kms", "detail": record(eventID="event-1")}
    written(tmp_path, log(record(), bus, {"x": 1}, []).getvalue(), "list.json")
    written(tmp_path, json.dumps(record(eventID="event-2")) + json.dumps(KEY_STATE), "both.json")
    written(tmp_path, json.dumps(KEY_STATE), "state.json")
    written(tmp_path, log().getvalue(), "no_record.json")
    written(tmp_path, export(denied()), "csv.json")
    report = same(records=str(tmp_path))
    assert report.coverage.denials == 3
    assert [error.partition(": ")[0].rpartition("/")[2] for error in report.failed_inputs] == [
        "csv.json",
        "state.json",
    ]


def test_a_key_that_only_a_success_names_keeps_a_step_from_being_safe(same, tmp_path):
    def named(key):
        return json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": key}])

    other = KEY_ARN.replace("1234abcd", "5678abcd")
    success = denied("bob", event_name="Decrypt", error_code="", resources=named(other))
    rows = [denied("alice", resources=named(KEY_ARN)), success]
    admin = {"Sid": "admin", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
             "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/admin"}}  # fmt: skip
    options = {
        "key_policies": {"Statement": [admin]},
        "principals": {"alice": f"arn:aws:iam::{ACCOUNT}:user/alice"},
    }
    for number, disposition in ((1, "safe"), (2, "review")):
        report = same(written(tmp_path, export(*rows[:number]), f"{number}.csv"), **options)
        assert [step.disposition for step in report.plan] == [disposition]


def test_a_record_that_succeeded_corrects_the_row_of_its_id(same, tmp_path):
    rows = written(tmp_path, export(denied(event_id="event-0"), denied("bob")))
    same(rows, records=written(tmp_path, log(record(errorCode="absent")).getvalue(), "r.json"))


def test_an_input_that_cannot_be_read_is_named_among_others(same, tmp_path):
    good = written(tmp_path, export(denied()))
    missing, prose = str(tmp_path / "none.csv"), written(tmp_path, "x\ny\n", "prose.csv")
    assert len(same([good, missing, prose]).failed_inputs) == 2


def test_without_a_session_the_active_one_is_used(spark):
    from ebs_kms_audit.spark import audit

    path = str(SAMPLES / "event_history.csv")
    assert placeless(audit(path)) == placeless(ebs_kms_audit.audit(path))
    assert os.environ["PYSPARK_PYTHON"] == sys.executable


def test_a_frame_is_read_as_its_file(spark, tmp_path):
    from ebs_kms_audit.spark import audit

    text = export(denied("alice"), row(), denied("bob", recipient_account_id="011122223333"))
    path = written(tmp_path, text)
    options = {"header": True, "multiLine": True, "escape": '"'}
    one = ebs_kms_audit.audit(path)
    for infer in (False, True):  # with types, a time is a timestamp and an account a number
        other = audit(spark.read.options(inferSchema=infer, **options).csv(path), spark=spark)
        assert other.coverage.denials == one.coverage.denials == 2
        assert [one.id for one in other.findings] == [one.id for one in one.findings]
        assert other.coverage.first_event == one.coverage.first_event


def test_inputs_that_are_rejected(spark, tmp_path):
    from ebs_kms_audit.spark import audit

    with pytest.raises(UsageError, match="nothing to read"):
        audit(spark=spark)
    with pytest.raises(UsageError, match="Spark cannot read a StringIO"):
        audit([io.StringIO()], spark=spark)
    with pytest.raises(InputError, match="no such file"):
        audit(str(tmp_path / "none.csv"), spark=spark)
    with pytest.raises(InputError, match="its header is not the first line"):
        audit(written(tmp_path, "About this file\n" + export(denied())), spark=spark)
    with pytest.raises(InputError, match="no column Error code"):
        audit(spark.createDataFrame([("a", "b")], "`Event name` string, x string"), spark=spark)
    columns = "eventname string, errorcode string, eventtime string, useridentity string"
    with pytest.raises(InputError, match="flattened into columns"):
        audit(spark.createDataFrame([("a", "b", "c", "d")], columns), spark=spark)
