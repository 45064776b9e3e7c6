"""A step applied to a key policy: the smallest change, its patch, and what it proves."""

import copy
import json
from dataclasses import replace
from fnmatch import fnmatchcase

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebs_kms_audit import UsageError
from ebs_kms_audit.aws.kms_actions import kms_actions
from ebs_kms_audit.policy import KeyPolicy
from tests.plan.console_policy import (
    BOTH,
    CARLA,
    DENY,
    DENY_SIGN,
    DIANA,
    GRANTS,
    ROOT,
    STEP,
    USAGE,
    plain,
    policy,
    sids_with,
    step_of,
)
from tests.records import ACCOUNT, AUTO_SCALING, KEY_ARN, ROLE


@pytest.mark.parametrize(
    ("before", "operations", "sids"),
    [
        # The console's two statements: the principal joins both lists.
        (policy(ROOT, USAGE, GRANTS),
         [("add", "/Statement/1/Principal/AWS/-"), ("add", "/Statement/2/Principal/AWS/-")], BOTH),
        # A single principal becomes a list of two.
        (policy(ROOT, USAGE | {"Principal": {"AWS": CARLA}}, GRANTS),
         [("replace", "/Statement/1/Principal/AWS"), ("add", "/Statement/2/Principal/AWS/-")],
         BOTH),
        # Whatever the Sid and the spelling: what a statement does counts.
        (policy(ROOT, USAGE | {"Sid": "users", "Action": ["kms:encrypt", "KMS:Decrypt",
                "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey*",
                "kms:DescribeKey"]},
                GRANTS | {"Sid": "grants", "Condition": {"bool": {"kms:grantisforawsresource":
                                                                  True}}}),
         [("add", "/Statement/1/Principal/AWS/-"), ("add", "/Statement/2/Principal/AWS/-")],
         ["users", "grants"]),
        # Fewer actions than documented, but all that are needed.
        (policy(ROOT, USAGE | {"Action": ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"]},
                GRANTS | {"Action": "kms:CreateGrant"}),
         [("add", "/Statement/1/Principal/AWS/-"), ("add", "/Statement/2/Principal/AWS/-")], BOTH),
        # Nothing that serves: the documented statements are added at the end.
        (policy(ROOT), [("add", "/Statement/-"), ("add", "/Statement/-")], BOTH),
        (policy(ROOT, USAGE | {"Action": ["kms:Decrypt"]}, GRANTS),
         [("add", "/Statement/-"), ("add", "/Statement/2/Principal/AWS/-")],
         ["Allow attachment of persistent resources", "Allow use of the key 2"]),
        (policy(ROOT, USAGE | {"Action": [*USAGE["Action"], "kms:PutKeyPolicy"]}, GRANTS),
         [("add", "/Statement/-"), ("add", "/Statement/2/Principal/AWS/-")],
         ["Allow attachment of persistent resources", "Allow use of the key 2"]),
        (policy(ROOT, USAGE, GRANTS | {"Condition": {}}),
         [("add", "/Statement/1/Principal/AWS/-"), ("add", "/Statement/-")],
         ["Allow use of the key", "Allow attachment of persistent resources 2"]),
        (policy(ROOT, USAGE | {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
                GRANTS),
         [("add", "/Statement/-"), ("add", "/Statement/2/Principal/AWS/-")],
         ["Allow attachment of persistent resources", "Allow use of the key 2"]),
        (policy(ROOT, USAGE | {"Principal": {"Service": "ec2.amazonaws.com"}}, GRANTS),
         [("add", "/Statement/-"), ("add", "/Statement/2/Principal/AWS/-")],
         ["Allow attachment of persistent resources", "Allow use of the key 2"]),
        # A value is compared in any case, as the operator Bool does.
        (policy(ROOT, USAGE, GRANTS | {"Condition": {"Bool": {"kms:GrantIsForAWSResource":
                                                              "TRUE"}}}),
         [("add", "/Statement/1/Principal/AWS/-"), ("add", "/Statement/2/Principal/AWS/-")], BOTH),
        # The first of several that serve; a condition on one of them makes the other the first.
        (policy(ROOT, USAGE, USAGE | {"Sid": "more"}, GRANTS, GRANTS | {"Sid": "others"}),
         [("add", "/Statement/1/Principal/AWS/-"), ("add", "/Statement/3/Principal/AWS/-")], BOTH),
        (policy(USAGE | {"Sid": "office", "Condition": {"StringEquals": {"aws:x": "y"}}}, USAGE,
                GRANTS | {"Condition": {}}, GRANTS | {"Sid": "grants"}, ROOT),
         [("add", "/Statement/1/Principal/AWS/-"), ("add", "/Statement/3/Principal/AWS/-")],
         ["Allow use of the key", "grants"]),
        # A principal in the second of them is there already.
        (policy(ROOT, USAGE, USAGE | {"Sid": "more", "Principal": {"AWS": ROLE}}, GRANTS),
         [("add", "/Statement/3/Principal/AWS/-")],
         ["more", "Allow attachment of persistent resources"]),
        # A Sid that is taken gets the next number.
        (policy(ROOT, *(DENY_SIGN | {"Sid": f"Allow use of the key{n}"} for n in ("", " 2", " 4"))),
         [("add", "/Statement/-"), ("add", "/Statement/-")],
         ["Allow use of the key 3", "Allow attachment of persistent resources"]),
        # What is there already is not added again.
        (policy(ROOT, USAGE | {"Principal": {"AWS": [CARLA, ROLE]}}, GRANTS),
         [("add", "/Statement/2/Principal/AWS/-")], BOTH),
    ],
)  # fmt: skip
def test_the_smallest_change(before, operations, sids):
    untouched = copy.deepcopy(before)
    applied = STEP.apply(before)
    assert before == untouched
    assert [(one["op"], one["path"]) for one in applied.patch] == operations
    assert sids_with(applied.document, ROLE) == sids
    assert jsonpatch.apply_patch(plain(before), list(applied.patch)) == applied.document
    again = STEP.apply(applied.document)
    assert (again.changed, again.document) == (False, applied.document)
    assert applied.proof.cures
    assert applied.proof.gives_nothing_else


def test_a_policy_of_one_statement_becomes_one_of_several():
    before = {"Version": "2012-10-17", "Statement": USAGE}
    applied = STEP.apply(before)
    joined = USAGE | {"Principal": {"AWS": [CARLA, DIANA, ROLE]}}
    assert applied.document["Statement"] == [joined, GRANTS | {"Principal": {"AWS": ROLE}}]
    assert [(one["op"], one["path"]) for one in applied.patch] == [
        ("add", "/Statement/Principal/AWS/-"), ("replace", "/Statement"),
    ]  # fmt: skip
    assert jsonpatch.apply_patch(before, list(applied.patch)) == applied.document
    assert STEP.apply(applied.document).patch == ()


def without(statement, name, **fields):
    return {key: value for key, value in statement.items() if key != name} | fields


ALL_BUT_USAGE = [
    name for action in kms_actions() for name in action.iam_actions
    if not any(fnmatchcase(name, pattern) for pattern in USAGE["Action"])
]  # fmt: skip


@pytest.mark.parametrize(
    "odd",
    [
        USAGE | {"Effect": "Deny", "Principal": {"AWS": [CARLA]}},
        USAGE | {"Effect": "allow"},
        without(USAGE, "Action", NotAction=["kms:PutKeyPolicy"]),
        without(USAGE, "Action", NotAction=ALL_BUT_USAGE),
        without(USAGE, "Action"),
        without(USAGE, "Principal", NotPrincipal={"AWS": [ROLE]}),
        without(USAGE, "Resource", NotResource="*"),
        without(USAGE, "Resource"),
        USAGE | {"Resource": "arn:aws:kms:us-east-1:444455556666:key/x"},
        USAGE | {"Resource": KEY_ARN},
        USAGE | {"Principal": {"AWS": [CARLA], "Service": "ec2.amazonaws.com"}},
        USAGE | {"Principal": {"AWS": [CARLA, "AIDACKCEVSQ6C2EXAMPLE"]}},
        USAGE | {"Sid": 7},
        USAGE | {"Comment": "not an element"},
    ],
)
def test_a_statement_that_says_more_or_less_is_never_joined(odd):
    applied = STEP.apply(policy(ROOT, odd, GRANTS))
    assert applied.document["Statement"][1] == odd
    assert [(one["op"], one["path"]) for one in applied.patch] == [
        ("add", "/Statement/-"), ("add", "/Statement/2/Principal/AWS/-"),
    ]  # fmt: skip


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}, {"AWS": [CARLA, "*"]}])
def test_a_statement_for_everyone_gives_it_already(principal):
    before = policy(ROOT, USAGE | {"Principal": principal}, GRANTS)
    assert [one["path"] for one in STEP.apply(before).patch] == ["/Statement/2/Principal/AWS/-"]


