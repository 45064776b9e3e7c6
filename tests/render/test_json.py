"""JSON is written in pieces, and is the text that `json.dumps` makes of `to_dict()`."""

import io
import json

import pytest

import ebs_kms_audit
from ebs_kms_audit import Verdict
from ebs_kms_audit.plan.change import CuredDenial, Proof
from ebs_kms_audit.render.json import pieces
from ebs_kms_audit.render.json_text import Items, alike, chunks, parts_of, pieces_of, plain
from ebs_kms_audit.render.step_json import step_dict
from tests import exports
from tests.fuzz.values import TEXTS, VALUES
from tests.incidents.test_incidents import TABLE, audited
from tests.render.made import safe_step
from tests.rows import CLIENT, EC2, audit, row

HOSTILE = [*TEXTS, *VALUES, 'a "b" %s %% {} \\', {"%s": "%d"}, {1: {None: {True: ()}}}]


def objects(values):
    return Items(values, lambda value: {"same": "100 %s", "own": value, "last": [value]})


def with_own_members(values):
    """Return objects with the own members "b" and "d", which are written into parts."""

    def object_of(one):
        return {"a": one % 2, "b": one, "c": ["%"], "d": f"%s {one}"}

    def texts(margin):
        kinds = [parts_of(object_of(kind), margin, ("b", "d")) for kind in (0, 1)]
        for some in chunks(values):
            parts = ((*kinds[one % 2], one) for one in some)
            yield "".join(f'{a}{one}{b}"%s {one}"{c}' for a, b, c, one in parts)

    return Items(values, object_of, texts)


@pytest.mark.parametrize("redact", [False, True])
@pytest.mark.parametrize("incident", TABLE)
def test_the_text_of_an_incident_is_that_of_its_dict(incident, redact):
    report = audited(incident, redact=redact)
    assert report.to_json() == json.dumps(report.to_dict(), indent=2) + "\n"


@pytest.mark.parametrize("values", [[], HOSTILE[:1], HOSTILE], ids=["none", "one", "many"])
@pytest.mark.parametrize(
    "of",
    [
        lambda values: values,
        lambda values: {str(at): value for at, value in enumerate(values)},
        objects,
        lambda values: {"a": {"b": objects(values)}, "c": {}},
        lambda values: Items(values, lambda value: {"inner": objects([value, value])}),
        lambda values: alike(values, lambda _: None, lambda _: 0),
        lambda values: alike(values, lambda value: {"own": value}, id),
    ],
    ids=["list", "dict", "items", "in a dict", "in items", "null", "alike"],
)
def test_any_value_is_written_as_json_dumps_writes_it(of, values):
    assert "".join(pieces_of(of(values))) == json.dumps(plain(of(values)), indent=2)


@pytest.mark.parametrize("size", [9, 200, 401])  # 200 are written at once
def test_members_that_differ_are_written_for_each_of_alike_objects(size):
    items = with_own_members(range(size))
    text = "".join(pieces_of({"x": items, "y": {"z": items}}))
    assert json.loads(text)["y"]["z"][8] == {"a": 0, "b": 8, "c": ["%"], "d": "%s 8"}
    assert text == json.dumps(plain({"x": items, "y": {"z": items}}), indent=2)


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        pytest.param(
            [{"event_time": "2026-05-18T07:00:01Z"}, {"event_time": "2026-05-18T06:59:59Z"}],
            [("event-1", "2026-05-18T06:59:59Z", 3), ("event-0", "2026-05-18T07:00:01Z", 2)],
            id="alike, the earlier one first",
        ),
        pytest.param(
            [{"event_time": "2026-05-13, 04:52:01 PM"}, {"event_time": "2026-05-13, 04:52:02 PM"}],
            [("event-0", "2026-05-13T16:52:01", 2), ("event-1", "2026-05-13T16:52:02", 3)],
            id="times without a zone",
        ),
        pytest.param(
            [{"event_id": 'a\u2028"%s"é'}, {"event_id": "%"}],
            [('a\u2028"%s"é', "2026-05-18T07:00:34Z", 2), ("%", "2026-05-18T07:00:34Z", 3)],
            id="ids with quotes and marks",
        ),
    ],
)
def test_a_denial_has_its_own_id_time_and_line(rows, shown):
    report = audit(*[row(**cells) for cells in rows])
    (finding,) = json.loads(report.to_json())["findings"]
    assert [(d["event_id"], d["event_time"], d["line"]) for d in finding["denials"]] == shown
    assert report.to_json() == json.dumps(report.to_dict(), indent=2) + "\n"


def test_a_denial_without_event_id_has_null():
    stream = io.StringIO(exports.export(row(), row(source_ip_address=CLIENT)))
    report = ebs_kms_audit.audit(stream)
    denials = [one for f in json.loads(report.to_json())["findings"] for one in f["denials"]]
    shown = {(one["event_id"], one["source_ip"]) for one in denials}
    assert shown == {(None, EC2), (None, CLIENT)}


def test_each_denial_of_a_proof_has_its_own_verdicts():
    denials = [
        CuredDenial(event_id=event_id, action=action, before=before, after=after, cured=cured)
        for event_id in ('"%s"', None)
        for action in ("kms:Decrypt", "kms:CreateGrant")
        for before in (Verdict.MISSING_ALLOW, Verdict.EXPLICIT_DENY)
        for after in (Verdict.ALLOWED_NOW, Verdict.EXPLICIT_DENY)
        for cured in (True, False, None)
    ]
    proof = Proof(denials=tuple(denials), newly_allowed=(), lost=())
    step = step_dict(safe_step(proof=proof))
    text = "".join(pieces_of(step))
    assert text == json.dumps(plain(step), indent=2)
    assert [tuple(one.values()) for one in json.loads(text)["proof"]["denials"]] == [
        (one.event_id, one.action, one.before, one.after, one.cured) for one in denials
    ]


def test_no_piece_holds_a_large_part_of_a_large_report():
    report = audit(*[row(user_agent="", event_id=f"event-{number}") for number in range(3_000)])
    sizes = [len(piece) for piece in pieces(report)]
    assert sum(sizes) == len(report.to_json()) > 1_500_000  # about 600 bytes for each denial
    assert max(sizes) < 300_000


def test_each_finding_is_in_a_piece_of_its_own():
    report = audit(*[row(user_name=f"user-{number}") for number in range(40)])
    assert len(report.findings) == 40
    assert all(piece.count('"history": ') <= 1 for piece in pieces(report))


def test_a_dict_of_a_report_shares_no_array_or_object_with_it():
    statement = {"Action": ["kms:Decrypt"], "Condition": {}}
    value = {"statements": (statement,), "items": Items([statement], lambda one: one)}
    made = plain(value)
    assert made == {"statements": [statement], "items": [statement]}
    for found in (*made["statements"], *made["items"]):
        found["Action"].append("kms:Encrypt")
        found["Condition"]["Null"] = {}
    assert statement == {"Action": ["kms:Decrypt"], "Condition": {}}
