"""Cells of an export → values: booleans, account ids (also damaged ones), Resources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.model import Resource

_TRUE = frozenset("true 1 wahr vrai verdadero verdadeiro vero waar".split())
_FALSE = frozenset("false 0 falsch faux falso onwaar".split())
_SHOWN_DIGITS = 6  # of a long number, in a spreadsheet's exponent form
_LONGEST_ACCOUNT = 64
_EXPONENT = r"([0-9])(?:[.,]([0-9]{1,11}))?[Ee]\+?(1[01]|0?[89])"


def read_flag(cell: str) -> bool | None:
    """Return what a Read-only cell says; spreadsheets write it in their own language."""
    text = cell.strip().casefold()
    return True if text in _TRUE else False if text in _FALSE else None


def read_account(cell: str) -> tuple[str | None, str | None]:
    """Return the account id, and the cell if a spreadsheet damaged it: `(account, damaged cell)`.

    An id that lost its leading zeros is repaired. One in exponent form (`1.11122E+11`) has lost
    other digits: it is returned as the damaged cell only, for `fits_damaged`. The same holds for
    `111122000000.0`, which pandas makes of that form.
    """
    return _read_account(cell) if len(cell) <= _LONGEST_ACCOUNT else (None, cell[:_LONGEST_ACCOUNT])


def lost_digits(cell: str) -> bool:
    """Return whether an account id lost digits, which other cells of the file may show."""
    account, damaged = read_account(cell)
    return account is None and damaged is not None


@lru_cache(1024)  # a file has few accounts
def _read_account(cell: str) -> tuple[str | None, str | None]:
    text = cell.strip().strip("'\"=")
    if re.fullmatch(r"[0-9]{1,12}\.0", text):  # a column of floats
        text = text[:-2]
        if len(text.rstrip("0")) <= _SHOWN_DIGITS:  # its zeros stand for digits that were lost
            return None, f"{int(text):.{_SHOWN_DIGITS - 1}E}"
    if re.fullmatch(r"[0-9]{9,12}", text):
        return text.zfill(12), text if len(text) < 12 else None
    return None, text or None


def fits_damaged(account: str, cell: str) -> bool:
    """Return whether an account id is shown as the damaged cell after a spreadsheet rounds it."""
    match = re.fullmatch(_EXPONENT, cell)
    if not match:
        return False
    from decimal import ROUND_HALF_UP, Decimal  # slow to import, and needed by damaged ids only

    decimals = match[2] or ""
    shown = Decimal(f"{match[1]}.{decimals or 0}")
    unit = Decimal(1).scaleb(-len(decimals))
    rounded = Decimal(account).scaleb(-int(match[3])).quantize(unit, ROUND_HALF_UP)
    return rounded == shown


def read_resources(cell: str) -> tuple[Resource, ...] | None:
    """Return the entries of a Resources cell, `()` for an empty one, None where it is broken."""
    text = cell.strip()
    if text in ("", "[]"):
        return ()
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    return tuple(
        [
            Resource.of(_text(entry.get("resourceType")), _text(entry.get("resourceName")))
            for entry in entries
        ]
    )


def is_of_another_service(resources: Iterable[Resource] | None) -> bool:
    """Return whether the resources name an ARN of another service than KMS, and none of KMS.

    TagResource and other names are events of several services; the resource shows which.
    """
    arns = [Arn.parse(resource.name) for resource in resources or ()]
    services = {arn.service for arn in arns if arn and arn.service not in ("iam", "sts")}
    return bool(services) and "kms" not in services


def _text(value: Any) -> str | None:
    """Return a non-empty text; what is no text counts as absent."""
    return value if isinstance(value, str) and value else None
