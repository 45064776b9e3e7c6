"""Terraform plans and CloudFormation templates → the key policies in them.

Sources: Terraform, "JSON Output Format" (planned_values, resource_changes); AWS CloudFormation
User Guide, "Intrinsic function reference", "Pseudo parameters reference", "AWS::KMS::Key".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ebs_kms_audit.checking.json_text import JsonText
from ebs_kms_audit.errors import InputError
from ebs_kms_audit.policy.statement import child_path

_TERRAFORM_KEYS = frozenset(
    {
        "aws_kms_key",
        "aws_kms_key_policy",
        "aws_kms_external_key",
        "aws_kms_replica_key",
        "aws_kms_replica_external_key",
    }
)
_CLOUDFORMATION_KEYS = frozenset({"AWS::KMS::Key", "AWS::KMS::ReplicaKey"})
_NAME_IN_SUB = re.compile(r"\$\{(!?)([^}]*)\}")
_PARTITION = re.compile(r"arn:(aws-[a-z-]+):")


class Deployment(NamedTuple):
    """Where a template is deployed: what ${AWS::AccountId} and ${AWS::Region} are read as."""

    account: str = "000000000000"
    region: str = "us-east-1"


UNKNOWN = Deployment()


@dataclass(frozen=True, kw_only=True, slots=True)
class Unresolved:
    """A value of a template that only its deployment decides.

    json_path  where in the policy it is
    text       the function as written: "Fn::ImportValue"
    """

    json_path: str
    text: str


class FoundPolicy(NamedTuple):
    """One policy of a template: its resource, the key's ARN if known, and its document."""

    address: str | None
    key: str | None
    document: JsonText
    unresolved: tuple[Unresolved, ...]


# --- Terraform


def is_terraform(value: Any) -> bool:
    """Return whether a JSON value is the output of `terraform show -json`."""
    return isinstance(value, dict) and "terraform_version" in value


def terraform_policies(source: JsonText) -> tuple[tuple[FoundPolicy, ...], tuple[str, ...]]:
    """Return the key policies of a plan or state, and the addresses of those not known yet."""
    changes = source.value.get("resource_changes")
    if isinstance(changes, list):
        resources = [(f"$.resource_changes[{at}]", one) for at, one in enumerate(changes)]
        values = ".change.after"
    else:
        part = "planned_values" if "planned_values" in source.value else "values"
        root = source.value.get(part)
        resources = list(_resources(root, f"$.{part}"))
        values = ".values"
    found, unknown = [], []
    for path, resource in resources:
        if not isinstance(resource, dict) or str(resource.get("type")) not in _TERRAFORM_KEYS:
            continue
        address = str(resource.get("address") or resource.get("name"))
        change = resource.get("change")
        change = change if isinstance(change, dict) else {}
        after = change.get("after") if values == ".change.after" else resource.get("values")
        not_yet = change.get("after_unknown")
        if isinstance(not_yet, dict) and not_yet.get("policy"):
            unknown.append(address)
        elif isinstance(after, dict) and isinstance(after.get("policy"), str):
            try:
                document = source.inner(f"{path}{values}.policy")
            except InputError as error:
                raise InputError(f"{address}: the policy is not valid JSON: {error}") from None
            found.append(FoundPolicy(address, _arn(after), document, ()))
    return tuple(found), tuple(unknown)


