"""AWS's own evaluation of a request as evidence.

Sources: AWS STS API Reference, DecodeAuthorizationMessage; botocore, iam-toolbox 2018-05-10,
GetRequestAuthorizationDetails.
"""

import json

import pytest

import ebs_kms_audit
from ebs_kms_audit.identify.authorizations import read_authorizations
from ebs_kms_audit.model.command_output import (
    AuthorizationCheck,
    AuthorizationEvaluation,
    DecodedAuthorization,
)
from tests.records import ACCOUNT, KEY_ARN, log, record

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/deploy-7f3a"
SCP = "arn:aws:organizations::444455556666:policy/o-ab12cd34ef/service_control_policy/p-12ab34cd"


def decoded(action, resource, *, allowed=False, explicit=False):
    return {
        "allowed": allowed,
        "explicitDeny": explicit,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"id": "AIDA2NCBAL3RPBAGXM7CZ", "name": "alice", "arn": ALICE},
            "action": action,
            "resource": resource,
            "conditions": {"items": []},
        },
    }


def evaluated(effect, *checks, principal=SESSION, action="kms:CreateGrant"):
    return {
        "requestContext": {"aws:PrincipalArn": principal},
        "evaluations": [
            {
                "action": action,
                "resource": KEY_ARN,
                "evaluatedEffect": effect,
                "checks": [
                    {"checkType": kind, "evaluatedEffect": found, "matchedPolicies": []}
                    for kind, found in checks
                ],
            }
        ],
        "policies": [],
    }


def audit(path, content, *records):
    file = path / "answer.json"
    file.write_text(json.dumps(content))
    return ebs_kms_audit.audit([str(file)], records=log(*records) if records else None)


def test_a_decoded_denial_of_kms_is_a_denial(tmp_path):
    report = audit(tmp_path, decoded("kms:CreateGrant", KEY_ARN, explicit=True))
    (denial,) = report.findings[0].denials
    assert (denial.principal.arn, denial.key.arn) == (ALICE, KEY_ARN)
    assert denial.message.effect == "explicit"


def test_a_decoded_denial_of_ec2_is_a_symptom(tmp_path):
    volume = f"arn:aws:ec2:us-east-1:{ACCOUNT}:volume/*"
    report = audit(tmp_path, decoded("ec2:CreateVolume", volume))
    (symptom,) = report.symptoms
    assert (symptom.id, symptom.operation) == ("other_service_denied", "CreateVolume")
    assert symptom.principal == ALICE
    assert not report.findings


def test_a_decoded_message_that_was_allowed_says_nothing(tmp_path):
    report = audit(tmp_path, decoded("ec2:CreateVolume", "*", allowed=True), record())
    assert not report.symptoms
    assert report.coverage.denials == 1


# The effect, the checks, and the type of policy that denied.
EVALUATIONS = [
    ("IMPLICIT_DENY", [("RESOURCE", "IMPLICIT_DENY")], "resource-based policy", "implicit"),
    ("IMPLICIT_DENY", [("PRINCIPAL", "IMPLICIT_DENY"), ("RESOURCE", "ALLOW")],
     "identity-based policy", "implicit"),
    ("IMPLICIT_DENY", [("PRINCIPAL", "IMPLICIT_DENY"), ("RESOURCE", "IMPLICIT_DENY")],
     "resource-based policy", "implicit"),
    ("EXPLICIT_DENY", [("RESOURCE", "IMPLICIT_DENY"), ("SERVICE_CONTROL_POLICY", "EXPLICIT_DENY")],
     "service control policy", "explicit"),
    ("EXPLICIT_DENY", [("SESSION", "EXPLICIT_DENY")], "session policy", "explicit"),
    ("EXPLICIT_DENY", [("PERMISSIONS_BOUNDARY", "EXPLICIT_DENY"), ("SESSION", "EXPLICIT_DENY")],
     "permissions boundary", "explicit"),
    ("EXPLICIT_DENY", [("RESOURCE", "EXPLICIT_DENY"),
                       ("RESOURCE_CONTROL_POLICY", "EXPLICIT_DENY")],
     "resource control policy", "explicit"),
    ("EXPLICIT_DENY", [("SOMETHING_NEW", "EXPLICIT_DENY"), ("SESSION", "EXPLICIT_DENY")],
     "session policy", "explicit"),
    ("IMPLICIT_DENY", [], None, "implicit"),
    ("EXPLICIT_DENY", [("VPC_ENDPOINT", "EXPLICIT_DENY")], "VPC endpoint policy", "explicit"),
    ("EXPLICIT_DENY", [("SOMETHING_NEW", "EXPLICIT_DENY")], None, "explicit"),
]  # fmt: skip


