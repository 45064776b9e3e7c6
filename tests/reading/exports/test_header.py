"""Every layout of real exports, and every quirk: columns are found by name, cells by their form."""

import io
import json

import pytest

from ebs_kms_audit import audit
from tests.exports import (
    ACCOUNT,
    HEADER,
    HEADER_2019,
    HEADER_2020,
    access_key,
    denied,
    denied_2019,
    export,
    figures,
    refused_users,
    row,
    without,
)


def report_on(text, **options):
    stream = io.BytesIO(text) if isinstance(text, bytes) else io.StringIO(text)
    return audit(stream, **options).to_dict()


def caveats(report):
    return {caveat["id"]: caveat["text"] for caveat in report["caveats"]}


def only_finding(text, **options):
    (finding,) = report_on(text, **options)["findings"]
    return finding


# --- columns and bytes -------------------------------------------------------------------------

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
    assert refused_users(report) == ["alice", "bob"]
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
    assert refused_users(report) == ["alice", "bob"]
    assert figures(report) == (3, 3, 0, 2)


# --- bytes that are not of the encoding -----------------------------------------------------------


def test_latin_1_bytes_are_kept_apart_and_shown():
    text = export(denied("José"), denied("Josè"))
    report = audit(io.BytesIO(text.encode("latin-1")))
    assert refused_users(report) == ["Jos\\xe8", "Jos\\xe9"]
    assert [one["principal"]["arn"] for one in report.to_dict()["findings"]] == [None, None]


def test_utf_8_names_are_read():
    finding = only_finding(export(denied("Søren 山")).encode())
    assert finding["principal"]["user_name"] == "Søren 山"
    assert finding["principal"]["arn"] is None  # IAM has no such name


# --- trailing commas, shifted rows ------------------------------------------------------------


def with_commas(text, commas):
    return "\n".join(line + commas for line in text.split("\n"))


def test_trailing_commas():
    report = audit(io.StringIO(with_commas(export(denied("alice"), row()), ",,,")))
    assert refused_users(report) == ["alice"]
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
    assert refused_users(report) == ["alice", "bob"]
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
    assert refused_users(report) == ["bob"]
    (aside,) = report.to_dict()["set_aside"]
    assert (aside["line"], f"under {column}" in aside["reason"]) == (2, True)


# --- the layouts of 2019-2020 -----------------------------------------------------------------


def test_the_layout_of_2019():
    rows = [
        denied_2019("alice", aws_access_key=access_key("AKIA", ACCOUNT, "alice")),
        denied_2019("bob", resource_type="IAM Policy and 1 more", resources="p, q"),
        row(event_name="DescribeInstances", event_time="2020-05-13, 11:59:59 PM", resources=""),
    ]
    report = report_on(export(*rows, header=HEADER_2019, newline="\r\n"))
    assert report["coverage"]["denials"] == 2
    alice, bob = sorted(report["findings"], key=lambda one: one["principal"]["user_name"])
    assert alice["denials"][0]["event_time"] == "2020-05-13T16:52:01"  # local: without Z
    assert alice["principal"]["arn"] is None  # there is no account to put into it
    assert bob["principal"]["kind"] == "user_or_role_session"
    assert report["coverage"]["last_event"] == "2020-05-13T23:59:59"
    assert {"times_without_zone", "source_inferred", "columns_missing"} <= set(caveats(report))


