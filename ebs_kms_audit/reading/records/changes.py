"""The key policy or grant in the request and response of a record.

Source: AWS KMS Developer Guide, "Logging AWS KMS API calls": the entries of PutKeyPolicy,
CreateKey, ReplicateKey, CreateGrant, RevokeGrant and RetireGrant.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.aws.arns import Arn, is_key_id

if TYPE_CHECKING:
    from ebs_kms_audit.model import Grant, PolicyRecord

_POLICY_EVENTS = frozenset({"PutKeyPolicy", "CreateKey", "ReplicateKey"})
GRANT_EVENTS = frozenset({"CreateGrant", "RevokeGrant", "RetireGrant"})
CHANGES = _POLICY_EVENTS | GRANT_EVENTS
_DEFAULT_NAME = "default"


def policy_record(
    name: str, request: Any, response: Any, arns: list[str], *, complete: bool
) -> PolicyRecord | None:
    """Return the key policy in a record with this event name; None for other events.

    `request` and `response` are its requestParameters and responseElements, `arns` the ARNs of its
    resources. `complete` is True if the record has the whole request, so that a missing policy
    was not set.
    """
    if name not in _POLICY_EVENTS:
        return None
    from ebs_kms_audit.model import PolicyRecord  # after helper processes were started

    asked, answered = _mapping(request), _mapping(response)
    arns = [arn for arn in arns if _key(arn)]
    policy_name = _text(asked, "policyName")
    if name == "PutKeyPolicy" and policy_name not in (None, _DEFAULT_NAME):
        return PolicyRecord(document=None, of_key=False)
    document = _text(asked, "policy")
    if name == "PutKeyPolicy":
        key = next(iter(arns), None) or _key(_text(asked, "keyId"))
    elif name == "CreateKey":
        made = _mapping(answered.get("keyMetadata"))
        key = _key(_text(made, "arn")) or next(iter(arns), None) or _key(_text(made, "keyId"))
    else:
        made = _mapping(answered.get("replicaKeyMetadata"))
        key = _key(_text(made, "arn"))
        document = document or _text(answered, "replicaPolicy")
    default = name != "PutKeyPolicy" and document is None and complete
    return PolicyRecord(document=document, default=default, key=key)


def grant_record(
    name: str, request: Any, response: Any, arns: list[str], *, time: datetime | None, file: str
) -> Grant | None:
    """Return the grant that a record created or ended; None for other events."""
    if name not in GRANT_EVENTS:
        return None
    from ebs_kms_audit.model import Grant

    asked, answered = _mapping(request), _mapping(response)
    arns = [arn for arn in arns if _key(arn)]
    constraints = _mapping(asked.get("constraints"))
    context = {
        **_mapping(constraints.get("encryptionContextSubset")),
        **_mapping(constraints.get("encryptionContextEquals")),
    }
    operations = asked.get("operations")
    return Grant(
        id=_text(answered, "grantId") or _text(asked, "grantId"),
        key=next(iter(arns), None) or _key(_text(asked, "keyId")),
        grantee=_text(asked, "granteePrincipal"),
        retiring=_text(asked, "retiringPrincipal"),
        operations=tuple(
            one for one in (operations if isinstance(operations, list) else ())
            if isinstance(one, str)
        ),
        context=tuple((key, one) for key, one in context.items() if isinstance(one, str)),
        created=time if name == "CreateGrant" else None,
        file=file,
    )  # fmt: skip


def _key(key: str | None) -> str | None:
    """Return a key ARN or a key id; None for an alias, because it can have been moved."""
    arn = Arn.parse(key)
    return key if (arn and arn.is_key) or is_key_id(key) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) and value else None
