"""Account ids that a spreadsheet shows as 1.11122E+11.

Expected values follow from the rules of AccountVotes: the owner of the row's own access key first,
then the account with more than half of the votes of the file. Sources: IAM User Guide, "IAM
identifiers" (AKIA keys are long-term, ASIA keys temporary); the account in an access key id is
described in ebs_kms_audit.aws.access_keys.
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.identify.account_repair import AccountVotes
from ebs_kms_audit.reading import shown_accounts
from ebs_kms_audit.reading.shown_accounts import ShownAccounts
from tests.identify.events import event, resources
from tests.sample_incident import access_key

CELL = "1.11122E+11"
A, B, C = "111122223333", "111122224444", "111121999999"  # each is shown as CELL
ELSEWHERE = "444455556666"
OLD = "ASIAIOSFODNN7EXAMPLE"  # the old format holds no account


def damaged(access_key=None, **fields):
    return event(account=None, account_cell=CELL, access_key=access_key, **fields)


def session(account, seed="1"):
    return event(access_key=access_key("ASIA", account, seed))


def user(account, seed="1"):
    return event(access_key=access_key("AKIA", account, seed))


def key(account, **fields):
    arn = f"arn:aws:kms:us-east-1:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    return event(resources=resources((None, arn)), **fields)


# The events of the file, the damaged event, and its account.
CASES = {
    "the owner of its own key": ([], damaged(access_key("ASIA", B, "x")), B),
    "the owner of its own key, against the votes": (
        [session(A), session(A)], damaged(access_key("ASIA", B, "x")), B),
    "a key of an account that is not shown so": (
        [], damaged(access_key("ASIA", ELSEWHERE, "x")), None),
    "a key of an account that is not shown so, and votes": (
        [session(A)], damaged(access_key("ASIA", ELSEWHERE, "x")), A),
    "nothing known": ([], damaged(), None),
    "keys of the old format": ([event(access_key=OLD)], damaged(OLD), None),
    "one vote": ([session(A)], damaged(), A),
    "votes for an account that is not shown so": ([session(ELSEWHERE)], damaged(), None),
    "two of three": ([session(A), session(B), session(A, "2")], damaged(), A),
    "one of two": ([session(A), session(B)], damaged(), None),
    "two of four": ([session(A), session(A, "2"), session(B), session(C)], damaged(), None),
    "three of five": (
        [session(A), session(A, "2"), session(A, "3"), session(B), session(C)], damaged(), A),
    "others do not count against it": (
        [session(A), session(ELSEWHERE), session(ELSEWHERE, "2")], damaged(), A),
    "each row of a temporary key": ([session(A), session(A), session(B)], damaged(), A),
    "a long-term key once": (
        [user(A), user(A), user(A), session(B), session(B, "2")], damaged(), B),
    "each long-term key": ([user(A), user(A, "2"), session(B)], damaged(), A),
    "an ARN of a row": ([key(A)], damaged(), A),
    "each ARN": ([key(A), key(A), session(B)], damaged(), A),
    "an ARN beside a key": ([key(A), key(A), session(B), session(B), session(B)], damaged(), B),
    "an ARN in an event that an audit does not need": (
        [key(A, source="s3.amazonaws.com", name="GetObject")], damaged(), None),
    "a temporary key in an event that an audit does not need": (
        [event(access_key=access_key("ASIA", A, "1"), source="iam.amazonaws.com",
               name="GetUser")], damaged(), None),
    "a long-term key in an event that an audit does not need": (
        [event(access_key=access_key("AKIA", A, "1"), source="iam.amazonaws.com",
               name="GetUser")], damaged(), A),
    "an ARN of AWS": ([key("aws")], damaged(), None),
    "a name that is no ARN": ([event(resources=resources((None, "alias/ebs")))], damaged(), None),
    "a cell of Resources that cannot be read": ([event(resources=None)], damaged(), None),
    "the votes of another file": ([event(file="b.csv", access_key=access_key("ASIA", A, "1"))],
                                  damaged(), None),
    "an account that is not damaged": ([session(B)], event(account=A), A),
    "an account beside a damaged cell": ([session(B)], event(account=A, account_cell=CELL), A),
    "an empty cell": ([session(A)], event(account=None), None),
}  # fmt: skip


@pytest.mark.parametrize(("events", "of", "account"), CASES.values(), ids=CASES)
def test_the_account_of_a_damaged_cell(events, of, account):
    votes = AccountVotes()
    for one in events:
        votes.add(one)
    assert votes.account(of) == account
    assert votes.account(of) == account  # the second answer is kept from the first


def test_each_damaged_cell_of_a_file_has_its_own_answer():
    votes = AccountVotes()
    votes.add(session(A))
    votes.add(session(ELSEWHERE))
    assert votes.account(damaged()) == A
    other = event(account=None, account_cell="4.44456E+11")
    assert votes.account(other) == ELSEWHERE


def test_votes_of_several_collectors_are_added_file_by_file():
    left, right = AccountVotes(), AccountVotes()
    left.add(session(B))
    for one in (session(A), key(A), user(C), event(file="b.csv", access_key=user(A).access_key)):
        right.add(one)
    left.merge(right)
    assert left.account(damaged()) is None  # A has 2 of 4
    left.add(key(A))
    assert AccountVotes().account(damaged()) is None
    again = AccountVotes()
    again.merge(left)
    assert again.account(damaged()) == A  # 3 of 5
    assert again.account(damaged(file="b.csv")) == A


def test_votes_of_a_file_are_replaced():
    votes, shown = AccountVotes(), ShownAccounts()
    votes.add(session(B))
    shown.add(session(A))
    votes.replace("a.csv", shown)
    assert votes.account(damaged()) == A


def test_memory_is_bounded_and_no_vote_is_lost(monkeypatch):
    monkeypatch.setattr(shown_accounts, "_KEYS_KEPT", 2)
    votes = AccountVotes()
    sizes = []
    for seed in "12345":
        votes.add(session(A, seed))
        sizes.append(len(votes._files["a.csv"]._temporary_keys))
    assert sizes == [1, 2, 0, 1, 2]
    for seed in "1234":
        votes.add(session(B, seed))
    assert votes.account(damaged()) == A  # 5 of 9


@pytest.mark.parametrize(("length", "kept"), [(199, 1), (200, 0)])
def test_a_text_that_is_too_long_for_an_access_key_is_not_kept(length, kept):
    votes = AccountVotes()
    votes.add(event(access_key="ASIA" + "A" * (length - 4)))
    assert len(votes._files["a.csv"]._temporary_keys) == kept
