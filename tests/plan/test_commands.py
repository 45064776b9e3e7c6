"""The commands of a step: what they are, word for word, and that each word is quoted.

Sources: AWS CLI Command Reference, "kms get-key-policy", "kms put-key-policy", "kms create-grant",
"kms revoke-grant", "kms describe-key", "iam put-role-policy"; AWS KMS Developer Guide, "Testing
your permissions" (--dry-run).
"""

import shlex
from dataclasses import replace

import pytest

from ebs_kms_audit.plan import Commands, Step, StepKind, commands
from ebs_kms_audit.plan.change import Permission, Proof
from tests.records import ACCOUNT, AUTO_SCALING, KEY_ARN, ROLE, audit, record

POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*",
     "Resource": "*"}]}  # fmt: skip
ON_KEY = f"--region us-east-1 --key-id {KEY_ARN}"
GET = f"aws kms get-key-policy {ON_KEY} --policy-name default --query Policy --output text\n"
PUT = f"aws kms put-key-policy {ON_KEY} --policy-name default --policy file://"
AS_CALLER = "# As the caller: DryRunOperationException means that the call is allowed.\n"
USER = f"arn:aws:iam::{ACCOUNT}:user/team/bob"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def step(**fields):
    made = Step(id="x", kind=StepKind.KEY_POLICY, text="", region="us-east-1", target=KEY_ARN)
    return replace(made, **fields)


def proof(*actions):
    newly = [Permission(principal=ROLE, action=f"kms:{one}", condition=None, expected=True)
             for one in actions]  # fmt: skip
    return Proof(denials=(), newly_allowed=tuple(newly), lost=())


def test_a_step_has_no_commands_of_its_own():
    assert step().commands == Commands(apply="", verify="", undo="")


@pytest.mark.parametrize(
    ("actions", "principals", "dry_run"),
    [
        (["GenerateDataKeyWithoutPlaintext", "GenerateDataKey", "Encrypt"], [ROLE],
         f"aws kms generate-data-key-without-plaintext --key-spec AES_256 {ON_KEY} --dry-run\n"),
        (["GenerateDataKey", "Encrypt"], [USER],
         f"aws kms generate-data-key --key-spec AES_256 {ON_KEY} --dry-run\n"),
        (["Encrypt"], [AUTO_SCALING, ROLE],
         f"aws kms encrypt --plaintext dGVzdA== {ON_KEY} --dry-run\n"),
        # Their arguments need a ciphertext, or a grant.
        (["Decrypt", "CreateGrant", "DescribeKey"], [ROLE], ""),
        # Nobody can sign in as a service-linked role; an account is no caller.
        (["Encrypt"], [AUTO_SCALING, ROOT], ""),
        (["Encrypt"], [], ""),
    ],
)  # fmt: skip
def test_a_key_policy_is_saved_put_verified_and_undone(actions, principals, dry_run):
    made = commands.of_key_policy(
        step(document={}, principals=tuple(principals), proof=proof(*actions))
    )
    assert made.apply == (
        "# Save the present key policy. Stop if it is not the judged one.\n"
        f"{GET.rstrip()} > present.json\n"
        "# Put the new key policy, the whole document.\n"
        f"{PUT}after.json\n"
    )
    assert made.verify == GET + (AS_CALLER if dry_run else "") + dry_run
    assert made.undo == f"# Put the previous key policy.\n{PUT}before.json\n"


UNKNOWN_KEY = GET.replace(KEY_ARN, "REPLACE-WITH-THE-KEY-ARN")


@pytest.mark.parametrize(
    ("fields", "get"),
    [
        ({}, GET),
        ({"document": {}, "target": None}, UNKNOWN_KEY),
        ({"target": None, "region": None},
         UNKNOWN_KEY.replace("us-east-1", "REPLACE-WITH-THE-REGION")),
    ],
)  # fmt: skip
def test_no_command_replaces_a_policy_that_is_not_known(fields, get):
    made = commands.of_key_policy(step(**fields))
    assert made.apply == (
        "# Get the present key policy. Then run the audit with it.\n"
        f"{get.rstrip()} > present.json\n"
    )
    assert (made.verify, made.undo) == ("", "")


