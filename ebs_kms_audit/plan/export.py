"""The statements of a step as Terraform and as CloudFormation.

Sources: Terraform AWS provider, "aws_iam_policy_document" (a Sid may occur once),
"aws_iam_role_policy"; Terraform Language, "Strings and Templates" (escape sequences); AWS
CloudFormation User Guide, "AWS::KMS::Key" (KeyPolicy), "AWS::IAM::ManagedPolicy".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ebs_kms_audit.plan.commands import INLINE_POLICY, identity
from ebs_kms_audit.plan.step import Step, StepKind

_HCL_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PLAIN = re.compile(r"[ !#-\[\]-~]*")  # printable ASCII without quotes and backslashes
_IN_TERRAFORM = """\
# Put these statements into the aws_iam_policy_document of the key policy. A statement with the same
# sid replaces the one that is there. A change in the console is overwritten at the next deployment.
"""
_IN_TEMPLATE = (
    "Put these statements into the KeyPolicy of the AWS::KMS::Key in your template. A statement "
    "with the same Sid replaces the one that is there. Do not deploy this file: it would create "
    "another key."
)
_WHOLE_POLICY = (
    "Put this KeyPolicy into the AWS::KMS::Key in your template. It is the whole policy. Do not "
    "deploy this file: it would create another key."
)


class ExportsOf:
    """The exports of a step. They are made when they are asked for: most are never used."""

    def __init__(self, step: Step) -> None:
        self._step = step

    @property
    def terraform(self) -> str | None:
        """The statements as HCL."""
        return terraform(self._step)

    @property
    def cloudformation(self) -> str | None:
        """The statements as JSON for a template."""
        of_key = self._step.kind is StepKind.KEY_POLICY
        return cloudformation(self._step) if of_key else managed_policy(self._step)


def terraform(step: Step) -> str | None:
    """Return the changed statements as an `aws_iam_policy_document`; None if there are none."""
    statements = _unique_sids(_changed(step))
    if not statements:
        return None
    blocks = "\n\n".join(_indented(_block(statement)) for statement in statements)
    if step.kind is StepKind.KEY_POLICY:
        return f"{_IN_TERRAFORM}{_data('key_policy_statements', blocks)}"
    return _data("use_of_the_key", blocks) + "".join(_attachments(step.principals))


def _data(name: str, blocks: str) -> str:
    return f'data "aws_iam_policy_document" "{name}" {{\n{blocks}\n}}\n'


def _attachments(principals: Sequence[str]) -> Iterator[str]:
    """Give the resources that attach the policy to users and roles, as an inline policy."""
    taken: set[str] = set()
    for who in filter(None, map(identity, principals)):
        kind, (_, name) = who
        # A Terraform name takes letters, digits, hyphens and underscores.
        base = label = f"{kind}_{re.sub(r'[^A-Za-z0-9_-]', '_', name)}"
        number = 2
        while label in taken:
            label = f"{base}-{number}"
            number += 1
        taken.add(label)
        yield (
            f'\nresource "aws_iam_{kind}_policy" "{label}" {{\n'
            f"  name = {_hcl(INLINE_POLICY)}\n  {kind} = {_hcl(name)}\n"
            "  policy = data.aws_iam_policy_document.use_of_the_key.json\n}\n"
        )


def cloudformation(step: Step) -> str | None:
    """Return a CloudFormation template in JSON with the policy; None if there is none."""
    whole = step.document is not None
    document = step.document or {
        "Version": "2012-10-17",
        "Statement": _unique_sids(step.statements),
    }
    if not document["Statement"]:
        return None
    key = {"Type": "AWS::KMS::Key", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": _WHOLE_POLICY if whole else _IN_TEMPLATE,
        "Resources": {"Key": key | {"Properties": {"KeyPolicy": document}}},
    }
    return json.dumps(template, indent=2) + "\n"


def managed_policy(step: Step) -> str:
    """Return a CloudFormation template with an AWS::IAM::ManagedPolicy for the callers."""
    properties: dict[str, Any] = {"PolicyDocument": step.document}
    for kind, (_, name) in filter(None, map(identity, step.principals)):
        properties.setdefault("Users" if kind == "user" else "Roles", []).append(name)
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {"UseOfTheKey": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}},
    }
    return json.dumps(template, indent=2) + "\n"


def _changed(step: Step) -> list[dict[str, Any]]:
    """Return the statements that the step adds or changes, as they are afterwards."""
    if step.document is None or step.before is None:
        return list(step.statements)
    old, new = _listed(step.before["Statement"]), _listed(step.document["Statement"])
    return [one for at, one in enumerate(new) if at >= len(old) or one != old[at]]


def _listed(statements: Any) -> list[Any]:
    return statements if isinstance(statements, list) else [statements]


def _unique_sids(statements: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    taken: set[object] = set()
    found = []
    for statement in statements:
        sid, number = statement.get("Sid"), 2
        while sid is not None and sid in taken:
            sid = f"{statement['Sid']} {number}"
            number += 1
        taken.add(sid)
        found.append(statement if sid is None else statement | {"Sid": sid})
    return found


def _block(statement: Mapping[str, Any]) -> Iterator[str]:
    yield "statement {"
    if "Sid" in statement:
        yield f"  sid = {_hcl(statement['Sid'])}"
    yield f"  effect = {_hcl(statement['Effect'])}"
    for element, argument in (
        ("Action", "actions"),
        ("NotAction", "not_actions"),
        ("Resource", "resources"),
        ("NotResource", "not_resources"),
    ):
        if element in statement:
            yield f"  {argument} = {_hcl(_texts(statement[element]))}"
    for element, argument in (("Principal", "principals"), ("NotPrincipal", "not_principals")):
        if element in statement:
            yield from _principals(argument, statement[element])
    for operator, block in statement.get("Condition", {}).items():
        for key, value in block.items():
            yield ""
            yield "  condition {"
            yield f"    test = {_hcl(operator)}"
            yield f"    variable = {_hcl(key)}"
            yield f"    values = {_hcl(_texts(value))}"
            yield "  }"
    yield "}"


def _principals(argument: str, named: Any) -> Iterator[str]:
    by_type = named if isinstance(named, dict) else {"*": named}
    for type_, names in by_type.items():
        yield ""
        yield f"  {argument} {{"
        yield f"    type = {_hcl(type_)}"
        yield f"    identifiers = {_hcl(_texts(names))}"
        yield "  }"


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one if isinstance(one, str) else json.dumps(one) for one in values]


def _hcl(value: str | list[str]) -> str:
    """Write a text, or a list of texts, as HCL: `${` and `%{` would be templates."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_hcl, value)) + "]"
    plain = _PLAIN.fullmatch(value)
    text = value if plain else "".join(map(_hcl_character, value))
    text = text.replace("${", "$${").replace("%{", "%%{")
    return f'"{text}"'


def _hcl_character(character: str) -> str:
    """Write a character of a quoted string. HCL has fewer escapes than JSON, and no surrogates."""
    if character in _HCL_ESCAPES:
        return _HCL_ESCAPES[character]
    if " " <= character <= "~":
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _indented(lines: Iterator[str]) -> str:
    return "\n".join(f"  {line}" if line else "" for line in lines)
