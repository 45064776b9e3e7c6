"""Findings, coverage, caveats, the window, redaction, and the shape of the dict."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

import ebs_kms_audit
from ebs_kms_audit import UsageError
from ebs_kms_audit.explain import EntryKind, entries
from tests.make_samples import SAMPLES, samples
from tests.rows import CLIENT, EC2, HEADER, SESSION, audit, export, row

KEY = '[{"resourceType":"AWS::KMS::Key","resourceName":"1234abcd-12ab-34cd-56ef-1234567890ab"}]'
OTHER_KEY = KEY.replace("1234abcd", "5678abcd")


def caveat_ids(report):
    return [caveat.id for caveat in report.caveats]


@pytest.mark.parametrize(
    ("second", "findings"),
    [
        ({}, 1),
        ({"event_name": "Decrypt"}, 1),
        ({"source_ip_address": "AWS Internal"}, 1),
        ({"source_ip_address": CLIENT}, 2),  # key unknown: EBS traffic and the rest apart
        ({"user_name": "bob"}, 2),
        ({"aws_region": "eu-west-1"}, 2),
        ({"recipient_account_id": "444455556666"}, 2),
        ({"resources": KEY}, 2),
    ],
)
def test_findings_are_of_one_principal_key_account_and_region(second, findings):
    assert len(audit(row(), row(**second)).findings) == findings


def test_a_known_key_holds_all_traffic_together_and_two_keys_apart():
    same = audit(row(resources=KEY), row(resources=KEY, source_ip_address=CLIENT))
    assert [finding.count for finding in same.findings] == [2]
    assert len(audit(row(resources=KEY), row(resources=OTHER_KEY)).findings) == 2


def test_a_finding_spans_its_denials_and_lists_them_in_order_of_time():
    report = audit(row(event_time="2026-05-18T07:03:00Z"), row(event_time="2026-05-18T07:01:00Z"))
    finding = report.to_dict()["findings"][0]
    assert (finding["first_seen"], finding["last_seen"], finding["count"]) == (
        "2026-05-18T07:01:00Z", "2026-05-18T07:03:00Z", 2,
    )  # fmt: skip
    assert [denial["line"] for denial in finding["denials"]] == [3, 2]


def test_the_id_of_a_finding_does_not_depend_on_the_rest_of_the_input():
    alone = audit(row()).findings[0].id
    among = audit(row(user_name="bob"), row(event_time="2026-05-19T07:00:00Z"), row(error_code=""))
    assert alone in {finding.id for finding in among.findings}
    assert alone != audit(row(event_id="another")).findings[0].id


def test_a_denial_that_stands_in_two_exports_counts_once():
    report = ebs_kms_audit.audit([export(row()), export(row(), row(event_name="Decrypt"))])
    coverage = report.coverage
    assert (coverage.denials, coverage.duplicate_denials, coverage.rows_read) == (2, 1, 3)
    assert "duplicate_denials" in caveat_ids(report)


def test_the_dict_has_what_is_promised():
    report = audit(row(), row(event_name="Decrypt", error_code="", read_only="true"))
    document = json.loads(report.to_json())
    assert document == report.to_dict()
    assert document["schema"] == "ebs_kms_audit.report/2"
    coverage = document["coverage"]
    assert {name: coverage[name] for name in (
        "rows_read", "events", "rows_set_aside", "kms_rows", "read_only_rows", "ec2_rows",
        "denials", "duplicate_denials", "first_event", "last_event", "regions", "accounts",
    )} == {
        "rows_read": 2, "events": 2, "rows_set_aside": 0, "kms_rows": 2, "read_only_rows": 1,
        "ec2_rows": 0, "denials": 1, "duplicate_denials": 0,
        "first_event": "2026-05-18T07:00:34Z", "last_event": "2026-05-18T07:00:34Z",
        "regions": ["us-east-1"], "accounts": ["111122223333"],
    }  # fmt: skip
    (finding,) = document["findings"]
    assert re.fullmatch(r"F-[0-9a-f]{8}", finding["id"])
    assert (finding["account"], finding["region"], finding["verdict"]) == (
        "111122223333", "us-east-1", "not_judged",
    )  # fmt: skip
    assert finding["denials"] == [
        {
            "event_id": "event-0",
            "event_time": "2026-05-18T07:00:34Z",
            "event_name": "CreateGrant",
            "iam_actions": ["kms:CreateGrant"],
            "statement_kind": "grants",
            "error_code": "AccessDenied",
            "via_service": EC2,
            "source_ip": EC2,
            "error_message": None,
            "denied_by": None,
            "file": "<StringIO>",
            "line": 2,
            "record": None,
            "verdict": "not_judged",
        }
    ]
    assert finding["steps"] == [step["id"] for step in document["plan"]]


def test_without_a_zone_a_time_has_no_z():
    report = audit(row(event_time="2026-05-18 07:00:34"))
    denial = report.to_dict()["findings"][0]["denials"][0]
    assert denial["event_time"] == "2026-05-18T07:00:34"
    assert "times_without_zone" in caveat_ids(report)


GENERAL = {"limited_view", "delivery_delay", "not_recorded"}


@pytest.mark.parametrize(
    ("rows", "options", "special"),
    [
        ([row(error_code=""), row(error_code="", read_only="true")], {}, set()),
        ([row(error_code="")], {}, {"read_only_hidden"}),
        ([], {}, {"no_kms_rows", "read_only_hidden"}),
        ([row(event_source="s3.amazonaws.com")], {}, {"no_kms_rows", "read_only_hidden"}),
        # A blank Read-only cell: the event name tells.
        ([row(error_code="", event_name="Decrypt", read_only="")], {}, set()),
        ([row(read_only="true", resources=KEY)], {}, {"cause_not_shown"}),
        ([row(read_only="true")], {}, {"cause_not_shown", "key_not_in_csv"}),
        ([row(read_only="true", resources=KEY, aws_access_key=SESSION)], {},
         {"cause_not_shown", "session_name_only"}),
        ([row(read_only="true", resources=KEY, recipient_account_id="1.11122E+11")], {},
         {"cause_not_shown", "account_id_damaged"}),
        ([row(read_only="true", resources="[{")], {},
         {"cause_not_shown", "key_not_in_csv", "cells_unreadable"}),
        ([row(read_only="true", resources=KEY, event_time="5/6/2026 7:00")], {},
         {"cause_not_shown", "times_without_zone", "date_order_guessed"}),
        ([row(read_only="true", resources=KEY, event_time="5/18/2026 7:00")],
         {"around": "2026-05-18T07:00"},
         {"cause_not_shown", "times_without_zone", "outside_window_unknown"}),
    ],
)  # fmt: skip
def test_caveats_that_hold_and_no_others(rows, options, special):
    report = audit(*rows, **options)
    assert set(caveat_ids(report)) == special | GENERAL


def test_every_caveat_has_a_page():
    explained = {one.id for one in entries(EntryKind.CAVEAT)}
    for name in ("event_history.csv", "event_history_2019_layout.csv",
                 "event_history_spreadsheet.csv", "event_history_default_view.csv"):  # fmt: skip
        assert set(caveat_ids(ebs_kms_audit.audit(SAMPLES / name))) <= explained


@pytest.mark.parametrize(
    ("around", "minutes", "kept"),
    [
        ("2026-05-18T07:00:00Z", 15, ["06:45:00", "07:00:00", "07:15:00"]),
        ("2026-05-18T07:00", 15, ["06:45:00", "07:00:00", "07:15:00"]),
        ("2026-05-18 07:00:00 UTC", 1, ["07:00:00"]),
        ("2026-05-18T09:00:00+02:00", 1, ["07:00:00"]),
        (datetime(2026, 5, 18, 7, tzinfo=UTC), 1, ["07:00:00"]),
        (datetime(2026, 5, 18, 9, tzinfo=timezone(timedelta(hours=2))), 1, ["07:00:00"]),
        ("2026-05-18T07:16:00Z", 2, ["07:15:00", "07:15:01"]),
    ],
)
def test_the_window_holds_both_its_ends(around, minutes, kept):
    times = ["06:44:59", "06:45:00", "07:00:00", "07:15:00", "07:15:01"]
    report = audit(*(row(event_time=f"2026-05-18T{time}Z") for time in times),
                   around=around, minutes=minutes)  # fmt: skip
    found = [f"{d.event.time:%H:%M:%S}" for f in report.findings for d in f.denials]
    assert found == kept
    assert report.coverage.denials_outside_window == len(times) - len(kept)
    assert report.coverage.rows_read == len(times)


@pytest.mark.parametrize(
    ("around", "minutes"), [("yesterday", 15), ("", 15), ("2026-05-18T07:00", 0),
                            ("2026-05-18T07:00", float("nan")), ("0001-01-01T00:00", 15)],
)  # fmt: skip
def test_a_window_that_makes_no_sense_is_rejected(around, minutes):
    with pytest.raises(UsageError):
        audit(row(), around=around, minutes=minutes)


def test_rows_that_identify_a_caller_count_from_outside_the_window():
    report = audit(
        row(aws_access_key=SESSION),
        row(error_code="", event_time="2026-05-18T03:00:00Z"),
        around="2026-05-18T07:00",
    )
    assert report.findings[0].principal.kind == "user"


SECRETS = ["alice", "deploy-7f3a", "111122223333", "AKIAIO", "ASIAIO", CLIENT, "1234abcd",
           "team-name", "/home/", "i-0123456789abcdef0", "444455556666", "payments"]  # fmt: skip


def secret_report(tmp_path, **options):
    path = tmp_path / "team-name" / "alice-111122223333.csv"
    path.parent.mkdir()
    rows = [
        row(),
        row(user_name="deploy-7f3a", aws_access_key=SESSION, resources=KEY),
        row(source_ip_address=CLIENT, event_name="Decrypt", user_agent="payments/1.0"),
        row(user_name="i-0123456789abcdef0", aws_access_key=SESSION),
        row(error_code="DisabledException", recipient_account_id="444455556666"),
        row(event_source="", event_name="TagResource"),
        row(resources="[{"),
    ]
    path.write_text(export(*rows).read() + "alice,111122223333\n", encoding="utf-8")
    (path.parent / "payments.csv").write_text("no export", encoding="utf-8")
    return ebs_kms_audit.audit([path, path.parent / "payments.csv"], **options)


def test_a_redacted_report_holds_no_name_account_key_or_address(tmp_path):
    report = secret_report(
        tmp_path, redact=True, principals={"deploy-7f3a": "arn:aws:iam::111122223333:role/x/deploy"}
    )
    assert report.coverage.denials == 5
    for text in (str(report), report.to_json(), report._repr_html_(), report.to_pandas().to_csv()):
        assert [secret for secret in SECRETS if secret in text] == []


def test_a_redacted_report_says_the_same_of_unnamed_parties(tmp_path):
    report = secret_report(tmp_path, redact=True)
    by_name = {finding.principal.user_name: finding for finding in report.findings}
    assert len(report.findings) == 4
    user = next(f.principal for f in report.findings if f.principal.kind == "user")
    assert re.fullmatch(r"arn:aws:iam::account-\d:user/name-\d", user.arn)
    assert user.user_name == user.arn.rpartition("/")[2]
    assert len(by_name) == 3


def test_tables_have_one_row_a_denial():
    report = audit(
        row(),
        row(event_name="Decrypt", event_time="2026-05-18 07:00:35", user_name="bob"),
    )
    table = report.to_arrow()
    assert table.num_rows == 2
    frame = report.to_pandas().set_index("event_id")
    assert frame.loc["event-0", "event_time"].isoformat() == "2026-05-18T07:00:34+00:00"
    assert frame["event_time"].isna().to_dict() == {"event-0": False, "event-1": True}
    assert frame.loc["event-1", "event_time_text"] == "2026-05-18T07:00:35"
    assert list(frame.loc["event-0", "iam_actions"]) == ["kms:CreateGrant"]
    assert set(frame["finding_id"]) == {finding.id for finding in report.findings}
    assert frame.loc["event-0", "principal_arn"] == "arn:aws:iam::111122223333:user/alice"
    assert frame["line"].to_dict() == {"event-0": 2, "event-1": 3}


def test_tables_of_nothing_have_the_same_columns():
    empty = audit(row(error_code=""))
    assert empty.to_arrow().schema == audit(row()).to_arrow().schema
    assert len(empty.to_pandas()) == 0


def test_the_samples_are_what_the_generator_writes():
    for name, content in samples().items():
        assert (SAMPLES / name).read_bytes() == content, f"run tests/make_samples.py: {name}"


@pytest.mark.parametrize(
    ("name", "denials", "findings", "read_only", "special"),
    [
        ("event_history.csv", 8, 5, 69, {"key_not_in_csv", "session_name_only"}),
        ("event_history_default_view.csv", 1, 1, 0, {"read_only_hidden"}),
        ("event_history_2019_layout.csv", 7, 4, 69, {"source_inferred", "times_without_zone"}),
        ("event_history_spreadsheet.csv", 8, 5, 69, {"account_id_damaged"}),
    ],
)
def test_the_samples_tell_their_story(name, denials, findings, read_only, special):
    report = ebs_kms_audit.audit(SAMPLES / name)
    coverage = report.coverage
    assert (coverage.denials, len(report.findings), coverage.read_only_rows) == (
        denials, findings, read_only,
    )  # fmt: skip
    assert coverage.rows_set_aside == 0
    assert special <= set(caveat_ids(report))


def test_the_spreadsheet_sample_gives_the_same_answer_as_the_untouched_export():
    untouched = ebs_kms_audit.audit(SAMPLES / "event_history.csv")
    damaged = ebs_kms_audit.audit(SAMPLES / "event_history_spreadsheet.csv")
    assert [finding.id for finding in damaged.findings] == [f.id for f in untouched.findings]
    assert [step.statements for step in damaged.plan] == [
        step.statements for step in untouched.plan
    ]


def test_columns_in_any_order():
    report = audit(row(), header=sorted(HEADER))
    assert report.findings[0].principal.arn == "arn:aws:iam::111122223333:user/alice"
