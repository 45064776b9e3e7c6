"""Report → HTML for a notebook."""

from __future__ import annotations

from html import escape

from ebs_kms_audit.render import words
from ebs_kms_audit.report import Report


def render(report: Report) -> str:
    """Return the report as an HTML fragment; every log field is escaped."""
    return f"<p>{escape(words.headline(report))}</p>"
