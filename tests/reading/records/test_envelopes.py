"""One incident in every envelope and choice of columns: the same denials, whoever wrapped it.

The shapes of the envelopes are those of the services' API references and user guides: lookup-events
(CloudTrail), "Amazon EventBridge event structure", filter-log-events and subscription filters
(CloudWatch Logs), get-query-results (Logs Insights, Athena, CloudTrail Lake), "HTTP/HTTPS
notification JSON format" (SNS), receive-message (SQS), the search API of Elasticsearch, and the
search export of Splunk.
"""

import base64
import csv
import gzip
import io
import json
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ebs_kms_audit
from ebs_kms_audit import InputError, UsageError
from tests.records import ACCOUNT, KEY_ARN, ROLE, record

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
GRANT = record(eventID="grant-1")
DECRYPT = record(
    eventID="decrypt-1",
    eventName="Decrypt",
    eventTime="2026-05-18T07:01:00Z",
    userIdentity={
        "type": "IAMUser",
        "arn": ALICE,
        "accountId": ACCOUNT,
        "userName": "alice",
        "principalId": "AIDACKCEVSQ6C2EXAMPLE",
    },
    readOnly=True,
    errorMessage=f"User: {ALICE} is not authorized to perform: kms:Decrypt on resource: {KEY_ARN} "
    "because no resource-based policy allows the kms:Decrypt action",
)
RECORDS = [GRANT, DECRYPT]
EXPECTED = {("CreateGrant", ROLE, KEY_ARN), ("Decrypt", ALICE, KEY_ARN)}


def denials(report):
    return {
        (denial.event.name, denial.principal.arn, denial.key.arn)
        for finding in report.findings
        for denial in finding.denials
    }


def text(value):
    return json.dumps(value)


def event(one):
    """Return an event of EventBridge."""
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.kms",
        "account": ACCOUNT,
        "time": "2026-05-18T07:00:34Z",
        "region": "us-east-1",
        "resources": [],
        "detail": one,
    }


def subscription():
    """Return what a subscription filter sends, unpacked."""
    return {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": "CloudTrail/logs",
        "logStream": "1",
        "subscriptionFilters": ["all"],
        "logEvents": [
            {"id": str(n), "timestamp": 1779087634000, "message": text(one)}
            for n, one in enumerate(RECORDS)
        ],
    }


def packed(value):
    return base64.b64encode(gzip.compress(text(value).encode())).decode()


def cells(one):
    """Return a record as a row of named columns."""
    return {
        "eventtime": one["eventTime"],
        "eventsource": one["eventSource"],
        "eventname": one["eventName"],
        "awsregion": one["awsRegion"],
        "errorcode": one["errorCode"],
        "errormessage": one["errorMessage"],
        "recipientaccountid": one["recipientAccountId"],
        "sourceipaddress": one["sourceIPAddress"],
    }


ROWS = [
    {**cells(GRANT), "useridentity": text(GRANT["userIdentity"])},
    {**cells(DECRYPT), "useridentity": text(DECRYPT["userIdentity"])},
]
HEADER = list(ROWS[0])

