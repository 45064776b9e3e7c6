"""Policy documents with stand-ins. Statements and their order are kept.

The path of a JSON patch operation has only positions and element names. It is not changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ebs_kms_audit.redaction.stand_ins import StandIns

_KEPT = {
    "Effect": ("Allow", "Deny"),
    "Version": ("2012-10-17", "2008-10-17"),
    "op": ("add", "replace", "remove"),
}


def redacted_json(value: Any, stand_ins: StandIns, name: str = "") -> Any:
    """Return a JSON value with stand-ins. `name` is the name of its member in the parent object.

    A name is None in the IAM policies that were given for every caller.
    """
    if isinstance(value, Mapping):
        return {
            None if key is None else stand_ins.element(key): redacted_json(one, stand_ins, key)
            for key, one in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [redacted_json(one, stand_ins, name) for one in value]
    if isinstance(value, str):
        return _text(value, stand_ins, name)
    if value is None or isinstance(value, bool):
        return value
    return stand_ins.give("value", str(value))


def _text(text: str, stand_ins: StandIns, name: str) -> str:
    if name in ("Action", "NotAction"):
        return stand_ins.word(text)
    if name == "Sid":
        return stand_ins.sid(text)
    if name == "path" and text.startswith("/Statement"):
        return text
    return text if text in _KEPT.get(name, ()) else stand_ins.any(text)
