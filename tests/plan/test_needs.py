"""Which statements the denied calls need, and what is never in a step.

Source of the two statements: AWS KMS Developer Guide, "Default key policy".
"""

import json

import pytest

from ebs_kms_audit import Step, StepKind
from ebs_kms_audit.plan.scripts import scripts
from tests.rows import CLIENT, HEADER, SESSION, audit, row

USER = "arn:aws:iam::111122223333:user/alice"
USAGE = {
    "Sid": "Allow use of the key",
    "Effect": "Allow",
    "Principal": {"AWS": USER},
    "Action": [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey",
    ],
    "Resource": "*",
}
GRANTS = {
    "Sid": "Allow attachment of persistent resources",
    "Effect": "Allow",
    "Principal": {"AWS": USER},
    "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
    "Resource": "*",
    "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
}
INFRASTRUCTURE = {
    "user_name": "i-0123456789abcdef0",
    "event_name": "Decrypt",
    "source_ip_address": "AWS Internal",
    "aws_access_key": SESSION,
}


def steps_of(*rows, kind=None, **options):
    plan = audit(*rows, **options).plan
    assert all(step.disposition == "review" for step in plan)  # nothing is proved without a policy
    return [step for step in plan if kind is None or step.kind is kind]


def key_policy_step(*rows, **options):
    (step,) = steps_of(*rows, kind=StepKind.KEY_POLICY, **options)
    return step


def wanted(step):
    return [(str(one.kind), str(one.need)) for one in step.change.wanted]


def test_the_two_statements_are_as_aws_documents_them():
    assert list(key_policy_step(row()).statements) == [USAGE, GRANTS]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        # EBS traffic: both statements, and which of them a denied call needs.
        ({"event_name": "CreateGrant"}, [("usage", "needed_next"), ("grants", "denied")]),
        ({"event_name": "RevokeGrant"}, [("usage", "needed_next"), ("grants", "denied")]),
        ({"event_name": "GenerateDataKeyWithoutPlaintext"},
         [("usage", "denied"), ("grants", "needed_next")]),
        ({"event_name": "Decrypt", "source_ip_address": "AWS Internal"},
         [("usage", "denied"), ("grants", "needed_next")]),
        # kms:DescribeKey never makes the grants statement required (issue 13, rule 11).
        ({"event_name": "DescribeKey", "source_ip_address": "autoscaling.amazonaws.com"},
         [("usage", "denied")]),
        # Other traffic: what the denied call needs, and no more.
        ({"event_name": "Decrypt", "source_ip_address": CLIENT}, [("usage", "denied")]),
        ({"event_name": "ReEncrypt", "source_ip_address": "s3.amazonaws.com"},
         [("usage", "denied")]),
        ({"event_name": "CreateGrant", "source_ip_address": "rds.amazonaws.com"},
         [("grants", "denied")]),
    ],
)  # fmt: skip
def test_which_statements_a_denied_call_needs(cells, expected):
    assert wanted(key_policy_step(row(**cells))) == expected


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        # The grants statement does not cure a direct call: its condition is false then.
        ({"event_name": "CreateGrant", "source_ip_address": CLIENT}, "investigate"),
        ({"event_name": "ListGrants", "source_ip_address": CLIENT}, "investigate"),
        # Neither statement allows these.
        ({"event_name": "PutKeyPolicy", "source_ip_address": CLIENT}, "investigate"),
        ({"event_name": "RetireGrant"}, "investigate"),
        ({"event_name": "EntangleKeys"}, "investigate"),
        # Only an IAM policy allows this.
        ({"event_name": "ListAliases", "source_ip_address": CLIENT}, "iam_policy"),
        ({"event_name": "ListAliases"}, "iam_policy"),
        # Nobody to name.
        (INFRASTRUCTURE, "investigate"),
        ({"user_name": "", "aws_access_key": ""}, "investigate"),
    ],
)
def test_no_key_policy_step_unless_a_denied_call_needs_one(cells, kind):
    assert [str(step.kind) for step in steps_of(row(**cells))] == [kind]


def test_denials_of_both_kinds_need_both():
    step = key_policy_step(row(), row(event_name="GenerateDataKeyWithoutPlaintext"))
    assert wanted(step) == [("usage", "denied"), ("grants", "denied")]


def test_each_statement_says_why_it_is_there():
    step = key_policy_step(row(event_name="GenerateDataKeyWithoutPlaintext"))
    assert step.needs == (
        "Required: kms:GenerateDataKeyWithoutPlaintext, kms:Decrypt.",
        "Not denied yet, but creating and attaching the volume needs kms:CreateGrant.",
    )


