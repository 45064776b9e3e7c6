"""Which KMS key an event was about. The console's CSV seldom says; a record often does."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ebs_kms_audit.aws.arns import Arn, is_key_id
from ebs_kms_audit.model import Event, Evidence, KeyRef

_KMS_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(?:key|alias)/[A-Za-z0-9:/_-]+"


def key_of(
    event: Event,
    siblings: Iterable[Event],
    attempts: Iterable[Event],
    said: str | None,
    given: KeyRef | None,
) -> KeyRef:
    """Return the key, from the first source that names one, and only one.

    In order: the event's own resources; its error message; other events of the same Request ID
    (`siblings`); the message that the caller pasted (`said`: its resource); the caller's `given`
    key, where it can be that; the EC2 calls of the same caller at that time (`attempts`); else
    unknown.
    """
    own = _resource_names(event)
    in_message = re.findall(_KMS_ARN, event.error_message) if event.error_message else []
    recorded = _one_key(own, Evidence.RECORDED, "the event's resources name it") or _one_key(
        in_message, Evidence.RECORDED, "its error message names it"
    )
    if recorded:
        same = given and recorded.arn is None and recorded.id and recorded.id == given.id
        return given if given and same else recorded
    if not key_names(event):
        others = [name for sibling in siblings for name in _resource_names(sibling)]
        why = "another event of the same Request ID names it"
        if derived := _one_key(others, Evidence.DERIVED, why):
            return derived
        if named := _one_key([said or ""], Evidence.GIVEN, "the message that was given names it"):
            return named
        if given and _may_be(given, event):
            return given
        why = "the EC2 call that the same caller made within a minute names it"
        others = [name for attempt in attempts for name in _resource_names(attempt)]
        if inferred := _one_key(others, Evidence.INFERRED, why):
            return inferred
    return KeyRef(arn=None, id=None, alias=None, evidence=Evidence.UNKNOWN, why=_why_not(event))


def key_names(event: Event) -> set[str]:
    """Return the ids of the keys that an event's resources name, or failing these the aliases."""
    return _keys(_resource_names(event))


def keys_in_message(event: Event) -> set[str]:
    """Return the ids, or failing these the aliases, of the keys in an event's error message."""
    return _keys(re.findall(_KMS_ARN, event.error_message or ""))


def keys_in(event: Event) -> set[str]:
    """Return the ids of the keys that an event's resources or its error message name."""
    named = re.findall(_KMS_ARN, event.error_message) if event.error_message else []
    return {key for key in _keys([*_resource_names(event), *named]) if is_key_id(key)}


def key_arns_in(event: Event) -> set[str]:
    """Return the ARNs of the keys that an event's resources or its error message name."""
    named = [*_resource_names(event), *re.findall(_KMS_ARN, event.error_message or "")]
    arns = (Arn.parse(name.rstrip(".")) for name in named)
    return {str(arn) for arn in arns if arn and arn.is_key}


def _why_not(event: Event) -> str:
    if key_names(event):
        return "the event names several keys"
    if event.resources is None:
        return "the row's Resources can't be read"
    if event.identity is not None:
        return "the record names no key: a denied call's seldom does outside its error message"
    return "the row names no key: the console's CSV seldom does"


def _resource_names(event: Event) -> list[str]:
    return [resource.name for resource in event.resources or () if resource.name]


def _keys(names: Iterable[str]) -> set[str]:
    """Return the ids in the names, or else the aliases."""
    ids, aliases = set(), set()
    for name in names:
        arn = Arn.parse(name)
        if arn and arn.service == "kms" and arn.resource_type in ("key", "alias"):
            name = arn.name if arn.resource_type == "key" else arn.resource  # noqa: PLW2901
        if is_key_id(name):
            ids.add(name)
        elif name.startswith("alias/"):
            aliases.add(name)
    return ids or aliases


def _one_key(names: Iterable[str], evidence: Evidence, why: str) -> KeyRef | None:
    """Return the key if the names are of one key: by its ARN, its id and its alias."""
    names = list(names)
    if len(_keys(names)) != 1:
        return None
    arns = {str(arn): arn for arn in map(Arn.parse, names) if arn and arn.service == "kms"}
    key_arns = [text for text, arn in arns.items() if arn.is_key]
    ids = [Arn.parse(text).name for text in key_arns]  # type: ignore[union-attr]
    ids += [name for name in names if is_key_id(name)]
    aliases = {arn.resource for arn in arns.values() if arn.resource_type == "alias"}
    aliases |= {name for name in names if name.startswith("alias/")}
    return KeyRef(
        arn=key_arns[0] if len(key_arns) == 1 else None,
        id=ids[0] if ids else None,
        alias=aliases.pop() if len(aliases) == 1 else None,
        evidence=evidence,
        why=why,
    )


def _may_be(key: KeyRef, event: Event) -> bool:
    """Return whether the given key can be the row's: a key serves calls of its own Region only."""
    arn = Arn.parse(key.arn)
    return arn is not None and event.region in (None, arn.region)
