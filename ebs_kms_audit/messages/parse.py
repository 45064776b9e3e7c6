"""Text → DenialMessage, without the advice.

Sources: IAM User Guide, "Troubleshoot access denied error messages"; AWS Security Blog, "Enhanced
access denied error messages with policy ARNs"; for KMS's own two answers and for EC2's encoded
message, what users report of them.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ebs_kms_audit.aws.arns import Arn, is_iam_name
from ebs_kms_audit.aws.callers import auto_scaling_role_arn
from ebs_kms_audit.model import DenialMessage, Effect, MessageKind, PolicyType

# User: ARN is not authorized to perform: ACTION [on resource: ARN] [reason]
_REFUSED = re.compile(r"is not authorized to perform ?:? ?(?P<action>[A-Za-z0-9-]+:[A-Za-z0-9*]+)")
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
_CIPHERTEXT = re.compile(
    r"The ciphertext refers to an? (?:customer master|(?:AWS )?KMS) key that does not exist",
    re.IGNORECASE,
)
_CALLED = re.compile(r"(?:when calling the|operation error KMS:) ?(Decrypt|ReEncrypt)\b")
_ENCODED = re.compile(r"Encoded authorization failure message ?:", re.IGNORECASE)

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

_ESCAPED_BREAKS = re.compile(r"\\+[nrt]")  # of a message that stood in JSON
_ESCAPES = re.compile(r"\\+(?:u00(?:22|27)|(?=[\"'/]))")
_MARKUP = re.compile(r"</?[A-Za-z]+/?>")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\"'`“”‘’«»]")  # and quotes
_FRAME = re.compile("[\\s\u2500-\u257f]+")  # box drawing: Terraform's frame
_AFTER_AN_ARN = ".,;)]}"

_PATHS_OF_SERVICE_ROLES = {
    # EC2 User Guide, "Service-linked role for Spot Instance requests".
    "AWSServiceRoleForEC2Spot": "aws-service-role/spot.amazonaws.com/",
}


def parse(text: str) -> DenialMessage:
    """Take the first access-denied message of a text apart."""
    text = _plain(text)
    refused, ciphertext = _REFUSED.search(text), _CIPHERTEXT.search(text)
    encoded = bool(_ENCODED.search(text))
    if refused and not (ciphertext and ciphertext.start() < refused.start()):
        return replace(_refusal(text, refused), encoded=encoded)
    if ciphertext:
        return DenialMessage(
            kind=MessageKind.DENIAL, action=_action_called(text), key_not_found=True
        )
    if encoded:
        return DenialMessage(kind=MessageKind.ENCODED, encoded=True)
    return DenialMessage(kind=MessageKind.NOT_RECOGNISED)


def _plain(text: str) -> str:
    """Take away what only packs a message: escapes, tags, quotes, frames, line breaks."""
    from html import unescape

    for _ in range(2):  # what is quoted in HTML may have been HTML before
        text = unescape(text)
    text = _ESCAPES.sub("", _ESCAPED_BREAKS.sub(" ", _MARKUP.sub(" ", text)))
    return _FRAME.sub(" ", _INVISIBLE.sub("", text))


def _refusal(text: str, refused: re.Match[str]) -> DenialMessage:
    before, after = text[: refused.start()], text[refused.end() :]
    if following := _REFUSED.search(after):  # the reason of another message is not this one's
        after = after[: following.start()]
    principal = Arn.parse(before.rpartition("User:")[2].strip() or None) or _last_arn(before)
    resource = _RESOURCE.match(after)
    if resource:
        after = after[resource.end() :]
    message = DenialMessage(
        kind=MessageKind.DENIAL,
        principal=str(principal) if principal else None,
        action=refused["action"],
        resource=_arn(resource["arn"]) if resource else None,
    )
    return _with_reason(_with_role(message, principal), after)


def _last_arn(text: str) -> Arn | None:
    return Arn.parse(text.rstrip().rpartition(" ")[2].lstrip("([{"))


def _arn(token: str) -> str | None:
    """Return the ARN at the start of a token, without the punctuation of the sentence."""
    arn = Arn.parse(token.rstrip(_AFTER_AN_ARN))
    return str(arn) if arn else None


def _with_reason(message: DenialMessage, reason: str) -> DenialMessage:
    if _NOT_FOUND.search(reason):
        return replace(message, key_not_found=True)
    explicit, implicit = _EXPLICIT.search(reason), _IMPLICIT.search(reason)
    if explicit and not (implicit and implicit.start() < explicit.start()):
        named, origin = _type(explicit["type"]), _type(explicit["origin"])
        return replace(
            message,
            effect=Effect.EXPLICIT,
            policy_type=origin or named,
            through=named if origin else None,
            policy_arn=_arn(explicit["arn"] or ""),
        )
    if implicit:
        return replace(
            message,
            effect=Effect.IMPLICIT,
            policy_type=_type(implicit["type"]),
            policy_arn=_arn(implicit["arn"] or ""),
        )
    return message


def _type(words: str | None) -> PolicyType | None:
    if words is None:
        return None
    words = words.casefold()
    return _TYPES.get(words) or _TYPES[words.removesuffix("s")]


def _with_role(message: DenialMessage, principal: Arn | None) -> DenialMessage:
    """Add the role behind a session, as far as a session's ARN tells it."""
    if principal is None:
        return message
    if principal.service == "iam" and principal.resource_type == "role":
        if not is_iam_name(principal.name):
            return message
        return replace(
            message,
            role_name=principal.name,
            role_arn=str(principal),
            role_why="the message names the role itself",
        )
    if principal.service != "sts" or not principal.resource.startswith("assumed-role/"):
        return message
    name = principal.resource.split("/")[1]
    arn, why = _role(principal, name)
    return replace(message, role_name=name, role_arn=arn, role_why=why)


def _role(session: Arn, name: str) -> tuple[str | None, str]:
    if name == "aws:ec2-infrastructure":
        return None, "EC2's identity-only role of an instance; a policy never names it"
    if not is_iam_name(name):
        return None, "IAM allows no role of this name"
    documented = "AWS documents the path of this service-linked role"
    scaling = auto_scaling_role_arn(session.partition, session.account)
    if name.partition("_")[0] == "AWSServiceRoleForAutoScaling":  # a suffix may follow
        return scaling.rpartition("/")[0] + f"/{name}", documented
    if path := _PATHS_OF_SERVICE_ROLES.get(name):
        return f"arn:{session.partition}:iam::{session.account}:role/{path}{name}", documented
    if name.startswith("AWSServiceRoleFor"):
        return None, (
            "a service-linked role stands under aws-service-role/ and its service's name, which "
            "a session's ARN does not show; aws iam get-role shows it"
        )
    if name.startswith("AWSReservedSSO_"):
        return None, (
            "IAM Identity Center puts its roles under aws-reserved/sso.amazonaws.com/ and mostly "
            "a Region, which a session's ARN does not show; aws iam get-role shows it"
        )
    return None, "a session's ARN does not show the role's path; aws iam get-role shows it"


def _action_called(text: str) -> str | None:
    """Return the permission on the ciphertext's key, where the SDK said what it called."""
    called = _CALLED.search(text)
    if called is None:
        return None
    # ReEncrypt reads the ciphertext with the source key.
    return "kms:Decrypt" if called[1] == "Decrypt" else "kms:ReEncryptFrom"
