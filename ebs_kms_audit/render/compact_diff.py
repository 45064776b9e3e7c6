"""A unified diff of two JSON documents, with each added list that fits on one line on one line.

The result is a unified diff as well: the line counts of the hunks are those of the shorter text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_WIDTH = 110
_HUNK = r"(?s)@@ -(\d+(?:,\d+)?) \+(\d+)(?:,(\d+))? @@(.*)"
_CLOSING = {"[": "]", "{": "}"}


def compact_diff(diff: str) -> str:
    """Return the diff with fewer added lines; a text that is no unified diff as it is."""
    lines = diff.split("\n")
    starts = [number for number, line in enumerate(lines) if re.fullmatch(_HUNK, line)]
    if not starts:
        return diff
    written, saved = lines[: starts[0]], 0
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        body = list(_shorter(lines[start + 1 : end]))
        less = end - start - 1 - len(body)
        written.append(_header(lines[start], saved, less))
        written += body
        saved += less
    return "\n".join(written)


def _header(line: str, saved: int, less: int) -> str:
    match = re.fullmatch(_HUNK, line)
    assert match is not None
    return f"@@ -{match[1]} +{int(match[2]) - saved},{int(match[3] or 1) - less} @@{match[4]}"


def _shorter(lines: Sequence[str]) -> Iterator[str]:
    """Give the lines of a hunk; each run of added lines is written anew."""
    run: list[str] = []
    for line in lines:
        if line.startswith("+"):
            run.append(line[1:])
            continue
        yield from (f"+{one}" for one in _joined(run))
        run = []
        yield line
    yield from (f"+{one}" for one in _joined(run))


def _joined(lines: Sequence[str]) -> list[str]:
    """Join what is in brackets, from the inside outwards."""
    stack: list[int] = []
    written: list[str] = []
    for line in lines:
        opened = line.rstrip()[-1:]
        if opened in _CLOSING:
            stack.append(len(written))
            written.append(line)
            continue
        written.append(line)
        if stack and _closes(written[stack[-1]], line):
            _close(written, stack.pop())
    return written


def _closes(first: str, last: str) -> bool:
    indent = len(first) - len(first.lstrip())
    mark = _CLOSING[first.rstrip()[-1]]
    return last.startswith(" " * indent + mark) and last.strip().rstrip(",") == mark


def _close(written: list[str], start: int) -> None:
    """Write a group of lines as one line if it fits; a lone list shares the lines of its object."""
    group = written[start:]
    inner = " ".join(line.strip() for line in group[1:-1])
    flat = f"{group[0].rstrip()}{inner}{group[-1].strip()}"
    if len(flat) < _WIDTH and '"Effect"' not in flat:
        written[start:] = [flat]
    elif group[0].rstrip().endswith("{") and _is_lone_list(group[1:-1]):
        first = f"{group[0].rstrip()}{group[1].strip()}"
        last = f"{group[-2].rstrip()}{group[-1].strip()}"
        less = len(group[1]) - len(group[1].lstrip()) - (len(group[0]) - len(group[0].lstrip()))
        written[start:] = [first, *(line[less:] for line in group[2:-2]), last[less:]]


def _is_lone_list(lines: Sequence[str]) -> bool:
    if len(lines) < 3:
        return False
    first, *items, last = lines
    indent = len(first) - len(first.lstrip())
    deeper = all(len(item) - len(item.lstrip()) > indent for item in items)
    return first.rstrip().endswith("[") and deeper and last.strip() == "]"
