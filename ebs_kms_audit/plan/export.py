"""A fix as commands to run by hand, as Terraform and as CloudFormation. Nothing here is run.

Sources: AWS KMS API Reference, "GetKeyPolicy", "PutKeyPolicy" (it replaces the whole document);
AWS KMS Developer Guide, "Testing your permissions" (DryRun); Terraform AWS provider,
"aws_iam_policy_document"; CloudFormation, "AWS::KMS::Key" (KeyPolicy).
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ebs_kms_audit.model import Denial
from ebs_kms_audit.plan import placeholders
from ebs_kms_audit.plan.fix import OfferedStatement

_REGION = "REPLACE-WITH-THE-REGION"
_BEFORE, _FIXED = "key_policy.before.json", "key_policy.fixed.json"
_FINGERPRINT = (
    "python3 -c 'import hashlib, json, sys; "
    "print(hashlib.sha256(json.dumps(json.load(sys.stdin), sort_keys=True).encode()).hexdigest())'"
)
_REVERTED = (
    "A key that Terraform or CloudFormation manages gets its policy from there: change it there, "
    "for an edit in the console is reverted."
)
# What can be tried without doing it: the call, with arguments that need no more than the key.
_DRY_RUNS = {
    "kms:GenerateDataKeyWithoutPlaintext": (
        "generate-data-key-without-plaintext --key-spec AES_256"
    ),
    "kms:GenerateDataKey": "generate-data-key --key-spec AES_256",
    "kms:Encrypt": "encrypt --plaintext dGVzdA==",
}


def commands(
    denials: Sequence[Denial],
    offered: Sequence[OfferedStatement],
    judged: Mapping[str, Any] | None = None,
) -> str:
    """Return the shell commands that put the changed policy, check it, and roll it back.

    `judged` is the policy that the fix was applied to, where it was one. Empty where nothing is
    offered.
    """
    return "\n".join(_commands(denials, offered, judged)) + "\n" if offered else ""


def _commands(
    denials: Sequence[Denial],
    offered: Sequence[OfferedStatement],
    judged: Mapping[str, Any] | None,
) -> Iterator[str]:
    key = denials[0].key
    named = shlex.quote(key.arn or key.id or placeholders.KEY)
    region = shlex.quote(denials[0].event.region or _REGION)
    on_key = f"--region {region} --key-id {named}"
    policy = f"{on_key} --policy-name default"
    put = f"aws kms put-key-policy {policy} --policy"
    yield f"# {_REVERTED}"
    yield "# 1. Save the present policy."
    yield f"aws kms get-key-policy {policy} --query Policy --output text > {_BEFORE}"
    if judged is not None:
        yield "# 2. Is it still the one that was judged? This must print"
        yield f"#    {fingerprint(judged)}"
        yield f"{_FINGERPRINT} < {_BEFORE}"
    else:
        yield "# 2. Judge it before you change it: run the audit again with --key-policy."
    yield f"# 3. Put the changed policy, the whole of it (--show policy -o {_FIXED})."
    yield f"{put} file://{_FIXED}"
    yield "# To roll back:"
    yield f"# {put} file://{_BEFORE}"
    yield "# 4. Verify, as the principal: DryRunOperationException means that it is allowed."
    needed = [action for statement in offered for action in statement.needed]
    tried = [_DRY_RUNS[action] for action in needed if action in _DRY_RUNS]
    for words in dict.fromkeys(tried or [_DRY_RUNS["kms:GenerateDataKeyWithoutPlaintext"]]):
        yield f"aws kms {words} {on_key} --dry-run"
    if "kms:CreateGrant" in needed:
        yield (
            "#    A CreateGrant by hand can't be tried so: kms:GrantIsForAWSResource is true only "
            "where an AWS service makes the call. Attach the volume instead."
        )


def fingerprint(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a policy, whatever its blanks and the order of its members."""
    text = json.dumps(document, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def terraform(offered: Sequence[OfferedStatement]) -> str:
    """Return the statements as `statement` blocks of an `aws_iam_policy_document`."""
    blocks = ["\n".join(_block(statement.document)) for statement in offered]
    return f"# {_REVERTED}\n" + "\n\n".join(blocks) + "\n" if blocks else ""


def _block(statement: Mapping[str, Any]) -> Iterator[str]:
    yield "statement {"
    yield f"  sid       = {_hcl(statement['Sid'])}"
    yield f"  effect    = {_hcl(statement['Effect'])}"
    yield f"  actions   = {_hcl(statement['Action'])}"
    yield f"  resources = {_hcl([statement['Resource']])}"
    for type_, named in statement["Principal"].items():
        yield ""
        yield "  principals {"
        yield f"    type        = {_hcl(type_)}"
        yield f"    identifiers = {_hcl(named if isinstance(named, list) else [named])}"
        yield "  }"
    for operator, block in statement.get("Condition", {}).items():
        for key, value in block.items():
            yield ""
            yield "  condition {"
            yield f"    test     = {_hcl(operator)}"
            yield f"    variable = {_hcl(key)}"
            yield f"    values   = {_hcl(value if isinstance(value, list) else [value])}"
            yield "  }"
    yield "}"


def _hcl(value: Any) -> str:
    """Write a text, or a list of texts, as HCL does: `${` and `%{` would be templates."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_hcl, value)) + "]"
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")


def cloudformation(offered: Sequence[OfferedStatement]) -> str:
    """Return the statements as JSON, for the KeyPolicy of an AWS::KMS::Key; YAML reads it too."""
    if not offered:
        return ""
    return json.dumps([statement.document for statement in offered], indent=2) + "\n"
