"""Exports: their structure (cells, columns, quotes) and their bytes."""

from __future__ import annotations

import csv
import gzip
import io
import random
from dataclasses import dataclass

import ebs_kms_audit
from tests.fuzz.checks import denied_names, report_or_error
from tests.fuzz.generator import Generator
from tests.fuzz.values import INJECTIONS, text
from tests.rows import HEADER, row

_BY_COLUMN = {
    "Recipient Account Id": (
        "1" + "0" * 400 + ".0", "1." + "1" * 28 + "E+11", "1.11122E+11", "1E+999999999", "1,1E+11",
        "0" * 50, "'111122223333", '="111122223333"', "11112222333", "111122223333.0",
        "١١١١٢٢٢٢٣٣٣٣",
    ),
    "User name": INJECTIONS,
    "Source IP address": INJECTIONS,
    "Event time": (
        "2026-05-18T07:00:34.123456789Z", "2026-02-30T00:00:00Z", "18.05.2026, 07:00", "45795.29",
        "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-05-18 24:00:00", "1" * 400,
    ),
    "Resources": (
        "[{", "[1]", "{}", '[{"resourceName":5}]', '[{"resourceName":"\\ud800"}]', "[" * 3000,
        '[{"resourceName":' + "1" * 5000 + "}]", '[{"resourceName":"alias/qzx"}]',
    ),
}  # fmt: skip
_CELLS = [name for name in HEADER if name != "Event ID"]


@dataclass(frozen=True, slots=True)
class Structure:
    """An export with rows of hostile cells, and the names of the callers who must be found."""

    content: str
    rows: int
    sentinels: frozenset[str]


def _structure(rng: random.Random) -> Structure:
    header = list(HEADER)
    if rng.random() < 0.3:
        rng.shuffle(header)
    if rng.random() < 0.2:
        header.insert(rng.randrange(len(header) + 1), text(rng)[:30].strip() or "Extra")
    file = io.StringIO(newline="")
    writer = csv.writer(
        file,
        delimiter=rng.choice(",,,;\t|"),
        quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
        lineterminator=rng.choice(("\n", "\r\n")),
    )
    writer.writerow(header)
    sentinels = set()
    rows = rng.randint(1, 8)
    for number in range(rows):
        cells = row() | {"Event ID": f"event-{number}", "User name": f"sentinel-{number}"}
        if number and rng.random() < 0.7:
            if rng.random() < 0.5:
                column = rng.choice(list(_BY_COLUMN))
                cells[column] = rng.choice(_BY_COLUMN[column])
            else:
                cells |= {name: text(rng) for name in rng.sample(_CELLS, rng.randint(1, 3))}
            if rng.random() < 0.3:
                cells["Event ID"] = text(rng)
        else:
            sentinels.add(f"sentinel-{number}")
        writer.writerow([cells.get(name, text(rng)) for name in header])
    return Structure(file.getvalue(), rows, frozenset(sentinels))


def _check_structure(made: Structure) -> None:
    data = made.content.encode("utf-8", "surrogatepass")
    report = report_or_error(lambda: ebs_kms_audit.audit(io.BytesIO(data), progress=False))
    if report is None:
        return
    assert report.coverage.rows_read >= len(made.sentinels)
    if report.coverage.rows_read == made.rows and not report.set_aside:
        assert made.sentinels <= denied_names(report), made.sentinels - denied_names(report)


def _bytes(rng: random.Random) -> bytes:
    data = bytearray(_structure(rng).content.encode("utf-8", "surrogatepass"))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
        elif kind == 1:
            del data[at : at + rng.randint(1, 40)]
        elif kind == 2:
            data[at:at] = rng.choice(
                (b'"', b'""', b"\n", b"\r", b"\0", b",", b"\xef\xbb\xbf", b"\xff")
            )
        elif kind == 3:
            data = data[:at]
        elif kind == 4:
            data[at:at] = data[at : at + rng.randint(1, 300)]
        elif data:
            data[at % len(data)] = rng.randrange(256)
    made = bytes(data)
    packing = rng.random()
    if packing < 0.1:
        made = made.decode("utf-8", "replace").encode(
            rng.choice(("utf-16", "utf-16-le", "utf-8-sig"))
        )
    elif packing < 0.2:
        made = gzip.compress(made)[: rng.choice((None, 40, -5))]
    return made


def _check_bytes(made: bytes) -> None:
    report_or_error(lambda: ebs_kms_audit.audit(io.BytesIO(made), progress=False))


GENERATORS = [
    Generator(name="csv-structure", make=_structure, check=_check_structure, count=60),
    Generator(name="csv-bytes", make=_bytes, check=_check_bytes, count=80),
]
