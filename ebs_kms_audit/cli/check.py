"""`ebs-kms-audit check --key-policy FILE --principal WHO…`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ebs_kms_audit.checking.callers import NAMED_CALLERS
from ebs_kms_audit.checking.check import check
from ebs_kms_audit.checking.outcome import Outcome
from ebs_kms_audit.checking.result import CheckReport
from ebs_kms_audit.cli.output import check_target, say, write
from ebs_kms_audit.cli.parser import Parser, one_of
from ebs_kms_audit.errors import InputError, PolicyError, UsageError
from ebs_kms_audit.policy import Policy
from ebs_kms_audit.printable import escape_unprintable
from ebs_kms_audit.render import check as render

STATUS = {Outcome.ALLOWED: 0, Outcome.DENIED: 1, Outcome.UNDECIDED: 3}

_DESCRIPTION = """\
Says whether a key policy lets principals use the key for EBS, before anything
fails: each KMS call that EC2 makes, as whom, under which conditions, and the
statement that decides. Offline, without AWS credentials.
"""
_EPILOG = f"""\
names of principals:
  {", ".join(name for name, one in NAMED_CALLERS.items() if one.role)}
  with the ARN of the role (karpenter=ARN):
  {", ".join(name for name, one in NAMED_CALLERS.items() if not one.role)}

examples:
  ebs-kms-audit check --key-policy key_policy.json --principal autoscaling
  ebs-kms-audit check --principal ebs-csi=arn:aws:iam::111122223333:role/ebs-csi \\
    --key-policy arn:aws:kms:us-east-1:111122223333:key/KEY-ID=key_policy.json
  terraform show -json plan.out > plan.json
  ebs-kms-audit check --key-policy plan.json --principal autoscaling \\
    --account 111122223333 --region us-east-1
  ebs-kms-audit check --key-policy planned.json --in-force key_policy.json \\
    --against event_history.csv --records event_history.json

exit status:
  0   every call is allowed
  1   a call is denied; with --against: a past call is broken or still denied
  2   bad input or usage
  3   no call is denied, but one depends on something that was not given
