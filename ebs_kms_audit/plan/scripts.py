"""The scripts of a step's folder: apply.sh, verify.sh and undo.sh. They need bash, aws and python3.

Each works in its own folder. What AWS answers is saved under a new name, and nothing is
overwritten. Every command is built by `aws.commands.command`, which quotes each word.

Sources: AWS CLI Command Reference, "kms get-key-policy", "kms put-key-policy", "kms create-grant",
"iam put-role-policy".
"""

from __future__ import annotations

from collections.abc import Iterator

from ebs_kms_audit.aws.commands import command
from ebs_kms_audit.plan import commands
from ebs_kms_audit.plan.step import Step, StepKind

_HEAD = """\
#!/usr/bin/env bash
# {purpose} Needs bash, aws and python3.
set -euo pipefail
set -o noclobber
umask 077
cd -- "$(dirname -- "${{BASH_SOURCE[0]}}")"
"""
# Prints a name that no file has: present-1.json, present-2.json and so on.
_NEW_NAME = """
new_name() {
  local n=1
  while [ -e "$1-$n.json" ]; do n=$((n + 1)); done
  printf '%s-%s.json' "$1" "$n"
}
"""
# Compares two policies as JSON. A string equals a list of one; the order within Action and
# Principal lists does not count.
_SAME_POLICY = """
same_policy() {
  python3 - "$1" "$2" <<'PYTHON'
import json
import sys


def listed(value):
    return value if isinstance(value, list) else [value]


def normal(value, unordered=False):
    values = [json.dumps(one, sort_keys=True) for one in listed(value)]
    return sorted(set(values)) if unordered else values


def statement(one):
    made = {}
    for name, value in one.items():
        if name in ("Action", "NotAction"):
            made[name] = normal(value, True)
        elif name in ("Principal", "NotPrincipal") and isinstance(value, dict):
            made[name] = {kind: normal(names, True) for kind, names in value.items()}
        elif name in ("Resource", "NotResource"):
            made[name] = normal(value)
        elif name == "Condition" and isinstance(value, dict):
            made[name] = {
                operator: {key: normal(values) for key, values in block.items()}
                if isinstance(block, dict) else block
                for operator, block in value.items()
            }
        else:
            made[name] = value
    return made


def policy(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    found = listed(document.get("Statement"))
    made = [statement(one) if isinstance(one, dict) else one for one in found]
    return {**document, "Statement": made}


sys.exit(0 if policy(sys.argv[1]) == policy(sys.argv[2]) else 1)
PYTHON
}
"""
_STOP = """\
  echo "Stopped: {why}" >&2
  exit 1
"""


def scripts(step: Step) -> dict[str, str]:
    """Return the scripts of a step by file name; empty for a step that has none."""
    match step.kind:
        case StepKind.KEY_POLICY if step.document is not None and step.target is not None:
            return _key_policy(step)
        case StepKind.GRANT if step.target is not None:
            return _grant(step)
        case StepKind.IAM_POLICY if step.principals:
            return _iam_policy(step)
    return {}


def _script(purpose: str, *parts: str) -> str:
    return _HEAD.format(purpose=purpose) + "".join(parts)


def _key_policy(step: Step) -> dict[str, str]:
    save = (
        _NEW_NAME + _SAME_POLICY + f"\npolicy=$({commands.get_key_policy(step)})\n"
        "present=$(new_name present)\n"
        'printf \'%s\\n\' "$policy" > "$present"\n'
        'echo "The present key policy is saved as $present."\n'
    )
    apply = (
        f'if ! same_policy {commands.BEFORE} "$present"; then\n'
        + _STOP.format(why="the present key policy is not the judged one. Run the audit with it.")
        + f"fi\n{commands.put_key_policy(step, commands.AFTER)}\n"
        'echo "The new key policy is put. Run verify.sh. To undo it, run undo.sh."\n'
    )
    verify = (
        f'if ! same_policy {commands.AFTER} "$present"; then\n'
        + _STOP.format(why="the present key policy is not the new one.")
        + 'fi\necho "The key has the new key policy."\n'
    )
    undo = (
        f'if ! same_policy {commands.AFTER} "$present"; then\n'
        + _STOP.format(why="the present key policy is not the one that apply.sh put.")
        + f"fi\n{commands.put_key_policy(step, commands.BEFORE)}\n"
        'echo "The previous key policy is put."\n'
    )
    return {
        "apply.sh": _script("Puts the new key policy.", save, apply),
        "verify.sh": _script("Checks that the key has the new key policy.", save, verify),
        "undo.sh": _script("Puts the previous key policy.", save, undo),
    }


def _grant(step: Step) -> dict[str, str]:
    create = commands.create_grant(step, step.principals[0])
    apply = (
        _NEW_NAME + f"\ngrant=$({create} --output json)\n"
        "created=$(new_name grant)\n"
        'printf \'%s\\n\' "$grant" > "$created"\n'
        'echo "The grant is created. Its id is saved in $created."\n'
    )
    list_grants = command("aws", "kms", "list-grants", *commands.on_key(step))
    verify = (
        "\nfound=$(" + list_grants + " --output json)\n"
        "python3 - \"$found\" <<'PYTHON'\nimport glob\nimport json\nimport sys\n\n"
        'ids = {one["GrantId"] for one in json.loads(sys.argv[1])["Grants"]}\n'
        'made = {json.load(open(name, encoding="utf-8"))["GrantId"] for name in '
        'glob.glob("grant-*.json")}\n'
        'if not made & ids:\n    sys.exit("Stopped: the key has no grant that apply.sh created.")\n'
        'print("The key has the grant.")\nPYTHON\n'
    )
    revoke = command("aws", "kms", "revoke-grant", *commands.on_key(step), "--grant-id")
    undo = (
        "\nfound=0\n"
        "for file in grant-*.json; do\n"
        '  [ -e "$file" ] || continue\n'
        "  found=1\n"
        "  id=$(python3 -c 'import json, sys; "
        'print(json.load(open(sys.argv[1], encoding="utf-8"))["GrantId"])\' "$file")\n'
        f'  {revoke} "$id"\n'
        '  echo "The grant in $file is revoked."\n'
        "done\n"
        'if [ "$found" = 0 ]; then\n' + _STOP.format(why="apply.sh has created no grant.") + "fi\n"
    )
    return {
        "apply.sh": _script("Creates the grant.", apply),
        "verify.sh": _script("Checks that the key has the grant.", verify),
        "undo.sh": _script("Revokes the grant.", undo),
    }


def _iam_policy(step: Step) -> dict[str, str]:
    return {
        "apply.sh": _script(
            "Attaches the IAM policy.", "\n", *_iam_lines(step, "put"), _said("attached")
        ),
        "verify.sh": _script("Shows the IAM policy.", "\n", *_iam_lines(step, "get")),
        "undo.sh": _script(
            "Deletes the IAM policy.", "\n", *_iam_lines(step, "delete"), _said("deleted")
        ),
    }


def _said(done: str) -> str:
    return f'echo "The IAM policy is {done}."\n'


def _iam_lines(step: Step, verb: str) -> Iterator[str]:
    """Give the commands for each user and role; a policy of the same name is never replaced."""
    text = {"put": step.commands.apply, "get": step.commands.verify, "delete": step.commands.undo}
    if verb == "put":
        for line in step.commands.verify.splitlines():
            yield f"if {line} > /dev/null 2>&1; then\n"
            yield _STOP.format(why="a policy of this name is attached already.")
            yield "fi\n"
    yield text[verb]
