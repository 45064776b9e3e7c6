"""Folders of inputs: names, links, archives, devices, and files that cannot be read."""

from __future__ import annotations

import gzip
import io
import os
import random
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import ebs_kms_audit
from tests.fuzz.checks import report_or_error
from tests.fuzz.generator import Generator
from tests.rows import export, row

_NAMES = ("a.csv", "b.csv", "x\ny.csv", "\x1b[2J.csv", "\u202efdp.csv", "a b.csv", "=1.csv",
          "-o.csv",
          "é.csv", "[x].csv", "*.csv", "n" * 240 + ".csv", "x.CSV", ".hidden.csv",
          "<qzx>.csv")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tree:
    """What is put into a folder, and how the folder is given to the audit."""

    entries: tuple[tuple[str, str], ...]
    given: str


def _tree(rng: random.Random) -> Tree:
    kinds = ("csv", "csv", "csv", "gz", "zip", "badgz", "badzip", "folder", "loop", "link", "fifo",
             "empty", "text", "utf16", "surrogate", "hardlink", "up")  # fmt: skip
    entries = tuple((rng.choice(kinds), rng.choice(_NAMES)) for _ in range(rng.randint(1, 7)))
    return Tree(entries, rng.choice((".", ".", "**", "*.csv", "**/*.csv", "./", "list")))


def _check(made: Tree) -> None:
    with tempfile.TemporaryDirectory() as name:
        before = Path.cwd()
        os.chdir(name)
        try:
            _check_in(Path(), made)
        finally:
            os.chdir(before)


def _check_in(folder: Path, made: Tree) -> None:
    written = 0
    for number, (kind, name) in enumerate(made.entries):
        with suppress(FileExistsError, FileNotFoundError):
            written += _put(folder, kind, name, number)
    # A pipe that is named is read, as `<(command)` is, and this one has no writer.
    names = sorted(str(path) for path in folder.iterdir() if not path.is_fifo())
    given: object = names if made.given == "list" else made.given
    report = report_or_error(lambda: ebs_kms_audit.audit(given, progress=False))
    if report is None:
        return
    # No denial is in two files, so no file is counted twice, however it is reached.
    assert report.coverage.denials <= written
    assert report.coverage.duplicate_denials == 0, "a file was read twice"


def _put(folder: Path, kind: str, name: str, number: int) -> int:
    """Put one entry there; return how many denials it holds."""
    path = folder / f"{number}{name}"[:250]
    data = export(row(event_id=f"event-{number}", user_name=f"user-{number}")).read().encode()
    if kind == "csv":
        path.write_bytes(data)
    elif kind == "gz":
        path.with_suffix(".csv.gz").write_bytes(gzip.compress(data))
    elif kind in ("zip", "badzip"):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
            archive.writestr(name, data)
        packed = bytearray(file.getvalue())
        if kind == "badzip":
            at = len(name.encode()) + 50
            packed[at : at + 8] = b"\xff" * 8
        path.with_suffix(".zip").write_bytes(packed)
    elif kind == "badgz":
        path.with_suffix(".csv.gz").write_bytes(gzip.compress(data)[:-9])
    elif kind == "folder":
        inner = folder / f"folder{number}"
        inner.mkdir()
        (inner / "inner.csv").write_bytes(data)
    elif kind == "loop":
        (folder / f"loop{number}").symlink_to(folder.resolve(), target_is_directory=True)
    elif kind == "link":
        path.symlink_to("0a.csv")
    elif kind == "hardlink":
        path.hardlink_to(folder / "0a.csv")
    elif kind == "up":
        (folder / f"up{number}.csv").symlink_to(f"up{number}.csv")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "surrogate":
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe%d.csv" % number)).write_bytes(data)
    elif kind == "utf16":
        path.write_bytes(data.decode().encode("utf-16"))
    else:
        path.write_bytes(b"" if kind == "empty" else b"no export\n\0")
    return kind in ("csv", "gz", "zip", "badgz", "badzip", "folder", "surrogate", "utf16")


GENERATORS = [Generator(name="trees", make=_tree, check=_check, count=60)]