@pytest.mark.parametrize(
    ("event_names", "actions"),
    [
        (["GenerateMac"], ["kms:DescribeKey", "kms:GenerateMac", "kms:VerifyMac"]),
        (["Sign"], ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"]),
        (["GetPublicKey"], ["kms:DescribeKey", "kms:GetPublicKey"]),
        (["GetPublicKey", "DescribeKey", "Verify"],
         ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"]),
        (["DeriveSharedSecret"], ["kms:DescribeKey", "kms:GetPublicKey", "kms:DeriveSharedSecret"]),
    ],
)  # fmt: skip
def test_keys_of_other_types_get_the_statement_of_their_type(event_names, actions):
    rows = [row(event_name=name, source_ip_address=CLIENT) for name in event_names]
    step = key_policy_step(*rows)
    assert [statement["Action"] for statement in step.statements] == [actions]


def test_callers_of_one_key_share_one_pair_of_statements():
    step = key_policy_step(row(), row(user_name="bob"))
    both = ["arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/bob"]
    assert [sorted(one["Principal"]["AWS"]) for one in step.statements] == [both, both]
    assert sorted(step.principals) == both


def test_a_caller_outside_ebs_is_not_in_the_grants_statement():
    direct = row(user_name="bob", event_name="Decrypt", source_ip_address=CLIENT)
    usage, grants = key_policy_step(row(), direct).statements
    assert len(usage["Principal"]["AWS"]) == 2
    assert grants["Principal"]["AWS"] == USER


def test_a_caller_without_an_arn_is_left_out_so_that_the_rest_can_be_used():
    step = key_policy_step(row(), row(user_name="deploy-7f3a", aws_access_key=SESSION))
    assert step.principals == (USER,)
    (left_out,) = step.left_out
    assert left_out.name == "deploy-7f3a"
    assert left_out.how_to_find.startswith("aws cloudtrail lookup-events --region us-east-1 ")
    assert left_out.finding not in step.findings


@pytest.mark.parametrize(
    ("cells", "placeholder"),
    [
        ({"aws_access_key": SESSION}, "REPLACE-WITH-THE-USER-OR-ROLE-ARN"),
        ({"user_name": "two words"}, "REPLACE-WITH-THE-USER-ARN"),
        ({"user_name": "i-0123456789abcdef0", "aws_access_key": SESSION},
         "REPLACE-WITH-THE-ROLE-ARN"),
        ({"user_name": "AutoScaling", "aws_access_key": "", "recipient_account_id": "1.1E+11"},
         "REPLACE-WITH-THE-SERVICE-LINKED-ROLE-ARN"),
        ({"user_name": "root", "recipient_account_id": ""}, "REPLACE-WITH-THE-ACCOUNT-ROOT-ARN"),
    ],
)  # fmt: skip
def test_if_no_caller_has_an_arn_a_placeholder_that_kms_rejects_is_named(cells, placeholder):
    step = key_policy_step(row(**cells))
    assert {statement["Principal"]["AWS"] for statement in step.statements} == {placeholder}
    assert (step.principals, step.left_out) == ((), ())
    assert len(step.findings) == 1
    assert ":" not in placeholder
    assert "*" not in placeholder


def test_what_no_key_policy_can_allow_is_allowed_by_an_iam_policy():
    (step,) = steps_of(row(event_name="ListAliases"), row(event_name="CreateKey"))
    assert step.kind == "iam_policy"
    assert list(step.statements) == [
        {"Effect": "Allow", "Action": ["kms:ListAliases", "kms:CreateKey"], "Resource": "*"}
    ]
    assert step.principals == (USER,)
    assert step.target is None


def test_console_steps_name_whom_to_add_and_where():
    assert key_policy_step(row()).console_steps == (
        "Open the KMS console in us-east-1, Customer managed keys, the key of the volume or "
        "snapshot.",
        "Under Key policy, Key users, choose Add: the user alice.",
        "If there is no list of key users: Switch to policy view, Edit, add the statements.",
    )


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({}, "the user alice"),
        ({"user_name": "bob", "recipient_account_id": ""}, "the user bob"),
        ({"user_name": "root"}, "the user or role that does the work instead of root"),
        ({"user_name": "deploy-7f3a", "aws_access_key": SESSION},
         "the user or role of the session deploy-7f3a"),
        ({"user_name": "i-0123456789abcdef0", "aws_access_key": SESSION},
         "the role of the instance i-0123456789abcdef0"),
        ({"user_name": "AutoScaling", "aws_access_key": ""},
         "the role AWSServiceRoleForAutoScaling"),
        # The session does not show which role it is: it may have a custom suffix.
        ({"user_name": "AutoScaling", "aws_access_key": "", "recipient_account_id": "1.1E+11"},
         "the user or role of the session AutoScaling"),
    ],
)  # fmt: skip
def test_whom_to_add_in_the_console(cells, name):
    steps = key_policy_step(row(**cells)).console_steps
    assert steps[1] == f"Under Key policy, Key users, choose Add: {name}."


