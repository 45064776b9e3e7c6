"""What a finding lists and counts is the same, whoever reads the export.

Without sizes, the plain reader reads the file; with them, the vectorised reader.
"""

from __future__ import annotations

import copy
import cProfile
import gc
import gzip
import io
import json
import os
import pickle

import pytest

from ebs_kms_audit import InputError, audit
from ebs_kms_audit.reading.exports import large
from ebs_kms_audit.reading.workers import Workers
from tests.exports import ACCOUNT, HEADER, denied, export, row, without
from tests.reading.exports.test_large import (
    EC2,
    FORGED,
    HANDED_OUT,
    KEY_ARN,
    KMS,
    LONG_TERM,
    ROLE,
    S3,
    SESSION_KEY,
    line,
)
from tests.records import log, record


@pytest.mark.parametrize("sizes", [None, (700, 900)])
def test_the_last_ec2_calls_are_listed_and_all_are_counted(tiny, tmp_path, sizes):
    path = tmp_path / "export.csv"
    names = ["CreateVolume"] + ["RunInstances"] * 29
    calls = [
        row(**EC2 | {"event_name": name}, user_name="alice", event_id=f"call {number}",
            event_time=f"2026-05-18T07:00:{number:02}Z")
        for number, name in enumerate(names)
    ]  # fmt: skip
    far = row(**EC2, user_name="alice", event_time="2026-05-18T07:05:31Z")
    of_bob = row(**EC2, user_name="bob", event_time="2026-05-18T07:00:30Z")
    near = denied("alice", event_time="2026-05-18T07:00:30Z")
    path.write_text(export(far, near, of_bob, *calls[::-1], calls[29]))
    tiny(sizes)
    (finding,) = audit(path).findings
    attempts = finding.history.attempts
    assert [call.event_id for call in attempts.listed] == [f"call {n}" for n in range(10, 30)]
    assert attempts.count == 30
    assert attempts.operations == {"CreateVolume", "RunInstances"}


@pytest.mark.parametrize("sizes", [None, (700, 900)])
def test_an_ec2_call_is_near_a_denial_of_the_same_session(tiny, tmp_path, sizes):
    """Two sessions of a role are one principal, and two callers."""
    rows = [
        make(user_name=name, aws_access_key=SESSION_KEY, event_time=f"{DAY}{time}:00Z", **more)
        for make, name, time, more in (
            (denied, "s1", "07:00", {}), (denied, "s2", "08:00", {}),
            (row, "s2", "07:01", EC2), (row, "s2", "08:01", EC2),
        )
    ]  # fmt: skip
    path = tmp_path / "export.csv"
    path.write_text(export(row(event_source="sts.amazonaws.com", event_name="AssumeRole",
                               resources=HANDED_OUT), *rows))  # fmt: skip
    tiny(sizes)
    (finding,) = audit(path).findings
    assert finding.principal.arn == ROLE
    assert [call.time.hour for call in finding.history.attempts.listed] == [8]


HOSTILE = ['a "b", c', "50 %s %% %", "{0}", "\u2028 é \U0001f600", "a\\", "\x07", " padded "]


