"""The pipeline: read, count, identify, group, report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ebs_kms_audit.caveats import caveats_for
from ebs_kms_audit.coverage import Tally
from ebs_kms_audit.errors import InputError
from ebs_kms_audit.identify import (
    Witnesses,
    given_key,
    given_principals,
    is_denied,
    is_kms,
    resolve,
)
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading import Reading
from ebs_kms_audit.redact import Redactor
from ebs_kms_audit.report import Report, group_into_findings
from ebs_kms_audit.window import window_around


def audit(
    inputs: Any,
    *,
    principals: Mapping[str, str] | None = None,
    key: str | None = None,
    around: str | datetime | None = None,
    minutes: float = 15,
    redact: bool = False,
) -> Report:
    """Say who was refused which KMS action, and which key-policy statement would fix it.

    `inputs` is one export of CloudTrail's Event history or several: a path, paths, a folder, a
    glob, a `.gz` or `.zip` file, an open binary or text file, `"-"` for standard input, a pandas
    DataFrame, or any object that gives an Arrow stream. Columns are found by name; Event name and
    Error code must be there.

    `principals` maps a User name of the export to the ARN of the IAM user or role behind it, and
    `key` is the ARN of the KMS key: what the caller knows and the export does not say.
    `around` keeps the KMS rows within `minutes` before and after a time (ISO 8601; UTC unless it
    says otherwise). `redact` puts stand-ins for account ids, names, keys, ARNs and addresses.

    Raises InputError where no input could be read at all, UsageError for an argument that makes
    no sense. A row that can't be read is set aside in the report; an input that can't, among
    others that can, is in `Report.failed_inputs`.
    """
    named, named_key = given_principals(principals), given_key(key)
    tally = Tally(window_around(around, minutes))
    witnesses = Witnesses()
    denied: list[Event] = []

    reading = Reading(inputs)
    for event in reading:
        tally.see(event)
        witnesses.see(event)
        if is_kms(event) and is_denied(event) and tally.counts(event):
            denied.append(event)
    if all(file.error for file in reading.files):
        raise InputError("\n".join(str(file.error) for file in reading.files))

    resolved = [resolve(event, witnesses, named, named_key) for event in denied]
    facts = tally.result(reading.files, resolved, witnesses)
    if redact:
        facts = Redactor().facts(facts)
    return Report(
        findings=group_into_findings(facts.denials),
        coverage=facts.coverage,
        caveats=caveats_for(facts),
        set_aside=facts.set_aside,
        other_errors=facts.other_errors,
        shared_name_denials=facts.shared_name_denials,
    )
