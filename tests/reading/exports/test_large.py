"""The vectorised reader gives the same report as the plain reader, for any file.

The plain reader is the judge. Blocks and ranges are tiny here, so that rows lie across every
border.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ebs_kms_audit import audit
from ebs_kms_audit.reading import Reading
from tests.benchmark.events import MIXES
from tests.benchmark.generate import make_export
from tests.exports import ACCOUNT, HEADER, access_key, denied, export, row
from tests.records import AUTO_SCALING
from tests.sample_incident import KEY_ID

OTHER = "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/worker"
VOLUME = "vol-0123456789abcdef0"
KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
OTHER_KEY_ID = "0000aaaa-12ab-34cd-56ef-1234567890ab"
SESSION_KEY = access_key("ASIA", ACCOUNT, "worker")


def line(one: dict[str, str], quoted: Collection[str] = (), header: Sequence[str] = HEADER) -> str:
    """Write one row as in a file, without the end of its last line.

    The cells of the `quoted` columns are in quotes, other cells where they must be.
    """
    cells = [one.get(name, "") for name in header]
    return ",".join(
        '"' + cell.replace('"', '""') + '"' if name in quoted or {*cell} & {*'",\r\n'} else cell
        for name, cell in zip(header, cells, strict=True)
    )


def resources(*pairs: tuple[str, str]) -> str:
    entries = [{"resourceType": kind, "resourceName": name} for kind, name in pairs]
    return json.dumps(entries, separators=(",", ":"))


EC2 = {"event_source": "ec2.amazonaws.com", "event_name": "RunInstances"}
KMS = {"event_source": "kms.amazonaws.com"}
S3 = {"event_source": "s3.amazonaws.com", "event_name": "PutObject"}
IAM = {"event_source": "iam.amazonaws.com", "event_name": "CreateUser"}
LONG_TERM = {"aws_access_key": access_key("AKIA", ACCOUNT, "alice")}
FORGED = line(denied("mallory"))
POLICY = {"Version": "2012-10-17", "Statement": []}
"""Given without a key, it is that of the denied key if the input names no other."""
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
    EC2 | {"resources": resources(("AWS::EC2::Volume", VOLUME), ("AWS::KMS::Key", OTHER_KEY_ID))},
    S3 | {"resources": resources(("AWS::KMS::Key", KEY_ARN))},
    S3 | {"resources": resources(("AWS::KMS::Key", OTHER_KEY_ID)), "user_name": "k" * 600},
    S3 | {"user_agent": resources(("AWS::KMS::Key", OTHER_KEY_ID))},
    EC2 | {"user_name": 'a "b", c'}, KMS | {"event_name": "Decrypt", "user_name": 'a "b", c'},
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
    KMS | {"event_name": "CreateGrant", "source_ip_address": "\tAWS Internal"},
    KMS | {"event_name": "CreateGrant", "source_ip_address": "\u00a0AWS Internal/3"},
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
    KMS | {"event_name": "Decrypt", "error_code": "ThrottlingException", "event_id": "the same"},
    KMS | {"event_name": "Decrypt", "error_code": "ThrottlingException", "user_name": "bob"},
    KMS | {"event_name": "Decrypt", "error_code": "ThrottlingException"} | LONG_TERM,
    KMS | {"event_name": "Decrypt", "error_code": "ThrottlingException", "event_id": " the same "},
    KMS | {"event_name": "Decrypt", "error_code": "NotFoundException", "event_id": 'a "b"',
           "resources": resources(("AWS::KMS::Key", KEY_ID))},
    KMS | {"event_name": "Decrypt", "error_code": "NotFoundException", "event_id": "",
           "resources": resources(("AWS::KMS::Key", OTHER_KEY_ID))},
    KMS | {"event_name": "Decrypt", "error_code": "NotFoundException", "event_id": "i" * 600,
           "resources": resources(*(("AWS::KMS::Key", f"alias/{n}") for n in range(20)))},
    KMS | {"event_name": "Decrypt", "error_code": "DisabledException", "user_name": "bob",
           "resources": resources(("AWS::KMS::Key", KEY_ARN))} | LONG_TERM,
    KMS | {"event_name": "Decrypt", "error_code": "DisabledException",
           "resources": resources(("AWS::KMS::Key", KEY_ARN), ("AWS::KMS::Key", OTHER_KEY_ID))},
    KMS | {"event_name": "Decrypt", "error_code": "DisabledException", "aws_region": "nowhere"},
    {"event_source": "", "event_name": "Decrypt"}, {"event_source": "", "event_name": "Unknown"},
    {"event_source": "sts.amazonaws.com", "event_name": "AssumeRole", "resources": HANDED_OUT},
    {"event_source": "sts.amazonaws.com", "event_name": "AssumeRole", "resources": BY_SERVICE},
    {"event_source": "sts.amazonaws.com", "event_name": "AssumeRole", "resources": HANDED_OUT,
     "error_code": "AccessDenied"},
    {"event_source": "sts.amazonaws.com", "event_name": "AssumeRole", "resources": "[{broken",
     "error_code": "AccessDenied"},
    {"event_source": "iam.amazonaws.com", "event_name": "AttachRolePolicy"},
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
    {"resources": resources(("AWS::KMS::Key", KEY_ARN))},
    {"resources": resources(("AWS::KMS::Key", KEY_ARN)), "event_source": "ec2.amazonaws.com"},
    {"user_agent": f"curl\n{FORGED}\ncurl"}, {"event_source": ""},
    {"event_id": " spaces "}, {"event_id": ""}, {"request_id": 'a "b", c'}, {"request_id": "é"},
    {"request_id": "r" * 80}, {"request_id": "two\nlines"}, {"aws_access_key": "A" * 600},
    {"source_ip_address": "198.51.100.7"}, {"source_ip_address": " 203.0.113.9"},
    {"source_ip_address": "2001:db8::7", "user_agent": 'a "b", c'}, {"source_ip_address": ""},
    {"source_ip_address": "AWS Internal"}, {"source_ip_address": "AWS Internal/3"},
    {"source_ip_address": 'a "b"'}, {"source_ip_address": "x" * 600, "user_agent": "x" * 600},
    {"user_name": "n" * 600},
]  # fmt: skip
ODD: list[dict[str, str]] = [
    {"user_agent": agent}
    for agent in ("x", "Mozilla (a, b)", 'a "b" c', f"curl\n{FORGED}\ncurl", f'"\n{FORGED}',
                  "a\r\nb", "a\rb", f"curl\r\n{FORGED}\r", "\ufeff", "x\0y", "山" * 40, "y" * 700)
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

QUOTED = st.one_of(st.sampled_from([[], [], HEADER]), st.sets(st.sampled_from(HEADER)))
"""The columns of a row that are quoted: none where not needed, all, or some."""


@st.composite
def rows(draw: st.DrawFn) -> str:
    """Draw the text of a row: most are regular."""
    kind = draw(st.sampled_from(["row", "row", "row", "denied", "denied", "odd", "bad"]))
    if kind == "bad":
        return draw(st.sampled_from(BAD))
    minute, second = draw(st.integers(0, 12)), draw(st.integers(0, 3))
    cells = {"event_time": f"2026-05-18T07:{minute:02}:{second:02}Z"}
    quoted = draw(QUOTED)
    if kind == "denied":
        return line(denied(**(cells | draw(st.sampled_from(DENIED)))), quoted)
    base = draw(st.sampled_from(FIELDS))
    odd = draw(st.sampled_from(ODD)) if kind == "odd" else {}
    make = denied if odd and draw(st.booleans()) else row
    return line(make(**(cells | (base if make is row else {}) | odd)), quoted)


Lines = list[tuple[str, str | None]]

ODD_ENDS = st.sampled_from([None] * 12 + ["\n", "\r\n", "\r", "\n\n"])
"""None is the end of most lines of the file."""
FILES: st.SearchStrategy[Lines] = st.lists(st.tuples(rows(), ODD_ENDS), max_size=14)
ENDS = st.sampled_from(["\n", "\n", "\r\n"])


def export_of(lines: Lines, end: str) -> str:
    """Write a header, a row and these lines. Other lines inside quoted cells end with a newline."""
    head: Lines = [(",".join(HEADER), None), (line(row(**S3)), None)]
    return "".join(one + (end if odd is None else odd) for one, odd in [*head, *lines])


def report(path: Path, **options: Any) -> dict[str, Any]:
    return audit(path, **options).to_dict()


CHECKS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=100,
)


@CHECKS
@given(
    lines=FILES,
    end=ENDS,
    sizes=st.tuples(st.integers(64, 3000), st.integers(64, 5000)),
    final=st.booleans(),
    window_of=st.sampled_from([None, None, "2026-05-18T07:03:00Z"]),
    packed=st.booleans(),
    byte=st.booleans(),
    redact=st.booleans(),
    policies=st.sampled_from([None, POLICY]),
)
@example(lines=[(FORGED, None), ("A\nA\nA\rA", "\r")], end="\n", sizes=(700, 900), final=True,
         window_of=None, packed=False, byte=False, redact=False, policies=None)  # fmt: skip
def test_the_report_is_that_of_the_plain_reader(
    tiny: Any, tmp_path_factory: Any, lines: Lines, end: str, sizes: tuple[int, int], final: bool,
    window_of: str | None, packed: bool, byte: bool, redact: bool, policies: Any,
) -> None:  # fmt: skip
    text = export_of(lines, end)
    data = (text if final else text.rstrip("\r\n")).encode()
    if byte:
        data = data.replace(b"aws-cli", b"aws\xe9cli", 2)
    path = tmp_path_factory.mktemp("large") / "export.csv"
    path.write_bytes(gzip.compress(data) if packed else data)
    options: dict[str, Any] = {"redact": redact, "key_policies": policies}
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
    ends=st.tuples(ENDS, ENDS),
    repeated=st.booleans(),
    sizes=st.tuples(st.integers(64, 3000), st.integers(64, 5000)),
)
def test_the_report_on_two_files_is_that_of_the_plain_reader(
    tiny: Any, tmp_path_factory: Any, first: Lines, second: Lines, ends: tuple[str, str],
    repeated: bool, sizes: tuple[int, int],
) -> None:  # fmt: skip
    """The rows of one file can be in the other as well, as in exports of overlapping times."""
    folder = tmp_path_factory.mktemp("large")
    both = first, first + second if repeated else second
    for name, lines, end in zip(("1.csv", "2.csv"), both, ends, strict=True):
        (folder / name).write_text(export_of(lines, end), newline="", encoding="utf-8")
    tiny(None)
    expected = report(folder)
    tiny(sizes)
    assert report(folder) == expected


NAMED = {"resources": resources(("AWS::IAM::User", f"arn:aws:iam::{ACCOUNT}:user/app/bob"))}

NAMED_ELSEWHERE = {"resources": NAMED["resources"].replace("app/bob", "data/bob")}
TEAM = resources(
    *(("AWS::IAM::User", f"arn:aws:iam::{ACCOUNT}:user/user-{number}") for number in range(20)),
    ("AWS::IAM::User", f"arn:aws:iam::{ACCOUNT}:user/carol"),
)


BOB = f"arn:aws:iam::{ACCOUNT}:user/app/bob"
FAILED = {"error_code": "AccessDenied"}
UNREADABLE = FAILED | {"event_name": "ListUsers", "aws_region": "a b", "resources": "[{"}
ROWS_OF_IAM: dict[str, tuple[list[dict[str, str]], str | None]] = {
    "named": ([IAM | NAMED], BOB),
    "named in a failed call": ([IAM | NAMED | FAILED], BOB),
    "named in one of them": ([IAM, IAM | NAMED, IAM], BOB),
    "not named": ([IAM, IAM | {"resources": ""}, IAM | {"resources": "[{"}], None),
    "long-term key": ([IAM | LONG_TERM | {"user_name": "bob"}], BOB.replace("app/", "")),
    "named three times": ([IAM | NAMED] * 3, BOB),
    "two paths": ([IAM | NAMED, IAM | NAMED_ELSEWHERE, IAM | NAMED], None),
    "long lists of resources": (
        [IAM | {"resources": TEAM}, IAM | {"resources": TEAM.replace("carol", "app/bob")}], BOB),
    "unreadable twice": ([IAM | FAILED | {"resources": "[" + "z" * 700}] * 2, None),
    "not an operation on a user": (
        [IAM | LONG_TERM | NAMED | {"user_name": "carol", "event_name": "ListUsers"}], None),
    "unreadable, with a long-term key": ([IAM | LONG_TERM | UNREADABLE], None),
}  # fmt: skip


@pytest.mark.parametrize(("rows_of_iam", "arn"), ROWS_OF_IAM.values(), ids=ROWS_OF_IAM)
def test_rows_of_iam_show_the_path_of_a_user(
    tiny: Any, tmp_path: Path, rows_of_iam: list[dict[str, str]], arn: str | None
) -> None:
    path = tmp_path / "export.csv"
    by_bob = denied("bob", aws_access_key=access_key("ASIA", ACCOUNT, "bob"))
    path.write_text(export(by_bob, *(row(**one) for one in rows_of_iam)))
    tiny(None)
    expected = report(path)
    tiny((64, 4_000))
    assert report(path) == expected
    assert audit(path).findings[0].principal.arn == arn


@pytest.mark.parametrize("sizes", [None, (50_000, 400_000), (2_000, 4_000)])
def test_rows_that_name_the_same_users_are_not_all_made_into_events(
    tiny: Any, tmp_path: Path, sizes: tuple[int, int] | None
) -> None:
    """An account can have tens of thousands of calls such as ListAccessKeys on a few users."""
    path = tmp_path / "export.csv"
    path.write_text(export(*[row(**IAM | NAMED), row(**IAM | NAMED_ELSEWHERE)] * 50))
    tiny(sizes)
    events = list(Reading(str(path)).read())
    assert [one.resources[0].name for one in events] == [
        f"arn:aws:iam::{ACCOUNT}:user/app/bob", f"arn:aws:iam::{ACCOUNT}:user/data/bob"
    ]  # fmt: skip


def test_resources_with_the_text_of_an_error_code_hide_no_denial(tiny: Any, tmp_path: Path) -> None:
    """A row is denied by its Error code, whatever the Resources of rows before it are."""
    path = tmp_path / "export.csv"
    decrypt = {"event_name": "Decrypt", "read_only": "true"}
    before = row(**KMS | decrypt | {"resources": "AccessDenied"})
    path.write_text(export(*[before] * 20, *[denied(**decrypt)] * 3))
    tiny((600, 100_000))
    assert audit(path).coverage.denials == 1  # the three rows have one Event ID


@pytest.mark.parametrize("mix", MIXES)
def test_the_report_on_each_mix_of_the_benchmark_is_that_of_the_plain_reader(
    tiny: Any, tmp_path: Path, mix: str
) -> None:
    path = Path(make_export(tmp_path, 1.5, mix).path)
    tiny(None)
    expected = report(path)
    tiny((50_000, 400_000))
    assert report(path) == expected


AS_WRITTEN: dict[str, Callable[[str], bytes]] = {
    "crlf.csv": lambda text: text.replace("\n", "\r\n").encode(),
    "cr.csv": lambda text: text.replace("\n", "\r").encode(),
    "utf-16.csv": lambda text: text.encode("utf-16"),
    "utf-16.csv.gz": lambda text: gzip.compress(text.encode("utf-16")),
    "no times.csv": lambda text: text.replace("Event time", "When", 1).encode(),
}


@pytest.mark.parametrize("name", AS_WRITTEN)
@pytest.mark.parametrize("rows", [499, 501, 1_003])
def test_no_row_is_lost_where_the_first_rows_are_read_by_the_plain_reader(
    tiny: Any, tmp_path: Path, name: str, rows: int
) -> None:
    """The first 500 rows are read first, to find out how dates are written."""
    made = [denied() if number % 100 == 98 else row() for number in range(rows)]
    path = tmp_path / name
    path.write_bytes(AS_WRITTEN[name](export(*made)))
    tiny((50_000, 400_000))
    coverage = audit(path).coverage
    assert (coverage.rows_read, coverage.rows_set_aside) == (rows, 0)
    assert coverage.denials == (rows + 1) // 100
