"""Which kinds of step the denials of a finding need, by cause.

Sources: AWS KMS Developer Guide, "Allowing users in other accounts to use a KMS key" (both halves),
"AWS KMS permissions"; EC2 Auto Scaling User Guide, "Required KMS key policy for use with encrypted
volumes" (a grant); EBS User Guide, "Requirements for Amazon EBS encryption" (a Deny by network).
"""

import pytest

from ebs_kms_audit.plan.routing import may_be_exempted, parts_of, through_service
from tests.incidents import (
    ADMINS,
    AUTO_SCALING,
    CLIENT,
    DELEGATES,
    FOREIGN_AUTO_SCALING,
    GRANT,
    OTHER_ROOT,
    ROLE,
    ROOT,
    USE,
    USER,
    VISITOR,
    bound,
    denied,
    key_policy,
    pair,
    session,
    statement,
    unbound,
)
from tests.records import ACCOUNT, audit

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ONLY_EC2 = ALL | {"Action": "ec2:*"}
INFRASTRUCTURE = {
    "userIdentity": session(
        f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure", "i-0123456789abcdef0"
    ),
    "sourceIPAddress": "AWS Internal",
}
OFFICE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
ELSEWHERE = {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}
BY_ACCOUNT = (statement(OTHER_ROOT, USE, "use"), statement(OTHER_ROOT, GRANT, "grants"))


def fence(condition, sid="fence", action="kms:*"):
    return statement("*", action, sid, Effect="Deny", Condition=condition)


def parts(*records, **options):
    return [part for one in audit(*records, **options).findings for part in parts_of(one)]


@pytest.mark.parametrize(
    ("record", "options", "cause", "kinds"),
    [
        (denied("DescribeKey", None, sourceIPAddress="config.amazonaws.com"), {},
         "harmless_probe", []),
        (denied("Decrypt", None, **INFRASTRUCTURE), bound(ADMINS),
         "infrastructure", ["investigate"]),
        (denied("Decrypt", "scp"), {}, "other_policy", ["investigate"]),
        (denied("CreateGrant", sourceIPAddress=CLIENT), {}, "direct_grant_call", ["investigate"]),
        # A Deny: only one by network in the key policy is changed.
        (denied("Decrypt", "deny resource"), {}, "explicit_deny", ["investigate"]),
        (denied("Decrypt", "deny resource"), bound(DELEGATES, fence(OFFICE)),
         "explicit_deny", ["key_policy"]),
        (denied("Decrypt", "deny resource", sourceIPAddress=CLIENT),
         bound(DELEGATES, fence(OFFICE)), "explicit_deny", ["investigate"]),
        (denied("Decrypt", "deny identity"),
         bound(DELEGATES) | {"iam_policies": {ROLE: key_policy(
             ALL, ALL | {"Effect": "Deny", "Condition": OFFICE})}},
         "explicit_deny", ["investigate"]),
        # No key policy can allow it.
        (denied("ListAliases", None, USER, resources=[]), {}, "not_grantable", ["iam_policy"]),
        (denied("ListAliases", None, ROLE, resources=[]), {}, "not_grantable", ["iam_policy"]),
        (denied("ListAliases", None, AUTO_SCALING, resources=[]), {},
         "not_grantable", ["investigate"]),
        (denied("ListAliases", None, ROOT, resources=[]), {}, "not_grantable", ["investigate"]),
        (denied("RetireGrant", None, USER, sourceIPAddress=CLIENT), {},
         "not_grantable", ["investigate"]),
        # The given policy may be another key's, or it allows the call.
        (denied("Decrypt"), unbound(DELEGATES, *pair(ROLE)), "other_key", ["investigate"]),
        (denied("Decrypt"), bound(DELEGATES, *pair(ROLE)),
         "conflicting_evidence", ["investigate"]),
        (denied("Decrypt"), bound(DELEGATES), "conflicting_evidence", ["key_policy"]),
        # The key policy does not name the caller.
        (denied("Decrypt"), {}, "no_statement", ["key_policy"]),
        (denied("Decrypt", caller=AUTO_SCALING), {}, "no_statement", ["key_policy"]),
        (denied("EnableKey"), {}, "no_statement", ["investigate"]),
        # An IAM policy is an alternative where one can be attached.
        (denied("Decrypt", "identity"), {}, "iam_policy_missing", ["key_policy", "iam_policy"]),
        (denied("Decrypt", "identity", USER), {},
         "iam_policy_missing", ["key_policy", "iam_policy"]),
        (denied("Decrypt", "identity", AUTO_SCALING), {}, "iam_policy_missing", ["key_policy"]),
        (denied("Decrypt", "identity", ROOT), {}, "iam_policy_missing", ["key_policy"]),
        # Across accounts: a step for each half that is missing.
        (denied("Decrypt", None, VISITOR), {}, "unknown", ["key_policy"]),
        (denied("Decrypt", "resource", VISITOR), {},
         "cross_account_half_missing", ["key_policy"]),
        (denied("Decrypt", "identity", VISITOR), {},
         "cross_account_half_missing", ["iam_policy"]),
        (denied("Decrypt", "identity", VISITOR), bound(DELEGATES, *BY_ACCOUNT),
         "cross_account_half_missing", ["iam_policy"]),
        (denied("Decrypt", "identity", VISITOR), bound(ADMINS),
         "cross_account_half_missing", ["key_policy", "iam_policy"]),
        # The root user of an account needs no IAM policy.
        (denied("Decrypt", "identity", OTHER_ROOT), bound(DELEGATES),
         "cross_account_half_missing", ["key_policy"]),
        (denied("Decrypt", "resource", VISITOR),
         bound(DELEGATES, *pair(VISITOR)) | {"iam_policies": {VISITOR: key_policy(ALL)}},
         "conflicting_evidence", ["investigate"]),
        # A condition of the key policy is not met: IAM policies that were given allow it or not.
        *(
            (denied("Decrypt", None, VISITOR),
             bound(DELEGATES, statement(VISITOR, USE, "use", Condition=ELSEWHERE)) | given,
             "condition_not_met", kinds)
            for given, kinds in (
                ({}, ["key_policy"]),
                ({"iam_policies": {VISITOR: key_policy(ALL)}}, ["key_policy"]),
                ({"iam_policies": {VISITOR: key_policy(ONLY_EC2, ALL)}}, ["key_policy"]),
                ({"iam_policies": {VISITOR: key_policy(ONLY_EC2)}}, ["key_policy", "iam_policy"]),
                ({"iam_policies": {VISITOR: key_policy(ALL | {"Condition": {
                    "StringEquals": {"aws:PrincipalTag/team": "x"}}})}},
                 ["key_policy", "iam_policy"]),
            )
        ),
        (denied("Decrypt", "identity", VISITOR),
         bound(DELEGATES, statement(VISITOR, USE, "use", Condition=ELSEWHERE)),
         "condition_not_met", ["key_policy", "iam_policy"]),
        # A service-linked role of another account works through a grant.
        (denied("Decrypt", None, FOREIGN_AUTO_SCALING), {},
         "cross_account_half_missing", ["grant"]),
        (denied("Decrypt", None, FOREIGN_AUTO_SCALING), bound(DELEGATES, *BY_ACCOUNT),
         "cross_account_half_missing", ["grant"]),
        (denied("Decrypt", "resource", FOREIGN_AUTO_SCALING), bound(DELEGATES),
         "cross_account_half_missing", ["key_policy", "grant"]),
    ],
)  # fmt: skip
def test_the_steps_that_a_denial_needs(record, options, cause, kinds):
    (part,) = parts(record, **options)
    assert (part.cause.id, list(part.kinds)) == (cause, kinds)
    assert part.alternative is (cause == "iam_policy_missing" and len(kinds) == 2)
    assert part.denials is part.finding.denials
    assert part.cause is part.finding.cause


