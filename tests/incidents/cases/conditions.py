"""A statement names the caller, and its condition is not met."""

from __future__ import annotations

from tests.incidents import (
    ADMINS,
    CLIENT,
    CONDITION_KEYS,
    DELEGATES,
    EBS,
    FOR_AWS,
    GLOBAL_KEYS,
    GRANT,
    INVESTIGATE,
    KEY_POLICY,
    ROLE,
    TROUBLESHOOT,
    USE,
    USER,
    Incident,
    bound,
    denied,
    statement,
)
from tests.incidents.documents import USE_ELSEWHERE, USE_IN_OFFICE, through, untyped
from tests.incidents.wording import GET_RECORDS, RESOURCE, Wording, given, says

INCIDENTS = [
    # --- condition_not_met
    Incident(
        name="kms:ViaService is of another Region",
        source=CONDITION_KEYS,
        records=[denied("Decrypt")],
        options=bound(ADMINS, USE_ELSEWHERE),
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
        options=bound(ADMINS, USE_ELSEWHERE),
        cause="condition_not_met",
        evidence="given",
        policy_type="resource-based policy",
        unmet="kms:ViaService",
        steps=[KEY_POLICY],
        wording=Wording(
            text='Statement "use" names deploy, but its condition is not met: StringEquals '
            "kms:ViaService requires ec2.eu-west-1.amazonaws.com, and the request has "
            "ec2.us-east-1.amazonaws.com.",
            support=(
                given("A statement names the caller, but its condition is not met"),
                'Statement "use" (key policy): StringEquals: kms:ViaService does not match.',
            ),
            commands=(GET_RECORDS,),
        ),
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
        name="usage actions under kms:GrantIsForAWSResource, which they never carry",
        source=CONDITION_KEYS,
        records=[denied("Decrypt")],
        options=bound(ADMINS, statement(ROLE, [*USE, *GRANT], "all", Condition=FOR_AWS)),
        cause="condition_not_met",
        evidence="recorded",
        policy_type="resource-based policy",
        unmet="kms:GrantIsForAWSResource",
        steps=[KEY_POLICY],
        wording=Wording(
            text='Statement "all" names deploy, but its condition is not met: Bool '
            "kms:GrantIsForAWSResource requires true, and a request for kms:Decrypt does not have "
            "that condition key.",
            support=(
                says("Decrypt of deploy", RESOURCE),
                given("A statement names the caller, but its condition is not met"),
                'Statement "all" (key policy): Bool: kms:GrantIsForAWSResource is not in the '
                "request.",
            ),
        ),
    ),
    Incident(
        name="the office network is required, and EC2 makes the call",
        source=GLOBAL_KEYS,
        records=[denied("Decrypt")],
        options=bound(ADMINS, USE_IN_OFFICE),
        cause="condition_not_met",
        evidence="inferred",
        policy_type="resource-based policy",
        unmet="aws:SourceIp",
        steps=[KEY_POLICY],
        wording=Wording(
            text='Statement "use" names deploy, but its condition is not met: IpAddress '
            "aws:SourceIp requires 203.0.113.0/24, and the request has the network of "
            "ec2-frontend-api.amazonaws.com, not that of the caller.",
            support=(
                says("Decrypt of deploy", RESOURCE),
                given("The result depends on aws:SourceIp, which the input does not show"),
                'Statement "use" (key policy): whether the condition holds depends on '
                "aws:SourceIp.",
            ),
        ),
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
        steps=[KEY_POLICY],
        wording=Wording(
            text='Statement "use" names deploy, but its condition was very likely not met: '
            "StringEquals aws:PrincipalTag/team requires storage.",
            support=(
                says("Decrypt of deploy", RESOURCE),
                given("The result depends on aws:PrincipalTag/team, which the input does not show"),
                'Statement "use" (key policy): whether the condition holds depends on '
                "aws:PrincipalTag/team.",
            ),
        ),
    ),
    Incident(
        name="a condition is not met, the message blames IAM, and the policy names no account",
        source=CONDITION_KEYS,
        records=[denied("Decrypt", "identity")],
        options=bound(ADMINS, USE_ELSEWHERE),
        cause="condition_not_met",
        evidence="given",
        policy_type="resource-based policy",
        unmet="kms:ViaService",
        steps=[KEY_POLICY],
    ),
    Incident(
        name="a condition is not met, the message blames IAM, and the policy delegates as well",
        source=CONDITION_KEYS,
        records=[denied("Decrypt", "identity")],
        options=bound(DELEGATES, USE_ELSEWHERE),
        cause="condition_not_met",
        evidence="given",
        policy_type="resource-based policy",
        unmet="kms:ViaService",
        steps=[KEY_POLICY],
    ),
    Incident(
        name="the office network is required, the message blames IAM, and the policy delegates",
        source=GLOBAL_KEYS,
        records=[denied("Decrypt", "identity")],
        options=bound(DELEGATES, USE_IN_OFFICE),
        cause="condition_not_met",
        evidence="inferred",
        policy_type="resource-based policy",
        unmet="aws:SourceIp",
        steps=[KEY_POLICY],
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
        steps=[INVESTIGATE],
        wording=Wording(
            text="alice called kms:CreateGrant directly, and the grants statement allows it only "
            "to AWS services (kms:GrantIsForAWSResource).",
            support=(says("CreateGrant of alice", RESOURCE),),
        ),
    ),
    Incident(
        name="list-grants from a shell over IPv6, without a message",
        source=CONDITION_KEYS,
        records=[denied("ListGrants", None, USER, sourceIPAddress="2001:db8::7")],
        cause="direct_grant_call",
        evidence="recorded",
        steps=[INVESTIGATE],
        wording=Wording(
            text="alice called kms:ListGrants directly, and the grants statement allows it only to "
            "AWS services (kms:GrantIsForAWSResource).",
            support=("Denied: event ListGrants of alice.",),
            commands=(GET_RECORDS,),
        ),
    ),
    Incident(
        name="create-grant from a shell, and a message without a reason",
        source=CONDITION_KEYS,
        records=[untyped("CreateGrant", USER, sourceIPAddress=CLIENT)],
        cause="direct_grant_call",
        evidence="recorded",
        steps=[INVESTIGATE],
        wording=Wording(
            text="alice called kms:CreateGrant directly, and the grants statement allows it only "
            "to AWS services (kms:GrantIsForAWSResource).",
            support=("Denied: event CreateGrant of alice.",),
            commands=(GET_RECORDS,),
        ),
    ),
]
