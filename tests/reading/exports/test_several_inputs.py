"""An event that several exports hold counts once, whoever reads them, with all that they say of it.

Rule: one Event ID is one event (CloudTrail User Guide, "CloudTrail record contents"). Of its rows,
the one with most of the fields by which a caller and a key are found is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebs_kms_audit import Report, audit
from ebs_kms_audit.reading import exports
from tests.exports import HEADER, Row, denied, export, row, without
from tests.reading.exports.test_large import DENIED, EC2, FIELDS, KMS, S3, resources
from tests.sample_incident import KEY_ID

FILLING = [row(**S3)] * 80
"""Rows that make a file so long that the vectorised reader takes it (`READERS`)."""
READERS = {"plain": 1 << 60, "vectorised": 0, "by size": 15_000}
"""The size from which on the vectorised reader reads a file."""
ORDERS = [(0, 1), (1, 0)]
COLUMNS = ["Recipient Account Id", "AWS region", "AWS access key", "Request ID", "Resources"]
CALL = row(**EC2, user_name="alice")
NAMES_KEY = {"resources": resources(("AWS::KMS::Key", KEY_ID))}
CHANGE = row(**KMS | NAMES_KEY, event_name="RetireGrant", user_name="carol")


@pytest.fixture(params=READERS)
def reader(request, tiny, monkeypatch):
    """Set the sizes of one of `READERS`."""
    tiny((700, 900))
    monkeypatch.setattr(exports, "LARGE", READERS[request.param])


def audit_of(folder: Path, *files: tuple[list[Row], list[str]], order: Any = (0, 1)) -> Report:
    """Audit files of rows and a header each, named and read in an order."""
    paths = [folder / f"{number}.csv" for number in range(len(files))]
    for path, at in zip(paths, order, strict=True):
        rows, header = files[at]
        path.write_text(export(*rows, header=header))
    return audit(paths)


@pytest.mark.parametrize("long", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("missing", COLUMNS)
@pytest.mark.parametrize("order", ORDERS)
def test_what_one_export_lacks_is_taken_from_the_other(reader, tmp_path, order, missing, long):
    rows = [denied("alice", **NAMES_KEY), CALL, CHANGE]
    files = [
        (rows + FILLING * long[0], HEADER),
        ([*rows[::-1]] + FILLING * long[1], without(missing)),
    ]
    report = audit_of(tmp_path, *files, order=order)
    (finding,) = report.findings
    assert (finding.count, report.coverage.duplicate_denials) == (1, 1)
    assert (finding.account, finding.region) == ("111122223333", "us-east-1")
    assert finding.key.id == KEY_ID
    assert finding.principal.evidence == "inferred"
    assert finding.history.attempts.count == 1
    assert finding.history.changes_count == 1
    (call,), (change,) = finding.history.attempts.listed, finding.history.changes
    assert (call.event_id, change.event_id) == (CALL["Event ID"], CHANGE["Event ID"])
    assert (change.account, change.region) == ("111122223333", "us-east-1")
    assert [one.name for one in change.resources] == [KEY_ID]


@pytest.mark.parametrize("long", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("order", ORDERS)
def test_an_error_of_the_key_is_listed_once(reader, tmp_path, order, long):
    call = denied("alice", **NAMES_KEY)
    error = denied("bob", error_code="DisabledException", event_name="Decrypt", **NAMES_KEY)
    no_key = error | {"Resources": "[]"}
    files = [
        ([call, error] + FILLING * long[0], HEADER),
        ([error, no_key, call] + FILLING * long[1], without("Recipient Account Id")),
    ]
    report = audit_of(tmp_path, *files, order=order)
    (finding,) = report.findings
    assert [(one.event_id, one.account) for one in finding.history.key_errors] == [
        (error["Event ID"], "111122223333")
    ]
    assert [one.count for one in report.other_errors] == [1]


def without_places(report: Report) -> dict[str, Any]:
    """Return a report without the places of listed events, each of which is in one of the inputs.

    The place also orders events of one time.
    """
    found = report.to_dict()
    for finding in found["findings"]:
        for name in ("attempts", "changes"):
            events = finding["history"][name]
            for event in events:
                del event["file"], event["line"]
            events.sort(key=lambda event: (event["event_time"], event["event_id"]))
    return found


CELLS = st.one_of(
    st.tuples(st.just(denied), st.sampled_from(DENIED)),
    st.tuples(st.just(row), st.sampled_from(FIELDS)),
    st.tuples(st.just(row), st.sampled_from([EC2, KMS | {"event_name": "RetireGrant"}])),
)
ROWS = st.lists(
    st.tuples(CELLS, st.integers(0, 12), st.sampled_from(["first", "second", "both", "both"])),
    max_size=14,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    drawn=ROWS, long=st.tuples(st.booleans(), st.booleans()), missing=st.sampled_from(COLUMNS),
    lacks=st.sampled_from([(), (0,), (1,), (0, 1)]),
)  # fmt: skip
def test_the_report_is_that_of_the_plain_reader(
    tiny: Any, tmp_path_factory: Any, monkeypatch: Any, drawn: Any, long: Any, missing: str,
    lacks: Any,
) -> None:  # fmt: skip
    tiny((700, 900))
    rows = [
        (make(**cells | {"event_time": f"2026-05-18T07:{minute:02}:00Z"}), place)
        for (make, cells), minute, place in drawn
    ]
    files = [
        (
            FILLING * long[number] + [one for one, place in rows if place in (name, "both")],
            without(missing) if number in lacks else HEADER,
        )
        for number, name in enumerate(("first", "second"))
    ]
    folder = tmp_path_factory.mktemp("several")
    found = {}
    for name, size in READERS.items():
        monkeypatch.setattr(exports, "LARGE", size)
        found[name] = without_places(audit_of(folder, *files))
    assert found["plain"] == found["vectorised"]
    assert found["plain"] == found["by size"]


@pytest.mark.parametrize("sizes", [None, (700, 900)])
@pytest.mark.parametrize(
    ("between", "quoting"),
    [
        ("", 0),  # the console writes no line end after the last row
        ("", 1),
        ("\n", 0),
        ("\n", 1),
        ("\r\n", 0),
        ("\ufeff", 0),
        ("\n\ufeff", 0),
        ("\n\ufeff", 1),
    ],
)
def test_exports_that_were_joined_into_one_file(
    tiny: Any, tmp_path: Path, sizes: Any, between: str, quoting: int
) -> None:
    """`cat monday.csv tuesday.csv`: the last row of the first is on the line of a header."""
    names = [[f"{day}-{at}" for at in range(3)] for day in ("monday", "tuesday", "today")]
    parts = [export(*map(denied, of_day), quoting=quoting) for of_day in names]
    path = tmp_path / "all.csv"
    path.write_text(between.join(parts), encoding="utf-8", newline="")
    tiny(sizes)
    report = audit(path)
    assert (report.coverage.rows_read, report.coverage.denials) == (9, 9)
    assert report.set_aside == ()
    found = {finding.principal.user_name for finding in report.findings}
    assert found == {name for of_day in names for name in of_day}
