"""The command `query`: it prints a statement for Athena or CloudTrail Lake."""

import re

import pytest
import sqlglot

from ebs_kms_audit.cli.main import main
from ebs_kms_audit.sql import athena_query
from tests.cloudtrail_tables import ACCOUNT, STORE


def test_without_an_event_data_store_a_placeholder_stands_in_the_query(capsys):
    assert main(["query", "lake"]) == 0
    query = capsys.readouterr().out
    assert "FROM REPLACE_WITH_THE_EVENT_DATA_STORE_ID\n" in query
    assert sqlglot.parse_one(query, dialect="trino")


def test_the_command_prints_the_query(capsys):
    assert main(["query", "athena", "--table", "logs.trail", "--partitions", "none", "--region",
                 "eu-west-1", "--account", ACCOUNT, "--around", "2026-05-18T07:00", "--minutes",
                 "10", "--days", "2"]) == 0  # fmt: skip
    assert capsys.readouterr().out == athena_query(
        table="logs.trail", partitions=(), region="eu-west-1", account=ACCOUNT,
        around="2026-05-18T07:00", minutes=10, days=2,
    )  # fmt: skip
    assert main(["query", "lake", "--event-data-store", STORE]) == 0
    printed = capsys.readouterr()
    assert re.search(rf"FROM {STORE}\n", printed.out)
    assert printed.err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lake", "--event-data-store", "store"], "is not the ID of an event data store"),
        (["athena", "--minutes", "5"], "--minutes needs --around TIME"),
        (["athena", "--partitions", "hour"], "is not a set of partition columns"),
        (["athena", "--table", "t; DROP TABLE t"], "is not the name of a table"),
        (["athena", "--region", "x"], "is not an AWS Region"),
        (["athena", "--account", "1"], "is not an account id"),
        (["athena", "--days", "0"], "is out of range"),
    ],
)
def test_what_goes_wrong_is_one_line_and_status_2(capsys, arguments, words):
    assert main(["query", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert words in line
