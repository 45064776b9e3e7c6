"""Paths and DataFrames → the rows that Python reads, and the counts of all other rows.

Spark SQL counts a row if every cell has the expected form and the audit does not need the row.
Python reads all other rows.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial, reduce
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from ebs_kms_audit.aws.relevance import RULES
from ebs_kms_audit.diagnosis.coverage import CoverageCounter
from ebs_kms_audit.errors import InputError, UsageError
from ebs_kms_audit.identify.account_repair import AccountVotes
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading import InputStats
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.header import (
    Layout,
    find_header,
    require_columns,
)
from ebs_kms_audit.reading.formats import EXPORTS, RECORDS, FileKind
from ebs_kms_audit.reading.recognition import ContentKind, recognize
from ebs_kms_audit.reading.records import check_records
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.reading.sources import Source
from ebs_kms_audit.reading.texts import read_text
from ebs_kms_audit.reading.timestamps import order_of
from ebs_kms_audit.spark.worker import Counted, Header, Read, read_exports, read_logs, work

_TABLE = "<DataFrame>"
_ON_ONE_MACHINE = "audit it on one machine, with ebs_kms_audit.audit"
_NO_LOG = re.compile(r"CloudTrail-(Digest|Insight)/")
# The forms of cells that SQL evaluates. Python reads rows with other cells and accepts more forms.
_WORD = r"\A[!-~]*\z"
_LOOKS = {
    columns.EVENT_SOURCE: _WORD,
    columns.EVENT_NAME: r"\A[A-Za-z][A-Za-z0-9_]*\z",
    columns.ACCESS_KEY: _WORD,
    columns.REGION: r"\A[a-z0-9-]{0,30}\z",
    columns.READ_ONLY: r"\A(true|false)?\z",
    columns.ACCOUNT: r"\A([0-9]{12})?\z",
    columns.CATEGORY: r"\A[A-Za-z]{0,20}\z",
}
_DAY = "(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31"
_TIME = rf"\A[1-9][0-9]{{3}}-({_DAY})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z\z"


@dataclass(slots=True)
class Collected:
    """The result for one kind of input.

    events   the events, in the order of the files
    files    the figures of each file
    counter  the coverage
    votes    the account ids of each file
    """

    events: list[Event]
    files: list[InputStats]
    counter: CoverageCounter
    votes: AccountVotes


@dataclass(slots=True)
class Part:
    """One kind of input.

    files    the figures of each file
    left     the rows that Python reads
    counted  the counts of all other rows
    read     the function that reads `left`
    """

    files: list[InputStats]
    left: DataFrame | None = None
    counted: DataFrame | None = None
    read: Read | None = None

    def denied(self) -> Iterator[Event]:
        """Yield the denied KMS events, and EC2 calls with a denial in their message."""
        for _, event in self._worked(None):
            yield event

    def collect(self, related: RelatedEvents) -> Collected:
        """Return the events that belong to the denials, and the figures of all rows."""
        files = {file.name: file for file in self.files}
        found = Collected([], [], CoverageCounter(None), AccountVotes())
        events: list[tuple[str, int, Event]] = []
        for one in self._worked(related):
            if isinstance(one, Counted):
                found.counter.merge(one.counter)
                found.votes.merge(one.votes)
                for name, file in one.files.items():
                    _merge(files.setdefault(name, InputStats(name, form=file.form)), file)
            else:
                events.append((one[1].file, one[0], one[1]))
        for row in self.counted.collect() if self.counted is not None else ():
            file = files.setdefault(row["file"], InputStats(row["file"], form="records"))
            file.rows += row["rows"]
            for time in (row["first"], row["last"]):
                if time:
                    file.add_time(datetime.fromisoformat(time))
        order = {name: number for number, name in enumerate(files)}
        if self.read is read_logs:
            order = {name: number for number, name in enumerate(sorted(files))}
            _check_records(files.values())
        events.sort(key=lambda one: (order[one[0]], one[1]))
        found.events = [event for _, _, event in events]
        found.files = sorted(files.values(), key=lambda file: order[file.name])
        return found

    def release(self) -> None:
        """Release the rows that the cluster keeps for the second reading."""
        if self.left is not None:
            self.left.unpersist()

    def _worked(self, related: RelatedEvents | None) -> Iterator[Any]:
        if self.left is None or self.read is None:
            return
        task = partial(work, read=self.read, related=related)
        for row in self.left.mapInArrow(task, "packed binary").toLocalIterator():
            yield pickle.loads(row["packed"])


def _merge(file: InputStats, part: InputStats) -> None:
    """Add the figures of one partition to those of the file."""
    file.rows += part.rows
    file.set_aside_count += part.set_aside_count
    file.set_aside += part.set_aside
    file.error = file.error or part.error
    file.guessed_dates = file.guessed_dates or part.guessed_dates
    file.times_without_zone = file.times_without_zone or part.times_without_zone
    file.envelopes.update(part.envelopes)
    file.foreign.update(part.foreign)
    file.documents += part.documents
    for column, lines in part.unreadable.items():
        file.unreadable.setdefault(column, []).extend(lines)
    for time in sorted((t for t in (part.first, part.last) if t), key=order_of):
        file.add_time(time)


def _check_records(files: Iterable[InputStats]) -> None:
    """Note which files hold no CloudTrail record."""
    for file in files:
        try:
            check_records(file)
        except InputError as error:
            file.fail(error, listed=False)


def of_exports(spark: SparkSession, given: Any) -> Part:
    """Prepare exports: paths, or a DataFrame with the columns of an export."""
    if hasattr(given, "mapInArrow"):
        return _of_frame(spark, given)
    part = Part([])
    readable: dict[str, tuple[str, Header]] = {}  # file → the path to load, and the header
    for path, name in _listed(spark, given, EXPORTS, part):
        stats = InputStats(name)
        part.files.append(stats)
        try:
            header = _header(spark, path, name)
        except InputError as error:
            stats.form, stats.error = "other", str(error)
            continue
        stats.layout = Layout.of_header(header.cells)
        readable[name] = path, header
    groups: dict[tuple[str, ...], list[str]] = {}
    for path, header in readable.values():
        groups.setdefault((header.delimiter, *header.cells), []).append(path)
    frames = [
        _judged(_load(spark, paths, list(cells), delimiter), list(cells))
        for (delimiter, *cells), paths in groups.items()
    ]
    if frames:
        read = partial(read_exports, headers={name: one for name, (_, one) in readable.items()})
        _fill(part, reduce(DataFrame.unionAll, frames), read)
    return part


def _of_frame(spark: SparkSession, frame: DataFrame) -> Part:
    header = list(frame.columns)
    layout = Layout.of_header(header)
    require_columns(_TABLE, header, layout)
    zone = spark.conf.get("spark.sql.session.timeZone") or "UTC"
    cells = [_as_text(one, zone) for one in frame.schema.fields]
    given = frame.select(
        F.lit(_TABLE).alias("file"),
        F.array(*cells).alias("cells"),
        F.lit(None).cast("string").alias("raw"),
    )
    part = Part([InputStats(_TABLE, layout=layout)])
    _fill(
        part,
        _judged(given, header),
        partial(read_exports, headers={_TABLE: Header(header)}),
    )
    return part


def _as_text(one: T.StructField, zone: str) -> Column:
    """Return a column in the form of an export: a time in UTC, all other values unchanged."""
    column = F.col("`" + one.name.replace("`", "``") + "`")
    if isinstance(one.dataType, T.TimestampType):
        column = F.date_format(F.to_utc_timestamp(column, zone), "yyyy-MM-dd'T'HH:mm:ss'Z'")
    return F.coalesce(column.cast("string"), F.lit(""))


def _listed(
    spark: SparkSession, given: Any, kind: FileKind, part: Part
) -> Iterator[tuple[str, str]]:
    """Yield the path of each file, and Spark's name for it. Spark does not list empty files."""
    for path in [given] if isinstance(given, str) or hasattr(given, "__fspath__") else given:
        if not isinstance(path, str) and not hasattr(path, "__fspath__"):
            raise UsageError(f"Spark cannot read a {type(path).__name__}. Give paths.")
        files = spark.read.format("binaryFile").option("recursiveFileLookup", True)
        try:
            found = files.load(str(path)).select("path", "_metadata.file_path").collect()
        except AnalysisException:
            error = InputError("no such file; check the path", source=str(path))
            part.files.append(InputStats(str(path), form="other", error=str(error)))
            continue
        rows = sorted((row["path"], row["file_path"]) for row in found)
        named = [row for row in rows if row[0].lower().endswith(kind.packed)] or rows
        yield from (row for row in named if not _NO_LOG.search(row[0]))