JSON = {
    "a log file": text({"Records": RECORDS}),
    "a list": text(RECORDS),
    "indented": json.dumps(RECORDS, indent=2),
    "JSON lines": "\n".join(map(text, RECORDS)),
    "lines that end in commas": "".join(f"{text(one)},\n" for one in RECORDS),
    "a trailing comma": f"[{text(GRANT)},{text(DECRYPT)},]",
    "nothing between records": "".join(map(text, RECORDS)),
    "tabs between records": "\t".join(map(text, RECORDS)),
    "two log files in one": "".join(text({"Records": [one]}) for one in RECORDS),
    "a list of log files": text([{"Records": [one]} for one in RECORDS]),
    "lookup-events": text(
        {
            "Events": [
                {"EventId": one["eventID"], "EventName": one["eventName"],
                 "CloudTrailEvent": text(one)}
                for one in RECORDS
            ],
            "NextToken": "abc",
        }
    ),
    "lookup-events --query": text([text(one) for one in RECORDS]),
    "one record as a JSON string each": "\n".join(text(text(one)) for one in RECORDS),
    "EventBridge, in a list": text([event(one) for one in RECORDS]),
    "EventBridge, JSON lines": "\n".join(text(event(one)) for one in RECORDS),
    "filter-log-events": text(
        {"events": [{"logStreamName": "1", "timestamp": 1, "message": text(one), "eventId": "9"}
                    for one in RECORDS], "searchedLogStreams": []}
    ),
    "a subscription of CloudWatch Logs": text(subscription()),
    "the same as Lambda gets it": text({"awslogs": {"data": packed(subscription())}}),
    "the same in Kinesis": text(
        {"Records": [{"eventSource": "aws:kinesis", "eventName": "aws:kinesis:record",
                      "kinesis": {"data": packed(subscription())}}]}
    ),
    "an S3 export of CloudWatch Logs": "".join(
        f"2026-05-18T07:00:34.000Z {text(one)}\n" for one in RECORDS
    ),
    "Logs Insights": text(
        {
            "results": [
                [{"field": "@timestamp", "value": "2026-05-18 07:00:34.000"},
                 {"field": "@message", "value": text(one)}, {"field": "@ptr", "value": "x"}]
                for one in RECORDS
            ],
            "statistics": {"recordsMatched": 2.0},
            "status": "Complete",
        }
    ),
    "Logs Insights, chosen fields": text(
        {
            "results": [
                [{"field": name, "value": value} for name, value in {
                    "@timestamp": "2026-05-18 07:00:34.000",
                    "eventSource": one["eventSource"],
                    "eventName": one["eventName"],
                    "errorCode": one["errorCode"],
                    "errorMessage": one["errorMessage"],
                    "userIdentity.arn": one["userIdentity"]["arn"],
                    "userIdentity.sessionContext.sessionIssuer.arn":
                        one["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {})
                        .get("arn", ""),
                }.items()]
                for one in RECORDS
            ]
        }
    ),
    "Athena": text(
        {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": [
                    {"Data": [{"VarCharValue": name} for name in HEADER]},
                    *({"Data": [{"VarCharValue": row[name]} for name in HEADER]} for row in ROWS),
                ],
                "ResultSetMetadata": {"ColumnInfo": []},
            },
        }
    ),
    "CloudTrail Lake": text(
        {
            "QueryStatus": "FINISHED",
            "QueryResultRows": [[{name: value} for name, value in row.items()] for row in ROWS],
        }
    ),
    "rows as JSON lines": "\n".join(map(text, ROWS)),
    "SNS": "\n".join(
        text({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t",
              "Message": text(event(one))})
        for one in RECORDS
    ),
    "SNS as Lambda gets it": text(
        {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text(event(one))}}
                     for one in RECORDS]}
    ),
    "SQS": text({"Messages": [{"MessageId": "1", "Body": text(event(one))} for one in RECORDS]}),
    "SQS as Lambda gets it": text(
        {"Records": [{"messageId": "1", "body": text(one), "eventSource": "aws:sqs",
                      "awsRegion": "us-east-1"} for one in RECORDS]}
    ),
    "SNS in SQS": text(
        {"Messages": [{"Body": text({"Type": "Notification", "Message": text(event(one))})}
                      for one in RECORDS]}
    ),
    "Elastic, the original": text(
        {"took": 1, "hits": {"total": {"value": 2}, "hits": [
            {"_index": "i", "_source": {"event": {"original": text(one)}}} for one in RECORDS]}}
    ),
    "Elastic, its own fields": text(
        {"hits": {"hits": [
            {"_index": "i", "_source": {
                "@timestamp": one["eventTime"],
                "event": {"action": one["eventName"], "provider": one["eventSource"],
                          "outcome": "failure", "id": one["eventID"]},
                "cloud": {"region": "us-east-1", "account": {"id": ACCOUNT}},
                "aws": {"cloudtrail": {
                    "error_code": one["errorCode"], "error_message": one["errorMessage"],
                    "user_identity": {
                        "type": one["userIdentity"]["type"], "arn": one["userIdentity"]["arn"],
                        "session_context": {"session_issuer": one["userIdentity"].get(
                            "sessionContext", {}).get("sessionIssuer", {})}}}},
                "user": {"name": "x"},
            }} for one in RECORDS]}}
    ),
    "Splunk, raw": "\n".join(
        text({"preview": False, "result": {"_raw": text(one), "_time": "x"}}) for one in RECORDS
    ),
    "Splunk, results": text({"results": [{"_raw": text(one)} for one in RECORDS]}),
    "an unknown envelope": text({"payload": GRANT}) + text({"payload": DECRYPT}),
    "a list in an unknown envelope": text({"things": RECORDS}),
    "an integer of 5,000 digits": text(RECORDS).replace(
        '"requestParameters": null', f'"requestParameters": {{"n": {"9" * 5000}}}'
    ),
}  # fmt: skip


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


