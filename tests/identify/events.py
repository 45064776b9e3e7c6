"""Events for tests of the collectors: a denied CreateGrant of alice through EC2."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ebs_kms_audit.model import Event, Resource

ACCOUNT, OTHER = "111122223333", "444455556666"
EC2 = "ec2-frontend-api.amazonaws.com"


def event(**fields: Any) -> Event:
    """Return an event; fields by their names: `event(name="Decrypt")`."""
    denied: dict[str, Any] = {
        "file": "a.csv",
        "line": 2,
        "time": datetime(2026, 5, 18, 7, 0, 34, tzinfo=UTC),
        "name": "CreateGrant",
        "source": "kms.amazonaws.com",
        "event_id": "event-0",
        "region": "us-east-1",
        "source_ip": EC2,
        "error_code": "AccessDenied",
        "user_name": "alice",
        "account": ACCOUNT,
    }
    return Event(**denied | fields)


def resources(*entries: tuple[str | None, str | None]) -> tuple[Resource, ...]:
    """Return resources from types and names."""
    return tuple(Resource(type=kind, name=name) for kind, name in entries)
