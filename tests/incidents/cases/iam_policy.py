"""The key policy leaves the call to IAM policies, and none allows it."""

from __future__ import annotations

from tests import rows
from tests.incidents import (
    CLIENT,
    CONDITION_KEYS,
    DEFAULT_POLICY,
    DELEGATES,
    IAM_POLICY,
    IMAGE_BUILDER,
    INVESTIGATE,
    KEY_POLICY,
    KEY_POLICY_SAFE,
    LOGIC,
    MANAGED_KEYS,
    ROLE,
    TROUBLESHOOT,
    USER,
    Incident,
    bound,
    denied,
    key_policy,
    unbound,
)
from tests.incidents.documents import (
    ALL,
    BOUNDARY_WITHOUT_KMS,
    ONLY_EC2,
    SERVICE_POLICY,
    SOME_SERVICE_ROLE,
)
from tests.incidents.wording import (
    BY_DELEGATION,
    GET_POLICY,
    IDENTITY,
    ONLY_ACCOUNT,
    Wording,
    iam,
    says,
)

INCIDENTS = [
    Incident(
        name="a customer's policy may hold the same statement beside its own",
        source=MANAGED_KEYS,
        records=[denied("ScheduleKeyDeletion", "identity", sourceIPAddress=CLIENT)],
        options=bound(DELEGATES, SERVICE_POLICY),
        cause="iam_policy_missing",
        evidence="recorded",
        policy_type="identity-based policy",
        steps=[INVESTIGATE],
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
    Incident(
        name="the message says that IAM lacks it, and no policy was given",
        source=TROUBLESHOOT,
        records=[denied(reason="identity")],
        cause="iam_policy_missing",
        evidence="inferred",
        policy_type="identity-based policy",
        steps=[KEY_POLICY, IAM_POLICY],
        wording=Wording(
            text="The key policy leaves kms:CreateGrant to IAM policies, and no IAM policy of "
            "deploy allows the call.",
            support=(says("CreateGrant of deploy", IDENTITY),),
            commands=(GET_POLICY, iam("role", "deploy")),
        ),
    ),
    Incident(
        name="message and policy agree: the policy delegates, IAM lacks it",
        source=DEFAULT_POLICY,
        records=[denied(reason="identity", caller=USER)],
        options=bound(DELEGATES),
        cause="iam_policy_missing",
        evidence="recorded",
        policy_type="identity-based policy",
        steps=[KEY_POLICY_SAFE, IAM_POLICY],
        wording=Wording(
            text="The key policy leaves kms:CreateGrant to IAM policies, and no IAM policy of "
            "alice allows the call.",
            support=(says("CreateGrant of alice", IDENTITY), ONLY_ACCOUNT, BY_DELEGATION),
            commands=(iam("user", "alice"),),
        ),
    ),
    Incident(
        name="the policy delegates, and the record has no message",
        source=DEFAULT_POLICY,
        records=[denied("Decrypt", None)],
        options=bound(DELEGATES),
        cause="iam_policy_missing",
        evidence="given",
        policy_type="identity-based policy",
        steps=[KEY_POLICY_SAFE, IAM_POLICY],
    ),
    Incident(
        name="Image Builder's service-linked role takes no IAM policy",
        source=DEFAULT_POLICY,
        records=[denied("Decrypt", "identity", IMAGE_BUILDER)],
        options=bound(DELEGATES),
        cause="iam_policy_missing",
        evidence="recorded",
        policy_type="identity-based policy",
        steps=[KEY_POLICY_SAFE],
        wording=Wording(
            text="The key policy leaves kms:Decrypt to the permissions of "
            "AWSServiceRoleForImageBuilder, and the AWS managed policy of this service-linked role "
            "does not allow it.",
            support=(
                says("Decrypt of AWSServiceRoleForImageBuilder", IDENTITY),
                ONLY_ACCOUNT,
                BY_DELEGATION,
            ),
        ),
    ),
    Incident(
        name="an IAM policy was given, and it does not allow the action",
        source=DEFAULT_POLICY,
        records=[denied("Decrypt", None)],
        options=bound(DELEGATES) | {"iam_policies": {ROLE: key_policy(ONLY_EC2)}},
        cause="iam_policy_missing",
        evidence="given",
        policy_type="identity-based policy",
        steps=[KEY_POLICY_SAFE, IAM_POLICY],
        wording=Wording(
            text="The key policy leaves kms:Decrypt to IAM policies, and no IAM policy of deploy "
            "allows the call.",
            support=(ONLY_ACCOUNT, BY_DELEGATION),
        ),
    ),
    Incident(
        name="the message blames IAM, and the boundary that was given allows nothing",
        source=TROUBLESHOOT,
        records=[denied("Decrypt", "identity")],
        options=bound(DELEGATES) | BOUNDARY_WITHOUT_KMS,
        cause="iam_policy_missing",
        evidence="recorded",
        policy_type="identity-based policy",
        steps=[KEY_POLICY, IAM_POLICY],
    ),
    Incident(
        name="a service-linked role of which the permissions are not known",
        source=DEFAULT_POLICY,
        records=[denied("Decrypt", None, SOME_SERVICE_ROLE)],
        options=bound(DELEGATES),
        cause="iam_policy_missing",
        evidence="given",
        policy_type="identity-based policy",
        words=("the AWS managed policy of this service-linked role",),
        steps=[KEY_POLICY_SAFE],
    ),
    Incident(
        name="a row without a key, and a policy without a key that leaves it to IAM",
        source=DEFAULT_POLICY,
        rows=[rows.row()],
        options=unbound(DELEGATES),
        cause="iam_policy_missing",
        evidence="inferred",
        policy_type="identity-based policy",
        steps=[KEY_POLICY, IAM_POLICY],
    ),
    Incident(
        name="the policy delegates, and the IAM policy that was given allows something else",
        source=LOGIC,
        records=[denied("Decrypt", None)],
        options=bound(DELEGATES)
        | {"iam_policies": key_policy(ONLY_EC2), "boundary": key_policy(ALL)},
        cause="iam_policy_missing",
        evidence="given",
        policy_type="identity-based policy",
        steps=[KEY_POLICY_SAFE, IAM_POLICY],
    ),
]
