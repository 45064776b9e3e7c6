"""Command lines: options with values of any kind, in any order."""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

from ebs_kms_audit.cli.main import main
from ebs_kms_audit.render.registry import FORMATS
from tests.fuzz.generator import Generator
from tests.fuzz.values import text
from tests.make_samples import SAMPLES
from tests.output_checks import check_characters

_FILES = ("event_history.csv", "event_history.json", "key_policy.json")
_CONTENT = {name: (SAMPLES / name).read_bytes() for name in _FILES}
_COMMANDS = ("explain", "message", "query", "lint", "check", "help", "version", "demo")
_OPTIONS = ("--records", "--key-policy", "--principal", "--message", "--key", "--around",
            "--minutes", "--format", "--show", "--finding", "--color", "-o", "--operation",
            "--days", "--table",
            "--region", "--account", "--partitions", "--event-data-store", "--fail-on", "--plan",
            "--width", "--caller")  # fmt: skip
_FLAGS = ("--redact", "--details", "--least-privilege", "--exit-zero", "--help", "--version", "--",
          "-h", "--qzx", "-x")  # fmt: skip
_STATUSES = {0, 1, 2, 3}


def _words(rng: random.Random) -> list[str]:
    if rng.random() < 0.1:  # a report over an input
        given = rng.choice(_FILES)
        return [*rng.choice(([given], [".", given], ["--records", given])), "-o", given]
    words = [rng.choice(_COMMANDS)] if rng.random() < 0.4 else []
    if rng.random() < 0.6:
        words.append(_FILES[0])
    for _ in range(rng.randint(0, 4)):
        kind = rng.random()
        if kind < 0.6:
            words += [rng.choice(_OPTIONS), _value(rng)]
        elif kind < 0.8:
            words.append(rng.choice(_FLAGS))
        else:
            words.append(_value(rng))
    return words


def _value(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(_FILES)
    if kind < 0.55:
        return rng.choice((*FORMATS, *_COMMANDS, "athena", "lake", "policy", "diff", "commands",
                           "5", "AttachVolume", "safe", "2026-05-18T07:00", "always",
                           "out.html"))  # fmt: skip
    if kind < 0.65:
        return f"{text(rng)[:40]}=arn:aws:iam::111122223333:role/{text(rng)[:40]}"
    return text(rng)


def _check(words: list[str]) -> None:
    out, err = io.StringIO(), io.StringIO()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for name, content in _CONTENT.items():
                Path(name).write_bytes(content)
            with (
                redirect_stdout(out),
                redirect_stderr(err),
                patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(b""))),
            ):
                try:
                    status: object = main(words)
                except SystemExit as exit_:
                    status = exit_.code
            for name in _inputs(words):
                assert Path(name).read_bytes() == _CONTENT[name], f"{name} was written over"
        finally:
            os.chdir(before)
    assert status in _STATUSES, status
    check_characters(out.getvalue().replace("\x1b[", ""))
    said = err.getvalue()
    check_characters(said)
    assert all(line.startswith("ebs-kms-audit: ") for line in said.splitlines()), said[:300]
    assert status != 2 or said, "an error is said"


def _inputs(words: list[str]) -> set[str]:
    """Return the files that are an input for sure, whatever the other words mean."""
    found = {word for before, word in pairwise(["", *words]) if before != "-o"} & set(_FILES)
    return set(_FILES) if words[:1] == ["."] else found


GENERATORS = [Generator(name="commands", make=_words, check=_check, count=80)]
