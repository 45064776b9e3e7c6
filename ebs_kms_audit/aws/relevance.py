"""Which events matter to an audit, by source and name. The others are only counted.

An event matters if it is an event of KMS, an EC2 or EBS operation that uses a KMS key, or may show
who a caller is (AssumeRole, CreateRole, DeleteRole). An event of any other call with a long-term
access key proves an IAM user, and an event of IAM can name the ARN of one. These are read for that
only, and change no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ebs_kms_audit.aws.ebs_operations import (
    EBS_DIRECT_OPERATIONS,
    EBS_OPERATIONS,
    is_ebs_operation,
)
from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE, is_kms_event_name

# A role that was deleted and made again has another unique id: policies and grants miss it.
ROLE_CHANGES = frozenset({"CreateRole", "DeleteRole"})
IAM_EVENT_SOURCE = "iam.amazonaws.com"
# Operations of IAM on one user: their events name the user's ARN, with its path. Source: IAM API
# Reference, actions with the parameter UserName.
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
_NAMES = EBS_OPERATIONS | EBS_DIRECT_OPERATIONS | ROLE_CHANGES | USER_OPERATIONS
# How many holders of long-term keys are remembered, each of whom needs to be seen but once.
HOLDERS_KEPT = 100_000


def matters(source: str | None, name: str) -> bool:
    """Return whether a row or record with this Event source and Event name matters to the audit."""
    if source == KMS_EVENT_SOURCE or (not source and is_kms_event_name(name)):
        return True
    if is_ebs_operation(source, name):
        return True
    return name.startswith("AssumeRole") or name in ROLE_CHANGES


def names_a_user(source: str | None, name: str) -> bool:
    """Return whether an event may name an IAM user. It is read for that only."""
    return name in USER_OPERATIONS and source in (IAM_EVENT_SOURCE, None)


def names_that_matter(mark: str) -> str:
    """Return the pattern of the event names that matter, each with the mark behind it.

    One name after the other would be tried, letter by letter, on every row.
    """
    names = sorted([*(name + mark for name in _NAMES), "AssumeRole"])
    return _either(names)


def _either(words: Sequence[str]) -> str:
    """Return a pattern of sorted words as a tree of letters; no word may begin another."""
    if len(words) == 1:
        return words[0]
    tails = [
        first + _either([word[1:] for word in group])
        for first, group in groupby(words, key=lambda word: word[0])
    ]
    return tails[0] if len(tails) == 1 else f"(?:{'|'.join(tails)})"
