"""Symptoms in words: which call failed, with which error, how often, for whom, and when last."""

from datetime import UTC, datetime

import pytest

from ebs_kms_audit.model import Symptom
from ebs_kms_audit.render.symptoms import group_text, groups_of

REVOKED = "Client.CustomerKeyHasBeenRevoked"


def at(hour):
    return datetime(2026, 5, 18, hour, tzinfo=UTC)


def symptom(principal, count=1, operation="AttachVolume", hour=7, **more):
    fields = {"id": "kms_key_revoked", "code": REVOKED, "text": None, "file": "x", "meaning": "M",
              "next_step": "N", "last_seen": at(hour)}  # fmt: skip
    return Symptom(
        principal=principal, count=count, operation=operation, **fields | more
    )  # fmt: skip


@pytest.mark.parametrize(
    ("symptoms", "text"),
    [
        ([symptom("ann")], f"AttachVolume by ann failed with {REVOKED}, at 2026-05-18 07:00:00 "
                           "UTC. M."),
        ([symptom("ann", 1_200)], f"AttachVolume by ann failed 1,200 times with {REVOKED}, last at "
                                  "2026-05-18 07:00:00 UTC. M."),
        # The most frequent caller and operation are named first, and the latest time.
        ([symptom("ann", 2, hour=9), symptom("bob", 5), symptom("bob", 4, "RunInstances")],
         f"AttachVolume and RunInstances by 2 callers failed 11 times with {REVOKED}, most often "
         "for bob (9 times), last at 2026-05-18 09:00:00 UTC. M."),
        ([symptom("ann", 2), symptom("bob", 3, "RunInstances")],
         f"RunInstances and AttachVolume by 2 callers failed 5 times with {REVOKED}, most often "
         "for bob (3 times), last at 2026-05-18 07:00:00 UTC. M."),
        # Of very many callers, some are not told apart.
        ([symptom("ann", 2), symptom("bob", 1), symptom(None, 900)],
         f"AttachVolume by more than 2 callers failed 903 times with {REVOKED}, most often for ann "
         "(2 times), last at 2026-05-18 07:00:00 UTC. M."),
        ([symptom(None)], f"AttachVolume failed with {REVOKED}, at 2026-05-18 07:00:00 UTC. M."),
        ([symptom(None, operation=None, last_seen=None, code=None, text="Client error")],
         'The input contains the error "Client error". M.'),
        ([symptom(None, 2, operation=None, last_seen=None, code=None, text="x" * 200)],
         f'The input contains the error "{"x" * 100}…", 2 times. M.'),
        ([symptom(None, operation=None, last_seen=None)],
         f"The input contains the error {REVOKED}. M."),
        ([symptom("ann", last_seen=None, id="other_service_denied", code=None, text="User: ann")],
         "AttachVolume by ann was denied. M."),
    ],
)  # fmt: skip
def test_what_failed(symptoms, text):
    (group,) = groups_of(symptoms)
    assert group_text(group) == text


def test_who_calls_kms_and_what_is_required():
    one = symptom("ann", caller="the launcher", actions=("kms:Decrypt", "kms:CreateGrant"))
    assert group_text([one], alone=True) == (
        f"AttachVolume by ann failed with {REVOKED}, at 2026-05-18 07:00:00 UTC. No denial belongs "
        "to this error. M. Usual caller of KMS: the launcher. Required: kms:Decrypt and "
        "kms:CreateGrant."
    )
    assert "No denial belongs to these errors." in group_text([one, symptom("bob")], alone=True)


def test_the_most_frequent_error_is_the_first():
    few = [symptom(f"user {number}", id="key_state_error") for number in range(3)]
    often = symptom("ann", 4)
    assert groups_of([*few, often]) == [[often], few]
