"""Policy documents as AWS writes them: key policies, and the other kinds that bound them.

Reading is tolerant: a statement that AWS would reject covers nothing and is kept as a
Fault with its JSON path. Only where no policy document can be made out at all, PolicyError.

Source: IAM User Guide, "Grammar of the IAM JSON policy language"; AWS KMS Developer Guide,
"Key policies in AWS KMS" (elements in a key policy).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from ebs_kms_audit.errors import PolicyError
from ebs_kms_audit.policy.statement import (
    Fault,
    FaultId,
    SpelledFloat,
    Statement,
    other_elements,
    read_statement,
    type_name,
)

OLD_VERSION = "2008-10-17"
"""What a document without Version is; policy variables are plain text in it."""
CURRENT_VERSION = "2012-10-17"

_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_DEEPEST = 32
"""A policy has eight levels; the answer of `get-key-policy` two more. Source: IAM User Guide,
"Grammar of the IAM JSON policy language"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A policy without principals: identity policy, boundary, session policy, SCP or RCP.

    `document` is the policy as written, not copied and never changed here. `faults` holds those
    of the document and of all its statements.
    """

    version: str
    id: str | None
    statements: tuple[Statement, ...]
    faults: tuple[Fault, ...]
    unknown: Mapping[str, Any] = field(hash=False)
    document: Mapping[str, Any] = field(hash=False)

    takes_principals: ClassVar[bool] = False

    @classmethod
    def from_dict(cls, document: Any) -> Self:
        """Read a policy document, or the answer of `aws kms get-key-policy` that holds one.

        Raises PolicyError where there is no policy document in it.
        """
        return cls._read(document, [])

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the JSON text of a policy, or of the answer that holds one.

        Raises PolicyError where the text is no JSON or holds no policy document.
        """
        repeated: list[str] = []
        return cls._read(_parse(text, "$", repeated), repeated)

    @classmethod
    def _read(cls, document: Any, repeated: list[str]) -> Self:
        policy, path = _unwrap(document, "$", repeated)
        if _is_deeper(policy, _DEEPEST):
            raise PolicyError(f"{path}: It has more than {_DEEPEST} levels. A policy has eight.")
        elements = policy["Statement"]
        if isinstance(elements, list):
            numbered = [(f"{path}.Statement[{at}]", one) for at, one in enumerate(elements)]
        elif isinstance(elements, dict):
            numbered = [(f"{path}.Statement", elements)]
        else:
            raise PolicyError(
                "a statement or a list of statements is expected here",
                json_path=f"{path}.Statement",
            )

        faults = [
            Fault(
                id=FaultId.REPEATED_MEMBER,
                json_path=path,
                message=f"The member {name!r} is in one object more than once.",
            )
            for name in repeated
        ]
        version, id_ = policy.get("Version", OLD_VERSION), policy.get("Id")
        if version not in (OLD_VERSION, CURRENT_VERSION):
            faults.append(
                Fault(
                    id=FaultId.INVALID_VERSION,
                    json_path=f"{path}.Version",
                    message=f"Version must be {CURRENT_VERSION} or {OLD_VERSION}.",
                )
            )
        if id_ is not None and not isinstance(id_, str):
            faults.append(
                Fault(
                    id=FaultId.INVALID_VALUE, json_path=f"{path}.Id", message="Id must be a string."
                )
            )
        statements = tuple(
            read_statement(one, at, where, cls.takes_principals)
            for at, (where, one) in enumerate(numbered)
        )
        faults += [fault for statement in statements for fault in statement.faults]
        return cls(
            version=version if isinstance(version, str) else "",
            id=id_ if isinstance(id_, str) else None,
            statements=statements,
            faults=tuple(faults),
            unknown=other_elements(policy, _ELEMENTS),
            document=policy,
        )

    @property
    def has_variables(self) -> bool:
        """Whether `${…}` is a policy variable in it, rather than plain text."""
        return self.version == CURRENT_VERSION


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyPolicy(Policy):
    """A key policy: each statement says to whom it applies, and `*` as Resource is this key."""

    takes_principals: ClassVar[bool] = True


# --- finding the document


def _parse(text: str, path: str, repeated: list[str]) -> Any:
    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            repeated.extend(name for name, count in counts.items() if count > 1)
        return result

    try:
        return json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=object_of, parse_float=SpelledFloat
        )
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"This is not valid JSON: {error}", json_path=path) from error


def _is_deeper(document: Any, levels: int) -> bool:
    """Return whether lists and objects are nested deeper than that; a cycle is."""
    level = [document]
    for _ in range(levels):
        inner: dict[int, Any] = {}
        for value in level:
            members = value.values() if isinstance(value, Mapping) else value
            inner.update({id(one): one for one in members if isinstance(one, (Mapping, list))})
        if not inner:
            return False
        level = list(inner.values())
    return True


def _unwrap(document: Any, path: str, repeated: list[str]) -> tuple[dict[str, Any], str]:
    """Find the policy in what was given, and its JSON path there.

    The policy can be JSON text, and either can be under `Policy`.
    """
    for _ in range(4):  # {"Policy": "…"} in a JSON string is as deep as any tool wraps it
        if isinstance(document, str):
            document = _parse(document, path, repeated)
        elif isinstance(document, dict) and "Statement" in document:
            return document, path
        elif isinstance(document, dict) and "Policy" in document:
            document, path = document["Policy"], f"{path}.Policy"
    if isinstance(document, dict):
        raise PolicyError("This is not a policy: it has no Statement", json_path=path)
    raise PolicyError(f"This is not a policy but {type_name(document)}", json_path=path)
