"""`key_policies=` → key policies, each with its name and, where it is known, its key.

A policy does not say whose it is. It is bound to a key by the caller (a mapping, `ARN=FILE`), or
by a file whose name is the key's id; else it is unbound.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ebs_kms_audit.aws.arns import Arn, is_key_id
from ebs_kms_audit.errors import InputError, PolicyError, UsageError
from ebs_kms_audit.policy import KeyPolicy

_LARGEST = 1 << 20  # a key policy has at most 32 KiB


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenPolicy:
    """A key policy, what to call it, and the key that it is said to be of (ARN or bare id)."""

    name: str
    key: str | None
    policy: KeyPolicy

    @property
    def key_id(self) -> str | None:
        """The id of the key, without the rest of its ARN."""
        return self.key.rpartition("/")[2] if self.key else None


def read_policies(given: Any) -> tuple[GivenPolicy, ...]:
    """Read what `audit(key_policies=…)` takes.

    A file, a folder of `.json` files, a policy document (dict or KeyPolicy), the answer of `aws kms
    get-key-policy` as JSON or text, a list of these, or a mapping of key ARN to any of them.

    Raises InputError for a file that can't be read or holds no policy, UsageError for a key that is
    no key ARN.
    """
    return tuple(_read(given, None))


def _read(given: Any, key: str | None) -> Iterator[GivenPolicy]:
    if given is None:
        return
    if isinstance(given, KeyPolicy):
        yield GivenPolicy(name="key policy", key=key, policy=given)
    elif isinstance(given, (str, os.PathLike)):
        yield from _of_path(Path(given), key)
    elif isinstance(given, Mapping):
        yield from _of_mapping(given, key)
    elif isinstance(given, (list, tuple)):
        for one in given:
            yield from _read(one, key)
    else:
        raise InputError(
            f"a key policy can't be read from an object of type {type(given).__name__}: give a "
            "file, a folder, a document, or a mapping of key ARN to document"
        )


def _of_mapping(given: Mapping[str, Any], key: str | None) -> Iterator[GivenPolicy]:
    if "Statement" in given or "Policy" in given:
        yield GivenPolicy(name="key policy", key=key, policy=_parsed("key policy", dict(given)))
        return
    for name, one in given.items():
        arn = Arn.parse(name)
        if arn is None or arn.service != "kms" or arn.resource_type != "key":
            raise UsageError(
                f"key policy of {name}: that is no key ARN "
                "(arn:aws:kms:us-east-1:111122223333:key/…)"
            )
        yield from _read(one, name)


def _of_path(path: Path, key: str | None) -> Iterator[GivenPolicy]:
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise InputError(f"{path}: this folder holds no .json file with a key policy")
        for file in files:
            yield from _of_path(file, key)
        return
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: this is too large for a key policy")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file: check the path") from None
    except OSError as error:
        raise InputError(f"{path}: it can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise InputError(f"{path}: this is no text; expected a key policy as JSON") from None
    named = path.stem if is_key_id(path.stem) else None
    yield GivenPolicy(
        name=str(path), key=key or named, policy=_parsed(str(path), _json(path, text))
    )


def _json(path: Path, text: str) -> Any:
    """Parse the text; that of `--output text` has the policy's name behind the document."""
    try:
        document, end = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        raise InputError(
            f"{path}: this is no JSON; get the policy with aws kms get-key-policy --key-id … "
            "--policy-name default --query Policy --output text"
        ) from None
    rest = text.lstrip()[end:].strip()
    if rest and not re.fullmatch(r"[\w-]+", rest):
        raise InputError(f"{path}: there is something behind the policy that is none of it")
    return document


def _parsed(name: str, document: Any) -> KeyPolicy:
    try:
        return KeyPolicy.from_dict(document)
    except PolicyError as error:
        raise InputError(*error.args, source=name, json_path=error.json_path) from error
