"""What an entry of a Principal element names. Source: IAM User Guide, "AWS JSON policy elements:
Principal" and "IAM identifiers".
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.policy import KeyPolicy, Policy, PrincipalForm
from ebs_kms_audit.policy.principals import read_principal

from .cases import ACCOUNT, OTHER_ROOT, ROLE, ROOT, SESSION, USER, allow, policy

IAM, STS = f"arn:aws:iam::{ACCOUNT}", f"arn:aws:sts::{ACCOUNT}"


@pytest.mark.parametrize(
    ("type_", "entry", "form"),
    [
        ("*", "*", "anyone"),
        ("AWS", "*", "anyone"),
        ("AWS", ACCOUNT, "account"),
        ("AWS", ROOT, "account"),
        ("AWS", USER, "user"),
        ("AWS", f"{IAM}:user/team/x/ana", "user"),
        ("AWS", ROLE, "role"),
        ("AWS", f"{IAM}:role/team/x/Builder", "role"),
        ("AWS", SESSION, "role_session"),
        ("AWS", f"{STS}:federated-user/bo", "federated_user"),
        ("Service", "ec2.amazonaws.com", "service"),
        ("Service", "logs.us-east-1.amazonaws.com", "service"),
        ("Federated", "cognito-identity.amazonaws.com", "identity_provider"),
        ("CanonicalUser", "79a59df900b949e5", "canonical_user"),
        ("AWS", "AIDACKCEVSQ6C2EXAMPLE", "deleted"),
        ("AWS", "AROA" + "A" * 12, "deleted"),
        ("AWS", "AROA" + "A" * 11, "invalid"),
        # IAM API Reference, "User": a unique id has 16 to 128 characters.
        ("AWS", "A" * 128, "deleted"),
        ("AWS", "A" * 129, "invalid"),
        ("AWS", "BIDACKCEVSQ6C2EXAMPLE", "invalid"),
        ("AWS", "aidackcevsq6c2example", "invalid"),
        ("*", ROLE, "invalid"),
        ("Service", "*", "invalid"),
        ("Service", "ec2", "invalid"),
        ("Service", "ec2.amazonaws.com.cn", "service"),
        ("Service", "3.amazonaws.com", "service"),
        ("Service", "EC2.amazonaws.com", "invalid"),
        ("Service", "-ec2.amazonaws.com", "invalid"),
        ("Service", ".amazonaws.com", "invalid"),
        ("Service", "ec2.", "invalid"),
        ("Service", "ec2.amazonaws.com/x", "invalid"),
        ("Service", " ec2.amazonaws.com", "invalid"),
        ("Federated", "*", "invalid"),
        ("CanonicalUser", "?", "invalid"),
        ("Role", ROLE, "invalid"),
        ("AWS", "11112222333", "invalid"),
        ("AWS", "ana", "invalid"),
        ("AWS", f"{IAM}:role/*", "invalid"),
        ("AWS", f"{IAM}:role/Builde?", "invalid"),
        ("AWS", f"{IAM}:user", "invalid"),
        ("AWS", f"{IAM}:user/", "invalid"),
        ("AWS", f"{IAM}:role", "invalid"),
        ("AWS", f"{IAM}:role/team/", "invalid"),
        ("AWS", f"{IAM}:root/x", "invalid"),
        ("AWS", f"{IAM}:group/x", "invalid"),
        ("AWS", f"{STS}:assumed-role/Builder", "invalid"),
        ("AWS", f"{STS}:assumed-role/Builder/", "invalid"),
        ("AWS", f"{STS}:assumed-role//monday", "invalid"),
        ("AWS", f"{STS}:assumed-role/team/Builder/monday", "invalid"),
        ("AWS", f"{STS}:federated-user/", "invalid"),
        ("AWS", f"{STS}:federated-user/x/bo", "invalid"),
        ("AWS", f"{STS}:root", "invalid"),
        ("AWS", f"arn:aws:iam:us-east-1:{ACCOUNT}:role/Builder", "invalid"),
        ("AWS", "arn:aws:iam::aws:role/Builder", "invalid"),
        ("AWS", "arn:aws:iam:::role/Builder", "invalid"),
        ("AWS", 7, "invalid"),
        ("AWS", None, "invalid"),
    ],
)
def test_the_form_of_an_entry(type_, entry, form):
    read = read_principal(type_, entry, "$")
    assert read.form is PrincipalForm(form)
    assert (read.problem is None) is (form not in {"invalid", "deleted"})
    of_account = {"account", "user", "role", "role_session", "federated_user"}
    assert read.account == (ACCOUNT if form in of_account else None)
    has_arn = form in of_account and entry != ACCOUNT
    assert (read.arn and str(read.arn)) == (entry if has_arn else None)


@pytest.mark.parametrize(
    ("principal", "message"),
    [
        ({"AWS": 111122223333}, "(int): a principal must be a string."),
        (ROLE, f'{ROLE}: the only principal without a type is "*".'),
        ({"AWS": f"{IAM}:group/x"}, f"{IAM}:group/x: a group cannot be a principal."),
        ({"AWS": f"{STS}:x"}, f"{STS}:x: no user, role, session or account has such an ARN."),
        ({"Service": "ec2"}, "ec2: not the name of an AWS service (ec2.amazonaws.com)."),
        ({"AWS": "AIDACKCEVSQ6C2EXAMPLE"},
         "AIDACKCEVSQ6C2EXAMPLE: the user or role with this unique id was deleted."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_principal(principal, message):
    (fault,) = KeyPolicy.from_dict(policy(allow("A") | {"Principal": principal})).faults
    assert fault.message == message


@pytest.mark.parametrize(
    ("principal", "faults"),
    [
        ({}, 0),
        ({"Principal": "*"}, 0),
        ({"Principal": {"AWS": "*"}}, 0),
        ({"NotPrincipal": "*"}, 1),
        ({"Principal": {"AWS": ["*", OTHER_ROOT]}}, 1),
        ({"Principal": {"AWS": ROLE}}, 1),
    ],
)
def test_a_policy_beside_the_key_policy_names_nobody_but_anyone(principal, faults):
    # AWS Organizations User Guide, "RCP syntax": the Principal of an RCP is "*".
    assert len(Policy.from_dict(policy(allow("A") | principal)).faults) == faults


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (True, "a boolean"),
        ("x", "a string"),
        ([], "a list"),
        (3, "a number"),
        (1.5, "a number"),
        (None, "null"),
    ],
)
def test_what_a_statement_is_instead_of_an_object(value, name):
    read = KeyPolicy.from_dict(policy(value))
    assert [one.message for one in read.faults] == [f"A statement must be an object, not {name}."]
    assert [one.well_formed for one in read.statements] == [False]
