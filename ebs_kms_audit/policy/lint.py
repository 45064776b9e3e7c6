"""What is wrong or doubtful in a key policy, beside what it allows.

`Resource: "*"` is this key in a key policy, and never flagged.

Sources: AWS KMS Developer Guide, "Key policies in AWS KMS" (size, elements), "Default key policy"
(who keeps the key manageable), "Condition keys for AWS KMS"; AWS KMS API Reference, "PutKeyPolicy"
(characters, lockout safety check); IAM User Guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import kms_actions
from ebs_kms_audit.aws.kms_condition_keys import carries, is_known_condition_key
from ebs_kms_audit.policy.actions import action_matches
from ebs_kms_audit.policy.document import KeyPolicy
from ebs_kms_audit.policy.evaluate import evaluate
from ebs_kms_audit.policy.principals import PolicyPrincipal, PrincipalForm
from ebs_kms_audit.policy.request import Request
from ebs_kms_audit.policy.statement import ConditionTest, Patterns, Statement

LARGEST = 32_768
"""Bytes that a key policy may have."""

_REFUSED = re.compile(r"[^\t\n\r\x20-\xff]")
_ACTIONS = tuple(dict.fromkeys(name for action in kms_actions() for name in action.iam_actions))
_PUT_KEY_POLICY = "kms:PutKeyPolicy"
_CALLERS = frozenset(
    {
        PrincipalForm.ACCOUNT,
        PrincipalForm.USER,
        PrincipalForm.ROLE,
        PrincipalForm.ROLE_SESSION,
        PrincipalForm.FEDERATED_USER,
    }
)
# Condition keys that say who may call.
_WHO = re.compile(
    r"kms:calleraccount|aws:principal(account|arn|orgid|orgpaths|tag/.+)|aws:userid|aws:username"
    r"|aws:source(account|arn|orgid|orgpaths)",
    re.IGNORECASE,
)


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """KMS refuses the document, or nobody can change it any more."""
    WARNING = "warning"
    """It does not do what it seems to, or more than is wise."""
    INFO = "info"
    """To be known before the document is put."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LintFinding:
    """Something to say of a policy: `id` is stable; `json_path` is where it stands."""

    id: str
    severity: Severity
    json_path: str
    sid: str | None
    message: str


def lint(policy: KeyPolicy, *, key: str | None = None) -> tuple[LintFinding, ...]:
    """Return what is wrong or doubtful in a key policy, errors first.

    `key` is the ARN of the key that the policy is on, where it is known.
    """
    found = [*_of_document(policy, key), *_lockout(policy)]
    for statement in policy.statements:
        if statement.well_formed:
            found += _of_statement(statement)
    return tuple(sorted(found, key=lambda one: list(Severity).index(one.severity)))


def _finding(
    id: str, severity: Severity, path: str, message: str, statement: Statement | None = None
) -> LintFinding:
    sid = statement.sid if statement else None
    return LintFinding(id=id, severity=severity, json_path=path, sid=sid, message=message)


# --- the document


def _of_document(policy: KeyPolicy, key: str | None) -> Iterator[LintFinding]:
    text = json.dumps(policy.document, ensure_ascii=False, separators=(",", ":"), default=str)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LARGEST:
        yield _finding(
            "too_large",
            Severity.ERROR,
            "$",
            f"{size:,} bytes without blanks, where a key policy may have {LARGEST:,}",
        )
    if refused := _REFUSED.search(text):
        yield _finding(
            "refused_character",
            Severity.ERROR,
            "$",
            f"it holds the character U+{ord(refused[0]):04X}, which KMS does not take",
        )
    for fault in policy.faults:
        yield _finding("fault", Severity.ERROR, fault.json_path, fault.message)
    sids = Counter(statement.sid for statement in policy.statements if statement.sid)
    for statement in policy.statements:
        if statement.sid and sids[statement.sid] > 1:
            yield _finding(
                "repeated_sid",
                Severity.WARNING,
                f"{statement.json_path}.Sid",
                "another statement has the same Sid",
                statement,
            )
    if "${" in text and not policy.has_variables:
        yield _finding(
            "variables_are_text",
            Severity.WARNING,
            "$.Version",
            "without Version 2012-10-17 a policy variable (${…}) is plain text",
        )
    yield from _partitions(policy, key)


def _partitions(policy: KeyPolicy, key: str | None) -> Iterator[LintFinding]:
    """Find principals of another partition: access can't cross from one to another."""
    arn = Arn.parse(key)
    entries = [
        entry
        for statement in policy.statements
        for entry in (statement.principals.entries if statement.principals else ())
        if entry.arn
    ]
    partitions = Counter(entry.arn.partition for entry in entries if entry.arn)
    here = arn.partition if arn else next(iter(dict(partitions.most_common(1))), None)
    for entry in entries:
        if entry.arn and here and entry.arn.partition != here:
            yield _finding(
                "other_partition",
                Severity.ERROR,
                entry.json_path,
                f"a principal of the partition {entry.arn.partition}, where the key is of {here}",
            )


