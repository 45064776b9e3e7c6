"""What must hold of any audit, whatever its input."""

from __future__ import annotations

import json
from collections.abc import Callable

from ebs_kms_audit import EbsKmsAuditError, Report
from tests.output_checks import check, check_characters, outputs


def report_or_error(audit: Callable[[], Report]) -> Report | None:
    """Return the report, None where an error of the library was raised; anything else fails."""
    try:
        report = audit()
    except EbsKmsAuditError as error:
        check_characters(str(error))
        return None
    check_report(report)
    return report


def check_report(report: Report) -> None:
    """The counts add up, and each output is well-formed and harmless."""
    coverage = report.coverage
    assert coverage.rows_read == coverage.events + coverage.rows_set_aside
    assert coverage.denials == sum(finding.count for finding in report.findings)
    assert len(report.set_aside) <= coverage.rows_set_aside
    for name, text in outputs(report):
        try:
            check(name, text)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    json.dumps(report.to_dict())
    assert report.to_arrow().num_rows == coverage.denials
    assert len(report.to_pandas()) == coverage.denials


def denied_names(report: Report) -> set[str]:
    """Return the User names that were denied."""
    return {finding.principal.user_name or "" for finding in report.findings}
