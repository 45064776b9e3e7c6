"""Text → access-denied messages.

Sources: IAM User Guide, "Troubleshoot access denied error messages" and "Troubleshoot access denied
with authorization ids"; AWS Security Blog, "Enhanced access denied error messages with policy
ARNs"; CloudTrail User Guide, "Network activity events". The two messages of KMS about a key
that does not exist, the encoded message of EC2 and the messages of partner tools are from reports
of users.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import IAM_ACTIONS
from ebs_kms_audit.messages.plain import plain
from ebs_kms_audit.messages.roles import role_of_session
from ebs_kms_audit.model import DenialMessage, Effect, MessageKind, PolicyType

# Each message has one of these phrases. `plain` reduces repeated spaces to one.
_MESSAGE = re.compile(
    r"is not authorized to perform ?:? ?(?P<action>[A-Za-z0-9-]+:[A-Za-z0-9*]*)"
    r"|is not authorized to use resource ?:? ?(?P<used>arn:\S+) ?\(Actions ?: ?"
    r"(?P<actions>[^)]{0,400})"
    r"|(?P<ciphertext>[Tt]he ciphertext refers to an? (?:customer master|(?:AWS )?KMS) key that "
    r"does not exist)"
    r"|(?P<endpoint>[Tt]he request was denied due to a VPC endpoint policy)"
)
_RESOURCE = re.compile(r" ?on (?:the )?resource ?:? ?(?P<arn>arn:\S+)")
_POLICY = (
    r"(?:(?P<{0}>identity-based|resource-based|permissions?|sessions?|VPC endpoint|service control"
    r"|resource control|role trust) (?:polic(?:y|ies)|boundar(?:y|ies)))"
)
_POLICY_ARN = r"(?: ?: ?(?P<arn>arn:\S+))?"
_IMPLICIT = re.compile(
    rf"because no {_POLICY.format('type')} allows? (?:the [A-Za-z0-9-]+:\S+ action)?{_POLICY_ARN}",
    re.IGNORECASE,
)
_EXPLICIT = re.compile(
    rf"with an explicit deny(?: in (?:an? |the )?{_POLICY.format('type')}"
    rf"(?: transitively through (?:an? |the )?{_POLICY.format('origin')})?{_POLICY_ARN})?",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"because the resource does not exist in this Region, no resource-based policies allow access,"
    r" or a resource-based policy explicitly denies access",
    re.IGNORECASE,
)
_CALLED = re.compile(r"(?:when calling the|operation error KMS:) ?([A-Z][A-Za-z]{2,60})\b")
_ENCODED = re.compile(r"Encoded authorization failure message ?:", re.IGNORECASE)
_AUTHORIZATION_PAGE = re.compile(
    r"[?&]region=(?P<region>[a-z0-9-]{1,30})#/authorization-details/(?P<id>[A-Za-z0-9_-]{1,128}) "
)
_AUTHORIZATION_ID = re.compile(r"authorization id ?: ?(?P<id>[A-Za-z0-9_-]{1,128})")

_TYPES = {
    "identity-based": PolicyType.IDENTITY_BASED,
    "resource-based": PolicyType.RESOURCE_BASED,
    "permission": PolicyType.PERMISSIONS_BOUNDARY,
    "session": PolicyType.SESSION,  # AWS writes "sessions policy" as well
    "vpc endpoint": PolicyType.VPC_ENDPOINT,
    "service control": PolicyType.SERVICE_CONTROL,
    "resource control": PolicyType.RESOURCE_CONTROL,
    "role trust": PolicyType.ROLE_TRUST,
}

_AFTER_AN_ARN = ".,;:)]}"
_CUT = re.compile(
    r" ?(?:\.\.|…|\[(?:\.\.|…|trunc)|\(trunc)"
)  # the ellipses of tools that shorten a text
_MASKED = re.compile(r"\.{3}$|…|\*\*")
_ORGANIZATION_POLICY = re.compile(r"policy/(?:aws|o-[a-z0-9]{10,32})/[a-z_]+/p-[a-zA-Z0-9_]{8,128}")
_IAM_ACTIONS = frozenset(map(str.casefold, IAM_ACTIONS))


def parse(text: str) -> Iterator[DenialMessage]:
    """Yield the access-denied messages in a text, in order, each once.

    An encoded message of EC2 is yielded if the text has no other message.
    """
    text = plain(text)
    seen = set()
    for message in _messages(text):
        if message not in seen:
            seen.add(message)
            yield message
    if not seen and _ENCODED.search(text):
        yield DenialMessage(kind=MessageKind.ENCODED, encoded=True)


def _messages(text: str) -> Iterator[DenialMessage]:
    found = list(_MESSAGE.finditer(text))
    end = 0
    for number, match in enumerate(found, start=1):
        next_start = found[number].start() if number < len(found) else len(text)
        before, after = text[end : match.start()], text[match.end() : next_start]
        end = match.end()
        for message in _denied(match, before, after):
            yield _with_authorization(message, after)


def _denied(match: re.Match[str], before: str, after: str) -> Iterator[DenialMessage]:
    if match["ciphertext"]:
        yield DenialMessage(
            kind=MessageKind.DENIAL, action=_ciphertext_action(before), key_not_found=True
        )
    elif match["endpoint"]:
        yield DenialMessage(
            kind=MessageKind.DENIAL,
            action=_action_called(before),
            policy_type=PolicyType.VPC_ENDPOINT,
        )
    elif match["action"]:
        yield _not_authorized(match["action"], before, after)
    else:
        for action in match["actions"].replace(",", " ").split()[:20]:
            if re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9*]+", action):
                on = f" on resource: {match['used']}"
                yield _not_authorized(action, before, on + " " + after)


def _not_authorized(action: str, before: str, after: str) -> DenialMessage:
    """Read "User: ARN is not authorized to perform: ACTION [on resource: ARN] [reason]"."""
    truncated = []
    principal, cut = _principal(before)
    if cut:
        truncated.append("principal")
    known: str | None = action
    if _is_cut(action, after):
        known = None
        truncated.append("action")
    resource, on = None, _RESOURCE.match(after)
    if on:
        after = after[on.end() :]
        resource = _arn(on["arn"])
        if resource is None:
            truncated.append("resource")
    message = DenialMessage(
        kind=MessageKind.DENIAL,
        principal=str(principal) if principal else None,
        action=known,
        resource=resource,
        encoded=bool(_ENCODED.search(after)),
    )
    message = _with_reason(message, after)
    if principal:
        role = role_of_session(principal)
        message = replace(message, role_name=role.name, role_arn=role.arn, role_why=role.why)
    return replace(message, truncated=(*truncated, *message.truncated))


def _principal(before: str) -> tuple[Arn | None, bool]:
    """Return the ARN before a message, and whether that ARN is cut off or masked."""
    word = before.rstrip().rpartition(" ")[2].lstrip("([{").rpartition("User:")[2]
    arn = None if _MASKED.search(word) else Arn.parse(word)
    if arn and arn.resource.startswith("assumed-role/") and arn.resource.count("/") < 2:
        arn = None
    return arn, arn is None and (":" in word or "/" in word)


def _is_cut(action: str, after: str) -> bool:
    """Return whether an action is cut off: by an ellipsis, or by the end of the text.

    At the end of a text, "kms:GenerateDataKey" can be the beginning of a longer name.
    """
    if action.endswith(":") or _CUT.match(after):
        return True
    name = action.casefold()
    if after or not name.startswith("kms:"):
        return False
    longer = any(one.startswith(name) and one != name for one in _IAM_ACTIONS)
    return longer or name not in _IAM_ACTIONS


def _arn(token: str) -> str | None:
    """Return the ARN at the start of a token; None if it is cut off, masked or invalid."""
    arn = Arn.parse(token.rstrip(_AFTER_AN_ARN))
    if arn is None:
        return None
    if arn.service == "kms" and arn.resource_type == "key":
        return str(arn) if arn.is_key else None
    if arn.service == "organizations":
        return str(arn) if _ORGANIZATION_POLICY.fullmatch(arn.resource) else None
    return None if _MASKED.search(token) else str(arn)


def _with_reason(message: DenialMessage, reason: str) -> DenialMessage:
    if _NOT_FOUND.search(reason):
        return replace(message, key_not_found=True)
    explicit, implicit = _EXPLICIT.search(reason), _IMPLICIT.search(reason)
    if explicit and not (implicit and implicit.start() < explicit.start()):
        named, origin = _type(explicit["type"]), _type(explicit["origin"])
        message = replace(
            message,
            effect=Effect.EXPLICIT,
            policy_type=origin or named,
            through=named if origin else None,
        )
        return _with_policy(message, explicit["arn"])
    if implicit:
        message = replace(message, effect=Effect.IMPLICIT, policy_type=_type(implicit["type"]))
        return _with_policy(message, implicit["arn"])
    return message


def _with_policy(message: DenialMessage, token: str | None) -> DenialMessage:
    if token is None:
        return message
    arn = _arn(token)
    return replace(message, policy_arn=arn, truncated=() if arn else ("policy",))


def _type(words: str | None) -> PolicyType | None:
    if words is None:
        return None
    words = words.casefold()
    return _TYPES.get(words) or _TYPES[words.removesuffix("s")]


def _with_authorization(message: DenialMessage, after: str) -> DenialMessage:
    """Add the authorization id, from the URL or from the end of the message."""
    page, named = _AUTHORIZATION_PAGE.search(after), _AUTHORIZATION_ID.search(after)
    if page is None and named is None:
        return message
    found = page or named
    return replace(
        message,
        authorization_id=found["id"] if found else None,
        authorization_region=page["region"] if page else None,
    )


def _operation(before: str) -> str | None:
    """Return the last operation that an SDK names before a message."""
    called = _CALLED.findall(before)
    return called[-1] if called else None


def _action_called(before: str) -> str | None:
    """Return the KMS action of the operation that an SDK names before a message."""
    action = f"kms:{_operation(before)}"
    return action if action.casefold() in _IAM_ACTIONS else None


def _ciphertext_action(before: str) -> str | None:
    """Return the permission that Decrypt or ReEncrypt needs on the key of the ciphertext."""
    # ReEncrypt decrypts the ciphertext with the source key.
    actions = {"Decrypt": "kms:Decrypt", "ReEncrypt": "kms:ReEncryptFrom"}
    return actions.get(_operation(before) or "")
