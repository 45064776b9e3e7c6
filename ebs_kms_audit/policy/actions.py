"""Whether an Action or Resource element covers a request.

Source: IAM User Guide, "IAM JSON policy elements: Action" (names are case-insensitive),
"… NotAction", "… Resource", "… NotResource"; AWS KMS Developer Guide, "Key policies in AWS KMS"
(`*` as Resource is the key that the policy is on).
"""

from __future__ import annotations

from ebs_kms_audit.aws.caching import cached_if_short
from ebs_kms_audit.policy.context import Context
from ebs_kms_audit.policy.kleene import any_of, opposite
from ebs_kms_audit.policy.statement import Patterns
from ebs_kms_audit.policy.variables import Template
from ebs_kms_audit.policy.wildcards import (
    ANY,
    Pattern,
    literal,
    matches,
    pattern_of,
    split_arn,
)


def action_matches(actions: Patterns, action: str) -> bool:
    """Return whether an Action or NotAction element covers an action (`kms:Decrypt`)."""
    covered = any(_action_fits(pattern, action.lower()) for pattern in actions.values)
    return covered != actions.negated


@cached_if_short(1024)
def _action_fits(pattern: str, action: str) -> bool:
    # A name without a service covers nothing; AWS rejects it.
    if pattern == "*":
        return True
    return ":" in pattern and matches(pattern_of(pattern.lower()), action) is True


def resource_matches(
    resources: Patterns, arn: str | None, context: Context, variables: bool
) -> bool | None:
    """Return whether a Resource or NotResource element covers a key; `arn` None: some key."""
    covered = any_of(_fits(text, arn, context, variables) for text in resources.values)
    return opposite(covered) if resources.negated else covered


def _fits(text: str, arn: str | None, context: Context, variables: bool) -> bool | None:
    if text == "*":
        return True
    template = Template.read(text, context, wildcards=True, variables=variables)
    if template is None:
        return False
    return template.weigh(_pattern_fits(template.pattern, arn))


def _pattern_fits(pattern: Pattern, arn: str | None) -> bool | None:
    """Match part by part: AWS does not document that a wildcard matches several parts.

    At the end of the pattern it may.
    """
    parts = split_arn(pattern)
    if arn is None:
        # Some KMS key: the service is all that is known of its ARN.
        return False if parts and matches(parts[2], "kms") is False else None
    if not matches(pattern, arn):
        return False
    whole = split_arn(literal(arn)) or ()
    if parts is None and pattern[-2:] == (":", ANY):
        parts = split_arn(pattern + (":", ANY) * (5 - pattern.count(":")))
    by_part = parts and len(whole) == 6 and all(map(matches, parts, whole))
    return True if by_part else None
