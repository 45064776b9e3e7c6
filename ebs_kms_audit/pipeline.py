"""The pipeline: read, count, identify, look around, group, report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.audit_options import AuditOptions
from ebs_kms_audit.context.grants import GrantLog
from ebs_kms_audit.context.history import ContextCollector
from ebs_kms_audit.context.key_errors import concerns_one_key
from ebs_kms_audit.context.policy_history import PolicyHistory
from ebs_kms_audit.context.symptom_joins import FindingContext, joined
from ebs_kms_audit.context.symptoms import SymptomCollector
from ebs_kms_audit.diagnosis.caveats import caveats_for
from ebs_kms_audit.diagnosis.coverage import CoverageCounter, Facts
from ebs_kms_audit.diagnosis.grouping import Group, group_denials
from ebs_kms_audit.errors import InputError
from ebs_kms_audit.identify import (
    DeniedEvents,
    EvidenceIndex,
    PastedMessage,
    Resolver,
    event_of,
    is_denied,
    is_kms,
    of_no_event,
    recorded_key_id,
    resolve_message,
)
from ebs_kms_audit.model import AlikeEvents, Denials, Event
from ebs_kms_audit.plan import PlanOptions, plan_for, with_steps
from ebs_kms_audit.reading import InputStats
from ebs_kms_audit.reading.events import Events
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.report import Report, findings_of

if TYPE_CHECKING:
    from ebs_kms_audit.model import OtherError, Symptom
    from ebs_kms_audit.progress import Meter
    from ebs_kms_audit.redaction import Redactor


_KINDS_KEPT = 10_000
"""Kinds of events for which the collectors are remembered. Then the memory is emptied."""


class _Collected:
    """The collectors of one audit: each takes every event that is relevant."""

    def __init__(
        self,
        options: AuditOptions,
        counter: CoverageCounter | None,
        evidence_index: EvidenceIndex | None,
    ) -> None:
        self.counter = counter or CoverageCounter(options.window)
        self.evidence_index = evidence_index or EvidenceIndex()
        self.denied = DeniedEvents(options.window)
        self.context = ContextCollector()
        self.failed_calls = SymptomCollector()
        self.policy_edits = PolicyHistory()
        self.grants = GrantLog()
        self.incomplete = False
        self.alike: list[AlikeEvents] = []

    def read(self, events: Events) -> None:
        """Take every relevant event, then those around the denials."""
        collectors: dict[tuple[str | None, str, bool], list[Callable[[Event], None]]] = {}
        for event in events.read():
            if isinstance(event, AlikeEvents):
                self._add_alike(event)
                continue
            kind = event.source, event.name, event.error_code is None
            chosen = collectors.get(kind)
            if chosen is None:
                if len(collectors) >= _KINDS_KEPT:
                    collectors.clear()
                chosen = collectors[kind] = self._collectors_for(event)
            for add in chosen:
                add(event)
        for event, count in events.counted:
            self.counter.add(event, count)
        for errors in events.errors:
            self.counter.add_errors(errors)
        for names in events.named_keys:
            self.counter.keys_seen.add_names(names)
        self.grants.add_listed(events.documents.grants)

    def _add_alike(self, events: AlikeEvents) -> None:
        """Take failed KMS calls of one kind, or a failed call of EC2 that was counted."""
        if not is_kms(events.first):
            self.failed_calls.add(events.first)
            return
        self.counter.add_alike(events)
        self.evidence_index.add_alike(events)
        self.context.add_alike(events)
        if is_denied(events.first):
            self.denied.add_alike(events)

    def _collectors_for(self, event: Event) -> list[Callable[[Event], None]]:
        """Return what collects events with this source and name, successful or failed."""
        chosen: list[Callable[[Event], None]] = [self.counter.add, self.evidence_index.add]
        if is_kms(event):
            chosen += [self.context.add, self.denied.add]
            if event.error_code is None:
                chosen += [self.policy_edits.add, self.grants.add]
        else:
            chosen += [self.context.add, self.failed_calls.add]
        return chosen

    def read_around(
        self, events: Events, symptoms: Iterable[Symptom], messages: Iterable[PastedMessage]
    ) -> None:
        """Take the events around the denials; read again where there were too many to keep.

        Denials are the denied events, and the access-denied messages outside their records.
        """
        texts = map(AlikeEvents.of, map(event_of, messages))
        self.alike = self.denied.alike()
        related = RelatedEvents(chain(self.alike, texts), symptoms, recorded_key_id)
        for event in events.around(related):
            self.evidence_index.add(event)
            self.context.add(event)
        if self._overflowed(events) and events.repeatable:
            self.context = ContextCollector(related)
            self.evidence_index.keep_roles_of(related.access_keys)
            for one in chain(events.read(related), events.around(related)):
                if isinstance(one, AlikeEvents):
                    self.context.add_alike(one)
                else:
                    self.context.add(one)
                    self.evidence_index.assumed_roles.add(one)
        parts = self.policy_edits, self.grants
        self.incomplete = (
            self._overflowed(events)
            or self.context.incomplete
            or any(part.overflowed for part in parts)
        )
        self.context.add_calls(events.calls())
        self.context.add_changes(events.changes())
        self.context.add_key_errors(events.key_errors(concerns_one_key))
        self.context.add_successes(events.successes(related))
        if events.kept_records:
            self.context.add_records(events.kept_records)
        for name, shown in events.shown_accounts():
            self.evidence_index.accounts.replace(name, shown)

    def _overflowed(self, events: Events) -> bool:
        """Return whether events that may bear on a denial were too many to keep."""
        return self.context.overflowed or self.evidence_index.overflowed or events.overflowed

    def denials(self, options: AuditOptions) -> Denials:
        """Return the denials; those of one kind are identified once."""
        resolver = Resolver(self.evidence_index, options.overrides)
        denials = resolver.resolve_all(self.alike, self.context.ec2_calls)
        # A redacted report numbers its stand-ins in the order of the rows.
        return denials.by_line() if options.redact else denials


def report_on(
    events: Events,
    options: AuditOptions,
    counter: CoverageCounter | None = None,
    evidence_index: EvidenceIndex | None = None,
    meter: Meter | None = None,
) -> Report:
    """Make the report of the relevant events.

    `counter` and `evidence_index` hold what was counted elsewhere, of events that are not here.
    """
    redactor = _redactor() if options.redact else None
    found = _find(events, options, counter, evidence_index, meter, redactor)
    events.release()  # with what the collectors hold, before the plan and the output need memory
    facts, groups, options = found.facts, found.groups, found.options
    denials, key_errors = facts.denials, found.key_errors
    if redactor:
        facts, groups = redactor.redact(facts), redactor.redact(groups)
        key_errors = redactor.redact(key_errors)
    findings = findings_of(groups)
    plan_options = PlanOptions(least_privilege=options.least_privilege, layers=options.layers)
    # A redacted report shows no policy that could be bound to the wrong key.
    plan = plan_for(findings, key_errors, plan_options, () if redactor else found.keys_seen)
    report = Report(
        findings=with_steps(findings, plan),
        plan=plan,
        coverage=facts.coverage,
        caveats=caveats_for(facts),
        set_aside=facts.set_aside,
        other_errors=facts.other_errors,
        shared_name_denials=facts.shared_name_denials,
        symptoms=facts.symptoms,
        unused=options.unused(denials, found.not_fitting),
    )
    return redactor.finish(report) if redactor else report


class _Found(NamedTuple):
    """What the events show.

    facts        the denials, and the figures of the inputs
    groups       the denials of each finding, with all that was found out about them
    key_errors   the errors of keys that can still be unusable
    options      the options, with the documents and messages of the inputs
    not_fitting  the pasted messages that fit no event
    keys_seen    the keys that events name
    """

    facts: Facts
    groups: list[Group]
    key_errors: list[OtherError]
    options: AuditOptions
    not_fitting: list[PastedMessage]
    keys_seen: Collection[str]


def _find(  # those of `report_on`, and its redactor
    events: Events,
    options: AuditOptions,
    counter: CoverageCounter | None,
    evidence_index: EvidenceIndex | None,
    meter: Meter | None,
    redactor: Redactor | None,
) -> _Found:
    """Read the events, identify the denials and group them."""
    collected = _Collected(options, counter, evidence_index)
    if meter:
        meter.denials = collected.denied.__len__
    collected.read(events)
    given_messages = options.overrides.pasted.messages
    options = options.with_documents(events.documents)
    options = options.with_messages(collected.failed_calls.messages)
    _check_inputs(events.files, redactor)
    symptoms = (*options.overrides.pasted.symptoms, *collected.failed_calls)
    collected.read_around(events, symptoms, options.overrides.pasted.messages)
    if meter:
        meter.done()

    resolved = collected.denials(options)
    not_fitting = of_no_event(given_messages, resolved.samples) if resolved else []
    of_messages = Denials.of(
        resolve_message(one, collected.evidence_index, options.overrides)
        for one in of_no_event(options.overrides.pasted.messages, resolved.samples)
    )
    resolved = Denials.joined([resolved, of_messages])
    facts = collected.counter.result(
        events.files,
        collected.denied,
        resolved,
        collected.evidence_index,
        surroundings_incomplete=collected.incomplete,
    )
    if events.kept_records:
        collected.grants.add_records(events.kept_records, facts.denials)
    groups = group_denials(
        facts.denials,
        collected.context,
        options.policies,
        options.layers,
        log=collected.policy_edits,
        grants=collected.grants,
    )
    errors, key_errors = collected.context.of_unusable_keys(facts.other_errors)
    calls_of = collected.context.ec2_calls.parsed
    around = (FindingContext(one.id, one.denials, partial(calls_of, one.denials)) for one in groups)
    return _Found(
        facts=facts._replace(symptoms=joined(symptoms, around), other_errors=errors),
        groups=groups,
        key_errors=key_errors,
        options=options,
        not_fitting=not_fitting,
        keys_seen=collected.counter.keys_seen.spellings,
    )


def _check_inputs(files: Sequence[InputStats], redactor: Redactor | None) -> None:
    """Raise InputError if there are inputs and none of them could be read."""
    if not files or not all(file.error or file.skipped for file in files):
        return
    failed = [
        replace(file.coverage, error=file.error or f"{file.name}: {file.skipped}; it is not read")
        for file in files
    ]
    failed = redactor.finish(failed) if redactor else failed
    raise InputError(*(file.error for file in failed if file.error))


def _redactor() -> Redactor:
    """Return a redactor; it is imported only where a report is redacted."""
    from ebs_kms_audit.redaction import Redactor

    return Redactor()
