"""Which caveats hold for an input. The sentences are in `explain/caveats.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebs_kms_audit.explain import EntryKind, entry
from ebs_kms_audit.model import Evidence, PrincipalKind

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.coverage import Facts, FileNote

_NAMED_FILES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Caveat:
    """Something that the input cannot show.

    id    stable; its page: `ebs-kms-audit explain ID`
    text  what it means for this input
    """

    id: str
    text: str


def caveats_for(facts: Facts) -> tuple[Caveat, ...]:
    """Return the caveats that hold for an input, those about its rows first."""
    return tuple(_caveats(facts))


def _caveat(id: str, **values: object) -> Caveat:
    return Caveat(id=id, text=entry(EntryKind.CAVEAT, id).text(**values))


def _caveats(facts: Facts) -> Iterator[Caveat]:
    yield from _about_rows(facts)
    yield from _about_denials(facts)
    if facts.has_exports:
        yield _caveat("limited_view")
    if facts.has_events:
        yield _caveat("delivery_delay")
    yield _caveat("not_recorded")


def _about_rows(facts: Facts) -> Iterator[Caveat]:
    coverage = facts.coverage
    yield from _about_files(facts)
    if coverage.rows_set_aside:
        yield _caveat("rows_set_aside", count=coverage.rows_set_aside)
    nothing_found = not (facts.denials or facts.symptoms)
    if (facts.has_events or nothing_found) and not coverage.kms_rows:
        yield _caveat("no_kms_rows")
    if facts.has_events and not coverage.read_only_rows:
        yield _caveat("read_only_hidden")
    if facts.source_inferred:
        yield _caveat("source_inferred")
    if facts.shared_name_denials:
        yield _caveat("shared_event_names", count=len(facts.shared_name_denials))
    if facts.repaired_accounts or facts.unknown_accounts:
        yield _caveat(
            "account_id_damaged",
            repaired=facts.repaired_accounts,
            unknown=facts.unknown_accounts,
        )


def _about_files(facts: Facts) -> Iterator[Caveat]:
    """Yield one caveat of each kind, also if it holds for many inputs."""
    notes: dict[str, list[FileNote]] = {}
    for note in facts.file_notes:
        notes.setdefault(note.kind, []).append(note)
    for kind, alike in notes.items():
        if kind == "files_skipped":
            named = [f"{note.file} ({note.values['problem']})" for note in alike[:_NAMED_FILES]]
            names = ", ".join(named) + (", …" if len(alike) > len(named) else "")
            yield _caveat(kind, count=len(alike), names=names)
            continue
        first = _caveat(kind, **alike[0].values)
        if more := len(alike) - 1:
            text = f"{first.text.removesuffix('.')}. More inputs with this caveat: {more:,}."
            first = Caveat(id=kind, text=text)
        yield first


def _about_denials(facts: Facts) -> Iterator[Caveat]:
    coverage, denials = facts.coverage, facts.denials.samples
    if coverage.duplicate_denials:
        yield _caveat("duplicate_denials", count=coverage.duplicate_denials)
    if coverage.window and any(not (d.event.time and d.event.time.tzinfo) for d in denials):
        yield _caveat("outside_window_unknown")
    if any(not denial.key.known for denial in denials):
        yield _caveat("key_not_in_csv")
    if any(
        denial.principal.evidence is Evidence.UNKNOWN
        or denial.principal.kind is PrincipalKind.INSTANCE_ROLE
        for denial in denials
    ):
        yield _caveat("session_name_only")
    if any(not (denial.message and denial.message.policy_type) for denial in denials):
        yield _caveat("cause_not_shown")
    if truncated := sum(
        len(one.events)
        for one in facts.denials.alike
        if one.sample.message and one.sample.message.truncated
    ):
        yield _caveat("message_truncated", count=truncated)
    if facts.disagreements:
        first = facts.disagreements[0]
        yield _caveat(
            "record_disagrees",
            count=len(facts.disagreements),
            event_id=first.event_id,
            columns=", ".join(first.columns),
        )
    if facts.surroundings_incomplete:
        yield _caveat("surroundings_incomplete")
