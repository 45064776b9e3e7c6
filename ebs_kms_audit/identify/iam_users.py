"""The ARN of an IAM user, path included, from rows of IAM that name the user.

A row of iam.amazonaws.com lists in its Resources `AWS::IAM::User` with the user's ARN. A caller of
the same name in the same account is that user: inferred, because a role session can have the name
of a user.
"""

from __future__ import annotations

from typing import NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.relevance import IAM_EVENT_SOURCE
from ebs_kms_audit.model import Event

_KEPT = 100_000


class NamedUser(NamedTuple):
    """The ARN of an IAM user, and the event that names it."""

    arn: Arn
    event: Event


class NamedUsers:
    """Collects the IAM users that rows of IAM name. At most 100,000 are kept."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[Arn, NamedUser]] = {}
        self._kept = 0

    def add(self, event: Event) -> None:
        """Take in an event; one that names no user changes nothing."""
        if event.source != IAM_EVENT_SOURCE:
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
        """Return the user of a name in an account; None if no row or several ARNs name one."""
        users = [
            user
            for arn, user in self._by_name.get(name or "", {}).items()
            if account in (None, arn.account)
        ]
        return users[0] if len(users) == 1 else None
