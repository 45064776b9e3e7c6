"""A statement names the caller and fails by its condition, or a Deny matches."""

from __future__ import annotations

from . import (
    ADMINS,
    CLIENT,
    CONDITION_KEYS,
    DELEGATES,
    EBS,
    FOR_AWS,
    GLOBAL_KEYS,
    GRANT,
    IAM_POLICY,
    INVESTIGATE,
    KEY_POLICY,
    LOGIC,
    ROLE,
    ROOT,
    TROUBLESHOOT,
    USE,
    USER,
    Incident,
    bound,
    denied,
    key_policy,
    statement,
)

OFFICE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
OUTSIDE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


def through(service: str) -> dict[str, dict[str, str]]:
    return {"StringEquals": {"kms:ViaService": service}}


INCIDENTS = [
    # --- condition_not_met
    Incident(
        name="kms:ViaService is of another Region",
        source=CONDITION_KEYS,
        records=[denied("Decrypt")],
        options=bound(
            ADMINS, statement(ROLE, USE, "use", Condition=through("ec2.eu-west-1.amazonaws.com"))
        ),
        cause="condition_not_met",
        evidence="recorded",
        policy_type="resource-based policy",
        unmet="kms:ViaService",
        words=('"use"', "ec2.eu-west-1.amazonaws.com", "ec2.us-east-1.amazonaws.com"),
        steps=[KEY_POLICY],
    ),
    Incident(
        name="a placeholder is left in kms:ViaService, and the policy delegates as well",
        source=CONDITION_KEYS,
        records=[denied("Decrypt")],
        options=bound(
            DELEGATES, statement(ROLE, USE, "use", Condition=through("ec2.<region>.amazonaws.com"))
        ),
        cause="condition_not_met",
        evidence="recorded",
        policy_type="resource-based policy",
        unmet="kms:ViaService",
        words=("ec2.<region>.amazonaws.com",),
        steps=[KEY_POLICY],
    ),
    Incident(
        name="kms:ViaService of another Region, without a message",
        source=CONDITION_KEYS,
        records=[denied("Decrypt", None)],
        options=bound(
            ADMINS, statement(ROLE, USE, "use", Condition=through("ec2.eu-west-1.amazonaws.com"))
        ),
        cause="condition_not_met",
        evidence="given",
        policy_type="resource-based policy",
        unmet="kms:ViaService",
        steps=[KEY_POLICY],
    ),
    Incident(
        name="everyone of the account, through EC2 in another Region",
        source=CONDITION_KEYS,
        records=[denied("Decrypt")],
        options=bound(
            ADMINS,
            statement(
                "*",
                USE,
                "use",
                Condition={
                    "StringEquals": {
                        "kms:ViaService": "ec2.eu-west-1.amazonaws.com",
                        "kms:CallerAccount": "111122223333",
                    }
                },
            ),
        ),
        cause="condition_not_met",
        evidence="recorded",
        policy_type="resource-based policy",
        unmet="kms:ViaService",
        steps=[KEY_POLICY],
    ),
    Incident(
        name="a statement for everyone of another account is not for this caller",
        source=CONDITION_KEYS,
        records=[denied("Decrypt")],
        options=bound(
            ADMINS,
            statement(
                "*", USE, "use", Condition={"StringEquals": {"kms:CallerAccount": "444455556666"}}
            ),
        ),
        cause="no_statement",
        evidence="recorded",
        policy_type="resource-based policy",
        steps=[KEY_POLICY],
    ),
    Incident(
        name="usage actions under kms:GrantIsForAWSResource, which they never carry",
        source=CONDITION_KEYS,
        records=[denied("Decrypt")],
        options=bound(ADMINS, statement(ROLE, [*USE, *GRANT], "all", Condition=FOR_AWS)),
        cause="condition_not_met",
        evidence="recorded",
        policy_type="resource-based policy",
        unmet="kms:GrantIsForAWSResource",
        words=("does not have that condition key",),
        steps=[KEY_POLICY],
    ),
    Incident(
        name="the office network is required, and EC2 makes the call",
        source=GLOBAL_KEYS,
        records=[denied("Decrypt")],
        options=bound(ADMINS, statement(ROLE, USE, "use", Condition=OFFICE)),
        cause="condition_not_met",
        evidence="inferred",
        policy_type="resource-based policy",
        unmet="aws:SourceIp",
        words=("the network of ec2-frontend-api.amazonaws.com",),
        steps=[KEY_POLICY],
    ),
    Incident(
        name="a VPC endpoint is required, EC2 makes the call, and there is no message",
        source=EBS,
        records=[denied("GenerateDataKeyWithoutPlaintext", None)],
        options=bound(
            ADMINS,
            statement(
                ROLE,
                USE,
                "use",
                Condition={"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}},
            ),
        ),
        cause="condition_not_met",
        evidence="inferred",
        policy_type="resource-based policy",
        unmet="aws:SourceVpce",
        steps=[KEY_POLICY],
    ),
    Incident(
        name="the encryption context is fixed to a snapshot, and the call is about a volume",
        source=EBS,
        records=[denied("CreateGrant")],
        options=bound(
            ADMINS,
            statement(
                ROLE,
                GRANT,
                "grants",
                Condition={
                    "StringEquals": {"kms:EncryptionContext:aws:ebs:id": "snap-0123456789abcdef0"}
                },
            ),
        ),
        cause="condition_not_met",
        evidence="inferred",
        policy_type="resource-based policy",
        unmet="kms:EncryptionContext:aws:ebs:id",
        words=("the id of a volume",),
        steps=[KEY_POLICY],
    ),
    Incident(
        name="a tag is required that nobody knows, and the message rules every statement out",
        source=TROUBLESHOOT,
        records=[denied("Decrypt")],
        options=bound(
            ADMINS,
            statement(
                ROLE, USE, "use", Condition={"StringEquals": {"aws:PrincipalTag/team": "storage"}}
            ),
        ),
        cause="condition_not_met",
        evidence="inferred",
        policy_type="resource-based policy",
        unmet="aws:PrincipalTag/team",
        words=("very likely not met",),
        steps=[KEY_POLICY],
    ),
    # --- explicit_deny
    Incident(
        name="the message points to a Deny in the key policy, and the statement is there",
        source=TROUBLESHOOT,
        records=[denied("Decrypt", "deny resource")],
        options=bound(
            DELEGATES,
            statement(ROLE, USE, "use"),
            statement("*", "kms:Decrypt", "fence", Effect="Deny"),
        ),
        cause="explicit_deny",
        evidence="recorded",
        policy_type="resource-based policy",
        words=('in the key policy, statement "fence",',),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the message points to a Deny, and its condition cannot be computed",
        source=GLOBAL_KEYS,
        records=[denied("Decrypt", "deny resource")],
        options=bound(
            DELEGATES,
            statement(ROLE, USE, "use"),
            statement("*", "kms:*", "fence", Effect="Deny", Condition=OUTSIDE),
        ),
        cause="explicit_deny",
        evidence="recorded",
        policy_type="resource-based policy",
        words=('statement "fence",',),
        steps=[KEY_POLICY],
    ),
    Incident(
        name="the message points to a Deny in the key policy, and no policy was given",
        source=TROUBLESHOOT,
        records=[denied("Decrypt", "deny resource")],
        cause="explicit_deny",
        evidence="recorded",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the message points to a Deny in IAM, whatever the key policy says",
        source=TROUBLESHOOT,
        records=[denied("Decrypt", "deny identity", USER)],
        options=bound(DELEGATES, statement(USER, USE, "use")),
        cause="explicit_deny",
        evidence="recorded",
        policy_type="identity-based policy",
        words=("in an IAM policy",),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the message names no type of policy",
        source=TROUBLESHOOT,
        records=[denied("Decrypt", "deny")],
        cause="explicit_deny",
        evidence="recorded",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the message names no type of policy, and an IAM policy that was given has the Deny",
        source=TROUBLESHOOT,
        records=[denied("Decrypt", "deny")],
        options=bound(DELEGATES)
        | {
            "iam_policies": key_policy(
                {"Sid": "no", "Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}
            )
        },
        cause="explicit_deny",
        evidence="recorded",
        policy_type="identity-based policy",
        words=('A Deny in an IAM policy, statement "no",',),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="no message, and a Deny of the policy covers the call",
        source=LOGIC,
        records=[denied("Decrypt", None)],
        options=bound(
            DELEGATES,
            statement(ROLE, USE, "use"),
            statement(ROOT, "kms:Decrypt", "fence", Effect="Deny"),
        ),
        cause="explicit_deny",
        evidence="given",
        policy_type="resource-based policy",
        words=('statement "fence",',),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="no message, and a Deny of an IAM policy that was given covers the call",
        source=LOGIC,
        records=[denied("Decrypt", None)],
        options=bound(DELEGATES)
        | {
            "iam_policies": {
                ROLE: key_policy(
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Sid": "NoKeys", "Effect": "Deny", "Action": "kms:*", "Resource": "*"},
                )
            }
        },
        cause="explicit_deny",
        evidence="given",
        policy_type="identity-based policy",
        words=('in an IAM policy, statement "NoKeys",',),
        steps=[INVESTIGATE],
    ),
    # --- direct_grant_call
    Incident(
        name="create-grant from a shell, and the grants statement is there",
        source=CONDITION_KEYS,
        records=[denied(caller=USER, sourceIPAddress=CLIENT)],
        options=bound(DELEGATES, statement(USER, GRANT, "grants", Condition=FOR_AWS)),
        cause="direct_grant_call",
        evidence="recorded",
        policy_type="resource-based policy",
        words=("alice called kms:CreateGrant directly",),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="list-grants from a shell over IPv6, without a message",
        source=CONDITION_KEYS,
        records=[denied("ListGrants", None, USER, sourceIPAddress="2001:db8::7")],
        cause="direct_grant_call",
        evidence="recorded",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="where the source of a CreateGrant is unknown, it is no direct call",
        source=CONDITION_KEYS,
        records=[denied(sourceIPAddress="absent")],
        cause="no_statement",
        evidence="inferred",
        policy_type="resource-based policy",
        steps=[KEY_POLICY],
    ),
    Incident(
        name="a Decrypt from a shell is no grant call",
        source=CONDITION_KEYS,
        records=[denied("Decrypt", "identity", USER, sourceIPAddress=CLIENT)],
        options=bound(DELEGATES),
        cause="iam_policy_missing",
        evidence="recorded",
        policy_type="identity-based policy",
        steps=[("key_policy", "safe"), IAM_POLICY],
    ),
]
