"""The options of the main command, and what `--help` says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ebs_kms_audit.errors import UsageError

if TYPE_CHECKING:
    from ebs_kms_audit.cli.parser import Parser

# The parts of a step for --show; render.plan_parts has a function for each.
SHOWN = ("policy", "statements", "diff", "patch", "commands", "terraform", "cloudformation")

_DESCRIPTION = """\
Reads exports of AWS CloudTrail and says who was denied which KMS action on which key, why, and
which change of which policy fixes it. It needs no AWS credentials and no network.
"""
_EPILOG = """\
commands:
  ebs-kms-audit check          whether a key policy lets a role use the key, before it fails
  ebs-kms-audit demo           the report of the sample data
  ebs-kms-audit explain [ID]   what a word or an id of the report means
  ebs-kms-audit lint FILE      mistakes in a key policy, a Terraform plan or a template
  ebs-kms-audit message TEXT   the report of an error that a person got
  ebs-kms-audit query          the SQL that gets the events out of Athena or CloudTrail Lake
  ebs-kms-audit help [COMMAND] this help, or that of a command
  ebs-kms-audit version        the version

examples:
  ebs-kms-audit event_history.csv
  ebs-kms-audit event_history.csv event_history.json key_policy.json
  ebs-kms-audit event_history.csv --around 09:00 --minutes 5
  ebs-kms-audit event_history.csv -o report.html
  ebs-kms-audit event_history.csv --redact --format markdown

exit status:
  0  nothing denied
  1  denials or symptoms found
  2  bad input or usage
  3  nothing denied, but the input could not have shown it
  70  internal error
  130  interrupted
"""


class Options:
    """What the words of a command line ask for; the values here are the defaults."""

    def __init__(self, inputs: Sequence[str] = ()) -> None:
        self.inputs = list(inputs)
        self.records: list[str] | None = None
        self.record_path: str | None = None
        self.principal: list[str] = []
        self.key_policy: list[str] = []
        self.iam_policy: list[str] = []
        self.boundary: list[str] = []
        self.session_policy: list[str] = []
        self.scp: list[str] = []
        self.rcp: list[str] = []
        self.message: list[str] = []
        self.key: str | None = None
        self.around: str | None = None
        self.minutes: float | None = None
        self.least_privilege = False
        self.redact = False
        self.format: str | None = None
        self.details = False
        self.finding: str | None = None
        self.color = "auto"
        self.show: str | None = None
        self.step: str | None = None
        self.plan: str | None = None
        self.output: str | None = None
        self.exit_zero = False


def read_options(words: Sequence[str]) -> Options:
    """Return what the words ask for. Raises UsageError."""
    if words and not any(word.startswith("-") for word in words):
        return Options(words)
    options = Options()
    for name, value in vars(parser().parse(words)).items():
        if value is not None:
            setattr(options, name, value)
    if not (options.inputs or options.records or options.message):
        raise UsageError(
            "Nothing to read. Give a file, for example: ebs-kms-audit event_history.csv. "
            "To see a report first: ebs-kms-audit demo"
        )
    if options.minutes is not None and options.around is None:
        raise UsageError("--minutes needs --around TIME")
    if options.step and not options.show:
        raise UsageError("--step needs --show PART")
    if options.plan and (options.show or options.output):
        raise UsageError("--plan DIR writes a folder: leave out --show and -o")
    for option, value in (("--show", options.show), ("--plan", options.plan)):
        if options.redact and value:
            raise UsageError(f"--redact replaces the names that {option} needs: leave out --redact")
    return options


def parser(command: str = "") -> Parser:
    """Return the parser of the main command, or of one that takes the same options."""
    from ebs_kms_audit.cli.parser import Parser, one_of
    from ebs_kms_audit.cli.version import version_text
    from ebs_kms_audit.render.registry import FORMATS

    parser = Parser(command, _DESCRIPTION, _EPILOG)
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="FILE",
        help="CloudTrail events (the console's CSV or JSON, log files, query results, Parquet), a "
        "key policy, an error message, or the output of a command that the report recommends; a "
        "folder, glob, .gz or .zip of these; or - for standard input",
    )
    evidence = parser.add_argument_group("evidence")
    evidence.add_argument(
        "--records",
        action="append",
        metavar="FILE",
        help="the same as FILE, for files that must hold CloudTrail records; can be repeated",
    )
    evidence.add_argument(
        "--record-path",
        metavar="PATH",
        help="where the records are in JSON of an unknown kind: '$.my[*].place' (JSONPath)",
    )
    evidence.add_argument(
        "--key-policy",
        action="append",
        metavar="[KEY_ARN=]FILE",
        help="the present policy of the key (aws kms get-key-policy); can be repeated",
    )
    for option, metavar, what in (
        ("--iam-policy", "[ARN=]FILE", "an IAM policy of the caller, or of the user or role ARN"),
        ("--boundary", "FILE", "the permissions boundary of the caller"),
        ("--session-policy", "FILE", "the session policy of the caller"),
        ("--scp", "FILE", "a service control policy that applies to the caller's account"),
        ("--rcp", "FILE", "a resource control policy that applies to the key's account"),
    ):
        evidence.add_argument(
            option, action="append", metavar=metavar, help=f"{what}; can be repeated"
        )
    evidence.add_argument(
        "--message",
        action="append",
        metavar="TEXT",
        help="an error as the user got it: an access-denied message, or an error of EC2 or Auto "
        "Scaling; can be repeated",
    )
    evidence.add_argument(
        "--principal",
        action="append",
        metavar="NAME=ARN",
        help="the IAM user or role that a User name of the export belongs to; can be repeated",
    )
    evidence.add_argument("--key", metavar="ARN", help="the KMS key, if the export names none")
    scope = parser.add_argument_group("scope")
    scope.add_argument(
        "--around",
        metavar="TIME",
        help="only KMS events around this time, in UTC: 2026-05-18T07:00:00Z, or 07:00 on the day "
        "of the newest row; 2026-05-18 is the whole day",
    )
    scope.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help="how many minutes before and after --around (default: 15)",
    )
    scope.add_argument(
        "--least-privilege",
        action="store_true",
        help="statements with only the actions that were denied or that the EBS workflow needs",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--details", action="store_true", help="add evidence, alternatives, caveats (text only)"
    )
    output.add_argument("--finding", metavar="ID", help="only this finding, completely (text only)")
    output.add_argument(
        "--format",
        type=one_of(FORMATS),
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)} (default: by the ending of -o, else text)",
    )
    output.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write the report to FILE, whole or not at all; .md, .html, .json, .csv and .jsonl "
        "(ocsf) choose the format",
    )
    output.add_argument(
        "--show",
        type=one_of(SHOWN),
        metavar="PART",
        help=f"instead of the report one part of one step: {', '.join(SHOWN)}",
    )
    output.add_argument(
        "--step", metavar="ID", help="the step for --show (default: the only key_policy step)"
    )
    output.add_argument(
        "--plan",
        metavar="DIR",
        help="instead of the report a new folder with documents and scripts for each step",
    )
    output.add_argument(
        "--redact", action="store_true", help="stand-ins for accounts, names, keys and addresses"
    )
    output.add_argument(
        "--color",
        type=one_of(("auto", "always", "never")),
        metavar="WHEN",
        help="auto, always or never; auto follows the terminal, NO_COLOR and FORCE_COLOR",
    )
    output.add_argument(
        "--exit-zero",
        action="store_true",
        help="exit 0 instead of 1 and 3, for scripts that read the report",
    )
    parser.add_argument("--version", action="version", version=version_text())
    return parser
