"""The condition operators: how one value of a policy compares with one of the request.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import base64
import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from ebs_kms_audit.aws.caching import cached_if_short
from ebs_kms_audit.policy.context import Value
from ebs_kms_audit.policy.variables import Template, fit_all
from ebs_kms_audit.policy.wildcards import Pattern, literal, matches, split_arn

Compare = Callable[[Template, Value], bool | None]
Parse = Callable[[str], Any]

# W3C note "Date and Time Formats": YYYY-MM, YYYY-MM-DD, and a date with a time.
_W3C_DATE = re.compile(
    r"\d{4}-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?)?",
    re.ASCII,
)
_YEAR, _YEAR_AND_MONTH = len("2026"), len("2026-05")


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """The parts of a condition operator.

    compare          the positive comparison; None for Null
    parse            what reads a value, None where a value is text; it returns None for a value
                     that it cannot read
    negated          whether it is a …Not… operator: it holds where no value of the policy compares
    wildcards        whether `*` and `?` are wildcards in the policy's values
    takes_variables  whether `${…}` is filled in
    if_exists        whether it ends with IfExists
    for_any          whether it begins with ForAnyValue
    for_all          whether it begins with ForAllValues
    """

    compare: Compare | None
    parse: Parse | None = None
    negated: bool = False
    wildcards: bool = False
    takes_variables: bool = False
    if_exists: bool = False
    for_any: bool = False
    for_all: bool = False

    @property
    def is_null(self) -> bool:
        """Whether it is Null, which tests for the presence of the key."""
        return self.compare is None


# --- comparisons: a value of the policy, a value of the request


def _string(template: Template, value: Value) -> bool | None:
    return template.fits(value)


def _string_ignoring_case(template: Template, value: Value) -> bool | None:
    def lower(pattern: str | Pattern) -> Pattern:
        return tuple(token.lower() if isinstance(token, str) else token for token in pattern)

    wanted = lower(template.pattern)
    return template.weigh(fit_all(lambda one: matches(wanted, lower(one)), value))


def _arn(template: Template, value: Value) -> bool | None:
    """Compare ARNs part by part; what is no ARN matches nothing."""
    parts = split_arn(template.pattern)

    def test(one: str | Pattern) -> bool | None:
        given = split_arn(literal(one) if isinstance(one, str) else one)
        if parts is None or given is None or given[0] != literal("arn"):
            return False
        results = {matches(part, text) for part, text in zip(parts, given, strict=True)}
        return False if False in results else None if None in results else True

    return template.weigh(fit_all(test, value))


def _parsed(parse: Callable[[str], Any], holds: Callable[[Any, Any], bool]) -> Compare:
    """Return a comparison of parsed values; with a value that cannot be read it is undecided."""
    parse = cached_if_short(1024)(parse)

    def compare(template: Template, value: Value) -> bool | None:
        if not isinstance(value, str):
            return None
        wanted, given = parse("".join(map(str, template.pattern))), parse(value)
        return None if wanted is None or given is None else holds(given, wanted)

    return compare


def _number(text: str) -> Decimal | None:
    """Read a number that a 64-bit float can hold: `1e999` is none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and math.isfinite(float(number)) else None


def _date(text: str) -> datetime | None:
    """Read a date in a form of the W3C note on ISO 8601, or seconds since 1970.

    A date without a zone is UTC. None for four digits alone: they can be a year or seconds.
    """
    text = text.strip()
    try:
        if text.isascii() and text.isdigit():
            return None if _is_year(text) else datetime.fromtimestamp(int(text), UTC)
        if not _W3C_DATE.fullmatch(text):
            return None
        date = datetime.fromisoformat(f"{text}-01" if len(text) == _YEAR_AND_MONTH else text)
    except (ValueError, OverflowError, OSError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _is_year(text: str) -> bool:
    return len(text) == _YEAR and text.isascii() and text.isdigit()


def is_year_or_seconds(operator_name: str, value: str) -> bool:
    """Return whether a Date operator has a value of four digits.

    Both a year and seconds since 1970 are allowed (IAM User Guide, "IAM JSON policy elements:
    Condition operators"; W3C note "Date and Time Formats").
    """
    operator = operator_named(operator_name)
    return operator is not None and operator.parse is _date and _is_year(value.strip())


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.strip().lower())


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


# --- the operators by name

_TEXTS: dict[str, tuple[Compare, bool]] = {
    # operator: its comparison, and whether * and ? are wildcards
    "String{}Equals": (_string, False),
    "String{}EqualsIgnoreCase": (_string_ignoring_case, False),
    "String{}Like": (_string, True),
    "Arn{}Equals": (_arn, True),  # the same as ArnLike
    "Arn{}Like": (_arn, True),
}
_ORDERS = {
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def _is_within(given: Any, wanted: Any) -> bool:
    return bool(given.version == wanted.version and given.subnet_of(wanted))


def _of_values(
    parse: Callable[[str], Any], holds: Callable[[Any, Any], bool], *, negated: bool = False
) -> Operator:
    return Operator(compare=_parsed(parse, holds), parse=parse, negated=negated)


def _operators() -> dict[str, Operator]:
    """Return every operator by its name in lower case."""
    table = {
        "Bool": _of_values(_boolean, operator.is_),
        "BinaryEquals": _of_values(_bytes, operator.eq),
        "IpAddress": _of_values(_network, _is_within),
        "NotIpAddress": _of_values(_network, _is_within, negated=True),
        "Null": Operator(compare=None, parse=_boolean),
    }
    for name, (compare, wildcards) in _TEXTS.items():
        for negation in ("", "Not"):
            table[name.format(negation)] = Operator(
                compare=compare,
                wildcards=wildcards,
                takes_variables=True,
                negated=bool(negation),
            )
    for kind, parse in (("Numeric", _number), ("Date", _date)):
        table[f"{kind}Equals"] = _of_values(parse, operator.eq)
        table[f"{kind}NotEquals"] = _of_values(parse, operator.eq, negated=True)
        for name, holds in _ORDERS.items():
            table[f"{kind}{name}"] = _of_values(parse, holds)
    return {name.lower(): entry for name, entry in table.items()}


_BY_NAME = _operators()


@cached_if_short(1024)
def operator_named(text: str) -> Operator | None:
    """Read an operator as a policy writes it (`ForAnyValue:StringLikeIfExists`).

    None for one that the policy language does not have, as far as this library knows.
    """
    quantifier, colon, name = text.lower().rpartition(":")
    base = name.removesuffix("ifexists")
    found = _BY_NAME.get(base)
    if found is None or quantifier not in ("", "foranyvalue", "forallvalues"):
        return None
    if found.is_null and (colon or base != name):
        return None
    return replace(
        found,
        if_exists=base != name,
        for_any=quantifier == "foranyvalue",
        for_all=quantifier == "forallvalues",
    )


def unreadable_values(operator_name: str, values: Iterable[str]) -> tuple[str, ...]:
    """Return the values of a condition that the operator cannot read.

    Such are a date in another form than AWS documents, a number that is none, an invalid address.
    A condition with one of them is undecided.
    """
    found = operator_named(operator_name)
    if found is None or found.parse is None:
        return ()
    return tuple(value for value in values if found.parse(value) is None)
