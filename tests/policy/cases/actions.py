"""Action, NotAction, Resource, NotResource, and what no key policy can allow."""

from . import (
    ACTION,
    ALLOWED,
    DEFAULT_POLICY,
    DELEGATED,
    DENIED,
    EFFECT,
    GRAMMAR,
    GRANTS,
    KEY,
    KEY_POLICY_ELEMENTS,
    MISSING,
    NOT_ACTION,
    NOT_GRANTABLE,
    OTHER_ROLE,
    PERMISSIONS,
    RESOURCE,
    ROLE,
    ROOT,
    UNDECIDED,
    Case,
    allow,
    deny,
    policy,
)

_DATA_KEY = "kms:GenerateDataKeyWithoutPlaintext"

# pattern, action of the request, whether it covers
_ACTIONS = [
    ("kms:Decrypt", "kms:Decrypt", True),
    ("kms:decrypt", "kms:Decrypt", True),
    ("KMS:DECRYPT", "kms:Decrypt", True),
    ("kms:Encrypt", "kms:Decrypt", False),
    ("kms:*", "kms:Decrypt", True),
    ("*", "kms:Decrypt", True),
    ("kms:De*", "kms:Decrypt", True),
    ("kms:*crypt", "kms:Decrypt", True),
    ("kms:?ecrypt", "kms:Decrypt", True),
    ("kms:Decryp??", "kms:Decrypt", False),
    ("kms:[D]ecrypt", "kms:Decrypt", False),
    ("kms:Decrypt ", "kms:Decrypt", False),
    ("Decrypt", "kms:Decrypt", False),
    ("s3:*", "kms:Decrypt", False),
    ("kms:GenerateDataKey", _DATA_KEY, False),
    ("kms:GenerateDataKey*", _DATA_KEY, True),
    ("kms:GenerateDataKeyWithoutPlainText", _DATA_KEY, True),
    ("kms:ReEncrypt", "kms:ReEncryptFrom", False),
    ("kms:ReEncrypt*", "kms:ReEncryptFrom", True),
    ("kms:ReEncrypt*", "kms:ReEncryptTo", True),
    ("kms:ReEncryptFrom", "kms:ReEncryptTo", False),
    ("kms:Create*", "kms:CreateGrant", True),
    ("kms:Revoke*", "kms:RetireGrant", False),
]
_RESOURCES = [
    ("*", KEY, ALLOWED),
    (KEY, KEY, ALLOWED),
    (KEY.upper(), KEY, MISSING),
    (KEY[:-1] + "?", KEY, ALLOWED),
    ("arn:aws:kms:*:111122223333:key/*", KEY, ALLOWED),
    ("arn:aws:kms:us-west-2:111122223333:key/*", KEY, MISSING),
    ("arn:aws:kms:us-east-1:111122223333:alias/disk", KEY, MISSING),
    ("arn:aws:s3:::bucket", KEY, MISSING),
    (["arn:aws:s3:::bucket", KEY], KEY, ALLOWED),
    ("arn:aws:kms:*", KEY, ALLOWED),
    ("arn:aws:kms:*/*", KEY, UNDECIDED),  # a wildcard for several parts
    (KEY, None, UNDECIDED),
    ("*", None, UNDECIDED),  # nobody knows whose key it is
    ("arn:aws:s3:::bucket/*", None, MISSING),
]
_IDENTITY_ONLY = [
    "CreateKey",
    "ListKeys",
    "ListAliases",
    "GenerateRandom",
    "ListRetirableGrants",
    "DescribeCustomKeyStores",
    "ConnectCustomKeyStore",
]


def _without(name, statement, *elements, source=KEY_POLICY_ELEMENTS, **more):
    """A statement that lacks an element, or has another in its place: it covers nothing."""
    broken = {key: value for key, value in statement.items() if key not in elements} | more
    return Case(name=name, source=source, policy=policy(broken), verdict=MISSING, decided=[])


_A = allow("A", ROLE)

