"""KMS error codes: which are denials, and what the others mean for a failed EBS volume.

Source: AWS KMS API Reference, "Errors" of each operation; EBS User Guide, "EventBridge events for
EBS". CloudTrail writes AccessDenied for KMS; AccessDeniedException is the SDKs' spelling.
"""

from __future__ import annotations

DENIAL_CODES = frozenset({"AccessDenied", "AccessDeniedException"})

_MEANINGS = {
    "DryRunOperationException": "a dry run that would have succeeded; nothing to fix",
    "DisabledException": "the key is disabled: enable the key",
    "KMSInvalidStateException": (
        "the key's state forbids the call (pending deletion, pending import or disabled): "
        "cancel the deletion, import the material or enable the key"
    ),
    "NotFoundException": (
        "no such key, alias or grant in this Region and account: check the Region, and whether "
        "the key was deleted"
    ),
    "KeyUnavailableException": "KMS could not use the key just then: try again",
    "InvalidKeyUsageException": (
        "the key's type does not fit the call: EBS needs a symmetric encryption key"
    ),
    "IncorrectKeyException": "the data was encrypted under another key than the one named",
    "InvalidCiphertextException": "the ciphertext or its encryption context does not fit the key",
    "InvalidGrantTokenException": "the grant token is not valid: the grant may have been revoked",
    "InvalidGrantIdException": "no such grant: it may have been revoked or retired",
    "InvalidArnException": "the ARN is not one that KMS accepts here",
    "CustomKeyStoreNotFoundException": "the key's custom key store does not exist",
    "CustomKeyStoreInvalidStateException": "the key's custom key store is not connected",
    "CloudHsmClusterInvalidConfigurationException": "the key store's CloudHSM cluster is not ready",
    "XksKeyNotFoundException": "the external key behind the KMS key was not found",
    "XksProxyUriUnreachableException": "the external key store's proxy can't be reached",
    "LimitExceededException": "a quota was reached (50,000 grants on a key, for one)",
    "ThrottlingException": "too many requests: try again",
    "KMSInternalException": "an error inside KMS: try again",
    "DependencyTimeoutException": "a system behind KMS timed out: try again",
    "MalformedPolicyDocumentException": (
        "the key policy was refused: often a principal that does not exist"
    ),
    "ValidationException": "a parameter of the call was not valid",
    "UnsupportedOperationException": "the call is not possible on this kind of key",
    "AlreadyExistsException": "the alias or key store exists already",
}


def meaning_of(error_code: str) -> str:
    """Say what an error code that is no denial means; a policy edit fixes none of them."""
    return _MEANINGS.get(error_code, "not a permission error that this library knows")
