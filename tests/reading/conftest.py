"""Fixtures for tests of the reading."""

import pytest

from tests.reading.started_processes import children, pipes


@pytest.fixture
def nothing_stays():
    """Fail a test that leaves a process or a pipe."""
    before = children(), pipes()
    yield
    assert (children(), pipes()) == before
