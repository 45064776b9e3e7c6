"""The queries are parsed as Trino reads them, and run over made records in DuckDB."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlglot

import ebs_kms_audit
from ebs_kms_audit import UsageError
from ebs_kms_audit.sql import RESULT_COLUMNS, athena_query, lake_query
from tests.cloudtrail_tables import (
    ACCOUNT,
    ALICE,
    BOB,
    DAVE,
    DENIED,
    DEPLOY,
    EC2,
    KEY,
    KMS,
    NOW,
    OTHER_ACCOUNT,
    STORE,
    UNWANTED,
    WANTED,
    ids,
    in_athena,
    record,
    rows_of,
    small,
)


@pytest.fixture
def run(tmp_path):
    """Return what runs a query over records."""
    return partial(rows_of, file=tmp_path / "rows.jsonl")


QUERIES = {
    "athena": athena_query,
    "lake": lambda **more: lake_query(event_data_store=STORE, **more),
}


@pytest.fixture(params=QUERIES)
def query(request):
    return QUERIES[request.param]


@pytest.mark.parametrize("dialect", ["trino", "athena", "presto"])
@pytest.mark.parametrize("around", [None, "2026-05-18T07:00"])
def test_it_is_one_statement_that_reads_only(query, dialect, around):
    sql = query(around=around, region="eu-west-1", account=ACCOUNT)
    (statement,) = sqlglot.parse(sql.replace(STORE, "store"), read=dialect)
    assert isinstance(statement, sqlglot.exp.Select)
    assert statement.named_selects == list(RESULT_COLUMNS)
    tables = {table.name for table in statement.find_all(sqlglot.exp.Table)}
    assert tables - {"trail", "denied", "wanted", "ranked"} in ({"cloudtrail_logs"}, {"store"})


def test_the_needed_rows_come_back_and_no_others(query, run):
    rows = run(query(now=NOW), [*UNWANTED, *WANTED], partitions=["timestamp"])
    assert sorted(row["eventid"] for row in rows) == ids(WANTED)
    times = [row["eventtime"] for row in rows]
    assert times == sorted(times, reverse=True)


def test_the_columns_hold_what_they_promise(query, run):
    rows = run(query(now=NOW), WANTED, partitions=["timestamp"])
    by_id = {row["eventid"]: row for row in rows}
    denied = by_id["decrypt-denied"]
    assert list(denied) == list(RESULT_COLUMNS)
    assert denied["eventtime"] == "2026-05-18T07:01:00Z"
    assert denied["readonly"] == "true"
    assert denied["errorcode"] == "AccessDeniedException"
    identity = small(json.loads(denied["useridentity"]))
    assert identity["arn"] == DEPLOY["arn"]
    assert identity["sessioncontext"]["sessionissuer"]["arn"].endswith(":role/ops/deploy")
    (key,) = small(json.loads(by_id["policy-put"]["resources"]))
    assert (key["arn"], key["type"]) == (KEY, "AWS::KMS::Key")
    asked = json.loads(by_id["handout-of-key"]["requestparameters"])
    assert asked["roleSessionName"] == "ci"
    given = json.loads(by_id["handout-of-key"]["responseelements"])
    assert given["credentials"]["accessKeyId"] == "ASIAIOSFODNN7DEPLOY1"
    assert given["credentials"]["sessionToken"] == "removed"
    assert json.loads(by_id["volume"]["responseelements"]) == {"volumeId": "vol-01"}
    assert denied["responseelements"] is None


def test_without_a_denial_no_success_is_needed(query, run):
    rows = run(query(now=NOW), [one for one in WANTED if one["errorCode"] != DENIED][1:],
               partitions=["timestamp"])  # fmt: skip
    assert {"decrypt-cured", "handout-of-key", "role-deleted", "tag-cured"}.isdisjoint(
        row["eventid"] for row in rows
    )


def test_one_region_and_one_account(query, run):
    elsewhere = [
        record("other-region", "07:00:00", KMS, "CreateGrant", DAVE, error=DENIED,
               region="eu-west-2"),
        record("volume-elsewhere", "07:00:00", EC2, "CreateVolume", BOB, region="us-east-1"),
        record("key-elsewhere", "07:00:00", KMS, "PutKeyPolicy", BOB, region="us-east-1"),
        record("other-account", "07:00:00", KMS, "CreateGrant", DAVE, error=DENIED,
               account=OTHER_ACCOUNT),
    ]  # fmt: skip
    records = [*WANTED, *UNWANTED, *elsewhere]
    sql = query(now=NOW, region="eu-west-1", account=ACCOUNT)
    # IAM and the global endpoint of STS are recorded in us-east-1, and needed all the same.
    found = [row["eventid"] for row in run(sql, records, partitions=["timestamp"])]
    assert sorted(found) == ids(WANTED)
    everywhere = [row["eventid"] for row in run(query(now=NOW), records, partitions=["timestamp"])]
    assert sorted(everywhere) == ids([*WANTED, *elsewhere])


def test_around_a_time(query, run):
    late = [
        record("later-failure", "07:20:00", KMS, "CreateGrant", BOB, error=DENIED),
        record("later-volume", "07:20:00", EC2, "CreateVolume", ALICE),
        record("not-denied-then", "09:20:00", KMS, "CreateGrant", BOB, key=KEY),
        record("tomorrow", "2026-05-19T07:00:00Z", KMS, "PutKeyPolicy", BOB, key=KEY),
        record("in-two-days", "2026-05-20T08:00:00Z", KMS, "PutKeyPolicy", BOB, key=KEY),
    ]
    sql = query(around="2026-05-18T09:00+02:00", minutes=5, days=1)
    found = [row["eventid"] for row in run(sql, [*WANTED, *UNWANTED, *late],
                                           partitions=["timestamp"])]  # fmt: skip
    before = {"policy-put"}  # it was three days before, with one to read
    assert sorted(found) == sorted({*ids(WANTED), "tomorrow"} - before)


def test_a_day(query, run):
    times = {"1": "2026-05-17T23:59:59Z", "2": "2026-05-18T00:00:00Z", "3": "2026-05-18T23:59:59Z",
             "4": "2026-05-19T00:00:00Z"}  # fmt: skip
    denied = [record(id, time, KMS, "CreateGrant", BOB, error=DENIED) for id, time in times.items()]
    found = run(query(around="2026-05-18", days=1), denied, partitions=["timestamp"])
    assert sorted(row["eventid"] for row in found) == ["2", "3"]


PARTITIONED = [
    [], ["timestamp"], ["region", "timestamp"], ["account", "region", "timestamp"],
    ["year", "month", "day"], ["region", "year", "month", "day"],
    ["account", "region", "year", "month", "day"],
]  # fmt: skip


@pytest.mark.parametrize("partitions", PARTITIONED)
@pytest.mark.parametrize("region", [None, "eu-west-1"])
def test_the_partitions_of_a_table(run, partitions, region):
    at_midnight = record("late", "2026-05-20T11:59:00Z", KMS, "CreateGrant", ALICE, error=DENIED)
    sql = athena_query(partitions=partitions, region=region, account=region and ACCOUNT, now=NOW)
    rows = run(sql, [*WANTED, *UNWANTED, at_midnight], partitions=partitions)
    assert sorted(row["eventid"] for row in rows) == ids([*WANTED, at_midnight])
    assert ("account = '111122223333'" in sql) == (bool(region) and "account" in partitions)
    assert ("region IN ('eu-west-1', 'us-east-1')" in sql) == (
        bool(region) and "region" in partitions
    )


def test_a_file_may_be_delivered_on_the_day_after_the_event(run):
    midnight = datetime(2026, 5, 19, 0, 0, tzinfo=UTC)
    last = record("last", "23:59:00", KMS, "CreateGrant", ALICE, error=DENIED)
    assert in_athena(last)["timestamp"] == "2026/05/19"
    sql = athena_query(now=midnight - timedelta(seconds=1))
    assert [row["eventid"] for row in run(sql, [last], partitions=["timestamp"])] == ["last"]


@pytest.mark.parametrize(
    ("region", "home"),
    [("us-east-1", ""), ("ap-south-1", "us-east-1"), ("cn-northwest-1", "cn-north-1"),
     ("us-gov-east-1", "us-gov-west-1"), ("eusc-de-east-1", "")],
)  # fmt: skip
def test_where_iam_is_recorded(region, home):
    regions = f"'{region}'" + (f", '{home}'" if home else "")
    assert f"region IN ({regions})" in athena_query(partitions=["region"], region=region)


def test_the_span_is_told_in_full():
    assert "BETWEEN '2026-05-13T12:00:00Z' AND '2026-05-20T12:00:00Z'" in athena_query(now=NOW)
    assert "\"timestamp\" BETWEEN '2026/05/13' AND '2026/05/21'" in athena_query(now=NOW)
    assert (
        "BETWEEN TIMESTAMP '2026-05-13 12:00:00' AND TIMESTAMP '2026-05-20 12:00:00'"
    ) in lake_query(event_data_store=STORE, now=NOW)


def test_cloudtrail_takes_statements_of_ten_thousand_characters():
    longest = lake_query(event_data_store=STORE, around="2026-05-18T07:00", region="us-gov-east-1",
                         account=ACCOUNT)  # fmt: skip
    assert len(longest) < 10_000


def test_a_table_may_have_a_database_and_a_store_an_arn():
    assert 'FROM "logs"."cloudtrail_logs_pp"\n' in athena_query(table="logs.cloudtrail_logs_pp")
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:eventdatastore/{STORE}"
    assert f"FROM {STORE}\n" in lake_query(event_data_store=arn)


HOSTILE = ["", "x'; DROP TABLE t; --", 'a"b', "a b", "a\nb", "a;b", "é", "' OR '1'='1", "1/0", "*"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["table", "region", "account", "partitions", "around"])
def test_nothing_enters_the_sql_unchecked(name, text):
    with pytest.raises(UsageError):
        athena_query(**{name: [text] if name == "partitions" else text})


@pytest.mark.parametrize("text", [*HOSTILE, STORE[:-1], STORE + "\n", f"{STORE} x"])
def test_nothing_enters_the_sql_unchecked_as_a_store(text):
    with pytest.raises(UsageError):
        lake_query(event_data_store=text)


@pytest.mark.parametrize(
    "arguments",
    [{"days": 0}, {"days": -1}, {"days": 10_000},
     {"around": "2026-05-18T07:00", "minutes": 0}, {"around": "2026-05-18", "minutes": 5},
     {"around": "0001-01-02T00:00"}, {"around": "9999-12-30T00:00"},
     {"partitions": ["timestamp", "year", "month", "day"]}, {"partitions": ["year"]},
     {"partitions": ["eventtime"]}, {"table": "a.b.c.d"}, {"table": "a..b"},
     {"region": "mars-east-1"}, {"account": "11112222333"}],
)  # fmt: skip
def test_arguments_that_make_no_sense(arguments):
    with pytest.raises(UsageError):
        athena_query(**arguments)


def test_a_result_goes_through_the_audit(query, run, tmp_path):
    rows = run(query(now=NOW), [*WANTED, *UNWANTED], partitions=["timestamp"])
    result = tmp_path / "result.csv"
    with result.open("w", newline="", encoding="utf-8") as file:
        # As Athena writes it: every value in quotes, a null as nothing.
        writer = csv.writer(file, quoting=csv.QUOTE_NOTNULL if hasattr(csv, "QUOTE_NOTNULL")
                            else csv.QUOTE_ALL, lineterminator="\n")  # fmt: skip
        writer.writerow(RESULT_COLUMNS)
        writer.writerows(row.values() for row in rows)
    assert result.read_text(encoding="utf-8").startswith('"eventtime","eventsource",')
    report = ebs_kms_audit.audit(result)
    coverage = report.coverage
    assert coverage.files[0].recognized_as == "query result (CSV)"
    assert (coverage.rows_read, coverage.rows_set_aside) == (len(ids(WANTED)), 0)
    assert coverage.denials == 3
    assert coverage.ec2_rows == 3
    known = {finding.principal.arn: finding.principal.evidence for finding in report.findings}
    assert known == {ALICE["arn"]: "recorded",
                     f"arn:aws:iam::{ACCOUNT}:role/ops/deploy": "recorded"}  # fmt: skip
    (deploy,) = (f for f in report.findings if f.principal.kind == "role")
    assert deploy.history.later_success.event_id == "decrypt-cured"


def test_a_cell_that_is_no_json_costs_itself_and_not_its_row():
    header = ",".join(RESULT_COLUMNS)
    cells = dict.fromkeys(RESULT_COLUMNS, "") | {
        "eventtime": "2026-05-18T07:00:00Z", "eventsource": KMS, "eventname": "Decrypt",
        "errorcode": DENIED, "useridentity": "{type=IAMUser", "readonly": "true",
        "awsregion": "eu-west-1", "recipientaccountid": ACCOUNT,
    }  # fmt: skip
    whole = cells | {"useridentity": json.dumps(ALICE).replace('"', '""'), "eventid": "whole"}
    rows = [",".join(f'"{cell}"' for cell in row.values()) for row in (cells, whole)]
    text = "\n".join([header, *rows, "too,few"]) + "\n"
    report = ebs_kms_audit.audit(io.StringIO(text))
    assert {(f.principal.arn, f.count) for f in report.findings} == {(ALICE["arn"], 1), (None, 1)}
    (note,) = (one.text for one in report.caveats if one.id == "cells_unreadable")
    assert note.endswith("useridentity cannot be read at line 2.")
    (row,) = report.set_aside
    assert (row.line, row.reason) == (4, "too few fields: 2 where the header has 19")
