"""Findings → one sentence for each cause, however many callers share it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebs_kms_audit.model import Evidence
from ebs_kms_audit.render import phrases

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.cause import Cause, NextEvidence
    from ebs_kms_audit.diagnosis.findings import Finding

# Characters that no text of an input can hold: they are escaped when a text is shown.
_CALLER, _ACTIONS = "\x00", "\x01"
_NAMED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class WhyDenied:
    """One cause, and the callers that it is about.

    cause    the cause, as it is of the first of its findings
    text     the sentence, with its evidence: about all of its callers and actions
    against  what contradicts the cause, each once
    """

    cause: Cause
    text: str
    against: tuple[str, ...]


def whys_of(findings: Sequence[Finding]) -> tuple[WhyDenied, ...]:
    """Return each cause once, the one that explains most denied calls first."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        cause = finding.cause
        groups.setdefault((cause.id, cause.evidence, _template(finding)), []).append(finding)
    ordered = sorted(groups.values(), key=lambda group: -sum(one.count for one in group))
    return tuple(_why(group, alone=len(groups) == 1) for group in ordered)


def _why(group: Sequence[Finding], *, alone: bool) -> WhyDenied:
    cause = group[0].cause
    template = _template(group[0])
    text = cause.text
    if len(group) > 1:
        callers = _some(dict.fromkeys(map(_caller, group)), "caller")
        text = template.replace(_CALLER, callers)
        text = text.replace(
            _ACTIONS, _some(dict.fromkeys(a for f in group for a in _actions(f)), "action")
        )
        if len({_caller(finding) for finding in group}) > 1:
            text = text.replace(f"{callers} was ", f"{callers} were ")
    if not alone and _CALLER not in template:
        names = _some(dict.fromkeys(map(phrases.name, group)), "caller")
        calls = phrases.count(sum(finding.count for finding in group), "call")
        text = f"{names} ({calls}): {text}"
    known = "" if cause.evidence is Evidence.UNKNOWN else f" ({cause.evidence})"
    against = dict.fromkeys(one for finding in group for one in finding.cause.contradicted_by)
    return WhyDenied(
        cause=cause,
        text=f"{phrases.sentence(text)}{known}",
        against=tuple(map(phrases.sentence, against)),
    )


def _template(finding: Finding) -> str:
    """Return the sentence of a cause with marks in the place of its caller and its actions."""
    text = finding.cause.text.replace(phrases.listed(_actions(finding)), _ACTIONS)
    return text.replace(_caller(finding), _CALLER)


def _actions(finding: Finding) -> list[str]:
    return list(dict.fromkeys(a for denial in finding.denials for a in denial.iam_actions))


def _caller(finding: Finding) -> str:
    """Return the name that the sentence of a cause has for the caller."""
    principal = finding.principal
    name = (principal.arn or "").rpartition("/")[2]
    return name or principal.role_name or principal.user_name or "the caller"


def _some(names: Iterable[str], noun: str) -> str:
    """Return up to three names, or how many there are."""
    every = list(names)
    return phrases.listed(every) if len(every) <= _NAMED else phrases.count(len(every), noun)


def next_evidence_of(findings: Iterable[Finding]) -> NextEvidence | None:
    """Return what to get next: what serves most denied calls, then what takes the least effort."""
    calls: dict[NextEvidence, tuple[int, int]] = {}
    for finding in findings:
        for effort, evidence in enumerate(finding.cause.next_evidence):
            served, least = calls.get(evidence, (0, -effort))
            calls[evidence] = (served + finding.count, max(least, -effort))
    return max(calls, key=calls.__getitem__, default=None)


def evidence_text(evidence: NextEvidence) -> str:
    """Return what to get and why, in sentences."""
    return phrases.sentences((f"Get {evidence.what}", evidence.why))
