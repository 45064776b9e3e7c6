"""Columns are found by name, in every encoding, and a row shifted by a comma is set aside."""

import io

import pytest

from ebs_kms_audit import audit
from tests.exports import (
    ACCOUNT,
    HEADER,
    HEADER_2019,
    caveats,
    denied,
    denied_users,
    export,
    figures,
    only_finding,
    report_on,
    row,
    without,
)

ROWS = [  # Decrypt is of KMS alone, so that the name tells where there is no Event source
    denied("alice", event_name="Decrypt", user_agent='a "b", c\nd'),
    row(user_agent=", x"),
    denied("bob", event_name="Decrypt", user_agent="a\r\nb\rc"),
    row(),
]
READABLE = {
    "as the console writes": export(*ROWS),
    "newline at the end": export(*ROWS, final_newline=True),
    "CRLF": export(*ROWS, newline="\r\n"),
    "CRLF, newline at the end": export(*ROWS, newline="\r\n", final_newline=True),
    "CR": export(*ROWS, newline="\r"),
    "blank lines": export(*ROWS).replace("\n", "\n\n", 1) + "\n\n\n",
    "every cell in quotes": export(*ROWS, quoting=1),
    "columns reversed": export(*ROWS, header=HEADER[::-1]),
    "columns sorted": export(*ROWS, header=sorted(HEADER)),
    "columns added": export(*ROWS, header=["Note", *HEADER[:5], "Team", *HEADER[5:], "Ticket"]),
    "a column twice": export(*ROWS, header=[*HEADER, "Copy"]).replace("Copy", "Event name", 1),
    "other spelling of names": export(*ROWS).replace("Event name", "event_name", 1),
    "spaces around names": export(*ROWS).replace("Event name", " Event name ", 1),
    "semicolons": export(*ROWS, delimiter=";"),
    "semicolons, CRLF": export(*ROWS, delimiter=";", newline="\r\n"),
    "tabs": export(*ROWS, delimiter="\t"),
    "bars": export(*ROWS, delimiter="|"),
    "15 columns": export(*ROWS, header=without("Event category")),
    "13 columns": export(*ROWS, header=without("Request ID", "Event type", "User agent")),
    "5 columns": export(
        *ROWS, header=["User name", "Event time", "Event name", "Error code", "AWS region"]
    ),
    "no time": export(*ROWS, header=without("Event time")),
    "the two that must be there, and a name": export(
        *ROWS, header=["Error code", "User name", "Event name"]
    ),
    "a title above": "Event history\nof account 1\n\n" + export(*ROWS),
    "a title with a column name": "Event name: all; Error code: all\n" + export(*ROWS),
    "sep=": "sep=;\r\n" + export(*ROWS, delimiter=";", newline="\r\n"),
    "commas above and below": ",,,\n" + export(*ROWS),
    "UTF-8 mark": "\ufeff" + export(*ROWS),
    "UTF-8 mark before a quote": "\ufeff" + export(*ROWS, quoting=1),
}


