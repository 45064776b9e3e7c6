"""Symptoms: errors that point to a KMS key and are not KMS denials."""

from __future__ import annotations

from ebs_kms_audit.explain.entry import Entry, EntryKind

_GET_KMS_EVENTS = (
    "Get the KMS events of the 15 minutes around the error, in the Region of the volume: "
    "CloudTrail, Event history, filter Event source = kms.amazonaws.com, Download JSON."
)
_NO_DENIAL = "A key policy does not cause this."


def _symptom(id: str, title: str, meaning: str, remedy: str, example: str) -> Entry:
    return Entry(
        kind=EntryKind.SYMPTOM,
        id=id,
        title=title,
        meaning=meaning,
        remedy=remedy,
        example=example,
    )


ENTRIES = (
    _symptom(
        "client_error_on_launch",
        "An instance stopped because it could not use an encrypted volume",
        "The instance could not use an encrypted volume. In most cases the launching role or user "
        "lacks permission on the KMS key, or the key is disabled.",
        _GET_KMS_EVENTS,
        "Client.InternalError: Client error on launch",
    ),
    _symptom(
        "kms_key_incorrect_state",
        "EC2 could not use the KMS key",
        "The key is disabled, pending deletion or pending import, or the caller has no permission "
        "on it: since 2023, EC2 gives the same error for both. The key may also be the default "
        "key for EBS encryption instead of the key that you expect.",
        _GET_KMS_EVENTS + " Check the key's state with aws kms describe-key --key-id KEY, and the "
        "default key with aws ec2 get-ebs-default-kms-key-id.",
        "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state",
    ),
    _symptom(
        "kms_key_revoked",
        "A volume could not be attached because it could not use its KMS key",
        "The caller lacks kms:CreateGrant on the key of the volume, or the key is disabled.",
        _GET_KMS_EVENTS + " Look for a denied CreateGrant.",
        "Client.CustomerKeyHasBeenRevoked: Volume vol-0123456789abcdef0 cannot be attached. The "
        "encrypted volume was unable to access the KMS key.",
    ),
    _symptom(
        "kms_key_inaccessible",
        "The EC2 console reports an inaccessible KMS key",
        "The instance could not use an encrypted volume. In most cases the launching role or user "
        "lacks permission on the KMS key, or the key is disabled.",
        _GET_KMS_EVENTS,
        "One or more of the attached Amazon EBS volumes are encrypted with an inaccessible AWS "
        "KMS key.",
    ),
    _symptom(
        "key_id_not_accessible",
        "EC2 could not find the KMS key",
        "The key does not exist in this Region and account, or the caller lacks kms:DescribeKey "
        "on it.",
        "Check the Region, the account and the id of the key: aws kms describe-key --key-id KEY "
        "--region REGION. " + _GET_KMS_EVENTS,
        "Given key ID is not accessible",
    ),
    _symptom(
        "volume_vanished",
        "A volume does not exist right after it was created",
        "EC2 checks the KMS key after CreateVolume has succeeded, and deletes the volume if the "
        "check fails. In most cases the caller lacks kms:GenerateDataKeyWithoutPlaintext or "
        "kms:Decrypt. A volume that someone deleted gives the same error.",
        _GET_KMS_EVENTS + " Look for denied GenerateDataKeyWithoutPlaintext and Decrypt.",
        "InvalidVolume.NotFound: The volume 'vol-0123456789abcdef0' does not exist.",
    ),
    _symptom(
        "volume_failed",
        "An encrypted volume failed",
        "The volume or snapshot could not be created or attached. For an encrypted volume, a "
        "missing permission on its KMS key is a frequent reason.",
        _GET_KMS_EVENTS,
        '"State": "error"',
    ),
    _symptom(
        "invalid_policy_principal",
        "A key policy names a principal that does not exist",
        "KMS rejected the policy because one of its principals does not exist: a service-linked "
        "role that is not created yet, a deleted role, a role ARN without its path, or an ARN of "
        "another partition. One such principal makes KMS reject the whole policy.",
        "Create the service-linked role, then put the policy again: aws iam "
        "create-service-linked-role --aws-service-name autoscaling.amazonaws.com",
        "MalformedPolicyDocumentException: Policy contains a statement with one or more invalid "
        "principals.",
    ),
    _symptom(
        "aws_managed_key_shared",
        "A snapshot under the AWS managed key cannot be shared",
        "The snapshot or AMI is encrypted with the AWS managed key aws/ebs. This key cannot be "
        "used from another account, and its key policy cannot be changed.",
        "Copy the snapshot under a customer managed key, then share the copy: aws ec2 "
        "copy-snapshot --source-region REGION --source-snapshot-id SNAPSHOT --encrypted "
        "--kms-key-id KEY",
        "Encrypted snapshots with EBS default key cannot be shared",
    ),
    _symptom(
        "key_state_error",
        "The state of the KMS key forbids the call",
        "The key is disabled, pending deletion or pending import. No change of a policy helps.",
        "Check the key's state: aws kms describe-key --key-id KEY. Enable the key with aws kms "
        "enable-key --key-id KEY, or cancel its deletion with aws kms cancel-key-deletion "
        "--key-id KEY.",
        "DisabledException: arn:aws:kms:us-east-1:111122223333:key/… is disabled.",
    ),
    _symptom(
        "encoded_message",
        "EC2 denied the call with an encoded message",
        "EC2 denied the call: an EC2 permission is missing, or a Deny applies. KMS does not encode "
        "its messages. " + _NO_DENIAL,
        "Decode the message, and give the output to the audit: aws sts "
        "decode-authorization-message --encoded-message TEXT",
        "UnauthorizedOperation: You are not authorized to perform this operation. Encoded "
        "authorization failure message: …",
    ),
    _symptom(
        "other_service_denied",
        "Another service denied the call",
        "The caller lacks a permission that is not a KMS permission, and the call fails without "
        "it. " + _NO_DENIAL,
        "Allow the action in the policy that the message names. If the message is encoded, decode "
        "it: aws sts decode-authorization-message --encoded-message TEXT",
        "Client.UnauthorizedOperation: User: arn:aws:iam::111122223333:user/alice is not "
        "authorized to perform: ec2:CreateVolume",
    ),
    _symptom(
        "ebs_dependency_denied",
        "An EBS direct API was denied access to the KMS key",
        "StartSnapshot, PutSnapshotBlock or GetSnapshotBlock could not use the KMS key of the "
        "snapshot. The caller lacks permission on the key.",
        _GET_KMS_EVENTS,
        "AccessDeniedException (Reason: DEPENDENCY_ACCESS_DENIED)",
    ),
)
