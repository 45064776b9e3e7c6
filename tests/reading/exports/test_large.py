"""The vectorised reader gives the same report as the plain reader, for any file.

The plain reader is the judge. Blocks and ranges are tiny here, so that rows lie across every
border.
"""

from __future__ import annotations

import copy
import gc
import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ebs_kms_audit import InputError, audit
from ebs_kms_audit.reading import exports
from ebs_kms_audit.reading.exports import large, window
from tests.benchmark.events import MIXES
from tests.benchmark.generate import make_export
from tests.exports import ACCOUNT, HEADER, access_key, denied, export, row, without
from tests.make_samples import KEY_ID
from tests.records import AUTO_SCALING, log, record

OTHER = "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/worker"
VOLUME = "vol-0123456789abcdef0"
KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
OTHER_KEY_ID = "0000aaaa-12ab-34cd-56ef-1234567890ab"
SESSION_KEY = access_key("ASIA", ACCOUNT, "worker")


def line(one: dict[str, str]) -> str:
    """Write one row as it stands in a file, without the end of its last line."""
    return export(one).split("\n", 1)[1]


def resources(*pairs: tuple[str, str]) -> str:
    entries = [{"resourceType": kind, "resourceName": name} for kind, name in pairs]
    return json.dumps(entries, separators=(",", ":"))


