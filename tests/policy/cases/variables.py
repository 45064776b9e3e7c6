"""Policy variables, in conditions and in resources."""

from . import (
    ALLOWED,
    DELEGATED,
    KEY,
    ROLE,
    ROOT,
    UNDECIDED,
    USER,
    VARIABLES,
    VERSION,
    Case,
    allow,
    conditioned,
    policy,
)

_KEY = "aws:PrincipalTag/owner"
_NEW, _OLD = "2012-10-17", "2008-10-17"

# name, operator, value of the policy, value of the request, Version, whether it holds
_LINES = [
    ("a variable", "StringEquals", "${aws:username}", "ana", _NEW, True),
    ("a variable, another value", "StringEquals", "${aws:username}", "bo", _NEW, False),
    ("text around a variable", "StringEquals", "user-${aws:username}-x", "user-ana-x", _NEW, True),
    (
        "two variables",
        "StringEquals",
        "${aws:username}/${aws:PrincipalAccount}",
        "ana/111122223333",
        _NEW,
        True,
    ),
    (
        "names of variables are case-insensitive",
        "StringEquals",
        "${AWS:UserName}",
        "ana",
        _NEW,
        True,
    ),
    ("plain text in the old version", "StringEquals", "${aws:username}", "ana", _OLD, False),
    (
        "plain text in the old version, spelt out",
        "StringEquals",
        "${aws:username}",
        "${aws:username}",
        _OLD,
        True,
    ),
    ("plain text without a version", "StringEquals", "${aws:username}", "ana", None, False),
    (
        "a default that is not needed",
        "StringEquals",
        "${aws:username, 'nobody'}",
        "ana",
        _NEW,
        True,
    ),
    (
        "a default in place of an absent key",
        "StringEquals",
        "${aws:SourceVpc, 'none'}",
        "none",
        _NEW,
        True,
    ),
    ("an escaped asterisk is plain", "StringLike", "a${*}a", "a*a", _NEW, True),
    ("an escaped asterisk is no wildcard", "StringLike", "a${*}a", "ana", _NEW, False),
    ("an escaped question mark", "StringLike", "an${?}", "ana", _NEW, False),
    ("an escaped dollar sign", "StringEquals", "${$}{aws:username}", "${aws:username}", _NEW, True),
    ("wildcards beside a variable", "StringLike", "*/${aws:username}", "staff/ana", _NEW, True),
    ("a variable after an escape", "StringLike", "${*}-${aws:username}", "*-ana", _NEW, True),
    ("another value after an escape", "StringLike", "${*}-${aws:username}", "*-bo", _NEW, False),
    ("an empty default", "StringEquals", "${aws:SourceVpc, ''}x", "x", _NEW, True),
    ("another than the default", "StringEquals", "${aws:SourceVpc, 'none'}", "nine", _NEW, False),
    # A default is in single quotes. What other text AWS makes of it is not documented.
    ("a default without quotes", "StringEquals", "${aws:SourceVpc, none}", "none", _NEW, None),
    ("a default with one quote", "StringEquals", "${aws:SourceVpc, 'none}", "none", _NEW, None),
    ("a quote as default", "StringEquals", "${aws:SourceVpc, '}", "", _NEW, None),
]

CASES = [
    case
    for name, operator, wanted, given, version, holds in _LINES
    for case in conditioned(
        name,
        {operator: {_KEY: wanted}},
        holds,
        VARIABLES if version == _NEW else VERSION,
        principal=USER,
        context={_KEY: given, "aws:SourceVpc": None},
        version=version,
    )
]
CASES += conditioned(
    "a variable whose key is absent matches nothing",
    {"StringEquals": {_KEY: "${aws:username}"}},
    False,
    VARIABLES,
    context={_KEY: "ana"},
)
CASES += conditioned(
    "a variable whose key is not known",
    {"StringEquals": {_KEY: "${aws:PrincipalTag/team}"}},
    None,
    VARIABLES,
    context={_KEY: "blue"},
    depends=["aws:PrincipalTag/team"],
)
for _text, _given in [
    ("${aws:PrincipalTag/team, 'red'}", "blue"),
    ("${?}${aws:PrincipalTag/team}", "?blue"),
    ("${*}${$}${aws:PrincipalTag/team}", "*$blue"),
]:
    CASES += conditioned(
        f"the open key of {_text}",
        {"StringEquals": {_KEY: _text}},
        None,
        VARIABLES,
        context={_KEY: _given},
        depends=["aws:PrincipalTag/team"],
    )
CASES += conditioned(
    "no value of a variable that is not known could fit",
    {"StringEquals": {_KEY: "team-${aws:PrincipalTag/team}"}},
    False,
    VARIABLES,
    context={_KEY: "blue"},
)
for _operator, _wanted, _holds in [
    ("StringNotEquals", "${aws:username}", True),
    ("StringNotEqualsIgnoreCase", "${aws:username}", True),
    ("StringNotLike", "*${aws:username}*", True),
    ("StringNotEqualsIfExists", "${aws:username}", True),
    ("ForAnyValue:StringNotEquals", "${aws:username}", True),
    ("ForAllValues:StringNotLike", "${aws:username}*", True),
    ("StringNotEquals", ["${aws:username}", "ana"], False),
    ("StringEquals", ["${aws:username}", "ana"], True),
    ("ForAnyValue:StringLike", "${aws:username}*", False),
    ("ForAllValues:StringEquals", "${aws:username}", False),
    ("StringEqualsIfExists", "${aws:username}", False),
    ("StringNotEquals", "${aws:username, 'ana'}", False),
]:
    CASES += conditioned(
        f"a variable without a value in {_operator}: {_wanted}",
        {_operator: {_KEY: _wanted}},
        _holds,
        VARIABLES,
        context={_KEY: "ana"},
    )
for _operator in ("StringLike", "StringNotLike"):
    CASES += conditioned(
        f"a variable of a key with several values in {_operator}",
        {_operator: {_KEY: "*${aws:CalledVia}"}},
        None,
        VARIABLES,
        context={_KEY: "ana", "aws:CalledVia": ["ec2.amazonaws.com", "athena.amazonaws.com"]},
    )
CASES += conditioned(
    "ArnNotEquals with a variable without a value",
    {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}"}},
    True,
    VARIABLES,
)
_OWN_KEYS = "arn:aws:kms:*:${aws:PrincipalAccount}:key/*"
CASES += [
    Case(
        name="a variable in a Resource",
        source=VARIABLES,
        policy=policy(allow("Root", ROOT)),
        layers={"identity_policies": [policy(allow("I", Resource=_OWN_KEYS))]},
        verdict=ALLOWED,
        decided=["Root", "identity_policies:I"],
    ),
    Case(
        name="plain text in a Resource of the old version",
        source=VERSION,
        policy=policy(allow("Root", ROOT)),
        layers={"identity_policies": [policy(allow("I", Resource=_OWN_KEYS), version=_OLD)]},
        verdict=DELEGATED,
        decided=["Root"],
    ),
    Case(
        name="a variable in a Resource that is not known",
        source=VARIABLES,
        policy=policy(allow("A", ROLE, Resource=KEY[:-4] + "${aws:PrincipalTag/key}")),
        verdict=UNDECIDED,
        decided=["A"],
    ),
]
