"""Every output of hostile inputs, parsed: nothing of an input is anything but text in it.

tests/fuzz tries many more inputs; these are one of each kind, in each place that a report shows.
"""

import io
import json

import pytest

import ebs_kms_audit
from ebs_kms_audit.checking.lint_files import lint_files
from ebs_kms_audit.plan.folder import write_plan
from ebs_kms_audit.render import lint as render_lint
from ebs_kms_audit.render import plan_parts
from tests.fuzz.values import INJECTIONS
from tests.output_checks import check, check_characters, check_shell, outputs
from tests.records import ACCOUNT, KEY_ARN, ROLE, log, record, session
from tests.rows import export, row

SHORT = [text for text in INJECTIONS if len(text) < 100]
ENDINGS = {"policy": ".json", "statements": ".json", "diff": ".diff", "patch": ".json",
           "commands": ".sh", "terraform": ".tf", "cloudformation": ".json"}  # fmt: skip


def policy(hostile: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": hostile,
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", hostile]},
                "Action": "kms:DescribeKey",
                "Resource": "*",
                "Condition": {"StringLike": {f"aws:PrincipalTag/{hostile}": hostile}},
                hostile: hostile,
            }
        ],
    }


def report(hostile: str, tmp_path) -> ebs_kms_audit.Report:
    rows = [
        row(user_name=hostile, event_name=f"Decrypt{hostile}"),
        row(user_name=f"x{hostile}", resources=json.dumps([{"resourceName": f"alias/{hostile}"}])),
        row(error_code=f"Disabled{hostile}", user_name=hostile, source_ip_address=hostile),
        row(event_time=hostile),
    ]
    records = [
        record(eventID=f"event-{name}{hostile}", eventName=name,
               userIdentity=session(ROLE, f"run{hostile}"[:60]), sourceIPAddress=hostile,
               errorMessage=f"User: {hostile} is not authorized to perform: kms:{name} on "
               f"resource: {KEY_ARN} because no resource-based policy allows it {hostile}")
        for name in ("CreateGrant", "GenerateDataKeyWithoutPlaintext", "DescribeKey")
    ]  # fmt: skip
    shown = hostile.replace("/", "").encode("utf-8", "ignore").decode()
    broken = tmp_path / f"broken{shown}.csv"
    broken.write_text(f"{hostile}\n", encoding="utf-8", errors="backslashreplace")
    data = export(*rows).read().encode("utf-8", "replace")
    return ebs_kms_audit.audit(
        [io.BytesIO(data), str(broken)],
        records=io.StringIO(log(*records).read()),
        key_policies={KEY_ARN: policy(hostile)},
        messages=[f"Client.InternalError: Client error on launch {hostile}"],
        progress=False,
    )


@pytest.mark.parametrize("hostile", SHORT, ids=ascii)
def test_no_output_of_a_report_takes_more_than_text_from_an_input(hostile, tmp_path):
    made = report(hostile, tmp_path)
    assert len(made.findings) == 3
    assert [step.kind for step in made.plan] == ["key_policy", "key_policy", *["investigate"] * 2]
    for name, text in outputs(made):
        check(name, text)


@pytest.mark.parametrize("hostile", SHORT, ids=ascii)
def test_no_part_of_a_step_takes_more_than_text_from_an_input(hostile, tmp_path):
    made = report(hostile, tmp_path)
    assert set(ENDINGS) == set(plan_parts.PARTS)
    shown = []
    for step in made.plan:
        shown.append(set())
        for part, ending in ENDINGS.items():
            try:
                text, contents = plan_parts.render(made, part, step.id)
            except ebs_kms_audit.UsageError as error:
                check_characters(str(error))
                continue
            check(f"part{ending}", text)
            check_characters(contents)
            shown[-1].add(part)
    # The second key has no policy in the input. Some texts are the name of an alias that exists.
    assert shown[0] == set(plan_parts.PARTS)
    assert shown[1] >= {"statements"}
    assert shown[2:] == [set(), {"commands"}]


@pytest.mark.parametrize("hostile", SHORT, ids=ascii)
def test_no_file_of_the_plan_takes_more_than_text_from_an_input(hostile, tmp_path):
    made = report(hostile, tmp_path)
    folder = tmp_path / "plan"
    write_plan(made.plan, made.to_markdown(), str(folder))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {".sh", ".json", ".md"} <= {path.suffix for path in files}
    for path in files:
        check_characters(str(path.relative_to(folder)))
        check(path.name, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("hostile", SHORT, ids=ascii)
def test_no_form_of_lint_takes_more_than_text_from_a_policy(hostile, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy(hostile)), encoding="utf-8")
    found = lint_files([str(path)])
    expected = {"invalid_principal", "unknown_element", "lockout"}
    assert {one.finding.id for one in found.findings} - {"invalid_character"} == expected
    for name, render in render_lint.RENDERERS.items():
        text = render(found)
        check("lint.json" if name in ("json", "sarif") else "lint.txt", text)
        if name == "github":
            assert all(line.startswith("::") for line in text.splitlines())


@pytest.mark.parametrize(
    "script",
    ["aws kms describe-key --key-id qzx; touch x", "echo $(qzx)", "echo `qzx`", "echo qzx\\",
     "-qzx",     "cat <<END\nx\nEND\n$(qzx)", "echo 'it' qzx;'", 'echo "$qzx"'],
)  # fmt: skip
def test_the_check_of_scripts_sees_a_word_that_is_not_quoted(script):
    with pytest.raises(AssertionError):
        check_shell(script)


@pytest.mark.parametrize("script", ["echo 'qzx; $(qzx)'", "# qzx $(qzx)", "echo qzx-1 a/qzx",
                                    "cat <<'END'\n$(qzx)\nEND\n"])  # fmt: skip
def test_the_check_of_scripts_takes_quoted_words(script):
    check_shell(script)
