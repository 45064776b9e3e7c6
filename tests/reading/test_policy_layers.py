"""Policies beside the key policy: files, documents, answers of the AWS CLI, and what is none.

Source of the answers: AWS CLI Command Reference, `iam get-role-policy`, `iam get-policy-version`,
`organizations describe-policy`.
"""

import json

import pytest

from ebs_kms_audit import InputError, UsageError
from ebs_kms_audit.policy import Policy
from ebs_kms_audit.reading.policy_layers import read_iam_policies, read_policies_of

ROLE = "arn:aws:iam::111122223333:role/ci/deploy"
USER = "arn:aws:iam::111122223333:user/alice"


def document(sid):
    statement = {"Sid": sid, "Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def sids(policies):
    return [statement.sid for policy in policies for statement in policy.statements]


FORMS = {
    "document": document("one"),
    "get-role-policy": {
        "RoleName": "deploy",
        "PolicyName": "p",
        "PolicyDocument": document("one"),
    },
    "get-policy-version": {"PolicyVersion": {"Document": document("one"), "VersionId": "v1"}},
    "describe-policy": {
        "Policy": {"PolicySummary": {"Name": "scp"}, "Content": json.dumps(document("one"))}
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_policy_is_read_from_a_document_and_from_the_answer_of_a_command(tmp_path, form):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(form), encoding="utf-8-sig")
    for given in (form, str(path), path):
        assert sids(read_policies_of(given, "SCP")) == ["one"]
        assert {who: sids(found) for who, found in read_iam_policies(given).items()} == {
            None: ["one"]
        }


def test_a_policy_object_is_taken_as_it_is():
    policy = Policy.from_dict(document("one"))
    assert read_policies_of(policy, "SCP") == (policy,)


def test_what_is_not_given_is_not_known_and_an_empty_list_is_none_at_all():
    assert read_policies_of(None, "SCP") is None
    assert read_policies_of([], "SCP") == ()
    assert read_iam_policies(None) == {}


def test_a_list_of_lists_is_a_list_of_levels():
    levels = read_policies_of([[document("root")], [document("a"), document("b")]], "SCP")
    assert [sids(level) for level in levels] == [["root"], ["a", "b"]]
    flat = read_policies_of([document("a"), [document("b")]], "SCP")
    assert sids(flat) == ["a", "b"]


def test_policies_of_several_principals_are_added_up():
    given = [{ROLE: document("one"), USER: [document("two")]}, {ROLE: document("three")}]
    found = read_iam_policies([*given, document("all")])
    assert {who: sids(policies) for who, policies in found.items()} == {
        ROLE: ["one", "three"],
        USER: ["two"],
        None: ["all"],
    }


@pytest.mark.parametrize(
    "principal",
    [
        "deploy",
        "arn:aws:iam::111122223333:group/ops",
        "arn:aws:sts::111122223333:assumed-role/deploy/x",
        "arn:aws:iam::111122223333:root",
    ],
)
def test_an_iam_policy_belongs_to_a_user_or_a_role(principal):
    with pytest.raises(UsageError) as raised:
        read_iam_policies({principal: document("one")})
    assert str(raised.value) == (
        f"IAM policy of {principal}: Not the ARN of an IAM user or role. Write "
        "arn:aws:iam::111122223333:role/NAME."
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "The file does not exist. Check the path."),
        ("", "This is not valid JSON. Expected a policy document."),
        ("[" * 100_000, "This is not valid JSON. Expected a policy document."),
        ("\udcff", "This is not valid JSON. Expected a policy document."),
        (" " * ((1 << 20) + 1), "The file is too large for a policy."),
    ],
    ids=["absent", "empty", "deep", "no UTF-8", "too large"],
)
def test_a_file_that_is_no_policy_is_named(tmp_path, content, message):
    path = tmp_path / "policy.json"
    if content is not None:
        path.write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(InputError) as raised:
        read_policies_of(path, "SCP")
    assert (str(raised.value), raised.value.source) == (f"{path}: {message}", str(path))


def test_a_file_of_the_largest_size_is_read(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(document("one")).ljust(1 << 20))
    assert sids(read_policies_of(path, "SCP")) == ["one"]


def test_a_folder_is_no_policy(tmp_path):
    with pytest.raises(InputError) as raised:
        read_policies_of(tmp_path, "SCP")
    assert str(raised.value) == f"{tmp_path}: The file cannot be read: Is a directory."


@pytest.mark.parametrize("thing", [7, b"{}", object()])
def test_an_object_of_another_type_is_an_error(thing):
    with pytest.raises(InputError) as raised:
        read_policies_of(thing, "SCP")
    assert str(raised.value) == (
        "SCP: Give a file, a policy document, or a list of these, not an object of type "
        f"{type(thing).__name__}."
    )


@pytest.mark.parametrize(
    ("document", "json_path"),
    [
        ({"Statement": 7}, "$.Statement"),
        ({"Policy": {"Content": "no JSON"}}, "$.Policy"),
        ({"Policy": 7}, "$.Policy"),
    ],
)
def test_a_document_that_is_no_policy_says_where(document, json_path):
    with pytest.raises(InputError) as raised:
        read_policies_of(document, "SCP")
    assert (raised.value.source, raised.value.json_path) == ("SCP", json_path)
