"""`--plan DIR`: the folder, and its scripts, which run with a command `aws` of our own."""

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import hcl2
import jsonpatch
import pytest

from ebs_kms_audit.cli.main import main
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.plan import Step, StepKind
from ebs_kms_audit.plan.folder import step_files, write_plan
from ebs_kms_audit.plan.step import ExportTexts
from tests.make_samples import SAMPLES
from tests.plan.test_across_accounts import KEY_ELSEWHERE, POLICY
from tests.records import AUTO_SCALING, KEY_ARN, audit, log, record, session

SAMPLE = [str(SAMPLES / "event_history.csv"), "--records", str(SAMPLES / "event_history.json")]
KEY_POLICY = str(SAMPLES / "key_policy.json")
KEY_ID = KEY_ARN.rpartition("/")[2]
FOLDER = f"1-key_policy-{KEY_ID}"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


@pytest.fixture
def plan(tmp_path, capsys):
    """Return a function that writes a plan and returns its folder."""

    def write(*arguments):
        folder = tmp_path / "fix"
        assert main([*arguments, "--plan", str(folder)]) == 0
        assert capsys.readouterr().out == ""
        return folder

    return write


class Account:
    """An account in which scripts run."""

    def __init__(self, folder):
        self.state = folder / "state.json"
        binaries = folder / "bin"
        binaries.mkdir()
        shutil.copy(Path(__file__).with_name("fake_aws.py"), binaries / "aws")
        (binaries / "aws").chmod(0o755)
        self.env = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}",
                    "FAKE_AWS": str(self.state)}  # fmt: skip
        self.write({"policies": {}, "grants": [], "iam": {}, "calls": []})

    def write(self, state):
        self.state.write_text(json.dumps(state), encoding="utf-8")

    def read(self):
        return json.loads(self.state.read_text(encoding="utf-8"))

    def has_policy(self, key, text):
        self.write(self.read() | {"policies": {key: text}})

    def run(self, script):
        return subprocess.run(
            [str(script)], env=self.env, capture_output=True, text=True, check=False, cwd="/"
        )


@pytest.fixture
def account(tmp_path):
    return Account(tmp_path)


