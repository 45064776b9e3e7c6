"""`ebs-kms-audit lint`: formats and exit statuses."""

import json

import pytest

from ebs_kms_audit.cli.main import main
from ebs_kms_audit.explain import EntryKind, entries
from tests.checking.documents import (
    ALICE,
    AUTO_SCALING,
    DELEGATES,
    allow,
    grants,
    policy,
    terraform_plan,
    usage,
    write,
)

FINE = policy(DELEGATES, usage(ALICE), grants(ALICE))
INFO = policy(DELEGATES, grants(AUTO_SCALING))
WARNING = policy(DELEGATES, allow("*", "kms:Decrypt"))
ERROR = policy(usage(ALICE))
UNKNOWN = terraform_plan(("aws_kms_key.a", "aws_kms_key", {}, {"policy": True}))

STATUS = {
    "nothing found": (FINE, [], 0),
    "an info": (INFO, [], 0),
    "a warning": (WARNING, [], 1),
    "an error": (ERROR, [], 1),
    "an info that fails": (INFO, ["--fail-on", "info"], 1),
    "a warning that does not fail": (WARNING, ["--fail-on", "error"], 0),
    "an error that fails": (ERROR, ["--fail-on", "error"], 1),
    "an error that never fails": (ERROR, ["--fail-on", "never"], 0),
    "a policy that is not known yet": (UNKNOWN, [], 3),
    "a policy that is not known yet, and nothing fails": (UNKNOWN, ["--fail-on", "never"], 3),
    "no policy": ({}, [], 2),
}


@pytest.mark.parametrize(("document", "options", "status"), STATUS.values(), ids=STATUS)
def test_the_exit_status_says_how_serious_it_is(tmp_path, capsys, document, options, status):
    path = write(tmp_path, "given.json", document)
    assert main(["lint", path, *options]) == status
    error = capsys.readouterr().err
    assert error.startswith("ebs-kms-audit: ")
    assert "Traceback" not in error


def test_text_has_a_line_for_each_finding_and_a_summary(tmp_path, capsys):
    path = write(tmp_path, "given.json", ERROR)
    main(["lint", path])
    captured = capsys.readouterr()
    assert captured.out == (
        f"{path}:3:16: error: No principal can call kms:PutKeyPolicy, so nobody can change this "
        "policy again. [lockout, $.Statement]\n"
    )
    assert captured.err == "ebs-kms-audit: 1 error in 1 key policy\n"


def test_json_has_what_the_text_has(tmp_path, capsys):
    plan = terraform_plan(("aws_kms_key.a", "aws_kms_key", {"policy": json.dumps(WARNING)}, {}))
    path = write(tmp_path, "plan.json", plan)
    main(["lint", path, "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    [found] = report.pop("findings")
    assert report == {
        "schema": "ebs_kms_audit.lint/1", "files": [path], "policies": 1, "not_checked": [],
    }  # fmt: skip
    assert {name: found[name] for name in ("file", "resource", "id", "severity", "sid")} == {
        "file": path, "resource": "aws_kms_key.a", "id": "open_to_everyone",
        "severity": "warning", "sid": None,
    }  # fmt: skip
    assert found["json_path"] == "$.Statement[1].Principal.AWS"


def test_a_text_of_the_policy_cannot_write_to_the_terminal(tmp_path, capsys):
    path = write(tmp_path, "given.json", policy(DELEGATES, allow("*", "x", Sid="\x1b[2Ja\nb")))
    main(["lint", path])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.count("\n") == 2


def test_each_id_has_a_page_with_an_example(capsys):
    for entry in entries(EntryKind.LINT):
        assert main(["explain", entry.id]) == 0
        page = capsys.readouterr().out
        assert entry.example.splitlines()[0] in page
        assert "ebs-kms-audit lint FILE" in " ".join(page.split())
