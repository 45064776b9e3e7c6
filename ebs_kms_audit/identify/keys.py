"""Which KMS key a row was about. The console's CSV seldom says."""

from __future__ import annotations

import re

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.model import Event, Evidence, KeyRef

_KEY_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|mrk-[0-9a-f]{32}")


def key_of(event: Event, given: KeyRef | None) -> KeyRef:
    """Return the key as the row's Resources name it, else as the caller did, else unknown."""
    named = {key for resource in event.resources or () if (key := _key(resource.name))}
    if len(named) == 1:
        (recorded,) = named
        if given and recorded.arn is None and recorded.id and recorded.id == given.id:
            return given
        return recorded
    if given and not named and _may_be(given, event):
        return given
    if named:
        why = "the row names several keys"
    elif event.resources is None:
        why = "the row's Resources can't be read"
    else:
        why = "the row names no key: the console's CSV seldom does"
    return KeyRef(arn=None, id=None, alias=None, evidence=Evidence.UNKNOWN, why=why)


def _key(name: str | None) -> KeyRef | None:
    arn = Arn.parse(name)
    why = "the row's Resources name it"
    if arn and arn.service == "kms" and arn.resource_type in ("key", "alias"):
        is_key = arn.resource_type == "key"
        return KeyRef(
            arn=str(arn) if is_key else None,
            id=arn.name if is_key else None,
            alias=None if is_key else arn.resource,
            evidence=Evidence.RECORDED,
            why=why,
        )
    if name and _KEY_ID.fullmatch(name):
        return KeyRef(arn=None, id=name, alias=None, evidence=Evidence.RECORDED, why=why)
    if name and name.startswith("alias/"):
        return KeyRef(arn=None, id=None, alias=name, evidence=Evidence.RECORDED, why=why)
    return None


def _may_be(key: KeyRef, event: Event) -> bool:
    """Tell whether the given key can be the row's: a key serves calls of its own Region only."""
    arn = Arn.parse(key.arn)
    return arn is not None and event.region in (None, arn.region)
