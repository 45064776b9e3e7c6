"""What a changed key policy leaves in doubt, sentence by sentence, for documents before and after.

Sources: IAM User Guide, "Policy evaluation logic"; AWS KMS Developer Guide, "Allowing users in
other accounts to use a KMS key"; EC2 Auto Scaling User Guide, "Required KMS key policy for use with
encrypted volumes".
"""

from dataclasses import replace

import pytest

from ebs_kms_audit.diagnosis.layers import Layers
from ebs_kms_audit.model import StatementKind
from ebs_kms_audit.plan.change import Change
from ebs_kms_audit.plan.needs import Need, WantedStatement
from ebs_kms_audit.plan.proof import ChangeJudge
from ebs_kms_audit.plan.safety import doubts_on_change
from ebs_kms_audit.policy import KeyPolicy
from tests.incidents import FOREIGN_AUTO_SCALING, OTHER_ROOT, USE, denied, key_policy, statement
from tests.records import ACCOUNT, KEY_ARN, audit

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
VISITOR = "arn:aws:iam::444455556666:role/visitor"
THIRD_AUTO_SCALING = FOREIGN_AUTO_SCALING.replace("444455556666", "222233334444")
ONLY_EC2 = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
OWN = statement(f"arn:aws:iam::{ACCOUNT}:root", "kms:PutKeyPolicy", "own")
UNKNOWN = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
BOTH_UNKNOWN = UNKNOWN | {"StringEquals": {"aws:SourceVpc": "vpc-1"}}


def allow(*principals, action="kms:Decrypt", **fields):
    return statement(list(principals), action, "use", **fields)


def deny(*principals, action="kms:Decrypt", sid="fence", **fields):
    return statement(list(principals), action, sid, Effect="Deny", **fields)


def wanted(*principals, actions=("kms:Decrypt",)):
    return WantedStatement(
        kind=StatementKind.USAGE, need=Need.DENIED, needed=tuple(actions), principals=principals,
        sid="x", actions=tuple(actions), condition=None,
    )  # fmt: skip


def denials(*records):
    return [denial for finding in audit(*records).findings for denial in finding.denials]


def doubts(
    before, after, *records, meant=(), next_calls=(), layers=None, denied_calls=None, **more
):
    old, new = (KeyPolicy.from_dict(key_policy(OWN, *one)) for one in (before, after))
    judge = ChangeJudge(old, new, KEY_ARN, layers or Layers())
    found = denials(*records) if denied_calls is None else denied_calls
    proof = judge.prove(found, meant)
    change = Change(document=key_policy(OWN, *after), patch=(), **more)
    return list(
        doubts_on_change(
            judge, change, proof, old, new,
            wanted=meant, denials=found, next_calls=next_calls, key=KEY_ARN,
        )
    )  # fmt: skip


DECRYPT = denied("Decrypt")
WAS_DENIED = "kms:Decrypt by run-1 was denied"


@pytest.mark.parametrize(
    ("after", "layers", "doubt"),
    [
        ([allow(ROLE)], {}, None),
        ([], {}, f"{WAS_DENIED}, and is not proved to be allowed afterwards."),
        ([allow(ROLE), deny(ROLE)], {},
         f'{WAS_DENIED}, and key_policy statement "fence" denies it.'),
        ([allow(ROLE), deny(ROLE, sid=""), deny("*", sid="all")], {},
         f'{WAS_DENIED}, and key_policy statement "Statement", key_policy statement "all" denies '
         "it."),
        ([allow(ROLE, Condition=UNKNOWN)], {},
         f"{WAS_DENIED}. The result depends on aws:MultiFactorAuthPresent, which is not known."),
        ([allow(ROLE, Condition=BOTH_UNKNOWN)], {},
         f"{WAS_DENIED}. The result depends on aws:MultiFactorAuthPresent, aws:SourceVpc, which "
         "are not known."),
        ([allow(ROLE)], {"boundary": (key_policy(ONLY_EC2),)},
         f"{WAS_DENIED}, and a given policy does not allow it: permissions_boundary."),
        ([allow(ROLE)], {"boundary": (key_policy(ONLY_EC2),), "scps": (key_policy(ONLY_EC2),)},
         f"{WAS_DENIED}, and a given policy does not allow it: permissions_boundary, "
         "service_control_policies."),
        ([allow(f"arn:aws:iam::{ACCOUNT}:root")], {},
         f"{WAS_DENIED}. The result depends on identity_policies, which is not known."),
    ],
)  # fmt: skip
def test_what_becomes_of_a_denied_call(after, layers, doubt):
    found = doubts([], after, DECRYPT, meant=[wanted(ROLE)], layers=Layers(**layers))
    assert [one for one in found if one.startswith("kms:")] == ([doubt] if doubt else [])


