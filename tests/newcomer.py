"""Does what a newcomer does in a new clone: `.ci/newcomer` makes the clone and starts this.

It runs the commands and the Python of the README, each example of the README and of each `--help`,
and the notebook. The examples are found by parsing, so that a new one is tried as well. Each must
end with the expected exit status, and print no traceback and no warning. The examples run in a
folder with the sample data, with only the package and its dependencies installed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = "ebs-kms-audit"

MESSAGE = (
    "User: arn:aws:sts::111122223333:assumed-role/deploy/run is not authorized to perform: "
    "kms:CreateGrant on resource: arn:aws:kms:us-east-1:111122223333:key/"
    "1234abcd-12ab-34cd-56ef-1234567890ab because no resource-based policy allows the "
    "kms:CreateGrant action"
)
ROLE = "arn:aws:iam::111122223333:role/ci/deploy"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

# What a reader puts in the place of the words in capitals and of the shortened texts.
STAND_FOR = {
    r"\bFILES\b": "event_history.csv event_history.json key_policy.json",
    r"\bFOLDER\b": "logs",
    r"\bNAME=ROLE_ARN\b": f"deploy-7f3a={ROLE}",
    r"\bWORD\b": "safe",
    r"\bKEY-ID\b": KEY.rpartition("/")[2],
    r"--key-policy planned\.json": f"--key-policy {KEY}=planned.json",
    r'"User: [^"]*\.\.\."': f'"{MESSAGE}"',
}

# The exit status of an example: that of the first pattern found in it.
STATUS = {
    r"--exit-zero|--help|--plan | (?:demo|explain|help|lint|query|version)\b": 0,
    r"^(?:terraform|pip) [^|]*$": 0,
    r"--around 09:00": 3,  # the sample data has no denied call at that time
    r"check .*ebs-csi": 3,  # the key policy delegates to IAM policies, which are not given
    COMMAND: 1,  # the sample data has denied calls, and so has a message
}


def examples_of_readme(text: str) -> list[str]:
    """Return the commands in the inline code, the shell blocks and the CI steps of the README."""
    inline = re.findall(rf"`({COMMAND} [^`]+)`", text)
    shell = re.findall(r"```sh\n(.*?)\n```", text, re.DOTALL)
    yaml = "\n".join(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    steps = re.findall(r"- run: (?:>-\n)?((?:.+\n)(?: {10}.+\n)*)", yaml)
    return [
        *inline,
        *(line for block in shell for line in block.split("\n") if line.startswith(COMMAND)),
        *(" ".join(step.partition("   #")[0].split()) for step in steps),
    ]


def examples_of_help(text: str) -> list[str]:
    """Return the commands below `examples:` in a help text."""
    lines = text.partition("\nexample")[2].partition(":\n")[2].partition("\n\n")[0]
    commands = re.sub(r"\s*\\\n\s*", " ", lines).split("\n")
    # What follows after several spaces describes the command.
    return [re.sub(r"(\S) {3,}\S.*", r"\1", line.strip()) for line in commands if line.strip()]


def printed(*words: str) -> str:
    run = subprocess.run([COMMAND, *words], capture_output=True, text=True, check=True)
    return run.stdout


def all_examples() -> list[str]:
    commands = re.findall(rf"^  {COMMAND} (\w+)", printed("--help"), re.MULTILINE)
    texts = [printed("--help")] + [printed(one, "--help") for one in dict.fromkeys(commands)]
    found = examples_of_readme((ROOT / "README.md").read_text(encoding="utf-8"))
    for text in texts:
        found += examples_of_help(text)
    return list(dict.fromkeys(found))


def example_as_typed(example: str) -> str:
    """Return an example with what a reader puts in the place of its words in capitals."""
    for pattern, text in STAND_FOR.items():
        example = re.sub(pattern, text, example)
    # The name of a command alone, in a sentence.
    return f"{example} --help" if example in (f"{COMMAND} check", f"{COMMAND} lint") else example


def run(line: str, folder: Path, expected: int = 0) -> bool:
    """Run a line in a shell; return whether it ends and prints as it should."""
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=900,
    )
    good = done.returncode == expected and not re.search(
        r"Traceback|Warning", done.stdout + done.stderr
    )
    print("ok    " if good else "FAILED", line, flush=True)
    if not good:
        print(f"exit status {done.returncode}, expected: {expected}\n{done.stdout}\n{done.stderr}")
    return good


# Programs of other makers that the examples call.
TERRAFORM = """#!/bin/sh
case "$1" in show) cat plan_of_terraform.json ;; esac
"""
PBPASTE = f"#!/bin/sh\necho {shlex.quote(MESSAGE)}\n"


def prepare(folder: Path) -> None:
    """Write the files that the examples name, and stand-ins for the programs of other makers."""
    for sample in (ROOT / "sample_data").glob("event_history*"):
        shutil.copy(sample, folder)
    policy = (ROOT / "sample_data" / "key_policy.json").read_text()
    for name in ("key_policy.json", "planned.json"):
        (folder / name).write_text(policy)
    (folder / "logs").mkdir()
    for copy in ("events.json", "logs/log.json"):
        shutil.copy(folder / "event_history.json", folder / copy)
    key = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": json.loads(policy)}}
    (folder / "template.json").write_text(json.dumps({"Resources": {"Disks": key}}))
    change = {
        "address": "aws_kms_key.disks",
        "type": "aws_kms_key",
        "mode": "managed",
        "change": {"actions": ["create"], "after": {"policy": policy}, "after_unknown": {}},
    }
    plan = {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [change]}
    (folder / "plan_of_terraform.json").write_text(json.dumps(plan))
    for name, script in (("terraform", TERRAFORM), ("pbpaste", PBPASTE)):
        program = folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(script)
        program.chmod(0o755)


def main() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    main_job, tests = re.findall(r"```sh\n(python3 -m venv .*)\n```", readme)
    results = [run(main_job, ROOT, expected=1)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        path = [str(folder / "bin"), str(ROOT / ".venv" / "bin"), os.environ["PATH"]]
        os.environ["PATH"] = os.pathsep.join(path)
        os.environ["GITHUB_STEP_SUMMARY"] = str(folder / "summary.md")
        os.environ["EBS_KMS_AUDIT"] = str(ROOT)
        for example in all_examples():
            line = example_as_typed(example)
            expected = next(code for pattern, code in STATUS.items() if re.search(pattern, line))
            results.append(run(line, folder, expected))
        programs = re.findall(r"```python\n(.*?)\n```", readme, re.DOTALL)
        results += [run(f"python -c {shlex.quote(code)}", ROOT) for code in programs]
        # Some of the tests; .ci/run has run all of them.
        results.append(run(f"{tests} tests/test_package.py tests/test_readme.py", ROOT))
        results.append(run("jupyter execute walkthrough.ipynb", ROOT / "sample_data"))
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    raise SystemExit(not all(results))


if __name__ == "__main__":
    main()
