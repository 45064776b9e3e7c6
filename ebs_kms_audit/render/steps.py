"""Step → what a reader needs to do it: the sentence, the facts it rests on, the text to paste."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.plan.step import Disposition, StepKind
from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.compact_diff import compact_diff
from ebs_kms_audit.render.compact_json import as_list_items, compact

if TYPE_CHECKING:
    from ebs_kms_audit.plan.change import Proof
    from ebs_kms_audit.plan.step import LeftOut, Step

_LEFT_OUT, _BRIEF_LEFT_OUT = 5, 2
_REASONS = 8
_CLICKS = 2
_LONGEST = 200  # lines of a text to paste; `--show` prints a longer one


class Paste(NamedTuple):
    """A text to copy as it is.

    language  json, diff or sh
    text      the text, without a line feed at its end
    """

    language: str
    text: str


class StepView(NamedTuple):
    """A step as every format shows it.

    number       its number in the plan, from 1
    step         the step
    disposition  "SAFE" or "REVIEW"
    facts        why it is that, one sentence each
    left_out     the first callers that it cannot name yet
    more_left_out  how many more there are
    paste        the change to paste; None where there is none, or where it is too long
    notes        how to do it in the console or with scripts, and what to do afterwards
    """

    number: int
    step: Step
    disposition: str
    facts: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    more_left_out: int
    paste: Paste | None
    notes: tuple[str, ...]

    @property
    def safe(self) -> bool:
        """Whether the step can be applied as it is."""
        return self.step.disposition is Disposition.SAFE


def view_of(number: int, step: Step, *, brief: bool = False) -> StepView:
    """Return what a reader needs to do a step; with `brief` each fact in a few words."""
    paste = _paste(step, brief=brief)
    notes = list(_notes(step, brief=brief))
    if paste and paste.text.count("\n") >= _LONGEST:
        lines = phrases.count(paste.text.count("\n") + 1, "line")
        part = "diff" if step.diff else "statements"
        notes.insert(0, f"The change has {lines}. Add --show {part} --step {step.id} to print it.")
        paste = None
    left_out = step.left_out[: _BRIEF_LEFT_OUT if brief else _LEFT_OUT]
    return StepView(
        number=number,
        step=step,
        disposition=step.disposition.upper(),
        facts=tuple(_brief_facts(step) if brief else _facts(step)),
        left_out=left_out,
        more_left_out=len({one.name for one in step.left_out} - {one.name for one in left_out}),
        paste=paste,
        notes=tuple(notes),
    )


def _facts(step: Step) -> Iterator[str]:
    if step.proof:
        yield from proof_facts(step.proof)
    yield from map(phrases.sentence, step.reasons[:_REASONS])
    if (more := len(step.reasons) - _REASONS) > 0:
        yield f"{phrases.count(more, 'more reason')}: see --format json."


def proof_facts(proof: Proof) -> Iterator[str]:
    """Give what a change allows and what it takes away, one sentence each."""
    cured = sum(denial.cured is True for denial in proof.denials)
    if proof.denials:
        are = "is" if cured == 1 else "are"
        yield (
            f"{cured:,} of {phrases.count(len(proof.denials), 'denied call')} {are} allowed "
            "afterwards."
        )
    if proof.lost:
        lost = phrases.listed(f"{one.principal} {one.action}" for one in proof.lost)
        yield f"Denied afterwards, but allowed before: {lost}."
    else:
        yield "Nothing that was allowed before is denied."
    others = {one.principal for one in proof.newly_allowed if not one.expected}
    if others:
        yield f"Access that the step does not need: {phrases.listed(sorted(others))}."
    elif proof.newly_allowed:
        callers = len({one.principal for one in proof.newly_allowed})
        only = "this caller" if callers == 1 else f"these {callers:,} callers"
        yield f"Only {only} gain{'s' if callers == 1 else ''} access."


def _brief_facts(step: Step) -> Iterator[str]:
    """Give the facts without their explanations; the cause is that of an investigate step."""
    if step.kind is StepKind.INVESTIGATE:
        return
    if step.proof:
        yield from proof_facts(step.proof)
    reasons = dict.fromkeys(reason.partition(": ")[0] for reason in step.reasons)
    yield from map(phrases.sentence, list(reasons)[:_REASONS])
    if (more := len(reasons) - _REASONS) > 0:
        yield f"{phrases.count(more, 'more reason')}: add --details."


def left_out_text(one: LeftOut, *, brief: bool = False) -> str:
    """Return who is left out of a step, and why. The way to find the ARN follows the text."""
    why = one.why.partition(": ")[0] if brief else one.why
    find = " To find the ARN:" if one.how_to_find else ""
    return f"Left out: {one.name}. {phrases.sentence(why)}{find}"


def _paste(step: Step, *, brief: bool) -> Paste | None:
    if step.diff:
        return Paste(language="diff", text=compact_diff(step.diff.rstrip("\n")))
    if step.kind is StepKind.IAM_POLICY and step.document:
        return Paste(language="json", text=compact(step.document))
    if step.statements:
        return Paste(language="json", text=as_list_items(step.statements))
    if step.commands.apply:
        return Paste(language="sh", text=step.commands.apply.strip("\n"))
    if step.kind is StepKind.INVESTIGATE and step.commands.verify:
        commands = step.commands.verify.strip("\n")
        return Paste(language="sh", text=commands.partition("\n")[0] if brief else commands)
    return None


def _notes(step: Step, *, brief: bool) -> Iterator[str]:
    if step.console_steps:
        clicks = step.console_steps
        if brief and step.kind is StepKind.KEY_POLICY:  # the way when there is no list of users
            clicks = clicks[1:_CLICKS] if step.diff and len(clicks) > 1 else clicks[:_CLICKS]
        yield f"Console: {phrases.sentences(clicks)}"
    if step.document and step.commands.apply:
        yield "Scripts to apply, verify and undo it: add --plan DIR."
    if step.afterwards:
        yield f"Then: {phrases.sentences(step.afterwards[-1:] if brief else step.afterwards)}"