IN_444455556666 = "It also needs an IAM policy in account 444455556666"


@pytest.mark.parametrize(
    ("layers", "doubt"),
    [
        ({}, f"{WAS_DENIED}. {IN_444455556666}, which was not given."),
        ({"iam_policies": {VISITOR: (key_policy(ONLY_EC2),)}},
         f"{WAS_DENIED}. {IN_444455556666}, and none that was given allows it."),
        ({"iam_policies": {VISITOR: (key_policy(ONLY_EC2 | {"Action": "*"}),)}}, None),
    ],
)  # fmt: skip
def test_what_becomes_of_a_denied_call_of_another_account(layers, doubt):
    call = denied("Decrypt", caller=VISITOR)
    found = doubts([], [allow(VISITOR)], call, meant=[wanted(VISITOR)], layers=Layers(**layers))
    assert found == ([doubt] if doubt else [])


def test_how_a_sentence_names_the_caller():
    (call,) = denials(DECRYPT)
    principal = call.principal
    for user_name, arn, name in (
        ("run-1", ROLE, "run-1"), (None, ROLE, ROLE), (None, None, "the caller"),
    ):  # fmt: skip
        one = replace(call, principal=replace(principal, user_name=user_name, arn=arn))
        (found,) = doubts([], [], denied_calls=[one])
        assert found.startswith(f"kms:Decrypt by {name} was denied, and")


@pytest.mark.parametrize("known", [True, False])
def test_the_account_of_the_iam_policy_is_named_where_it_is_known(known):
    (call,) = denials(denied("Decrypt", caller=VISITOR))
    if not known:
        principal = replace(call.principal, arn=None)
        call = replace(call, principal=principal, event=replace(call.event, account=None))
    (found,) = [
        one for one in doubts([], [allow("*")], denied_calls=[call]) if one.startswith("kms:")
    ]
    where = "account 444455556666" if known else "the caller's account"
    assert found == f"{WAS_DENIED}. It also needs an IAM policy in {where}, which was not given."


def test_a_call_that_is_needed_next():
    (call,) = denials(DECRYPT)
    following = replace(call, iam_actions=("kms:CreateGrant",), message=None)
    found = doubts([], [allow(ROLE)], DECRYPT, meant=[wanted(ROLE)], next_calls=[following])
    assert found == [
        "kms:CreateGrant by run-1 is needed next, and is not proved to be allowed afterwards."
    ]


def test_a_service_linked_role_of_another_account_needs_a_grant():
    calls = denials(*(
        denied("Decrypt", caller=role, eventID=role)
        for role in (FOREIGN_AUTO_SCALING, THIRD_AUTO_SCALING)
    ))  # fmt: skip
    roots = [OTHER_ROOT, OTHER_ROOT.replace("444455556666", "222233334444")]
    found = doubts([], [allow(*roots)], denied_calls=calls, meant=[wanted(*roots)],
                   next_calls=calls)  # fmt: skip
    assert sorted(found) == sorted([
        *(f"{WAS_DENIED}. The role also needs a grant that account {account} creates."
          for account in ("222233334444", "444455556666")),
        "The statements name accounts 222233334444 and 444455556666: each user and role there that "
        "has an IAM policy for the key can use it.",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # What nobody asked for, by principal.
        ([], [allow(ROLE, USER, action=["kms:Decrypt", "kms:Encrypt"])],
         [f"The change also allows kms:Encrypt to {ROLE}.",
          f"The change also allows kms:Encrypt and kms:Decrypt to {USER}."]),
        ([allow(USER)], [allow(ROLE)], [f"The change takes kms:Decrypt from {USER}."]),
        ([allow(USER, action=["kms:Decrypt", "kms:Sign"])], [allow(ROLE)],
         [f"The change takes kms:Decrypt from {USER}.", f"The change takes kms:Sign from {USER}."]),
        ([], [allow(ROLE)], []),
    ],
)  # fmt: skip
def test_what_a_change_does_to_others(before, after, expected):
    assert doubts(before, after, DECRYPT, meant=[wanted(ROLE)]) == expected