def table(rows, delimiter=","):
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def issuer(one):
    return one["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {}).get("arn", "")


STRUCTS = (
    "{type=AssumedRole, principalid=AROA2NCBAL3RPBAGXM7CZ:deploy-7f3a, "
    f"arn=arn:aws:sts::{ACCOUNT}:assumed-role/deploy/deploy-7f3a, accountid={ACCOUNT}, "
    "invokedby=null, accesskeyid=ASIAIOSFODNN7EXAMPLE, username=null, sessioncontext={attributes="
    "{mfaauthenticated=false, creationdate=2026-05-18T07:00:00Z}, sessionissuer={type=Role, "
    f"principalid=AROA2NCBAL3RPBAGXM7CZ, arn={ROLE}, accountid={ACCOUNT}, username=deploy}}, "
    "ec2roledelivery=null, webidfederationdata=null}}",
    f"{{type=IAMUser, principalid=AIDACKCEVSQ6C2EXAMPLE, arn={ALICE}, accountid={ACCOUNT}, "
    "invokedby=null, accesskeyid=null, username=alice, sessioncontext=null}",
)

COLUMNS = {
    "AWS's own table of Athena": ROWS,
    "useridentity as Athena prints it": [
        {**cells(one), "useridentity": struct}
        for one, struct in zip(RECORDS, STRUCTS, strict=True)
    ],
    "useridentity.arn": [
        {**cells(one), "useridentity.arn": one["userIdentity"]["arn"],
         "useridentity.sessioncontext.sessionissuer.arn": issuer(one)} for one in RECORDS
    ],
    "arn": [{**cells(one), "arn": issuer(one) or one["userIdentity"]["arn"]} for one in RECORDS],
    "caller_arn": [
        {"caller_arn": issuer(one) or one["userIdentity"]["arn"], **cells(one)} for one in RECORDS
    ],
    "principal": [
        {**cells(one), "principal": issuer(one) or one["userIdentity"]["arn"]} for one in RECORDS
    ],
    "flattened JSON": [
        {"Records/userIdentity/arn": one["userIdentity"]["arn"],
         "Records/userIdentity/sessionContext/sessionIssuer/arn": issuer(one),
         "Records/userIdentity/type": one["userIdentity"]["type"],
         "Records/eventTime": one["eventTime"], "Records/eventName": one["eventName"],
         "Records/eventSource": one["eventSource"], "Records/errorCode": one["errorCode"],
         "Records/errorMessage": one["errorMessage"]} for one in RECORDS
    ],
    "flattened EventBridge": [
        {"detail-type": "AWS API Call via CloudTrail",
         "detail.userIdentity.arn": issuer(one) or one["userIdentity"]["arn"],
         "detail.eventTime": one["eventTime"], "detail.eventName": one["eventName"],
         "detail.eventSource": one["eventSource"], "detail.errorCode": one["errorCode"],
         "detail.errorMessage": one["errorMessage"]} for one in RECORDS
    ],
    "Microsoft Sentinel": [
        {"TimeGenerated [UTC]": one["eventTime"], "EventName": one["eventName"],
         "EventSource": one["eventSource"], "ErrorCode": one["errorCode"],
         "ErrorMessage": one["errorMessage"], "UserIdentityArn": one["userIdentity"]["arn"],
         "UserIdentityType": one["userIdentity"]["type"], "SessionIssuerArn": issuer(one),
         "SourceSystem": "Azure", "AwsEventId": one["eventID"]} for one in RECORDS
    ],
    "the console of CloudWatch Logs": [
        {"timestamp": "1779087634000", "message": text(one)} for one in RECORDS
    ],
    "@timestamp, @message": [
        {"@timestamp": "2026-05-18 07:00:34.000", "@message": text(one)} for one in RECORDS
    ],
    "@message alone": [{"@message": text(one)} for one in RECORDS],
    "five columns of a person": [
        {"time": one["eventTime"], "eventname": one["eventName"], "errorcode": "AccessDenied",
         "arn": issuer(one) or one["userIdentity"]["arn"], "kms_key": KEY_ARN} for one in RECORDS
    ],
    "no time": [
        {"eventname": one["eventName"], "errorcode": "AccessDenied",
         "arn": issuer(one) or one["userIdentity"]["arn"], "resources": KEY_ARN} for one in RECORDS
    ],
    "resources as Athena prints them": [
        {"eventtime": one["eventTime"], "eventname": one["eventName"], "errorcode": "AccessDenied",
         "arn": issuer(one) or one["userIdentity"]["arn"],
         "resources": f"[{{arn={KEY_ARN}, accountid={ACCOUNT}, type=AWS::KMS::Key}}]"}
        for one in RECORDS
    ],
    "IAM actions as names": [
        {"time": one["eventTime"], "action": f"kms:{one['eventName']}", "error": "AccessDenied",
         "user": issuer(one) or one["userIdentity"]["arn"], "key": KEY_ARN} for one in RECORDS
    ],
}  # fmt: skip


@pytest.mark.parametrize("rows", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("form", ["csv", "semicolons", "tabs", "gzip", "frame", "arrow", "parquet"])
def test_every_choice_of_columns_gives_the_same_denials(tmp_path, rows, form):
    source = tmp_path / "result"
    if form == "frame":
        source = pd.DataFrame(rows)
    elif form == "arrow":
        source = pa.Table.from_pylist(rows)
    elif form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), source, row_group_size=1)
    else:
        delimiter = {"semicolons": ";", "tabs": "\t"}.get(form, ",")
        data = table(rows, delimiter).encode()
        source.write_bytes(gzip.compress(data) if form == "gzip" else data)
    report = ebs_kms_audit.audit(source)
    assert denials(report) == EXPECTED
    assert report.coverage.rows_set_aside == 0


