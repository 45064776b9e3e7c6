"""A lazy report reads the rows that its findings list when they are first used."""

from __future__ import annotations

import os

import pytest

from ebs_kms_audit import InputError, audit
from ebs_kms_audit.cli.main import main
from ebs_kms_audit.reading.exports.large.listed import RowTexts
from tests.exports import denied, export, row
from tests.reading.exports.test_large import EC2

CALLERS = ["alice", "bob"]
CALLS = 25  # of each; a finding lists the last 20
LISTED = {name: [f"{name} {number}" for number in range(5, 25)] for name in CALLERS}


@pytest.fixture
def path(tiny, tmp_path):
    tiny((700, 900))
    calls = [
        row(**EC2, user_name=name, event_id=f"{name} {number}",
            event_time=f"2026-05-18T07:00:{number:02}Z")
        for name in CALLERS for number in range(CALLS)
    ]  # fmt: skip
    denials = [denied(name, event_time="2026-05-18T07:00:30Z") for name in CALLERS]
    success = denied("bob", error_code="", event_time="2026-05-18T08:00:00Z", event_id="success")
    path = tmp_path / "export.csv"
    path.write_text(export(success, *denials, *calls[::-1]))
    return path


def listed(report):
    """Return the ids of the EC2 calls that the finding of each caller lists."""
    return {
        finding.principal.user_name: [one.event_id for one in finding.history.attempts.listed]
        for finding in report.findings
    }


@pytest.mark.parametrize("lazy", [False, True])
def test_all_rows_that_findings_list_can_be_used(path, lazy):
    """40 rows are used: the first 20 are read one by one, the others together."""
    report = audit(path, lazy=lazy)
    assert listed(report) == LISTED
    assert listed(report) == LISTED  # again


def test_a_report_keeps_the_rows_that_its_findings_list(path):
    report = audit(path)
    path.unlink()
    assert listed(report) == LISTED


@pytest.mark.parametrize("change", ["cut off", "overwritten", "removed", "a pipe"])
def test_a_lazy_report_says_that_its_input_has_changed(path, change):
    report = audit(path, lazy=True)
    if change == "a pipe":
        path.unlink()
        os.mkfifo(path)
    elif change == "cut off":
        os.truncate(path, 300)
    elif change == "overwritten":
        path.write_text("x" * path.stat().st_size)
    else:
        path.unlink()
    (of_bob,) = (one for one in report.findings if one.principal.user_name == "bob")
    assert of_bob.history.later_success.event_id == "success"  # a cause needs it
    assert of_bob.history.attempts.count == CALLS
    with pytest.raises(InputError, match=r"it was changed while|it cannot be opened"):
        listed(report)


@pytest.mark.parametrize(
    ("words", "is_read"),
    [([], False), (["--details"], True), (["--format", "json"], True), (["--format", "csv"], True)],
)
def test_the_text_on_one_screen_reads_no_ec2_calls(path, monkeypatch, capsys, words, is_read):
    """It shows none of them. What other formats show is read."""
    made = []
    init = RowTexts.__init__

    def noted(self, *args):
        init(self, *args)
        made.append(self)

    monkeypatch.setattr(RowTexts, "__init__", noted)
    main([str(path), *words])
    capsys.readouterr()
    (texts,) = made
    assert (len(texts._rows) > 1) is is_read  # the later success is read always
