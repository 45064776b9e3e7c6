"""Policies → key policies, each with its name and, where it is known, its key.

A policy does not say which key it belongs to. The caller says it (a mapping, `ARN=FILE`), or the
name of the file is the id of the key; otherwise it is unknown.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ebs_kms_audit.aws.arns import Arn, is_key_id
from ebs_kms_audit.errors import InputError, PolicyError, UsageError
from ebs_kms_audit.policy import KeyPolicy

_LARGEST = 1 << 20  # a key policy has at most 32 KiB
_GET_POLICY = (
    "get the policy with aws kms get-key-policy --key-id … --policy-name default --query Policy "
    "--output text"
)
_NO_PRINCIPAL = (
    "this policy has no Principal, so it is not a key policy; say what it is with --iam-policy, "
    "--boundary, --session-policy or --scp"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenPolicy:
    """A key policy.

    name      what to call it: the name of the input, or the event that set it
    key       the key that it belongs to: an ARN or a bare id; None if it is unknown
    policy    the policy
    event_id  the Event ID of the event that set it, for a policy from the log
    since     when it was set, for a policy from the log
    """

    name: str
    key: str | None
    policy: KeyPolicy
    event_id: str | None = None
    since: datetime | None = None

    @property
    def key_id(self) -> str | None:
        """The bare key id."""
        return self.key.rpartition("/")[2] if self.key else None


def read_policies(given: Any) -> tuple[GivenPolicy, ...]:
    """Read what `audit(key_policies=…)` takes.

    A file, a folder of `.json` files, a policy document (dict or KeyPolicy), the output of `aws kms
    get-key-policy` as JSON or text, a list of these, or a mapping of key ARN to any of them.

    Raises InputError for a file that cannot be read or holds no policy, UsageError for a key that
    is not a key ARN.
    """
    return tuple(_read(given, None))


def policy_in(text: str, name: str) -> GivenPolicy:
    """Return the key policy in the JSON text of an input that is recognized as a policy.

    Raises InputError if it is the policy of another service, an IAM policy or not valid.
    """
    _require_key_policy(json.loads(text), name)
    policy = _parsed(name, text)
    stem = Path(name).stem
    return GivenPolicy(name=name, key=stem if is_key_id(stem) else None, policy=policy)


def _require_key_policy(document: Any, name: str) -> None:
    """Raise InputError unless a policy has a principal and an action of KMS."""
    inner = document.get("Policy", document)
    if isinstance(inner, str):
        try:
            inner = json.loads(inner)
        except (ValueError, RecursionError) as error:
            raise InputError(f"its Policy is not valid JSON; {_GET_POLICY}", source=name) from error
    found = inner.get("Statement") if isinstance(inner, dict) else None
    statements = [one for one in (found if isinstance(found, list) else [found]) if one]
    objects = [one for one in statements if isinstance(one, dict)]
    if not any("Principal" in one or "NotPrincipal" in one for one in objects):
        raise InputError(_NO_PRINCIPAL, source=name)
    services = {
        service
        for one in objects
        for service in (["*"] if "NotAction" in one else map(_service, _texts(one.get("Action"))))
    }
    if not services & {"kms", "*"}:
        named = ", ".join(sorted(services)) or "none"
        raise InputError(
            f"this is a policy of another service (its actions: {named}), not a key policy; "
            f"{_GET_POLICY}",
            source=name,
        )


def _service(action: str) -> str:
    return action.partition(":")[0].casefold()


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]


def _read(given: Any, key: str | None) -> Iterator[GivenPolicy]:
    if given is None:
        return
    if isinstance(given, KeyPolicy):
        yield GivenPolicy(name="key policy", key=key, policy=given)
    elif isinstance(given, (str, os.PathLike)):
        yield from _of_path(os.fspath(given), key)
    elif isinstance(given, Mapping):
        yield from _of_mapping(given, key)
    elif isinstance(given, (list, tuple)):
        for one in given:
            yield from _read(one, key)
    else:
        raise InputError(
            f"a key policy cannot be read from an object of type {type(given).__name__}; give a "
            "file, a folder, a document, or a mapping of key ARN to document"
        )


def _of_mapping(given: Mapping[str, Any], key: str | None) -> Iterator[GivenPolicy]:
    if "Statement" in given or "Policy" in given:
        yield GivenPolicy(name="key policy", key=key, policy=_parsed("key policy", dict(given)))
        return
    for name, one in given.items():
        arn = Arn.parse(name) if isinstance(name, str) else None
        if arn is None or arn.service != "kms" or arn.resource_type != "key":
            raise UsageError(
                f"key policy of {name}: this is not a key ARN "
                "(arn:aws:kms:us-east-1:111122223333:key/…)"
            )
        yield from _read(one, name)


def _of_path(given: str | bytes, key: str | None) -> Iterator[GivenPolicy]:
    name = os.fsdecode(given)
    path = Path(name)
    if name.lstrip().startswith(("{", "[")) and "\n" not in name[:1]:
        raise InputError(
            "a key policy is given as the path of a file; this is the text of one: pass "
            "json.loads(text), or save it to a file",
            source=name if len(name) < 60 else f"{name[:40]}…",
        )
    try:
        if path.is_dir():
            files = sorted(path.glob("*.json"))
            if not files:
                raise InputError("this folder holds no .json file with a key policy", source=name)
            for file in files:
                yield from _of_path(str(file), key)
            return
        with path.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except FileNotFoundError:
        raise InputError("no such file; check the path", source=name) from None
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror or error}", source=name) from error
    except ValueError as error:  # a NUL character in the path
        raise InputError(f"it cannot be read: {error}", source=name) from error
    if len(content) > _LARGEST:
        raise InputError("this is too large for a key policy", source=name)
    try:
        text = content.decode(
            "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        )
    except UnicodeDecodeError:
        raise InputError("this is not text; expected a key policy as JSON", source=name) from None
    stem = path.stem if is_key_id(path.stem) else None
    yield GivenPolicy(name=name, key=key or stem, policy=_parsed(name, _json_text(name, text)))


def _json_text(name: str, text: str) -> str:
    """Return the JSON in a text; `--output text` prints the name of the policy after it."""
    text = text.lstrip()
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        raise InputError(f"this is not valid JSON; {_GET_POLICY}", source=name) from None
    rest = text[end:].strip()
    if rest and not re.fullmatch(r"[\w-]+", rest):
        raise InputError("there is other text after the policy; remove it", source=name)
    return text[:end]


def _parsed(name: str, document: Any) -> KeyPolicy:
    try:
        if isinstance(document, str):
            return KeyPolicy.from_json(document)
        return KeyPolicy.from_dict(document)
    except PolicyError as error:
        raise InputError(*error.args, source=name, json_path=error.json_path) from error
