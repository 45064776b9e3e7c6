"""The CPU time of the command for n and 4n of whatever an input can have many of.

The exponent is log(time for 4n / time for n) / log 4, with times above start-up. Linear growth
has the exponent 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.benchmark.callers import Caller
from tests.benchmark.contestants import Contestant
from tests.benchmark.events import Event
from tests.benchmark.generate import make_export
from tests.benchmark.measure import Run, best, run
from tests.benchmark.records import line, row
from tests.sample_incident import ACCOUNT, EC2, HEADER, KEY_ARN, REGION, access_key, made_id

LIMIT = 1.15
_TIMES = 4
_ASKED = ("CreateGrant", "GenerateDataKeyWithoutPlaintext", "Decrypt")


@dataclass(frozen=True, kw_only=True)
class Growing:
    """What an input has n of."""

    title: str
    n: int
    write: Callable[[Path, int], list[str]]
    """Writes an input with n of it to a folder. Returns the arguments of the command."""


def _rows(folder: Path, n: int) -> list[str]:
    return [make_export(folder, n / 2500).path]


def _denials(folder: Path, n: int) -> list[str]:
    callers = [_user(number) for number in range(12)]
    keys = [_key(number) for number in range(8)]
    return [_export(folder, (_denied(at, callers[at % 12], keys[at % 8]) for at in range(n)))]


def _callers(folder: Path, n: int) -> list[str]:
    return [_export(folder, (_denied(at, _user(at // 2), KEY_ARN) for at in range(2 * n)))]


def _ec2_calls(folder: Path, n: int) -> list[str]:
    """Write n EC2 calls and n denials of one caller, two in each second."""
    caller = _user(0)
    events = (
        event
        for number in range(n)
        for event in (
            _denied(number // 2, caller, KEY_ARN),
            Event(number // 2, caller, "ec2", "RunInstances", caller.ip, caller.agent),
        )
    )
    return [_export(folder, events)]


def _keys(folder: Path, n: int) -> list[str]:
    caller = _user(0)
    return [_export(folder, (_denied(at, caller, _key(at)) for at in range(n)))]


def _principals(folder: Path, n: int) -> list[str]:
    """Write the denials of 200 users, and a key policy with n other users in two statements."""
    events = (_denied(at, _user(at % 200), KEY_ARN) for at in range(400))
    return _with_policy(folder, events, [_user(200 + number).arn for number in range(n)])


def _policy_callers(folder: Path, n: int) -> list[str]:
    """Write the denials of n users on one key, and its key policy without them."""
    events = (_denied(at, _user(at), KEY_ARN) for at in range(n))
    return _with_policy(folder, events, [_user(n).arn])


GROWING = {
    "rows": Growing(title="rows of an export", n=300_000, write=_rows),
    "denials": Growing(title="denials", n=15_000, write=_denials),
    "callers": Growing(title="denied callers", n=1_000, write=_callers),
    "ec2-calls": Growing(title="EC2 calls of one caller, among as many denials of it", n=7_500,
                         write=_ec2_calls),
    "keys": Growing(title="keys, each with a finding", n=1_000, write=_keys),
    "principals": Growing(title="principals of a key policy", n=80, write=_principals),
    "policy-callers": Growing(title="denied callers of one key with its policy", n=75,
                              write=_policy_callers),
}  # fmt: skip
"""Everything that is measured, by its name in the option --growth."""


def growth(
    names: Iterable[str], formats: Iterable[str], runs: int, folder: Path
) -> list[tuple[str, ...]]:
    """Return the rows of the table of growth, its header first."""
    rows: list[tuple[str, ...]] = [
        ("n", "format", "CPU s, n", "CPU s, 4n", "exponent", "limit", "holds")
    ]
    start = _write_start(folder)
    for name in names:
        growing = GROWING[name]
        inputs = [growing.write(folder / f"{name}-{n}", n) for n in (growing.n, _TIMES * growing.n)]
        for format_ in formats:
            done = [_best(arguments, format_, runs) for arguments in (start, *inputs)]
            rows.append(_cells(growing, format_, done))
    return rows


def _cells(growing: Growing, format_: str, done: list[Run]) -> tuple[str, ...]:
    start, once, more = (one.cpu for one in done)
    title = f"{growing.n:,} {growing.title}"
    for one in done:
        if one.failed:
            return (title, format_, "", "", f"**failed**: {one.answer[:60]}", "", "**no**")
    found = exponent(start, once, more)
    holds = "yes" if found <= LIMIT else "**no**"
    return (title, format_, f"{once:.2f}", f"{more:.2f}", f"{found:.2f}", f"≤ {LIMIT}", holds)


def exponent(start: float, once: float, more: float) -> float:
    """Return the exponent of the growth from n to 4n, from the times for nothing, n and 4n."""
    shortest = 0.01  # below this, times are noise
    return math.log(max(more - start, shortest) / max(once - start, shortest)) / math.log(_TIMES)


def _best(arguments: list[str], format_: str, runs: int) -> Run:
    *options, path = arguments
    ours = Contestant(title="", format=format_, options=tuple(options))
    return best(run(ours, path) for _ in range(runs))


def _write_start(folder: Path) -> list[str]:
    """Write an input with one denial, which shows the time to start."""
    return [_export(folder / "start", [_denied(0, _user(0), KEY_ARN)])]


def _user(number: int) -> Caller:
    name = f"user-{number:05d}"
    key = access_key("AKIA", ACCOUNT, name)
    return Caller(name, key, ACCOUNT, REGION, "198.51.100.7", "aws-cli/2.27.1")


def _key(number: int) -> str:
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{made_id('key', number)}"


def _denied(at: int, caller: Caller, key: str) -> Event:
    entry = {"resourceType": "AWS::KMS::Key", "resourceName": key}
    return Event(
        at, caller, "kms", _ASKED[at % 3], EC2, EC2, "AccessDenied",
        json.dumps([entry], separators=(",", ":")), kms_key=key,
    )  # fmt: skip


def _new_ids() -> Iterator[str]:
    return (f"{number:08x}-12ab-34cd-56ef-1234567890ab" for number in count())


def _export(folder: Path, events: Iterable[Event]) -> str:
    path = _file(folder, "export.csv")
    ids = _new_ids()
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(HEADER))
        file.writelines("\n" + row(event, ids.__next__) for event in events)
    return str(path)


def _with_policy(folder: Path, events: Iterable[Event], named: list[str]) -> list[str]:
    path, policy = _file(folder, "log.json"), _file(folder, "policy.json")
    ids = _new_ids()
    records = ",".join(line(event, ids.__next__) for event in events)
    path.write_text(f'{{"Records":[{records}]}}', encoding="utf-8")
    statements = [
        _statement("root", f"arn:aws:iam::{ACCOUNT}:root", ["kms:*"]),
        _statement("use", named, ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*",
                                  "kms:GenerateDataKey*", "kms:DescribeKey"]),
        _statement("grants", named, ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"])
        | {"Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}},
    ]  # fmt: skip
    document = {"Version": "2012-10-17", "Statement": statements}
    policy.write_text(json.dumps(document), encoding="utf-8")
    return [f"--key-policy={KEY_ARN}={policy}", str(path)]


def _statement(sid: str, principals: object, actions: list[str]) -> dict[str, object]:
    return {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principals}, "Action": actions,
            "Resource": "*"}  # fmt: skip


def _file(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
