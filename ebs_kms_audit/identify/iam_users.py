"""The ARN of an IAM user, with its path, from rows of iam.amazonaws.com.

The Resources cell of such a row has an entry `AWS::IAM::User` with the ARN of the user. A caller
with the same name in the same account is inferred to be this user. A role session can have the same
name.
"""

from __future__ import annotations

from typing import NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.relevance import relevance
from ebs_kms_audit.model import Event

_KEPT = 100_000


class NamedUser(NamedTuple):
    """An IAM user.

    arn    the ARN, with its path
    event  the event that has the ARN
    """

    arn: Arn
    event: Event


class NamedUsers:
    """Collects the IAM users that rows of IAM name. At most 100,000 are kept."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[Arn, NamedUser]] = {}
        self._kept = 0

    def add(self, event: Event) -> None:
        """Add an event. Only an event of an IAM operation on a user, with its ARN, is kept."""
        if not relevance(event.source, event.name).iam_user:
            return
        for resource in event.resources or ():
            arn = Arn.parse(resource.name) if resource.type == "AWS::IAM::User" else None
            if arn is None or not arn.is_user_or_role or arn.resource_type != "user":
                continue
            users = self._by_name.setdefault(arn.name, {})
            if arn not in users and self._kept < _KEPT:
                self._kept += 1
                users[arn] = NamedUser(arn, event)

    def of(self, name: str | None, account: str | None) -> NamedUser | None:
        """Return the user with a name in an account; None if there is no such user or several."""
        users = [
            user
            for arn, user in self._by_name.get(name or "", {}).items()
            if account in (None, arn.account)
        ]
        return users[0] if len(users) == 1 else None
