"""The proof of a change: what it gives, what it takes, and which denied calls it cures.

Sources: AWS KMS Developer Guide, "Key policies in AWS KMS", "AWS KMS condition keys"
(kms:GrantIsForAWSResource, kms:CallerAccount); IAM User Guide, "Policy evaluation logic", "AWS JSON
policy elements: Principal".
"""

import pytest

from ebs_kms_audit.diagnosis.layers import Layers
from ebs_kms_audit.model import StatementKind
from ebs_kms_audit.plan.change import CuredDenial, Permission, Proof
from ebs_kms_audit.plan.needs import Need, WantedStatement
from ebs_kms_audit.plan.proof import ChangeJudge
from ebs_kms_audit.policy import KeyPolicy
from tests.records import ACCOUNT, KEY_ARN, ROLE, audit, record

OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
USER = f"arn:aws:iam::{ACCOUNT}:user/bob"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/s1"
ANOTHER_SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/s2"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/eve"
FOREIGN = "arn:aws:iam::444455556666:role/far"
UNKNOWN = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
FOR_SERVICE = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
SERVICE, DIRECT = "called by an AWS service", "called directly"


def allow(*principals, action="kms:Decrypt", condition=None, **fields):
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": action,
                 "Resource": "*"} | fields  # fmt: skip
    return statement | ({"Condition": condition} if condition else {})


def deny(*principals, **fields):
    return allow(*principals, **fields) | {"Effect": "Deny"}


def judge(before, after, layers=None):
    documents = [{"Version": "2012-10-17", "Statement": one} for one in (before, after)]
    old, new = map(KeyPolicy.from_dict, documents)
    return ChangeJudge(old, new, KEY_ARN, layers or Layers())


def given(permissions):
    return [(one.principal, one.action, one.condition) for one in permissions]


DECRYPT = [(ROLE, "kms:Decrypt", None)]


