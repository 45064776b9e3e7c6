"""JSON documents that are not events → what they say: output of AWS commands, and policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import Grant
from ebs_kms_audit.model.command_output import (
    AuthorizationCheck,
    AuthorizationEvaluation,
    DecodedAuthorization,
    DefaultKey,
    Description,
    KeyState,
    PastedText,
)
from ebs_kms_audit.reading import document_kinds as kinds
from ebs_kms_audit.reading.documents import Documents
from ebs_kms_audit.reading.timestamps import TimeReader


def collect(kind: str, value: dict[str, Any], file: str, documents: Documents) -> None:
    """Add what a document says to the documents.

    Of a policy, `value` has the JSON text as `text`: it shows members that are written twice.
    Raises InputError for a policy that is not a key policy, and for a document that is damaged.
    """
    if kind == kinds.KEY_POLICY:
        from ebs_kms_audit.reading.key_policies import policy_in

        documents.policies.append(policy_in(value["text"], file))
    elif kind == kinds.WITH_MESSAGE:
        documents.texts.append(PastedText(file=file, text=value["text"]))
    elif kind == kinds.DESCRIBE_KEY:
        documents.key_states.append(_key_state(value["KeyMetadata"], file))
    elif kind == kinds.LIST_GRANTS:
        documents.grants.extend(
            _grant(one, file) for one in value["Grants"] if isinstance(one, dict)
        )
    elif kind == kinds.DEFAULT_KEY:
        documents.default_keys.append(DefaultKey(file=file, key=value["KmsKeyId"]))
    elif kind == kinds.DECODED:
        documents.authorizations.append(_decoded(value, file))
    elif kind == kinds.DETAILS:
        documents.evaluations.extend(_evaluations(value, file))
    elif kind == kinds.VOLUME_NOTIFICATION:
        documents.descriptions.append(Description(file=file, command=kind, content=value))
    else:
        command = kind.removeprefix("output of ")
        documents.descriptions.extend(
            Description(file=file, command=command, content=one)
            for member, (name, _) in kinds.DESCRIBED.items()
            if name == command
            for element in value[member]
            for one in _described(element)
        )


def _described(element: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what an element describes: the instances of a reservation, else the element."""
    instances = element.get("Instances")
    if not isinstance(instances, list):
        yield element
        return
    for one in instances:
        if isinstance(one, dict):
            yield {"OwnerId": element.get("OwnerId"), **one}


def _key_state(metadata: dict[str, Any], file: str) -> KeyState:
    return KeyState(
        file=file,
        id=_text(metadata.get("KeyId")),
        arn=_text(metadata.get("Arn")),
        account=_text(metadata.get("AWSAccountId")),
        state=_text(metadata.get("KeyState")),
        manager=_text(metadata.get("KeyManager")),
        origin=_text(metadata.get("Origin")),
        spec=_text(metadata.get("KeySpec") or metadata.get("CustomerMasterKeySpec")),
        usage=_text(metadata.get("KeyUsage")),
        deletion_date=_time(metadata.get("DeletionDate")),
    )


def _grant(entry: dict[str, Any], file: str) -> Grant:
    constraints = entry.get("Constraints")
    constraints = constraints if isinstance(constraints, dict) else {}
    contexts = (constraints.get(f"EncryptionContext{how}") for how in ("Subset", "Equals"))
    operations = entry.get("Operations")
    return Grant(
        id=_text(entry.get("GrantId")),
        key=_text(entry.get("KeyId")),
        grantee=_text(entry.get("GranteePrincipal")),
        retiring=_text(entry.get("RetiringPrincipal")),
        issuer=_text(entry.get("IssuingAccount")),
        operations=tuple(
            one for one in (operations if isinstance(operations, list) else ()) if _text(one)
        ),
        context=tuple(
            (name, one)
            for context in contexts
            if isinstance(context, dict)
            for name, one in context.items()
            if isinstance(one, str)
        ),
        created=_time(entry.get("CreationDate")),
        file=file,
    )


def _decoded(value: dict[str, Any], file: str) -> DecodedAuthorization:
    """Read the message, which the command prints as JSON text in JSON."""
    if isinstance(value.get("DecodedMessage"), str):
        try:
            inner = json.loads(value["DecodedMessage"])
        except (ValueError, RecursionError):
            inner = None
        if not isinstance(inner, dict):
            raise InputError(
                "its DecodedMessage is not valid JSON; run aws sts decode-authorization-message "
                "again",
                source=file,
            )
        value = inner
    context = _dict(value.get("context"))
    matched = _dict(value.get("matchedStatements")).get("items")
    return DecodedAuthorization(
        file=file,
        allowed=_flag(value.get("allowed")),
        explicit_deny=_flag(value.get("explicitDeny")),
        principal=_text(_dict(context.get("principal")).get("arn")),
        action=_text(context.get("action")),
        resource=_text(context.get("resource")),
        statements=tuple(
            one["statementId"]
            for one in (matched if isinstance(matched, list) else ())
            if isinstance(one, dict) and _text(one.get("statementId"))
        ),
    )


def _evaluations(value: dict[str, Any], file: str) -> Iterator[AuthorizationEvaluation]:
    context = _dict(value.get("requestContext"))
    caller = next(
        (_text(one) for name, one in context.items() if name.casefold() == "aws:principalarn"), None
    )
    for one in value["evaluations"]:
        checks = one.get("checks")
        yield AuthorizationEvaluation(
            file=file,
            action=str(one["action"]),
            resource=_text(one.get("resource")),
            effect=str(one.get("evaluatedEffect") or ""),
            checks=tuple(
                _check(check)
                for check in (checks if isinstance(checks, list) else ())
                if isinstance(check, dict)
            ),
            principal=caller,
        )


def _check(check: dict[str, Any]) -> AuthorizationCheck:
    matched = check.get("matchedPolicies")
    names = (
        one if isinstance(one, str) else _text(_dict(one).get("uri") or _dict(one).get("arn"))
        for one in (matched if isinstance(matched, list) else ())
    )
    return AuthorizationCheck(
        type=str(check.get("checkType") or ""),
        effect=str(check.get("evaluatedEffect") or ""),
        target=_text(check.get("targetArn")),
        policies=tuple(name for name in names if name),
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _time(value: Any) -> datetime | None:
    """Read a time as the AWS CLI prints it: ISO 8601, or seconds since 1970."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return TimeReader().read(value) if isinstance(value, str) else None
