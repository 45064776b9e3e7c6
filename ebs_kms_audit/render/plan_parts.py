"""One part of the report alone, to be piped or pasted: `--show PART`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.plan import export
from ebs_kms_audit.policy import KeyPolicy
from ebs_kms_audit.render.escape import escape_unprintable
from ebs_kms_audit.render.phrases import who

if TYPE_CHECKING:
    from ebs_kms_audit.report import Report

PARTS = ("policy", "diff", "commands", "terraform", "cloudformation")


def render(report: Report, part: str) -> str:
    """Return one of PARTS, of all findings with something to paste.

    `policy` is the key policy with the fixes of those findings in it whose principal is known: a
    placeholder would have KMS refuse the whole of it. Raises UsageError where there is nothing of
    the kind to show.
    """
    offered = [finding for finding in report.findings if finding.fix.offered]
    if not offered:
        raise UsageError(f"--show {part}: no finding has a statement to paste")
    if part == "policy":
        return _policy(offered)
    if part == "commands":
        return "\n".join(_commands(offered))
    if part == "cloudformation":
        return export.cloudformation([one for f in offered for one in f.fix.offered])
    texts = list(_texts(offered, part))
    if not texts:
        raise UsageError(f"--show {part}: no policy is changed; give it with --key-policy")
    return "\n".join(texts)


def _policy(findings: Sequence[Finding]) -> str:
    fixes = [f.fix for f in findings if f.fix.applied and f.principal.arn]
    if not fixes:
        raise UsageError(
            "--show policy: no change for a principal that is known; give the key's policy with "
            "--key-policy, and the principal with --records or --principal"
        )
    given = {id(judgement.policy) for f in findings for judgement in f.judgements}
    if len(given) > 1:
        raise UsageError("--show policy: several policies were given; give the one to be changed")
    text = ""
    for fix in fixes:
        assert fix.applied is not None
        text = fix.apply(text or KeyPolicy.from_dict(fix.applied.before)).text
    return text


def _commands(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the commands of each key once, however many findings there are on it."""
    by_key: dict[tuple[str | None, ...], list[Finding]] = {}
    for finding in findings:
        by_key.setdefault((finding.key.arn, finding.key.id, finding.region), []).append(finding)
    for group in by_key.values():
        applied = group[0].fix.applied
        yield export.commands(
            [denial for finding in group for denial in finding.denials],
            [statement for finding in group for statement in finding.fix.offered],
            applied.before if applied else None,
        )


def _texts(findings: Sequence[Finding], part: str) -> Iterator[str]:
    for finding in findings:
        fix = finding.fix
        changed = fix.applied and fix.applied.changed and fix.applied.diff + "\n"
        if text := fix.terraform if part == "terraform" else changed:
            yield f"# {escape_unprintable(who(finding))}, finding {finding.id}\n{text}"