@pytest.mark.parametrize(
    ("before", "after", "newly", "lost"),
    [
        ([], [allow(ROLE)], DECRYPT, []),
        ([allow(ROLE)], [], [], DECRYPT),
        ([allow(ROLE)], [allow(ROLE)], [], []),
        # What is not known counts on the careful side.
        ([], [allow(ROLE, condition=UNKNOWN)], DECRYPT, []),
        ([allow(ROLE, condition=UNKNOWN)], [allow(ROLE)], DECRYPT, []),
        ([allow(ROLE, condition=UNKNOWN)], [], [], DECRYPT),
        ([allow(ROLE)], [allow(ROLE, condition=UNKNOWN)], [], DECRYPT),
        ([allow(ROLE)], [allow(ROLE), deny(ROLE, condition=UNKNOWN)], [], DECRYPT),
        ([allow(ROLE), deny(ROLE)], [allow(ROLE), deny(ROLE, condition=UNKNOWN)], DECRYPT, []),
        ([allow(ROLE), deny(ROLE)], [allow(ROLE)], DECRYPT, []),
        # Grants are judged for a call by a service and for a direct call.
        ([], [allow(ROLE, action="kms:CreateGrant", condition=FOR_SERVICE)],
         [(ROLE, "kms:CreateGrant", SERVICE)], []),
        ([], [allow(ROLE, action="kms:CreateGrant")],
         [(ROLE, "kms:CreateGrant", SERVICE), (ROLE, "kms:CreateGrant", DIRECT)], []),
        ([allow(ROLE, action="kms:CreateGrant", condition=FOR_SERVICE)],
         [allow(ROLE, action="kms:CreateGrant")], [(ROLE, "kms:CreateGrant", DIRECT)], []),
        # Every action that the pattern covers.
        ([], [allow(ROLE, action="kms:ReEncrypt*")],
         [(ROLE, "kms:ReEncryptFrom", None), (ROLE, "kms:ReEncryptTo", None)], []),
        # Everyone whom one of the documents names.
        ([], [allow(ROLE, USER, ROOT)],
         [(ROLE, "kms:Decrypt", None), (USER, "kms:Decrypt", None), (ROOT, "kms:Decrypt", None)],
         []),
        ([], [allow(ACCOUNT)], [(ROOT, "kms:Decrypt", None)], []),
        ([allow(OTHER)], [allow(ROLE)], DECRYPT, [(OTHER, "kms:Decrypt", None)]),
        ([allow(SESSION)], [], [], [(SESSION, "kms:Decrypt", None)]),
        ([], [allow(FEDERATED)], [(FEDERATED, "kms:Decrypt", None)], []),
        ([allow(Principal={"Service": "ec2.amazonaws.com"})], [], [],
         [("ec2.amazonaws.com", "kms:Decrypt", None)]),
        # A session of a role that the new document names has the permission still.
        ([allow(SESSION)], [allow(ROLE.replace("ci/", ""))],
         [(ROLE.replace("ci/", ""), "kms:Decrypt", None)], []),
        ([allow(SESSION, ANOTHER_SESSION)], [allow(SESSION)], [],
         [(ANOTHER_SESSION, "kms:Decrypt", None)]),
        # A deleted principal, and a group, cannot call.
        ([allow("AIDACKCEVSQ6C2EXAMPLE", f"arn:aws:iam::{ACCOUNT}:group/ops")], [], [], []),
        # Two who are named alike are judged apart where a condition or a variable can tell them
        # apart, in the old document or in the new one.
        ([], [allow(ROLE, OTHER, condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})],
         DECRYPT, []),
        ([], [allow(OTHER, ROLE, condition={"ArnEquals": {"AWS:principalarn": ROLE}})],
         DECRYPT, []),
        ([allow(ROLE, OTHER, condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})], [], [],
         DECRYPT),
        ([], [allow(USER, ROLE.replace(":role/", ":user/"),
                    condition={"StringEquals": {"aws:username": "bob"}})],
         [(USER, "kms:Decrypt", None)], []),
        # Two who are named alike in one document, and not in the other.
        ([], [allow(ROLE), deny(OTHER)], DECRYPT, []),
        ([], [deny(OTHER), allow(OTHER, ROLE)], DECRYPT, []),
        ([allow(ROLE), deny(OTHER)], [], [], DECRYPT),
        ([allow(OTHER, ROLE), deny(OTHER)], [], [], DECRYPT),
        # Two accounts differ in kms:CallerAccount.
        ([], [allow(FOREIGN, ROLE, condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}})],
         DECRYPT, []),
        # A user and a role.
        ([allow(USER, ROLE)], [allow(USER, ROLE), deny(ROLE)], [], DECRYPT),
        ([allow(USER, ROLE)], [allow(ROLE)], [], [(USER, "kms:Decrypt", None)]),
    ],
)  # fmt: skip
def test_what_a_change_gives_and_takes(before, after, newly, lost):
    proof = judge(before, after).prove([], [])
    assert given(proof.newly_allowed) == newly
    assert given(proof.lost) == lost


@pytest.mark.parametrize(
    ("key", "root"),
    [
        (KEY_ARN, ROOT),
        (KEY_ARN.replace("arn:aws:", "arn:aws-cn:"), ROOT.replace("arn:aws:", "arn:aws-cn:")),
        (None, ROOT),
    ],
)
def test_an_account_id_is_the_account_in_the_partition_of_the_key(key, root):
    """IAM User Guide, "AWS JSON policy elements: Principal": the id is short for `:root`."""
    before, after = (
        KeyPolicy.from_dict({"Version": "2012-10-17", "Statement": one})
        for one in ([], [allow(ACCOUNT)])
    )
    proof = ChangeJudge(before, after, key).prove([], [])
    assert given(proof.newly_allowed) == [(root, "kms:Decrypt", None)]


def test_principals_who_cannot_call_kms_are_left_out():
    proof = judge([allow(OTHER), allow(USER)], []).prove([], [], ignored=[OTHER])
    assert given(proof.lost) == [(USER, "kms:Decrypt", None)]


