"""Another policy, the key's state, a probe, EC2 itself, or nothing that the input shows."""

from __future__ import annotations

from typing import Any

from tests import rows

from . import (
    ADMINS,
    AUTO_SCALING,
    CLOUDTRAIL,
    DELEGATES,
    EBS,
    ENDPOINTS,
    GRANTS,
    HOW_EBS_WORKS,
    INVESTIGATE,
    KEY_ARN,
    KEY_POLICY,
    KEY_STATE,
    KEY_STATES,
    LOGIC,
    ORGANIZATIONS,
    OTHER_KEY,
    ROLE,
    TROUBLESHOOT,
    USE,
    USER,
    Incident,
    bound,
    denied,
    event,
    key_policy,
    of_key,
    pair,
    session,
    statement,
)

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NO_KEYS = {"Sid": "NoKeys", "Effect": "Deny", "Action": "kms:*", "Resource": "*"}
ONLY_EC2 = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
INFRASTRUCTURE = session(
    "arn:aws:iam::111122223333:role/aws:ec2-infrastructure", "i-0123456789abcdef0"
)
POLICY_ARN = (
    "arn:aws:organizations::123456789012:policy/o-abcdef1234/service_control_policy/p-abcd1234"
)


def other(name: str, reason: str, policy_type: str, **more: Any) -> Incident:
    settings: dict[str, Any] = {
        "source": TROUBLESHOOT,
        "records": [denied("Decrypt", reason)],
        "cause": "other_policy",
        "evidence": "recorded",
        "policy_type": policy_type,
        "steps": [INVESTIGATE],
    }
    return Incident(name=name, **(settings | more))


