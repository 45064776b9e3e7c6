"""Caveats: what the input cannot show. Each has a stable id and a page under `explain`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebs_kms_audit.model import Evidence, PrincipalKind

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.coverage import Facts


@dataclass(frozen=True, kw_only=True, slots=True)
class Caveat:
    """Something the input cannot show: `id` is stable, `text` is about this input."""

    id: str
    text: str

    @property
    def general(self) -> bool:
        """Whether it holds for every console CSV, whatever is in it."""
        return self.id in _GENERAL


_GENERAL = frozenset({"limited_view", "delivery_delay", "not_recorded", "cause_not_shown"})


def caveats_for(facts: Facts) -> tuple[Caveat, ...]:
    """Return the caveats that hold for an input: those special to it first."""
    return tuple(Caveat(id=id, text=text) for id, text in _texts(facts))


def _texts(facts: Facts) -> Iterator[tuple[str, str]]:
    yield from _about_rows(facts)
    yield from _about_denials(facts)
    if facts.has_exports:
        yield (
            "limited_view",
            "Event history shows one Region and the last 90 days, and an export only the span "
            "that was searched.",
        )
    yield "delivery_delay", "An event may appear up to 15 minutes after the call."
    yield (
        "not_recorded",
        "Not every refusal is recorded here: a caller of another account is recorded there, a "
        "VPC endpoint's refusal nowhere, and a volume may fail after the call succeeded.",
    )


def _about_rows(facts: Facts) -> Iterator[tuple[str, str]]:
    coverage = facts.coverage
    for note in facts.file_notes:
        text = _OF_FILE.get(note.kind, "{text}").format(text=note.text)
        yield note.kind, text if note.kind == "input_not_read" else f"{note.file}: {text}."
    if coverage.rows_set_aside:
        yield (
            "rows_set_aside",
            f"{_count(coverage.rows_set_aside, 'row')} could not be read and may hide a denial: "
            "see the list of rows set aside.",
        )
    if not coverage.kms_rows:
        yield (
            "no_kms_rows",
            "There is no KMS event at all, so this says nothing about KMS. Export again with the "
            "filter Event source = kms.amazonaws.com, in the Region of the volume; a trail may "
            "leave KMS events out.",
        )
    if not coverage.read_only_rows:
        yield (
            "read_only_hidden",
            "There is no read-only KMS event. Event history opens with the filter Read-only = "
            "false, which hides Decrypt, GenerateDataKey* and DescribeKey, denied or not. Export "
            "again with the filter Event source = kms.amazonaws.com.",
        )
    if facts.source_inferred:
        yield (
            "source_inferred",
            "Rows without an Event source were told to be KMS rows by their event name.",
        )
    if facts.shared_name_denials:
        yield (
            "shared_event_names",
            f"{_count(len(facts.shared_name_denials), 'denied row')} may be another service's: "
            "without an Event source the name alone does not tell.",
        )
    if facts.repaired_accounts or facts.unknown_accounts:
        yield (
            "account_id_damaged",
            "A spreadsheet damaged account ids: "
            + (
                "those that access keys or ARNs of the file agree with were repaired (inferred)"
                if facts.repaired_accounts
                else "none could be repaired"
            )
            + ("; the others are unknown." if facts.unknown_accounts else "."),
        )


def _about_denials(facts: Facts) -> Iterator[tuple[str, str]]:
    coverage, denials = facts.coverage, facts.denials
    if coverage.duplicate_denials:
        yield (
            "duplicate_denials",
            f"{_count(coverage.duplicate_denials, 'denial')} stood in the input before, under "
            "the same Event ID, and counted once.",
        )
    if coverage.window and any(not (d.event.time and d.event.time.tzinfo) for d in denials):
        yield (
            "outside_window_unknown",
            "Denials whose time has no zone were kept: they may lie outside the window.",
        )
    if any(not denial.key.known for denial in denials):
        yield (
            "key_not_in_csv",
            "The input does not name the key: denials of several keys may stand in one finding.",
        )
    if any(denial.principal.evidence is Evidence.UNKNOWN for denial in denials) or any(
        denial.principal.kind is PrincipalKind.INSTANCE_ROLE for denial in denials
    ):
        yield (
            "session_name_only",
            "The input names a session where a key policy needs the role: see the placeholders, "
            "give the events' JSON with --records, or say who it is with --principal NAME=ARN.",
        )
    if any(not (denial.message and denial.message.policy_type) for denial in denials):
        yield (
            "cause_not_shown",
            "The input does not show which policy refused: the key policy, an IAM policy, a "
            "permissions boundary or an organization's policy. The error message mostly does: "
            "give the records with --records, or the message with --message.",
        )
    if facts.disagreements:
        first = facts.disagreements[0]
        yield (
            "record_disagrees",
            f"{_count(len(facts.disagreements), 'row')} and the record of the same event differ; "
            f"the record counts. Event {first.event_id}: {', '.join(first.columns)}.",
        )
    if facts.surroundings_incomplete:
        yield (
            "surroundings_incomplete",
            "The input was too large to keep what happened around the denials, and can't be read "
            "twice: give files instead of a stream.",
        )


_OF_FILE = {
    "times_without_zone": "its times have no zone; they may be local times of whoever exported it",
    "date_order_guessed": "its dates do not tell the day from the month; the order was guessed",
    "columns_missing": "{text}, so what stands there is unknown",
}


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
