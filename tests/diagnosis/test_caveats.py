"""Which caveats an input has, in their order, with their numbers.

Source: the meaning of each caveat in `explain.caveats`, which names the AWS page.
"""

from __future__ import annotations

from typing import Any

import pytest

from ebs_kms_audit.diagnosis.caveats import caveats_for
from ebs_kms_audit.diagnosis.coverage import Facts, FileNote
from ebs_kms_audit.identify import Disagreement
from ebs_kms_audit.model import Denial, Denials, Window
from ebs_kms_audit.reading.window import window_around
from tests.records import KEY_ARN, audit, record, session
from tests.rows import SESSION, row
from tests.rows import audit as audit_rows


def denials(report) -> Denials:
    return Denials.joined(finding.denials for finding in report.findings)


RECORDED = denials(audit(record()))
ROW = denials(audit_rows(row()))
COVERAGE = audit_rows(row(read_only="true")).coverage
WINDOW = window_around("2026-05-18T07:00:00Z", 15)
FACTS = Facts(
    denials=RECORDED,
    shared_name_denials=(),
    coverage=COVERAGE,
    set_aside=(),
    other_errors=(),
    file_notes=(),
    source_inferred=False,
    repaired_accounts=0,
    unknown_accounts=0,
    disagreements=(),
    surroundings_incomplete=False,
    has_exports=False,
    has_events=True,
)
ALWAYS = ["delivery_delay", "not_recorded"]
SYMPTOM = audit(
    record(eventSource="ec2.amazonaws.com", eventName="AttachVolume",
           errorCode="Client.CustomerKeyHasBeenRevoked", errorMessage="absent")
).symptoms  # fmt: skip


def covering(**figures: Any):
    from dataclasses import replace

    return replace(COVERAGE, **figures)


@pytest.mark.parametrize(
    ("facts", "ids"),
    [
        ({}, ALWAYS),
        ({"has_exports": True}, ["limited_view", *ALWAYS]),
        ({"has_events": False}, ["not_recorded"]),
        ({"coverage": covering(rows_set_aside=1)}, ["rows_set_aside", *ALWAYS]),
        # an input of events without a KMS event, and an input without anything
        ({"coverage": covering(kms_rows=0)}, ["no_kms_rows", *ALWAYS]),
        ({"coverage": covering(kms_rows=0), "has_events": False}, ["not_recorded"]),
        ({"coverage": covering(kms_rows=0), "has_events": False, "denials": Denials()},
         ["no_kms_rows", "not_recorded"]),
        ({"coverage": covering(kms_rows=0), "has_events": False, "denials": Denials(),
          "symptoms": SYMPTOM}, ["not_recorded"]),
        ({"coverage": covering(read_only_rows=0)}, ["read_only_hidden", *ALWAYS]),
        ({"coverage": covering(read_only_rows=0), "has_events": False}, ["not_recorded"]),
        ({"source_inferred": True}, ["source_inferred", *ALWAYS]),
        ({"shared_name_denials": ROW}, ["shared_event_names", *ALWAYS]),
        ({"repaired_accounts": 1}, ["account_id_damaged", *ALWAYS]),
        ({"unknown_accounts": 1}, ["account_id_damaged", *ALWAYS]),
        ({"coverage": covering(duplicate_denials=1)}, ["duplicate_denials", *ALWAYS]),
        ({"disagreements": (Disagreement(event_id="e", columns=("User name",)),)},
         ["record_disagrees", *ALWAYS]),
        ({"surroundings_incomplete": True}, ["surroundings_incomplete", *ALWAYS]),
        ({"denials": ROW}, ["key_not_in_csv", "cause_not_shown", *ALWAYS]),
        ({"denials": Denials.joined([RECORDED, ROW])},
            ["key_not_in_csv", "cause_not_shown", *ALWAYS]),
        # those about the rows come first, then those about the denials, then the general ones
        ({"denials": ROW, "has_exports": True, "source_inferred": True,
          "coverage": covering(rows_set_aside=2, read_only_rows=0, duplicate_denials=3),
          "file_notes": (FileNote("times_without_zone", "a.csv", {"file": "a.csv"}),)},
         ["times_without_zone", "rows_set_aside", "read_only_hidden", "source_inferred",
          "duplicate_denials", "key_not_in_csv", "cause_not_shown", "limited_view", *ALWAYS]),
    ],
)  # fmt: skip
def test_the_caveats_of_an_input(facts, ids):
    assert [caveat.id for caveat in caveats_for(FACTS._replace(**facts))] == ids


BY_SESSION = denials(audit(record(userIdentity=session(issuer=False), errorMessage="absent")))
UNTYPED = f"User: x is not authorized to perform: kms:CreateGrant on resource: {KEY_ARN}"
CUT = f"User: x is not authorized to perform: kms:Crea... on resource: {KEY_ARN}"