SESSIONS = {"aws_access_key": SESSION}


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ([{"user_name": f"u{number}"} for number in range(2)], "the users u0 and u1"),
        ([{"user_name": f"u{number:02}"} for number in range(11)],
         "the users u00, u01, u02, u03, u04, u05, u06, u07, u08, u09 and 1 more"),
        ([SESSIONS | {"user_name": f"s{number}"} for number in range(5)],
         "the users or roles of the sessions s0, s1, s2 and 2 more"),
        ([SESSIONS | {"user_name": f"i-0123456789abcdef{number}"} for number in range(3)],
         "the roles of the instances i-0123456789abcdef0, i-0123456789abcdef1 and "
         "i-0123456789abcdef2"),
        ([{"user_name": "root"}, {"user_name": "ann"}],
         "the user ann, the user or role that does the work instead of root"),
    ],
)  # fmt: skip
def test_callers_of_a_kind_are_named_together_in_the_console(cells, names):
    text = key_policy_step(*(row(**one) for one in cells)).console_steps[1]
    assert text == f"Under Key policy, Key users, choose Add: {names}."


AGAIN = "A policy change takes effect within a few minutes."
ATTACH = "Attach the volume, or start the instance, again."


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ({}, [ATTACH]),
        ({"source_ip_address": CLIENT, "event_name": "Decrypt"}, ["Make the denied call again."]),
        ({"event_name": "DescribeKey"}, ["Make the denied call again."]),
        ({"event_name": "GenerateDataKeyWithoutPlaintext"},
         ["Create a volume again that EC2 deleted.", ATTACH]),
        ({"user_name": "AutoScaling", "aws_access_key": ""},
         ["Auto Scaling starts instances again by itself.", ATTACH]),
    ],
)  # fmt: skip
def test_what_to_do_when_the_policy_is_changed(cells, texts):
    assert key_policy_step(row(**cells)).afterwards == (AGAIN, *texts)


UNNAMED = "the key in us-east-1, account 111122223333, if this is one key"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([row()], f"Add these statements for 1 caller to the policy of {UNNAMED}."),
        ([row(), row(user_name="bob")],
         f"Add these statements for 2 callers to the policy of {UNNAMED}."),
        ([row(event_name="Decrypt", source_ip_address=CLIENT)],
         f"Add this statement for 1 caller to the policy of {UNNAMED}."),
        ([row(resources='[{"resourceName":"alias/disks"}]')],
         "Add these statements for 1 caller to the policy of key alias/disks."),
        # callers without a known ARN
        ([row(aws_access_key=SESSION)],
         f"Add these statements for 1 caller to the policy of {UNNAMED}."),
        ([row(aws_access_key=SESSION, user_name=name) for name in ("a", "b", "c")],
         f"Add these statements for 3 callers to the policy of {UNNAMED}. "
         "Replace the placeholder with the ARNs of all these callers."),
        ([row(aws_access_key=SESSION, user_name=name)
          for name in ("a", "b", "i-0123456789abcdef0", "i-0123456789abcdef1")],
         f"Add these statements for 4 callers to the policy of {UNNAMED}. "
         "Replace the placeholders with the ARNs of all these callers."),
        # a caller without a known ARN is left out of the step for alice
        ([row(), row(aws_access_key=SESSION, user_name="a")],
         f"Add these statements for 1 caller to the policy of {UNNAMED}."),
    ],
)  # fmt: skip
def test_what_a_step_says_to_do(rows, text):
    assert key_policy_step(*rows).text == text


def test_without_a_source_ip_column_only_the_denied_call_is_allowed():
    header = [name for name in HEADER if name != "Source IP address"]
    assert wanted(key_policy_step(row(), header=header)) == [("grants", "denied")]


EVERY_EVENT = ["CreateGrant", "RevokeGrant", "Decrypt", "ReEncrypt", "PutKeyPolicy", "CreateKey",
               "RetireGrant", "Sign", "EntangleKeys"]  # fmt: skip
CALLERS = [{}, {"aws_access_key": SESSION}, {"user_name": "root"}, INFRASTRUCTURE,
           {"user_name": "AutoScaling", "aws_access_key": ""}]  # fmt: skip


@pytest.mark.parametrize("source_ip", ["ec2-frontend-api.amazonaws.com", "AWS Internal", CLIENT])
@pytest.mark.parametrize("caller", CALLERS)
def test_no_step_does_harm(caller, source_ip):
    rows = [
        row(**(caller | {"event_name": name, "source_ip_address": source_ip}))
        for name in EVERY_EVENT
    ]
    for step in audit(*rows).plan:
        for statement in step.statements:
            actions = statement["Action"]
            assert "kms:*" not in actions
            assert "kms:ReEncrypt" not in actions
            conditional = "kms:GrantIsForAWSResource" in json.dumps(statement.get("Condition"))
            assert conditional == any("Grant" in action for action in actions)
            assert not conditional or all("Grant" in action for action in actions)
            for principal in statement.get("Principal", {}).values():
                assert "*" not in principal
                assert ":sts:" not in principal
                assert "ec2-infrastructure" not in principal


