"""What the report says of an incident, word for word: the sentence, its support, what to get next.

The sentences are those of `explain.causes`. The commands are those of the AWS CLI Command
Reference; times are 15 minutes before and after the denial at 07:00:34 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.records import KEY_ARN

_KEY = f"--key-id {KEY_ARN}"
GET_POLICY = (
    f"aws kms get-key-policy {_KEY} --policy-name default --region us-east-1 --query Policy "
    "--output text"
)
GET_RECORDS = (
    "aws cloudtrail lookup-events --lookup-attributes "
    "AttributeKey=EventSource,AttributeValue=kms.amazonaws.com "
    "--start-time 2026-05-18T06:45:34Z --end-time 2026-05-18T07:15:34Z --region us-east-1"
)
GET_DEFAULT_KEY = "aws ec2 get-ebs-default-kms-key-id --region us-east-1"
GET_STATE = f"aws kms describe-key {_KEY} --region us-east-1"
LIST_GRANTS = f"aws kms list-grants {_KEY} --region us-east-1"


def iam(kind: str, name: str) -> str:
    """Return the command that lists the IAM policies of a user or role."""
    return (
        f"aws iam list-attached-{kind}-policies --{kind}-name {name} && "
        f"aws iam list-{kind}-policies --{kind}-name {name}"
    )


def says(event: str, policy_type: str, denied: str = "no Allow") -> str:
    return f"The error message of event {event} names the {policy_type} ({denied})."


def given(why: str) -> str:
    return f"key policy: {why}."


NO_STATEMENT = given("No statement of the key policy allows the call")
ONLY_ACCOUNT = given(
    "The key policy names only the caller's account: an IAM policy must allow the call"
)
ALLOWED = given("The policies that were given allow the call")
DENIED = given("A Deny statement covers the call")
IDENTITY, RESOURCE = "identity-based policy", "resource-based policy"
SCP, BOUNDARY = "service control policy", "permissions boundary"


def unconditional(label: str, layer: str = "key policy") -> str:
    return f"Statement {label} ({layer}): there is no condition."


BY_USE = unconditional('"Allow use of the key"')
BY_DELEGATION = unconditional('"Enable IAM User Permissions"')


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The texts of a cause; `others` holds the sentence and the denials of each other cause."""

    text: str
    support: tuple[str, ...]
    against: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    others: tuple[tuple[str, tuple[str, ...]], ...] = ()
