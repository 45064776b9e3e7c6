"""Writes sample_data/: one made incident, exported the ways people export it.

    python -m tests.make_samples

A test compares the files with what this writes. The incident is in `tests.sample_incident`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.sample_incident import (
    ACCOUNT,
    EC2,
    HEADER,
    HEADER_2019,
    KEY_ARN,
    KEY_ID,
    OTHER_KEY_ARN,
    REGION,
    ROLE_IDS,
    ROLES,
    USERS,
    Sample,
    incident,
    innocent,
    made_id,
)

SAMPLES = Path(__file__).parents[1] / "sample_data"


def identity(event: Sample) -> dict[str, object]:
    """Return the userIdentity of an event's record."""
    if event.user in USERS:
        path = USERS[event.user]
        return {"type": "IAMUser", "principalId": ROLE_IDS[path].replace("AROA", "AIDA"),
                "arn": f"arn:aws:iam::{ACCOUNT}:user/{path}", "accountId": ACCOUNT,
                "accessKeyId": event.key, "userName": event.user}  # fmt: skip
    if not event.user:
        return {"type": "AWSService", "invokedBy": "kms.amazonaws.com"}
    if event.ip == "AWS Internal" and event.name == "Decrypt":
        path = "aws:ec2-infrastructure"
        role_id = f"{ACCOUNT}:aws:ec2-infrastructure"
    else:
        path = ROLES[event.user]
        role_id = ROLE_IDS[path]
    role = path.rpartition("/")[2]
    found: dict[str, object] = {
        "type": "AssumedRole", "principalId": f"{role_id}:{event.user}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{event.user}", "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": role_id, "arn": f"arn:aws:iam::{ACCOUNT}:role/{path}",
            "accountId": ACCOUNT, "userName": role,
        }},
    }  # fmt: skip
    if event.key:
        found["accessKeyId"] = event.key
    if event.ip.endswith("amazonaws.com") or event.ip == "AWS Internal":
        found["invokedBy"] = event.ip
    return found


def record(event: Sample) -> dict[str, object]:
    """Return an event as a CloudTrail record; a denied call's says little but its message."""
    who = identity(event)
    names = dict(event.resources)
    asked: dict[str, object] | None = None
    answered: dict[str, object] | None = None
    if event.source == "ec2":
        asked = {"volumeId": names.get("AWS::EC2::Volume"),
                 "snapshotId": names.get("AWS::EC2::Snapshot"),
                 "instanceId": names.get("AWS::EC2::Instance")}  # fmt: skip
    elif event.name == "AssumeRole":
        asked = {"roleArn": names["AWS::IAM::Role"], "roleSessionName": "deploy-7f3a"}
        answered = {
            "credentials": {"accessKeyId": names["AWS::IAM::AccessKey"]},
            "assumedRoleUser": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/deploy-7f3a"},
        }
    elif event.name == "PutKeyPolicy":
        # A record of PutKeyPolicy holds the whole policy (AWS KMS Developer Guide, "PutKeyPolicy").
        asked = {"keyId": KEY_ID, "policyName": "default", "policy": key_policy()}
    found: dict[str, object] = {
        "eventVersion": "1.11", "userIdentity": who,
        "eventTime": f"{event.time:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{event.source}.amazonaws.com", "eventName": event.name,
        "awsRegion": REGION, "sourceIPAddress": event.ip, "userAgent": event.agent,
        "requestParameters": asked, "responseElements": answered,
        "requestID": made_id("request", event.request or event.event_id),
        "eventID": event.event_id, "readOnly": event.read_only, "eventType": event.event_type,
        "managementEvent": True, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
    }  # fmt: skip
    if event.error:
        found["errorCode"] = event.error
    if event.error == "AccessDenied":
        found["errorMessage"] = (
            f"User: {who['arn']} is not authorized to perform: kms:{event.name} on resource: "
            f"{KEY_ARN} because no identity-based policy allows the kms:{event.name} action"
        )
    elif event.error == "DisabledException":
        found["errorMessage"] = f"{OTHER_KEY_ARN} is disabled."
    elif event.source == "kms" and event.name in ("Decrypt", "GenerateDataKey", "CreateGrant"):
        key = {"ARN": OTHER_KEY_ARN, "accountId": ACCOUNT, "type": "AWS::KMS::Key"}
        found["resources"] = [key]
    return found


