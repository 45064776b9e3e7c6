"""Rows that can't be read are set aside with file, line and reason, and the rest goes on."""

import gzip
import io
import zlib

import pytest

from ebs_kms_audit import audit
from tests.exports import (
    HEADER,
    HEADER_2019,
    denied,
    denied_2019,
    denied_users,
    export,
    figures,
    row,
)

NOT_CLOSED = "a quote is opened and not closed"


def report_on(*lines, header=HEADER, newline="\n"):
    """Audit lines of text, without their line ends, under a header."""
    return audit(io.StringIO(newline.join([",".join(header), *lines])))


def line(one, header=HEADER):
    """Write one row as the text of a file has it, without its line end."""
    return export(one, header=header).split("\n", 1)[1]


def aside(report):
    return [(one["line"], one["reason"]) for one in report.to_dict()["set_aside"]]


def caveats(report):
    return {caveat["id"]: caveat["text"] for caveat in report.to_dict()["caveats"]}


# --- rows with the wrong cells -----------------------------------------------------------------

UNREADABLE = {
    "too few": ("alice,AKIA", "too few fields: 2 where the header has 16"),
    "one too few": (
        line(denied()).rpartition(",")[0],
        "too few fields: 15 where the header has 16",
    ),
    "one word": ("total", "too few fields: 1 where the header has 16"),
    "one too many": (line(denied()) + ",x", "too many fields: 17 where the header has 16"),
    "no name": (line(denied(event_name="")), "it has no Event name"),
    "blank name": (line(denied(event_name="  ")), "it has no Event name"),
    "no time": (line(denied(event_time="")), "it has no Event time"),
    "a date alone": (line(denied(event_time="2026-05-18")), "its Event time is no time"),
    "a word for a time": (line(denied(event_time="noon")), "its Event time is no time"),
    "an impossible time": (
        line(denied(event_time="2026-02-30T07:00:34Z")),
        "its Event time is no time",
    ),
    "a time out of range": (
        line(denied(event_time="0001-01-01T00:00:00+23:00")),
        "its Event time is no time",
    ),
    "a row that names columns": (",".join(sorted(HEADER)), "the columns are shifted"),
    "text after a quote": (line(denied(user_agent="a,b")).replace('b"', 'b" c'), NOT_CLOSED),
}