EC2 = {"event_source": "ec2.amazonaws.com", "event_name": "RunInstances"}
KMS = {"event_source": "kms.amazonaws.com"}
S3 = {"event_source": "s3.amazonaws.com", "event_name": "PutObject"}
LONG_TERM = {"aws_access_key": access_key("AKIA", ACCOUNT, "alice")}
FORGED = line(denied("mallory"))
HANDED_OUT = resources(
    ("AWS::IAM::AccessKey", SESSION_KEY), ("AWS::STS::AssumedRole", "worker"),
    ("AWS::IAM::Role", ROLE),
)  # fmt: skip
BY_SERVICE = resources(
    ("AWS::IAM::AccessKey", access_key("ASIA", ACCOUNT, "x")),
    ("AWS::STS::AssumedRole", "AROAEXAMPLE:AutoScaling"), ("AWS::IAM::Role", AUTO_SCALING),
)  # fmt: skip
FIELDS: list[dict[str, str]] = [
    S3, S3 | LONG_TERM, S3 | LONG_TERM | {"user_name": "bob"}, S3 | {"error_code": "AccessDenied"},
    S3 | LONG_TERM | {"recipient_account_id": OTHER}, S3 | {"user_name": 'a "b", c'},
    EC2, EC2 | {"user_name": "bob"}, EC2 | {"user_name": "alice "}, EC2 | {"user_name": "Søren"},
    EC2 | {"request_id": "the same"}, EC2 | {"error_code": "Client.CustomerKeyHasBeenRevoked"},
    EC2 | {"event_name": "AttachVolume"}, EC2 | {"event_source": ""},
    EC2 | {"resources": resources(("AWS::KMS::Key", KEY_ID))},
    EC2 | {"resources": resources(("AWS::KMS::Key", KEY_ARN))},
    EC2 | {"resources": resources(("AWS::KMS::Key", "alias/ebs"))},
    EC2 | {"resources": resources(("AWS::KMS::Key", KEY_ID)).replace(KEY_ID[0], r"\u0031", 1)},
    EC2 | {"resources": resources(("AWS::EC2::Volume", VOLUME))}, EC2 | {"resources": "[{"},
    EC2 | {"aws_region": "eu-west-1"}, EC2 | {"recipient_account_id": OTHER},
    EC2 | {"error_code": "Client.CustomerKeyHasBeenRevoked", "user_name": "carol",
           "resources": resources(("AWS::EC2::Volume", VOLUME))},
    KMS | {"event_name": "Decrypt"}, KMS | {"event_name": "CreateGrant"},
    KMS | {"event_name": "CreateGrant", "user_name": "bob", "source_ip_address": "AWS Internal"},
    KMS | {"event_name": "CreateGrant", "resources": resources(("AWS::KMS::Key", KEY_ID))},
    KMS | {"event_name": "CreateGrant", "resources": resources(("AWS::KMS::Key", OTHER_KEY_ID))},
    KMS | {"event_name": "CreateGrant", "source_ip_address": "AWS Internal/3"},
    KMS | {"event_name": "CreateGrant", "source_ip_address": "AWS Internal elsewhere"},
    KMS | {"event_name": "CreateGrant", "source_ip_address": "kms.amazonaws.com"},
    KMS | {"event_name": "Decrypt", "user_name": "bob", "source_ip_address": ""},
    KMS | {"event_name": "CreateGrant",
           "resources": resources(*(("AWS::KMS::Key", f"alias/{n}") for n in range(20)))},
    KMS | {"event_name": "RetireGrant"},
    KMS | {"event_name": "RetireGrant", "resources": resources(("AWS::KMS::Key", KEY_ID))},
    KMS | {"event_name": "RetireGrant", "resources": resources(("AWS::KMS::Key", OTHER_KEY_ID))},
    KMS | {"event_name": "PutKeyPolicy", "resources": resources(("AWS::KMS::Key", KEY_ID))},
    KMS | {"event_name": "PutKeyPolicy"},
    EC2 | {"error_code": "Client.InstanceLimitExceeded"},
    EC2 | {"error_code": "Client.UnauthorizedOperation"},
    EC2 | {"error_code": "Client.InstanceLimitExceeded", "request_id": "the same"},
    KMS | {"event_name": "RetireGrant", "aws_region": "eu-west-1"},
    KMS | {"event_name": "RetireGrant", "recipient_account_id": OTHER},
    KMS | {"event_name": "RevokeGrant"}, KMS | {"event_name": "DisableKey",
           "resources": resources(("AWS::KMS::Key", KEY_ID))},
    KMS | {"event_name": "Decrypt", "error_code": "DisabledException"},
    KMS | {"event_name": "Decrypt", "error_code": "DisabledException", "event_id": "the same"},
    {"event_source": "", "event_name": "Decrypt"}, {"event_source": "", "event_name": "Unknown"},
    {"event_source": "sts.amazonaws.com", "event_name": "AssumeRole", "resources": HANDED_OUT},
    {"event_source": "sts.amazonaws.com", "event_name": "AssumeRole", "resources": BY_SERVICE},
    {"event_source": "sts.amazonaws.com", "event_name": "AssumeRole", "resources": HANDED_OUT,
     "error_code": "AccessDenied"},
    {"event_source": "iam.amazonaws.com", "event_name": "CreateRole",
     "resources": resources(("AWS::IAM::Role", "worker"))},
]  # fmt: skip
DENIED: list[dict[str, str]] = [
    {"user_name": "alice"}, {"user_name": "bob"}, {"user_name": "alice", "event_name": "Decrypt"},
    {"user_name": "worker", "aws_access_key": SESSION_KEY}, {"user_name": "Søren"},
    {"user_name": "AutoScaling", "aws_access_key": ""}, {"user_name": ""},
    {"user_name": "alice", "request_id": "the same"}, {"event_id": "twice"},
    {"user_name": 'a "b", c'}, {"user_name": " alice"}, {"aws_region": "eu-west-1"},
    {"resources": "[{"}, {"resources": resources(("AWS::KMS::Key", KEY_ID))},
    {"user_agent": f"curl\n{FORGED}\ncurl"}, {"event_source": ""},
]  # fmt: skip
ODD: list[dict[str, str]] = [
    {"user_agent": agent}
    for agent in ("x", "Mozilla (a, b)", 'a "b" c', f"curl\n{FORGED}\ncurl", f'"\n{FORGED}',
                  "a\r\nb", "\ufeff", "x\0y", "山" * 40, "y" * 700)
] + [
    {"event_time": "noon"}, {"event_time": "5/18/2026 7:00"},
    {"event_time": "2026-02-30T07:00:34Z"},
    {"event_time": "2026-05-18T24:00:00Z"}, {"event_time": "2026-05-18T07:00:34+02:00"},
    {"event_time": "1969-12-31T23:59:59Z"}, {"event_name": ""}, {"event_name": " Decrypt "},
    {"aws_region": "not a region"}, {"read_only": "TRUE"}, {"read_only": ""},
    {"recipient_account_id": "1.11122E+11"}, {"recipient_account_id": "11122223333"},
    {"event_category": ""}, {"aws_access_key": " AKIAEXAMPLE"}, {"user_name": "x" * 600},
    {"event_name": "Decrypt" + " " * 600}, {"event_name": "x" * 600},
    {"error_code": "AccessDenied" + " " * 600},
]  # fmt: skip
BAD = [
    FORGED.replace("aws-cli", 'aws"cli'), FORGED.replace("aws-cli", '"aws-cli'), '"', 'x"y', "x,y",
    line(row(**S3)).replace("aws-cli", 'a"b"c'), line(row(**S3)).rpartition(",")[0],
    line(row(**S3)) + ",x", f"x,{FORGED}", ",".join(HEADER), "", " ", ",", "\r", "\0",
    f'"{FORGED}"', FORGED.replace(",", '","'), f'{FORGED}"\n"', "A\nA\nA\rA\r",
]  # fmt: skip


