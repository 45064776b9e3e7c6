"""The public names of the package, and the modules that it imports."""

import subprocess
import sys
from pathlib import Path

import pytest

import ebs_kms_audit
from tests.benchmark.generate import make_export, make_logs

SAMPLE = Path(__file__).parents[1] / "sample_data" / "event_history.csv"


@pytest.mark.parametrize("name", ebs_kms_audit.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(ebs_kms_audit, name).__doc__
    assert name in dir(ebs_kms_audit)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'audits'"):
        _ = ebs_kms_audit.audits


# What a console CSV and the text report do not use.
TABLES = "pandas pyarrow numpy"
OF_RECORDS = "jsonpath_ng"
SLOW = "argparse difflib hashlib ipaddress pathlib tempfile textwrap"
OWN = (
    "sql spark render.html render.json render.table policy reading.records reading.key_policies "
    "reading.policy_layers model.command_output model.grant model.message model.record "
    "model.symptom model.window diagnosis.judge diagnosis.judgement diagnosis.policy_log "
    "diagnosis.unused plan.change plan.proof plan.safety plan.folder redaction checking"
)


def imported_by(code: str) -> set[str]:
    """Return the modules that a fresh Python imports to run the code, which may print."""
    code = f"""import sys
before = set(sys.modules)
{code}
print(*(set(sys.modules) - before), file=sys.stderr)"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stderr.splitlines()[-1].split())


def test_importing_the_package_imports_no_large_module():
    imported = imported_by("import ebs_kms_audit")
    assert {name for name in imported if name.startswith("ebs_kms_audit")} == {"ebs_kms_audit"}
    assert len(imported) < 5


@pytest.fixture(scope="module")
def imported_by_the_command() -> set[str]:
    sample = Path(__file__).parents[1] / "sample_data" / "event_history.csv"
    return imported_by(f"from ebs_kms_audit.cli.main import main; main([{str(sample)!r}])")


@pytest.mark.parametrize(
    "module",
    [
        *f"{TABLES} {OF_RECORDS} {SLOW}".split(),
        *(f"ebs_kms_audit.{name}" for name in OWN.split()),
    ],
)
def test_the_command_on_a_small_export_does_not_import(module, imported_by_the_command):
    assert "ebs_kms_audit.render.text" in imported_by_the_command
    assert module not in imported_by_the_command


@pytest.mark.parametrize(
    ("mix", "sizes", "is_used"),
    [
        ("typical", [8], True),  # importing numpy takes as long as the plain reader for 6 MB
        ("typical", [2], False),
        ("typical", [2, 2.1, 2.2], True),
        ("dense-0.5", [2], True),  # an audit needs each row, which takes four times as long
        ("dense-0.5", [1], False),
    ],
)
def test_the_command_imports_numpy_if_it_pays_and_no_other_of_these(tmp_path, mix, sizes, is_used):
    paths = [make_export(tmp_path, size, mix).path for size in sizes]
    imported = imported_by(f"from ebs_kms_audit.cli.main import main; main({paths!r})")
    assert ("numpy" in imported) == is_used
    assert imported.isdisjoint({"pandas", "pyarrow", "jsonpath_ng"})


@pytest.mark.parametrize(
    ("mix", "size", "is_used"),
    [("typical", 1, True), ("typical", 0.5, False), ("dense-0.5", 0.5, True)],
)
def test_numpy_reads_smaller_exports_if_it_is_imported(tmp_path, mix, size, is_used):
    path = make_export(tmp_path, size, mix).path
    imported = imported_by(f"import numpy, ebs_kms_audit; ebs_kms_audit.audit({path!r})")
    assert ("ebs_kms_audit.reading.exports.large" in imported) == is_used


@pytest.mark.parametrize(
    ("before", "is_used"), [("", False), ("import numpy\n", True)], ids=["not imported", "imported"]
)
def test_numpy_reads_small_logs_only_if_it_is_imported(tmp_path, before, is_used):
    path = make_logs(tmp_path, 2).path
    imported = imported_by(f"{before}import ebs_kms_audit; ebs_kms_audit.audit({path!r})")
    assert ("ebs_kms_audit.reading.records.index" in imported) == is_used


@pytest.mark.parametrize("package", ["context", "diagnosis", "plan", "render", "report"])
def test_reading_starts_before_the_rest_is_imported(package):
    imported = imported_by("import ebs_kms_audit.auditing")
    assert "ebs_kms_audit.reading.exports" in imported
    own = {name for name in imported if name.startswith(f"ebs_kms_audit.{package}")}
    assert own <= {"ebs_kms_audit.diagnosis", "ebs_kms_audit.diagnosis.layers"}


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


def test_an_error_says_where_it_is_and_keeps_that_as_attributes(tmp_path):
    path = tmp_path / "key_policy.json"
    path.write_text('{"Statement": 7}')
    with pytest.raises(ebs_kms_audit.InputError) as raised:
        ebs_kms_audit.audit(SAMPLE, key_policies=str(path))
    error = raised.value
    assert (error.source, error.json_path, error.exit_code) == (str(path), "$.Statement", 2)
    assert str(error) == (
        f"{path}: $.Statement: a statement or a list of statements is expected here"
    )
