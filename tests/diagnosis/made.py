"""A denial to change in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ebs_kms_audit.model import Denial
from tests.incidents import denied
from tests.records import audit


def denial(*asked: Any, **fields: Any) -> Denial:
    (finding,) = audit(denied(*asked, **fields)).findings
    return finding.denials[0]


PLAIN = denial("Decrypt")


UNKNOWN_KEY = replace(PLAIN, key=replace(PLAIN.key, arn=None, id=None, alias=None))
