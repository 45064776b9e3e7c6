"""Compares the decisions of both judges, batch by batch."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from ebs_kms_audit.model import Verdict
from ebs_kms_audit.policy import evaluate
from tests.differential.disagreements import other_forms
from tests.differential.generator import Case, Generator
from tests.differential.judge import Judge

_BATCH = 2_000
_THEIR_WORD = {
    Verdict.ALLOWED_NOW: "Allowed",
    Verdict.EXPLICIT_DENY: "ExplicitlyDenied",
    Verdict.UNDECIDED: "Undecided",
}


@dataclass(kw_only=True, slots=True)
class Comparison:
    """What a comparison found.

    decisions     how many decisions were compared
    answers       how often each answer was given here
    explained     how often each class of disagreements explains a difference
    unexplained   the other differences, each as text
    """

    decisions: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def add(self, other: Comparison) -> None:
        """Add what another comparison found."""
        self.decisions += other.decisions
        self.answers += other.answers
        self.explained += other.explained
        self.unexplained += other.unexplained

    def summary(self) -> str:
        """Return the counts as lines of text."""
        lines = [f"{self.decisions} decisions"]
        lines += [f"  {count:>9}  {answer}" for answer, count in self.answers.most_common()]
        lines.append(f"{self.explained.total()} explained differences")
        lines += [f"  {count:>9}  {name}" for name, count in self.explained.most_common()]
        lines.append(f"{len(self.unexplained)} unexplained differences")
        return "\n".join(lines)


def compare(decisions: int, seed: int, judge: Judge) -> Comparison:
    """Draw cases and compare the decisions of both judges."""
    generator = Generator(seed)
    result = Comparison()
    while result.decisions < decisions:
        size = min(_BATCH, decisions - result.decisions)
        _compare_batch([generator.case() for _ in range(size)], judge, result)
    return result


def _compare_batch(cases: list[Case], judge: Judge, result: Comparison) -> None:
    judge.begin([case.simulation for case in cases])
    ours = [answer_of(case) for case in cases]
    theirs = judge.answers()
    result.decisions += len(cases)
    result.answers.update(ours)
    differing = [
        (case, here, there)
        for case, here, there in zip(cases, ours, theirs, strict=True)
        if here != there
    ]
    if differing:
        _explain(differing, judge, result)


def answer_of(case: Case) -> str:
    """Return the decision of this library, in the other judge's words."""
    verdict = evaluate(case.request, case.key_policy, **case.layers).verdict
    return _THEIR_WORD.get(verdict, "ImplicitlyDenied")


def _explain(differing: list[tuple[Case, str, str]], judge: Judge, result: Comparison) -> None:
    forms = [
        (at, name, form)
        for at, (case, _, _) in enumerate(differing)
        for name, form in other_forms(case.simulation)
    ]
    judge.begin([form for _, _, form in forms])
    answers = judge.answers()
    explained: dict[int, str] = {}
    for (at, name, _), answer in zip(forms, answers, strict=True):
        if answer == differing[at][1]:
            explained.setdefault(at, name)
    result.explained.update(explained.values())
    result.unexplained += [
        f"here {here}, there {there}:\n{json.dumps(case.simulation, indent=1)}"
        for at, (case, here, there) in enumerate(differing)
        if at not in explained
    ]
