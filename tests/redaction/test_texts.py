"""Texts of the library that can contain values of an input, and texts of a kind nobody declared."""

import json
from dataclasses import dataclass

import pytest

from ebs_kms_audit.model import FileCoverage, PolicyRecord
from ebs_kms_audit.redaction.redactor import Redactor
from ebs_kms_audit.redaction.stand_ins import StandIns

FILE = "/home/quokka/my exports/a.csv"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        # The name of the input, also with spaces in it.
        (f"{FILE}: It is empty.", "file-1: It is empty."),
        # Quoted texts are parts of the content.
        ("The column 'quokka' is missing.", "The column “…” is missing."),
        ('The column "quokka" is missing.', "The column “…” is missing."),
        ("The column `quokka` is missing.", "The column “…” is missing."),
        ("The column “quokka” is missing.", "The column “…” is missing."),
        # Other paths have a separator and more than it.
        ("See quokka/b.csv: no rows.", "See file: no rows."),
        ("See C:\\quokka\\b.csv, no rows.", "See C:file, no rows."),
        ("1 / 2 rows", "1 / 2 rows"),
        # Values with the form of an id.
        ("Not account 999988887777.", "Not account account-1."),
    ],
)
def test_the_error_of_a_file_names_no_file_and_quotes_nothing(error, shown):
    file = FileCoverage(name=FILE, layout=None, rows_read=0, rows_set_aside=0, error=error)
    made = Redactor().finish(file)
    assert (made.name, made.error) == ("file-1", shown)


@pytest.mark.parametrize(
    ("sid", "shown"),
    [
        # AWS KMS Developer Guide, "Default key policy".
        ("Enable IAM User Permissions", "Enable IAM User Permissions"),
        ("Allow access for Key Administrators", "Allow access for Key Administrators"),
        ("Allow use of the key", "Allow use of the key"),
        ("Allow attachment of persistent resources", "Allow attachment of persistent resources"),
        ("Allow use of the key by quokka", "sid-1"),
        ("allow use of the key", "sid-1"),
        ("", ""),
    ],
)
def test_of_sids_only_those_of_the_console_stay(sid, shown):
    assert StandIns().sid(sid) == shown


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ('{"Sid": "quokka"}', '{"Sid": "sid-1"}'),
        ("quokka", "(redacted)"),
        ("[" * 200_000, "(redacted)"),  # deeper than a parser goes
    ],
)
def test_the_text_of_a_policy_is_redacted_as_a_document(document, shown):
    record = PolicyRecord(document=document, default=True, key=None, of_key=False)
    assert Redactor().redact(record).document == shown


def test_a_field_that_nobody_declared_is_removed():
    @dataclass(frozen=True)
    class Unknown:
        text: str
        values: dict
        number: int = 7

    made = Redactor().redact(Unknown(text="quokka", values={"a": "quokka"}))
    assert made.text is None
    assert "quokka" not in json.dumps(made.values)
    assert made.number == 7
