"""A folder with exports."""

from pathlib import Path

import pytest

from tests.rows import export, row

DENIED = export(row()).read()
CLEAN = export(row(event_name="Decrypt", read_only="true", error_code="")).read()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("denied.csv").write_text(DENIED, encoding="utf-8")
    Path("clean.csv").write_text(CLEAN, encoding="utf-8")
    Path("prose.csv").write_text("Dear all,\nit does not work.\n", encoding="utf-8")
    return tmp_path
