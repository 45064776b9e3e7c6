"""Text files → the texts that may hold an error message."""

from __future__ import annotations

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.messages import read_error_text
from ebs_kms_audit.model.command_output import PastedText
from ebs_kms_audit.reading.decoding import Lines, decoded
from ebs_kms_audit.reading.formats import ANYTHING, Foreign, ForeignError
from ebs_kms_audit.reading.sources import Source

_LONGEST = 16 << 20
_NO_MESSAGE = Foreign("text without an error message that is recognized", is_data=None)
_NO_COLUMNS = Foreign("a table without the columns of CloudTrail events")


def read_text(source: Source) -> PastedText:
    """Return the text of a source. Raises InputError if it holds no message that is recognized."""
    assert source.blocks is not None
    parts: list[str] = []
    length = 0
    for part in decoded(Lines(source.name, source.blocks(), ANYTHING).utf8()):
        parts.append(part)
        length += len(part)
        if length > _LONGEST:
            raise InputError(
                f"this text is longer than {_LONGEST >> 20} MiB; save only the part with the error "
                "message",
                source=source.name,
            )
    text = "".join(parts)
    if not holds_message(text):
        lines = text.split("\n", 2)[:2]
        table = len(lines) == 2 and all(line.count(",") > 1 for line in lines)
        raise ForeignError(source.name, _NO_COLUMNS if table else _NO_MESSAGE)
    return PastedText(file=source.name, text=text)


def holds_message(text: str) -> bool:
    """Return whether a text holds an error message that is recognized."""
    return any(read_error_text(text, file=""))
