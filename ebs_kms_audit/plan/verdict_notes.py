"""What the verdicts on the key policies given mean, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ebs_kms_audit.diagnosis.judgement import Binding, Judgement
from ebs_kms_audit.model import Denial, Verdict
from ebs_kms_audit.policy import Decision
from ebs_kms_audit.policy.lint import Severity

_LISTED = 5  # of what is wrong in a policy; the JSON has it all


def notes_on_policies(
    denials: Sequence[Denial], judgements: Sequence[Judgement]
) -> tuple[str, ...]:
    """Return why each key policy given did not allow the denied calls."""
    if len(judgements) > 1:
        return tuple(_among_several(judgements))
    return tuple(note for judgement in judgements for note in _of_one(denials, judgement))


def _among_several(judgements: Sequence[Judgement]) -> Iterator[str]:
    yield "Which of the policies is the key's is not known; each was judged."
    for judgement in judgements:
        says = {True: "would have denied", False: "would have allowed", None: "can't be told"}
        yield f"{judgement.policy.name}: {says[judgement.would_deny]} ({judgement.verdict})."


def _of_one(denials: Sequence[Denial], judgement: Judgement) -> Iterator[str]:
    name = judgement.policy.name
    if judgement.binding is Binding.IF_THIS_KEY:
        name = f"If {name} is the policy of this key"
    by_text: dict[str, list[str]] = {}
    for denial, decision in zip(denials, judgement.decisions, strict=True):
        named = denial.iam_actions or (denial.event.name,)
        by_text.setdefault(_explained(decision), []).extend(named)
    for text, actions in by_text.items():
        yield f"{name}: {', '.join(dict.fromkeys(actions))}: {text}"
    told = [one for one in judgement.lint if one.severity is not Severity.INFO]
    for one in told[:_LISTED]:
        where = f"{one.json_path} ({one.sid})" if one.sid else one.json_path
        yield f"{judgement.policy.name}: {one.severity} at {where}: {one.message}."
    if more := len(told[_LISTED:]):
        yield f"{judgement.policy.name}: {more} more of such; --format json lists them."


def _explained(decision: Decision) -> str:
    text = f"{decision.verdict}. {decision.why}"
    if decision.decided_by:
        decided = ", ".join(
            f"{one.layer} statement {one.index}" + (f" ({one.sid})" if one.sid else "")
            for one in decision.decided_by
        )
        text += f" Decided by {decided}."
    if decision.depends_on and decision.verdict is not Verdict.UNDECIDED:
        text += f" The result depends on {', '.join(decision.depends_on)}."
    return text
