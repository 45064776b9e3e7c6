"""`ebs-kms-audit query athena|lake`."""

from __future__ import annotations

from collections.abc import Sequence

from ebs_kms_audit.cli.output import write
from ebs_kms_audit.cli.parser import Parser, one_of
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.sql import EVENT_DATA_STORE, PARTITIONS, athena_query, lake_query

_TABLE, _PARTITIONS = "cloudtrail_logs", "timestamp"
_DESCRIPTION = """\
Prints the SQL that gets the denied calls out of CloudTrail, with what identifies their callers.
Run the SQL, download the result as CSV, and audit the result: ebs-kms-audit result.csv

  athena   Amazon Athena, for a trail with its log files in Amazon S3
  lake     CloudTrail Lake, for an event data store (Lake takes no new customers since 2026-05-31)
"""
_EPILOG = """\
examples:
  ebs-kms-audit query athena --table logs.cloudtrail_logs --region us-east-1 --days 7
  ebs-kms-audit query lake --event-data-store a1b2c3d4-5678-90ab-cdef-111122223333
  ebs-kms-audit query athena --around 2026-05-18T07:00:00Z --minutes 5

exit status:
  0  the SQL was printed     2  bad usage
"""


def run(words: Sequence[str]) -> int:
    """Print the query, or without a word what the command does. The exit status is 0."""
    parser = _parser()
    if not words:
        write(parser.format_help())
        return 0
    options = parser.parse(words)
    if options.where is None:
        raise UsageError("query: say athena or lake. Help: ebs-kms-audit query --help")
    if options.minutes is not None and options.around is None:
        raise UsageError("--minutes needs --around TIME")
    scope = {
        "days": options.days,
        "region": options.region,
        "account": options.account,
        "around": options.around,
        "minutes": options.minutes,
    }
    if options.where == "lake":
        for name in ("table", "partitions"):
            if getattr(options, name) is not None:
                raise UsageError(f"--{name} is an option of query athena, not of query lake")
        write(lake_query(event_data_store=options.event_data_store or EVENT_DATA_STORE, **scope))
    else:
        if options.event_data_store is not None:
            raise UsageError("--event-data-store is an option of query lake, not of query athena")
        columns = options.partitions or _PARTITIONS
        partitions = () if columns == "none" else columns.split(",")
        write(athena_query(table=options.table or _TABLE, partitions=partitions, **scope))
    return 0


def _parser() -> Parser:
    parser = Parser("query", _DESCRIPTION, _EPILOG)
    parser.add_argument(
        "where",
        nargs="?",
        type=one_of(("athena", "lake")),
        metavar="athena|lake",
        help="where the events are",
    )
    parser.add_argument(
        "--days", type=int, default=7, metavar="N", help="the last N days (default: 7)"
    )
    parser.add_argument(
        "--around",
        metavar="TIME",
        help="only denied calls around this time, in UTC, or on this day; --days is then before "
        "and after it",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help="how many minutes before and after --around (default: 15)",
    )
    parser.add_argument("--region", metavar="REGION", help="one Region (default: all)")
    parser.add_argument("--account", metavar="ID", help="one account (default: all)")
    parser.add_argument(
        "--table",
        metavar="NAME",
        help=f"athena: the table, or database.table (default: {_TABLE})",
    )
    parser.add_argument(
        "--partitions",
        metavar="COLUMNS",
        help="athena: the partition columns of the table, separated by commas, of "
        f"{', '.join(PARTITIONS)}; or none (default: {_PARTITIONS})",
    )
    parser.add_argument(
        "--event-data-store",
        metavar="ID",
        help="lake: the ID or ARN of the event data store (default: a placeholder)",
    )
    return parser