def test_nobody_joins_a_statement_for_everyone_that_a_deny_takes_away():
    everyone = USAGE | {"Principal": {"AWS": [CARLA, "*"]}}
    applied = STEP.apply(policy(ROOT, everyone, GRANTS, DENY))
    assert applied.document["Statement"][1] == everyone


def test_a_caller_whom_a_second_statement_names_is_not_added_to_the_first():
    own = {"Principal": {"AWS": ROLE}}
    before = policy(ROOT, USAGE, USAGE | own | {"Sid": "second"}, GRANTS | own, DENY)
    assert STEP.apply(before).patch == ()  # the Deny is what has to go


def test_parts_that_a_document_shares_are_changed_once():
    """A document of Python or of YAML can hold one object in two statements."""
    shared = {"AWS": [CARLA]}
    limited = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    before = policy(
        ROOT, USAGE | {"Principal": shared, "Sid": "org", "Condition": limited},
        USAGE | {"Principal": shared}, GRANTS | {"Principal": shared},
    )  # fmt: skip
    applied = STEP.apply(before)
    assert sids_with(applied.document, ROLE) == BOTH
    assert plain(before)["Statement"][1]["Principal"] == {"AWS": [CARLA]}
    assert applied.patch == (
        {"op": "add", "path": "/Statement/2/Principal/AWS/-", "value": ROLE},
        {"op": "add", "path": "/Statement/3/Principal/AWS/-", "value": ROLE},
    )


