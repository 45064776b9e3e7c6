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
from ebs_kms_audit.aws.kms_actions import KeyUse, kms_actions
from ebs_kms_audit.aws.statements import GRANT_ACTIONS, USAGE_ACTIONS
from ebs_kms_audit.policy import KeyPolicy
from tests.make_samples import SAMPLES
from tests.records import ACCOUNT, AUTO_SCALING, KEY_ARN, ROLE, audit, record

CARLA = f"arn:aws:iam::{ACCOUNT}:role/carla"
DIANA = f"arn:aws:iam::{ACCOUNT}:user/diana"
ROOT = {
    "Sid": "Enable IAM User Permissions",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
USAGE = {
    "Sid": "Allow use of the key",
    "Effect": "Allow",
    "Principal": {"AWS": [CARLA, DIANA]},
    "Action": list(USAGE_ACTIONS[KeyUse.SYMMETRIC]),
    "Resource": "*",
}
GRANTS = {
    "Sid": "Allow attachment of persistent resources",
    "Effect": "Allow",
    "Principal": {"AWS": [CARLA, DIANA]},
    "Action": list(GRANT_ACTIONS),
    "Resource": "*",
    "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
}


def policy(*statements):
    return {"Version": "2012-10-17", "Id": "key-consolepolicy-3", "Statement": list(statements)}


def step_of(**fields):
    return audit(record(**fields)).plan[0]


STEP = step_of()  # a recorded role, denied a CreateGrant through EC2 on a recorded key


def plain(document):
    """Return the document as JSON gives it: no part of it is shared."""
    return json.loads(json.dumps(document))


def sids_with(document, principal):
    found = []
    for statement in document["Statement"]:
        named = statement["Principal"].get("AWS", [])
        if principal in (named if isinstance(named, list) else [named]):
            found.append(statement["Sid"])
    return found


BOTH = ["Allow use of the key", "Allow attachment of persistent resources"]


DENY_SIGN = {"Effect": "Deny", "Principal": {"AWS": CARLA}, "Action": "kms:Sign", "Resource": "*"}


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


def test_safe_is_said_where_everything_is_known():
    applied = STEP.apply((SAMPLES / "key_policy.json").read_text(encoding="utf-8"))
    assert (applied.disposition, applied.reasons) == ("safe", ())
    allowed = {(one.principal, one.action, one.condition) for one in applied.proof.newly_allowed}
    usage = ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey",
             "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair",
             "GenerateDataKeyPairWithoutPlaintext", "DescribeKey")  # fmt: skip
    assert allowed == {(ROLE, f"kms:{name}", None) for name in usage} | {
        (ROLE, f"kms:{name}", "called by an AWS service")
        for name in ("CreateGrant", "ListGrants", "RevokeGrant")
    }
    assert applied.proof.lost == ()
    assert '+      "Sid": "Allow use of the key",' in applied.diff
    assert not any(line.startswith("-") for line in applied.diff.splitlines()[2:])


DENY = {"Sid": "fence", "Effect": "Deny", "Principal": {"AWS": ROLE}, "Action": "kms:*",
        "Resource": "*"}  # fmt: skip


NOT_PROVED = [
    "kms:CreateGrant by deploy-7f3a was denied",
    "kms:Decrypt by deploy-7f3a is needed next",
    "kms:GenerateDataKeyWithoutPlaintext by deploy-7f3a is needed next",
]
CONTRADICTS = (
    "The message says that no IAM policy allows kms:CreateGrant, but the given policy does not "
    "leave it to IAM policies."
)
LOCKED_OUT = (
    "KMS may reject the document. $.Statement: No principal can call kms:PutKeyPolicy, so nobody "
    "can change this policy again."
)
ELSEWHERE = "arn:aws:iam::444455556666:root"


@pytest.mark.parametrize(
    ("fields", "document", "reasons"),
    [
        ({"userIdentity": {"type": "AssumedRole",
                           "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/x"}}, policy(ROOT),
         ["The ARN of x is unknown.", "The key policy was not given."]),
        ({"userIdentity": {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}}, policy(USAGE),
         ["root: In a key policy this ARN means the whole account, not only the root user.",
          CONTRADICTS, LOCKED_OUT]),
        ({"errorMessage": "absent"}, policy(ROOT), ["The input does not name the key."]),
        ({}, policy(ROOT, DENY),
         [*(f'{what}, and key_policy statement "fence" denies it.' for what in NOT_PROVED),
          "A Deny takes kms:DescribeKey, kms:Encrypt, kms:GenerateDataKey, kms:GenerateDataKeyPair,"
          " kms:GenerateDataKeyPairWithoutPlaintext, kms:ReEncryptFrom, kms:ReEncryptTo, "
          "kms:ListGrants, kms:RevokeGrant from deploy-7f3a, which the new statement allows."]),
        ({}, policy(ROOT, DENY | {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}),
         [f"{what}. The result depends on aws:SourceVpce, which is not known."
          for what in NOT_PROVED]),
        ({"resources": [{"ARN": KEY_ARN.replace(ACCOUNT, "444455556666")}],
          "errorMessage": "absent"},
         policy(ROOT | {"Principal": {"AWS": ELSEWHERE}}),
         [f"{what}. It also needs an IAM policy in account {ACCOUNT}, which was not given."
          for what in NOT_PROVED]),
        ({}, policy(ROOT, USAGE | {"Principal": {"AWS": ["AIDACKCEVSQ6C2EXAMPLE"]}}),
         ["KMS may reject the document. $.Statement[1].Principal.AWS[0]: AIDACKCEVSQ6C2EXAMPLE: "
          "the user or role with this unique id was deleted."]),
        ({}, policy(ROOT, USAGE | {"Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:group/ops"]}}),
         ["KMS may reject the document. $.Statement[1].Principal.AWS[0]: arn:aws:iam::111122223333:"
          "group/ops: a group cannot be a principal."]),
        ({}, policy(ROOT | {"Principal": {"AWS": ELSEWHERE}}),
         ["The policy names account 444455556666, but not the key's own account 111122223333.",
          CONTRADICTS, LOCKED_OUT]),
        ({}, policy(ROOT | {"Principal": {"AWS": [ELSEWHERE, "555566667777"]}}),
         ["The policy names accounts 444455556666, 555566667777, but not the key's own account "
          "111122223333.", CONTRADICTS, LOCKED_OUT]),
        ({}, policy(ROOT | {"Principal": {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}}),
         [CONTRADICTS, "KMS may reject the document. $.Statement[0].Principal.AWS: The principal is"
          " in the partition aws-cn, and the key is in aws."]),
        ({}, policy(ROOT | {"Action": "kms:Decrypt"}), [CONTRADICTS, LOCKED_OUT]),
    ],
)  # fmt: skip
def test_review_says_each_thing_that_is_missing(fields, document, reasons):
    applied = step_of(**fields).apply(document)
    assert applied.disposition == "review"
    assert list(applied.reasons) == reasons


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