def test_parquet_with_structs_as_athena_and_tailpipe_write_it(tmp_path):
    rows = [
        {**cells(one), "useridentity": one["userIdentity"], "requestparameters": None,
         "resources": [{"arn": KEY_ARN, "accountid": ACCOUNT, "type": "AWS::KMS::Key"}],
         "readonly": one["readOnly"], "tp_index": ACCOUNT} for one in RECORDS
    ]  # fmt: skip
    frame = pa.Table.from_pylist(rows)
    time = frame.schema.get_field_index("eventtime")
    times = pa.array(pd.to_datetime([one["eventTime"] for one in RECORDS]).tz_localize(None))
    frame = frame.set_column(time, "eventtime", times)
    path = tmp_path / "part-0.parquet"
    pq.write_table(frame, path, row_group_size=1)
    report = ebs_kms_audit.audit(path)
    assert denials(report) == EXPECTED
    assert f"{report.coverage.first_event:%FT%T%z}" == "2026-05-18T07:00:34+0000"
    (file,) = report.coverage.files
    assert file.recognized_as == "Parquet with CloudTrail columns"
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(path, "x")
    assert denials(ebs_kms_audit.audit(archive)) == EXPECTED
    assert denials(ebs_kms_audit.audit(io.BytesIO(path.read_bytes()))) == EXPECTED


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


def test_columns_that_are_not_understood_are_named_and_never_lead_to_rejection():
    rows = [{**row, "cost_center": "7", "note": "x"} for row in ROWS]
    report = ebs_kms_audit.audit(io.StringIO(table(rows)))
    assert denials(report) == EXPECTED
    (caveat,) = (one for one in report.caveats if one.id == "columns_unknown")
    assert "cost_center, note" in caveat.text


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("eventtime,eventsource,errorcode,awsregion", "no column with the event name"),
        ("eventtime,eventname,arn", "no column with the error code"),
    ],
)
def test_a_table_without_what_shows_a_denial_is_rejected(header, missing):
    with pytest.raises(InputError, match=missing):
        ebs_kms_audit.audit(io.StringIO(f"{header}\n1,2,3,4\n"))


# --- what a caller puts into a request is never read as a record ------------------------------

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


# --- one message or record that is damaged affects itself -------------------------------------


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
