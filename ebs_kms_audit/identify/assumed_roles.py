"""Which role a session belongs to, as the AssumeRole event tells that handed it out.

A successful AssumeRole names the role's ARN, the access key it handed out and the session. A
denied call with the same access key was therefore that role's. Rows of service-linked roles carry
no access key: there the session's name must do, and only where it leads to one role.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.model import Event

_KEPT = 50_000


class AssumedRole(NamedTuple):
    """A role, the event that proves it, and where the event is: its file and line."""

    role_arn: str
    event_id: str | None
    place: tuple[str, int] = ("", 0)


class AssumedRoles:
    """Collects AssumeRole events. `wanted` are the access keys to keep; None keeps all.

    With None, at most 50,000 are kept; then `overflowed` is True and a second reading, which
    knows what is wanted, must bring the rest.
    """

    def __init__(self, wanted: Collection[str] | None = None) -> None:
        self._wanted = wanted
        self._by_key: dict[str, AssumedRole] = {}
        self._service_sessions: dict[str, dict[str, AssumedRole]] = {}
        self.overflowed = False

    def add(self, event: Event) -> None:
        """Take in an event, if it handed out a session."""
        if event.error_code or not event.name.startswith("AssumeRole"):
            return
        roles = {resource.name for resource in event.resources or () if _is_role(resource.name)}
        if len(roles) != 1:
            return
        assumed = AssumedRole(str(roles.pop()), event.event_id, (event.file, event.line))
        for resource in event.resources or ():
            if resource.type == "AWS::IAM::AccessKey" and resource.name:
                self._keep(resource.name, assumed)
            elif resource.type == "AWS::STS::AssumedRole" and ":role/aws-service-role/" in (
                assumed.role_arn
            ):
                session = (resource.name or "").rpartition("/")[2].rpartition(":")[2]
                _put(self._service_sessions.setdefault(session, {}), assumed.role_arn, assumed)

    def _keep(self, access_key: str, assumed: AssumedRole) -> None:
        if self._wanted is not None:
            if access_key in self._wanted:
                _put(self._by_key, access_key, assumed)
        elif access_key in self._by_key or len(self._by_key) < _KEPT:
            _put(self._by_key, access_key, assumed)
        else:
            self.overflowed = True

    def of_key(self, access_key: str | None) -> AssumedRole | None:
        """Return what was handed out under an access key."""
        return self._by_key.get(access_key or "")

    def of_service_session(self, name: str, account: str | None) -> AssumedRole | None:
        """Return the service-linked role that calls under a session name, if it is one only."""
        found = [
            assumed
            for arn, assumed in self._service_sessions.get(name, {}).items()
            if account in (None, arn.split(":")[4])
        ]
        return found[0] if len(found) == 1 else None


def _put(known: dict[str, AssumedRole], name: str, role: AssumedRole) -> None:
    """Keep the last of several events, by file and line: files may be read in any order."""
    if name not in known or known[name].place <= role.place:
        known[name] = role


def _is_role(name: str | None) -> bool:
    arn = Arn.parse(name)
    return arn is not None and arn.is_user_or_role and arn.resource_type == "role"