def wanted(*principals, actions=("kms:Decrypt",), condition=None):
    return WantedStatement(
        kind=StatementKind.USAGE, need=Need.DENIED, needed=tuple(actions), principals=principals,
        sid="x", actions=tuple(actions), condition=condition,
    )  # fmt: skip


GRANT = ("kms:CreateGrant",)


@pytest.mark.parametrize(
    ("statement", "meant", "expected"),
    [
        (allow(ROLE), [wanted(ROLE)], {None: True}),
        (allow(ROLE), [], {None: False}),
        (allow(ROLE), [wanted(OTHER)], {None: False}),
        (allow(ROLE), [wanted(OTHER), wanted(ROLE)], {None: True}),
        (allow(ROLE), [wanted(ROLE, actions=["kms:Encrypt"])], {None: False}),
        (allow(ROLE), [wanted(ROLE, actions=["kms:De*"])], {None: True}),
        # A permission that the condition of the wanted statement does not give is not meant.
        (allow(ROLE, action=GRANT[0]), [wanted(ROLE, actions=GRANT, condition=FOR_SERVICE)],
         {SERVICE: True, DIRECT: False}),
        (allow(ROLE, action=GRANT[0]), [wanted(ROLE, actions=GRANT)],
         {SERVICE: True, DIRECT: True}),
        (allow(ROLE, action=GRANT[0]), [wanted(ROLE, actions=GRANT, condition=UNKNOWN)],
         {SERVICE: True, DIRECT: True}),
        # A session is meant where its role is.
        (allow(SESSION), [wanted(ROLE)], {None: True}),
        (allow(SESSION), [wanted(OTHER)], {None: False}),
        (allow(SESSION), [wanted(OTHER, ROLE)], {None: True}),
        (allow(SESSION), [wanted(ROLE, USER)], {None: True}),
        # Neither is meant where only their account is.
        (allow(SESSION), [wanted(ROOT)], {None: False}),
        (allow(ROLE), [wanted(ROOT)], {None: False}),
    ],
)  # fmt: skip
def test_what_was_meant(statement, meant, expected):
    proof = judge([], [statement]).prove([], meant)
    assert {one.condition: one.expected for one in proof.newly_allowed} == expected
    assert proof.gives_nothing_else == all(expected.values())


GIVEN = Permission(principal=ROLE, action="kms:Decrypt", condition=None, expected=True)


def cured(value):
    return CuredDenial(
        event_id="e", action="kms:Decrypt", before="missing_allow", after="allowed_now", cured=value
    )


@pytest.mark.parametrize(
    ("denials", "newly", "lost", "cures", "nothing_else"),
    [
        ([True], [True], 0, True, True),
        ([], [], 0, False, True),
        ([True, False], [True, False], 0, False, False),
        ([True, None], [False], 0, False, False),
        ([True, True], [True, True], 1, True, False),
    ],
)
def test_what_a_proof_says(denials, newly, lost, cures, nothing_else):
    proof = Proof(
        denials=tuple(map(cured, denials)),
        newly_allowed=tuple(
            Permission(principal=ROLE, action="kms:Decrypt", condition=None, expected=one)
            for one in newly
        ),
        lost=(GIVEN,) * lost,
    )
    assert (proof.cures, proof.gives_nothing_else) == (cures, nothing_else)


def denials(*records):
    return [denial for finding in audit(*records).findings for denial in finding.denials]


def cures(proof):
    return [
        (one.event_id, one.action, str(one.before), str(one.after), one.cured)
        for one in proof.denials
    ]


def test_each_denied_action_is_judged_before_and_after():
    denied = denials(
        record(eventName="ReEncrypt", eventID="e1", errorMessage="absent"),
        record(eventName="Decrypt", eventID="e2", eventTime="2026-05-18T07:00:35Z",
               errorMessage="absent"),
    )  # fmt: skip
    after = [allow(ROLE, action=["kms:ReEncryptFrom", "kms:Decrypt"], condition=None),
             deny(ROLE, condition=UNKNOWN)]  # fmt: skip
    assert cures(judge([], after).prove(denied, [])) == [
        ("e1", "kms:ReEncryptFrom", "missing_allow", "allowed_now", True),
        ("e1", "kms:ReEncryptTo", "missing_allow", "missing_allow", False),
        ("e2", "kms:Decrypt", "missing_allow", "undecided", None),
    ]