CASES = [
    Case(
        name=f"{pattern!r} {'covers' if covered else 'does not cover'} {action}",
        source=ACTION,
        policy=policy(allow("A", ROLE, pattern)),
        action=action,
        verdict=(ALLOWED if covered else MISSING) if action != "kms:RetireGrant" else NOT_GRANTABLE,
        decided=["A"] if covered else [],
    )
    for pattern, action, covered in _ACTIONS
]
CASES += [
    Case(
        name=f"Resource {pattern!r}, the key {'is known' if arn else 'is not known'}",
        source=RESOURCE,
        policy=policy(allow("A", ROLE, "kms:Decrypt", Resource=pattern)),
        resource=arn,
        verdict=verdict,
        decided=[] if verdict is MISSING else ["A"],
    )
    for pattern, arn, verdict in _RESOURCES
]
CASES += [
    Case(
        name=f"{name} is a matter of IAM policies alone",
        source=PERMISSIONS,
        policy=policy(allow("A", ROLE)),
        action=f"kms:{name}",
        verdict=NOT_GRANTABLE,
        decided=[],
    )
    for name in _IDENTITY_ONLY
]
CASES += [
    Case(
        name="of RetireGrant the grant decides",
        source=GRANTS,
        policy=policy(allow("A", ROLE)),
        action="kms:RetireGrant",
        verdict=NOT_GRANTABLE,
        decided=[],
    ),
    Case(
        name="CreateKey, though a Deny covers it",
        source=PERMISSIONS,
        policy=policy(deny("D", "*")),
        action="kms:CreateKey",
        verdict=NOT_GRANTABLE,
        decided=[],
    ),
    # --- NotAction, NotResource
    Case(
        name="NotAction covers the others",
        source=NOT_ACTION,
        policy=policy(allow("A", ROLE, None, NotAction="kms:ScheduleKeyDeletion")),
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="NotAction leaves out what it lists",
        source=NOT_ACTION,
        policy=policy(allow("A", ROLE, None, NotAction=["kms:De*", "kms:Encrypt"])),
        verdict=MISSING,
        decided=[],
    ),
    Case(
        name="NotAction in a Deny",
        source=NOT_ACTION,
        policy=policy(_A, deny("D", "*", None, NotAction="kms:Encrypt")),
        verdict=DENIED,
        decided=["D"],
    ),
    Case(
        name="NotAction in a Deny spares what it lists",
        source=NOT_ACTION,
        policy=policy(_A, deny("D", "*", None, NotAction="kms:decrypt")),
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="NotResource in an IAM policy, another key",
        source=RESOURCE,
        policy=policy(allow("Root", ROOT)),
        layers={
            "identity_policies": policy(
                {"Sid": "I", "Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::*"}
            )
        },
        verdict=ALLOWED,
        decided=["Root", "identity_policies:I"],
    ),
    Case(
        name="NotResource in an IAM policy, this key",
        source=RESOURCE,
        policy=policy(allow("Root", ROOT)),
        layers={
            "identity_policies": policy(
                {"Sid": "I", "Effect": "Allow", "Action": "*", "NotResource": KEY}
            )
        },
        verdict=DELEGATED,
        decided=["Root"],
    ),
    # --- aliases: the IAM half is on the alias
    Case(
        name="an alias, the key policy names the caller, IAM not known",
        source=PERMISSIONS,
        policy=policy(_A),
        action="kms:CreateAlias",
        verdict=UNDECIDED,
        decided=["A"],
        depends=["identity_policies"],
    ),
    Case(
        name="an alias, the key policy names the caller, IAM allows on anything",
        source=PERMISSIONS,
        policy=policy(_A),
        action="kms:UpdateAlias",
        layers={"identity_policies": [policy(allow("I"))]},
        verdict=ALLOWED,
        decided=["A", "identity_policies:I"],
    ),
    Case(
        name="an alias, IAM allows on some aliases",
        source=PERMISSIONS,
        policy=policy(_A),
        action="kms:DeleteAlias",
        layers={
            "identity_policies": [
                policy(allow("I", Resource="arn:aws:kms:us-east-1:111122223333:alias/team-*"))
            ]
        },
        verdict=UNDECIDED,
        decided=["identity_policies:I"],
        depends=["resource"],
    ),
    Case(
        name="an alias of a key in another account",
        source=PERMISSIONS,
        policy=policy(allow("A", OTHER_ROLE)),
        principal=OTHER_ROLE,
        action="kms:CreateAlias",
        verdict=NOT_GRANTABLE,
        decided=[],
    ),
    # --- statements that cover nothing
    _without("no Resource", _A, "Resource"),
    _without("no Action", _A, "Action"),
    _without("no Effect", _A, "Effect", source=EFFECT),
    _without("no Principal", _A, "Principal"),
    _without("Effect in lower case", _A, Effect="allow", source=EFFECT),
    _without("Action and NotAction", _A, NotAction="kms:Encrypt", source=GRAMMAR),
    _without("Principal and NotPrincipal", _A, NotPrincipal={"AWS": ROOT}, source=GRAMMAR),
    _without("no action listed", _A, Action=[], source=GRAMMAR),
    _without("a Condition that is no object", _A, Condition="true", source=GRAMMAR),
    _without("a condition operator without keys", _A, Condition={"Bool": "true"}, source=GRAMMAR),
    _without("elements in lower case", _A, "Action", action="kms:*", source=GRAMMAR),
    Case(
        name="a broken statement does not spoil the others",
        source=GRAMMAR,
        policy=policy(3, {"Effect": "Deny"}, _A),
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="one statement that is not in a list",
        source=GRAMMAR,
        policy={"Version": "2012-10-17", "Statement": _A},
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(name="no statement", source=GRAMMAR, policy=policy(), verdict=MISSING, decided=[]),
    Case(
        name="elements that the policy language does not have are passed over",
        source=GRAMMAR,
        policy=policy(_A | {"Comment": "x"}),
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="the answer of get-key-policy",
        source=DEFAULT_POLICY,
        policy={
            "Policy": '{"Statement": [{"Sid": "A", "Effect": "Allow", "Principal": "*", '
            '"Action": "kms:*", "Resource": "*"}]}',
            "PolicyName": "default",
        },
        verdict=ALLOWED,
        decided=["A"],
    ),
]