@pytest.mark.parametrize("sizes", [None, (700, 900)])
def test_the_json_of_what_findings_list_is_that_of_their_dicts(tiny, tmp_path, sizes):
    """Several findings list one event, and two files have different events at one line."""
    paths = [tmp_path / f"{number} %s.csv" for number in range(2)]
    for number, path in enumerate(paths):
        texts = HOSTILE[number:] + HOSTILE[:number]
        rows = [
            made(**{"user_name": text, "event_time": "2026-05-18T07:01:00Z"} | cells)
            for text, code in zip(texts, ["", "Client.InvalidKey", *texts], strict=False)
            for made, cells in (
                (denied, {"source_ip_address": text}),
                (denied, {"event_time": "2026-05-18T07:01:59Z", "event_id": text}),
                (row, EC2 | {"error_code": code}),
                (row, KMS | {"event_name": "RevokeGrant", "event_time": "2026-05-18T07:00:34Z",
                             "event_id": "", "read_only": "false"}),
            )
        ]  # fmt: skip
        path.write_text(export(*rows), encoding="utf-8")
    tiny(sizes)
    report = audit(paths)
    changes = [event for one in report.findings for event in one.history.changes]
    assert len(changes) > len({(event.file, event.line) for event in changes}) > len(HOSTILE)
    assert any(one.history.attempts.listed for one in report.findings)
    assert report.to_json() == json.dumps(report.to_dict(), indent=2) + "\n"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_call_in_two_large_exports_counts_once(tiny, tmp_path, order):
    call = row(**EC2, user_name="alice", event_id="call")
    texts = export(denied("alice"), call), export(call, row(**EC2, user_name="alice"))
    paths = [tmp_path / f"{number}.csv" for number in range(2)]
    for path, at in zip(paths, order, strict=True):
        path.write_text(texts[at])
    tiny((700, 900))
    (finding,) = audit(paths).findings
    assert finding.history.attempts.count == 2


def test_a_report_does_not_need_its_input_any_more(tiny, tmp_path):
    path = tmp_path / "export.csv"
    changed = row(**KMS, event_name="RetireGrant", event_time="2026-05-18T07:00:00Z")
    text = "\n".join([",".join(HEADER), line(denied("alice")), line(changed), ""])
    path.write_text(text)
    tiny((700, 900))
    report = audit(path)
    path.write_text("x" * len(text))
    (finding,) = report.to_dict()["findings"]
    assert [one["event_name"] for one in finding["history"]["changes"]] == ["RetireGrant"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_report_can_be_copied_and_holds_nothing_of_the_reading(tiny, tmp_path, copied, pack):
    path = tmp_path / "export.csv"
    changed = row(**KMS, event_name="RetireGrant", event_time="2026-05-18T07:00:00Z")
    path.write_bytes(pack(export(denied("alice"), changed, row(**EC2)).encode()))
    tiny((700, 900))
    report = audit(path)
    gc.collect()
    assert not any(isinstance(one, large.LargeExport) for one in gc.get_objects())
    assert copied(report) == report
    assert copied(report).to_dict() == report.to_dict()


@pytest.mark.parametrize("header", [HEADER, without("Event ID")])
@pytest.mark.parametrize("sizes", [None, (700, 900)])
def test_a_call_or_change_with_a_long_term_key_counts_once(tiny, tmp_path, sizes, header):
    """Such a row says what happened, and shows that alice is an IAM user."""
    path = tmp_path / "export.csv"
    change = KMS | LONG_TERM | {"event_name": "RetireGrant"}
    rows = denied("alice", aws_access_key=""), row(**EC2 | LONG_TERM), row(**change)
    for first, second in (rows[1:], rows[:0:-1]):
        path.write_text(export(rows[0], first, second, header=header))
        tiny(sizes)
        (finding,) = audit(path).findings
        assert finding.principal.kind == "user"
        assert (finding.history.attempts.count, finding.history.changes_count) == (1, 1)


@pytest.mark.parametrize("sizes", [None, (700, 900)])
def test_a_caller_with_a_very_long_name_is_not_one_without_a_name(tiny, tmp_path, sizes):
    path = tmp_path / "export.csv"
    later = KMS | {"event_name": "CreateGrant", "event_time": "2026-05-18T09:00:00Z"}
    path.write_text(export(
        row(**later, user_name=""), row(**EC2, user_name=""), denied("n" * 600),
    ))  # fmt: skip
    tiny(sizes)
    (finding,) = audit(path).findings
    assert finding.history.later_success is None
    assert finding.history.attempts.count == 0


DAY = "2026-05-18T"
MESSAGE = (
    f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: kms:CreateGrant on "
    f"resource: {KEY_ARN} because no resource-based policy allows the kms:CreateGrant action"
)


@pytest.mark.parametrize("sizes", [None, (700, 900)])
def test_what_is_around_a_denial_in_the_message_of_an_ec2_call(tiny, tmp_path, sizes):
    """No KMS event is denied. The calls and the successes of the same caller bear on it too."""
    path = tmp_path / "export.csv"
    by_ec2 = {"source_ip_address": "ec2-frontend-api.amazonaws.com"}
    path.write_text(export(
        row(**EC2, event_time="2026-05-18T07:01:00Z"),
        row(**KMS | by_ec2, event_name="CreateGrant", event_time="2026-05-18T07:20:00Z"),
    ))  # fmt: skip
    failed = record(
        eventSource="ec2.amazonaws.com", eventName="AttachVolume", errorMessage=MESSAGE,
        errorCode="Client.UnauthorizedOperation", userIdentity={"type": "IAMUser", "userName":
        "alice", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice", "accountId": ACCOUNT},
    )  # fmt: skip
    tiny(sizes)
    (finding,) = audit(path, records=log(failed)).findings
    assert finding.history.attempts.count == 2
    assert finding.history.later_success.name == "CreateGrant"


@pytest.mark.parametrize("sizes", [None, (700, 900)])
def test_what_the_caller_in_a_pasted_message_may_do(tiny, tmp_path, sizes):
    path = tmp_path / "export.csv"
    path.write_text(export(row(**KMS, event_name="Decrypt")))
    tiny(sizes)
    (finding,) = audit(path, messages=MESSAGE).findings
    assert finding.history.allowed == ("kms:Decrypt",)


@pytest.mark.parametrize("sizes", [None, (700, 900)])
@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("", "the file ends in the middle of this row"),
        ("\n", None),
        ("\nalice", "the file ends in the middle of this row"),
        ("\n" + FORGED.removesuffix("ment"), "the file ends in the middle of this row"),
        ('\nalice,"x\ny', "a quote is opened and not closed where the field ends"),
    ],
)
def test_the_last_row_of_a_gzip_file_that_is_cut_short(tiny, tmp_path, sizes, last, reason):
    """Without a line end, no one can tell whether the row is whole."""
    path = tmp_path / "export.csv.gz"
    text = "\n".join([",".join(HEADER), line(denied("alice")), line(denied("bob"))]) + last
    path.write_bytes(gzip.compress(text.encode())[:-4])
    tiny(sizes)
    report = audit(path)
    assert [one.reason for one in report.set_aside] == ([reason] if reason else [])
    assert report.coverage.rows_read == 2 + (last.strip() != "")


