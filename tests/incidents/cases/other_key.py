"""The policy that was given is another key's."""

from __future__ import annotations

from tests.incidents import (
    ADMINS,
    AUTO_SCALING,
    DEFAULT_POLICY,
    DELEGATES,
    INVESTIGATE,
    KEY_ARN,
    KEY_POLICY,
    OTHER_KEY,
    OTHER_ROOT,
    ROLE,
    SCALING,
    TROUBLESHOOT,
    Incident,
    bound,
    denied,
    pair,
    statement,
    unbound,
)
from tests.incidents.wording import (
    ALLOWED,
    BY_USE,
    GET_DEFAULT_KEY,
    GET_POLICY,
    NO_STATEMENT,
    RESOURCE,
    Wording,
    says,
)

INCIDENTS = [
    Incident(
        name="the only policy was given for another key's ARN",
        source=TROUBLESHOOT,
        records=[denied("Decrypt")],
        options=bound(ADMINS, key=OTHER_KEY),
        cause="other_key",
        evidence="given",
        policy_type="resource-based policy",
        steps=[KEY_POLICY],
        wording=Wording(
            text=f"The key policy that was given is for another key's ARN, not for the denied key "
            f"({KEY_ARN}).",
            support=("Denied: event Decrypt of deploy.",),
            commands=(GET_POLICY, GET_DEFAULT_KEY),
        ),
    ),
    Incident(
        name="Auto Scaling: the policy that names it is not that of the default EBS key",
        source=SCALING,
        records=[denied("GenerateDataKeyWithoutPlaintext", "resource", AUTO_SCALING)],
        options=unbound(DELEGATES, *pair(AUTO_SCALING)),
        cause="other_key",
        evidence="inferred",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
        wording=Wording(
            text=f"The key policy that was given is very likely another key's: it allows "
            f"AWSServiceRoleForAutoScaling to call kms:GenerateDataKeyWithoutPlaintext, which KMS "
            f"denied on the key {KEY_ARN}.",
            support=(
                says("GenerateDataKeyWithoutPlaintext of AWSServiceRoleForAutoScaling", RESOURCE),
                ALLOWED,
                BY_USE,
            ),
            commands=(GET_POLICY, GET_DEFAULT_KEY),
        ),
    ),
    Incident(
        name="the policy can be changed only in another account than the key's",
        source=DEFAULT_POLICY,
        records=[denied("Decrypt")],
        options=unbound(statement(OTHER_ROOT, "kms:*", "root")),
        cause="other_key",
        evidence="inferred",
        steps=[INVESTIGATE],
        wording=Wording(
            text=f"The key policy that was given is very likely another key's: it can be changed "
            f"only in another account than that of the denied key ({KEY_ARN}).",
            support=(NO_STATEMENT,),
            commands=(GET_POLICY, GET_DEFAULT_KEY),
        ),
    ),
    Incident(
        name="a policy without a key allows the call that a Deny in the key policy denied",
        source=TROUBLESHOOT,
        records=[denied("Decrypt", "deny resource")],
        options=unbound(DELEGATES, *pair(ROLE)),
        cause="other_key",
        evidence="inferred",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the only policy is for another key's ARN, and the record has no message",
        source=TROUBLESHOOT,
        records=[denied("Decrypt", None)],
        options=bound(ADMINS, key=OTHER_KEY),
        cause="other_key",
        evidence="given",
        steps=[KEY_POLICY],
    ),
]
