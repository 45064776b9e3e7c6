"""The role of a session, from the AssumeRole event that created the session.

A successful AssumeRole event has the ARN of the role, the access key and the session name. A denied
call with the same access key was made by that role. Rows of service-linked roles have no access
key. For these rows the session name is used, if it identifies exactly one role.

Source: CloudTrail User Guide, "CloudTrail userIdentity element".
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.model import Event

_KEPT = 50_000
_LONGEST = 2_048  # characters: no ARN of AWS is longer


class AssumedRole(NamedTuple):
    """A role and the AssumeRole event that shows it.

    role_arn  the ARN of the role, with its path
    event_id  the Event ID of the AssumeRole event, or None
    place     the file and the line of the AssumeRole event
    """

    role_arn: str
    event_id: str | None
    place: tuple[str, int]


class AssumedRoles:
    """Collects AssumeRole events.

    `access_keys` are the access keys to keep. With None, every access key is kept, up to 50,000. If
    there are more, `overflowed` is True, and the input must be read again with `access_keys`.
    """

    def __init__(self, access_keys: Collection[str] | None = None) -> None:
        self._access_keys = access_keys
        self._by_key: dict[str, AssumedRole] = {}
        self._service_sessions: dict[str, dict[str, AssumedRole]] = {}
        self.overflowed = False

    def add(self, event: Event) -> None:
        """Add an event. Only a successful AssumeRole event is kept."""
        if event.error_code or not event.name.startswith("AssumeRole"):
            return
        resources = event.resources or ()
        names = {one.name for one in resources if one.name and ":role/" in one.name}
        roles = [name for name in names if len(name) <= _LONGEST and _is_role(name)]
        if len(roles) != 1:
            return
        assumed = AssumedRole(roles[0], event.event_id, (event.file, event.line))
        for resource in resources:
            if resource.type == "AWS::IAM::AccessKey" and resource.name:
                self._keep(resource.name, assumed)
            elif resource.type == "AWS::STS::AssumedRole" and ":role/aws-service-role/" in (
                assumed.role_arn
            ):
                session = (resource.name or "").rpartition("/")[2].rpartition(":")[2]
                _put(self._service_sessions.setdefault(session, {}), assumed.role_arn, assumed)

    def _keep(self, access_key: str, assumed: AssumedRole) -> None:
        if self._access_keys is not None:
            if access_key in self._access_keys:
                _put(self._by_key, access_key, assumed)
        elif access_key in self._by_key or len(self._by_key) < _KEPT:
            _put(self._by_key, access_key, assumed)
        else:
            self.overflowed = True

    def of(
        self, name: str | None, access_key: str | None, account: str | None
    ) -> AssumedRole | None:
        """Return the role of a caller with a User name and an access key, if there is one."""
        if access_key or not name:
            return self.of_key(access_key)
        return self.of_service_session(name, account)

    def of_key(self, access_key: str | None) -> AssumedRole | None:
        """Return the role that an access key was issued for, or None."""
        return self._by_key.get(access_key or "")

    def of_service_session(self, name: str, account: str | None) -> AssumedRole | None:
        """Return the service-linked role with a session name; None if none or several have it."""
        found = [
            assumed
            for arn, assumed in self._service_sessions.get(name, {}).items()
            if account in (None, arn.split(":")[4])
        ]
        return found[0] if len(found) == 1 else None


def _put(known: dict[str, AssumedRole], name: str, role: AssumedRole) -> None:
    """Keep the last of several events by file and line, because files are read in any order."""
    if name not in known or known[name].place <= role.place:
        known[name] = role


@lru_cache(maxsize=1_000)
def _is_role(name: str) -> bool:
    arn = Arn.parse(name)
    return arn is not None and arn.is_user_or_role and arn.resource_type == "role"
