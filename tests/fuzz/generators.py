"""All generators."""

from __future__ import annotations

from tests.fuzz import commands, csv_exports, messages, policies, records, redaction, trees

GENERATORS = [
    *csv_exports.GENERATORS,
    *records.GENERATORS,
    *policies.GENERATORS,
    *messages.GENERATORS,
    *trees.GENERATORS,
    *commands.GENERATORS,
    *redaction.GENERATORS,
]