"""


def run(words: Sequence[str]) -> int:
    """Check the policies, print the report and return the exit status.

    Raises InputError for a file that cannot be read, and UsageError for bad usage.
    """
    options = _parser().parse(words)
    given = [_named(one, ":kms:")[1] for one in options.key_policy]
    check_target(options.output, [*given, *(options.against or ()), *(options.records or ())])
    if options.against:
        return _replay(options)
    if not options.principal:
        raise UsageError("give --principal WHO, or --against FILE to replay past calls")
    reports = [_check(given, options) for given in options.key_policy]
    report = CheckReport(
        policies=tuple(policy for one in reports for policy in one.policies),
        not_checked=tuple(text for one in reports for text in one.not_checked),
    )
    write(render.RENDERERS[options.format](report), options.output)
    for sentence in report.not_checked:
        say(escape_unprintable(sentence))
    say(render.summary(report))
    return STATUS[report.outcome]


def _replay(options: argparse.Namespace) -> int:
    """Replay past calls on the planned policy, print the result and return the exit status."""
    from ebs_kms_audit.checking.against import replay  # a check without a log needs none of it
    from ebs_kms_audit.render import replay as render_replay

    for name in ("principal", "operation", "context"):
        if getattr(options, name):
            raise UsageError(f"--{name} has no effect with --against")
    if len(options.key_policy) != 1:
        raise UsageError("--against needs one --key-policy", source="--key-policy")
    if options.format not in render_replay.RENDERERS:
        raise UsageError(
            f"--against has the formats {', '.join(render_replay.RENDERERS)}", source="--format"
        )
    key, file = _named(options.key_policy[0], ":kms:")
    found = replay(
        file,
        options.against,
        records=options.records,
        key=key,
        in_force=options.in_force,
        identity_policies=_identity_policies(options.iam_policy),
        permissions_boundary=_only(options.boundary),
        session_policy=_only(options.session_policy),
        service_control_policies=_documents(options.scp),
        resource_control_policies=_documents(options.rcp),
    )
    write(render_replay.RENDERERS[options.format](found), options.output)
    say(render_replay.summary(found))
    return STATUS[found.outcome]


def _check(given: str, options: argparse.Namespace) -> CheckReport:
    key, file = _named(given, ":kms:")
    return check(
        file,
        options.principal,
        options.operation,
        key=key,
        region=options.region,
        account=options.account,
        identity_policies=_identity_policies(options.iam_policy),
        permissions_boundary=_only(options.boundary),
        session_policy=_only(options.session_policy),
        service_control_policies=_documents(options.scp),
        resource_control_policies=_documents(options.rcp),
        context=_context(options.context),
    )


def _named(given: str, service: str) -> tuple[str | None, str]:
    """Split `ARN=FILE`; an ARN of KMS has no equals sign, and one of IAM can have one."""
    if not (given.startswith("arn:") and service in given and "=" in given):
        return None, given
    arn, _, file = given.partition("=") if service == ":kms:" else given.rpartition("=")
    return arn, file


def _identity_policies(given: Sequence[str] | None) -> dict[str | None, list[Policy]] | None:
    policies: dict[str | None, list[Policy]] = {}
    for text in given or ():
        arn, file = _named(text, ":iam:")
        policies.setdefault(arn, []).append(_document(file))
    return policies or None


def _only(file: str | None) -> Policy | None:
    return _document(file) if file else None


def _documents(files: Sequence[str] | None) -> list[Policy] | None:
    return [_document(file) for file in files] if files else None


def _document(file: str) -> Policy:
    """Read an IAM policy, or the answer of `aws iam get-policy-version` and the like."""
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError("no such file. Check the path", source=file) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", source=file) from None
    try:
        return Policy.from_json(_unwrapped(text))
    except PolicyError as error:
        raise InputError(*error.args, source=file, json_path=error.json_path) from None


def _unwrapped(text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        return text
    for _ in range(2):
        for name in ("PolicyVersion", "Policy", "PolicyDocument", "Document", "Content"):
            if isinstance(document, dict) and "Statement" not in document and name in document:
                document = document[name]
                text = document if isinstance(document, str) else json.dumps(document)
    return text


def _context(pairs: Sequence[str]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or ":" not in key:
            raise UsageError(f"{pair}: write KEY=VALUE", source="--context")
        context[key] = value
    return context


def _parser() -> Parser:
    parser = Parser("check", _DESCRIPTION, _EPILOG)
    parser.add_argument(
        "--key-policy",
        action="append",
        required=True,
        metavar="[KEY_ARN=]FILE",
        help="the key policy, the output of terraform show -json, or a CloudFormation template; "
        "can be repeated",
    )
    parser.add_argument(
        "--principal",
        action="append",
        default=[],
        metavar="ARN|NAME|NAME=ARN",
        help="who uses the key: an ARN, or one of the names below; can be repeated",
    )
    parser.add_argument(
        "--operation",
        action="append",
        metavar="NAME",
        help="an EC2 operation (CreateVolume, AttachVolume, RunInstances, CopySnapshot, …); can be "
        "repeated. Default: create, attach, snapshot and copy",
    )
    parser.add_argument(
        "--against",
        nargs="+",
        metavar="FILE",
        help="replay the calls in these exports on the key policy, which is planned: what it "
        "breaks, cures and newly allows",
    )
    parser.add_argument(
        "--records",
        action="append",
        metavar="FILE",
        help="with --against: CloudTrail JSON; can be repeated",
    )
    parser.add_argument(
        "--in-force",
        metavar="FILE",
        help="with --against: the policy in force (default: the last one in the log)",
    )
    parser.add_argument("--region", metavar="REGION", help="the Region of the key")
    parser.add_argument("--account", metavar="ID", help="the account of the key")
    parser.add_argument(
        "--iam-policy",
        action="append",
        metavar="[ARN=]FILE",
        help="an IAM policy of the principals, or of one; can be repeated",
    )
    parser.add_argument("--boundary", metavar="FILE", help="their permissions boundary")
    parser.add_argument("--session-policy", metavar="FILE", help="their session policy")
    parser.add_argument(
        "--scp", action="append", metavar="FILE", help="a service control policy; can be repeated"
    )
    parser.add_argument(
        "--rcp", action="append", metavar="FILE", help="a resource control policy; can be repeated"
    )
    parser.add_argument(
        "--context",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a condition key of the requests, for example aws:PrincipalOrgID=o-1234567890; can be "
        "repeated",
    )
    parser.add_argument(
        "--format",
        type=one_of(render.RENDERERS),
        metavar="FORMAT",
        default="text",
        help="text, json, sarif (SARIF 2.1.0) or github (workflow commands); default: text",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write to FILE, whole or not at all")
    return parser
