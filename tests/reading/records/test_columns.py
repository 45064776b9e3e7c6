"""Every choice of columns gives the same denials: query results, tables, Parquet."""

import csv
import gzip
import io
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ebs_kms_audit
from ebs_kms_audit import InputError
from tests.reading.records.envelopes import (
    ALICE,
    EXPECTED,
    RECORDS,
    ROWS,
    cells,
    denials,
    text,
)
from tests.records import ACCOUNT, KEY_ARN, ROLE


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
