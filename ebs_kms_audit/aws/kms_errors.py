"""KMS error codes: the denials, and the meaning of the others for a failed EBS volume.

Sources: AWS KMS API Reference, "Errors" of each operation; AWS KMS Developer Guide, "Key states of
AWS KMS keys"; EBS User Guide, "Amazon EventBridge
events for Amazon EBS"; CloudTrail User Guide, "Network activity events". CloudTrail records
AccessDenied for KMS, SDKs show AccessDeniedException, and network activity events hold
VpceAccessDenied.
"""

from __future__ import annotations

# Source: CloudTrail User Guide, "Logging network activity events".
VPC_ENDPOINT_CODE = "VpceAccessDenied"
DENIAL_CODES = frozenset({"AccessDenied", "AccessDeniedException", VPC_ENDPOINT_CODE})
# The key is disabled, pending deletion or pending import, or its key store is not available.
KEY_STATE_CODES = frozenset(
    {"DisabledException", "KMSInvalidStateException", "KeyUnavailableException"}
)
_NEED_ANOTHER_STATE = frozenset(
    "CancelKeyDeletion DeleteImportedKeyMaterial GetParametersForImport ImportKeyMaterial "
    "ReplicateKey RotateKeyOnDemand UpdatePrimaryRegion".split()
)
"""Operations that fail with KMSInvalidStateException on usable keys, too: a deletion cannot be
canceled if the key is not pending deletion."""

_MEANINGS = {
    "DryRunOperationException": "a dry run that would have succeeded; nothing to fix",
    "DisabledException": "the key is disabled: enable the key",
    "KMSInvalidStateException": (
        "the key's state forbids the call (pending deletion, pending import or disabled): "
        "cancel the deletion, import the material or enable the key"
    ),
    "NotFoundException": (
        "there is no such key, alias or grant in this Region and account: check the Region, and "
        "whether the key was deleted"
    ),
    "KeyUnavailableException": "KMS could not use the key at that time: try again",
    "InvalidKeyUsageException": (
        "the key is of another type: EBS needs a symmetric encryption key"
    ),
    "IncorrectKeyException": "the data was encrypted under a different key than the given one",
    "InvalidCiphertextException": "the ciphertext or its encryption context is not of this key",
    "InvalidGrantTokenException": "the grant token is not valid: the grant may have been revoked",
    "InvalidGrantIdException": "there is no such grant: it may have been revoked or retired",
    "InvalidArnException": "the ARN is not one that KMS accepts here",
    "CustomKeyStoreNotFoundException": "the key's custom key store does not exist",
    "CustomKeyStoreInvalidStateException": "the key's custom key store is not connected",
    "CloudHsmClusterInvalidConfigurationException": "the key store's CloudHSM cluster is not ready",
    "XksKeyNotFoundException": "the external key of the KMS key was not found",
    "XksProxyUriUnreachableException": "the proxy of the external key store cannot be reached",
    "LimitExceededException": "a quota was reached, for example 50,000 grants on a key",
    "ThrottlingException": "too many requests: try again",
    "KMSInternalException": "an error inside KMS: try again",
    "DependencyTimeoutException": "a system that KMS depends on timed out: try again",
    "MalformedPolicyDocumentException": (
        "KMS rejected the key policy: often a principal does not exist"
    ),
    "ValidationException": "a parameter of the call was not valid",
    "UnsupportedOperationException": "the call is not possible on this kind of key",
    "AlreadyExistsException": "the alias or key store exists already",
}


def shows_unusable(operation: str, error_code: str | None) -> bool:
    """Return whether a call that failed with an error code shows that the key cannot be used."""
    if error_code == "KMSInvalidStateException":
        return operation not in _NEED_ANOTHER_STATE
    return error_code in KEY_STATE_CODES


USABLE_AGAIN = (
    "a key could not be used at that time; later events show that the keys named in these errors "
    "are usable again: make the call again"
)
"""The meaning of an error that `shows_unusable`, if the key became usable after it."""


def meaning_of(error_code: str, operation: str) -> str:
    """Return the meaning of an error code that is not a denial. No policy change fixes it."""
    if error_code in KEY_STATE_CODES and not shows_unusable(operation, error_code):
        return "the call is not possible in the present state of the key"
    return _MEANINGS.get(error_code, "not a known permission error")
