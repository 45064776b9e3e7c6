"""Which ARN of an IAM user the collector gives. Source: IAM User Guide, "IAM identifiers" (the name
of a user is unique in an account, whatever its path).
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.identify import iam_users
from ebs_kms_audit.identify.iam_users import NamedUsers
from tests.identify.events import ACCOUNT, OTHER, event, resources

ALICE = f"arn:aws:iam::{ACCOUNT}:user/teams/alice"
USER = "AWS::IAM::User"


def of_iam(*names, kind=USER, **fields):
    entries = resources(*((kind, name) for name in names))
    return event(**{"source": "iam.amazonaws.com", "name": "GetUser", "error_code": None,
                    "resources": entries} | fields)  # fmt: skip


# The events, the name and account of the caller, and the ARN.
CASES = {
    "the user": ([of_iam(ALICE)], "alice", ACCOUNT, ALICE),
    "the same user twice": ([of_iam(ALICE), of_iam(ALICE)], "alice", ACCOUNT, ALICE),
    "an event of another service": (
        [of_iam(ALICE, source="sts.amazonaws.com")], "alice", ACCOUNT, None),
    "a resource of another type": ([of_iam(ALICE, kind="AWS::IAM::Group")], "alice", ACCOUNT, None),
    "a role": ([of_iam(ALICE.replace("user/", "role/"))], "alice", ACCOUNT, None),
    "a path with a wildcard": (
        [of_iam(ALICE.replace("teams", "*"))], "alice", ACCOUNT, None),
    "resources that cannot be read": ([of_iam(resources=None)], "alice", ACCOUNT, None),
    "another name": ([of_iam(ALICE)], "bob", ACCOUNT, None),
    "no name": ([of_iam(ALICE)], None, ACCOUNT, None),
    "another account": ([of_iam(ALICE)], "alice", OTHER, None),
    "an unknown account": ([of_iam(ALICE)], "alice", None, ALICE),
    "users of two accounts": (
        [of_iam(ALICE, ALICE.replace(ACCOUNT, OTHER))], "alice", ACCOUNT, ALICE),
    "users of two accounts, an unknown account": (
        [of_iam(ALICE, ALICE.replace(ACCOUNT, OTHER))], "alice", None, None),
    "two paths": ([of_iam(ALICE, ALICE.replace("teams", "people"))], "alice", ACCOUNT, None),
}  # fmt: skip


@pytest.mark.parametrize(("events", "name", "account", "arn"), CASES.values(), ids=CASES)
def test_the_user_of_a_name(events, name, account, arn):
    users = NamedUsers()
    for one in events:
        users.add(one)
    found = users.of(name, account)
    assert (found and str(found.arn)) == arn
    assert found is None or found.event is events[0]  # the first event that has the ARN


def test_at_most_so_many_users_are_kept(monkeypatch):
    monkeypatch.setattr(iam_users, "_KEPT", 2)
    users = NamedUsers()
    names = ["a", "b", "a", "c"]
    for name in names:
        users.add(of_iam(f"arn:aws:iam::{ACCOUNT}:user/{name}"))
    assert [name for name in "abc" if users.of(name, ACCOUNT)] == ["a", "b"]
