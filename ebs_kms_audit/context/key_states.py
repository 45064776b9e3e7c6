"""Whether the changes of the state of a key leave it unusable.

Source: AWS KMS Developer Guide, "Key states of AWS KMS keys": only an enabled key can be used. A
canceled deletion leaves the key disabled. EnableKey fails on a key that is pending deletion or
pending import. ImportKeyMaterial enables a key that lost its material. The deletion of material
does not change the state of a key that is pending deletion (AWS KMS API Reference,
"DeleteImportedKeyMaterial").
"""

from __future__ import annotations

from collections.abc import Iterable

from ebs_kms_audit.aws.relevance import MATERIAL_LOST, STATE_CHANGES
from ebs_kms_audit.model import Event


def left_unusable(changes: Iterable[Event]) -> Event | None:
    """Return the change after which the key is not enabled; None if the last one enables it.

    `changes` are successful changes of the state of one key. Of changes at equal times, those that
    can make the key unusable count as the later ones.
    """
    found: Event | None = None
    for change in sorted(changes, key=lambda one: (one.seconds, STATE_CHANGES.index(one.name))):
        if change.name == "EnableKey":
            found = None
        elif change.name == "ImportKeyMaterial":
            found = None if found and found.name in MATERIAL_LOST else found
        elif change.name not in MATERIAL_LOST or not found or found.name != "ScheduleKeyDeletion":
            found = change
    return found
