"""Actions and resources of a statement, and Deny statements that stop EBS.

Sources: Service Authorization Reference, "Actions, resources, and condition keys for AWS Key
Management Service"; AWS KMS Developer Guide, "Key policies in AWS KMS" (`Resource` is `*`); IAM
User Guide, "IAM JSON policy elements: Action"; EBS User Guide, "Requirements for Amazon EBS
encryption" (a Deny by network must exempt the calls that EC2 makes).
"""

from __future__ import annotations

from collections.abc import Iterator

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.ebs_operations import NETWORK_KEYS
from ebs_kms_audit.aws.kms_actions import IAM_ACTIONS
from ebs_kms_audit.policy.actions import action_matches, resource_matches
from ebs_kms_audit.policy.caller import Caller
from ebs_kms_audit.policy.context import Context
from ebs_kms_audit.policy.lint.finding import LintFinding, error, warning
from ebs_kms_audit.policy.operators import operator_named
from ebs_kms_audit.policy.principals import PrincipalForm
from ebs_kms_audit.policy.statement import Patterns, Statement

_EBS_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant")
_MANY = frozenset({PrincipalForm.ANYONE, PrincipalForm.ACCOUNT})
# Condition keys that tell the calls that an AWS service makes for a caller from others.
_EXEMPTS_SERVICES = frozenset(
    {
        "aws:viaawsservice",
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "kms:viaservice",
    }
)


def lint_statement(statement: Statement, key: str | None) -> Iterator[LintFinding]:
    """Find doubtful actions and resources of one statement."""
    yield from _actions(statement)
    yield from _resources(statement, key)
    yield from _network(statement)


def _entries(statement: Statement, name: str) -> Iterator[tuple[str, str]]:
    """Yield the entries of an element, or of its opposite, with their JSON paths."""
    element = name if name in statement.document else f"Not{name}"
    value, path = statement.document[element], f"{statement.json_path}.{element}"
    if isinstance(value, str):
        yield path, value
        return
    for at, entry in enumerate(value):
        if isinstance(entry, str):
            yield f"{path}[{at}]", entry


def _actions(statement: Statement) -> Iterator[LintFinding]:
    for path, pattern in _entries(statement, "Action"):
        if pattern != "*" and ":" not in pattern:
            yield error(
                "action_without_service",
                path,
                f"{pattern!r} has no service prefix: write kms:{pattern}.",
                statement,
            )
        elif not any(action_matches(Patterns(values=(pattern,)), action) for action in IAM_ACTIONS):
            hint = (
                " Write kms:ReEncrypt*, or kms:ReEncryptFrom and kms:ReEncryptTo."
                if pattern.lower() == "kms:reencrypt"
                else ""
            )
            yield warning(
                "unknown_action",
                path,
                f"{pattern} matches no KMS action that this version knows.{hint}",
                statement,
            )


def _resources(statement: Statement, key: str | None) -> Iterator[LintFinding]:
    resources = statement.resources
    if resources is None:
        return
    path = f"{statement.json_path}.{'NotResource' if resources.negated else 'Resource'}"
    aliases = []
    for where, value in _entries(statement, "Resource"):
        arn = Arn.parse(value)
        if arn and arn.resource_type == "alias":
            aliases.append(value)
            yield warning(
                "alias_as_resource",
                where,
                f'{value} is an alias, not a key. In a key policy, the key itself is "*".',
                statement,
            )
    if not aliases and key and _covers(resources, key) is False:
        yield warning(
            "resource_is_another_key",
            path,
            f'The statement does not cover its own key ({key}): write "*".',
            statement,
        )


def _covers(resources: Patterns, key: str) -> bool | None:
    context = Context("kms:Decrypt", Caller.of(None), {})
    return resource_matches(resources, key, context, True)


def _network(statement: Statement) -> Iterator[LintFinding]:
    """Find a Deny by IP address or VPC that also denies the calls that EC2 makes."""
    actions = statement.actions
    if not statement.denies or actions is None:
        return
    keys = {test.key.lower() for test in statement.conditions}
    denied = [action for action in _EBS_ACTIONS if action_matches(actions, action)]
    if keys & _EXEMPTS_SERVICES:
        who = "The instance's own role (aws:ec2-infrastructure)"
        denied = [action for action in denied if action == "kms:Decrypt" and _all(statement)]
    else:
        who = "EC2"
    for test in statement.conditions:
        operator = operator_named(test.operator)
        if not (operator and operator.negated and test.key.lower() in NETWORK_KEYS):
            continue
        if denied and "aws:principalarn" not in keys:
            yield warning(
                "network_denies_ebs",
                test.json_path,
                f"{who} calls {', '.join(denied)} from the network of EC2, which this condition "
                "does not exempt, so encrypted volumes cannot be attached.",
                statement,
            )


def _all(statement: Statement) -> bool:
    """Return whether a statement can cover the instance's own role: it names no single caller."""
    principals = statement.principals
    return principals is not None and (
        principals.negated or any(entry.form in _MANY for entry in principals.entries)
    )
