"""Whether the Condition of a statement holds for a request: True, False, or None: not known.

All lines must hold; the values of a line are alternatives. If a key is missing from the request,
a line with a negated operator (…Not…), …IfExists or ForAllValues holds, and other lines do not.

Source: IAM User Guide, "IAM JSON policy elements: Condition", "… Condition operators",
"Single-valued vs. multivalued context keys", "IAM policy elements: Variables and tags" (policy
variables with no value).
"""

from __future__ import annotations

from collections.abc import Iterable

from ebs_kms_audit.policy.context import Context, Value
from ebs_kms_audit.policy.kleene import all_of, any_of, opposite
from ebs_kms_audit.policy.operators import Operator, operator_named, unreadable_values
from ebs_kms_audit.policy.statement import ConditionTest
from ebs_kms_audit.policy.variables import Template


def holds(test: ConditionTest, context: Context, variables: bool) -> bool | None:
    """Return whether one line of a Condition holds; `variables`: whether `${…}` is filled in."""
    op = operator_named(test.operator)
    if op is None:
        return None
    values = context.values(test.key)
    if values is None:
        return None
    if op.is_null:
        if unreadable_values(test.operator, test.values):
            return None
        wanted = {value.strip().lower() for value in test.values}
        return ("false" if values else "true") in wanted
    if not values:
        if op.for_any:
            # AWS documents False for ForAnyValue and True for IfExists, not which one counts.
            return None if op.if_exists else False
        return op.if_exists or op.for_all or op.negated

    templates = [
        Template.read(
            text, context, wildcards=op.wildcards, variables=variables and op.takes_variables
        )
        for text in test.values
    ]
    results = [_fits(op, templates, value) for value in values]
    if op.for_any:
        return any_of(results)
    if op.for_all:
        return all_of(results)
    # An operator for a single value on several: AWS does not say which of them counts.
    return results[0] if len(set(results)) == 1 else None


def _fits(op: Operator, templates: Iterable[Template | None], value: Value) -> bool | None:
    """Return whether one value of the request passes."""
    assert op.compare is not None
    result = any_of(
        # No value is equal to a variable without a value, or like it. A negated operator matches.
        template is not None and op.compare(template, value)
        for template in templates
    )
    return opposite(result) if op.negated else result