INCIDENTS = [
    # --- other_policy
    other("an SCP denied", "scp", "service control policy",
          words=("no change of the key policy can help",)),
    other("an SCP denied, and the key policy delegates", "scp", "service control policy",
          options=bound(DELEGATES)),
    other("an SCP denied, and the message names its ARN", "scp", "service control policy",
          records=[denied("Decrypt", "scp", policy=POLICY_ARN)]),
    other("an RCP denied", "rcp", "resource control policy"),
    other("no permissions boundary allows", "boundary", "permissions boundary"),
    other("a permissions boundary denied", "deny boundary", "permissions boundary"),
    other("no session policy allows", "session", "session policy"),
    other("a session policy denied", "deny session", "session policy"),
    other("no VPC endpoint policy allows", "endpoint", "VPC endpoint policy"),
    other(
        "a network activity event of a VPC endpoint", "endpoint", "VPC endpoint policy",
        source=ENDPOINTS,
        records=[
            denied("Decrypt", None, errorCode="VpceAccessDenied", eventType="AwsVpceEvent",
                   errorMessage="The request was denied due to a VPC endpoint policy",
                   eventCategory="NetworkActivity", sourceIPAddress="192.0.2.1")
        ],
    ),
    other(
        "no message, and the SCP that was given denies", "scp", "service control policy",
        source=ORGANIZATIONS,
        records=[denied("Decrypt", None)],
        options=bound(DELEGATES, *pair(ROLE)) | {"scps": key_policy(ALL, NO_KEYS)},
        evidence="given",
    ),
    other(
        "no message, and the permissions boundary that was given does not allow", "boundary",
        "permissions boundary",
        source=LOGIC,
        records=[denied("Decrypt", None)],
        options=bound(DELEGATES, *pair(ROLE)) | {"boundary": key_policy(ONLY_EC2)},
        evidence="given",
    ),
    # --- fixed_since
    Incident(
        name="the policy allows it, and the log shows a later PutKeyPolicy of the key",
        source=CLOUDTRAIL,
        records=[
            denied("Decrypt"),
            event("PutKeyPolicy", eventTime="2026-05-18T08:00:00Z", eventID="put", **of_key()),
        ],
        options=bound(DELEGATES, *pair(ROLE)),
        cause="fixed_since",
        evidence="derived",
        policy_type="resource-based policy",
        words=("the policy was changed since",),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the policy allows it, and the same call succeeded later",
        source=CLOUDTRAIL,
        records=[
            denied("Decrypt"),
            event("Decrypt", eventTime="2026-05-18T08:00:00Z", eventID="later", **of_key()),
        ],
        options=bound(DELEGATES, *pair(ROLE)),
        cause="fixed_since",
        evidence="derived",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="a later PutKeyPolicy of another key fixes nothing here",
        source=CLOUDTRAIL,
        records=[
            denied("Decrypt"),
            event("PutKeyPolicy", eventTime="2026-05-18T08:00:00Z", eventID="put",
                  **of_key(OTHER_KEY)),
        ],
        options=bound(DELEGATES, *pair(ROLE)),
        cause="conflicting_evidence",
        evidence="inferred",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
    ),
    # --- harmless_probe
    Incident(
        name="AWS Config asks for the description of every key",
        source=CLOUDTRAIL,
        records=[denied("DescribeKey", "resource", sourceIPAddress="config.amazonaws.com")],
        cause="harmless_probe",
        evidence="recorded",
        words=("harmless",),
        steps=[],
    ),
    Incident(
        name="Access Analyzer asks for the policy of every key",
        source=CLOUDTRAIL,
        records=[denied("GetKeyPolicy", None, sourceIPAddress="access-analyzer.amazonaws.com")],
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
        words=("grant is missing or retired",),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="a Deny on the network hits EC2's Decrypt for the instance",
        source=EBS,
        records=[
            denied("Decrypt", "deny resource", userIdentity=INFRASTRUCTURE,
                   sourceIPAddress="AWS Internal")
        ],
        options=bound(
            DELEGATES,
            statement("*", "kms:*", "fence", Effect="Deny",
                      Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        ),
        cause="infrastructure",
        evidence="recorded",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
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
        words=("by a service control policy, whatever its grant allows",),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="an SCP that was given denies the call, and the message names no Deny",
        source=LOGIC,
        records=[denied()],
        options=bound(ADMINS)
        | {"scps": key_policy({"Effect": "Deny", "Action": "kms:CreateGrant", "Resource": "*"})},
        cause="other_policy",
        evidence="given",
        policy_type="service control policy",
        words=("A service control policy denied",),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="a row of an instance's session from inside AWS",
        source=HOW_EBS_WORKS,
        rows=[
            rows.row(user_name="i-0123456789abcdef0", event_name="Decrypt", aws_access_key="",
                     source_ip_address="AWS Internal", read_only="true")
        ],
        cause="infrastructure",
        evidence="inferred",
        steps=[INVESTIGATE],
    ),
    # --- key_unusable
    Incident(
        name="no message, and the same key was disabled at that time",
        source=KEY_STATES,
        records=[
            denied("Decrypt", None),
            event("GenerateDataKey", USER, errorCode="DisabledException",
                  errorMessage=f"{KEY_ARN} is disabled.", **of_key()),
        ],
        cause="key_unusable",
        evidence="inferred",
        words=("disabled, pending deletion or pending import",),
        steps=[KEY_STATE],
    ),
    Incident(
        name="the message explains the denial, so the key's state is beside the cause",
        source=KEY_STATES,
        records=[
            denied("Decrypt"),
            event("GenerateDataKey", USER, errorCode="KMSInvalidStateException",
                  errorMessage=f"{KEY_ARN} is pending deletion.", **of_key()),
        ],
        cause="no_statement",
        evidence="inferred",
        policy_type="resource-based policy",
        steps=[KEY_POLICY, KEY_STATE],
    ),
    Incident(
        name="another key was disabled",
        source=KEY_STATES,
        records=[
            denied("Decrypt", None),
            event("GenerateDataKey", USER, errorCode="DisabledException",
                  errorMessage=f"{OTHER_KEY} is disabled.", **of_key(OTHER_KEY)),
        ],
        cause="unknown",
        evidence="unknown",
        steps=[KEY_POLICY, KEY_STATE],
    ),
    # --- unknown
    Incident(
        name="the CSV alone",
        source=CLOUDTRAIL,
        rows=[rows.row()],
        cause="unknown",
        evidence="unknown",
        words=("does not show which policy denied",),
        steps=[KEY_POLICY],
    ),
    Incident(
        name="KMS's answer for a key that the caller may not learn about",
        source=TROUBLESHOOT,
        records=[denied("DescribeKey", "not found")],
        cause="unknown",
        evidence="unknown",
        words=("another Region or account",),
        steps=[KEY_POLICY],
    ),
    Incident(
        name="of several policies without a key nobody knows which is the key's",
        source=LOGIC,
        records=[denied("Decrypt", None)],
        options={"key_policies": [key_policy(DELEGATES), key_policy(ADMINS)]},
        cause="unknown",
        evidence="unknown",
        steps=[KEY_POLICY],
    ),
    Incident(
        name="a pasted message says what the CSV does not",
        source=TROUBLESHOOT,
        rows=[rows.row(user_name="AutoScaling", aws_access_key="", event_name="Decrypt",
                       read_only="true")],
        options={
            "messages": "User: arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/"
            f"AutoScaling is not authorized to perform: kms:Decrypt on resource: {KEY_ARN} because "
            "no resource-based policy allows the kms:Decrypt action"
        },
        cause="no_statement",
        evidence="inferred",
        policy_type="resource-based policy",
        words=(AUTO_SCALING.rpartition("/")[2],),
        steps=[KEY_POLICY],
    ),
    Incident(
        name="a grant may be all that is missing, and a policy is judged all the same",
        source=GRANTS,
        records=[denied("Decrypt", "resource")],
        options=bound(statement(f"{ROLE}-other", USE, "others"), ADMINS),
        cause="no_statement",
        evidence="recorded",
        policy_type="resource-based policy",
        steps=[("key_policy", "safe")],
    ),
]  # fmt: skip
