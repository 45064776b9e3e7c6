"""A source or a table → its large export, where the vectorised reader can read it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from itertools import chain

from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.exports.large.contents import (
    PackedContent,
    PlainContent,
    SequentialContent,
    decoded,
    decoded_text,
    filling,
)
from ebs_kms_audit.reading.exports.large.export import LargeExport
from ebs_kms_audit.reading.exports.large.range_reader import RangeResult
from ebs_kms_audit.reading.exports.large.ranges import Ranges, results_of
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.reading.sources import PlainFile, Source, opened
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.streams import Blocks, KeptBlocks
from ebs_kms_audit.reading.tables import Table
from ebs_kms_audit.reading.unchanged import UnchangedFile
from ebs_kms_audit.reading.workers import Workers

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def open_large(
    source: Source,
    kept: KeptBlocks | None,
    stats: InputStats,
    head: Sequence[str],
    settings: Settings,
    related: RelatedEvents | None,
) -> LargeExport | None:
    """Return the large export of a source; None where only the plain reader can read it.

    `kept` is the content of a source that is not a file. `head` are its lines up to the header.
    They must have one kind of line end, and the first block must begin with their text in UTF-8:
    otherwise it is not known where the first row begins.
    """
    text = "".join(head).encode("utf-8", "surrogatepass")
    end = b"\r\n" if text.endswith(b"\r\n") else b"\n"
    if not text.endswith(end) or text.count(b"\r") != text.count(b"\r\n"):
        return None
    settings = settings._replace(crlf=end == b"\r\n", keep_texts=True)
    large = partial(LargeExport, stats, line=len(head) + 1, related=related)
    first = next(iter(_blocks(source, kept)), b"")
    file = source.file
    if file and isinstance(first, bytes) and not file.packed:
        mark = len(_BYTE_ORDER_MARK) if first.startswith(_BYTE_ORDER_MARK) else 0
        if first.startswith(text, mark):
            settings = settings._replace(keep_texts=False)
            results = partial(_of_file, file, mark + len(text))
            return large(settings, results, again=results, file=UnchangedFile(file.path))
    content = Lines(source.name, _blocks(source, kept)).raw()
    if content is None or not next(content).startswith(text):
        return None
    if file and file.packed:
        results = partial(_of_packed_file, source, file, len(text))
        return large(settings, results, again=results)
    in_order = partial(
        _in_order, source, len(text), decoded_text if isinstance(first, str) else decoded
    )
    again = partial(in_order, None) if source.repeatable else None
    return large(settings, partial(in_order, kept), again=again)


def open_large_table(
    table: Table,
    stats: InputStats,
    settings: Settings,
    related: RelatedEvents | None,
    again: Callable[[], Table] | None,
) -> LargeExport:
    """Return the large export of a table. `again` returns the table a second time."""
    from ebs_kms_audit.reading.exports.large.table_lines import lines_of, text_of_line  # pyarrow

    settings = settings._replace(keep_texts=True)

    def results(opened: Table, settings: Settings, _: Workers) -> Generator[RangeResult]:
        lines = filling(lines_of(opened.batches, settings))
        once = SequentialContent(lines, cut_short=lambda: None, decode=text_of_line)
        return results_of(once, settings)

    return LargeExport(
        stats, settings, partial(results, table), line=1, related=related,
        again=again and (lambda *asked: results(again(), *asked)),
    )  # fmt: skip


def _of_file(
    file: PlainFile, begin: int, settings: Settings, workers: Workers
) -> Generator[RangeResult]:
    """Yield what each range of a file holds. `workers` may read a part of it."""
    before = workers.reported
    with opened(file.path) as stream:
        content = PlainContent(stream.fileno(), file.size)
        yield from Ranges(content, begin, settings).results(workers)
    workers.report_whole(file.size, before)


def _of_packed_file(
    source: Source, file: PlainFile, begin: int, settings: Settings, workers: Workers
) -> Generator[RangeResult]:
    """Yield what each range of a gzip file holds. `workers` may read a part of it."""
    before = workers.reported
    content = PackedContent(workers.watched(source), file)
    yield from Ranges(content, begin, settings).results(workers)
    workers.report_whole(file.size, before)


def _in_order(
    source: Source,
    begin: int,
    decode: Callable[[bytes | bytearray], str],
    kept: KeptBlocks | None,
    settings: Settings,
    workers: Workers,
) -> Generator[RangeResult]:
    """Yield what each range of a content holds that this process reads once, from its beginning."""
    lines = Lines(source.name, _blocks(workers.watched(source), kept), again=source.again)
    content = lines.raw()
    assert content is not None, "open_large read its beginning"
    blocks = chain([next(content)[begin:]], content)
    once = SequentialContent(filling(blocks), cut_short=lambda: lines.cut_short, decode=decode)
    yield from results_of(once, settings)


def _blocks(source: Source, kept: KeptBlocks | None) -> Blocks:
    """Return the content from its beginning."""
    if kept is not None:
        return iter(kept)
    assert source.blocks is not None
    return source.blocks()
