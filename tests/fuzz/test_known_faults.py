"""Each generator finds its old faults again, within its fixed seed, when they are put back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

import pytest

import ebs_kms_audit.cli.audit
import ebs_kms_audit.cli.output
from ebs_kms_audit import errors, printable
from ebs_kms_audit.messages import plain
from ebs_kms_audit.policy import document
from ebs_kms_audit.reading import sources
from ebs_kms_audit.reading.exports import cells, events
from ebs_kms_audit.reading.records import decoder
from ebs_kms_audit.redaction import fields, redactor
from ebs_kms_audit.redaction.fields import Kind
from ebs_kms_audit.render import escape, json_text, table
from tests.fuzz.generator import attempt
from tests.fuzz.generators import GENERATORS
from tests.fuzz.test_fuzz import SEED

BY_NAME = {one.name: one for one in GENERATORS}
Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Fault:
    """A fault that was there once: the generator that finds it, and how to put it back."""

    generator: str
    fault: str
    put_back: Callable[[Patch], None]
    shows_as: str


def account_through_a_float(patch: Patch) -> None:
    def read_account(cell: str) -> tuple[str | None, str | None]:
        if re.fullmatch(r"[0-9]+\.0", cell):
            return None, f"{int(cell[:-2]):.5E}"
        return cell or None, None

    for module in (cells, events):
        patch.setattr(module, "read_account", read_account)


def nothing_is_escaped(patch: Patch) -> None:
    patch.setattr(printable, "ascii", "'{}'".format, raising=False)


def references_of_any_length(patch: Patch) -> None:
    patch.setattr(plain, "_HTML", re.compile(r"&(?:#\d+|[A-Za-z]{2,8});?"))
    patch.setattr(plain, "_character", lambda match: unescape(match[0]) + str(int(match[0][2:-1])))


def integers_of_any_length(patch: Patch) -> None:
    def failed(text: decoder.Text, *_: object, **__: object) -> object:
        text.position += 1
        yield from ()

    patch.setattr(decoder, "decode_json", json.JSONDecoder())
    patch.setattr(decoder, "_failed", failed)


def policies_of_any_depth(patch: Patch) -> None:
    """Also let JSON be written with two levels of the stack for a level of a document, as then."""
    text_of = json_text.text_of
    patch.setattr(document, "_DEEPEST", 100_000)

    def with_two_levels(value: object, margin: str) -> str:
        return text_of(value, margin)

    patch.setattr(json_text, "text_of", with_two_levels)


def files_by_their_path(patch: Patch) -> None:
    patch.setattr(sources.Sources, "_is_new", lambda *_: True)


def errors_of_several_lines(patch: Patch) -> None:
    patch.setattr(errors.EbsKmsAuditError, "__str__", lambda error: str(error.args[0]))


def targets_without_a_check(patch: Patch) -> None:
    patch.setattr(ebs_kms_audit.cli.audit, "check_target", lambda *_: None)


def raw_standard_error(patch: Patch) -> None:
    patch.setattr(ebs_kms_audit.cli.output, "escape_lines", str)
    errors_of_several_lines(patch)


def unencodable_cells(patch: Patch) -> None:
    patch.setattr(table, "_encodable", lambda value: value)


def formulas(patch: Patch) -> None:
    patch.setattr(ebs_kms_audit.render.csv, "csv_cell", escape.escape_unprintable)


def public(class_: str, field: str) -> Callable[[Patch], None]:
    def put_back(patch: Patch) -> None:
        patch.setattr(redactor, "_declaration", redactor._declaration.__wrapped__)
        patch.setitem(fields.FIELDS[class_], field, Kind.PUBLIC)

    return put_back


FAULTS = [
    Fault(
        "csv-structure", "an account cell of 400 zeros", account_through_a_float, "OverflowError"
    ),
    Fault("csv-structure", "a cell begins a formula", formulas, "report.csv"),
    Fault("csv-bytes", "control characters in the output", nothing_is_escaped, "the output holds"),
    Fault("records", "`&#` and 5,000 digits in a message", references_of_any_length, "4300"),
    Fault(
        "records", "an integer of 4,300 digits forges a denial", integers_of_any_length, "Assert"
    ),
    Fault("records", "a lone surrogate in to_arrow()", unencodable_cells, "surrogates"),
    Fault("policies", "a policy nested 600 deep", policies_of_any_depth, "RecursionError"),
    Fault("messages", "`&#` and 5,000 digits", references_of_any_length, "4300"),
    Fault("trees", "a link to a folder counts its files twice", files_by_their_path, "twice"),
    Fault("trees", "a file name that is not UTF-8 in to_arrow()", unencodable_cells, "surrogates"),
    Fault("commands", "-o writes over an input", targets_without_a_check, "was written over"),
    Fault("commands", "a control character on standard error", raw_standard_error, "holds"),
    Fault("redaction", "an address", public("Event", "source_ip"), "…"),
    Fault("redaction", "an Event ID", public("Event", "event_id"), "…"),
    Fault("redaction", "the key's alias", public("KeyRef", "alias"), "…"),
    Fault("redaction", "a User name", public("Principal", "user_name"), "…"),
]


@pytest.mark.parametrize("known", FAULTS, ids=lambda one: f"{one.generator}: {one.fault}")
def test_a_generator_finds_a_fault_that_was_there_once(known, monkeypatch):
    generator = BY_NAME[known.generator]
    known.put_back(monkeypatch)
    found = (attempt(generator, SEED, number) for number in range(generator.count))
    assert any(failure and known.shows_as in failure.error for failure in found)


def test_each_generator_has_a_known_fault():
    assert {known.generator for known in FAULTS} == set(BY_NAME)