def _resources(module: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the resources of a module and of the modules in it."""
    if not isinstance(module, dict):
        return
    if "root_module" in module:
        yield from _resources(module["root_module"], f"{path}.root_module")
    for at, resource in enumerate(_list(module.get("resources"))):
        yield f"{path}.resources[{at}]", resource
    for at, child in enumerate(_list(module.get("child_modules"))):
        yield from _resources(child, f"{path}.child_modules[{at}]")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _arn(after: dict[str, Any]) -> str | None:
    for name in ("arn", "key_id"):
        value = after.get(name)
        if isinstance(value, str) and value.startswith("arn:") and ":key/" in value:
            return value
    return None


# --- CloudFormation


def is_cloudformation(value: Any) -> bool:
    """Return whether a JSON value is a CloudFormation template."""
    return isinstance(value, dict) and isinstance(value.get("Resources"), dict)


def cloudformation_policies(
    source: JsonText, deployment: Deployment = UNKNOWN
) -> tuple[FoundPolicy, ...]:
    """Return the key policies of a template, with its functions replaced by their values.

    A value that only the deployment decides is replaced by a stand-in and listed as unresolved.
    """
    found = []
    for name, resource in source.value["Resources"].items():
        if not isinstance(resource, dict) or str(resource.get("Type")) not in _CLOUDFORMATION_KEYS:
            continue
        properties = resource.get("Properties")
        if not isinstance(properties, dict) or "KeyPolicy" not in properties:
            continue
        path = child_path("$.Resources", name) + ".Properties.KeyPolicy"
        written = properties["KeyPolicy"]
        document = source.inner(path) if isinstance(written, str) else source.below(path)
        functions = _Functions(source.value, str(written), deployment)
        value = functions.resolve(document.value, "$")
        resolved = replace(document, value=value)
        found.append(FoundPolicy(name, None, resolved, tuple(functions.unresolved)))
    return tuple(found)


class _Functions:
    """Replaces intrinsic functions by their values."""

    def __init__(self, template: dict[str, Any], policy: str, deployment: Deployment) -> None:
        self._resources = template["Resources"]
        parameters = template.get("Parameters")
        self._parameters = parameters if isinstance(parameters, dict) else {}
        partition = _PARTITION.search(policy)
        self._pseudo = {
            "AWS::AccountId": deployment.account,
            "AWS::Region": deployment.region,
            "AWS::Partition": partition[1] if partition else "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": "stack",
        }
        self.unresolved: list[Unresolved] = []

    def resolve(self, value: Any, path: str) -> Any:
        """Return a value without functions."""
        if isinstance(value, list):
            entries = [self.resolve(one, f"{path}[{at}]") for at, one in enumerate(value)]
            return [one for one in entries if one is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                if name == "Condition" and not isinstance(argument, str):
                    pass  # the Condition element of a statement
                else:
                    return self._function(name, argument, path)
        members = {name: self.resolve(one, child_path(path, name)) for name, one in value.items()}
        return {name: one for name, one in members.items() if one is not _NO_VALUE}

    def _function(self, name: str, argument: Any, path: str) -> Any:
        result: Any = None
        match name, argument:
            case "Ref", "AWS::NoValue":
                return _NO_VALUE
            case "Ref", str():
                result = self._reference(argument)
            case "Fn::GetAtt", [str(resource), "Arn"]:
                result = self._arn_of(resource)
            case "Fn::GetAtt", str() if argument.endswith(".Arn"):
                result = self._arn_of(argument.removesuffix(".Arn"))
            case "Fn::Sub", str():
                result = self._substitute(argument, {}, path)
            case "Fn::Sub", [str(text), dict(values)]:
                result = self._substitute(text, values, path)
            case "Fn::Join", [str(between), list(parts)]:
                resolved = [self.resolve(part, path) for part in parts]
                result = between.join(map(str, resolved))
            case "Fn::If", [_, first, _]:
                self.unresolved.append(Unresolved(json_path=path, text=name))
                return self.resolve(first, path)
        if result is None:
            self.unresolved.append(Unresolved(json_path=path, text=name))
            return self._stand_in("unresolved")
        return result

    def _reference(self, name: str) -> str | None:
        if name in self._pseudo:
            return self._pseudo[name]
        parameter = self._parameters.get(name)
        default = parameter.get("Default") if isinstance(parameter, dict) else None
        return default if isinstance(default, str) and default else None

    def _arn_of(self, name: str) -> str | None:
        """Return the ARN that a role or user of the template gets."""
        resource = self._resources.get(name)
        if not isinstance(resource, dict):
            return None
        kind = {"AWS::IAM::Role": "role", "AWS::IAM::User": "user"}.get(str(resource.get("Type")))
        properties = resource.get("Properties")
        properties = properties if isinstance(properties, dict) else {}
        given, path = properties.get(f"{str(kind).title()}Name"), properties.get("Path", "/")
        if kind is None or not isinstance(path, str):
            return None
        return self._stand_in(given if isinstance(given, str) else name, f"{kind}{path}")

    def _stand_in(self, name: str, path: str = "role/") -> str:
        partition, account = self._pseudo["AWS::Partition"], self._pseudo["AWS::AccountId"]
        return f"arn:{partition}:iam::{account}:{path}{name}"

    def _substitute(self, text: str, values: dict[str, Any], path: str) -> str:
        def value_of(found: re.Match[str]) -> str:
            literal, name = found[1], found[2].strip()
            if literal:
                return f"${{{name}}}"
            if name in values:
                return str(self.resolve(values[name], path))
            known = (
                self._arn_of(name.removesuffix(".Arn"))
                if name.endswith(".Arn")
                else self._reference(name)
            )
            if known is None:
                self.unresolved.append(Unresolved(json_path=path, text=f"${{{name}}}"))
                return "unresolved"
            return known

        return _NAME_IN_SUB.sub(value_of, text)


_NO_VALUE = object()