def newest_first(events: Iterable[Sample]) -> list[Sample]:
    """Sort as the console does."""
    return sorted(events, key=lambda event: event.at, reverse=True)


def write_csv(rows: Iterable[list[str]], *, newline: str = "\n", delimiter: str = ",") -> str:
    """Return rows as the console writes them: minimal quotes, no newline after the last row."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=newline, delimiter=delimiter).writerows(rows)
    return text.getvalue().removesuffix(newline)


def kms_view(events: list[Sample]) -> str:
    """Return the export with the filter Event source = kms.amazonaws.com: no AssumeRole row."""
    return write_csv([HEADER, *(event.row() for event in events if event.source == "kms")])


def default_view(events: list[Sample]) -> str:
    """Return the export as Event history opens: Read-only = false."""
    return write_csv([HEADER, *(event.row() for event in events if not event.read_only)])


def layout_2019(events: list[Sample]) -> str:
    """Return the incident as the console of 2019-2020 would have exported it, years before."""
    rows = [HEADER_2019]
    for event in events:
        then = event.time - timedelta(days=2300)
        kinds = list(dict.fromkeys(kind for kind, _ in event.resources))
        more = f" and {len(kinds) - 1} more" if len(kinds) > 1 else ""
        kind = " ".join(kinds[0].split("::")[1:]) + more if kinds else ""
        resources = event.resources_cell if event.resources else ""
        rows.append(
            [event.event_id, f"{then:%Y-%m-%d, %I:%M:%S %p}", event.user, event.name, kind,
             resources, "", REGION, event.error,
             "AWS Internal" if event.ip == EC2 else event.ip]
        )  # fmt: skip
    return write_csv(rows, newline="\r\n")


def spreadsheet(events: list[Sample]) -> str:
    """Return the KMS export after a spreadsheet of a country with decimal commas saved it."""
    rows = [HEADER]
    for event in events:
        if event.source == "kms":
            row = event.row()
            row[HEADER.index("Event time")] = f"{event.time:%d.%m.%Y %H:%M}"
            row[HEADER.index("Read-only")] = str(event.read_only).upper()
            row[HEADER.index("Recipient Account Id")] = "1,11122E+11"
            rows.append(row)
    return write_csv(rows, newline="\r\n", delimiter=";")


def key_policy() -> str:
    """Return the key's policy: the account, and an administrator, but no key user."""
    arn = f"arn:aws:iam::{ACCOUNT}"
    policy = {
        "Version": "2012-10-17",
        "Id": "key-consolepolicy-3",
        "Statement": [
            {
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": f"{arn}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "Allow access for Key Administrators",
                "Effect": "Allow",
                "Principal": {"AWS": f"{arn}:role/KeyAdministrators"},
                "Action": [
                    "kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*",
                    "kms:Update*", "kms:Revoke*", "kms:Disable*", "kms:Get*", "kms:Delete*",
                    "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion",
                    "kms:CancelKeyDeletion",
                ],
                "Resource": "*",
            },
        ],
    }  # fmt: skip
    return json.dumps(policy, indent=2) + "\n"


def samples() -> dict[str, bytes]:
    """Return the content of each generated file of sample_data/, by its name."""
    events = newest_first([*incident(), *innocent()])
    old = [replace(event, key="") for event in events]
    lines = ",\n".join(json.dumps(record(event), separators=(",", ":")) for event in events)
    texts = {
        "event_history.json": f'{{"Records":[\n{lines}\n]}}\n',
        "event_history.csv": kms_view(events),
        "event_history_default_view.csv": default_view(events),
        "event_history_2019_layout.csv": layout_2019(old),
        "event_history_spreadsheet.csv": spreadsheet(events),
        "key_policy.json": key_policy(),
    }
    return {name: text.encode() for name, text in texts.items()}


if __name__ == "__main__":
    for name, content in samples().items():
        (SAMPLES / name).write_bytes(content)
