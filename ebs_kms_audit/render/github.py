"""Annotations → workflow commands of GitHub Actions, which annotate the lines of a pull request.

Source: GitHub, "Workflow commands for GitHub Actions" (error, warning, notice; escapes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ebs_kms_audit.policy import Severity
from ebs_kms_audit.printable import escape_unprintable
from ebs_kms_audit.render.annotation import Annotation

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(annotations: Sequence[Annotation], not_checked: Iterable[str]) -> str:
    """Return one command for each annotation, and one warning for what could not be checked."""
    lines = [_command(one) for one in annotations]
    lines += [f"::warning title=not checked::{_data(text)}" for text in not_checked]
    return "".join(f"{line}\n" for line in lines)


def _command(one: Annotation) -> str:
    region = one.region
    properties = {"file": one.file, "line": region.line, "endLine": region.end_line}
    if region.line == region.end_line:  # columns count only within one line
        properties |= {"col": region.column, "endColumn": region.end_column}
    properties["title"] = one.rule.title
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    address = f"{one.address}: " if one.address else ""
    return f"::{_COMMANDS[one.severity]} {listed}::{_data(f'{address}{one.message}')}"


def _data(text: str) -> str:
    return escape_unprintable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
