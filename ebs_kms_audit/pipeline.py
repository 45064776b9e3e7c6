"""The pipeline: read, count, identify, look around, group, report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ebs_kms_audit.context.grants import GrantLog
from ebs_kms_audit.context.history import ContextCollector
from ebs_kms_audit.context.policy_history import PolicyHistory
from ebs_kms_audit.context.symptom_joins import Surroundings, joined
from ebs_kms_audit.context.symptoms import SymptomCollector
from ebs_kms_audit.diagnosis.caveats import caveats_for
from ebs_kms_audit.diagnosis.coverage import CoverageCounter
from ebs_kms_audit.diagnosis.grouping import group_denials
from ebs_kms_audit.diagnosis.judgement import Layers
from ebs_kms_audit.diagnosis.unused import unused
from ebs_kms_audit.errors import InputError, UsageError
from ebs_kms_audit.identify import (
    DeniedEvents,
    EvidenceIndex,
    Overrides,
    PastedMessage,
    PastedTexts,
    Resolver,
    is_kms,
    of_no_event,
    resolve_message,
)
from ebs_kms_audit.model import Denial, Event, Window
from ebs_kms_audit.plan import PlanOptions, plan_for, with_steps
from ebs_kms_audit.reading import InputStats, Reading
from ebs_kms_audit.reading.documents import Documents
from ebs_kms_audit.reading.events import Events
from ebs_kms_audit.reading.sources import total_size
from ebs_kms_audit.reading.wanted import Wanted
from ebs_kms_audit.reading.window import on_the_only_day, time_of_day, window_around
from ebs_kms_audit.report import Report, findings_of

if TYPE_CHECKING:
    from ebs_kms_audit.progress import Meter, Progress
    from ebs_kms_audit.reading.key_policies import GivenPolicy
    from ebs_kms_audit.redaction import Redactor


def audit(  # noqa: PLR0913  # each is an option of the command line
    inputs: Any = None,
    *,
    records: Any = None,
    record_path: str | None = None,
    key_policies: Any = None,
    principals: Mapping[str, str] | None = None,
    key: str | None = None,
    messages: str | Iterable[str] | None = None,
    iam_policies: Any = None,
    boundary: Any = None,
    session_policy: Any = None,
    scps: Any = None,
    rcps: Any = None,
    around: str | datetime | None = None,
    minutes: float = 15,
    least_privilege: bool = False,
    redact: bool = False,
    progress: Callable[[Progress], object] | Literal[False] | None = None,
    processes: int | None = 1,
) -> Report:
    """Say who was refused which KMS action, and which key-policy statement would fix it.

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
    key ARN to any of these. The report then says why it did not allow each call, and each fix
    brings the changed policy and its proof.

    `principals` maps a User name of the export to the ARN of the IAM user or role behind it, and
    `key` is the ARN of the KMS key: what the caller knows and the input does not say. `messages`
    are access-denied messages as users got them ("User: … is not authorized to perform: kms:…"):
    one that fits a denial names its principal, its key and the type of policy that refused.
    `iam_policies`, `boundary`, `session_policy`, `scps` and `rcps` are the policies beside the key
    policy: each a file, a document or a list of these. `iam_policies` may map the ARN of a user or
    role to its policies; SCPs and RCPs may be a list of levels, each a list. They are judged with
    the key policy.

    `around` keeps the KMS events within `minutes` before and after a time: ISO 8601, the format of
    the CloudTrail console, or a time of day such as `09:00` if the input is of one day; in UTC
    unless it has a zone. With `least_privilege` the statements hold only the actions that were
    denied and those that the EBS workflow needs. `redact` puts stand-ins for
    account ids, names, keys, ARNs and addresses.

    `progress` is called with a `Progress` about five times a second while the inputs are read, and
    once at the end; what it raises ends the audit. Without it, a notebook shows a line under the
    cell where it takes longer than two seconds; with False, nothing does.

    `processes` is how many processes may read large files; None is one for each CPU, and the
    command line asks for that. Others are started on Linux only, where this process has one
    thread, and end with the reading. The report is the same.

    Raises InputError where no input could be read at all, UsageError for an argument that makes
    no sense. A row that can't be read is set aside in the report; an input that can't, among
    others that can, is in `Report.failed_inputs`.
    """
    if inputs is None and records is None and not messages:
        raise UsageError("nothing to read: give an export, or records")
    if processes is not None and (not isinstance(processes, int) or processes < 1):
        raise UsageError(f"processes={processes!r}: give a number from 1 on")
    if (moment := time_of_day(around)) is not None:
        around = on_the_only_day(moment, _files(Reading(inputs, records, processes=processes)))
    asked = AuditOptions.of(
        key_policies,
        Overrides.of(principals, key, messages),
        around,
        minutes,
        least_privilege,
        redact,
        layers=_layers(iam_policies, boundary, session_policy, scps, rcps),
    )
    meter = _meter(progress, inputs, records)
    reading = Reading(
        inputs,
        records,
        record_path=record_path,
        window=asked.window,
        processes=processes,
        meter=meter,
    )
    return report_on(reading, asked, meter=meter)


def _files(events: Reading) -> list[InputStats]:
    """Read once for the span of each file. Raises UsageError for what can be read only once."""
    if not events.repeatable:
        raise UsageError("around: the day is unknown, because the input can be read only once")
    for _ in events.read():
        pass
    return events.files


def _meter(progress: Any, inputs: Any, records: Any) -> Meter | None:
    """Return what counts for whom it may concern; None where nobody asked, and this is no notebook.

    Whether it is one can be told only where IPython was imported: nothing is loaded to see that.
    """
    if progress is None and "IPython" in sys.modules:
        from ebs_kms_audit.render.progress import notebook_line

        progress = notebook_line()
    if progress is None or progress is False:
        return None
    from ebs_kms_audit.progress import Meter

    exports, logs = total_size(inputs), total_size(records)
    return Meter(progress, None if exports is None or logs is None else exports + logs)


class AuditOptions(NamedTuple):
    """What the caller of an audit says beside the inputs, checked."""

    policies: Sequence[GivenPolicy]
    given: Overrides
    window: Window | None
    least_privilege: bool
    redact: bool
    layers: Layers = Layers()

    @classmethod
    def of(
        cls,
        key_policies: Any,
        given: Overrides,
        around: str | datetime | None,
        minutes: float,
        least_privilege: bool,
        redact: bool,
        *,
        layers: Layers | None = None,
    ) -> AuditOptions:
        """Check the arguments of `audit()`. Raises UsageError, or InputError for a policy."""
        return cls(
            given=given,
            policies=_read_policies(key_policies),
            window=window_around(around, minutes),
            least_privilege=least_privilege,
            redact=redact,
            layers=layers or Layers(),
        )

    def with_documents(self, documents: Documents) -> AuditOptions:
        """Add the key policies and error texts among the inputs."""
        pasted = self.given.pasted
        if documents.texts:
            from ebs_kms_audit.identify.pasted import read_texts  # an export has no text

            pasted += read_texts(documents.texts)
        if documents.descriptions:
            from ebs_kms_audit.context.descriptions import read_descriptions  # seldom needed

            pasted += read_descriptions(documents.descriptions)
        if documents.authorizations or documents.evaluations:
            from ebs_kms_audit.identify.authorizations import read_authorizations

            pasted += read_authorizations(documents.authorizations, documents.evaluations)
        return self._replace(
            policies=(*self.policies, *documents.policies),
            given=self.given._replace(pasted=pasted),
        )

    def with_messages(self, messages: Sequence[PastedMessage]) -> AuditOptions:
        """Add the access-denied messages that failed EC2 calls repeat."""
        if not messages:
            return self
        pasted = self.given.pasted + PastedTexts(messages)
        return self._replace(given=self.given._replace(pasted=pasted))


def report_on(
    events: Events,
    asked: AuditOptions,
    tally: CoverageCounter | None = None,
    witnesses: EvidenceIndex | None = None,
    meter: Meter | None = None,
) -> Report:
    """Make the report of the events that matter.

    `tally` and `witnesses` hold what was counted elsewhere, of events that are not among these.
    """
    tally, witnesses = tally or CoverageCounter(asked.window), witnesses or EvidenceIndex()
    denied, surroundings = DeniedEvents(asked.window), ContextCollector()
    failed_calls, policy_edits, grants = SymptomCollector(), PolicyHistory(), GrantLog()
    if meter:
        meter.denials = denied.__len__

    for event in events.read():
        tally.add(event)
        witnesses.add(event)
        surroundings.add(event)
        failed_calls.add(event)
        policy_edits.add(event)
        grants.add(event)
        if is_kms(event):
            denied.add(event)
    for event, count in events.counted:
        tally.add(event, count)
    files = events.files
    messages = asked.given.pasted.messages
    asked = asked.with_documents(events.documents)
    asked = asked.with_messages(failed_calls.messages)
    grants.add_listed(events.documents.grants)
    redactor = _redactor() if asked.redact else None
    if files and all(file.error or file.skipped for file in files):
        for file in files:
            file.error = file.error or f"{file.name}: {file.skipped}; it is not read"
        failed = [file.coverage for file in files]
        failed = redactor.finish(failed) if redactor else failed
        raise InputError(*(file.error for file in failed if file.error))

    wanted = Wanted.by(denied)
    for event in events.around(wanted):
        witnesses.add(event)
        surroundings.add(event)
    overflowed = surroundings.overflowed or witnesses.overflowed or events.overflowed
    if overflowed and events.repeatable:
        surroundings = _read_again(events, wanted, witnesses)
    surroundings.add_changes(events.changes())
    for name, voters in events.votes():
        witnesses.accounts.count_again(name, voters)
    if meter:
        meter.done()

    resolved = _resolved(denied, surroundings, witnesses, asked.given)
    not_fitting = of_no_event(messages, resolved) if resolved else []
    resolved += [
        resolve_message(one, witnesses, asked.given)
        for one in of_no_event(asked.given.pasted.messages, resolved)
    ]
    facts = tally.result(
        files,
        denied,
        resolved,
        witnesses,
        surroundings_incomplete=overflowed and not events.repeatable,
    )
    groups = group_denials(
        facts.denials,
        surroundings,
        asked.policies,
        asked.layers,
        log=policy_edits,
        grants=grants,
    )
    symptoms = (*asked.given.pasted.symptoms, *failed_calls)
    facts = facts._replace(
        symptoms=joined(symptoms, [Surroundings(g.id, g.denials, g.history) for g in groups])
    )
    denials = facts.denials
    if redactor:
        facts, groups = redactor.redact(facts), redactor.redact(groups)
    found = findings_of(groups)
    options = PlanOptions(least_privilege=asked.least_privilege, layers=asked.layers)
    plan = plan_for(found, facts.other_errors, options)
    report = Report(
        findings=with_steps(found, plan),
        plan=plan,
        coverage=facts.coverage,
        caveats=caveats_for(facts),
        set_aside=facts.set_aside,
        other_errors=facts.other_errors,
        shared_name_denials=facts.shared_name_denials,
        symptoms=facts.symptoms,
        unused=unused(asked.given, asked.policies, asked.layers, denials, not_fitting),
    )
    return redactor.finish(report) if redactor else report


def _redactor() -> Redactor:
    """Return a redactor; what it needs is imported only where a report is redacted."""
    from ebs_kms_audit.redaction import Redactor

    return Redactor()


def _read_policies(given: Any) -> tuple[GivenPolicy, ...]:
    """Read the key policies; what reads and judges them is imported only where there are any."""
    if given is None:
        return ()
    from ebs_kms_audit.reading.key_policies import read_policies

    return read_policies(given)


def _layers(iam_policies: Any, boundary: Any, session_policy: Any, scps: Any, rcps: Any) -> Layers:
    """Read the policies beside the key policy; what reads them is imported only where needed."""
    if all(one is None for one in (iam_policies, boundary, session_policy, scps, rcps)):
        return Layers()
    from ebs_kms_audit.reading.policy_layers import read_iam_policies, read_policies_of

    return Layers(
        iam_policies=read_iam_policies(iam_policies),
        boundary=read_policies_of(boundary, "permissions boundary"),
        session_policy=read_policies_of(session_policy, "session policy"),
        scps=read_policies_of(scps, "service control policy"),
        rcps=read_policies_of(rcps, "resource control policy"),
    )


def _resolved(
    denied: Iterable[Event],
    surroundings: ContextCollector,
    witnesses: EvidenceIndex,
    given: Overrides,
) -> list[Denial]:
    """Return the denials of events; those of one kind are identified once."""
    resolver = Resolver(witnesses, given)
    return [
        resolver.resolve(event, surroundings.siblings(event), surroundings.calls_with_key(event))
        for event in denied
    ]


def _read_again(events: Events, wanted: Wanted, witnesses: EvidenceIndex) -> ContextCollector:
    """Read a second time for what bears on the denials, where there was too much to keep it."""
    surroundings = ContextCollector(wanted)
    witnesses.keep_roles_of(wanted.access_keys)
    for event in chain(events.read(wanted), events.around(wanted)):
        surroundings.add(event)
        witnesses.handouts.add(event)
    return surroundings
