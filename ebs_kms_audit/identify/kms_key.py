"""The KMS key of an event.

A row of the console's CSV seldom names the key of a denied call. A CloudTrail record often does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from ebs_kms_audit.aws.arns import Arn, is_key_id
from ebs_kms_audit.model import Event, Evidence, KeyRef

_KEYS_KEPT = 100  # spellings; so many are never of one key
_KMS_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(?:key|alias)/[A-Za-z0-9:/_-]+"


def key_of(
    event: Event,
    siblings: Iterable[Event],
    ec2_calls: Iterable[Event],
    named_in_message: str | None,
    override: KeyRef | None,
) -> KeyRef:
    """Return the key from the first source that names exactly one key, or an unknown key.

    The sources, in order:

    1. the resources of the event
    2. the error message of the event
    3. `siblings`, the other events with the same Request ID
    4. `named_in_message`, the resource of a pasted message
    5. `override`, the key that the caller of `audit()` gives, if it is in the event's Region
    6. `ec2_calls`, the EC2 calls of the same caller within a minute
    """
    recorded = _recorded_key(event)
    if recorded:
        same = override and recorded.arn is None and recorded.id == override.id
        return override if override and same else recorded
    if not key_names(event):
        names = [name for sibling in siblings for name in _resource_names(sibling)]
        why = "another event of the same Request ID names it"
        if derived := _one_key(names, Evidence.DERIVED, why):
            return derived
        named = [named_in_message] if named_in_message else []
        if given := _one_key(named, Evidence.GIVEN, "the message that was given names it"):
            return given
        if override and _may_be(override, event):
            return override
        why = "the EC2 call that the same caller made within a minute names it"
        names = [name for call in ec2_calls for name in _resource_names(call)]
        if inferred := _one_key(names, Evidence.INFERRED, why):
            return inferred
    return KeyRef(arn=None, id=None, alias=None, evidence=Evidence.UNKNOWN, why=_why_unknown(event))


def recorded_key_id(event: Event) -> str | None:
    """Return the id of the one key that an event names; None if it names none or several."""
    recorded = _recorded_key(event)
    return recorded.id if recorded else None


def key_names(event: Event) -> set[str]:
    """Return the key ids in the resources of an event, or the aliases if there are no key ids."""
    return _keys(_resource_names(event))


def keys_in_message(event: Event) -> set[str]:
    """Return the key ids in the error message of an event, or the aliases if there are none."""
    return _keys(_in_message(event))


def keys_in(event: Event) -> set[str]:
    """Return the key ids in the resources and the error message of an event."""
    return {key for key in _keys(_names(event)) if is_key_id(key)}


def key_arns_in(event: Event) -> set[str]:
    """Return the key ARNs in the resources and the error message of an event."""
    return {str(arn) for arn in map(Arn.parse, _names(event)) if arn and arn.is_key}


class KeysSeen:
    """Collects the keys that events name, denied or not, by their ARN, id or `alias/…`.

    An alias counts only where the same event names no key by its ARN or id.
    """

    def __init__(self) -> None:
        self.spellings: set[str] = set()

    def add(self, event: Event) -> None:
        """Add a KMS event."""
        if not event.resources and not event.error_message:
            return
        self.add_names(_names(event))

    def add_names(self, names: Collection[str]) -> None:
        """Add the names in one event, which can be of keys."""
        if len(self.spellings) >= _KEYS_KEPT or self.spellings.issuperset(names):
            return
        keys = _keys(names)
        arns = {str(arn) for arn in map(Arn.parse, names) if arn and arn.is_key}
        named = {arn.rpartition("/")[2] for arn in arns}
        self.spellings |= arns | (keys - named)

    def merge(self, other: KeysSeen) -> None:
        """Add the keys that another collector saw."""
        self.spellings |= other.spellings


def _recorded_key(event: Event) -> KeyRef | None:
    return _one_key(
        _resource_names(event), Evidence.RECORDED, "the event's resources name it"
    ) or _one_key(_in_message(event), Evidence.RECORDED, "its error message names it")


def _why_unknown(event: Event) -> str:
    if key_names(event):
        return "the event names several keys"
    if event.resources is None:
        return "the Resources cell of the row cannot be read"
    if event.identity is not None:
        return "neither the resources nor the error message of the record names a key"
    return "the row names no key; the CSV of the console rarely names the key of a denied call"


def _names(event: Event) -> list[str]:
    return _resource_names(event) + _in_message(event)


def _resource_names(event: Event) -> list[str]:
    return [resource.name for resource in event.resources or () if resource.name]


def _in_message(event: Event) -> list[str]:
    return re.findall(_KMS_ARN, event.error_message) if event.error_message else []


def _keys(names: Iterable[str]) -> set[str]:
    """Return the key ids in the names, or the aliases if there are no key ids."""
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
    """Return the key if all names (ARNs, key ids, aliases) are names of one key."""
    names = list(names)
    if not names or len(_keys(names)) != 1:
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
    """Return whether a call in the event's Region can use the key."""
    arn = Arn.parse(key.arn)
    return arn is not None and event.region in (None, arn.region)