def _header(spark: SparkSession, path: str, name: str) -> Header:
    lines = [row["value"] for row in spark.read.text(path).head(columns.SEARCHED_LINES)]
    lines[:1] = [line.removeprefix("\ufeff") for line in lines[:1]]
    _check_is_export("\n".join(lines), name)
    index, delimiter, cells = find_header(name, lines)
    if index:
        raise InputError(f"its header is not the first line; {_ON_ONE_MACHINE}", source=name)
    return Header(cells, delimiter)


def _check_is_export(text: str, name: str) -> None:
    """Raise InputError for a file that is not a console CSV, by its first lines."""
    content, _ = recognize(Source(name=name, head=lambda size: text[:size]))
    if content is ContentKind.TEXT:
        read_text(Source(name=name, blocks=lambda: iter([text])))
    if content is not ContentKind.CONSOLE_CSV:
        remedy = "give it as records" if content is ContentKind.JSON else _ON_ONE_MACHINE
        raise InputError(f"this is {content}; {remedy}", source=name)


def _load(spark: SparkSession, paths: list[str], header: list[str], delimiter: str) -> DataFrame:
    """Read files with one header. A newline in a quoted field does not end the row."""
    names = [f"c{number}" for number in range(len(header))]
    frame = (
        spark.read.schema(", ".join(f"{name} string" for name in [*names, "raw"]))
        .options(
            header=True, multiLine=True, sep=delimiter, quote='"', escape='"', mode="PERMISSIVE",
            columnNameOfCorruptRecord="raw", enforceSchema=True, encoding="UTF-8",
        )
        .csv(paths)
    )  # fmt: skip
    cells = F.array(*(F.coalesce(F.col(name), F.lit("")) for name in names))
    return frame.select(F.col("_metadata.file_path").alias("file"), cells.alias("cells"), "raw")