@pytest.mark.parametrize(
    ("resource", "kms_rows"),
    [
        (f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders", 0),
        (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab", 1),
        ("orders", 1),  # the name alone does not show the service
    ],
)
def test_a_row_with_the_arn_of_another_service_is_no_kms_row(resource, kms_rows):
    # TagResource is an event of KMS, DynamoDB and others; the layout has no Event source.
    named = json.dumps([{"resourceType": "AWS::DynamoDB::Table", "resourceName": resource}])
    tagged = denied_2019("alice", event_name="TagResource", resources=named)
    coverage = report_on(export(tagged, header=HEADER_2019))["coverage"]
    assert coverage["kms_rows"] == kms_rows


@pytest.mark.parametrize("form", ["csv", "query result"])
def test_an_account_id_that_lost_its_leading_zero_is_repaired_and_reported(form):
    text = export(denied("alice", recipient_account_id="12345678901", aws_access_key=""))
    if form == "query result":
        text = (
            "eventtime,eventsource,eventname,errorcode,arn,recipientaccountid\n"
            "2026-05-18T07:00:34Z,kms.amazonaws.com,CreateGrant,AccessDenied,"
            "arn:aws:iam::012345678901:user/alice,12345678901\n"
        )
    report = report_on(text)
    assert [one["account"] for one in report["findings"]] == ["012345678901"]
    assert "Repaired: 1 id. Unknown: 0 ids." in caveats(report)["account_id_damaged"]


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("2020-05-13, 04:52:01 PM", "2020-05-13T16:52:01"),
        ("2020-05-13, 12:00:00 AM", "2020-05-13T00:00:00"),
        ("2020-05-13, 12:00:00 PM", "2020-05-13T12:00:00"),
        ("2020-05-13, 09:05:59 AM", "2020-05-13T09:05:59"),
    ],
)
def test_the_times_of_2019(cell, time):
    finding = only_finding(export(denied_2019(event_time=cell), header=HEADER_2019))
    assert finding["first_seen"] == time


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("May 19, 2020, 23:17 (UTC-07:00)", "2020-05-20T06:17:00Z"),
        ("May 19, 2020, 23:17 (UTC+05:30)", "2020-05-19T17:47:00Z"),
        ("December 1, 2020, 00:05 (UTC+00:00)", "2020-12-01T00:05:00Z"),
    ],
)
def test_the_nine_columns_of_2020(cell, time):
    report = report_on(export(denied_2019(event_time=cell), header=HEADER_2020))
    assert report["findings"][0]["first_seen"] == time
    assert "times_without_zone" not in caveats(report)


NAMES = {
    "Decrypt": "finding",
    "GenerateDataKeyWithoutPlaintext": "finding",
    "CreateGrant": "apart",  # License Manager has one as well
    "CreateAlias": "apart",  # Lambda has
    "Encrypt": "apart",  # Payment Cryptography has
    "TagResource": "apart",
    "RunInstances": "none",
    "SomethingElse": "none",
}


@pytest.mark.parametrize(("name", "where"), NAMES.items(), ids=NAMES)
def test_without_event_source_the_name_tells(name, where):
    # Called by a person, not by EC2, so that only the name speaks for KMS.
    one = denied_2019(event_name=name, source_ip_address="198.51.100.7")
    report = report_on(export(one, header=HEADER_2019))
    found = [denial["event_name"] for one in report["findings"] for denial in one["denials"]]
    apart = [denial["event_name"] for denial in report["shared_name_denials"]]
    assert found == ([name] if where == "finding" else [])
    assert apart == ([name] if where == "apart" else [])
    assert ("shared_event_names" in caveats(report)) == (where == "apart")


@pytest.mark.parametrize("name", ["CreateGrant", "Encrypt"])
def test_a_shared_name_is_of_kms_where_ec2_calls(name):
    one = denied_2019(event_name=name, source_ip_address="ec2-frontend-api.amazonaws.com")
    report = report_on(export(one, header=HEADER_2019))
    assert [one["count"] for one in report["findings"]] == [1]
    assert report["shared_name_denials"] == []


def test_with_event_source_the_name_does_not_tell():
    other = denied(event_name="CreateGrant", event_source="license-manager.amazonaws.com")
    report = report_on(export(other))
    assert (report["findings"], report["coverage"]["kms_rows"]) == ([], 0)
    assert "source_inferred" not in caveats(report)


# --- what spreadsheets do -----------------------------------------------------------------------

DAMAGED = {
    "point": (",", "1.11122E+11"),
    "comma": (";", "1,11122E+11"),
    "comma, quoted": (",", "1,11122E+11"),
    "two decimals": (",", "1.11E+11"),
    "lower case": (",", "1.11122e+11"),
    "no plus": (",", "1.11122E11"),
}