def of_denials(*found: Denial, window: Window | None = None) -> list[str]:
    facts = FACTS._replace(denials=Denials.of(found), coverage=covering(window=window))
    return [one.id for one in caveats_for(facts) if one.id not in ALWAYS]


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({}, ["cause_not_shown"]),
        ({"errorMessage": UNTYPED}, ["cause_not_shown"]),
        ({"errorMessage": f"{UNTYPED} because no identity-based policy allows the action"}, []),
        ({"errorMessage": f"{CUT} because no identity-based policy allows the action"},
         ["message_truncated"]),
    ],
)  # fmt: skip
def test_the_caveats_of_a_message(fields, ids):
    named = {"errorMessage": "absent", "resources": [{"ARN": KEY_ARN}]}
    assert of_denials(*denials(audit(record(**(named | fields))))) == ids


def test_a_session_whose_role_is_unknown_and_an_instance_are_named_by_their_session_only():
    unknown = denials(audit_rows(row(aws_access_key=SESSION, resources=f'["{KEY_ARN}"]')))
    instance = denials(audit_rows(row(user_name="i-0123456789abcdef0", aws_access_key=SESSION)))
    assert instance[0].principal.kind == "instance_role"
    for found in (unknown, instance):
        assert "session_name_only" in of_denials(*found)
    assert "session_name_only" not in of_denials(*ROW)
    assert "session_name_only" not in of_denials(*RECORDED)


def test_a_time_without_a_zone_may_lie_outside_the_window():
    without = denials(audit_rows(row(event_time="2026-05-18 07:00:34")))
    assert "outside_window_unknown" in of_denials(*without, window=WINDOW)
    assert "outside_window_unknown" in of_denials(*ROW, *without, window=WINDOW)
    assert "outside_window_unknown" not in of_denials(*without)
    assert "outside_window_unknown" not in of_denials(*ROW, window=WINDOW)


def texts(**facts: Any) -> dict[str, str]:
    return {one.id: one.text for one in caveats_for(FACTS._replace(**facts))}


def skipped(*names: str) -> tuple[FileNote, ...]:
    return tuple(FileNote("files_skipped", name, {"problem": "no events"}) for name in names)


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        ("a", "has 1 file that cannot hold events. Not read: a (no events)."),
        ("abc", "has 3 files that cannot hold events. Not read: a (no events), b (no events), "
         "c (no events)."),
        ("abcd", "has 4 files that cannot hold events. Not read: a (no events), b (no events), "
         "c (no events), …."),
    ],
)  # fmt: skip
def test_at_most_three_skipped_files_are_named(names, listed):
    assert texts(file_notes=skipped(*names))["files_skipped"] == (
        f"A folder or archive {listed} Name a file on the command line to learn why."
    )


def zone(*names: str) -> tuple[FileNote, ...]:
    return tuple(FileNote("times_without_zone", name, {"file": name}) for name in names)


def test_a_caveat_of_many_inputs_is_one_caveat():
    text = (
        "a.csv: its times have no time zone. They may be UTC or the local time of the person who "
        "exported them."
    )
    assert texts(file_notes=zone("a.csv"))["times_without_zone"] == text
    more = [*zone("a.csv"), *skipped("x"), *zone("b.csv", "c.csv")]
    found = caveats_for(FACTS._replace(file_notes=tuple(more)))
    assert [one.id for one in found] == ["times_without_zone", "files_skipped", *ALWAYS]
    assert found[0].text == f"{text} More inputs with this caveat: 2."
    many = texts(file_notes=zone(*(f"{at}.csv" for at in range(1235))))
    assert many["times_without_zone"].endswith(
        "exported them. More inputs with this caveat: 1,234."
    )


def test_the_numbers_of_the_caveats():
    first = Disagreement(event_id="event-1", columns=("User name", "Error code"))
    second = Disagreement(event_id="event-2", columns=("AWS region",))
    found = texts(
        coverage=covering(rows_set_aside=2, duplicate_denials=3),
        shared_name_denials=ROW,
        repaired_accounts=1,
        unknown_accounts=2,
        disagreements=(first, second),
        denials=denials(audit(record(errorMessage=CUT))),
    )
    assert found["rows_set_aside"].startswith("2 rows could not be read")
    assert found["duplicate_denials"].startswith(
        "Denials that are in the input more than once, with the same Event ID: 3."
    )
    assert found["shared_event_names"].startswith("1 denied row may belong to another service")
    assert "Repaired: 1 id. Unknown: 2 ids." in found["account_id_damaged"]
    assert found["record_disagrees"] == (
        "The export and the record of the same event differ in 2 rows. The record counts. For "
        "example event event-1: User name, Error code."
    )
    assert found["message_truncated"].startswith("Cut off or masked: 1 message.")