def _judged(rows: DataFrame, header: list[str]) -> DataFrame:
    """Add the time of a row, and whether Python must read it (`asks`)."""
    positions = Layout.of_header(header).positions

    def cell(name: str) -> Column:
        return F.col("cells")[positions[name]] if name in positions else F.lit("")

    plain = [cell(name).rlike(look) for name, look in _LOOKS.items() if name in positions]
    if columns.EVENT_TIME in positions:
        plain.append(cell(columns.EVENT_TIME).rlike(_TIME))
    matter = _matters(
        cell(columns.EVENT_SOURCE),
        cell(columns.EVENT_NAME),
        cell(columns.ACCESS_KEY),
    )
    asks = F.col("raw").isNotNull() | matter | ~reduce(Column.__and__, plain)
    return rows.select("*", asks.alias("asks"), cell(columns.EVENT_TIME).alias("time"))


def _matters(source: Column, name: Column, access_key: Column) -> Column:
    """Return the rules of `aws.relevance`, and a long-term key, in SQL. Absent values are ""."""
    found = access_key.startswith("AKIA")
    for rule in RULES:
        one = name.startswith(rule.prefix)
        if rule.sources is not None:
            one &= source.isin(*rule.sources)
        if rule.names is not None:
            one &= name.isin(*rule.names)
        found |= one
    return found


def _fill(part: Part, judged: DataFrame, read: Read) -> None:
    """Split the rows. The rows for Python are cached, because they are read twice."""
    part.read = read
    part.left = judged.where("asks").drop("asks", "time").persist()
    part.counted = (
        judged.where("not asks")
        .groupBy("file")
        .agg(F.count("*").alias("rows"), F.min("time").alias("first"), F.max("time").alias("last"))
    )


def of_records(spark: SparkSession, given: Any) -> Part:
    """Prepare CloudTrail JSON: paths of log files of a trail, or of a Download JSON."""
    part = Part([])
    paths = []
    for path, name in _listed(spark, given, RECORDS, part):
        part.files.append(InputStats(name, form="records"))
        paths.append(path)
    if not paths:
        return part
    text = spark.read.text(paths, wholetext=True)
    shape = "Records array<string>, broken string"
    log = F.from_json("value", shape, {"columnNameOfCorruptRecord": "broken"})
    files = text.select(F.col("_metadata.file_path").alias("file"), "value", log.alias("log"))
    good = F.col("log.broken").isNull() & F.col("log.Records").isNotNull()
    records = files.where(good).select("file", F.posexplode("log.Records").alias("at", "record"))
    numbered = records.select(
        "file",
        (F.col("at") + 1).alias("number"),
        F.coalesce("record", F.lit("null")).alias("record"),
        F.lit(None).cast("string").alias("whole"),
    )
    other = files.where(~F.coalesce(good, F.lit(False))).select(
        "file",
        F.lit(0).alias("number"),
        F.lit("").alias("record"),
        F.col("value").alias("whole"),
        F.lit(True).alias("asks"),
        F.lit("").alias("time"),
    )
    _fill(part, _judged_records(numbered).unionAll(other), read_logs)
    return part


def _judged_records(records: DataFrame) -> DataFrame:
    fields = (
        "eventSource string, eventName string, eventTime string, "
        "userIdentity struct<accessKeyId:string>"
    )
    decoded = records.select("*", F.from_json("record", fields).alias("decoded"))

    def member(name: str) -> Column:
        return F.coalesce(F.col(f"decoded.{name}"), F.lit(""))

    named = (
        ("eventSource", columns.EVENT_SOURCE), ("eventName", columns.EVENT_NAME),
        ("userIdentity.accessKeyId", columns.ACCESS_KEY),
    )  # fmt: skip
    plain = [member(name).rlike(_LOOKS[column]) for name, column in named]
    plain.append(member("eventTime").rlike(_TIME))
    matter = _matters(*(member(name) for name, _ in named))
    asks = matter | ~reduce(Column.__and__, plain)
    return decoded.select("*", asks.alias("asks"), member("eventTime").alias("time")).drop(
        "decoded"
    )
