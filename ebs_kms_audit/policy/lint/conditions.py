"""Conditions of a statement: operators, condition keys, and values that cannot match.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators"; AWS KMS Developer Guide,
"Condition keys for AWS KMS" (kms:ViaService, kms:GrantIsForAWSResource); Service Authorization
Reference, "Actions, resources, and condition keys for AWS Key Management Service".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import IAM_ACTIONS
from ebs_kms_audit.aws.kms_condition_keys import carries, is_known_condition_key
from ebs_kms_audit.policy.actions import action_matches
from ebs_kms_audit.policy.lint.finding import LintFinding, error, warning
from ebs_kms_audit.policy.lint.principals import gives_everything
from ebs_kms_audit.policy.operators import Operator, is_year_or_seconds, operator_named
from ebs_kms_audit.policy.statement import ConditionTest, Statement

_SERVICE_IN_REGION = re.compile(
    r"[a-z0-9-]+\.(?P<region>[a-z]{2,}(?:-[a-z]+)+-\d)\.amazonaws\.(?:com(?:\.cn)?|eu)"
)


_EXPECTED = {
    "date": "a date (2026-05-18T07:00:00Z)",
    "numeric": "a number",
    "ipaddress": "an IP address or CIDR block",
    "binary": "base64 text",
}
_VARIABLE = re.compile(r"\$\{[a-z]+:")


def lint_conditions(statement: Statement, key: str | None) -> Iterator[LintFinding]:
    """Find doubtful lines of the Condition of one statement."""
    for test in statement.conditions:
        operator = operator_named(test.operator)
        if operator is None:
            yield error(
                "unknown_operator",
                test.json_path,
                f"{test.operator} is not a condition operator.",
                statement,
            )
            continue
        yield from _values(statement, test, operator)
        if test.key.lower() == "kms:viaservice":
            yield from _via_service(statement, test, operator, key)
        if test.key.lower().startswith("kms:"):
            yield from _kms_key(statement, test, operator)


def _values(statement: Statement, test: ConditionTest, operator: Operator) -> Iterator[LintFinding]:
    for value in test.values:
        if is_year_or_seconds(test.operator, value):
            yield warning(
                "ambiguous_date",
                test.json_path,
                f"{value!r} can be a year or seconds since 1970: write {value.strip()}-01-01.",
                statement,
            )
        elif operator.parse and operator.parse(value) is None:
            yield error(
                "unreadable_value",
                test.json_path,
                f"{value!r} is not {_expected(test.operator)}, which {test.operator} requires.",
                statement,
            )
        elif "*" in value and operator.takes_variables and not operator.wildcards:
            yield warning(
                "wildcard_is_text",
                test.json_path,
                f"{test.operator} compares the * in {value!r} as text: use the Like operator.",
                statement,
            )


def _expected(operator: str) -> str:
    """Name what an operator compares."""
    name = operator.lower()
    return next((text for part, text in _EXPECTED.items() if part in name), "true or false")


def _via_service(
    statement: Statement, test: ConditionTest, operator: Operator, key: str | None
) -> Iterator[LintFinding]:
    """Find a kms:ViaService value that is no service, or is only for other Regions."""
    found = {value: _SERVICE_IN_REGION.fullmatch(value) for value in test.values}
    for value, match in found.items():
        if match is None and not ("*" in value or "?" in value or _VARIABLE.search(value)):
            yield warning(
                "via_service_invalid",
                test.json_path,
                f"{value!r} is not a service in a Region (ec2.us-east-1.amazonaws.com).",
                statement,
            )
    arn = Arn.parse(key)
    if arn is None or operator.negated or not all(found.values()):
        return
    regions = sorted({match["region"] for match in found.values() if match})
    if regions and arn.region not in regions:
        yield warning(
            "via_service_other_region",
            test.json_path,
            f"The condition is for {', '.join(regions)}, and the key is in {arn.region}.",
            statement,
        )


def _kms_key(
    statement: Statement, test: ConditionTest, operator: Operator
) -> Iterator[LintFinding]:
    """Find an unknown KMS condition key, and actions that never carry a known one."""
    if not is_known_condition_key(test.key):
        yield warning(
            "unknown_condition_key",
            test.json_path,
            f"{test.key} is not a KMS condition key that this version knows.",
            statement,
        )
        return
    actions = statement.actions
    if actions is None or not statement.allows or not _needs_the_key(test, operator):
        return
    if actions.negated or gives_everything(statement):
        return  # the author did not list the actions one by one
    without = [
        action
        for action in IAM_ACTIONS
        if action_matches(actions, action) and carries(action, test.key) is False
    ]
    if without:
        yield warning(
            "actions_lack_condition_key",
            test.json_path,
            f"This statement never allows {', '.join(without)}: a request for it does not carry "
            f"{test.key}.",
            statement,
        )


def _needs_the_key(test: ConditionTest, operator: Operator) -> bool:
    """Return whether the test fails where the request does not carry its key."""
    if operator.is_null:
        return "false" in {value.strip().lower() for value in test.values}
    if operator.if_exists or operator.for_all:
        return False
    return operator.for_any or not operator.negated
