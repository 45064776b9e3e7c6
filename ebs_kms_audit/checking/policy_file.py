"""A file → the key policies in it, each with the places of its parts.

A file is a key policy, the output of `aws kms get-key-policy`, the output of `terraform show
-json`, or a CloudFormation template in JSON. Which one it is follows from its content.
"""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from ebs_kms_audit.checking.json_text import JsonText, Lines, Region
from ebs_kms_audit.checking.templates import (
    UNKNOWN,
    Deployment,
    FoundPolicy,
    Unresolved,
    cloudformation_policies,
    is_cloudformation,
    is_terraform,
    terraform_policies,
)
from ebs_kms_audit.errors import InputError, PolicyError
from ebs_kms_audit.policy import Fault, FaultId, KeyPolicy

_NO_POLICY = (
    "this file has no key policy. Give a key policy (aws kms get-key-policy), the output of "
    "terraform show -json, or a CloudFormation template in JSON"
)
_AFTERWARDS = "Run aws kms get-key-policy afterwards and check its output."
_LARGEST = 256 << 20  # a Terraform plan can be large; a key policy has at most 32 KiB


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyInFile:
    """One key policy of a file.

    file        the path of the file as it was given
    address     the address of the resource in a Terraform plan, or its logical id in a
                CloudFormation template; None where the file is the policy itself
    key         the ARN of the key, where the file names it; None
    policy      the policy
    source      the text of the policy's document, with places in the file
    unresolved  values that only a deployment decides; the policy has stand-ins for them
    """

    file: str
    address: str | None
    key: str | None
    policy: KeyPolicy
    source: JsonText
    unresolved: tuple[Unresolved, ...] = ()
    lines: Lines = field(repr=False, compare=False)

    def region(self, json_path: str) -> Region:
        """Return where in the file the part at a JSON path of the policy is."""
        return self.lines.region(self.source.place(json_path))


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyFile:
    """The key policies of one file.

    file      the path of the file as it was given
    policies  its key policies, in the order of the file
    unknown   addresses of key resources with a policy that is known only after the deployment
    """

    file: str
    policies: tuple[PolicyInFile, ...]
    unknown: tuple[str, ...] = ()

    @property
    def not_checked(self) -> tuple[str, ...]:
        """What cannot be checked before the deployment, each one sentence and what to do."""
        policies = [
            f"{self.file}: {address}: the policy is known only after terraform apply, so it is not "
            f"checked. {_AFTERWARDS}"
            for address in self.unknown
        ]
        values = [
            f"{self.file}:{policy.region(value.json_path).line}: {policy.address}: {value.text} at "
            f"{value.json_path} has its value only at deployment, so it is not checked. "
            f"{_AFTERWARDS}"
            for policy in self.policies
            for value in policy.unresolved
        ]
        return (*policies, *values)


def read_policy_file(path: str | os.PathLike[str], deployment: Deployment = UNKNOWN) -> PolicyFile:
    """Read the key policies of a file. `deployment` says where a template will be deployed.

    Raises InputError where the file cannot be read, is not JSON, or has no key policy.
    """
    name = os.fspath(path)
    text = _text(Path(path))
    try:
        source = JsonText.parse(text)
    except InputError as error:
        raise InputError(*error.args, source=name) from None
    lines = Lines(text)
    try:
        if is_terraform(source.value):
            found, unknown = terraform_policies(source)
        elif is_cloudformation(source.value):
            found, unknown = cloudformation_policies(source, deployment), ()
        else:
            _nothing_after(source)
            found, unknown = (FoundPolicy(None, None, _document(source), ()),), ()
        policies = tuple(
            PolicyInFile(
                file=name,
                address=address,
                key=key,
                policy=_policy(document),
                source=document,
                unresolved=unresolved,
                lines=lines,
            )
            for address, key, document, unresolved in found
        )
    except (InputError, PolicyError) as error:
        raise InputError(*error.args, source=name, json_path=error.json_path) from None
    if not policies and not unknown:
        raise InputError(_NO_POLICY, source=name)
    return PolicyFile(file=name, policies=policies, unknown=unknown)


def _policy(document: JsonText) -> KeyPolicy:
    """Return the policy of a document. Repeated members are faults; the value has only one."""
    policy = KeyPolicy.from_dict(document.value)
    faults = (
        Fault(
            id=FaultId.REPEATED_MEMBER,
            json_path=path,
            message="This member is in its object more than once.",
        )
        for path in document.repeated
    )
    return replace(policy, faults=(*policy.faults, *faults))


def _document(source: JsonText) -> JsonText:
    """Return the policy document of a file that holds one, as such or under `Policy`."""
    for _ in range(4):  # {"Policy": "…"} in a JSON string is as deep as any tool wraps it
        if isinstance(source.value, str):
            source = source.inner("$")
        elif isinstance(source.value, dict) and "Statement" not in source.value:
            if "Policy" not in source.value:
                break
            wrapped = isinstance(source.value["Policy"], str)
            source = source.inner("$.Policy") if wrapped else source.below("$.Policy")
    if not (isinstance(source.value, dict) and "Statement" in source.value):
        raise InputError(_NO_POLICY)
    return source


def _nothing_after(source: JsonText) -> None:
    """`--output text` prints the name of the policy behind the document."""
    rest = source.text[source.end :].strip()
    if rest and not rest.replace("-", "").replace("_", "").isalnum():
        raise InputError("there is text after the policy document")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError("this file is too large to have a key policy", source=str(path))
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file. Check the path", source=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", source=str(path)) from None
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("this file is not text. A key policy is JSON", source=str(path)) from None
