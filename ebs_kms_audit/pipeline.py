"""The pipeline: read, count, identify, look around, group, report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ebs_kms_audit.audit_options import AuditOptions, Inputs, PolicyInputs, layers_of
from ebs_kms_audit.context.grants import GrantLog
from ebs_kms_audit.context.history import ContextCollector
from ebs_kms_audit.context.policy_history import PolicyHistory
from ebs_kms_audit.context.symptom_joins import FindingContext, joined
from ebs_kms_audit.context.symptoms import SymptomCollector
from ebs_kms_audit.diagnosis.caveats import caveats_for
from ebs_kms_audit.diagnosis.coverage import CoverageCounter, Facts
from ebs_kms_audit.diagnosis.grouping import Group, group_denials
from ebs_kms_audit.diagnosis.unused import unused
from ebs_kms_audit.errors import InputError, UsageError
from ebs_kms_audit.identify import (
    DeniedEvents,
    EvidenceIndex,
    Overrides,
    PastedMessage,
    Resolver,
    event_of,
    is_kms,
    of_no_event,
    resolve_message,
)
from ebs_kms_audit.model import AlikeEvents, Denials, Event
from ebs_kms_audit.plan import PlanOptions, plan_for, with_steps
from ebs_kms_audit.reading import InputStats, Reading
from ebs_kms_audit.reading.events import Events
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.reading.sources import total_size
from ebs_kms_audit.reading.window import on_the_only_day, time_of_day
from ebs_kms_audit.report import Report, findings_of

if TYPE_CHECKING:
    from ebs_kms_audit.model import Symptom
    from ebs_kms_audit.progress import Meter, Progress
    from ebs_kms_audit.redaction import Redactor


_KINDS_KEPT = 10_000
"""Kinds of events for which the collectors are remembered. Then the memory is emptied."""


def audit(  # noqa: PLR0913  # each is an option of the command line
    inputs: Inputs | None = None,
    *,
    records: Inputs | None = None,
    record_path: str | None = None,
    key_policies: PolicyInputs | None = None,
    principals: Mapping[str, str] | None = None,
    key: str | None = None,
    messages: str | Iterable[str] | None = None,
    iam_policies: PolicyInputs | None = None,
    boundary: PolicyInputs | None = None,
    session_policy: PolicyInputs | None = None,
    scps: PolicyInputs | None = None,
    rcps: PolicyInputs | None = None,
    around: str | date | None = None,
    minutes: float | None = None,
    least_privilege: bool = False,
    redact: bool = False,
    progress: Callable[[Progress], object] | Literal[False] | None = None,
    processes: int | None = 1,
) -> Report:
    """Return who was denied which KMS action on which key, why, and what to change.

    `inputs` is a path, several, a folder, a glob, an open binary or text file, `"-"` for standard
    input, a pandas DataFrame, or any object with an Arrow stream. Each is recognized by its
    content, also in a `.gz` or `.zip` file: the CSV of CloudTrail's Event history; CloudTrail JSON
    in any envelope (log files of a trail, `lookup-events`, EventBridge, CloudWatch Logs, SQS, …);
    the result of a query as CSV, JSON or Parquet; a key policy; a text with an error message; the
    output of `kms describe-key`, `kms list-grants`, `ec2 get-ebs-default-kms-key-id` and the other
    commands that a report recommends. A record says more than a row of the CSV: it completes the
    row of the same Event ID, and counts by itself if there is none.

    `records` is the same, for inputs that must hold CloudTrail records; either may be left out.
    `record_path` is a JSONPath expression for records at another place in JSON
    (`$.my[*].place`).

    `key_policies` is the present policy of the key: a file, a folder, a document, or a mapping of
    key ARN to any of these. The report then says why it did not allow each call, and the plan holds
    the changed policy and its proof.

    `principals` maps a User name of the export to the ARN of the IAM user or role behind it, and
    `key` is the ARN of the KMS key: what the caller knows and the input does not show. `messages`
    are access-denied messages ("User: … is not authorized to perform: kms:…"). One that fits a
    denial names its principal, its key and the type of policy that denied it; another one is a
    denial of its own.
    `iam_policies`, `boundary`, `session_policy`, `scps` and `rcps` are the policies beside the key
    policy: each a file, a document or a list of these. `iam_policies` may map the ARN of a user or
    role to its policies; SCPs and RCPs may be a list of levels, each a list. They are judged with
    the key policy.

    `around` keeps the KMS events within `minutes` (15) before and after a time: ISO 8601, the
    format of the CloudTrail console, or a time of day such as `09:00` if the input is of one day. A
    date keeps those of the whole day. Without a zone they are in UTC. With `least_privilege` the
    statements hold only the actions that were denied and those that the EBS workflow needs.
    `redact` puts stand-ins for account ids, names, keys, ARNs and addresses.

    `progress` is called with a `Progress` about five times a second while the inputs are read, and
    once at the end; an exception that it raises ends the audit. Without it, a notebook shows a
    line under a cell that takes longer than two seconds; False shows nothing.

    `processes` is how many processes may read large files; None is one for each CPU, and the
    command line asks for that. Others are started on Linux only, where this process has one
    thread, and end with the reading. The report is the same.

    Raises InputError if no input can be read, UsageError for an argument that cannot be followed.
    A row that cannot be read is set aside in the report. An input that cannot be read, among
    others that can, is in `Report.failed_inputs`.
    """
    if inputs is None and records is None and not messages:
        raise UsageError("nothing to read: give an export, or records")
    if processes is not None and (not isinstance(processes, int) or processes < 1):
        raise UsageError(f"processes={processes!r}: give a number from 1 on")
    if (moment := time_of_day(around)) is not None:
        around = on_the_only_day(moment, _files(Reading(inputs, records, processes=processes)))
    options = AuditOptions.of(
        key_policies,
        Overrides.of(principals, key, messages),
        around,
        minutes,
        least_privilege,
        redact,
        layers=layers_of(iam_policies, boundary, session_policy, scps, rcps),
    )
    meter = _meter(progress, inputs, records)
    reading = Reading(
        inputs,
        records,
        record_path=record_path,
        window=options.window,
        processes=processes,
        meter=meter,
    )
    return report_on(reading, options, meter=meter)


def _files(events: Reading) -> list[InputStats]:
    """Read once for the span of each file. Raises UsageError for what can be read only once."""
    if not events.repeatable:
        raise UsageError("around: the day is unknown, because the input can be read only once")
    for _ in events.read():
        pass
    return events.files


def _meter(progress: Any, inputs: Any, records: Any) -> Meter | None:
    """Return the meter of the progress; None where nobody asked for it and this is no notebook.

    IPython is never imported to find out: a notebook has imported it.
    """
    if progress is None and "IPython" in sys.modules:
        from ebs_kms_audit.render.progress import notebook_line

        progress = notebook_line()
    if progress is None or progress is False:
        return None
    from ebs_kms_audit.progress import Meter

    exports, logs = total_size(inputs), total_size(records)
    return Meter(progress, None if exports is None or logs is None else exports + logs)


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

    def read(self, events: Events) -> None:
        """Take every relevant event, then those around the denials."""
        collectors: dict[tuple[str | None, str, bool], list[Callable[[Event], None]]] = {}
        for event in events.read():
            if isinstance(event, AlikeEvents):
                self._add_denied(event)
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
        self.grants.add_listed(events.documents.grants)

    def _add_denied(self, events: AlikeEvents) -> None:
        self.counter.add(events.first, len(events))
        self.evidence_index.add_alike(events)
        self.context.add_denied(events)
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
        related = RelatedEvents.by(chain(self.denied.alike(), texts), symptoms)
        for event in events.around(related):
            self.evidence_index.add(event)
            self.context.add(event)
        overflowed = self.context.overflowed or self.evidence_index.overflowed or events.overflowed
        self.incomplete = overflowed and not events.repeatable
        if overflowed and events.repeatable:
            self.context = ContextCollector(related)
            self.evidence_index.keep_roles_of(related.access_keys)
            for one in chain(events.read(related), events.around(related)):
                if isinstance(one, Event):  # other denied events are known
                    self.context.add(one)
                    self.evidence_index.assumed_roles.add(one)
        self.context.add_calls(events.calls())
        self.context.add_changes(events.changes())
        self.context.add_successes(events.successes(related))
        for name, voters in events.votes():
            self.evidence_index.accounts.count_again(name, voters)

    def denials(self, options: AuditOptions) -> Denials:
        """Return the denials; those of one kind are identified once."""
        resolver = Resolver(self.evidence_index, options.overrides)
        denials = resolver.resolve_all(self.denied.alike(), self.context.ec2_calls)
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
    denials = facts.denials
    if redactor:
        facts, groups = redactor.redact(facts), redactor.redact(groups)
    findings = findings_of(groups)
    plan_options = PlanOptions(least_privilege=options.least_privilege, layers=options.layers)
    # A redacted report shows no policy that could be bound to the wrong key.
    plan = plan_for(findings, facts.other_errors, plan_options, () if redactor else found.keys_seen)
    report = Report(
        findings=with_steps(findings, plan),
        plan=plan,
        coverage=facts.coverage,
        caveats=caveats_for(facts),
        set_aside=facts.set_aside,
        other_errors=facts.other_errors,
        shared_name_denials=facts.shared_name_denials,
        symptoms=facts.symptoms,
        unused=unused(
            options.overrides, options.policies, options.layers, denials.samples, found.not_fitting
        ),
    )
    return redactor.finish(report) if redactor else report


class _Found(NamedTuple):
    """What the events show.

    facts        the denials, and the figures of the inputs
    groups       the denials of each finding, with all that was found out about them
    options      the options, with the documents and messages of the inputs
    not_fitting  the pasted messages that fit no event
    keys_seen    the keys that KMS events name
    """

    facts: Facts
    groups: list[Group]
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
    groups = group_denials(
        facts.denials,
        collected.context,
        options.policies,
        options.layers,
        log=collected.policy_edits,
        grants=collected.grants,
    )
    calls_of = collected.context.ec2_calls.parsed
    around = (FindingContext(one.id, one.denials, calls_of(one.denials)) for one in groups)
    return _Found(
        facts=facts._replace(symptoms=joined(symptoms, around)),
        groups=groups,
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
