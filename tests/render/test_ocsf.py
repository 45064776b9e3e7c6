"""OCSF Detection Findings, against the schema of OCSF 1.6.0."""

import json
from functools import cache

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from ebs_kms_audit import audit
from ebs_kms_audit.cli.main import main
from ebs_kms_audit.render.ocsf import render
from tests.test_readme import ROOT

SAMPLES = ROOT / "sample_data"


@cache
def validator():
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.6.0"))
    return jsonschema.Draft202012Validator(
        schema.get_class_schema("detection_finding", profiles=["cloud"])
    )


def findings_of(report):
    lines = render(report).splitlines()
    found = [json.loads(line) for line in lines]
    for one in found:
        assert [error.message for error in validator().iter_errors(one)] == []
    return found


HEADER = (
    "User name,AWS access key,Event time,Event source,Event name,AWS region,Source IP address,"
    "User agent,Error code,Resources,Request ID,Event ID,Read-only,Event type,"
    "Recipient Account Id,Event category\n"
)


def csv_of(tmp_path, *rows):
    base = {
        "user": "alice", "time": '"May 18, 2026, 07:00:01 (UTC+00:00)"', "event": "CreateGrant",
        "id": "11111111-2222-3333-4444-555555555555", "account": "111122223333",
    }  # fmt: skip
    text = HEADER
    for row in rows:
        one = base | row
        text += (
            f"{one['user']},,{one['time']},kms.amazonaws.com,{one['event']},us-east-1,"
            f"ec2-frontend-api.amazonaws.com,ec2-frontend-api.amazonaws.com,AccessDenied,[],r1,"
            f"{one['id']},false,AwsApiCall,{one['account']},Management\n"
        )
    path = tmp_path / "history.csv"
    path.write_text(text)
    return path


def test_each_finding_of_the_samples_is_a_valid_detection_finding():
    report = audit(SAMPLES / "event_history.csv")
    found = findings_of(report)
    assert [one["finding_info"]["uid"] for one in found] == [f.id for f in report.findings]
    assert {one["class_uid"] for one in found} == {2004}
    assert {one["metadata"]["version"] for one in found} == {"1.6.0"}
    assert [len(one["evidences"]) for one in found] == [f.count for f in report.findings]


def test_times_are_milliseconds_since_1970(tmp_path):
    [found] = findings_of(audit(csv_of(tmp_path, {})))
    seconds = 1_779_087_601  # date -u -d 2026-05-18T07:00:01Z +%s
    assert found["time"] == seconds * 1000
    assert found["finding_info"]["first_seen_time"] == seconds * 1000
    assert found["evidences"][0]["data"]["time"] == seconds * 1000


def test_an_evidence_names_the_actor_the_call_and_the_row(tmp_path):
    [found] = findings_of(audit(csv_of(tmp_path, {})))
    [evidence] = found["evidences"]
    assert evidence["uid"] == "11111111-2222-3333-4444-555555555555"
    assert evidence["actor"]["user"]["name"] == "alice"
    assert evidence["actor"]["user"]["account"]["uid"] == "111122223333"
    assert evidence["actor"]["invoked_by"] == "ec2-frontend-api.amazonaws.com"
    assert evidence["api"]["operation"] == "CreateGrant"
    assert evidence["api"]["response"]["error"] == "AccessDenied"
    assert (evidence["data"]["file"], evidence["data"]["line"]) == (
        str(tmp_path / "history.csv"),
        2,
    )
    assert found["cloud"] == {
        "provider": "AWS", "region": "us-east-1",
        "account": {"uid": "111122223333", "type_id": 10, "type": "AWS Account"},
    }  # fmt: skip


def test_the_key_and_the_principal_are_named_where_they_are_known(tmp_path):
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    alice = "arn:aws:iam::111122223333:user/alice"
    report = audit(csv_of(tmp_path, {}), key=key, principals={"alice": alice})
    [found] = findings_of(report)
    [resource] = found["resources"]
    assert (resource["uid"], resource["type"]) == (key, "AWS::KMS::Key")
    assert resource["owner"]["account"]["uid"] == "111122223333"
    assert found["evidences"][0]["actor"]["user"]["uid"] == alice


def test_a_row_without_name_account_or_time_zone_is_valid(tmp_path):
    row = {"user": "", "account": "", "time": '"2026-05-18, 07:00:01 AM"', "id": ""}
    [found] = findings_of(audit(csv_of(tmp_path, row)))
    assert found["evidences"][0]["actor"]["user"]["name"] == "unknown"
    assert found["time"] == 1_779_087_601_000


@pytest.mark.parametrize("redact", [False, True])
def test_a_log_cannot_add_a_line(tmp_path, redact):
    name = '"a\u2028b\u0085c\x1b[2J"'
    report = audit(csv_of(tmp_path, {"user": name}), redact=redact)
    text = render(report)
    assert text.isascii()
    assert len(text.splitlines()) == 1


def test_the_command_writes_one_line_for_each_finding(tmp_path, capsys):
    path = str(csv_of(tmp_path, {}, {"user": "bob", "id": "x"}))
    assert main([path, "--format", "ocsf"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2
    out = tmp_path / "findings.jsonl"
    assert main([path, "-o", str(out)]) == 1
    assert [json.loads(line)["class_uid"] for line in out.read_text().splitlines()] == [2004, 2004]