@pytest.mark.parametrize(
    ("rows", "needs"),
    [
        # One caller was denied the use, the other the grant: both statements are required.
        ([row(), row(user_name="bob", event_name="GenerateDataKeyWithoutPlaintext")],
         ["Required: kms:GenerateDataKeyWithoutPlaintext, kms:Decrypt.",
          "Required: kms:CreateGrant."]),
        ([row(user_name="bob", event_name="Decrypt"), row(event_name="RevokeGrant")],
         ["Required: kms:Decrypt, kms:GenerateDataKeyWithoutPlaintext.",
          "Required: kms:RevokeGrant, kms:CreateGrant."]),
        ([row(event_name="DescribeKey", source_ip_address=CLIENT),
          row(event_name="Encrypt", source_ip_address=CLIENT)],
         ["Required: kms:DescribeKey, kms:Encrypt."]),
        ([row(event_name="ReEncrypt", source_ip_address=CLIENT)],
         ["Required: kms:ReEncryptFrom, kms:ReEncryptTo."]),
        # One call through EC2 is enough for the workflow of a volume.
        ([row(event_name="Decrypt", source_ip_address=CLIENT), row(event_name="Encrypt")],
         ["Required: kms:Decrypt, kms:Encrypt, kms:GenerateDataKeyWithoutPlaintext.",
          "Not denied yet, but creating and attaching the volume needs kms:CreateGrant."]),
        ([row(), row(user_name="bob")],
         ["Not denied yet, but creating and attaching the volume needs "
          "kms:GenerateDataKeyWithoutPlaintext, kms:Decrypt.", "Required: kms:CreateGrant."]),
    ],
)  # fmt: skip
def test_callers_share_what_their_statements_need(rows, needs):
    found = key_policy_step(*rows).needs
    assert [sorted(one.rstrip(".").replace(",", "").split()) for one in found] == [
        sorted(one.rstrip(".").replace(",", "").split()) for one in needs
    ]


def test_the_usage_statement_comes_first_and_each_set_of_actions_is_one_statement():
    sign = row(user_name="eve", event_name="Sign", source_ip_address=CLIENT)
    grants = row(user_name="abe", event_name="CreateGrant", source_ip_address="rds.amazonaws.com")
    statements = key_policy_step(grants, row(), sign).statements
    assert [one["Sid"] for one in statements][-1] == GRANTS["Sid"]
    assert sorted(len(one["Action"]) for one in statements) == [3, 4, 5]
    assert sorted(statements[-1]["Principal"]["AWS"]) == [
        "arn:aws:iam::111122223333:user/abe", USER,
    ]  # fmt: skip


def test_a_statement_for_two_types_of_key_is_two_statements():
    """Source: "Default key policy": a key of one type has the statement of its type only."""
    rows = [row(event_name=name, source_ip_address=CLIENT) for name in ("Sign", "GenerateMac")]
    statements = key_policy_step(*rows).statements
    assert sorted(one["Action"][-1] for one in statements) == ["kms:Verify", "kms:VerifyMac"]


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (Step(id="x", kind=StepKind.KEY_POLICY, text=""), set()),
        (Step(id="x", kind=StepKind.KEY_POLICY, text="", document={}), set()),
        (Step(id="x", kind=StepKind.KEY_POLICY, text="", target="arn"), set()),
        (Step(id="x", kind=StepKind.KEY_POLICY, text="", document={}, target="arn"),
         {"apply.sh", "verify.sh", "undo.sh"}),
        (Step(id="x", kind=StepKind.GRANT, text="", principals=(USER,)), set()),
        (Step(id="x", kind=StepKind.GRANT, text="", principals=(USER,), target="arn"),
         {"apply.sh", "verify.sh", "undo.sh"}),
        (Step(id="x", kind=StepKind.IAM_POLICY, text=""), set()),
        (Step(id="x", kind=StepKind.IAM_POLICY, text="", principals=(USER,)),
         {"apply.sh", "verify.sh", "undo.sh"}),
        (Step(id="x", kind=StepKind.KEY_STATE, text="", target="arn"), set()),
        (Step(id="x", kind=StepKind.INVESTIGATE, text="", target="arn"), set()),
    ],
)  # fmt: skip
def test_which_steps_have_scripts(step, names):
    assert set(scripts(step)) == names
