"""The command line: arguments → audit → render. Exit status 0, 1 or 2, as the README says."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ebs_kms_audit import __version__
from ebs_kms_audit.cli.commands import command
from ebs_kms_audit.cli.output import write
from ebs_kms_audit.errors import EbsKmsAuditError, UsageError
from ebs_kms_audit.printable import escape_unprintable

if TYPE_CHECKING:
    import argparse

    from ebs_kms_audit.render.progress import TerminalLine
    from ebs_kms_audit.report import Report

NOTHING_DENIED, DENIALS_FOUND, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

_DESCRIPTION = """\
Reads CSV exports of CloudTrail's Event history and says who was refused which
KMS action, and which key-policy statement would fix it. Offline, no credentials.
"""
_EPILOG = """\
other commands:
  ebs-kms-audit explain [ID]   what a caveat or a verdict of the report means
  ebs-kms-audit message TEXT   what an access-denied message says, and what helps
  ebs-kms-audit query athena   the SQL that gets the events out of Athena (or lake)

exit status:
  0  nothing denied     1  denials found     2  bad input or usage
"""


class Options:
    """What the words of a command line ask for; what none of them names is as here."""

    def __init__(self, inputs: Sequence[str] = ()) -> None:
        self.inputs = list(inputs)
        self.records: list[str] | None = None
        self.principal: list[str] = []
        self.key_policy: list[str] = []
        self.message: list[str] = []
        self.key: str | None = None
        self.around: str | None = None
        self.minutes: float | None = None
        self.least_privilege = False
        self.redact = False
        self.format = "text"
        self.show: str | None = None
        self.output: str | None = None


def run() -> None:
    """Run as the `ebs-kms-audit` command."""
    status = main()
    gc.freeze()  # the process ends: it need not look through what it holds for garbage
    sys.exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with the given arguments (default: the process's) and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if run_command := command(words):
            return run_command(words[1:])
        return _audit(_options(words))
    except EbsKmsAuditError as error:
        print(f"ebs-kms-audit: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("ebs-kms-audit: interrupted", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    """Return what parses words into Options, which hold the defaults."""
    import argparse  # slow to import, and needed for options only

    parser = argparse.ArgumentParser(
        prog="ebs-kms-audit",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="EXPORT",
        help="a CSV export (also .gz, .zip), a folder or glob of them, or - for standard input",
    )
    parser.add_argument(
        "--records",
        action="append",
        metavar="FILE",
        help="CloudTrail JSON that says more of the same events, or stands alone: Download JSON, "
        "lookup-events output, a trail's log files or a folder of them; may be repeated",
    )
    parser.add_argument(
        "--principal",
        action="append",
        metavar="NAME=ARN",
        help="the user or role that a User name of the export stands for; may be repeated",
    )
    parser.add_argument(
        "--key-policy",
        action="append",
        metavar="[KEY_ARN=]FILE",
        help="the key's present policy (aws kms get-key-policy), to be judged and fixed; may be "
        "repeated",
    )
    parser.add_argument(
        "--message",
        action="append",
        metavar="TEXT",
        help="an access-denied message that the user got: it names role, key and the policy that "
        "refused; may be repeated",
    )
    parser.add_argument("--key", metavar="ARN", help="the KMS key, where the export names none")
    parser.add_argument("--around", metavar="TIME", help="only rows around this time (UTC)")
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help="how many minutes before and after --around (default 15)",
    )
    parser.add_argument(
        "--least-privilege",
        action="store_true",
        help="statements of only those actions that were denied or that the EBS workflow needs",
    )
    parser.add_argument(
        "--redact", action="store_true", help="stand-ins for accounts, names, keys and addresses"
    )
    parser.add_argument("--format", choices=("text", "json"))
    parser.add_argument(
        "--show",
        choices=("policy", "diff", "commands", "terraform", "cloudformation"),
        help="instead of the report one part of it: the changed key policy, its diff, the commands "
        "that put it, or the statements for Terraform or CloudFormation",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the report to FILE, whole")
    parser.add_argument("--version", action="version", version=f"ebs-kms-audit {__version__}")
    return parser


def _options(words: Sequence[str]) -> Options:
    if words and not any(word.startswith("-") for word in words):
        return Options(words)
    parser = _parser()
    options = parser.parse_args(words, namespace=Options())
    if not options.inputs and not options.records:
        parser.error("nothing to read: name an EXPORT, or --records FILE")
    if options.minutes is not None and options.around is None:
        raise UsageError("--minutes goes with --around TIME")
    if options.redact and options.show:
        raise UsageError(
            "--redact replaces the names that --show needs: run --show without --redact"
        )
    return options


def _audit(options: Options) -> int:
    from ebs_kms_audit.pipeline import audit  # --help and the other commands need none of it

    with _progress_line() as progress:
        report = audit(
            options.inputs or None,
            records=options.records,
            key_policies=_key_policies(options.key_policy) or None,
            principals=_principals(options.principal),
            key=options.key,
            messages=options.message,
            around=options.around,
            minutes=15 if options.minutes is None else options.minutes,
            least_privilege=options.least_privilege,
            redact=options.redact,
            progress=progress or False,
        )
    write(_rendered(report, options), options.output)
    for failure in report.failed_inputs:
        print(f"ebs-kms-audit: {escape_unprintable(failure)}", file=sys.stderr)
    print(f"ebs-kms-audit: {_summary(report)}", file=sys.stderr)
    if report.failed_inputs:
        return BAD_INPUT
    return DENIALS_FOUND if report.findings else NOTHING_DENIED


@contextmanager
def _progress_line() -> Iterator[TerminalLine | None]:
    """Give what shows progress on the terminal, if there is one; wiped away behind it."""
    if not sys.stderr.isatty():
        yield None
        return
    from ebs_kms_audit.render.progress import TerminalLine

    line = TerminalLine(sys.stderr)
    try:
        yield line
    finally:
        line.close()


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


def _rendered(report: Report, options: Options) -> str:
    if options.show:
        from ebs_kms_audit.render import plan_parts

        return plan_parts.render(report, options.show)
    if options.format == "json":
        return report.to_json()
    from ebs_kms_audit.render.text import render

    color = options.output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return render(report, color=color)


def _summary(report: Report) -> str:
    from ebs_kms_audit.render.phrases import count

    coverage = report.coverage
    return (
        f"{count(coverage.denials, 'denial')} in {count(len(report.findings), 'finding')}; "
        f"{count(coverage.rows_read, 'row')} read, {coverage.rows_set_aside:,} set aside"
    )