@pytest.mark.parametrize("sizes", [None, (700, 900)])
def test_a_gzip_file_that_is_cut_short_in_its_first_row(tiny, tmp_path, sizes):
    path = tmp_path / "export.csv.gz"
    path.write_bytes(gzip.compress(f"{','.join(HEADER)}\nalice".encode())[:-4])
    tiny(sizes)
    with pytest.raises(InputError, match="cut short and holds no whole row"):
        audit(path)


@pytest.mark.parametrize("ahead", [False, True], ids=["in turn", "all ranges before a result"])
@pytest.mark.parametrize("sizes", [None, (4_000, 2_000)])
def test_a_forged_success_hides_no_later_success(tiny, tmp_path, monkeypatch, sizes, ahead):
    """The first range border is before a forged row in a cell. Whoever starts there reads it."""
    if ahead:  # as a helper does that is quicker than this process

        def at_once(_, work, count, *__):
            yield from list(map(work, range(count)))

        monkeypatch.setattr(Workers, "in_order", at_once)
    first = row(user_agent="x" * 1_500)
    forged = line(denied("alice", error_code="", event_time="2026-05-18T07:50:00Z"))
    cell = row(user_agent="y" * (2_100 - len(export(first))) + f"\n{forged}\nz")
    others = [row(user_agent="x" * 1_500) for _ in range(6)]
    success = denied("alice", error_code="", event_time="2026-05-18T07:30:00Z", event_id="success")
    denial = denied("alice", event_time="2026-05-18T07:00:00Z")
    path = tmp_path / "export.csv"
    path.write_text(export(first, cell, *others, success, denial))
    tiny(sizes)
    (finding,) = audit(path).findings
    assert finding.history.later_success.event_id == "success"


