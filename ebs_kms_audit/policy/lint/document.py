"""The document as a whole: size, characters, numbers, faults, Sids and partitions.

Sources: AWS KMS API Reference, "PutKeyPolicy" (size, characters); AWS KMS Developer Guide, "Key
policies in AWS KMS" (elements); IAM User Guide, "IAM identifiers" (partitions), "IAM policy
elements: Variables and tags" (Version).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.policy.document import KeyPolicy
from ebs_kms_audit.policy.lint.finding import LintFinding, error, warning
from ebs_kms_audit.policy.statement import child_path

LARGEST = 32_768
"""The largest size of a key policy, in bytes."""

_NOT_ACCEPTED = re.compile(r"[^\t\n\r\x20-\xff]")


def lint_document(policy: KeyPolicy, key: str | None) -> Iterator[LintFinding]:
    """Find what is wrong with the document as a whole."""
    text = json.dumps(policy.document, ensure_ascii=False, separators=(",", ":"), default=str)
    yield from _size(policy, text)
    if found := _NOT_ACCEPTED.search(text):
        yield error(
            "invalid_character",
            "$",
            f"The document has the character U+{ord(found[0]):04X}, which KMS does not accept.",
        )
    for path in _numbers_out_of_range(policy.document, "$"):
        yield error(
            "number_out_of_range", path, "This number is too large, or is not a JSON number."
        )
    for fault in policy.faults:
        yield error(fault.id, fault.json_path, fault.message)
    yield from _sids(policy)
    if "${" in text and not policy.has_variables:
        yield warning(
            "variables_are_text",
            "$.Version",
            "Without Version 2012-10-17, a policy variable (${…}) is plain text.",
        )
    yield from _partitions(policy, key)


def _size(policy: KeyPolicy, compact: str) -> Iterator[LintFinding]:
    """Both spellings of the document must fit: tools put the one or the other."""
    spaced = json.dumps(policy.document, ensure_ascii=False, indent=2, default=str)
    for form, text in (("without spaces", compact), ("with an indent of two spaces", spaced)):
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > LARGEST:
            yield error(
                "too_large",
                "$",
                f"The document has {size:,} bytes {form}; KMS accepts {LARGEST:,}.",
            )
            return


def _numbers_out_of_range(value: Any, path: str) -> Iterator[str]:
    """Yield the paths of NaN, Infinity and numbers such as 1e999 that are read as infinite."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _numbers_out_of_range(member, child_path(path, name))
    elif isinstance(value, list):
        for at, entry in enumerate(value):
            yield from _numbers_out_of_range(entry, f"{path}[{at}]")


def _sids(policy: KeyPolicy) -> Iterator[LintFinding]:
    counts = Counter(statement.sid for statement in policy.statements)
    for statement in policy.statements:
        if statement.sid and counts[statement.sid] > 1:
            yield warning(
                "repeated_sid",
                f"{statement.json_path}.Sid",
                f"{counts[statement.sid]} statements have this Sid.",
                statement,
            )


def _partitions(policy: KeyPolicy, key: str | None) -> Iterator[LintFinding]:
    """Find principals of another partition. Access cannot be delegated across partitions."""
    arn = Arn.parse(key)
    entries = [
        (statement, entry, entry.arn.partition)
        for statement in policy.statements
        for entry in (statement.principals.entries if statement.principals else ())
        if entry.arn
    ]
    partitions = Counter(partition for _, _, partition in entries)
    here = arn.partition if arn else next(iter(dict(partitions.most_common(1))), None)
    for statement, entry, partition in entries:
        if here and partition != here:
            yield error(
                "other_partition",
                entry.json_path,
                f"The principal is in the partition {partition}, and the key is in {here}.",
                statement,
            )