def loaded(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_each_step_that_changes_something_has_a_folder(plan):
    folder = plan(*SAMPLE, "--key-policy", KEY_POLICY)
    assert sorted(path.name for path in folder.iterdir()) == [
        FOLDER, f"3-iam_policy-{KEY_ID}", "plan.md",
    ]  # fmt: skip
    assert sorted(path.name for path in (folder / FOLDER).iterdir()) == [
        "after.json", "apply.sh", "before.json", "main.tf", "patch.json", "template.json",
        "undo.sh", "verify.sh",
    ]  # fmt: skip
    before, after = loaded(folder / FOLDER / "before.json"), loaded(folder / FOLDER / "after.json")
    assert before == json.loads(Path(KEY_POLICY).read_text(encoding="utf-8"))
    assert jsonpatch.apply_patch(before, loaded(folder / FOLDER / "patch.json")) == after
    hcl2.loads((folder / FOLDER / "main.tf").read_text(encoding="utf-8"))
    hcl2.loads((folder / f"3-iam_policy-{KEY_ID}" / "main.tf").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("umask", "folder_mode", "file_mode"),
    [(0o022, 0o755, 0o644), (0o077, 0o700, 0o600), (0o027, 0o750, 0o640)],
)
def test_the_umask_says_who_can_read_a_plan(plan, umask, folder_mode, file_mode):
    before = os.umask(umask)
    try:
        folder = plan(*SAMPLE, "--key-policy", KEY_POLICY)
    finally:
        os.umask(before)
    modes = {
        name: stat.S_IMODE((folder / name).stat().st_mode)
        for name in ("", FOLDER, "plan.md", f"{FOLDER}/after.json", f"{FOLDER}/apply.sh",
                     f"{FOLDER}/verify.sh", f"{FOLDER}/undo.sh")
    }  # fmt: skip
    assert modes == {
        "": folder_mode, FOLDER: folder_mode, "plan.md": file_mode,
        f"{FOLDER}/after.json": file_mode, f"{FOLDER}/apply.sh": folder_mode,
        f"{FOLDER}/verify.sh": folder_mode, f"{FOLDER}/undo.sh": folder_mode,
    }  # fmt: skip
    assert [path.name for path in folder.parent.iterdir()] == ["fix"]  # nothing is left beside it


def test_without_the_policy_there_are_statements_and_no_script(plan):
    folder = plan(*SAMPLE[:1])
    (step,) = [path for path in folder.iterdir() if path.name.startswith("1-key_policy-")]
    assert sorted(path.name for path in step.iterdir()) == [
        "main.tf", "statements.json", "template.json",
    ]  # fmt: skip
    assert len(loaded(step / "statements.json")) == 2


def test_the_documents_are_json_in_ascii_two_spaces_a_level():
    odd = {
        "Version": "2012-10-17",
        "Id": "clé",
        "Statement": [POLICY["Statement"][0] | {"Sid": "é"}],
    }
    own = POLICY["Statement"][0]["Principal"]["AWS"].replace("444455556666", "111122223333")
    odd["Statement"][0]["Principal"] = {"AWS": own}
    files = step_files(audit(record(), key_policies={KEY_ARN: odd}).plan[0])
    assert files["before.json"] == (
        '{\n  "Version": "2012-10-17",\n  "Id": "cl\\u00e9",\n  "Statement": [\n    {\n'
        '      "Effect": "Allow",\n      "Principal": {\n'
        f'        "AWS": "{own}"\n      }},\n      "Action": "kms:*",\n      "Resource": "*",\n'
        '      "Sid": "\\u00e9"\n    }\n  ]\n}\n'
    )
    assert files["patch.json"].startswith('[\n  {\n    "op": "add",\n    "path": "/Statement/-",\n')
    assert files["patch.json"].endswith("\n]\n")


SCRIPTS = ["apply.sh", "undo.sh", "verify.sh"]


def texts(terraform, cloudformation):
    return ExportTexts(terraform=terraform, cloudformation=cloudformation)


@pytest.mark.parametrize(
    ("kind", "fields", "names"),
    [
        ("investigate", {"exports": texts("x", None), "document": {}}, []),
        ("key_state", {"target": KEY_ARN}, []),
        ("grant", {}, []),
        ("grant", {"target": KEY_ARN, "principals": (AUTO_SCALING,)}, SCRIPTS),
        ("iam_policy", {}, ["after.json"]),
        ("iam_policy", {"exports": texts("x", "")}, ["after.json", "main.tf"]),
        ("key_policy", {}, ["statements.json"]),
        ("key_policy", {"document": {}, "exports": texts(None, "x")},
         ["statements.json", "template.json"]),
        ("key_policy", {"document": {}, "target": KEY_ARN},
         ["after.json", "apply.sh", "before.json", "patch.json", "undo.sh", "verify.sh"]),
    ],
)  # fmt: skip
def test_the_files_of_a_step(kind, fields, names):
    files = step_files(Step(id="x", kind=StepKind(kind), text="", **fields))
    assert isinstance(files, dict)
    assert sorted(files) == names


def test_without_the_key_no_file_is_one_to_put():
    """The policy may be another key's: there are statements to copy, and no script."""
    (step, *_) = audit(record(errorMessage="absent"), key_policies=POLICY).plan
    assert step.document is not None
    files = step_files(step)
    assert sorted(files) == ["main.tf", "statements.json", "template.json"]
    assert json.loads(files["statements.json"]) == list(step.statements)


def test_apply_verify_undo(plan, account):
    step = plan(*SAMPLE, "--key-policy", KEY_POLICY) / FOLDER
    account.has_policy(KEY_ARN, Path(KEY_POLICY).read_text(encoding="utf-8"))

    assert account.run(step / "verify.sh").returncode == 1
    applied = account.run(step / "apply.sh")
    assert (applied.returncode, applied.stderr) == (0, "")
    assert json.loads(account.read()["policies"][KEY_ARN]) == loaded(step / "after.json")
    assert account.run(step / "verify.sh").returncode == 0

    # Again: the present policy is no longer the judged one.
    again = account.run(step / "apply.sh")
    assert again.returncode == 1
    assert again.stderr == (
        "Stopped: the present key policy is not the judged one. Run the audit with it.\n"
    )

    assert account.run(step / "undo.sh").returncode == 0
    assert json.loads(account.read()["policies"][KEY_ARN]) == loaded(step / "before.json")
    # Each run saved what it found under a new name.
    saved = sorted(path.name for path in step.glob("present-*.json"))
    assert saved == [f"present-{number}.json" for number in range(1, 6)]
    assert loaded(step / "present-1.json") == loaded(step / "before.json")


def changed(text, edit):
    document = json.loads(text)
    edit(document)
    return json.dumps(document)


def reverse_actions(document):
    document["Statement"][1]["Action"].reverse()


def list_of_one(document):
    statement = document["Statement"][0]
    statement["Action"] = [statement["Action"]]
    statement["Principal"]["AWS"] = [statement["Principal"]["AWS"]]


def another_sid(document):
    document["Statement"][0]["Sid"] = "other"


def another_action(document):
    document["Statement"][1]["Action"].append("kms:Decrypt")


def fewer_statements(document):
    del document["Statement"][1]


@pytest.mark.parametrize(
    ("edit", "status"),
    [
        (reverse_actions, 0),
        (list_of_one, 0),
        (another_sid, 1),
        (another_action, 1),
        (fewer_statements, 1),
    ],
)
def test_apply_stops_unless_the_present_policy_is_the_judged_one(plan, account, edit, status):
    step = plan(*SAMPLE, "--key-policy", KEY_POLICY) / FOLDER
    account.has_policy(KEY_ARN, changed(Path(KEY_POLICY).read_text(encoding="utf-8"), edit))
    assert account.run(step / "apply.sh").returncode == status
    put = [call for call in account.read()["calls"] if call[1] == "put-key-policy"]
    assert len(put) == 1 - status


@pytest.mark.parametrize("present", ["", "not JSON", "{}"])
def test_apply_stops_at_an_answer_that_is_not_a_policy(plan, account, present):
    step = plan(*SAMPLE, "--key-policy", KEY_POLICY) / FOLDER
    account.has_policy(KEY_ARN, present)
    assert account.run(step / "apply.sh").returncode == 1


def test_undo_stops_if_somebody_changed_the_policy_since(plan, account):
    step = plan(*SAMPLE, "--key-policy", KEY_POLICY) / FOLDER
    text = (step / "after.json").read_text(encoding="utf-8")
    account.has_policy(KEY_ARN, changed(text, another_sid))
    undone = account.run(step / "undo.sh")
    assert undone.returncode == 1
    assert undone.stderr == "Stopped: the present key policy is not the one that apply.sh put.\n"


def test_the_scripts_of_an_iam_policy(plan, account):
    step = plan(*SAMPLE, "--key-policy", KEY_POLICY) / f"3-iam_policy-{KEY_ID}"
    assert account.run(step / "apply.sh").returncode == 0
    attached = account.read()["iam"]
    assert set(attached) == {"alice/UseOfTheKmsKey", "deploy/UseOfTheKmsKey"}
    assert json.loads(attached["deploy/UseOfTheKmsKey"]) == loaded(step / "after.json")
    again = account.run(step / "apply.sh")
    assert again.returncode == 1
    assert again.stderr == "Stopped: a policy of this name is attached already.\n"
    assert account.run(step / "verify.sh").returncode == 0
    assert account.run(step / "undo.sh").returncode == 0
    assert account.read()["iam"] == {}


def test_the_scripts_of_a_grant(plan, account, tmp_path):
    records, policy = tmp_path / "records.json", tmp_path / "policy.json"
    denied = record(
        resources=[{"ARN": KEY_ELSEWHERE}], userIdentity=session(AUTO_SCALING, "AutoScaling"),
        errorMessage="absent",
    )  # fmt: skip
    records.write_text(log(denied).read(), encoding="utf-8")
    policy.write_text(json.dumps(POLICY), encoding="utf-8")
    folder = plan("--records", str(records), "--key-policy", f"{KEY_ELSEWHERE}={policy}")
    step = folder / f"2-grant-{KEY_ID}"
    assert account.run(step / "undo.sh").returncode == 1
    assert account.run(step / "verify.sh").returncode == 1
    assert account.run(step / "apply.sh").returncode == 0
    assert account.run(step / "verify.sh").returncode == 0
    assert account.run(step / "undo.sh").returncode == 0
    assert account.read()["grants"] == []


def test_an_existing_folder_is_left_alone(tmp_path, capsys):
    folder = tmp_path / "fix"
    folder.mkdir()
    (folder / "mine").write_text("mine", encoding="utf-8")
    assert main([*SAMPLE, "--plan", str(folder)]) == 2
    assert capsys.readouterr().err == (
        f"ebs-kms-audit: --plan {folder}: it exists already. Name a new folder.\n"
    )
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_a_folder_whose_name_no_file_can_have_leaves_nothing(tmp_path):
    with pytest.raises(UsageError, match=r"it cannot be written: .*embedded null"):
        write_plan((), "summary", str(tmp_path / "a\0b"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path, capsys):
    folder = tmp_path / "missing" / "fix"
    assert main([*SAMPLE, "--plan", str(folder)]) == 2
    assert capsys.readouterr().err == (
        f"ebs-kms-audit: --plan {folder}: it cannot be written: No such file or directory.\n"
    )
    assert list(tmp_path.iterdir()) == []
