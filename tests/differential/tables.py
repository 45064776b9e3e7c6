"""What policies and requests of the comparison are made of."""

from __future__ import annotations

from typing import Any

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ACCOUNTS = ("111122223333", "444455556666")
ROLE_ID = "AROAIOSFODNN7EXAMPLE1"
USER_ID = "AIDAIOSFODNN7EXAMPLE2"

ACTIONS = (
    "kms:Decrypt kms:Encrypt kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom "
    "kms:DescribeKey kms:CreateGrant kms:ListGrants kms:RevokeGrant"
).split()
PATTERNS: list[Any] = [
    "kms:*",
    "*",
    "kms:Decrypt",
    "kms:decrypt",
    "kms:*Grant",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    "kms:ListGrant?",
    ["kms:Encrypt", "kms:D*"],
    ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
    "ec2:*",
]
RESOURCES: list[Any] = [
    *["*"] * 10,
    KEY,
    KEY,
    KEY[:-1] + "0",
    "arn:aws:kms:*:*:key/*",
    f"{KEY.partition('/')[0]}/${{aws:PrincipalTag/key}}",
    [f"{KEY.partition('/')[0]}/${{aws:PrincipalTag/key, '0'}}*", KEY[:-1] + "1"],
]


def arns(account: str) -> dict[str, str]:
    """Return the ARNs of the callers of an account, by kind."""
    return {
        "user": f"arn:aws:iam::{account}:user/ana",
        "role": f"arn:aws:iam::{account}:role/Builder",
        "session": f"arn:aws:sts::{account}:assumed-role/Builder/monday",
        "federated": f"arn:aws:sts::{account}:federated-user/bo",
    }


def _principals() -> list[Any]:
    entries: list[Any] = ["*", {"AWS": "*"}, {"Service": "ec2.amazonaws.com"}]
    for account in ACCOUNTS:
        known = arns(account)
        entries += [{"AWS": one} for one in (account, f"arn:aws:iam::{account}:root")]
        entries += [{"AWS": one} for one in known.values()] * 2
        entries += [{"AWS": [known["role"], f"arn:aws:iam::{account}:user/dee"]}]
        entries += [{"AWS": [known["role"], ROLE_ID]}]
    return [*entries, {"AWS": ROLE_ID}, {"AWS": USER_ID}]


PRINCIPALS: list[Any] = _principals()

