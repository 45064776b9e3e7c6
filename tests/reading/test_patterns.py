"""Patterns: the files that `glob` finds, and an end where links lead back."""

import glob
import os
from pathlib import Path

import pytest

from ebs_kms_audit.reading.patterns import matches

FILES = ("a.csv", "b.json", "x/a.csv", "x/y/a.csv", "x/y/b.csv", "x/x/a.csv", "z/.h/a.csv",
         ".h.csv", "[1].csv", "c d/é.csv")  # fmt: skip
PATTERNS = ("*.csv", "**/*.csv", "**", "x/**", "x/**/a.csv", "**/y/*", "**/**/a.csv", "*/a.csv",
            "**/x/a.csv", "?.csv", "[[]1].csv", "none/**", "**/none", "*/**/b.csv", "x/**/x/**/a.*",
            "./**/*.csv", "")  # fmt: skip


@pytest.fixture
def _folder(tmp_path, monkeypatch):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def files(paths: list[str]) -> list[str]:
    return sorted({os.path.normpath(path) for path in paths if Path(path).is_file()})


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("absolute", [False, True])
def test_a_pattern_stands_for_the_files_that_glob_finds(pattern, absolute):
    given = f"{glob.escape(str(Path.cwd()))}/{pattern}" if absolute else pattern
    assert files(matches(given)) == files(glob.glob(given, recursive=True))


@pytest.mark.usefixtures("_folder")
def test_a_pattern_ends_where_links_lead_back():
    for name in ("loop", "x/loop", "x/y/loop"):
        Path(name).symlink_to(Path.cwd(), target_is_directory=True)
    assert files(matches("**/a.csv")) == ["a.csv", "x/a.csv", "x/x/a.csv", "x/y/a.csv"]


@pytest.mark.parametrize("pattern", ["*" * 300, "[", "a\0*", "**/" * 400, "x" * 5000 + "*"])
def test_a_pattern_that_cannot_be_one_stands_for_nothing(tmp_path, monkeypatch, pattern):
    monkeypatch.chdir(tmp_path)
    assert matches(pattern) == []
