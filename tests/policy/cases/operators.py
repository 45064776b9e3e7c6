"""The condition operators on keys that are in the request. Each line makes an Allow and a Deny."""

from ebs_kms_audit.policy import Like

from . import GRAMMAR, KMS_KEYS, OPERATORS, conditioned

_KEY = "aws:PrincipalTag/team"  # any key that every request may carry
_ARN = "arn:aws:ec2:us-east-1:111122223333:instance/i-0abc"

# operator, values of the policy, value of the request, whether it holds
_LINES = [
    ("StringEquals", "blue", "blue", True),
    ("StringEquals", "blue", "Blue", False),
    ("StringEquals", ["red", "blue"], "blue", True),
    ("StringEquals", ["red", "green"], "blue", False),
    ("StringEquals", "b*", "blue", False),
    ("StringEquals", [], "blue", False),
    ("StringNotEquals", "blue", "red", True),
    ("StringNotEquals", "blue", "blue", False),
    ("StringNotEquals", ["red", "blue"], "blue", False),
    ("StringNotEquals", ["red", "blue"], "green", True),
    ("StringEqualsIgnoreCase", "BLUE", "blue", True),
    ("StringEqualsIgnoreCase", "blue?", "blue", False),
    ("StringNotEqualsIgnoreCase", "BLUE", "blue", False),
    ("StringLike", "b*e", "blue", True),
    ("StringLike", "bl?e", "blue", True),
    ("StringLike", "bl?", "blue", False),
    ("StringLike", "B*", "blue", False),
    ("StringLike", "[b]lue", "blue", False),
    ("StringLike", "*", "", True),
    ("StringNotLike", "r*", "blue", True),
    ("StringNotLike", ["r*", "b*"], "blue", False),
    ("NumericEquals", "30", 30, True),
    ("NumericEquals", 30, "30.0", True),
    ("NumericEquals", "thirty", 30, None),  # a value that cannot be read: undecided
    ("NumericNotEquals", "thirty", 30, None),
    ("NumericEquals", ["thirty", "30"], 30, True),
    ("NumericEquals", "1e999", 30, None),
    ("NumericLessThan", 1e2, 99, True),
    ("NumericNotEquals", "30", 31, True),
    ("NumericLessThan", "30", 29, True),
    ("NumericLessThan", "30", 30, False),
    ("NumericLessThanEquals", "30", 30, True),
    ("NumericGreaterThan", "9", 10, True),
    ("NumericGreaterThan", "10", 10, False),
    ("NumericGreaterThanEquals", "10", 10, True),
    ("DateEquals", "2026-01-02T00:00:00Z", "2026-01-02T01:00:00+01:00", True),
    ("DateNotEquals", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", False),
    ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z", True),
    ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", False),
    ("DateLessThanEquals", "2026-01-02", "2026-01-02T00:00:00Z", True),
    ("DateGreaterThan", "2026-01-02T00:00:00Z", "2026-01-02T00:00:01Z", True),
    ("DateGreaterThan", "1767312000", "2026-01-02T00:00:01Z", True),
    ("DateGreaterThanEquals", "2026-01-02T00:00:00Z", "2025-12-31T00:00:00Z", False),
    ("DateEquals", "2026-02", "2026-02-01T00:00:00Z", True),
    ("DateEquals", "2026-02", "2026-02-02", False),
    ("DateEquals", "2026-01-02T00:00Z", "2026-01-02", True),
    ("DateEquals", "2026-01-02T00:00:00.50Z", "2026-01-02T00:00:00.5Z", True),
    ("DateEquals", "2026", "2026-01-01", None),  # a year, or seconds since 1970
    ("DateNotEquals", "2026", "2026-01-01", None),
    ("DateLessThan", "2026-13-01", "2026-01-01", None),
    ("DateLessThan", "1 May 2026", "2026-01-01", None),
    ("DateLessThan", "2026-W05-1", "2026-01-01", None),  # ISO 8601, not in the W3C note
    ("DateLessThan", "2026-05-01 10:00", "2026-01-01", None),
    ("Bool", "maybe", "true", None),
    ("Null", "maybe", "blue", None),
    ("IpAddress", "203.0.113.0/33", "203.0.113.9", None),
    ("NotIpAddress", "office", "203.0.113.9", None),
    ("Bool", "true", "true", True),
    ("Bool", True, "true", True),
    ("Bool", "false", "true", False),
    ("Bool", ["true", "false"], "true", True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXI=", False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.9", True),
    ("IpAddress", "203.0.113.0/24", "198.51.100.9", False),
    ("IpAddress", "203.0.113.9", "203.0.113.9", True),
    ("IpAddress", ["198.51.100.0/24", "2001:db8::/32"], "2001:db8::1", True),
    ("IpAddress", "2001:db8::/32", "203.0.113.9", False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.9", False),
    ("NotIpAddress", "203.0.113.0/24", "198.51.100.9", True),
    ("ArnEquals", _ARN, _ARN, True),
    ("ArnEquals", "arn:aws:ec2:*:111122223333:instance/*", _ARN, True),
    ("ArnLike", "arn:aws:ec2:*:*:instance/i-0ab?", _ARN, True),
    ("ArnLike", "arn:aws:ec2:*", _ARN, False),  # six parts, each for itself
    ("ArnLike", "arn:aws:ec2:*:instance/i-0abc", _ARN, False),
    ("ArnLike", "arn:aws:ec2:us-west-2:*:*", _ARN, False),
    ("ArnNotEquals", _ARN, _ARN, False),
    ("ArnNotLike", "arn:aws:ec2:us-west-2:*:*", _ARN, True),
    ("Null", "false", "blue", True),
    ("Null", "true", "blue", False),
    ("Null", False, "blue", True),
    ("StringEqualsIfExists", "blue", "blue", True),
    ("StringEqualsIfExists", "blue", "red", False),
    ("StringNotEqualsIfExists", "blue", "blue", False),
    ("BoolIfExists", "true", "false", False),
    ("NumericLessThanIfExists", "30", 31, False),
    # --- a range of addresses is within the policy's range as a whole or not at all
    ("IpAddress", "203.0.113.0/24", "203.0.113.0/25", True),
    ("IpAddress", "203.0.113.9", "203.0.113.0/24", False),
    ("NotIpAddress", "203.0.113.0/25", "203.0.113.0/24", True),
    # --- a value of the request that cannot be read, or is known in part: undecided
    ("NumericEquals", "30", "thirty", None),
    ("DateEquals", "2026-01-02", "soon", None),
    ("IpAddress", "203.0.113.0/24", "office", None),
    ("Bool", "true", "maybe", None),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5!", None),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ", None),
    ("NumericEquals", "30", Like("3*"), None),
    ("Bool", "true", Like("t*"), None),
    # --- boundaries of numbers and dates
    ("NumericLessThanEquals", "30", 31, False),
    ("NumericGreaterThanEquals", "10", 9, False),
    ("NumericGreaterThanEquals", "10", 11, True),
    ("NumericNotEquals", "30", 30, False),
    ("DateLessThanEquals", "2026-01-02", "2026-01-02T00:00:01Z", False),
    ("DateGreaterThan", "2026-01-02", "2026-01-02", False),
    ("DateGreaterThanEquals", "2026-01-02", "2026-01-02", True),
    ("DateNotEquals", "2026-01-02", "2026-01-03", True),
    # --- a year has four digits; other digits alone are seconds since 1970
    ("DateEquals", "999", "1970-01-01T00:16:39Z", True),
    ("DateEquals", "20260", "1970-01-01T05:37:40Z", True),
    ("DateEquals", "12026-01-02", "2026-01-02", None),
    ("DateEquals", "226-01-02", "0226-01-02", None),
    ("DateEquals", "\u0662\u0660\u0662\u0666-01-02", "2026-01-02", None),
    ("DateEquals", "99999999999999", "2026-01-02", None),
    ("DateEquals", "9" * 30, "2026-01-02", None),
    ("Bool", "false", "false", True),
    ("Bool", "FALSE", "true", False),
    ("StringEqualsIgnoreCase", "bl*", "blue", False),
    ("StringEqualsIgnoreCase", "BLUE", Like("BLU*"), None),
    ("ArnLike", "*:aws:ec2:*:*:instance/*", _ARN.replace("arn:", "urn:"), False),
    ("ArnLike", "arn:aws:ec2:*:*:instance/*", "i-0abc", False),
    ("ArnLike", "i-*", "i-0abc", False),
    # --- forms that the policy language does not have
    ("ForAnyValue:Null", "false", "blue", None),
    ("NullIfExists", "false", "blue", None),
    ("ForSomeValues:StringEquals", "blue", "blue", None),
]

CASES = [
    case
    for operator, wanted, given, holds in _LINES
    for case in conditioned(
        f"{operator} {wanted!r}, the request has {given!r}",
        {operator: {_KEY: wanted}},
        holds,
        OPERATORS,
        context={_KEY: given},
    )
]
CASES += conditioned(
    "names of condition keys are case-insensitive",
    {"StringEquals": {"AWS:principaltag/TEAM": "blue"}},
    True,
    KMS_KEYS,
    context={_KEY: "blue"},
)
CASES += conditioned(
    "all keys under one operator must fit",
    {"StringEquals": {_KEY: "blue", "aws:PrincipalTag/site": "north"}},
    False,
    GRAMMAR,
    context={_KEY: "blue", "aws:PrincipalTag/site": "south"},
)
CASES += conditioned(
    "all operators must hold",
    {"StringEquals": {_KEY: "blue"}, "Bool": {"aws:SecureTransport": "true"}},
    False,
    GRAMMAR,
    context={_KEY: "blue", "aws:SecureTransport": "false"},
)
CASES += conditioned(
    "one that fails decides, whatever is not known of the others",
    {"StringEquals": {_KEY: "blue"}, "Bool": {"aws:SecureTransport": "true"}},
    False,
    GRAMMAR,
    context={_KEY: "red"},
)
CASES += conditioned(
    "one not known, the others hold",
    {"StringEquals": {_KEY: "blue"}, "Bool": {"aws:SecureTransport": "true"}},
    None,
    GRAMMAR,
    context={_KEY: "blue"},
    depends=["aws:SecureTransport"],
)
CASES += conditioned(
    "an operator that is not known",
    {"StringAlmostEquals": {_KEY: "blue"}},
    None,
    OPERATORS,
    context={_KEY: "blue"},
    depends=["StringAlmostEquals"],
)