_GRANT_TESTS: list[dict[str, Any]] = [
    {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    {"Bool": {"kms:GrantIsForAWSResource": "false"}},
    {"BoolIfExists": {"kms:GrantIsForAWSResource": "true"}},
]
_TEXT_TESTS: list[dict[str, Any]] = [
    {"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}},
    {"StringLike": {"kms:ViaService": ["ec2.*.amazonaws.com", "s3.*"]}},
    {"StringNotEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}},
    {"StringNotEqualsIfExists": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}},
    {"Null": {"kms:ViaService": "true"}},
    {"Null": {"kms:ViaService": "false"}},
    {"StringEquals": {"kms:CallerAccount": "111122223333"}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    {"StringEqualsIgnoreCase": {"aws:PrincipalTag/owner": "ANA"}},
    {"StringLike": {"aws:PrincipalTag/owner": "?na"}},
    {"StringEquals": {"AWS:principaltag/OWNER": "ana"}},
    {"StringLike": {"aws:userid": f"{ROLE_ID}:*"}},
    {"StringNotLike": {"aws:userid": [f"{ROLE_ID}:*", USER_ID]}},
    {"StringEquals": {"aws:userid": [f"{ROLE_ID}:monday", USER_ID]}},
]
_ARN_TESTS: list[dict[str, Any]] = [
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}},
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}},
    {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*"}},
]
_ADDRESS_TESTS: list[dict[str, Any]] = [
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"IpAddress": {"aws:SourceIp": "2001:DB8:0:1::/64"}},
    {"IpAddress": {"aws:SourceIp": "2001:0db8:0000:0001:0000:0000:0000:0009"}},
    {"NotIpAddress": {"aws:SourceIp": ["2001:db8::/48", "198.51.100.0/24"]}},
    {"IpAddress": {"aws:SourceIp": "::/0"}},
    {"NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
    {"IpAddressIfExists": {"aws:SourceIp": "2001:db8:0:1::9/128"}},
]
_SET_TESTS: list[dict[str, Any]] = [
    {"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "Encrypt"]}},
    {"ForAnyValue:StringEquals": {"kms:GrantOperations": "Decrypt"}},
    {"ForAnyValue:StringNotEquals": {"kms:GrantOperations": "Decrypt"}},
    {"ForAllValues:StringNotLike": {"kms:GrantOperations": "De*"}},
    {"ForAllValues:StringEqualsIfExists": {"kms:GrantOperations": "Decrypt"}},
    {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/disk*"}},
    {"ForAllValues:StringLike": {"kms:ResourceAliases": "alias/disk*"}},
    {"ForAnyValue:StringNotLike": {"kms:ResourceAliases": "alias/disk*"}},
    {"ForAllValues:StringNotEquals": {"kms:ResourceAliases": "alias/other"}},
    {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}},
    {"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}},
    {"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}},
    {"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}},
    {"ForAnyValue:StringEquals": {"aws:CalledVia": ["ec2.amazonaws.com"]}},
    {"ForAllValues:StringEqualsIgnoreCase": {"aws:CalledVia": "EC2.amazonaws.com"}},
    {"Null": {"aws:CalledVia": "true"}},
]
_ORDER_TESTS: list[dict[str, Any]] = [
    {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
    {"DateGreaterThanEquals": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
    {"NumericGreaterThanEqualsIfExists": {"aws:MultiFactorAuthAge": 3600}},
]
_VARIABLE_TESTS: list[dict[str, Any]] = [
    {"StringEquals": {"aws:PrincipalTag/owner": "${aws:username}"}},
    {"StringNotEquals": {"aws:PrincipalTag/owner": "${aws:username}"}},
    {"StringNotLike": {"aws:PrincipalTag/owner": ["${aws:PrincipalTag/team}*", "c*"]}},
    {"StringLike": {"aws:PrincipalTag/owner": "${aws:PrincipalTag/team, 'no'}*"}},
    {"StringEqualsIfExists": {"aws:PrincipalTag/owner": "${aws:PrincipalTag/absent}"}},
    {"StringNotEqualsIgnoreCase": {"aws:PrincipalTag/owner": "${aws:PrincipalTag/absent}"}},
    {"StringNotLikeIfExists": {"aws:PrincipalTag/owner": "${aws:PrincipalTag/absent, 'AN'}?"}},
    {"StringEquals": {"aws:PrincipalTag/owner": ["${aws:PrincipalTag/absent}", "ana"]}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}"}},
    {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}"}},
    {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/${aws:PrincipalTag/team}"}},
    {"ForAnyValue:StringNotLike": {"kms:ResourceAliases": "alias/${aws:PrincipalTag/team}*"}},
    {"ForAllValues:StringNotEquals": {"kms:ResourceAliases": "alias/${aws:PrincipalTag/team}"}},
]
KINDS_OF_TESTS = (
    _GRANT_TESTS + _ARN_TESTS + _ORDER_TESTS,
    _TEXT_TESTS,
    _ADDRESS_TESTS,
    _SET_TESTS,
    _VARIABLE_TESTS,
)

VALUES: dict[str, list[Any]] = {
    "kms:GrantIsForAWSResource": ["true", "false"],
    "kms:ViaService": ["ec2.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"],
    "kms:GrantOperations": [["Decrypt"], ["Decrypt", "Encrypt"], ["Sign"]],
    "kms:ResourceAliases": [["alias/disk-1"], ["alias/other", "alias/disk"], ["alias/an"]],
    "aws:CalledVia": [["ec2.amazonaws.com"], ["athena.amazonaws.com", "ec2.amazonaws.com"]],
    "aws:PrincipalOrgID": ["o-a1b2c3d4e5", "o-0000000000"],
    "aws:PrincipalOrgPaths": [["o-a1b2c3d4e5/r-ab12/ou-1/"], ["o-0000000000/r-cd34/"]],
    "aws:SourceIp": [
        "203.0.113.9",
        "198.51.100.9",
        "2001:db8::1",
        "2001:db8:0:1::9",
        "2001:0DB8:0000:0001::9",
        "2002::1",
    ],
    "aws:CurrentTime": ["2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"],
    "aws:MultiFactorAuthAge": ["60", "3600"],
    "aws:PrincipalTag/owner": ["ana", "bo"],
    "aws:PrincipalTag/team": ["an", "b"],
    "aws:PrincipalTag/key": [KEY.rpartition("/")[2], "0"],
}
