"""The call of an audit: its arguments are checked, and reading starts.

What comes after the reading is imported when the first event is read: helper processes, where there
are any, read on in the meantime.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from ebs_kms_audit.audit_options import AuditOptions, Inputs, PolicyInputs, layers_of
from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.identify import Overrides
from ebs_kms_audit.reading import InputStats, Reading
from ebs_kms_audit.reading.window import on_the_only_day, time_of_day

if TYPE_CHECKING:
    from ebs_kms_audit.progress import Meter, Progress
    from ebs_kms_audit.report import Report


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
    lazy: bool = False,
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

    With `lazy`, the rows of large exports that findings list are read when they are first used. A
    report that is printed once uses few of them. InputError is raised then if a file has changed.

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
        lazy=lazy,
        policy_without_key=any(Arn.parse(one.key) is None for one in options.policies),
    )
    reading.start()
    from ebs_kms_audit.pipeline import report_on

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
    from ebs_kms_audit.reading.sizes import total_size

    exports, logs = total_size(inputs), total_size(records)
    return Meter(progress, None if exports is None or logs is None else exports + logs)
