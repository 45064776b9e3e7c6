"""Policies other than the key policy: IAM policies, boundary, session policy, SCPs and RCPs.

Each is a file, a document, or a list of these. The answers of `aws iam get-role-policy`,
`get-user-policy`, `get-policy-version` and `aws organizations describe-policy` are also accepted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.errors import InputError, PolicyError, UsageError
from ebs_kms_audit.policy import Policy

_LARGEST = 1 << 20
# The members with the policy document in the output of AWS commands.
_ENVELOPES = ("PolicyVersion", "PolicyDocument", "Document", "Policy", "Content")


def read_iam_policies(given: Any) -> dict[str | None, tuple[Policy, ...]]:
    """Read `iam_policies=`: for each principal's ARN the policies; under None those for everyone.

    Raises InputError for a file that holds no policy, UsageError for a key that is not the ARN of
    a user or role.
    """
    if given is None:
        return {}
    entries = given if isinstance(given, (list, tuple)) else [given]
    found: dict[str | None, tuple[Policy, ...]] = {}
    for entry in entries:
        for principal, policies in _by_principal(entry):
            read = tuple(_policies(policies, "IAM policy"))
            found[principal] = found.get(principal, ()) + read
    return found


def read_policies_of(given: Any, name: str) -> tuple[Any, ...] | None:
    """Read one layer: `boundary=`, `session_policy=`, `scps=` or `rcps=`; None if it is not given.

    A list of lists is a list of levels (root, units, account).
    """
    if given is None:
        return None
    if (
        isinstance(given, (list, tuple))
        and given
        and all(isinstance(level, (list, tuple)) for level in given)
    ):
        return tuple(tuple(_policies(level, name)) for level in given)
    return tuple(_policies(given, name))


def _by_principal(entry: Any) -> Iterator[tuple[str | None, Any]]:
    if not isinstance(entry, Mapping) or _document_in(entry) is not None:
        yield None, entry
        return
    for principal, policies in entry.items():
        arn = Arn.parse(principal)
        if arn is None or arn.service != "iam" or arn.resource_type not in ("user", "role"):
            raise UsageError(
                f"IAM policy of {principal}: Not the ARN of an IAM user or role. Write "
                "arn:aws:iam::111122223333:role/NAME."
            )
        yield principal, policies


def _policies(given: Any, name: str) -> Iterator[Policy]:
    if isinstance(given, Policy):
        yield given
    elif isinstance(given, (str, os.PathLike)):
        path = Path(given)
        yield _parsed(_json(path), str(path))
    elif isinstance(given, Mapping):
        yield _parsed(given, name)
    elif isinstance(given, (list, tuple)):
        for one in given:
            yield from _policies(one, name)
    else:
        raise InputError(
            f"{name}: Give a file, a policy document, or a list of these, not an object of type "
            f"{type(given).__name__}."
        )


def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError("The file is too large for a policy.", source=str(path))
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError("The file does not exist. Check the path.", source=str(path)) from None
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror or error}.", source=str(path)
        ) from error
    except (ValueError, RecursionError):
        raise InputError(
            "This is not valid JSON. Expected a policy document.", source=str(path)
        ) from None


def _parsed(document: Any, name: str) -> Policy:
    found = _document_in(document)
    try:
        return Policy.from_dict(document if found is None else found)
    except PolicyError as error:
        raise InputError(*error.args, source=name, json_path=error.json_path) from error


def _document_in(value: Any) -> Any:
    """Return the policy document in the output of an AWS command, or None."""
    for _ in range(4):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return None
        if not isinstance(value, Mapping):
            return None
        if "Statement" in value:
            return value
        value = next((value[name] for name in _ENVELOPES if name in value), None)
    return None
