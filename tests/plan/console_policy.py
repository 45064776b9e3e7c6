"""A key policy that the console made, and a step that changes it for a role."""

from __future__ import annotations

import json
from typing import Any

from ebs_kms_audit import Step
from ebs_kms_audit.aws.kms_actions import KeyUse
from ebs_kms_audit.aws.statements import GRANT_ACTIONS, USAGE_ACTIONS
from tests.records import ACCOUNT, ROLE, audit, record

CARLA = f"arn:aws:iam::{ACCOUNT}:role/carla"
DIANA = f"arn:aws:iam::{ACCOUNT}:user/diana"
ROOT = {
    "Sid": "Enable IAM User Permissions",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
USAGE = {
    "Sid": "Allow use of the key",
    "Effect": "Allow",
    "Principal": {"AWS": [CARLA, DIANA]},
    "Action": list(USAGE_ACTIONS[KeyUse.SYMMETRIC]),
    "Resource": "*",
}
GRANTS = {
    "Sid": "Allow attachment of persistent resources",
    "Effect": "Allow",
    "Principal": {"AWS": [CARLA, DIANA]},
    "Action": list(GRANT_ACTIONS),
    "Resource": "*",
    "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
}


def policy(*statements: Any) -> dict[str, Any]:
    """Return a key policy."""
    return {"Version": "2012-10-17", "Id": "key-consolepolicy-3", "Statement": list(statements)}


def step_of(**fields: Any) -> Step:
    """Return the step for a denied record."""
    return audit(record(**fields)).plan[0]


STEP = step_of()  # a recorded role, denied a CreateGrant through EC2 on a recorded key


def plain(document: Any) -> Any:
    """Return the document as JSON gives it: no part of it is shared."""
    return json.loads(json.dumps(document))


def sids_with(document: dict[str, Any], principal: str) -> list[str]:
    """Return the Sids of the statements that name a principal."""
    found = []
    for statement in document["Statement"]:
        named = statement["Principal"].get("AWS", [])
        if principal in (named if isinstance(named, list) else [named]):
            found.append(statement["Sid"])
    return found


BOTH = ["Allow use of the key", "Allow attachment of persistent resources"]


DENY_SIGN = {"Effect": "Deny", "Principal": {"AWS": CARLA}, "Action": "kms:Sign", "Resource": "*"}
DENY = {"Sid": "fence", "Effect": "Deny", "Principal": {"AWS": ROLE}, "Action": "kms:*",
        "Resource": "*"}  # fmt: skip