@pytest.mark.parametrize("text", READABLE.values(), ids=READABLE)
@pytest.mark.parametrize(
    "encoding", [None, "utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
def test_every_way_to_write_the_same_rows(text, encoding):
    if encoding in (None, "utf-8"):
        given = io.StringIO(text) if encoding is None else io.BytesIO(text.encode())
    else:  # with its mark
        given = io.BytesIO(("\ufeff" + text.removeprefix("\ufeff")).encode(encoding))
    report = audit(given)
    assert denied_users(report) == ["alice", "bob"]
    assert figures(report) == (4, 4, 0, 2)


def test_the_line_of_a_denial_is_that_of_the_file():
    text = "Event history\n\n" + export(row(user_agent="two\nlines"), denied("bob"))
    # 1 title, 2 blank, 3 header, 4 and 5 the first row, 6 bob
    assert only_finding(text)["denials"][0]["line"] == 6


@pytest.mark.parametrize(
    ("header", "layout"),
    [
        (HEADER, "current"),
        (without("Read-only", "User agent"), "current, without User agent, Read-only"),
        (HEADER_2019, "2019-2020"),
    ],
)
def test_the_layout_is_named(header, layout):
    report = report_on(export(denied(), header=header))
    assert report["coverage"]["files"][0]["layout"] == layout


def test_missing_columns_that_cost_an_answer_are_told():
    text = caveats(report_on(export(denied(), header=without("AWS region", "User agent"))))
    assert "the columns AWS region" in text["columns_missing"]
    assert "User agent" not in text["columns_missing"]
    assert "columns_missing" not in caveats(report_on(export(denied())))


def test_what_a_missing_column_held_is_null():
    finding = only_finding(export(ROWS[0], header=["Event name", "Error code"]))
    assert (finding["account"], finding["region"], finding["first_seen"]) == (None, None, None)
    assert finding["principal"]["user_name"] is None
    (denial,) = finding["denials"]
    assert (denial["event_id"], denial["event_time"], denial["source_ip"]) == (None, None, None)


def test_a_user_agent_can_not_stand_in_for_the_header():
    forged = "x\n" + ",".join(HEADER) + "\n" + ",".join(row().values())
    report = audit(
        io.StringIO(
            export(
                denied("alice"),
                row(user_agent=forged),
                denied("bob"),
                header=without("Event category"),
            )
        )
    )
    assert denied_users(report) == ["alice", "bob"]
    assert figures(report) == (3, 3, 0, 2)


def test_latin_1_bytes_are_kept_apart_and_shown():
    text = export(denied("José"), denied("Josè"))
    report = audit(io.BytesIO(text.encode("latin-1")))
    assert denied_users(report) == ["Jos\\xe8", "Jos\\xe9"]
    assert [one["principal"]["arn"] for one in report.to_dict()["findings"]] == [None, None]


def test_utf_8_names_are_read():
    finding = only_finding(export(denied("Søren 山")).encode())
    assert finding["principal"]["user_name"] == "Søren 山"
    assert finding["principal"]["arn"] is None  # IAM has no such name


def with_commas(text, commas):
    return "\n".join(line + commas for line in text.split("\n"))


def test_trailing_commas():
    report = audit(io.StringIO(with_commas(export(denied("alice"), row()), ",,,")))
    assert denied_users(report) == ["alice"]
    assert figures(report) == (2, 2, 0, 1)


@pytest.mark.parametrize("commas", ["", ",", ",,,,,"])
def test_trailing_commas_of_the_header_alone_ask_for_no_cells(commas):
    header, rows = export(denied("alice"), row()).split("\n", 1)
    assert figures(audit(io.StringIO(f"{header},,,\n{with_commas(rows, commas)}"))) == (2, 2, 0, 1)


def test_a_row_shifted_by_an_unquoted_user_agent_is_set_aside():
    agent = "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko)"
    shifted = row(event_source="kms.amazonaws.com", event_name="Decrypt", user_agent=agent)
    text = with_commas(export(denied("alice"), shifted, denied("bob")), ",,,")
    report = audit(io.StringIO(text.replace(f'"{agent}"', agent)))
    assert denied_users(report) == ["alice", "bob"]
    (aside,) = report.to_dict()["set_aside"]
    assert aside["line"] == 3
    assert aside["reason"].startswith("too many fields")


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("AWS region", "198.51.100.7"),
        ("Read-only", "9c0e1f2a-1111-2222-3333-444455556666"),
        ("Recipient Account Id", "AwsApiCall"),
        ("Event category", ACCOUNT),
    ],
)
def test_a_row_shifted_within_the_width_is_known_by_its_cells(column, cell):
    text = export(denied("alice") | {column: cell}, denied("bob"))
    report = audit(io.StringIO(text))
    assert denied_users(report) == ["bob"]
    (aside,) = report.to_dict()["set_aside"]
    assert (aside["line"], f"under {column}" in aside["reason"]) == (2, True)
