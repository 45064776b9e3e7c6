"""The events that an audit needs, by Event source and Event name. All others are only counted.

The readers of exports and of records, the collectors and Spark all use these rules.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from ebs_kms_audit.aws.ebs_operations import (
    EBS_DIRECT_OPERATIONS,
    EBS_EVENT_SOURCE,
    EBS_OPERATIONS,
    EC2_EVENT_SOURCE,
)
from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE, kms_actions

IAM_EVENT_SOURCE = "iam.amazonaws.com"
ROLE_CHANGES = frozenset({"CreateRole", "DeleteRole"})
"""Operations that create or delete a role. A role that is deleted and created again has a new
unique id. Policies and grants for the old role have no effect on the new role."""
USER_OPERATIONS = frozenset(
    "AddUserToGroup AttachUserPolicy ChangePassword CreateAccessKey CreateLoginProfile "
    "CreateServiceSpecificCredential CreateUser DeactivateMFADevice DeleteAccessKey "
    "DeleteLoginProfile DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy "
    "DetachUserPolicy EnableMFADevice GetAccessKeyLastUsed GetLoginProfile GetUser GetUserPolicy "
    "ListAccessKeys ListAttachedUserPolicies ListGroupsForUser ListMFADevices ListSSHPublicKeys "
    "ListServiceSpecificCredentials ListSigningCertificates ListUserPolicies ListUserTags "
    "PutUserPermissionsBoundary PutUserPolicy RemoveUserFromGroup ResyncMFADevice TagUser "
    "UntagUser UpdateAccessKey UpdateLoginProfile UpdateUser UploadSSHPublicKey "
    "UploadSigningCertificate".split()
)
"""IAM operations on one user. Their events have the ARN of the user, with its path. Source: IAM API
Reference, actions with the parameter UserName."""
MATERIAL_LOST = ("DeleteExpiredKeyMaterial", "DeleteImportedKeyMaterial")
"""KMS operations after which an enabled key with imported key material is pending import."""
STATE_CHANGES = (
    "ImportKeyMaterial",
    "CancelKeyDeletion",
    "EnableKey",
    *MATERIAL_LOST,
    "DisableKey",
    "ScheduleKeyDeletion",
    "DeleteKey",
)
"""KMS operations that change the state of a key; those that can make it unusable come last."""
KEY_USES = frozenset(
    "CreateGrant Decrypt Encrypt GenerateDataKey GenerateDataKeyPair "
    "GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext ReEncrypt".split()
)
"""KMS operations that fail unless the key is enabled. Source: AWS KMS Developer Guide, "Key states
of AWS KMS keys"."""
KEY_CHANGES = frozenset({"PutKeyPolicy", "RevokeGrant", "RetireGrant", *STATE_CHANGES})
"""KMS operations that change the permissions or the state of a key."""
HOLDERS_KEPT = 100_000
"""The maximum number of users with long-term access keys that are kept."""

_KEPT = 10_000  # answers
_LONGEST_KEPT = 200  # characters


class Relevance(NamedTuple):
    """Why an audit needs an event. If no field is True, the audit does not need the event.

    kms          a KMS event
    ec2_call     a call of an EC2 or EBS operation that uses the key of a volume or snapshot
    assume_role  a call that returns credentials of a role
    role_change  a role was created or deleted
    iam_user     an IAM event that can have the ARN of a user; it is not counted as relevant
    key_change   a KMS operation that can cause later denials
    """

    kms: bool = False
    ec2_call: bool = False
    assume_role: bool = False
    role_change: bool = False
    iam_user: bool = False
    key_change: bool = False


class Rule(NamedTuple):
    """A rule that selects events.

    why      why an audit needs the events
    sources  the Event sources, "" for events without one; None for every source
    names    the Event names; None for every name
    prefix   the beginning of the Event name
    """

    why: Literal["kms", "ec2_call", "assume_role", "role_change", "iam_user"]
    sources: tuple[str, ...] | None
    names: frozenset[str] | None = None
    prefix: str = ""

    def holds(self, source: str, name: str) -> bool:
        """Return whether the rule selects events with this source ("" for none) and name."""
        return (
            (self.sources is None or source in self.sources)
            and (self.names is None or name in self.names)
            and name.startswith(self.prefix)
        )


RULES = (
    Rule("kms", (KMS_EVENT_SOURCE,)),
    Rule("kms", ("",), frozenset(action.event_name for action in kms_actions())),
    Rule("ec2_call", (EC2_EVENT_SOURCE, ""), EBS_OPERATIONS),
    Rule("ec2_call", (EBS_EVENT_SOURCE, ""), EBS_DIRECT_OPERATIONS),
    Rule("assume_role", None, prefix="AssumeRole"),
    Rule("role_change", None, ROLE_CHANGES),
    Rule("iam_user", (IAM_EVENT_SOURCE,), USER_OPERATIONS),
)
"""An audit needs only the events that these rules select."""

NOT_RELEVANT = Relevance()
ONLY_NAMES_A_USER = Relevance(iam_user=True)
_relevance: dict[tuple[str | None, str], Relevance] = {}


def relevance(source: str | None, name: str) -> Relevance:
    """Return why an audit needs events of this Event source and Event name."""
    known = _relevance.get((source, name))
    if known is None:
        known = _find(source or "", name)
        if len(_relevance) >= _KEPT:
            _relevance.clear()
        if len(name) + len(source or "") < _LONGEST_KEPT:
            _relevance[source, name] = known
    return known


def _find(source: str, name: str) -> Relevance:
    why = {rule.why for rule in RULES if rule.holds(source, name)}
    if not why:
        return NOT_RELEVANT
    return Relevance(
        kms="kms" in why,
        ec2_call="ec2_call" in why,
        assume_role="assume_role" in why,
        role_change="role_change" in why,
        iam_user="iam_user" in why,
        key_change="kms" in why and name in KEY_CHANGES,
    )


def is_relevant(source: str | None, name: str) -> bool:
    """Return whether events with this Event source and Event name are counted as relevant."""
    found = relevance(source, name)
    return found is not NOT_RELEVANT and found != ONLY_NAMES_A_USER