@pytest.mark.parametrize("options", [{}, {"key_policies": [POLICY, POLICY]}])
def test_a_step_without_the_policy_of_its_key_has_no_document(options):
    made = audit(record(), **options).plan[0]
    assert (made.document, made.diff, made.patch, made.proof) == (None, None, (), None)
    assert (made.disposition, made.changed) == ("review", False)
    assert made.commands.apply.splitlines()[1:] == [f"{GET.rstrip()} > present.json"]


def test_a_step_with_the_policy_of_its_key_has_the_commands():
    made = audit(record(), key_policies={KEY_ARN: POLICY}).plan[0]
    assert made.changed
    assert made.commands.undo == f"# Put the previous key policy.\n{PUT}before.json\n"


@pytest.mark.parametrize(
    ("principals", "role"), [((AUTO_SCALING,), AUTO_SCALING), ((), "REPLACE-WITH-THE-ROLE-ARN")]
)
def test_a_grant_is_created_listed_and_revoked(principals, role):
    """EC2 Auto Scaling User Guide, "Required KMS key policy …": the operations of the grant."""
    made = commands.of_grant(step(principals=principals))
    assert made.apply == (
        f"aws kms create-grant {ON_KEY} --grantee-principal {role} --operations Encrypt Decrypt "
        "ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey "
        "CreateGrant\n"
    )
    assert made.verify == (
        "# The account of the key can always run this, if the caller has kms:ListGrants.\n"
        f"aws kms list-grants {ON_KEY} --grantee-principal {role}\n"
    )
    assert made.undo == (
        "# create-grant printed the grant id.\n"
        f"aws kms revoke-grant {ON_KEY} --grant-id REPLACE-WITH-THE-GRANT-ID\n"
    )


def test_an_iam_policy_is_attached_to_each_user_and_role():
    made = commands.of_iam_policy(step(principals=(ROLE, ROOT, "no ARN", USER)), "Name")
    role, user = "--role-name deploy --policy-name Name", "--user-name bob --policy-name Name"
    file = "--policy-document file://after.json"
    assert made.apply == (
        f"aws iam put-role-policy {role} {file}\naws iam put-user-policy {user} {file}\n"
    )
    assert made.verify == f"aws iam get-role-policy {role}\naws iam get-user-policy {user}\n"
    assert made.undo == f"aws iam delete-role-policy {role}\naws iam delete-user-policy {user}\n"


HOSTILE = ["us-east-1;touch x", "$(touch x)", "`id`", "a\nb", "'", '"', "a b", "*", "--x=$HOME"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_each_word_of_each_command_is_quoted(hostile):
    odd = step(region=hostile, target=f"arn:{hostile}", document={}, principals=(hostile,),
               proof=proof("Encrypt"))  # fmt: skip
    name = "".join(hostile.split())  # an ARN has no spaces
    person = step(principals=(f"arn:aws:iam::{ACCOUNT}:user/{name}",))
    made = [
        commands.get_key_policy(odd),
        commands.put_key_policy(odd, "after.json"),
        commands.create_grant(odd, hostile),
        commands.of_key_policy(odd).apply,
        commands.of_key_policy(odd).verify,
        commands.of_key_policy(odd).undo,
        commands.of_grant(odd).apply,
        commands.of_grant(odd).verify,
        commands.of_grant(odd).undo,
        commands.of_key_state(odd, ["enable-key"]).apply,
        commands.of_key_state(odd, ["enable-key"]).verify,
    ]
    for text in made:
        words = shlex.split(text, comments=True)
        assert words[words.index("--region") + 1] == hostile
        assert words[words.index("--key-id") + 1] == f"arn:{hostile}"
        assert "touch" not in words
    for text in (commands.of_grant(odd).apply, commands.of_grant(odd).verify):
        words = shlex.split(text, comments=True)
        assert words[words.index("--grantee-principal") + 1] == hostile
    for_person = commands.of_iam_policy(person, hostile)
    for text in (for_person.apply, for_person.verify, for_person.undo):
        words = shlex.split(text)
        assert words[words.index("--user-name") + 1] == name
        assert words[words.index("--policy-name") + 1] == hostile
