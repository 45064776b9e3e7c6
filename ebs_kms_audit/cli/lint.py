"""`ebs-kms-audit lint FILE…`."""

from __future__ import annotations

from collections.abc import Sequence

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.checking.lint_files import LintReport, lint_files
from ebs_kms_audit.cli.output import check_target, say, write
from ebs_kms_audit.cli.parser import Parser, one_of
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.policy.lint import Severity
from ebs_kms_audit.printable import escape_unprintable
from ebs_kms_audit.render import lint as render

NOTHING_FOUND, FOUND, NOT_CHECKED = 0, 1, 3

_DESCRIPTION = """\
Checks key policies for mistakes, without AWS credentials. A FILE is a key policy,
the output of "aws kms get-key-policy", the output of "terraform show -json", or a
CloudFormation template in JSON.
"""
_EPILOG = """\
examples:
  ebs-kms-audit lint key_policy.json
  terraform show -json plan.out > plan.json && ebs-kms-audit lint plan.json
  ebs-kms-audit lint template.json --format github
  ebs-kms-audit lint key_policy.json --format sarif -o lint.sarif
  ebs-kms-audit explain lockout      what a finding means, with example and repair

exit status:
  0   no finding of the --fail-on severity
  1   a finding of the --fail-on severity or a more serious one
  2   bad input or usage
  3   no such finding, but a policy or a value is known only after the deployment
"""


def run(words: Sequence[str]) -> int:
    """Check the files, print the findings and return the exit status.

    Raises InputError for a file that cannot be read or has no key policy.
    """
    options = _parser().parse(words)
    check_target(options.output, options.files)
    arn = Arn.parse(options.key)
    if options.key and (arn is None or arn.service != "kms" or arn.resource_type != "key"):
        raise UsageError(f"{options.key} is not the ARN of a key", source="--key")
    report = lint_files(options.files, key=options.key)
    write(render.RENDERERS[options.format](report), options.output)
    for sentence in report.not_checked:
        say(escape_unprintable(sentence))
    say(render.summary(report))
    return _status(report, options.fail_on)


def _status(report: LintReport, fail_on: str) -> int:
    worst, order = report.worst(), list(Severity)
    if worst and fail_on != "never" and order.index(worst) <= order.index(Severity(fail_on)):
        return FOUND
    return NOT_CHECKED if report.not_checked else NOTHING_FOUND


def _parser() -> Parser:
    parser = Parser("lint", _DESCRIPTION, _EPILOG)
    parser.add_argument("files", nargs="+", metavar="FILE", help="files with key policies")
    parser.add_argument(
        "--key",
        metavar="KEY_ARN",
        help="the ARN of the key that has the policy: its account, Region and partition are "
        "checked too",
    )
    parser.add_argument(
        "--fail-on",
        type=one_of((*map(str, Severity), "never")),
        metavar="SEVERITY",
        default=str(Severity.WARNING),
        help="the least serious severity with exit status 1, or never (default: warning)",
    )
    parser.add_argument(
        "--format",
        type=one_of(render.RENDERERS),
        metavar="FORMAT",
        default="text",
        help="text, json, sarif (SARIF 2.1.0), or github (workflow commands)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write to FILE, whole or not at all")
    return parser
