"""What the report says of the incidents that have a wording."""

from __future__ import annotations

import pytest

from tests.incidents import Incident

from .test_incidents import TABLE, audited

WORDED = [param for param in TABLE if param.values[0].wording is not None]


@pytest.mark.parametrize("incident", WORDED)
def test_the_words_of_the_report(incident: Incident) -> None:
    (finding,) = audited(incident).findings
    cause, wording = finding.cause, incident.wording
    assert wording is not None
    assert cause.text == wording.text
    assert cause.supported_by == wording.support
    assert cause.contradicted_by == wording.against
    assert tuple(one.command for one in cause.next_evidence) == wording.commands
    assert tuple((one.text, one.denials) for one in cause.others) == wording.others
