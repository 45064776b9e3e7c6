"""The main command: `ebs-kms-audit FILE…`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ebs_kms_audit.cli.misspelt import misspelt_files
from ebs_kms_audit.cli.options import Options, read_options
from ebs_kms_audit.cli.output import check_target, say, write
from ebs_kms_audit.errors import EbsKmsAuditError, UsageError
from ebs_kms_audit.printable import escape_unprintable
from ebs_kms_audit.render.registry import Format, format_for

if TYPE_CHECKING:
    from ebs_kms_audit.render.progress import TerminalLine
    from ebs_kms_audit.report import Report

NOTHING_DENIED, DENIALS_FOUND, BAD_INPUT, NOT_SHOWN = 0, 1, 2, 3


def run(words: Sequence[str]) -> int:
    """Audit what the words name, write the report, and return the exit status."""
    options = read_options(words)
    try:
        return audit_as(options)
    except EbsKmsAuditError as error:
        raise type(error)(*str(error).split("\n"), *misspelt_files(options)) from error


def audit_as(options: Options) -> int:
    """Audit as the options say, write the report, and return the exit status."""
    from ebs_kms_audit.auditing import audit  # --help and the other commands need none of it

    check_target(options.output, [*options.inputs, *(options.records or ()), *options.key_policy])
    with _progress_line() as progress:
        report = audit(
            options.inputs or None,
            records=options.records,
            record_path=options.record_path,
            key_policies=_key_policies(options.key_policy) or None,
            principals=_principals(options.principal),
            key=options.key,
            messages=options.message,
            iam_policies=_iam_policies(options.iam_policy) or None,
            boundary=options.boundary or None,
            session_policy=options.session_policy or None,
            scps=[[file] for file in options.scp] or None,
            rcps=[[file] for file in options.rcp] or None,
            around=options.around,
            minutes=options.minutes,
            least_privilege=options.least_privilege,
            redact=options.redact,
            progress=progress or False,
            processes=None,  # one for each CPU
            lazy=_shows_few_rows(options),
        )
    if options.show:
        return _show(report, options.show, options)
    if options.plan:
        return _write_plan(report, options.plan)
    write(_rendered(report, options), options.output)
    _say_failures(report)
    if report.failed_inputs:
        for hint in misspelt_files(options):
            say(escape_unprintable(hint))
    say(_summary(report))
    if report.failed_inputs:
        return BAD_INPUT
    if report.findings or report.symptoms:
        return NOTHING_DENIED if options.exit_zero else DENIALS_FOUND
    if not report.coverage.shows_denials:
        say("Nothing was denied, but this input could not have shown a denial.")
        return NOTHING_DENIED if options.exit_zero else NOT_SHOWN
    return NOTHING_DENIED


def _show(report: Report, part: str, options: Options) -> int:
    """Write one part of one step; say on standard error what it contains."""
    from ebs_kms_audit.render import plan_parts

    text, contents = plan_parts.render(report, part, options.step)
    write(text, options.output)
    _say_failures(report)
    say(contents)
    return BAD_INPUT if report.failed_inputs else NOTHING_DENIED


def _write_plan(report: Report, folder: str) -> int:
    """Write the folder of the plan, and nothing to standard output."""
    from ebs_kms_audit.plan.folder import write_plan
    from ebs_kms_audit.render.phrases import count

    write_plan(report.plan, report.to_markdown(), folder)
    _say_failures(report)
    steps = count(len(report.plan), "step")
    say(f"{steps} written to {escape_unprintable(folder)}; {_summary(report)}")
    return BAD_INPUT if report.failed_inputs else NOTHING_DENIED


def _say_failures(report: Report) -> None:
    for failure in report.failed_inputs:
        say(escape_unprintable(failure))


@contextmanager
def _progress_line() -> Iterator[TerminalLine | None]:
    """Give what shows progress on the terminal, if there is one; wiped away behind it."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from ebs_kms_audit.render.progress import TerminalLine

    line = TerminalLine(sys.stderr)
    try:
        yield line
    finally:
        line.close()


def _shows_few_rows(options: Options) -> bool:
    """Return whether the output shows few of the rows that findings list, as the text does."""
    return not options.show and not options.plan and _format(options).name == "text"


def _format(options: Options) -> Format:
    return format_for(options.format, options.output)


def _principals(pairs: Sequence[str]) -> dict[str, str]:
    principals = {}
    for pair in pairs:
        name, equals, arn = pair.rpartition("=arn:")
        if not equals or not name:
            raise UsageError(f"--principal {pair}: write NAME=ARN, alice=arn:aws:iam::…:user/alice")
        principals[name] = f"arn:{arn}"
    return principals


def _key_policies(given: Sequence[str]) -> list[str | dict[str, str]]:
    """Read `FILE` and `KEY_ARN=FILE`; an ARN holds no equals sign."""
    policies: list[str | dict[str, str]] = []
    for text in given:
        arn, equals, file = text.partition("=")
        policies.append({arn: file} if equals and arn.startswith("arn:") else text)
    return policies


def _iam_policies(given: Sequence[str]) -> list[str | dict[str, str]]:
    """Read `FILE` and `ARN=FILE`. The name of a user or role can hold an equals sign."""
    policies: list[str | dict[str, str]] = []
    for text in given:
        arn, equals, file = text.rpartition("=")
        policies.append({arn: file} if equals and arn.startswith("arn:") else text)
    return policies


def _rendered(report: Report, options: Options) -> str | Iterable[str]:
    """Return the report in its format, in pieces where it can be long."""
    chosen = _format(options)
    if chosen.name != "text":
        return chosen.pieces(report)
    from ebs_kms_audit.cli import display

    return report.to_text(
        details=options.details,
        finding=options.finding,
        width=display.width(),
        color=display.color(options),
    )


def _summary(report: Report) -> str:
    from ebs_kms_audit.render.phrases import count

    coverage = report.coverage
    return (
        f"{count(coverage.denials, 'denial')} in {count(len(report.findings), 'finding')}; "
        f"{count(coverage.rows_read, 'row')} read, {coverage.rows_set_aside:,} set aside"
    )