@pytest.mark.parametrize(("bad", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_row_that_can_not_be_read(bad, reason):
    report = report_on(line(denied("alice")), bad, line(denied("bob")))
    assert denied_users(report) == ["alice", "bob"]
    assert figures(report) == (3, 2, 1, 2)
    ((number, why),) = aside(report)
    assert number == 3
    assert reason in why
    assert caveats(report)["rows_set_aside"].startswith("1 row could not be read")


def test_the_file_is_named(tmp_path):
    (tmp_path / "good.csv").write_text(export(denied()))
    (tmp_path / "bad.csv").write_text(export(denied(), denied(event_name="")))
    report = audit([tmp_path / "good.csv", tmp_path / "bad.csv"]).to_dict()
    assert report["set_aside"] == [
        {"file": str(tmp_path / "bad.csv"), "line": 3, "reason": "it has no Event name"}
    ]
    files = report["coverage"]["files"]
    assert [(file["rows_read"], file["rows_set_aside"]) for file in files] == [(1, 0), (2, 1)]


@pytest.mark.parametrize("blank", ["", ",,,", "," * 15, " , ,", '"",""', "," * 30])
def test_a_row_of_commas_alone_is_a_blank_line(blank):
    report = report_on(line(denied("alice")), blank, blank, line(denied("bob")), blank)
    assert denied_users(report) == ["alice", "bob"]
    assert figures(report) == (2, 2, 0, 2)
    found = sorted(d["line"] for f in report.to_dict()["findings"] for d in f["denials"])
    assert found == [2, 5]


@pytest.mark.parametrize("bad", ["alice,AKIA", '"x" y', 'a,"x" y'])
def test_all_rows_may_be_bad(bad):
    report = report_on(bad, bad, bad)
    assert figures(report) == (3, 0, 3, 0)
    assert [number for number, _ in aside(report)] == [2, 3, 4]


def test_blank_lines_are_no_rows_but_count_as_lines():
    report = report_on("", line(denied("alice")), "", "", "total", "")
    assert figures(report) == (2, 1, 1, 1)
    assert [number for number, _ in aside(report)] == [6]


def test_rows_of_a_table_are_counted_too():
    import pandas as pd

    frame = pd.DataFrame([denied("alice"), denied("bob", event_time="noon"), row()])
    report = audit(frame)
    assert figures(report) == (3, 2, 1, 1)
    assert report.to_dict()["set_aside"][0]["file"] == "<DataFrame>"


def test_ten_thousand_are_listed_and_all_are_counted():
    report = report_on(*["total"] * 10_001)
    assert figures(report) == (10_001, 0, 10_001, 0)
    assert len(aside(report)) == 10_000


# --- unclosed quotes ------------------------------------------------------------------------------


def open_quote(column, one=None, header=HEADER):
    """Write a row whose cell under the column begins with a quote that is never closed.

    The cell is not empty: `,",` in two rows is one well-formed row with a long cell.
    """
    one = one or row()
    return line(one | {column: "\1"}, header).replace("\1", '"' + (one[column] or "x"))


BEHIND = {
    "plain": denied("bob"),
    "quotes": denied("bob", user_agent='Mozilla (KHTML, like "Gecko")', resources='[{"a":"b"}]'),
    "a cell that begins with a comma": denied("bob", user_agent=", like Gecko"),
    "a cell of several lines": denied("bob", user_agent="two\nlines, no more"),
    "an empty cell in quotes": denied("bob", user_agent="\2"),
    "a long cell": denied("bob", user_agent="x" * 200_000),
    "a long cell in quotes": denied("bob", user_agent="x, " * 70_000),
}


@pytest.mark.parametrize("column", HEADER)
@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_unclosed_quote_costs_its_row(column, behind, newline):
    next_row = line(behind).replace("\2", '""')
    report = report_on(
        line(denied("alice")), open_quote(column), next_row, line(denied("carol")), newline=newline
    )
    assert denied_users(report) == ["alice", "bob", "carol"]
    assert figures(report) == (4, 3, 1, 3)
    ((number, reason),) = aside(report)
    assert number == 3
    assert NOT_CLOSED in reason


@pytest.mark.parametrize("column", HEADER)
def test_an_unclosed_quote_in_every_row(column):
    report = report_on(*[open_quote(column)] * 5, line(denied("bob")))
    assert denied_users(report) == ["bob"]
    assert figures(report) == (6, 1, 5, 1)
    assert [number for number, _ in aside(report)] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("column", HEADER)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_an_unclosed_quote_in_the_last_row(column, end):
    report = report_on(line(denied("alice")), open_quote(column) + end)
    assert denied_users(report) == ["alice"]
    assert [number for number, _ in aside(report)] == [3]
    assert figures(report) == (2, 1, 1, 1)


@pytest.mark.parametrize("column", HEADER_2019)
def test_an_unclosed_quote_in_the_layout_of_2019(column):
    # Every Event time has quotes of its own there.
    def in_2019(user):
        return line(denied_2019(user), HEADER_2019)

    bad = open_quote(column, denied_2019(), HEADER_2019)
    report = report_on(in_2019("alice"), bad, bad, in_2019("bob"), header=HEADER_2019)
    assert denied_users(report) == ["alice", "bob"]
    assert figures(report) == (4, 2, 2, 2)
    assert [number for number, _ in aside(report)] == [3, 4]


def test_a_lost_closing_quote():
    agent = "Mozilla/5.0 (KHTML, like Gecko)"
    bad = line(denied("mallory", user_agent=agent)).replace('Gecko)"', "Gecko)")
    report = report_on(line(denied("alice")), bad, line(denied("bob", user_agent=agent)))
    assert denied_users(report) == ["alice", "bob"]
    assert [number for number, _ in aside(report)] == [3]


def test_the_lines_of_a_broken_cell_go_with_its_row():
    bad = line(denied("mallory", user_agent="one\ntwo\nthree")).replace('three"', "three")
    report = report_on(line(denied("alice")), bad, line(denied("bob")))
    assert denied_users(report) == ["alice", "bob"]
    assert [number for number, _ in aside(report)] == [3]
    assert figures(report) == (3, 2, 1, 2)


def test_an_unclosed_quote_before_megabytes_without_a_quote():
    many = [line(row())] * 20_000  # more than 4 MiB
    report = report_on(open_quote("User agent"), line(denied("bob")), *many)
    assert denied_users(report) == ["bob"]
    assert figures(report) == (20_002, 20_001, 1, 1)


def test_a_quote_inside_an_unquoted_cell_is_content():
    report = report_on(line(denied("\1")).replace("\1", 'ali"ce'), line(denied("bob")))
    assert denied_users(report) == ['ali"ce', "bob"]
    assert figures(report) == (2, 2, 0, 2)


def test_an_unclosed_quote_in_a_title_leaves_the_rest_alone():
    report = audit(io.StringIO('Exported "by hand\n"\n' + export(denied("alice"))))
    assert denied_users(report) == ["alice"]


# --- rows that stay, and files cut short -------------------------------------------------------

BROKEN_RESOURCES = [
    "[{",
    '[{"resourceType":"AWS::KMS::Key","resourceName":"1234abcd-12ab',
    "{}",
    "null",
    '"x"',
    "[1]",
    '[{"resourceName":"a"}, null]',
    "see ticket",
    "[" * 100_000,
    "[" + "9" * 5000 + "]",
]


@pytest.mark.parametrize("cell", BROKEN_RESOURCES, ids=range(len(BROKEN_RESOURCES)))
def test_broken_resources_cost_the_resources_only(cell):
    report = report_on(line(denied("alice", resources=cell)), line(denied("bob")))
    assert denied_users(report) == ["alice", "bob"]
    assert figures(report) == (2, 2, 0, 2)
    assert aside(report) == []
    assert "line 2" in caveats(report)["cells_unreadable"]
    keys = [one["key"] for one in report.to_dict()["findings"]]
    assert [(key["id"], key["evidence"]) for key in keys] == [(None, "unknown")] * 2


def test_the_lines_of_broken_resources_are_named():
    bad = line(denied(resources="[{"))
    text = caveats(report_on(*[bad] * 3, line(denied()), *[bad] * 4))["cells_unreadable"]
    assert "line 2, 3, 4, 6, 7 and 2 more" in text


ROWS = [denied(f"user-{number}", user_agent=f"a, {number}\nb") for number in range(200)]
PACKED = gzip.compress(export(*ROWS, final_newline=True).encode())


@pytest.mark.parametrize("kept", [60, 90, 99])
def test_a_truncated_gzip_gives_its_whole_rows(kept):
    part = PACKED[: len(PACKED) * kept // 100]
    unpacked = zlib.decompressobj(31).decompress(part).decode()
    # A row takes two lines, the header one.
    whole, begun = divmod(unpacked.count("\n") - 1, 2)
    begun = bool(begun or not unpacked.endswith("\n"))
    assert 0 < whole < 200
    report = audit(io.BytesIO(part))
    assert denied_users(report) == sorted(f"user-{number}" for number in range(whole))
    assert figures(report) == (whole + begun, whole, begun, whole)
    assert "gzip file is cut short" in caveats(report)["input_cut_short"]


@pytest.mark.parametrize("lost", [1, 4, 8])
def test_a_gzip_without_its_checksum_is_cut_short_and_holds_all_rows(lost):
    report = audit(io.BytesIO(PACKED[:-lost]))
    assert figures(report) == (200, 200, 0, 200)
    assert "input_cut_short" in caveats(report)


def test_a_gzip_with_a_wrong_checksum_holds_all_rows_and_they_can_be_altered():
    """Source: RFC 1952, "Member format": CRC32 is the checksum of the content."""
    report = audit(io.BytesIO(PACKED[:-8] + bytes(4) + PACKED[-4:]))
    assert figures(report) == (200, 200, 0, 200)
    found = caveats(report)
    assert "input_cut_short" not in found
    assert found["input_altered"] == (
        "<BytesIO>: the content of the gzip file does not match its checksum. Its 200 rows can be "
        "altered, and rows after them can be missing."
    )


def test_a_truncated_gzip_in_the_middle_of_a_row_that_would_pass_for_whole():
    # What is left of the last row has all its columns; its last cell may have been longer.
    text = export(denied("alice"), denied("bob"))[:-3]
    part = gzip.compress(text.encode())[:-8]
    report = audit(io.BytesIO(part))
    assert denied_users(report) == ["alice"]
    assert aside(report) == [(3, "the file ends in the middle of this row")]


def test_a_truncated_gzip_file_object():
    part = PACKED[: len(PACKED) // 2]
    report = audit(gzip.GzipFile(fileobj=io.BytesIO(part)))
    rows, events, set_aside, denials = figures(report)
    assert 0 < events == denials < 200
    assert rows == events + set_aside
    assert "input_cut_short" in caveats(report)


def test_a_plain_file_may_end_in_its_last_row():
    # The console puts no newline there: only the gzip trailer tells that a file is cut short.
    assert figures(audit(io.StringIO(export(denied("alice"))))) == (1, 1, 0, 1)
    report = audit(io.StringIO(export(denied("alice"), denied("bob"))[:-40]))
    assert denied_users(report) == ["alice"]
    assert figures(report) == (2, 1, 1, 1)