@pytest.mark.parametrize(("effect", "checks", "policy_type", "how"), EVALUATIONS)
def test_the_evaluation_names_the_policy_that_denied(tmp_path, effect, checks, policy_type, how):
    report = audit(tmp_path, evaluated(effect, *checks))
    (denial,) = report.findings[0].denials
    assert (denial.message.policy_type, denial.message.effect) == (policy_type, how)


def test_an_evaluation_explains_the_record_that_has_no_reason(tmp_path):
    content = evaluated("EXPLICIT_DENY", ("SERVICE_CONTROL_POLICY", "EXPLICIT_DENY"))
    report = audit(tmp_path, content, record(errorMessage=None))
    (finding,) = report.findings
    assert finding.count == 1
    assert finding.cause.id == "other_policy"
    assert finding.cause.policy_type == "service control policy"


def test_an_evaluation_that_allowed_says_nothing(tmp_path):
    report = audit(tmp_path, evaluated("ALLOW", ("RESOURCE", "ALLOW")), record())
    assert report.coverage.denials == 1


BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"


def check(kind, *policies, effect="EXPLICIT_DENY"):
    return AuthorizationCheck(type=kind, effect=effect, policies=policies)


def read(*checks, **fields):
    """Return the message of one evaluation."""
    parts = {"file": "a.json", "action": "kms:CreateGrant", "resource": KEY_ARN,
             "effect": "EXPLICIT_DENY", "principal": SESSION}  # fmt: skip
    one = AuthorizationEvaluation(**parts | fields, checks=checks)
    (found,) = read_authorizations((), [one]).messages
    return found.message


@pytest.mark.parametrize(
    ("checks", "policy"),
    [
        ([check("SESSION", BOUNDARY)], BOUNDARY),
        ([check("SESSION", BOUNDARY, SCP)], BOUNDARY),
        ([check("SESSION", "inline")], None),  # a name is not an ARN
        ([check("SESSION")], None),
        ([], None),
        ([check("SESSION", BOUNDARY), check("SERVICE_CONTROL_POLICY", SCP)], SCP),
        ([check("SESSION", BOUNDARY), check("SESSION", SCP)], BOUNDARY),  # the first check counts
        ([check("SESSION", BOUNDARY), check("SERVICE_CONTROL_POLICY", SCP, effect="ALLOW")],
         BOUNDARY),
    ],
)  # fmt: skip
def test_the_policy_that_denied_is_named_by_its_arn(checks, policy):
    assert read(*checks).policy_arn == policy


@pytest.mark.parametrize(
    ("fields", "principal", "role", "resource"),
    [
        ({}, SESSION, "deploy", KEY_ARN),
        ({"principal": ALICE}, ALICE, None, KEY_ARN),
        ({"principal": None}, None, None, KEY_ARN),
        ({"principal": "alice"}, None, None, KEY_ARN),
        ({"resource": None}, SESSION, "deploy", None),
        ({"resource": "*"}, SESSION, "deploy", None),
    ],
)
def test_the_caller_and_the_key_of_an_evaluation(fields, principal, role, resource):
    message = read(**fields)
    assert (message.principal, message.role_name, message.resource) == (principal, role, resource)
    assert message.action == "kms:CreateGrant"


def test_the_role_is_named_by_its_arn_where_aws_documents_the_path():
    linked = "AWSServiceRoleForAutoScaling"
    message = read(principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/{linked}/AutoScaling")
    path = "aws-service-role/autoscaling.amazonaws.com"
    assert message.role_arn == f"arn:aws:iam::{ACCOUNT}:role/{path}/{linked}"
    assert message.role_why == "AWS documents the path of this service-linked role"


def test_each_denied_request_has_the_number_of_its_answer():
    def answer(**fields):
        return DecodedAuthorization(**{"file": "a.json", "allowed": False, "explicit_deny": True,
                                       "action": "kms:Decrypt"} | fields)  # fmt: skip

    found = read_authorizations(
        [
            answer(),
            answer(allowed=True),
            answer(allowed=None),
            answer(action=None),
            answer(action="KMS:CreateGrant", explicit_deny=False),
            answer(action="ec2:CreateVolume"),
        ],
        [],
    )
    assert [(one.number, one.message.action, one.message.effect) for one in found.messages] == [
        (1, "kms:Decrypt", "explicit"),
        (3, "KMS:CreateGrant", None),
    ]
    assert [one.file for one in found.messages] == ["a.json", "a.json"]
    assert len(found.symptoms) == 1
