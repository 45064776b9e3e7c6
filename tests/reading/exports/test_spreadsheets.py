"""What a spreadsheet does to cells: account ids, booleans and times in other forms."""

import pytest

from ebs_kms_audit import audit
from tests.exports import ACCOUNT, access_key, caveats, denied, export, only_finding, report_on, row

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


def test_an_account_id_that_is_damaged_in_two_files_is_one_id(tmp_path):
    paths = [tmp_path / name for name in ("monday.csv", "tuesday.csv")]
    for path, cell in zip(paths, ("1.11122E+11", "1.11E+11"), strict=True):
        path.write_text(export(denied(recipient_account_id=cell)))
    report = audit(paths).to_dict()
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
