"""Deferred is like a tuple of its values, which are made once, when they are first asked for."""

import copy
import pickle

import pytest

from ebs_kms_audit.model import Deferred


def up_to(end, calls):
    calls.append(end)
    return range(end)


@pytest.fixture
def calls():
    return []


@pytest.fixture
def deferred(calls):
    return Deferred(up_to, 3, calls)


def test_the_values_are_made_when_they_are_first_asked_for(deferred, calls):
    assert calls == []
    assert list(deferred) == [0, 1, 2]
    assert (len(deferred), deferred[-1], deferred[1:]) == (3, 2, (1, 2))
    assert calls == [3]


def test_it_equals_a_tuple_of_its_values(deferred, calls):
    assert deferred == (0, 1, 2)
    assert deferred == (0, 1, 2)
    assert deferred == Deferred(up_to, 3, calls)
    assert deferred != (0, 1)
    assert deferred != [0, 1, 2]
    assert hash(deferred) == hash((0, 1, 2))
    assert repr(deferred) == "(0, 1, 2)"


@pytest.mark.parametrize("copied", [copy.copy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_a_tuple(deferred, copied):
    assert copied(deferred) == (0, 1, 2)
    assert type(copied(deferred)) is tuple


def test_without_values_it_is_false(calls):
    assert not Deferred(up_to, 0, calls)
