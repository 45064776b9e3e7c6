"""`ebs-kms-audit demo`."""

from __future__ import annotations

from collections.abc import Sequence

from ebs_kms_audit.cli.audit import DENIALS_FOUND, NOTHING_DENIED, audit_as
from ebs_kms_audit.cli.options import parser, read_options
from ebs_kms_audit.cli.output import say
from ebs_kms_audit.samples import sample_path

_FILES = ("event_history.csv", "event_history.json", "key_policy.json")


def run(words: Sequence[str]) -> int:
    """Audit the sample data with the options given. The exit status is 0 if a report was made."""
    if "--help" in words or "-h" in words:
        parser("demo").parse(["--help"])
    export, records, policy = (str(sample_path(name)) for name in _FILES)
    options = read_options([export, "--records", records, "--key-policy", policy, *words])
    folder = sample_path(_FILES[0]).parent
    say(f"the report of {', '.join(_FILES)} in {folder}")
    status = audit_as(options)
    return NOTHING_DENIED if status == DENIALS_FOUND else status