@pytest.mark.parametrize("sizes", [None, (700, 900)])
def test_calls_within_five_minutes_of_a_denial_are_attempts(tiny, tmp_path, sizes):
    """Both ends are included. The other denial is of another caller."""
    times = ["07:04:59", "07:05:00", "07:10:00", "07:15:00", "07:15:01"]
    calls = [row(**EC2, event_time=f"2026-05-18T{one}Z", event_id=one) for one in times]
    denials = [
        denied("alice", event_time="2026-05-18T07:10:00Z"),
        denied("bob", event_time="2026-05-18T07:20:00Z"),
    ]
    path = tmp_path / "export.csv"
    path.write_text(export(*denials, *calls))
    tiny(sizes)
    of_alice, of_bob = (one.history.attempts for one in audit(path).findings)
    assert [one.event_id for one in of_alice.listed] == ["07:05:00", "07:10:00", "07:15:00"]
    assert (of_alice.count, of_bob.count) == (3, 0)


@pytest.mark.parametrize("sizes", [None, (4_000, 2_000)])
def test_the_first_of_two_successes_at_one_time_counts(tiny, tmp_path, monkeypatch, sizes):
    """Also where a range is read after a later one, because a helper process ended early."""

    def backwards(_, work, count, *__):
        results = [work(number) for number in reversed(range(count))]
        yield from reversed(results)

    monkeypatch.setattr(Workers, "in_order", backwards)
    success = {"error_code": "", "event_time": "2026-05-18T07:30:00Z"}
    others = [row(user_agent="x" * 1_500) for _ in range(4)]
    path = tmp_path / "export.csv"
    path.write_text(
        export(
            denied("alice", **success, event_id="first"), *others,
            denied("alice", **success, event_id="second"),
            denied("alice", event_time="2026-05-18T07:00:00Z"),
        )
    )  # fmt: skip
    tiny(sizes)
    (finding,) = audit(path).findings
    assert finding.history.later_success.event_id == "first"


@pytest.mark.parametrize("sizes", [None, (4_000, 9_000)])
@pytest.mark.parametrize("change", ["cut off", "overwritten", "replaced", "removed"])
def test_a_file_that_changes_before_it_is_read_again(tiny, tmp_path, sizes, change):
    """The vectorised reader reads the rows near denials a second time, after all inputs."""
    path = tmp_path / "export.csv"
    path.write_text(export(denied("alice"), row(**EC2)))
    length = path.stat().st_size

    class NextInput(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if change == "cut off":
                os.truncate(path, 300)
            elif change == "overwritten":
                path.write_text("x" * length)
            elif change == "replaced":
                (tmp_path / "other").write_text("x" * 2 * length)
                (tmp_path / "other").replace(path)
            else:
                path.unlink(missing_ok=True)
            return super().read(size)

    inputs = [path, NextInput(export(row(**S3)).encode())]
    tiny(sizes)
    if sizes:
        with pytest.raises(InputError, match=r"it was changed while|it cannot be opened"):
            audit(inputs)
    else:
        assert audit(inputs).findings[0].history.attempts.count == 1


def test_a_file_that_grows_while_it_is_read(tiny, tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(export(denied("alice"), row(**EC2), final_newline=True))

    class NextInput(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            with path.open("a") as file:
                file.write(line(denied("bob")))
            return super().read(size)

    tiny((4_000, 9_000))
    (finding,) = audit([path, NextInput(export(row(**S3)).encode())]).findings
    assert finding.history.attempts.count == 1


def test_many_groups_of_rows_are_counted_under_a_profiler(tiny, tmp_path):
    """A profiler refers to the arrays of a method that it follows."""
    path = tmp_path / "export.csv"
    several = [
        row(**KMS | {"event_name": "Decrypt"}, resources=KEY_ARN.replace("1234abcd", f"{at:08x}"))
        for at in range(1_100)
    ]
    path.write_text(export(*several, denied()))
    tiny((50_000, 200_000))
    coverage = cProfile.Profile().runcall(audit, path).coverage
    assert (coverage.rows_read, coverage.denials) == (1_101, 1)
