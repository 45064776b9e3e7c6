"""The investigate step: one for each cause on each key.

Sources: AWS KMS Developer Guide, "AWS KMS permissions"; IAM User Guide, "Troubleshoot access denied
error messages".
"""

import pytest

from tests.incidents import DELEGATES, OTHER, OTHER_KEY, ROLE, USER, bound, denied
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, audit

ELSEWHERE = f"arn:aws:iam::{OTHER}:user/alice"


ADMINISTRATION = (
    "The denied call administers the key. If the caller is meant to do this, add it under Key "
    "policy, Key administrators."
)


def test_an_investigate_step_says_what_to_get():
    report = audit(denied("Decrypt", "scp"))
    (step,) = report.plan
    assert step.id == f"investigate-{KEY_ID}-other_policy"
    assert step.text == "Find out why kms:Decrypt was denied."
    assert (step.account, step.region, step.target) == (ACCOUNT, "us-east-1", KEY_ARN)
    assert (step.principals, step.findings) == ((ROLE,), (report.findings[0].id,))
    assert step.reasons == (
        "A service control policy denied deploy kms:Decrypt, so no change of the key policy can "
        "help.",
        "Get the service control policy. Its statements show which one denies the call, and for "
        "whom.",
    )
    assert step.commands.verify == (
        f"aws organizations list-policies-for-target --target-id {ACCOUNT} --filter "
        "SERVICE_CONTROL_POLICY\n"
    )
    assert (step.commands.apply, step.commands.undo, step.console_steps) == ("", "", ())


@pytest.mark.parametrize(("caller", "advised"), [(USER, True), (ELSEWHERE, False)])
def test_nobody_of_another_account_can_administer_a_key(caller, advised):
    """Source: AWS KMS Developer Guide, "AWS KMS permissions", cross-account use."""
    (step,) = audit(denied("PutKeyPolicy", None, caller)).plan
    assert (ADMINISTRATION in step.reasons) == advised


def test_callers_whom_different_statements_deny_have_different_causes():
    """A statement can have the name of a caller in its Sid."""
    names = ("alice", "bob")
    users = [f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in names]
    statements = [
        {"Sid": f"No key use for {name} here", "Effect": "Deny", "Principal": {"AWS": user},
         "Action": "kms:*", "Resource": "*"}
        for name, user in zip(names, users, strict=True)
    ]  # fmt: skip
    report = audit(
        *(denied("Decrypt", "deny resource", user, eventID=user) for user in users),
        **bound(DELEGATES, *statements),
    )
    text = " ".join(report.to_text().split())
    for name in names:
        sentence = f'statement "No key use for {name} here", denied {name} kms:Decrypt'
        assert sentence in text
        assert [step.reasons[0] for step in report.plan if sentence in step.reasons[0]]


def test_callers_with_one_name_are_counted_one_by_one():
    users = [f"arn:aws:iam::{account}:user/alice" for account in (ACCOUNT, OTHER)]
    report = audit(*(denied("Decrypt", "deny resource", one, eventID=one) for one in users))
    assert "denied alice (2 callers) kms:Decrypt" in " ".join(report.to_text().split())
    (step,) = report.plan
    assert step.reasons[1] == "This is the cause for 1 more caller."


def by_users(reason, name, number, *, action="Decrypt", minutes=0, policy=""):
    """Return a denied call of each of several users, some minutes apart."""
    users = [f"arn:aws:iam::{ACCOUNT}:user/{name}-{one}" for one in range(number)]
    return [
        denied(action, reason, user, policy=policy, eventID=user, sourceIPAddress="192.0.2.1",
               eventTime=f"2026-05-18T07:{minutes * at:02}:00Z")
        for at, user in enumerate(users)
    ]  # fmt: skip


BY_SCP = "A service control policy denied {} kms:Decrypt, so no change of the key policy can help."


SCPS = [f"arn:aws:organizations::{OTHER}:policy/o-a1b2c3d4e5/service_control_policy/p-{one}"
        for one in ("11111111", "22222222")]  # fmt: skip


BY_DENY = "A Deny in the key policy denied {} kms:Decrypt, and a Deny wins over every Allow."


DIRECTLY = (
    "{} called kms:CreateGrant directly, and the grants statement allows it only to AWS services "
    "(kms:GrantIsForAWSResource)."
)


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        (by_users("scp", "user", 30), [("other_policy", BY_SCP, 29, 1)]),
        (by_users("scp", "user", 2), [("other_policy", BY_SCP, 1, 1)]),
        (by_users("deny resource", "user", 30), [("explicit_deny", BY_DENY, 29, 1)]),
        # The messages name two policies.
        ([*by_users("scp", "user", 30, policy=SCPS[0]),
          *by_users("scp", "other", 20, policy=SCPS[1])],
         [("other_policy", BY_SCP, 29, 1), ("other_policy-2", BY_SCP, 19, 1)]),
        # Each caller has a command that looks up its calls.
        (by_users(None, "user", 30, action="CreateGrant", minutes=1),
         [("direct_grant_call", DIRECTLY, 29, 11)]),
    ],
)  # fmt: skip
def test_one_cause_of_many_callers_on_one_key_is_one_step(calls, expected):
    report = audit(*calls)
    callers = [finding.principal.user_name for finding in report.findings]
    found = {step.id: step for step in report.plan if step.kind == "investigate"}
    assert {*found} == {f"investigate-{KEY_ID}-{cause}" for cause, *_ in expected}
    assert sum(len(step.findings) for step in found.values()) == len(callers)
    for cause, sentence, more, commands in expected:
        step = found[f"investigate-{KEY_ID}-{cause}"]
        assert step.reasons[0] in map(sentence.format, callers)
        others = "1 more caller" if more == 1 else f"{more} more callers"
        assert step.reasons[1] == f"This is the cause for {others}."
        assert len(step.commands.verify.splitlines()) == commands


def test_callers_with_one_cause_on_one_key_share_an_investigate_step():
    """An SCP denied the same action to two callers: each sentence and command is there once."""
    report = audit(
        denied("PutKeyPolicy", None, sourceIPAddress="192.0.2.1"),
        denied("PutKeyPolicy", None, USER, sourceIPAddress="192.0.2.1", eventID="e2"),
        denied("EnableKey", None, USER, sourceIPAddress="192.0.2.1", eventID="e3"),
        denied("PutKeyPolicy", None, key=OTHER_KEY, sourceIPAddress="192.0.2.1", eventID="e4"),
    )
    first, second = report.plan
    assert first.id == f"investigate-{KEY_ID}-unknown"
    assert second.id == f"investigate-{KEY_ID.replace('1234abcd', '5678abcd')}-unknown"
    assert first.text == "Find out why kms:PutKeyPolicy, kms:EnableKey were denied."
    assert set(first.principals) == {ROLE, USER}
    assert len(first.findings) == 2
    assert first.reasons[-1] == ADMINISTRATION
    assert len(first.reasons) == len(set(first.reasons))
    lines = first.commands.verify.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["aws", "cloudtrail", "lookup-events"], ["aws", "kms", "get-key-policy"],
        ["aws", "kms", "describe-key"],
    ]  # fmt: skip
