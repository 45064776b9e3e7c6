"""What denied events have in common, by which other events bear on them."""

import pickle

import pytest

from ebs_kms_audit.model import AlikeEvents
from ebs_kms_audit.reading.related import RelatedEvents
from tests.identify.events import ACCOUNT, event

DENIED = [
    event(event_id="event-1", request_id="request-1", access_key="ASIA1"),
    event(event_id="event-2", request_id=None, access_key=None, user_name="bob"),
    event(event_id=None, request_id="request-3", access_key="ASIA1", region="eu-west-1"),
]


@pytest.mark.parametrize("sent", [lambda one: one, lambda one: pickle.loads(pickle.dumps(one))])
def test_what_denied_events_have_in_common(sent):
    """Spark sends it to other processes."""
    related = sent(RelatedEvents(map(AlikeEvents.of, DENIED)))
    seconds = DENIED[0].seconds
    assert related.callers == {
        ("alice", ACCOUNT, "us-east-1"): [seconds],
        ("bob", ACCOUNT, "us-east-1"): [seconds],
        ("alice", ACCOUNT, "eu-west-1"): [seconds],
    }
    assert related.names == {"alice", "bob"}
    assert related.access_keys == {"ASIA1"}
    assert related.request_ids == {"request-1", "request-3"}
    assert related.event_ids == {"event-1", "event-2"}
    assert related.resources == frozenset()


def test_callers_with_other_names_can_be_in_one_kind():
    denied = [
        event(line=n, event_id=f"event-{n}", user_name=name) for n, name in enumerate("aba", 1)
    ]
    (alike,) = AlikeEvents.of_each_kind(denied)
    related = RelatedEvents([alike])
    seconds = denied[0].seconds
    assert related.callers == {
        ("a", ACCOUNT, "us-east-1"): [seconds, seconds],
        ("b", ACCOUNT, "us-east-1"): [seconds],
    }
    assert related.names == {"a", "b"}


def test_only_what_others_need_is_sent():
    """The events themselves stay: a log has tens of thousands of them."""
    many = [event(event_id=f"event-{n}", user_agent=f"agent {n}") for n in range(100)]
    sent = pickle.dumps(RelatedEvents(map(AlikeEvents.of, many)))
    assert b"event-99" in sent
    assert b"agent 99" not in sent
