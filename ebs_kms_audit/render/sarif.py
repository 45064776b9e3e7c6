"""Annotations → SARIF 2.1.0, for code scanning.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub, "SARIF
support for code scanning" (rules, partial fingerprints).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from ebs_kms_audit import __version__
from ebs_kms_audit.checking.json_text import Region
from ebs_kms_audit.explain import Entry
from ebs_kms_audit.policy import Severity
from ebs_kms_audit.printable import escape_lines, escape_unprintable
from ebs_kms_audit.render.annotation import Annotation

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(annotations: Sequence[Annotation], not_checked: Iterable[str]) -> str:
    """Return a SARIF log with one run. `not_checked` becomes notifications of the run."""
    rules = {one.rule.id: one.rule for one in annotations}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "ebs-kms-audit",
                        "version": __version__,
                        "rules": [_rule(rule) for rule in rules.values()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            {"level": "warning", "message": _text(text)} for text in not_checked
                        ],
                    }
                ],
                "results": _results(annotations, list(rules)),
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _rule(rule: Entry) -> dict[str, Any]:
    page = [rule.meaning, rule.example, f"What to do: {rule.remedy}"]
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.meaning},
        "help": {"text": "\n\n".join(filter(None, page))},
    }


def _results(annotations: Iterable[Annotation], rules: Sequence[str]) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    results = []
    for one in annotations:
        identity = "\x00".join((one.rule.id, one.file, one.address or "", one.message))
        digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
        seen[digest] += 1
        results.append(
            {
                "ruleId": one.rule.id,
                "ruleIndex": rules.index(one.rule.id),
                "level": _LEVELS[one.severity],
                "message": _text(one.message),
                "locations": [_location(one)],
                "relatedLocations": [
                    {"id": number} | _place(one.file, region) | {"message": _text(text)}
                    for number, (region, text) in enumerate(one.related, 1)
                ],
                "partialFingerprints": {"ebsKmsAudit/v1": f"{digest}:{seen[digest]}"},
            }
        )
    return results


def _location(one: Annotation) -> dict[str, Any]:
    location = _place(one.file, one.region)
    if one.around and _holds(one.around, one.region):
        location["physicalLocation"]["contextRegion"] = _region(one.around)
    if one.address:
        name = escape_unprintable(one.address)
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
    return location


def _holds(outer: Region, inner: Region) -> bool:
    """Return whether a part holds another one and more: SARIF asks for a larger context."""
    return outer != inner and outer[:2] <= inner[:2] and inner[2:] <= outer[2:]


def _place(file: str, region: Region) -> dict[str, Any]:
    return {
        "physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": _region(region)}
    }


def _uri(file: str) -> str:
    """Return a path as a URI, or as a relative reference where the path is relative."""
    path = quote(file.replace(os.sep, "/").encode("utf-8", "surrogateescape"), safe="/")
    return f"file://{path}" if path.startswith("/") else path


def _region(region: Region) -> dict[str, int]:
    return {
        "startLine": region.line,
        "startColumn": region.column,
        "endLine": region.end_line,
        "endColumn": region.end_column,
    }


def _text(text: str) -> dict[str, str]:
    return {"text": escape_lines(text)}
