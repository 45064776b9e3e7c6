"""An access-denied message, as a user pastes it → who was refused what, and whether the key policy
can help. A console CSV holds no error message; the message answers what the CSV leaves open.
"""

from __future__ import annotations

from dataclasses import replace

from ebs_kms_audit.model import DenialMessage, Effect, Helps, MessageKind, PolicyType

__all__ = [
    "DenialMessage",
    "Effect",
    "Helps",
    "MessageKind",
    "PolicyType",
    "parse_denial_message",
]


def parse_denial_message(text: str) -> DenialMessage:
    """Read an access-denied message of KMS or, encoded, of EC2; of several, the first.

    The text may be wrapped, quoted or escaped, and hold more than the message: the exception of
    an SDK, Terraform's frame, a line of JSON. Nothing is raised: a text without such a message
    comes back with the kind `not_recognised`.
    """
    # Here, since an audit of a CSV alone needs the words of a message and never reads one.
    from ebs_kms_audit.messages.advice import advise
    from ebs_kms_audit.messages.parse import parse

    message = parse(text)
    advice = advise(message)
    if advice is None:
        return message
    return replace(
        message, key_policy_edit=advice.helps, why=advice.why, what_helps=advice.what_helps
    )
