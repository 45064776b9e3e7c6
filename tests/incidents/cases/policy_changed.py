"""The key policy from the log was changed after the denial: what the latest one leaves to do.

The policy at the time of the call has no statement for the caller. PutKeyPolicy replaces the
document (AWS KMS Developer Guide, "Changing a key policy").
"""

from __future__ import annotations

import json
from typing import Any

from tests.incidents import (
    ADMINS,
    DELEGATES,
    EXTERNAL,
    IAM_POLICY,
    INVESTIGATE,
    KEY_ARN,
    KEY_POLICY_SAFE,
    LOGIC,
    OTHER_ROOT,
    ROLE,
    TROUBLESHOOT,
    VISITOR,
    Incident,
    denied,
    event,
    key_policy,
    of_key,
    pair,
)
from tests.incidents.documents import (
    ALL,
    BOUNDARY_WITHOUT_KMS,
    NO_KEYS,
    ONLY_EC2,
    SCP_WITHOUT_KMS,
)

OTHER_ORGANIZATION = {"StringNotEquals": {"aws:PrincipalOrgID": "o-1234567890"}}


def put(hour: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a PutKeyPolicy at an hour of the day of the denial."""
    request = {"keyId": KEY_ARN, "policy": json.dumps(key_policy(*statements))}
    return event(
        "PutKeyPolicy", eventTime=f"2026-05-18T{hour}:00:00Z", eventID=f"put-{hour}",
        **of_key() | {"requestParameters": request},
    )  # fmt: skip


def changed_to(*statements: dict[str, Any], reason: str | None = None, caller: str = ROLE) -> Any:
    """Return the edit before a denied Decrypt, the denial, and the edit after it."""
    return [put("06", ADMINS), denied("Decrypt", reason, caller), put("08", *statements)]


INCIDENTS = [
    Incident(
        name="the latest policy names the caller",
        source=LOGIC,
        records=changed_to(*pair(ROLE)),
        cause="fixed_since",
        evidence="derived",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the latest policy names the caller, and a given boundary does not allow the call",
        source=LOGIC,
        records=changed_to(*pair(ROLE)),
        options=BOUNDARY_WITHOUT_KMS,
        cause="no_statement",
        evidence="derived",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the latest policy names the caller, and a given SCP allows EC2 only",
        source=LOGIC,
        records=changed_to(*pair(ROLE), reason="resource"),
        options={"scps": key_policy(ONLY_EC2)},
        cause="no_statement",
        evidence="recorded",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the latest policy names the caller, and a given SCP denies the call",
        source=LOGIC,
        records=changed_to(*pair(ROLE)),
        options=SCP_WITHOUT_KMS,
        cause="other_policy",
        evidence="given",
        policy_type="service control policy",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the latest policy names the caller, and a given SCP may deny the call",
        source=LOGIC,
        records=changed_to(*pair(ROLE)),
        options={"scps": key_policy(ALL, NO_KEYS | {"Condition": OTHER_ORGANIZATION})},
        cause="fixed_since",
        evidence="derived",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the latest policy leaves the call to IAM policies, and none that is given allows it",
        source=LOGIC,
        records=changed_to(DELEGATES),
        options={"iam_policies": {ROLE: key_policy(ONLY_EC2)}},
        cause="iam_policy_missing",
        evidence="derived",
        policy_type="identity-based policy",
        steps=[KEY_POLICY_SAFE, IAM_POLICY],
    ),
    Incident(
        name="the latest policy names a caller of another account, whose own half is not known",
        source=EXTERNAL,
        records=changed_to(*pair(VISITOR), caller=VISITOR),
        cause="cross_account_half_missing",
        evidence="derived",
        missing=["key_policy"],
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the latest policy names the caller's account, another one than the key's",
        source=EXTERNAL,
        records=changed_to(*pair(OTHER_ROOT), caller=VISITOR),
        cause="cross_account_half_missing",
        evidence="derived",
        missing=["key_policy"],
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the latest policy names a caller of another account, and its IAM policy allows it",
        source=EXTERNAL,
        records=changed_to(*pair(VISITOR), caller=VISITOR),
        options={"iam_policies": {VISITOR: key_policy(ALL)}},
        cause="fixed_since",
        evidence="derived",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the latest policy names a caller of another account, and the message blamed it",
        source=TROUBLESHOOT,
        records=changed_to(*pair(VISITOR), reason="resource", caller=VISITOR),
        cause="fixed_since",
        evidence="derived",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
    ),
]