def test_who_was_denied_is_judged_though_no_document_names_them():
    proof = judge([], [allow("*")]).prove(denials(record()), [])
    assert given(proof.newly_allowed) == DECRYPT


def test_a_denial_that_does_not_name_the_key_is_judged_on_the_key_of_the_change():
    limited = allow(ROLE, action="kms:CreateGrant", Resource=KEY_ARN)
    elsewhere = allow(ROLE, action="kms:CreateGrant", Resource=KEY_ARN.replace("1234a", "5678a"))
    denied = denials(record(errorMessage="absent"))
    assert denied[0].key.arn is None
    proof = judge([elsewhere], [limited]).prove(denied, [])
    assert cures(proof) == [
        ("event-0", "kms:CreateGrant", "missing_allow", "allowed_now", True)
    ]  # fmt: skip


@pytest.mark.parametrize("key", [None, KEY_ARN])
def test_a_denial_that_names_the_key_is_judged_on_it(key):
    limited = {"Version": "2012-10-17", "Statement": [
        allow(ROLE, action="kms:CreateGrant", Resource=KEY_ARN)]}  # fmt: skip
    before, after = KeyPolicy.from_dict(limited | {"Statement": []}), KeyPolicy.from_dict(limited)
    proof = ChangeJudge(before, after, key).prove(denials(record()), [])
    assert cures(proof) == [
        ("event-0", "kms:CreateGrant", "missing_allow", "allowed_now", True)
    ]  # fmt: skip


def test_the_policies_beside_the_key_policy_count():
    denied = denials(record())
    fence = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*",
                                                     "Resource": "*"}]}  # fmt: skip
    after = [allow(ROLE, action="kms:CreateGrant")]
    assert cures(judge([], after, Layers(boundary=(fence,))).prove(denied, [])) == [
        ("event-0", "kms:CreateGrant", "explicit_deny", "explicit_deny", False)
    ]


# A Deny for another account, and what is lost for callers of both accounts. Principals of one
# account that the policies name alike are judged once.
@pytest.mark.parametrize("key", ["aws:PrincipalAccount", "AWS:PRINCIPALACCOUNT"])
def test_a_deny_by_account_takes_from_one_account_only(key):
    fence = deny("*", condition={"StringNotEquals": {key: ACCOUNT}})
    everyone = allow(ROLE, OTHER, FOREIGN, USER)
    proof = judge([everyone], [everyone, fence]).prove([], [])
    assert given(proof.lost) == [(FOREIGN, "kms:Decrypt", None)]
    assert proof.newly_allowed == ()


@pytest.mark.parametrize(("key", "value"), [("aws:PrincipalArn", ROLE), ("AWS:PrincipalArn", ROLE)])
def test_a_deny_by_principal_takes_from_one_principal_of_an_account(key, value):
    fence = deny("*", condition={"ArnEquals": {key: value}})
    everyone = allow(OTHER, ROLE)
    proof = judge([everyone], [everyone, fence]).prove([], [])
    assert given(proof.lost) == DECRYPT


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        ([allow(ROOT), deny(USER)], "undecided"),
        ([allow(ROLE)], "undecided"),
        ([deny("*")], "explicit_deny"),
    ],
)
def test_a_caller_of_whom_only_the_account_is_known_can_be_anyone_in_it(policy, verdict):
    identity = {"type": "AWSAccount", "accountId": ACCOUNT, "principalId": "AROA2NCBAL3RPBAGXM7CZ"}
    key = [{"ARN": KEY_ARN, "type": "AWS::KMS::Key"}]
    denied = record(
        eventName="Decrypt", userIdentity=identity, resources=key, errorMessage="absent"
    )
    ((denial,),) = (finding.denials for finding in audit(denied).findings)
    assert judge([], policy).after(denial).verdict == verdict
