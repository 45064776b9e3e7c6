"""`ebs-kms-audit query athena|lake`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ebs_kms_audit.cli.output import write
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.sql import EVENT_DATA_STORE, PARTITIONS, athena_query, lake_query

_DESCRIPTION = """\
Prints the SQL that brings out of CloudTrail what the audit needs. Run it, download
the result as CSV, and audit that: ebs-kms-audit result.csv
"""


def run(words: Sequence[str]) -> int:
    """Print the query; the exit status is 0."""
    options = _parser().parse_args(words)
    if options.minutes is not None and options.around is None:
        raise UsageError("--minutes goes with --around TIME")
    scope = {
        "days": options.days,
        "region": options.region,
        "account": options.account,
        "around": options.around,
        "minutes": 15 if options.minutes is None else options.minutes,
    }
    if options.where == "lake":
        write(lake_query(event_data_store=options.event_data_store or EVENT_DATA_STORE, **scope))
    else:
        partitions = () if options.partitions == "none" else options.partitions.split(",")
        write(athena_query(table=options.table, partitions=partitions, **scope))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ebs-kms-audit query",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "where",
        choices=("athena", "lake"),
        help="Athena over a trail's log files, or CloudTrail Lake",
    )
    parser.add_argument("--days", type=int, default=7, metavar="N", help="the last N days (7)")
    parser.add_argument(
        "--around",
        metavar="TIME",
        help="failures around this time (UTC) only; --days is then before and after it",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help="how many minutes before and after --around (default 15)",
    )
    parser.add_argument("--region", metavar="REGION", help="one Region (all)")
    parser.add_argument("--account", metavar="ID", help="one account (all)")
    parser.add_argument(
        "--table",
        default="cloudtrail_logs",
        metavar="NAME",
        help="athena: the table, or database.table (cloudtrail_logs)",
    )
    parser.add_argument(
        "--partitions",
        default="timestamp",
        metavar="COLUMNS",
        help="athena: what the table is partitioned by, with commas, of "
        f"{', '.join(PARTITIONS)}; or none (timestamp)",
    )
    parser.add_argument(
        "--event-data-store",
        metavar="ID",
        help="lake: the event data store's ID or ARN (a placeholder)",
    )
    return parser
