"""What `import ebs_kms_audit` gives, and what it costs in modules."""

import subprocess
import sys
from pathlib import Path

import pytest

import ebs_kms_audit


@pytest.mark.parametrize("name", ebs_kms_audit.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(ebs_kms_audit, name).__doc__
    assert name in dir(ebs_kms_audit)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'audits'"):
        _ = ebs_kms_audit.audits


def test_importing_the_package_imports_nothing_of_weight():
    code = "import ebs_kms_audit, sys; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(run.stdout.split())
    assert {name for name in imported if name.startswith("ebs_kms_audit")} == {"ebs_kms_audit"}
    assert not imported & {"pandas", "pyarrow", "jsonpath_ng", "csv", "json", "dataclasses"}


def test_spark_without_pyspark_says_how_to_get_it(monkeypatch):
    from ebs_kms_audit.spark import audit

    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ebs_kms_audit.UsageError, match=r"pip install 'ebs_kms_audit\[spark\]'"):
        audit("x.csv")


def test_judging_needs_no_files_and_no_tables():
    code = (
        "from ebs_kms_audit import KeyPolicy, Request, evaluate; import sys;"
        "policy = KeyPolicy.from_dict({'Statement': []});"
        "evaluate(Request(principal='arn:aws:iam::111122223333:role/x', action='kms:Decrypt'),"
        " policy); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(run.stdout.split())
    assert not {m for m in imported if m.startswith(("pandas", "pyarrow", "jsonpath_ng"))}
    assert not {m for m in imported if m.startswith("ebs_kms_audit.reading")}


def test_the_command_on_a_small_export_imports_only_what_it_needs(tmp_path):
    """Neither tables nor what judges policies: a small file is to be answered at once."""
    sample = Path(__file__).parents[1] / "sample_data" / "event_history.csv"
    code = (
        "from ebs_kms_audit.cli import main; import sys;"
        f"main([{str(sample)!r}, '-o', {str(tmp_path / 'report.txt')!r}]); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(run.stdout.split())
    assert not imported & {"pandas", "pyarrow", "numpy"}
    unneeded = ("policy", "redact", "queries", "render.html", "render.json", "messages.parse")
    assert not imported & {f"ebs_kms_audit.{name}" for name in unneeded}
