"""Reports are valid by the JSON Schema that the package ships."""

import json
from importlib import resources

import pytest
from jsonschema import Draft202012Validator

import ebs_kms_audit
from ebs_kms_audit import Disposition, Evidence, PolicyType, PrincipalKind, StepKind, Verdict
from ebs_kms_audit.diagnosis.cause import CauseId
from tests import records, rows
from tests.incidents.test_incidents import TABLE, audited
from tests.make_samples import SAMPLES

TEXT = resources.files("ebs_kms_audit.render").joinpath("report-2.schema.json").read_text("utf-8")
SCHEMA = json.loads(TEXT)
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_is_valid():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("redact", [False, True])
@pytest.mark.parametrize("incident", TABLE)
def test_the_report_of_every_incident_is_valid(incident, redact):
    VALIDATOR.validate(json.loads(audited(incident, redact=redact).to_json()))


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.csv")), ids=lambda path: path.stem)
def test_the_reports_of_the_samples_are_valid(sample):
    VALIDATOR.validate(ebs_kms_audit.audit(sample).to_dict())


@pytest.mark.parametrize(
    "report",
    [
        rows.audit(rows.row(error_code="")),
        rows.audit(rows.row(user_name="", event_time="noon"), rows.row(aws_region="")),
        records.audit(records.record(), principals={"nobody": records.ROLE}),
    ],
    ids=["nothing denied", "rows set aside", "unused"],
)  # fmt: skip
def test_other_reports_are_valid(report):
    VALIDATOR.validate(report.to_dict())


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (("cause", "id"), CauseId),
        (("principal", "kind"), PrincipalKind),
        (("step", "kind"), StepKind),
        (("step", "disposition"), Disposition),
    ],
)
def test_the_schema_names_every_value_of(path, values):
    definition, field = path
    assert SCHEMA["$defs"][definition]["properties"][field]["enum"] == list(map(str, values))


def test_the_schema_names_every_evidence_verdict_and_policy_type():
    definitions = SCHEMA["$defs"]
    assert definitions["evidence"]["enum"] == list(map(str, Evidence))
    assert definitions["verdict"]["enum"] == list(map(str, Verdict))
    assert definitions["policy_type"]["anyOf"][0]["enum"] == list(map(str, PolicyType))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "iam_policy"},
        {"reasons": ["The key is inferred."]},
        {"document": None},
        {"disposition": "unsafe"},
    ],
)
def test_only_a_complete_key_policy_step_without_reasons_can_be_safe(change):
    report = ebs_kms_audit.audit(
        SAMPLES / "event_history.csv",
        records=SAMPLES / "event_history.json",
        key_policies=SAMPLES / "key_policy.json",
    ).to_dict()
    assert report["plan"][0]["disposition"] == "safe"
    assert VALIDATOR.is_valid(report)
    report["plan"][0] |= change
    assert not VALIDATOR.is_valid(report)
