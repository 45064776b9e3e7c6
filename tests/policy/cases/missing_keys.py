"""Keys that are absent, keys that are not known, and keys of several values."""

from . import CONDITION, OPERATORS, SET_OPERATORS, conditioned

_KEY = "aws:PrincipalTag/team"
_MANY = "kms:GrantOperations"

# condition operator on an absent key, whether it holds
_ABSENT = [
    ("StringEquals", "blue", False),
    ("StringLike", "*", False),
    ("StringNotEquals", "blue", True),
    ("StringNotLike", "*", True),
    ("StringNotEqualsIgnoreCase", "blue", True),
    ("StringEqualsIfExists", "blue", True),
    ("StringNotEqualsIfExists", "blue", True),
    ("Bool", "true", False),
    ("Bool", "false", False),
    ("BoolIfExists", "true", True),
    ("NumericEquals", "1", False),
    ("NumericNotEquals", "1", True),
    ("DateLessThan", "2030-01-01T00:00:00Z", False),
    ("DateNotEquals", "2030-01-01T00:00:00Z", True),
    ("IpAddress", "0.0.0.0/0", False),
    ("NotIpAddress", "0.0.0.0/0", True),
    ("ArnLike", "*", False),
    ("ArnNotLike", "arn:aws:iam::111122223333:role/*", True),
    ("Null", "true", True),
    ("Null", "false", False),
    ("ForAllValues:StringEquals", "blue", True),
    ("ForAllValues:StringNotEquals", "blue", True),
    ("ForAnyValue:StringEquals", "blue", False),
    ("ForAnyValue:StringNotEquals", "blue", False),
    ("ForAnyValue:StringEqualsIfExists", "blue", None),
]
_UNKNOWN = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIfExists",
    "Null",
    "ForAllValues:StringEquals",
    "ForAnyValue:StringLike",
]
# operator, values of the policy, values of the request, whether it holds
_SEVERAL = [
    ("ForAllValues:StringEquals", ["Encrypt", "Decrypt"], ["Decrypt"], True),
    ("ForAllValues:StringEquals", ["Encrypt", "Decrypt"], ["Decrypt", "Sign"], False),
    ("ForAllValues:StringEquals", ["Decrypt"], [], True),
    ("ForAllValues:StringLike", "*crypt", ["Encrypt", "Decrypt"], True),
    ("ForAllValues:StringNotEquals", ["Sign"], ["Decrypt", "Encrypt"], True),
    ("ForAllValues:StringNotEquals", ["Sign"], ["Decrypt", "Sign"], False),
    ("ForAnyValue:StringEquals", ["Encrypt", "Decrypt"], ["Decrypt", "Sign"], True),
    ("ForAnyValue:StringEquals", ["Encrypt", "Decrypt"], ["Sign"], False),
    ("ForAnyValue:StringEquals", ["Decrypt"], [], False),
    ("ForAnyValue:StringLike", "Gen*", ["Decrypt", "GenerateDataKey"], True),
    ("ForAnyValue:StringNotEquals", ["Decrypt"], ["Decrypt", "Sign"], True),
    ("ForAnyValue:StringNotEquals", ["Decrypt"], ["Decrypt"], False),
]

CASES = [
    case
    for operator, wanted, holds in _ABSENT
    for case in conditioned(
        f"{operator} {wanted}, the key is absent",
        {operator: {_KEY: wanted}},
        holds,
        SET_OPERATORS if operator.startswith("For") else OPERATORS,
        complete=True,
        depends=[operator] if holds is None else None,
    )
]
CASES += [
    case
    for operator in _UNKNOWN
    for case in conditioned(
        f"{operator}, the key is not known",
        {operator: {_KEY: "true"}},
        None,
        CONDITION,
        depends=[_KEY],
    )
]
CASES += [
    case
    for operator, wanted, given, holds in _SEVERAL
    for case in conditioned(
        f"{operator} {wanted}, the request has {given}",
        {operator: {_MANY: wanted}},
        holds,
        SET_OPERATORS,
        context={_MANY: given},
    )
]
CASES += conditioned(
    "a key given as None is absent, though the context is not complete",
    {"Null": {_KEY: "true"}},
    True,
    OPERATORS,
    context={_KEY: None},
)
CASES += conditioned(
    "ForAllValues guarded by Null, the key is absent",
    {"ForAllValues:StringEquals": {_MANY: "Decrypt"}, "Null": {_MANY: "false"}},
    False,
    SET_OPERATORS,
    complete=True,
)
CASES += conditioned(
    "an operator for one value on several that all fit",
    {"StringLike": {_MANY: "*crypt"}},
    True,
    SET_OPERATORS,
    context={_MANY: ["Encrypt", "Decrypt"]},
)
CASES += conditioned(
    "an operator for one value on several that differ",
    {"StringEquals": {_MANY: "Decrypt"}},
    None,
    SET_OPERATORS,
    context={_MANY: ["Encrypt", "Decrypt"]},
)