@st.composite
def rows(draw: st.DrawFn) -> str:
    """Draw the text of a row: most are regular."""
    kind = draw(st.sampled_from(["row", "row", "row", "denied", "denied", "odd", "bad"]))
    if kind == "bad":
        return draw(st.sampled_from(BAD))
    minute, second = draw(st.integers(0, 12)), draw(st.integers(0, 3))
    cells = {"event_time": f"2026-05-18T07:{minute:02}:{second:02}Z"}
    if kind == "denied":
        return line(denied(**(cells | draw(st.sampled_from(DENIED)))))
    base = draw(st.sampled_from(FIELDS))
    odd = draw(st.sampled_from(ODD)) if kind == "odd" else {}
    make = denied if odd and draw(st.booleans()) else row
    return line(make(**(cells | (base if make is row else {}) | odd)))


ENDS = st.sampled_from(["\n"] * 12 + ["\r\n", "\r", "\n\n"])
FILES = st.lists(st.tuples(rows(), ENDS), max_size=14).map(
    lambda lines: "".join(one + end for one, end in lines)
)


def report(path: Path, **options: Any) -> dict[str, Any]:
    return audit(path, **options).to_dict()


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what sets the sizes: those of the vectorised reader, or None for the plain reader."""

    def set_sizes(sizes: tuple[int, int] | None) -> None:
        monkeypatch.setattr(exports, "LARGE", 1 << 60 if sizes is None else 0)
        if sizes is not None:
            monkeypatch.setattr(window, "BLOCK", sizes[0])
            monkeypatch.setattr(large, "RANGE", sizes[1])

    return set_sizes


CHECKS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=100,
)


@CHECKS
@given(
    text=FILES,
    sizes=st.tuples(st.integers(64, 3000), st.integers(64, 5000)),
    final=st.booleans(),
    window_of=st.sampled_from([None, None, "2026-05-18T07:03:00Z"]),
    packed=st.booleans(),
    byte=st.booleans(),
    redact=st.booleans(),
)
@example(text=f"{FORGED}\nA\nA\nA\rA\r", sizes=(700, 900), final=True, window_of=None,
         packed=False, byte=False, redact=False)  # fmt: skip
def test_the_report_is_that_of_the_plain_reader(
    tiny: Any, tmp_path_factory: Any, text: str, sizes: tuple[int, int], final: bool,
    window_of: str | None, packed: bool, byte: bool, redact: bool,
) -> None:  # fmt: skip
    text = f"{','.join(HEADER)}\n{line(row(**S3))}\n{text}"
    data = (text if final else text.rstrip("\r\n")).encode()
    if byte:
        data = data.replace(b"aws-cli", b"aws\xe9cli", 2)
    path = tmp_path_factory.mktemp("large") / "export.csv"
    path.write_bytes(gzip.compress(data) if packed else data)
    options: dict[str, Any] = {"redact": redact}
    if window_of:
        options |= {"around": window_of, "minutes": 2}
    tiny(None)
    expected = report(path, **options)
    tiny(sizes)
    assert report(path, **options) == expected


@CHECKS
@given(
    first=FILES,
    second=FILES,
    repeated=st.booleans(),
    sizes=st.tuples(st.integers(64, 3000), st.integers(64, 5000)),
)
def test_the_report_on_two_files_is_that_of_the_plain_reader(
    tiny: Any, tmp_path_factory: Any, first: str, second: str, repeated: bool,
    sizes: tuple[int, int],
) -> None:  # fmt: skip
    """The rows of one file can be in the other as well, as in exports of overlapping times."""
    head = f"{','.join(HEADER)}\n{line(row(**S3))}\n"
    folder = tmp_path_factory.mktemp("large")
    for name, text in ("1.csv", first), ("2.csv", first + second if repeated else second):
        (folder / name).write_text(head + text, newline="", encoding="utf-8")
    tiny(None)
    expected = report(folder)
    tiny(sizes)
    assert report(folder) == expected


@pytest.mark.parametrize("mix", MIXES)
def test_the_report_on_each_mix_of_the_benchmark_is_that_of_the_plain_reader(
    tiny: Any, tmp_path: Path, mix: str
) -> None:
    path = Path(make_export(tmp_path, 1.5, mix).path)
    tiny(None)
    expected = report(path)
    tiny((50_000, 400_000))
    assert report(path) == expected


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