def test_a_step_is_shown_and_compared_without_what_apply_needs():
    assert "KeyPolicyChange" not in repr(STEP)
    assert replace(STEP, change=None) == STEP


def test_a_step_that_can_name_nobody_has_no_document():
    who = {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/x"}
    step = step_of(userIdentity=who)
    assert step.statements[0]["Principal"]["AWS"] == "REPLACE-WITH-THE-ROLE-ARN"
    assert step.apply(policy(ROOT)).document is None


@pytest.mark.parametrize(
    "fields",
    [
        {"sourceIPAddress": "198.51.100.7"},  # a direct CreateGrant
        {"errorMessage": f"User: {ROLE} is not authorized to perform: kms:CreateGrant on resource: "
                         f"{KEY_ARN} with an explicit deny in a service control policy"},
    ],
)  # fmt: skip
def test_only_a_key_policy_step_can_be_applied(fields):
    with pytest.raises(UsageError, match="does not change a key policy"):
        step_of(**fields).apply(policy(ROOT))


def test_a_service_linked_role_is_added_as_such():
    who = {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/x/AutoScaling",
           "sessionContext": {"sessionIssuer": {"type": "Role", "arn": AUTO_SCALING}}}  # fmt: skip
    applied = step_of(userIdentity=who).apply(policy(ROOT, USAGE, GRANTS))
    assert applied.disposition == "safe"
    assert sids_with(applied.document, AUTO_SCALING) == BOTH


PRINCIPALS = st.one_of(
    st.just("*"),
    st.fixed_dictionaries({"AWS": st.one_of(
        st.sampled_from(["*", CARLA, ROLE, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT]),
        st.lists(st.sampled_from([CARLA, DIANA, ROLE, "AROA2NCBAL3RPBAGXM7CZ"]), max_size=3),
    )}),
    st.just({"Service": "ec2.amazonaws.com"}),
)  # fmt: skip
ACTIONS = st.lists(
    st.sampled_from(["kms:*", "kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant",
                     "kms:ReEncrypt*", "kms:Describe*", "kms:PutKeyPolicy", "kms:Encrypt"]),
    min_size=1, max_size=5,
)  # fmt: skip
CONDITIONS = st.sampled_from(
    [None, {}, {"Bool": {"kms:GrantIsForAWSResource": "true"}},
     {"StringEquals": {"kms:CallerAccount": ACCOUNT}},
     {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}]
)  # fmt: skip


@st.composite
def statements(draw):
    statement = {
        "Sid": draw(st.sampled_from(["a", "b", "Allow use of the key"])),
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"])),
        "Principal": draw(PRINCIPALS),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(ACTIONS),
        "Resource": "*",
    }
    condition = draw(CONDITIONS)
    return statement | ({} if condition is None else {"Condition": condition})


@given(st.lists(statements(), max_size=5))
def test_whatever_the_policy_a_fix_takes_nothing_and_gives_only_what_was_meant(generated):
    document = policy(*generated)
    before = copy.deepcopy(document)
    applied = STEP.apply(document)
    assert document == before
    assert jsonpatch.apply_patch(before, list(applied.patch)) == applied.document
    assert not STEP.apply(applied.document).changed
    assert applied.proof.gives_nothing_else
    assert applied.document["Statement"][: len(generated)] == [
        statement | {"Principal": now["Principal"]}
        for statement, now in zip(generated, applied.document["Statement"], strict=False)
    ]
    if applied.disposition == "safe":
        assert applied.proof.cures
        assert KeyPolicy.from_dict(applied.document).faults == ()
    if not any(one["Effect"] == "Deny" for one in generated):
        assert applied.proof.cures


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_a_statement_of_any_shape_is_left_alone(odd):
    document = policy(ROOT, odd)
    applied = STEP.apply(json.loads(json.dumps(document)))
    assert applied.document["Statement"][:2] == [ROOT, odd]
