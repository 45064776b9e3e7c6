"""The lines of a text report."""

from ebs_kms_audit.render.text import render

CONTROLS = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u200b]"


def lines_of(report, **options):
    return render(report, **options).splitlines()


def part(text, begin, end):
    """Return the lines of a text from one that begins with a word to one with another word."""
    lines = text[text.index(f"\n{begin} ") + 1 :]
    return lines[: lines.index(f"\n{end} ") + 1]
