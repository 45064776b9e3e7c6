"""Runs every table of incidents: the cause, what it is made of, and the steps of the plan."""

from __future__ import annotations

import importlib
import pkgutil
import shlex
from typing import Any

import pytest

import ebs_kms_audit
from ebs_kms_audit import Report
from tests import incidents, rows
from tests.records import log

from . import Incident, cases

TOPICS = sorted(module.name for module in pkgutil.iter_modules(cases.__path__))
TABLE = [
    pytest.param(incident, id=f"{topic}: {incident.name}")
    for topic in TOPICS
    for incident in importlib.import_module(f"{cases.__name__}.{topic}").INCIDENTS
]


def audited(incident: Incident, **options: Any) -> Report:
    absent = [
        {name: value for name, value in one.items() if value != "absent"}
        for one in incident.records
    ]
    return ebs_kms_audit.audit(
        rows.export(*incident.rows) if incident.rows else None,
        records=log(*absent) if absent else None,
        **(incident.options | options),
    )


@pytest.mark.parametrize("incident", TABLE)
def test_the_cause_is_what_an_expert_names(incident: Incident) -> None:
    (finding,) = audited(incident).findings
    cause = finding.cause

    shown = f"{cause.text}\n+ {cause.supported_by}\n- {cause.contradicted_by}"
    assert cause.id == incident.cause, shown
    assert cause.evidence == incident.evidence, shown
    assert cause.policy_type == incident.policy_type, shown
    assert [one.id for one in cause.others] == incident.others, shown
    assert [one.test.key for one in cause.unmet[:1]] == [incident.unmet][: bool(incident.unmet)]
    assert list(cause.missing) == incident.missing, shown
    assert [one.kind for one in cause.near_misses] == incident.near_misses, shown
    for words in incident.words:
        assert words in cause.text
    assert all(text.endswith(".") for text in (cause.text, *cause.supported_by))
    assert cause.supported_by != ()


@pytest.mark.parametrize("incident", TABLE)
def test_the_cause_is_the_same_in_a_redacted_report(incident: Incident) -> None:
    plain, redacted = audited(incident).findings, audited(incident, redact=True).findings
    assert [(one.id, one.cause.id, one.cause.evidence) for one in redacted] == [
        (one.id, one.cause.id, one.cause.evidence) for one in plain
    ]


@pytest.mark.parametrize("incident", TABLE)
def test_the_steps_are_what_an_expert_does(incident: Incident) -> None:
    report = audited(incident)
    assert [(step.kind, step.disposition) for step in report.plan] == incident.steps


@pytest.mark.parametrize("incident", TABLE)
def test_what_to_get_next_is_a_command_that_a_shell_can_run(incident: Incident) -> None:
    (finding,) = audited(incident).findings
    for piece in finding.cause.next_evidence:
        for one in piece.command.split(" && "):
            words = shlex.split(one)
            assert words[0] == "aws"
            assert shlex.join(words) == one  # each word is quoted


def test_every_incident_has_its_own_name_and_a_source() -> None:
    assert len({param.id for param in TABLE}) == len(TABLE)
    pages = {text for text in vars(incidents).values() if isinstance(text, str)}
    assert {param.values[0].source for param in TABLE} <= pages
