"""A service that checks every key, and EC2 itself."""

from __future__ import annotations

from tests import rows
from tests.incidents import (
    ADMINS,
    CLOUDTRAIL,
    DELEGATES,
    EBS,
    HOW_EBS_WORKS,
    INVESTIGATE,
    ORGANIZATIONS,
    Incident,
    bound,
    denied,
    statement,
)
from tests.incidents.documents import INFRASTRUCTURE
from tests.incidents.wording import (
    GET_POLICY,
    GET_RECORDS,
    LIST_GRANTS,
    RESOURCE,
    SCP,
    Wording,
    says,
)

INCIDENTS = [
    # --- harmless_probe
    Incident(
        name="AWS Config asks for the description of every key",
        source=CLOUDTRAIL,
        records=[denied("DescribeKey", "resource", sourceIPAddress="config.amazonaws.com")],
        cause="harmless_probe",
        evidence="recorded",
        steps=[],
        wording=Wording(
            text="An AWS service (config.amazonaws.com) checks every key in the account, and the "
            "denial is harmless.",
            support=("Denied: event DescribeKey of deploy.",),
        ),
    ),
    Incident(
        name="Access Analyzer asks for the policy of every key",
        source=CLOUDTRAIL,
        records=[denied("GetKeyPolicy", None, sourceIPAddress="access-analyzer.amazonaws.com")],
        cause="harmless_probe",
        evidence="recorded",
        steps=[],
    ),
    Incident(
        name="a service that checks every key lists the grants",
        source=CLOUDTRAIL,
        records=[denied("ListGrants", "resource", sourceIPAddress="config.amazonaws.com")],
        cause="harmless_probe",
        evidence="recorded",
        steps=[],
    ),
    # --- infrastructure
    Incident(
        name="EC2's Decrypt for the instance was denied",
        source=EBS,
        records=[
            denied("Decrypt", None, userIdentity=INFRASTRUCTURE, sourceIPAddress="AWS Internal")
        ],
        cause="infrastructure",
        evidence="recorded",
        steps=[INVESTIGATE],
        wording=Wording(
            text="aws:ec2-infrastructure, which EC2 uses for the instance, was denied kms:Decrypt: "
            "its grant is missing or retired, or a Deny or an SCP applies to it.",
            support=("The input shows no grant for i-0123456789abcdef0.",),
            commands=(GET_RECORDS, LIST_GRANTS, GET_POLICY),
        ),
    ),
    Incident(
        name="a Deny on the network hits EC2's Decrypt for the instance",
        source=EBS,
        records=[
            denied(
                "Decrypt",
                "deny resource",
                userIdentity=INFRASTRUCTURE,
                sourceIPAddress="AWS Internal",
            )
        ],
        options=bound(
            DELEGATES,
            statement(
                "*",
                "kms:*",
                "fence",
                Effect="Deny",
                Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
            ),
        ),
        cause="infrastructure",
        evidence="recorded",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
        wording=Wording(
            text="aws:ec2-infrastructure, which EC2 uses for the instance, was denied kms:Decrypt "
            "by a resource-based policy, whatever its grant allows.",
            support=(
                says("Decrypt of deploy", RESOURCE, "explicit deny"),
                'Statement "fence" (key policy): whether the condition holds depends on '
                "aws:SourceIp.",
                "The input shows no grant for i-0123456789abcdef0.",
            ),
            commands=(GET_POLICY,),
        ),
    ),
    Incident(
        name="an SCP denies EC2's Decrypt, so the grant is not the reason",
        source=ORGANIZATIONS,
        records=[
            denied("Decrypt", "scp", userIdentity=INFRASTRUCTURE, sourceIPAddress="AWS Internal")
        ],
        cause="infrastructure",
        evidence="recorded",
        policy_type="service control policy",
        steps=[INVESTIGATE],
        wording=Wording(
            text="aws:ec2-infrastructure, which EC2 uses for the instance, was denied kms:Decrypt "
            "by a service control policy, whatever its grant allows.",
            support=(
                says("Decrypt of deploy", SCP, "explicit deny"),
                "The input shows no grant for i-0123456789abcdef0.",
            ),
            commands=(
                "aws organizations list-policies-for-target --target-id 111122223333 --filter "
                "SERVICE_CONTROL_POLICY",
            ),
        ),
    ),
    Incident(
        name="a row of an instance's session from inside AWS",
        source=HOW_EBS_WORKS,
        rows=[
            rows.row(
                user_name="i-0123456789abcdef0",
                event_name="Decrypt",
                aws_access_key="",
                source_ip_address="AWS Internal",
                read_only="true",
            )
        ],
        cause="infrastructure",
        evidence="inferred",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="a Deny without a type of policy denied EC2's Decrypt",
        source=EBS,
        records=[
            denied("Decrypt", "deny", userIdentity=INFRASTRUCTURE, sourceIPAddress="AWS Internal")
        ],
        cause="infrastructure",
        evidence="recorded",
        words=("kms:Decrypt by a policy, whatever its grant allows",),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="no statement allows EC2's Decrypt, which a key policy never needs",
        source=EBS,
        records=[
            denied(
                "Decrypt", "resource", userIdentity=INFRASTRUCTURE, sourceIPAddress="AWS Internal"
            )
        ],
        options=bound(ADMINS),
        cause="infrastructure",
        evidence="recorded",
        policy_type="resource-based policy",
        words=("its grant is missing or retired",),
        steps=[INVESTIGATE],
    ),
]
