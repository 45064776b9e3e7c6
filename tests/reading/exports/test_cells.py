"""Names, error codes and resources: cells that look like something else."""

import pytest

from tests.exports import caveats, denied, export, only_finding, report_on


@pytest.mark.parametrize(
    "name", ["NA", "None", "null", "NULL", "nan", "N/A", "NaT", "<NA>", "true", "0", "007", "1E5"]
)
def test_a_user_by_such_a_name_is_a_user(name):
    assert only_finding(export(denied(name)))["principal"]["user_name"] == name


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", " AccessDenied "])
def test_the_codes_of_a_denial(code):
    assert only_finding(export(denied(error_code=code)))["count"] == 1


@pytest.mark.parametrize(
    "code", ["", "DryRunOperationException", "DisabledException", "accessdeny"]
)
def test_the_codes_of_no_denial(code):
    report = report_on(export(denied(error_code=code)))
    assert report["findings"] == []
    assert [one["error_code"] for one in report["other_errors"]] == [code] * bool(code)
    assert report["coverage"]["kms_rows"] == 1


RESOURCES = {
    "bare id": ("1234abcd-12ab-34cd-56ef-1234567890ab", ("id",)),
    "ARN": (
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ("id", "arn"),
    ),
    "alias": ("alias/ebs", ("alias",)),
}


@pytest.mark.parametrize(("name", "known"), RESOURCES.values(), ids=RESOURCES)
def test_a_key_in_resources_is_welcome(name, known):
    cell = f'[{{"resourceType":"AWS::KMS::Key","resourceName":"{name}"}}]'
    key = only_finding(export(denied(resources=cell)))["key"]
    assert {part for part in ("id", "arn", "alias") if key[part]} == set(known)
    assert name in (key["id"], key["arn"], key["alias"])
    assert key["evidence"] == "recorded"


@pytest.mark.parametrize(
    "cell",
    [
        "[]",
        "",
        '[{"resourceType":null,"resourceName":"i-0123456789abcdef0"}]',
        '[{"resourceName":"i-0123456789abcdef0"}]',
        '[{"resourceType":"AWS::EC2::Instance"}]',
        "[{}]",
    ],
)
def test_resources_without_a_key(cell):
    report = report_on(export(denied(resources=cell)))
    key = report["findings"][0]["key"]
    assert (key["id"], key["arn"], key["alias"], key["evidence"]) == (None, None, None, "unknown")
    assert "cells_unreadable" not in caveats(report)
