"""Every KMS operation and event name, with the permission that it needs.

The source of each row is the page of the operation in the AWS KMS API Reference ("Cross-account
use", "Required permissions"). The source of `read_only`, and of event names that are not API calls,
is the sample entries in the AWS KMS Developer Guide ("Logging AWS KMS API calls"). If no sample
shows the read-only flag, the flag is inferred and `read_only_documented` is False.

Cryptographic operations are read-only events in CloudTrail. Their access level in the Service
Authorization Reference is "Write".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

KMS_EVENT_SOURCE = "kms.amazonaws.com"
KMS_KEY = "AWS::KMS::Key"
"""The resource type of a key."""
_API_REFERENCE = "https://docs.aws.amazon.com/kms/latest/APIReference/API_{}.html"
_CLOUDTRAIL_SAMPLES = (
    "https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html"
)


class StatementKind(StrEnum):
    """The key policy statement that allows an action."""

    USAGE = "usage"
    GRANTS = "grants"
    ADMINISTRATION = "administration"
    IDENTITY_ONLY = "identity_only"
    OTHER = "other"


EBS_KINDS = (StatementKind.USAGE, StatementKind.GRANTS)
"""The kinds of the actions that EBS calls on a key."""


class KeyUse(StrEnum):
    """The type of key that an action needs. EBS uses symmetric keys only."""

    SYMMETRIC = "symmetric"
    ASYMMETRIC = "asymmetric"
    SIGNING = "signing"
    MAC = "HMAC"
    AGREEMENT = "key agreement"
    ENCAPSULATION = "key encapsulation"


class KmsAction(NamedTuple):
    """One event name of KMS.

    event_name            the Event name
    iam_actions           the required permissions (`kms:…`); empty if it is not an API call
    kind                  the key policy statement that allows the actions
    read_only             whether it is a read-only event in CloudTrail
    read_only_documented  whether AWS documents `read_only`
    cross_account         whether a caller from another account can use it
    key_use               the type of key that it needs
    shared_name           whether another AWS service has an event with the same name
    known                 whether this library knows the event name
    note                  a remark for the reader, or ""
    source                the URL of AWS's page
    """

    event_name: str
    iam_actions: tuple[str, ...]
    kind: StatementKind
    read_only: bool
    read_only_documented: bool = True
    cross_account: bool = False
    key_use: KeyUse = KeyUse.SYMMETRIC
    shared_name: bool = False
    known: bool = True
    note: str = ""
    source: str = ""


_SHARED_NAMES = frozenset(
    # Location, Lambda, GameLift, Payment Cryptography, License Manager and CloudFront have these
    # operations. Nearly every service has the tag operations. Encrypt is in real exports.
    "CreateAlias CreateGrant CreateKey DeleteAlias DescribeKey Encrypt GenerateMac "
    "GetParametersForImport GetPublicKey ListAliases ListKeys TagResource UntagResource "
    "UpdateAlias VerifyMac".split()
)


def _action(name: str, kind: StatementKind, flag: str, **more: object) -> KmsAction:
    """Build a row. The read-only flag is `r` or `w`, followed by `?` if it is inferred."""
    facts: dict[str, object] = {
        "event_name": name,
        "iam_actions": (f"kms:{name}",),
        "kind": kind,
        "read_only": flag[0] == "r",
        "read_only_documented": not flag.endswith("?"),
        "shared_name": name in _SHARED_NAMES,
        "source": _API_REFERENCE.format(name),
    }
    return KmsAction(**(facts | more))  # type: ignore[arg-type]


def _usage(name: str, flag: str = "r", **more: object) -> KmsAction:
    return _action(name, StatementKind.USAGE, flag, cross_account=True, **more)


def _grants(name: str, flag: str, **more: object) -> KmsAction:
    return _action(name, StatementKind.GRANTS, flag, cross_account=True, **more)


def _admin(name: str, flag: str = "w", **more: object) -> KmsAction:
    return _action(name, StatementKind.ADMINISTRATION, flag, **more)


def _identity(name: str, flag: str, **more: object) -> KmsAction:
    return _action(name, StatementKind.IDENTITY_ONLY, flag, **more)


def _no_call(name: str, note: str, iam_actions: tuple[str, ...] = ()) -> KmsAction:
    more = {"iam_actions": iam_actions, "note": note, "source": _CLOUDTRAIL_SAMPLES}
    return _action(name, StatementKind.OTHER, "w", **more)


_ALIAS_NOTE = "needs the permission on the alias (IAM policy) and on the key (key policy)"
_UNSEEN_NOTE = "the console's statement for such keys was not seen; it follows the other types'"

_TABLE = (
    # Key usage: the console gives these to key users of a symmetric key.
    _usage("Encrypt"),
    _usage("Decrypt"),
    _usage(
        "ReEncrypt",
        iam_actions=("kms:ReEncryptFrom", "kms:ReEncryptTo"),
        note="ReEncryptFrom on the source key, ReEncryptTo on the destination key; "
        "a policy must spell From and To, or kms:ReEncrypt*",
    ),
    _usage("GenerateDataKey"),
    _usage("GenerateDataKeyWithoutPlaintext", note="EBS calls it to create an encrypted volume"),
    _usage("GenerateDataKeyPair"),
    _usage("GenerateDataKeyPairWithoutPlaintext"),
    _usage("DescribeKey"),
    # Key usage of other key types. EBS cannot use these keys.
    _usage("GenerateMac", key_use=KeyUse.MAC),
    _usage("VerifyMac", key_use=KeyUse.MAC),
    _usage("Sign", key_use=KeyUse.SIGNING),
    _usage("Verify", key_use=KeyUse.SIGNING),
    _usage("GetPublicKey", "r?", key_use=KeyUse.ASYMMETRIC),
    _usage("DeriveSharedSecret", "r?", key_use=KeyUse.AGREEMENT, note=_UNSEEN_NOTE),
    _usage("Encapsulate", "r?", key_use=KeyUse.ENCAPSULATION, note=_UNSEEN_NOTE),
    _usage("Decapsulate", "r?", key_use=KeyUse.ENCAPSULATION, note=_UNSEEN_NOTE),
    # Grants for persistent resources.
    _grants("CreateGrant", "w", note="allowed only to AWS services that call for the caller"),
    _grants("ListGrants", "r"),
    _grants("RevokeGrant", "w"),
    # Administration.
    _admin("CancelKeyDeletion"),
    _admin("CreateAlias", note=_ALIAS_NOTE),
    _admin("DeleteAlias", note=_ALIAS_NOTE),
    _admin("UpdateAlias", note=_ALIAS_NOTE + ", on the old key and on the new one"),
    _admin("DeleteImportedKeyMaterial", "w?"),
    _admin("DisableKey"),
    _admin("DisableKeyRotation"),
    _admin("EnableKey"),
    _admin("EnableKeyRotation"),
    _admin("GetKeyLastUsage", "r?"),
    _admin("GetKeyPolicy", "r"),
    _admin("GetKeyRotationStatus", "r?", cross_account=True),
    _admin("GetParametersForImport", "r"),
    _admin("ImportKeyMaterial", note="the console adds it only for a key without material"),
    _admin("ListKeyPolicies", "r?"),
    _admin("ListKeyRotations", "r?"),
    _admin("ListResourceTags", "r?"),
    _admin("PutKeyPolicy"),
    _admin(
        "ReplicateKey",
        note="needs kms:CreateKey in an IAM policy of the replica's Region as well",
    ),
    _admin("RotateKeyOnDemand", "w?", note="matched by none of the documented patterns"),
    _admin("ScheduleKeyDeletion"),
    _admin("TagResource"),
    _admin("UntagResource"),
    _admin("UpdateKeyDescription"),
    _admin("UpdatePrimaryRegion", note="needed on the primary key and on the replica"),
    # No key policy can allow these, because their resource is not a key.
    _identity("CreateKey", "w", note="no key exists yet"),
    _identity("GenerateRandom", "r", note="uses no key"),
    _identity("ListAliases", "r"),
    _identity("ListKeys", "r?"),
    _identity("ListRetirableGrants", "r?", note="the resource is the retiring principal"),
    _identity("ConnectCustomKeyStore", "w"),
    _identity("CreateCustomKeyStore", "w"),
    _identity("DeleteCustomKeyStore", "w"),
    _identity("DescribeCustomKeyStores", "r"),
    _identity("DisconnectCustomKeyStore", "w"),
    _identity("UpdateCustomKeyStore", "w"),
    # Allowed by a grant, or not an API call.
    _action(
        "RetireGrant",
        StatementKind.OTHER,
        "w",
        cross_account=True,
        note="the grant itself decides who may retire it",
    ),
    _no_call(
        "SynchronizeMultiRegionKey",
        "KMS itself, through its service-linked role for multi-Region keys",
        ("kms:SynchronizeMultiRegionKey",),
    ),
    _no_call("DeleteKey", "KMS deleting a key whose waiting period ended"),
    _no_call("RotateKey", "KMS rotating a key"),
    _no_call("DeleteExpiredKeyMaterial", "KMS deleting expired imported material"),
)

_BY_NAME = {action.event_name: action for action in _TABLE}
_KNOWN_ACTIONS = {action.lower(): action for row in _TABLE for action in row.iam_actions}
IAM_ACTIONS = tuple(_KNOWN_ACTIONS.values())
"""Every IAM action of KMS that this library knows."""


def kms_actions() -> Iterator[KmsAction]:
    """Iterate over every KMS event name that this library knows."""
    return iter(_TABLE)


def is_kms_event_name(event_name: str) -> bool:
    """Return whether KMS has an event with this name. Other services can have one, too."""
    return event_name in _BY_NAME


def is_kms_action(action: str) -> bool:
    """Return whether the text has the form of an IAM action of KMS (`kms:Decrypt`)."""
    return re.fullmatch(r"kms:[A-Za-z][A-Za-z0-9]*", action, re.IGNORECASE) is not None


def is_known_kms_action(action: str) -> bool:
    """Return whether the action is in the table, regardless of case."""
    return action.lower() in _KNOWN_ACTIONS


def nearest_kms_action(action: str) -> str | None:
    """Return the known action with the most similar name, or None."""
    from difflib import get_close_matches

    near = get_close_matches(action.lower(), _KNOWN_ACTIONS, n=1)
    return _KNOWN_ACTIONS[near[0]] if near else None


def kms_action(event_name: str) -> KmsAction:
    """Return the facts about an event name. An unknown name has the kind `other`."""
    return _BY_NAME.get(event_name) or KmsAction(
        event_name=event_name,
        iam_actions=(f"kms:{event_name}",),
        kind=StatementKind.OTHER,
        read_only=False,
        read_only_documented=False,
        known=False,
        note="this library does not know the operation yet: see the AWS KMS API Reference",
    )
