"""A policy reduced to one principal decides as the whole policy does, and is as small as can be.

Source: IAM User Guide, "AWS JSON policy elements: Principal", "IAM identifiers" (the name of a user
or role is unique in its account, whatever the path).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebs_kms_audit.plan.principal_index import PrincipalIndex
from ebs_kms_audit.policy import KeyPolicy, Request, evaluate
from tests.records import ACCOUNT, KEY_ARN

IAM, STS = f"arn:aws:iam::{ACCOUNT}:", f"arn:aws:sts::{ACCOUNT}:"
OTHER = "arn:aws:iam::444455556666:"


def statement(*principals, effect="Allow", **fields):
    return {"Effect": effect, "Principal": {"AWS": list(principals)}, "Action": "kms:Decrypt",
            "Resource": "*"} | fields  # fmt: skip


def entries(arn, *statements):
    """Return the entries that are left of each statement that is left, by its index."""
    policy = KeyPolicy.from_dict({"Version": "2012-10-17", "Statement": list(statements)})
    reduced = PrincipalIndex(policy).reduced(arn)
    return {
        one.index: [entry.text for entry in one.principals.entries]
        for one in reduced.statements
        if one.principals
    }


MANY = [f"{IAM}role/r{number}" for number in range(1000)]


@pytest.mark.parametrize(
    ("arn", "principals", "left"),
    [
        (f"{IAM}role/r7", MANY, [f"{IAM}role/r7"]),
        (f"{IAM}role/none", MANY, None),
        (f"{OTHER}role/r7", MANY, None),
        # The path does not count, nor whether it is a role or a user: the decision does.
        (f"{IAM}role/x", [f"{IAM}role/a/b/x", f"{IAM}user/x", f"{IAM}role/y"],
         [f"{IAM}role/a/b/x", f"{IAM}user/x"]),
        (f"{IAM}role/a/x", [f"{IAM}role/x", f"{IAM}role/a"], [f"{IAM}role/x"]),
        # A session is found by its role, and a role by its sessions.
        (f"{STS}assumed-role/x/s1", [f"{IAM}role/p/x", f"{IAM}role/s1"], [f"{IAM}role/p/x"]),
        (f"{IAM}role/x", [f"{STS}assumed-role/x/s1", f"{STS}assumed-role/y/x"],
         [f"{STS}assumed-role/x/s1"]),
        # What may name anybody is kept.
        (f"{IAM}role/x", [f"{IAM}root", ACCOUNT, "*", f"{IAM}role/y"],
         [f"{IAM}root", ACCOUNT, "*"]),
        (f"{IAM}role/x", ["AIDACKCEVSQ6C2EXAMPLE", f"{STS}federated-user/y"],
         ["AIDACKCEVSQ6C2EXAMPLE", f"{STS}federated-user/y"]),
        # The account itself.
        (f"{IAM}root", [f"{IAM}root", f"{IAM}role/y"], [f"{IAM}root"]),
        # No user, role or account: nothing is left out.
        (None, [f"{IAM}role/y"], [f"{IAM}role/y"]),
        (f"{STS}federated-user/y", [f"{IAM}role/y"], [f"{IAM}role/y"]),
        ("ec2.amazonaws.com", [f"{IAM}role/y"], [f"{IAM}role/y"]),
        (f"{IAM}role", [f"{IAM}role/y"], [f"{IAM}role/y"]),
    ],
)  # fmt: skip
def test_what_is_left_of_a_statement(arn, principals, left):
    assert entries(arn, statement(*principals)) == ({} if left is None else {0: left})


def test_statements_that_are_kept_whole():
    y = f"{IAM}role/y"
    administers = statement(y, Action=["kms:Put*"])
    others = {"Effect": "Deny", "NotPrincipal": {"AWS": y}, "Action": "kms:*", "Resource": "*"}
    found = entries(f"{IAM}role/x", statement(y), administers, others, statement(y, Action="kms:*"))
    assert found == {1: [y], 2: [y], 3: [y]}


def test_a_statement_without_a_principal_or_without_actions_is_no_error():
    y = f"{IAM}role/y"
    bare = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    without = {name: value for name, value in statement(y).items() if name != "Action"}
    assert entries(f"{IAM}role/x", bare, without, statement(y)) == {}


NAMES = [f"{IAM}role/x", f"{IAM}role/p/x", f"{IAM}user/x", f"{IAM}root", f"{OTHER}role/x",
         f"{STS}assumed-role/x/s1", f"{STS}assumed-role/x/s2",
         f"{STS}federated-user/x"]  # fmt: skip
STATEMENTS = st.lists(
    st.builds(
        statement,
        st.sampled_from([*NAMES, "*", ACCOUNT, "AIDACKCEVSQ6C2EXAMPLE"]),
        st.sampled_from([*NAMES, f"{IAM}role/y"]),
        effect=st.sampled_from(["Allow", "Allow", "Deny"]),
        Action=st.sampled_from(["kms:Decrypt", "kms:*", "kms:PutKeyPolicy", "kms:Sign"]),
    ),
    max_size=4,
)  # fmt: skip


@given(STATEMENTS, st.sampled_from(NAMES))
def test_the_decision_is_that_of_the_whole_policy(statements, arn):
    policy = KeyPolicy.from_dict({"Version": "2012-10-17", "Statement": statements})
    request = Request(principal=arn, action="kms:Decrypt", resource=KEY_ARN)
    whole, reduced = (
        evaluate(request, one) for one in (policy, PrincipalIndex(policy).reduced(arn))
    )
    assert (reduced.verdict, reduced.allowed, reduced.key_policy_allows) == (
        whole.verdict, whole.allowed, whole.key_policy_allows,
    )  # fmt: skip
    assert [one.index for one in reduced.decided_by] == [one.index for one in whole.decided_by]