def test_denials_of_several_causes_are_a_part_for_each():
    found = parts(
        denied("Decrypt", "scp"),
        denied("CreateGrant", eventID="e2"),
        denied("Encrypt", "scp", eventID="e3"),
    )
    (finding,) = {id(part.finding): part.finding for part in found}.values()
    assert [
        (part.cause.id, part.kinds, [one.event.name for one in part.denials]) for part in found
    ] == [
        ("other_policy", ("investigate",), ["Decrypt", "Encrypt"]),
        ("no_statement", ("key_policy",), ["CreateGrant"]),
    ]
    assert [part.cause for part in found] == [finding.cause, finding.cause.others[0]]


def test_denials_of_one_cause_that_need_different_steps_are_a_part_for_each():
    """A key policy allows the use of a key. Its administration is not proposed."""
    found = parts(
        denied("Decrypt"), denied("EnableKey", eventID="e2"), denied("Encrypt", eventID="e3")
    )
    assert [
        (part.cause.id, part.kinds, [one.event.name for one in part.denials]) for part in found
    ] == [
        ("no_statement", ("key_policy",), ["Decrypt", "Encrypt"]),
        ("no_statement", ("investigate",), ["EnableKey"]),
    ]


VIA_SERVICE = {"Bool": {"aws:ViaAWSService": "false"}}
NOT_INFRASTRUCTURE = {"ArnNotLike": {"AWS:PrincipalArn": "arn:aws:iam::*:role/x"}}


@pytest.mark.parametrize(
    ("conditions", "exempted"),
    [
        ([OFFICE], True),
        ([{"StringNotEquals": {"AWS:SourceVpce": "vpce-1"}}], True),
        ([OFFICE | VIA_SERVICE], True),
        ([OFFICE | NOT_INFRASTRUCTURE], True),
        ([OFFICE, {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}], True),
        # Not by network alone.
        ([NOT_INFRASTRUCTURE], False),
        ([OFFICE | {"StringNotEquals": {"aws:PrincipalTag/x": "y"}}], False),
        ([OFFICE, {"StringNotEquals": {"aws:PrincipalTag/x": "y"}}], False),
        ([{"StringNotEquals": {"aws:PrincipalTag/x": "y"}}, OFFICE], False),
        ([{}], False),
    ],
)
def test_a_deny_that_exempts_calls_of_aws_services_is_by_network_alone(conditions, exempted):
    fences = [fence(one, f"fence{at}") for at, one in enumerate(conditions)]
    (part,) = parts(denied("Decrypt", "deny resource"), **bound(DELEGATES, *pair(ROLE), *fences))
    assert may_be_exempted(part.finding, part.denials[0]) is exempted


def test_a_deny_of_one_of_several_policies_is_not_changed():
    policies = {"key_policies": [key_policy(DELEGATES, fence(OFFICE, sid)) for sid in "ab"]}
    (part,) = parts(denied("Decrypt", "deny resource"), **policies)
    assert not may_be_exempted(part.finding, part.denials[0])


@pytest.mark.parametrize(
    ("condition", "through"),
    [
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True),
        ({"StringEquals": {"AWS:SourceVpc": "vpc-1"}}, True),
        (ELSEWHERE, False),
    ],
)
def test_a_condition_on_the_network_fails_for_calls_through_ec2(condition, through):
    own = statement(ROLE, USE, "use", Condition=condition)
    (part,) = parts(denied("Decrypt", "resource"), **bound(ADMINS, own))
    assert through_service(part) is through
