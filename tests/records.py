"""CloudTrail records for tests: a role denied a CreateGrant through EC2, unless told otherwise."""

from __future__ import annotations

import io
import json
from typing import Any

import ebs_kms_audit
from ebs_kms_audit import Report

ACCOUNT = "111122223333"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
AUTO_SCALING = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
    "AWSServiceRoleForAutoScaling"
)
EC2 = "ec2-frontend-api.amazonaws.com"


def session(
    role: str = ROLE, name: str = "deploy-7f3a", *, issuer: bool = True, **more: Any
) -> dict[str, Any]:
    """Return the userIdentity of a role's session; without `issuer`, only the session is named."""
    account = role.split(":")[4]
    short = role.rpartition("/")[2]
    found: dict[str, Any] = {
        "type": "AssumedRole",
        "principalId": f"AROA2NCBAL3RPBAGXM7CZ:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{short}/{name}",
        "accountId": account,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
    }
    if issuer:
        found["sessionContext"] = {"sessionIssuer": {"type": "Role", "arn": role}}
    return found | more


def record(**fields: Any) -> dict[str, Any]:
    """Return a record; fields by their CloudTrail names: `record(eventName="Decrypt")`."""
    denied = {
        "eventVersion": "1.11",
        "userIdentity": session(),
        "eventTime": "2026-05-18T07:00:34Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "CreateGrant",
        "awsRegion": "us-east-1",
        "sourceIPAddress": EC2,
        "userAgent": EC2,
        "errorCode": "AccessDenied",
        "errorMessage": f"User: x is not authorized to perform: kms:CreateGrant on resource: "
        f"{KEY_ARN} because no identity-based policy allows the kms:CreateGrant action",
        "requestParameters": None,
        "responseElements": None,
        "requestID": "f3b1a2c4-0000-4000-8000-000000000001",
        "eventID": "event-0",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
    }
    return {name: value for name, value in (denied | fields).items() if value != "absent"}


def log(*records: dict[str, Any]) -> io.StringIO:
    """Return the records as an open log file of a trail."""
    return io.StringIO(json.dumps({"Records": list(records)}))


def audit(*records: dict[str, Any], rows: Any = None, **options: Any) -> Report:
    """Audit the records, and an export beside them if there is one."""
    return ebs_kms_audit.audit(rows, records=log(*records), **options)


def looked_up(one: dict[str, Any]) -> dict[str, Any]:
    """Return the event that `aws cloudtrail lookup-events` prints for a record."""
    return {
        "EventId": one.get("eventID"),
        "EventName": one.get("eventName"),
        "ReadOnly": "true",
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "EventTime": 1779087634.0,
        "EventSource": one.get("eventSource"),
        "Username": str(one.get("userAgent")),
        "Resources": [{"ResourceType": "AWS::IAM::Role", "ResourceName": 'a"\\é'}, {}],
        "CloudTrailEvent": json.dumps(one, separators=(",", ":"), ensure_ascii=False),
    }
