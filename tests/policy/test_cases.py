"""Runs every table of cases: the verdict, and the statements that decided."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from ebs_kms_audit.policy import Layer, StatementResult, evaluate

from . import cases
from .cases import Case

TOPICS = sorted(module.name for module in pkgutil.iter_modules(cases.__path__))
TABLE = [
    pytest.param(case, id=f"{topic}: {case.name}")
    for topic in TOPICS
    for case in importlib.import_module(f"{cases.__name__}.{topic}").CASES
]


def _name(result: StatementResult) -> str:
    name = result.sid or str(result.index)
    return name if result.layer is Layer.KEY_POLICY else f"{result.layer}:{name}"


@pytest.mark.parametrize("case", TABLE)
def test_case(case: Case) -> None:
    decision = evaluate(case.asked(), case.policy, **case.layers)

    explained = "\n".join(map(str, decision.statements))
    assert decision.verdict is case.verdict, f"{decision.why}\n{explained}"
    assert sorted(map(_name, decision.decided_by)) == sorted(case.decided), explained
    if case.depends is not None:
        assert sorted(decision.depends_on) == sorted(case.depends)


def test_every_case_is_told_apart_and_names_aws_as_its_source() -> None:
    assert len({param.id for param in TABLE}) == len(TABLE) >= 250
    sources = {case.source for param in TABLE for case in param.values if isinstance(case, Case)}
    assert all(source.startswith("https://docs.aws.amazon.com/") for source in sources)