def test_the_remarks_of_a_change_and_a_changed_condition():
    found = doubts([], [allow(ROLE)], DECRYPT, meant=[wanted(ROLE)], remarks=("One.", "Two."),
                   conditions=True)  # fmt: skip
    assert found == ["One.", "Two.", "The change alters a condition of the key's owner."]


def takes(actions, name="run-1"):
    return f"A Deny takes {actions} from {name}, which the new statement allows."


@pytest.mark.parametrize(
    ("fence", "expected"),
    [
        (deny(ROLE, action="kms:DescribeKey"), [takes("kms:DescribeKey")]),
        (deny("*", action=["kms:DescribeKey", "kms:ReEncrypt*"]),
         [takes("kms:DescribeKey, kms:ReEncryptFrom and kms:ReEncryptTo")]),
        # What the denied calls need has its own sentence.
        (deny(ROLE, action=["kms:Decrypt", "kms:DescribeKey"]),
         [f'{WAS_DENIED}, and key_policy statement "fence" denies it.', takes("kms:DescribeKey")]),
        (deny(ROLE, action="kms:Decrypt"),
         [f'{WAS_DENIED}, and key_policy statement "fence" denies it.']),
        # An action that the new statement does not give, another caller, a Deny that is not
        # certain.
        (deny(ROLE, action="kms:Sign"), []),
        (deny(USER, action="kms:DescribeKey"), []),
        (deny(ROLE, action="kms:DescribeKey", Condition=UNKNOWN), []),
        (allow(USER, action="kms:DescribeKey"), []),
    ],
)  # fmt: skip
def test_a_deny_on_an_action_of_the_new_statement(fence, expected):
    meant = [wanted(ROLE, actions=USE)]
    found = doubts([fence], [fence, allow(ROLE, action=USE)], DECRYPT, meant=meant)
    assert found == expected


def test_a_deny_on_an_action_of_the_new_statement_for_each_caller():
    calls = [DECRYPT, denied("Decrypt", caller=USER, eventID="e2"),
             denied("Encrypt", caller=VISITOR, eventID="e3")]  # fmt: skip
    fence = deny("*", action="kms:DescribeKey")
    found = doubts([fence], [fence, allow(ROLE, USER, action=USE)], *calls,
                   meant=[wanted(ROLE, actions=USE), wanted(USER, actions=USE)])  # fmt: skip
    assert sorted(one for one in found if one.startswith("A Deny")) == [
        takes("kms:DescribeKey", "alice"), takes("kms:DescribeKey"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "key", "doubt"),
    [
        ([statement(OTHER_ROOT, "kms:*")], KEY_ARN,
         "The policy names account 444455556666, but not the key's own account 111122223333."),
        ([statement([VISITOR, "arn:aws:iam::222233334444:root"], "kms:*")], KEY_ARN,
         "The policy names accounts 222233334444 and 444455556666, but not the key's own account "
         "111122223333."),
        ([statement([VISITOR, ROLE], "kms:*")], KEY_ARN, None),
        ([statement("*", "kms:*")], KEY_ARN, None),
        ([statement({"Service": "ec2.amazonaws.com"}, "kms:*")], KEY_ARN, None),
        ([{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}], KEY_ARN, None),
        ([statement(OTHER_ROOT, "kms:*")], None, None),
    ],
)  # fmt: skip
def test_a_policy_of_another_account(statements, key, doubt):
    policy = KeyPolicy.from_dict(key_policy(*statements))
    judge = ChangeJudge(policy, policy, key)
    change = Change(document=key_policy(*statements), patch=())
    found = doubts_on_change(
        judge, change, judge.prove([], []), policy, policy,
        wanted=[], denials=[], next_calls=[], key=key,
    )  # fmt: skip
    assert [one for one in found if one.startswith("The policy names")] == [doubt][: bool(doubt)]
