"""DenialMessage → text for a terminal of 80 columns, and JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict

from ebs_kms_audit.messages import DenialMessage, Effect, Helps, MessageKind, PolicyType
from ebs_kms_audit.render.escape import escape_unprintable

SCHEMA = "ebs_kms_audit.message/1"

_ANSWERS = {Helps.YES: "Yes", Helps.NO: "No", Helps.PERHAPS: "Perhaps"}


def as_json(message: DenialMessage) -> str:
    """Return the message as JSON text, in ASCII; what it does not say is null."""
    return json.dumps({"schema": SCHEMA} | asdict(message), indent=2, ensure_ascii=True) + "\n"


def as_text(message: DenialMessage) -> str:
    """Return what the message says and what would help."""
    return "\n".join(_lines(message)) + "\n"


def _lines(message: DenialMessage) -> Iterator[str]:
    if message.kind is MessageKind.ENCODED:
        yield "Refused by EC2; the message is encoded."
    else:
        action = message.action or "an action that the message does not name"
        yield f"Refused: {escape_unprintable(action)}"
        yield from _field("who", message.principal or "not named")
        if message.role_name:
            yield from _field("role", message.role_arn or message.role_name)
            yield from _field("", message.role_why or "")
        yield from _field("on", message.resource or "not named")
        yield from _field("by", _policy(message))
        if message.policy_arn:
            yield from _field("", message.policy_arn)
    yield ""
    if message.key_policy_edit:
        answer = _ANSWERS[message.key_policy_edit]
        yield from _wrap(f"Can an edit of the key policy help? {answer}: {message.why}.")
    yield from _wrap(f"What helps: {message.what_helps}.")


def _policy(message: DenialMessage) -> str:
    if message.key_not_found:
        return "KMS, which did not find the key, or does not say more"
    name = str(message.policy_type or "a policy of a type that the message does not name")
    if message.policy_type is PolicyType.RESOURCE_BASED:
        name += " (the key policy)" if (message.action or "").startswith("kms:") else ""
    if message.effect is Effect.EXPLICIT:
        through = f", through a {message.through}" if message.through else ""
        return f"{name}: an explicit Deny{through}"
    return f"{name}: nothing in it allows the action" if message.effect else name


def _field(label: str, text: str) -> list[str]:
    return _wrap(text, f"   {label:6}", " " * 9)


def _wrap(text: str, first: str = "", rest: str = "  ") -> list[str]:
    return textwrap.wrap(
        escape_unprintable(text),
        80,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
