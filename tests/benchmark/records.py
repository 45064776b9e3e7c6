"""Generated events as rows of an export and as records of a trail."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from tests.benchmark.callers import Caller
from tests.benchmark.events import Event

_UNIQUE_ID = "2NCBAL3RPBAGXM7CZ"


def row(event: Event, new_id: Callable[[], str], *, spreadsheet: bool = False) -> str:
    """Return the event as a line of the console's CSV export, or as a spreadsheet saves this line.

    A spreadsheet of the United States has `5/18/2026 7:00`, `1.11122E+11` and TRUE.
    """
    caller = event.caller
    time, account = event.time, caller.account
    read_only = "true" if event.read_only else "false"
    if spreadsheet:
        at = datetime.fromisoformat(time)
        time = f"{at.month}/{at.day}/{at.year} {at.hour}:{at.minute:02}"
        number = int(account)  # one of 11 digits is shown whole
        account = f"{number:.5E}" if number >= 10**11 else f"{number}"
        read_only = read_only.upper()
    cells = (
        caller.name, caller.key, time, f"{event.source}.amazonaws.com", event.name,
        event.region, event.ip, _quoted(event.agent), event.error, _quoted(event.resources),
        event.request or new_id(), new_id(), read_only, "AwsApiCall", account,
        "Management",
    )  # fmt: skip
    return ",".join(cells)


def _quoted(cell: str) -> str:
    if '"' in cell or "," in cell or "\n" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def record(event: Event, new_id: Callable[[], str]) -> dict[str, object]:
    """Return the event as a CloudTrail record."""
    asked: dict[str, object] | None = None
    answered: dict[str, object] | None = None
    session = event.session
    if session:
        asked = {"roleArn": _role_arn(session), "roleSessionName": session.name}
        answered = {
            "credentials": {"accessKeyId": session.key, "expiration": event.time},
            "assumedRoleUser": {"arn": session.arn},
        }
    elif event.name == "CreateGrant" and not event.error:
        grantee = _role_arn(event.caller) if event.caller.role else event.caller.arn
        asked = {"keyId": event.kms_key, "granteePrincipal": grantee,
                 "operations": ["Decrypt", "CreateGrant"]}  # fmt: skip
        answered = {"grantId": _grant_id(event), "keyId": event.kms_key}
    elif event.name in ("RetireGrant", "RevokeGrant") and not event.error:
        asked = {"keyId": event.kms_key, "grantId": _grant_id(event)}
    elif event.kms_key and not event.error:
        asked = {"keyId": event.kms_key, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    elif not event.error:
        asked = {"dryRun": False, "clientToken": new_id(), "description": event.agent}
    found: dict[str, object] = {
        "eventVersion": "1.11", "userIdentity": _identity(event.caller, event.time),
        "eventTime": event.time, "eventSource": f"{event.source}.amazonaws.com",
        "eventName": event.name, "awsRegion": event.region, "sourceIPAddress": event.ip,
        "userAgent": event.agent,
    }  # fmt: skip
    if event.error:
        found["errorCode"] = event.error
        found["errorMessage"] = _message(event)
    found |= {
        "requestParameters": asked, "responseElements": answered,
        "requestID": event.request or new_id(), "eventID": new_id(), "readOnly": event.read_only,
    }  # fmt: skip
    if event.kms_key and not event.error:
        found["resources"] = [{"accountId": event.kms_key.split(":")[4], "type": "AWS::KMS::Key",
                               "ARN": event.kms_key}]  # fmt: skip
    return found | {
        "eventType": "AwsApiCall", "managementEvent": True,
        "recipientAccountId": event.caller.account, "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                       "clientProvidedHostHeader": f"{event.source}.{event.region}.amazonaws.com"},
    }  # fmt: skip


def line(event: Event, new_id: Callable[[], str]) -> str:
    """Return the record of an event as a trail writes it: without spaces."""
    return json.dumps(record(event, new_id), separators=(",", ":"))


def _message(event: Event) -> str:
    if not event.denied:
        return f"The call to {event.source}:{event.name} failed."
    return (
        f"User: {event.caller.arn} is not authorized to perform: kms:{event.name} on resource: "
        f"{event.kms_key} because no identity-based policy allows the kms:{event.name} action"
    )


def _grant_id(event: Event) -> str:
    """Return the id of the grant of a caller on a key on a day."""
    grant = f"{event.caller.arn} {event.kms_key} {event.time[:10]}"
    return sha256(grant.encode()).hexdigest()


def _role_arn(caller: Caller) -> str:
    return f"arn:aws:iam::{caller.account}:role/{caller.path}{caller.role}"


def _identity(caller: Caller, time: str) -> dict[str, object]:
    if not caller.name:
        return {"type": "AWSService", "invokedBy": caller.ip}
    own: dict[str, object] = {"arn": caller.arn, "accountId": caller.account}
    if caller.key:
        own["accessKeyId"] = caller.key
    if not caller.role:
        return {"type": "IAMUser", "principalId": f"AIDA{_UNIQUE_ID}"} | own | {
            "userName": caller.name}  # fmt: skip
    issuer = {"type": "Role", "principalId": f"AROA{_UNIQUE_ID}", "arn": _role_arn(caller),
              "accountId": caller.account, "userName": caller.role}  # fmt: skip
    attributes = {"creationDate": time, "mfaAuthenticated": "false"}
    return {"type": "AssumedRole", "principalId": f"AROA{_UNIQUE_ID}:{caller.name}"} | own | {
        "sessionContext": {"sessionIssuer": issuer, "attributes": attributes}}  # fmt: skip
