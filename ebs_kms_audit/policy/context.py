"""The request context: the condition keys of a request, known, absent or not known.

Source: IAM User Guide, "AWS global condition context keys" and "IAM policy elements: Variables
and tags" (which principals carry aws:username, aws:userid and aws:PrincipalType); AWS KMS
Developer Guide, "AWS KMS condition keys".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ebs_kms_audit.aws.kms_condition_keys import carries
from ebs_kms_audit.policy.caller import Caller, CallerKind
from ebs_kms_audit.policy.wildcards import ANY, ONE, Pattern, literal, pattern_of


@dataclass(frozen=True, slots=True)
class Like:
    """A value of a condition key that is known in part: some text that fits `pattern`.

    `*` and `?` are wildcards: `Like("ec2.us-east-1.*")`.
    """

    pattern: str


Value = str | tuple[Pattern, ...]
"""A value of a condition key. Known only in part, it is some text that one of the patterns fits:
for example the ARN of a role: a session ARN does not show its path."""

_PRINCIPAL_TYPES = {
    CallerKind.ROOT: "Account",
    CallerKind.USER: "User",
    CallerKind.ROLE: "AssumedRole",
    CallerKind.FEDERATED_USER: "FederatedUser",
}


class Context:
    """What is known of the condition keys of one request.

    What the caller of the library gives goes before what follows from the principal. A key given
    as None or as an empty list is absent.
    """

    def __init__(
        self, action: str, caller: Caller, given: Mapping[str, Any], *, complete: bool = False
    ) -> None:
        self._action = action
        self._values = _derived(caller)
        self._values.update((key.lower(), _texts(value)) for key, value in given.items())
        self._complete = complete

    def values(self, key: str) -> tuple[Value, ...] | None:
        """Return the values of a condition key: empty where it is absent, None where unknown."""
        key = key.lower()
        # A kms: key that the action does not document is absent, whatever a context says.
        if carries(self._action, key) is False:
            return ()
        if key in self._values:
            return self._values[key]
        return () if self._complete else None


def text_of(value: Value) -> str:
    """Return a value as text; of one that is known in part, the first pattern it may fit."""
    if isinstance(value, str):
        return value
    wildcards: dict[str | int, str] = {ANY: "*", ONE: "?"}
    return "".join(wildcards.get(token, str(token)) for token in value[0])


def _texts(value: Any) -> tuple[Value, ...]:
    if value is None:
        return ()
    if isinstance(value, Like):
        return ((pattern_of(value.pattern),),)
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(text for entry in value for text in _texts(entry))
    return (str(value).lower() if isinstance(value, bool) else str(value),)


def _derived(caller: Caller) -> dict[str, tuple[Value, ...] | None]:
    """Return the keys that follow from who calls."""
    kind = caller.kind
    if kind is CallerKind.SERVICE:
        values: dict[str, tuple[Value, ...] | None] = {"aws:principalisawsservice": ("true",)}
        if caller.name:
            values["aws:principalservicename"] = (caller.name,)
        return values
    values = {}
    if caller.account is not None:
        values["aws:principalaccount"] = values["kms:calleraccount"] = (caller.account,)
    if kind is CallerKind.UNKNOWN:
        return values
    values |= {
        "aws:principalisawsservice": ("false",),
        "aws:principalservicename": (),
        "aws:principalservicenameslist": (),
        "aws:principaltype": (_PRINCIPAL_TYPES[kind],),
        "aws:username": (caller.name,) if kind is CallerKind.USER and caller.name else (),
    }
    if caller.arn is not None and caller.path_known:
        values["aws:principalarn"] = (caller.arn,)
    elif caller.arn is not None:
        values["aws:principalarn"] = (_any_path(caller.arn),)
    if kind is CallerKind.ROOT and caller.account:
        values["aws:userid"] = (caller.account,)
    elif kind is CallerKind.FEDERATED_USER:
        values["aws:userid"] = (f"{caller.account}:{caller.name}",)
    elif kind is CallerKind.ROLE and caller.session:
        # The unique id of the role, a colon, and the session's name.
        values["aws:userid"] = (((*pattern_of("AROA*:"), *literal(caller.session)),),)
    if kind is CallerKind.USER and caller.name is None:
        values["aws:username"] = None
    return values


def _any_path(arn: str) -> tuple[Pattern, ...]:
    """Return what a role's or user's ARN may be: without a path, or with some path."""
    head, _, name = arn.rpartition("/")
    return literal(arn), (*literal(head), *pattern_of("/*/"), *literal(name))