@pytest.mark.parametrize(("delimiter", "cell"), DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_damaged_account_id_is_repaired_from_the_access_key(delimiter, cell, newline):
    text = export(denied(recipient_account_id=cell), delimiter=delimiter, newline=newline)
    report = report_on(text)
    (finding,) = report["findings"]
    assert finding["account"] == ACCOUNT
    assert finding["principal"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert finding["principal"]["evidence"] == "inferred"
    assert "Repaired: 1 id. Unknown: 0 ids." in caveats(report)["account_id_damaged"]


@pytest.mark.parametrize(("delimiter", "cell"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_account_id_that_nothing_repairs_is_unknown(delimiter, cell):
    one = denied(aws_access_key="AKIAIOSFODNN7EXAMPLE", recipient_account_id=cell)
    report = report_on(export(one, delimiter=delimiter))
    (finding,) = report["findings"]
    assert finding["account"] is None
    assert finding["principal"]["kind"] == "user"
    assert finding["principal"]["arn"] is None
    assert "Repaired: 0 ids. Unknown: 1 id." in caveats(report)["account_id_damaged"]
    assert report["coverage"]["accounts"] == []


OTHER_ACCOUNT = "444455556666"
SESSION = denied(
    "AutoScaling", aws_access_key="", recipient_account_id="1.11122E+11", event_name="Decrypt"
)


def test_another_row_of_the_file_repairs_it():
    witness = row(
        aws_access_key=access_key("AKIA", ACCOUNT, "x"), recipient_account_id="1.11122E+11"
    )
    assert only_finding(export(SESSION, witness))["account"] == ACCOUNT
    role = '[{"resourceType":"AWS::IAM::Role","resourceName":"arn:aws:iam::111122223333:role/r"}]'
    named = row(event_source="sts.amazonaws.com", event_name="AssumeRole", resources=role)
    assert only_finding(export(SESSION, named))["account"] == ACCOUNT


def test_a_row_of_another_account_does_not_repair_it():
    stranger = denied("bob", aws_access_key=access_key("AKIA", OTHER_ACCOUNT, "bob"))
    findings = report_on(export(SESSION, stranger | {"Error code": ""}))["findings"]
    assert [one["account"] for one in findings] == [None]


def test_a_tie_between_two_accounts_that_round_alike_repairs_nothing():
    witnesses = [
        row(aws_access_key=access_key("AKIA", account, "x"), recipient_account_id="1.11122E+11")
        for account in (ACCOUNT, "111122444444")
    ]
    assert only_finding(export(SESSION, *witnesses))["account"] is None


def test_accounts_of_one_file_do_not_repair_those_of_another(tmp_path):
    (tmp_path / "a.csv").write_text(export(SESSION))
    witness = row(aws_access_key=access_key("AKIA", ACCOUNT, "x"))
    (tmp_path / "b.csv").write_text(export(witness))
    (finding,) = audit(tmp_path).to_dict()["findings"]
    assert finding["account"] is None


ACCOUNT_CELLS = [
    ("012345678901", "012345678901"),
    ("12345678901", "012345678901"),  # the zero was lost
    ("1234567890", "001234567890"),
    ("123456789", "000123456789"),
    ("'012345678901", "012345678901"),  # told to the spreadsheet to be text
    ('="012345678901"', "012345678901"),
    (" 111122223333 ", ACCOUNT),
    ("111122223333.0", ACCOUNT),
    ("", None),
    ("1111222233334", None),  # a digit too many
]


@pytest.mark.parametrize(("cell", "account"), ACCOUNT_CELLS)
def test_the_account_cell(cell, account):
    one = denied(aws_access_key="AKIAIOSFODNN7EXAMPLE", recipient_account_id=cell)
    finding = only_finding(export(one))
    assert finding["account"] == account
    arn = account and f"arn:aws:iam::{account}:user/alice"
    assert finding["principal"]["arn"] == arn


FLAGS = "true TRUE True WAHR VRAI VERDADERO", "false FALSE False FALSCH FAUX FALSO"


@pytest.mark.parametrize(
    ("cell", "read_only_rows"),
    [(cell, 1) for cell in FLAGS[0].split()] + [(cell, 0) for cell in FLAGS[1].split()],
)
def test_read_only_in_a_spreadsheet_s_language(cell, read_only_rows):
    # Against what the event's name would say, so that the cell alone decides.
    name = "CreateGrant" if read_only_rows else "Decrypt"
    report = report_on(export(denied(event_name=name, read_only=cell)))
    assert report["coverage"]["read_only_rows"] == read_only_rows
    assert ("read_only_hidden" in caveats(report)) == (read_only_rows == 0)


@pytest.mark.parametrize(("name", "read_only_rows"), [("CreateGrant", 0), ("Decrypt", 1)])
def test_a_blank_read_only_is_told_by_the_name(name, read_only_rows):
    report = report_on(export(denied(event_name=name, read_only="")))
    assert report["coverage"]["read_only_rows"] == read_only_rows


TIMES = [
    ("2026-05-18T07:00:34Z", "2026-05-18T07:00:34Z"),
    ("2026-05-18T09:00:34+02:00", "2026-05-18T07:00:34Z"),
    ("2026-05-18 07:00:34", "2026-05-18T07:00:34"),
    ("2026-05-18 7:00", "2026-05-18T07:00:00"),
    ("5/18/2026 7:00", "2026-05-18T07:00:00"),
    ("5/18/26 7:00", "2026-05-18T07:00:00"),
    ("05/18/2026 07:00:34 AM", "2026-05-18T07:00:34"),
    ("5/18/2026 7:00:34 PM", "2026-05-18T19:00:34"),
    ("18/05/2026 07:00:34", "2026-05-18T07:00:34"),
    ("18.05.2026 07:00", "2026-05-18T07:00:00"),
    ("6.5.2026 07:00:34", "2026-05-06T07:00:34"),  # with points, the day stands first
    ("18-05-2026 07:00", "2026-05-18T07:00:00"),
    ("2026/05/18 07:00:34", "2026-05-18T07:00:34"),
    ("2026-05-18 07:00:34 UTC", "2026-05-18T07:00:34Z"),
    ("46160.5", "2026-05-18T12:00:00"),  # days since 1899-12-30
]


@pytest.mark.parametrize(("cell", "time"), TIMES)
def test_a_reformatted_time(cell, time):
    report = report_on(export(denied(event_time=cell)))
    assert report["findings"][0]["first_seen"] == time
    assert ("times_without_zone" in caveats(report)) == (not time.endswith("Z"))
    assert "date_order_guessed" not in caveats(report)


@pytest.mark.parametrize(
    ("delimiter", "others", "time", "guessed"),
    [
        (",", [], "2026-05-06T07:00:00", True),
        (";", [], "2026-06-05T07:00:00", True),
        (",", ["13/5/2026 7:00"], "2026-06-05T07:00:00", False),  # the day stands first
        (";", ["5/13/2026 7:00"], "2026-05-06T07:00:00", False),  # the month does
    ],
)
def test_whether_the_day_or_the_month_stands_first(delimiter, others, time, guessed):
    rows = [denied(event_time="5/6/2026 7:00"), *(row(event_time=cell) for cell in others)]
    report = report_on(export(*rows, delimiter=delimiter))
    assert report["findings"][0]["first_seen"] == time
    assert ("date_order_guessed" in caveats(report)) is guessed


def test_all_damage_of_a_european_spreadsheet_at_once():
    rows = [
        denied(
            "alice",
            event_time="18.05.2026 07:00",
            read_only="FALSCH",
            recipient_account_id="1,11122E+11",
        ),
        row(event_time="18.05.2026 07:05", read_only="WAHR", recipient_account_id="1,11122E+11"),
    ]
    text = "\ufeff" + export(*rows, delimiter=";", newline="\r\n", final_newline=True)
    report = report_on(text.encode())
    (finding,) = report["findings"]
    assert finding["principal"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert finding["first_seen"] == "2026-05-18T07:00:00"
    assert (report["coverage"]["rows_read"], report["coverage"]["rows_set_aside"]) == (2, 0)


# --- names and cells that look like something else ---------------------------------------------


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
