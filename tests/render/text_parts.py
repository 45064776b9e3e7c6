"""Parts of the text of a report, for tests."""

from __future__ import annotations

from ebs_kms_audit.render.text import render


def words_of(report, label, end):
    """Return the words from the line with a label to the line with another one."""
    _, _, rest = f"\n{render(report)}".partition(f"\n{label} ")
    return " ".join(rest.partition(f"\n{end}")[0].split())


def why_of(report):
    """Return what is under WHY."""
    return words_of(report, "WHY", "SETTLE")
