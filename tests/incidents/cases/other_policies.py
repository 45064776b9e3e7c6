"""Another policy than the key policy and the IAM policies denied the call."""

from __future__ import annotations

from typing import Any

from tests.incidents import (
    ADMINS,
    CLIENT,
    DELEGATES,
    ENDPOINTS,
    INVESTIGATE,
    KEY_POLICY,
    LOGIC,
    ORGANIZATIONS,
    TROUBLESHOOT,
    Incident,
    bound,
    denied,
    key_policy,
    statement,
)
from tests.incidents.documents import (
    BOUNDARY_WITHOUT_KMS,
    NAMED,
    ONLY_EC2,
    POLICY_ARN,
    SCP_WITHOUT_KMS,
    untyped,
)
from tests.incidents.wording import BOUNDARY, DENIED, SCP, Wording, given, says, unconditional


def other(name: str, reason: str, policy_type: str, **more: Any) -> Incident:
    """Return the incident of a message that names another policy."""
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
    other(
        "an SCP denied",
        "scp",
        "service control policy",
        wording=Wording(
            text="A service control policy denied deploy kms:Decrypt, so no change of the key "
            "policy can help.",
            support=(says("Decrypt of deploy", SCP, "explicit deny"),),
            commands=(
                "aws organizations list-policies-for-target --target-id 111122223333 --filter "
                "SERVICE_CONTROL_POLICY",
            ),
        ),
    ),
    other(
        "an SCP denied, and the key policy delegates",
        "scp",
        "service control policy",
        options=bound(DELEGATES),
    ),
    other(
        "an SCP denied, and the message names its ARN",
        "scp",
        "service control policy",
        records=[denied("Decrypt", "scp", policy=POLICY_ARN)],
        wording=Wording(
            text="A service control policy denied deploy kms:Decrypt, so no change of the key "
            "policy can help.",
            support=(
                "The error message of event Decrypt of deploy names the service control policy "
                "(explicit deny): "
                "arn:aws:organizations::123456789012:policy/o-abcdef1234/service_control_policy/p-abcd1234.",
            ),
            commands=("aws organizations describe-policy --policy-id p-abcd1234",),
        ),
    ),
    other(
        "an RCP denied",
        "rcp",
        "resource control policy",
        wording=Wording(
            text="A resource control policy denied deploy kms:Decrypt, so no change of the key "
            "policy can help.",
            support=(says("Decrypt of deploy", "resource control policy", "explicit deny"),),
            commands=(
                "aws organizations list-policies-for-target --target-id 111122223333 --filter "
                "RESOURCE_CONTROL_POLICY",
            ),
        ),
    ),
    other(
        "no permissions boundary allows",
        "boundary",
        "permissions boundary",
        wording=Wording(
            text="A permissions boundary denied deploy kms:Decrypt, so no change of the key policy "
            "can help.",
            support=(says("Decrypt of deploy", BOUNDARY),),
            commands=("aws iam get-role --role-name deploy --query Role.PermissionsBoundary",),
        ),
    ),
    other("a permissions boundary denied", "deny boundary", "permissions boundary"),
    other(
        "no session policy allows",
        "session",
        "session policy",
        wording=Wording(
            text="A session policy denied deploy kms:Decrypt, so no change of the key policy can "
            "help.",
            support=(says("Decrypt of deploy", "session policy"),),
            commands=(
                "aws cloudtrail lookup-events --lookup-attributes "
                "AttributeKey=EventName,AttributeValue=AssumeRole --region us-east-1",
            ),
        ),
    ),
    other("a session policy denied", "deny session", "session policy"),
    other("no VPC endpoint policy allows", "endpoint", "VPC endpoint policy"),
    other(
        "a network activity event of a VPC endpoint",
        "endpoint",
        "VPC endpoint policy",
        source=ENDPOINTS,
        records=[
            denied(
                "Decrypt",
                None,
                errorCode="VpceAccessDenied",
                eventType="AwsVpceEvent",
                errorMessage="The request was denied due to a VPC endpoint policy",
                eventCategory="NetworkActivity",
                sourceIPAddress=CLIENT,
            )
        ],
        wording=Wording(
            text="A VPC endpoint policy denied deploy kms:Decrypt, so no change of the key policy "
            "can help.",
            support=("Denied: event Decrypt of deploy.",),
            commands=(
                "aws ec2 describe-vpc-endpoints --filters "
                "Name=service-name,Values=com.amazonaws.us-east-1.kms --region us-east-1",
            ),
        ),
    ),
    other(
        "no message, and the SCP that was given denies",
        "scp",
        "service control policy",
        source=ORGANIZATIONS,
        records=[denied("Decrypt", None)],
        options=NAMED | SCP_WITHOUT_KMS,
        evidence="given",
    ),
    other(
        "no message, and the permissions boundary that was given does not allow",
        "boundary",
        "permissions boundary",
        source=LOGIC,
        records=[denied("Decrypt", None)],
        options=NAMED | BOUNDARY_WITHOUT_KMS,
        evidence="given",
        wording=Wording(
            text="A permissions boundary denied deploy kms:Decrypt, so no change of the key policy "
            "can help.",
            support=(given("The key policy allows the call, but permissions_boundary does not"),),
            commands=("aws iam get-role --role-name deploy --query Role.PermissionsBoundary",),
        ),
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
        steps=[INVESTIGATE],
        wording=Wording(
            text="A service control policy denied deploy kms:CreateGrant, so no change of the key "
            "policy can help.",
            support=(DENIED, unconditional("Statement[0]", "service control policies")),
            against=("The error message names no explicit deny.",),
            commands=(
                "aws organizations list-policies-for-target --target-id 111122223333 --filter "
                "SERVICE_CONTROL_POLICY",
            ),
        ),
    ),
    Incident(
        name="usage is allowed by no statement, the grant is denied by an SCP",
        source=TROUBLESHOOT,
        records=[denied("CreateGrant", "scp"), denied("Decrypt", "resource")],
        options=bound(ADMINS),
        cause="other_policy",
        evidence="recorded",
        policy_type="service control policy",
        others=["no_statement"],
        steps=[KEY_POLICY, INVESTIGATE],
        wording=Wording(
            text="A service control policy denied deploy kms:CreateGrant, so no change of the key "
            "policy can help.",
            support=(says("CreateGrant of deploy", SCP, "explicit deny"),),
            commands=(
                "aws organizations list-policies-for-target --target-id 111122223333 --filter "
                "SERVICE_CONTROL_POLICY",
            ),
            others=(
                (
                    "No statement in the key policy allows deploy to call kms:Decrypt.",
                    ("Decrypt of deploy",),
                ),
            ),
        ),
    ),
    Incident(
        name="a network activity event without a message",
        source=ENDPOINTS,
        records=[
            denied(
                "Decrypt",
                None,
                errorCode="VpceAccessDenied",
                eventType="AwsVpceEvent",
                eventCategory="NetworkActivity",
                sourceIPAddress=CLIENT,
            )
        ],
        cause="other_policy",
        evidence="recorded",
        policy_type="VPC endpoint policy",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="a message without a reason, and the SCP that was given denies",
        source=LOGIC,
        records=[untyped("Decrypt")],
        options=NAMED | SCP_WITHOUT_KMS,
        cause="other_policy",
        evidence="given",
        policy_type="service control policy",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="no message, and the RCP that was given denies",
        source=LOGIC,
        records=[denied("Decrypt", None)],
        options=NAMED
        | {"rcps": key_policy(statement("*", "*"), statement("*", "kms:*", "x", Effect="Deny"))},
        cause="other_policy",
        evidence="given",
        policy_type="resource control policy",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="no message, and the session policy that was given does not allow",
        source=LOGIC,
        records=[denied("Decrypt", None)],
        options=NAMED | {"session_policy": key_policy(ONLY_EC2)},
        cause="other_policy",
        evidence="given",
        policy_type="session policy",
        steps=[INVESTIGATE],
    ),
]