def _lockout(policy: KeyPolicy) -> Iterator[LintFinding]:
    """Someone must keep kms:PutKeyPolicy, or only AWS Support can change the policy."""
    for statement in policy.statements:
        if not (statement.well_formed and statement.allows and statement.principals):
            continue
        if not (statement.actions and action_matches(statement.actions, _PUT_KEY_POLICY)):
            continue
        if statement.principals.negated:
            return
        if any(_may_put(policy, entry) for entry in statement.principals.entries):
            return
    yield _finding(
        "lockout",
        Severity.ERROR,
        "$.Statement",
        "nobody keeps kms:PutKeyPolicy: the policy could never be changed again",
    )


def _may_put(policy: KeyPolicy, entry: PolicyPrincipal) -> bool:
    if entry.form is PrincipalForm.ANYONE:
        return True
    if entry.form not in _CALLERS:
        return False
    account = entry.form is PrincipalForm.ACCOUNT and not entry.arn
    name = f"arn:aws:iam::{entry.account}:root" if account else entry.text
    request = Request(principal=name, action=_PUT_KEY_POLICY)
    return evaluate(request, policy).key_policy_allows is not False


# --- its statements


def _of_statement(statement: Statement) -> Iterator[LintFinding]:
    yield from _principals(statement)
    yield from _actions(statement)
    yield from _conditions(statement)
    yield from _resources(statement)


def _principals(statement: Statement) -> Iterator[LintFinding]:
    principals = statement.principals
    if principals is None or not statement.allows:
        return
    if principals.negated:
        yield _finding(
            "allow_with_not_principal",
            Severity.WARNING,
            f"{statement.json_path}.NotPrincipal",
            "an Allow with NotPrincipal is for everyone else, in every account",
            statement,
        )
    for entry in principals.entries:
        if entry.form is PrincipalForm.ANYONE and not any(
            _WHO.fullmatch(test.key) for test in statement.conditions
        ):
            yield _finding(
                "open_to_everyone",
                Severity.WARNING,
                entry.json_path,
                "it is for everyone in every account: no condition says who may call",
                statement,
            )
        elif entry.form is PrincipalForm.ROLE_SESSION:
            yield _finding(
                "session_principal",
                Severity.WARNING,
                entry.json_path,
                "it names one session of a role, and fails as soon as the session's name is "
                "another: name the role",
                statement,
            )
        elif "/aws-service-role/" in entry.text:
            yield _finding(
                "role_must_exist",
                Severity.INFO,
                entry.json_path,
                "KMS refuses the whole document where this service-linked role does not exist",
                statement,
            )
        if _gives_everything(statement) and entry.form in _CALLERS - {PrincipalForm.ACCOUNT}:
            yield _finding(
                "all_actions",
                Severity.WARNING,
                entry.json_path,
                "it gives every action on the key, its deletion too, to a single principal",
                statement,
            )


def _gives_everything(statement: Statement) -> bool:
    actions = statement.actions
    return bool(
        actions and not actions.negated and {"*", "kms:*"} & {a.lower() for a in actions.values}
    )


def _actions(statement: Statement) -> Iterator[LintFinding]:
    actions = statement.actions
    if actions is None:
        return
    path = f"{statement.json_path}.{'NotAction' if actions.negated else 'Action'}"
    for pattern in actions.values:
        if any(action_matches(Patterns(values=(pattern,)), action) for action in _ACTIONS):
            continue
        hint = (
            ": write kms:ReEncrypt*, or kms:ReEncryptFrom and kms:ReEncryptTo"
            if pattern.lower() == "kms:reencrypt"
            else ""
        )
        yield _finding(
            "no_such_action",
            Severity.WARNING,
            path,
            f"{pattern} is no action of KMS that is known here{hint}",
            statement,
        )


def _conditions(statement: Statement) -> Iterator[LintFinding]:
    actions = statement.actions
    covered = [a for a in _ACTIONS if actions and action_matches(actions, a)]
    for test in statement.conditions:
        if not test.key.lower().startswith("kms:"):
            continue
        if not is_known_condition_key(test.key):
            yield _finding(
                "no_such_condition_key",
                Severity.WARNING,
                test.json_path,
                f"{test.key} is no condition key of KMS that is known here",
                statement,
            )
            continue
        if not statement.allows or not _needs_the_key(test):
            continue
        without = [action for action in covered if carries(action, test.key) is False]
        if without and not (actions and (actions.negated or _gives_everything(statement))):
            yield _finding(
                "actions_without_the_condition_key",
                Severity.WARNING,
                test.json_path,
                f"{', '.join(without)}: never allowed by this statement, for a request for it "
                f"does not carry {test.key}",
                statement,
            )


def _needs_the_key(test: ConditionTest) -> bool:
    """Tell whether a test fails where the request does not carry its key."""
    operator = test.operator.lower()
    if operator == "null":
        return "false" in {value.lower() for value in test.values}
    return not (operator.endswith("ifexists") or operator.startswith("forallvalues:")) and (
        "not" not in operator
    )


def _resources(statement: Statement) -> Iterator[LintFinding]:
    resources = statement.resources
    for value in resources.values if resources else ():
        arn = Arn.parse(value)
        if arn and arn.resource_type == "alias":
            yield _finding(
                "alias_as_resource",
                Severity.WARNING,
                f"{statement.json_path}.Resource",
                f'{value}: an alias is no key; the key itself is "*" in its own policy',
                statement,
            )
