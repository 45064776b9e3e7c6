"""Who was denied, as a record says; and as an AssumeRole event proves."""

import pytest

from tests import rows
from tests.records import ACCOUNT, KEY_ARN, ROLE, audit, record, session

SERVICE_ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
    "AWSServiceRoleForAutoScaling_web"
)
USER = f"arn:aws:iam::{ACCOUNT}:user/engineering/alice"
SSO = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789"


@pytest.mark.parametrize(
    ("identity", "arn", "kind", "session_name", "evidence"),
    [
        (session(), ROLE, "role", "deploy-7f3a", "recorded"),
        (session(SERVICE_ROLE, "AutoScaling"), SERVICE_ROLE, "service_linked_role", "AutoScaling",
         "recorded"),
        (session(SSO, "dana@example.com"), SSO, "role", "dana@example.com", "recorded"),
        (session(SSO, "dana@example.com", issuer=False), None, "role", "dana@example.com",
         "recorded"),
        (session(issuer=False), None, "role", "deploy-7f3a", "recorded"),
        (session(f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure", "i-0123456789abcdef0"),
         None, "infrastructure", "i-0123456789abcdef0", "recorded"),
        (session(f"arn:aws:iam::{ACCOUNT}:role/web", "i-0123456789abcdef0"),
         f"arn:aws:iam::{ACCOUNT}:role/web", "role", "i-0123456789abcdef0", "recorded"),
        ({"type": "IAMUser", "arn": USER, "userName": "alice", "accountId": ACCOUNT}, USER, "user",
         None, "recorded"),
        ({"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT},
         f"arn:aws:iam::{ACCOUNT}:root", "root", None, "recorded"),
        ({"type": "FederatedUser", "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
          "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": USER}}}, USER,
         "federated_user", "bob", "recorded"),
        ({"type": "FederatedUser", "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bob"}, None,
         "federated_user", "bob", "recorded"),
        ({"type": "AWSAccount", "accountId": "444455556666", "principalId": "AROAX:y"},
         "arn:aws:iam::444455556666:root", "account", None, "recorded"),
        ({"type": "AWSService", "invokedBy": "backup.amazonaws.com"}, None, "service", None,
         "recorded"),
        ({"type": "WebIdentityUser", "userName": "web"}, None, "unknown", None, "unknown"),
        ({"type": "SAMLUser", "userName": "saml"}, None, "unknown", None, "unknown"),
        ({"type": "IdentityCenterUser", "accountId": ACCOUNT}, None, "unknown", None, "unknown"),
        ({"type": "SomethingNew"}, None, "unknown", None, "unknown"),
    ],
)  # fmt: skip
def test_each_type_of_identity(identity, arn, kind, session_name, evidence):
    report = audit(record(userIdentity=identity))
    principal = report.findings[0].principal
    assert (principal.arn, principal.kind, principal.session_name, principal.evidence) == (
        arn, kind, session_name, evidence,
    )  # fmt: skip
    assert principal.event_ids == ("event-0",)
    placeholder = "ROLE" if kind == "role" else "USER-OR-ROLE"
    named = arn or f"REPLACE-WITH-THE-{placeholder}-ARN"
    statements = 0 if kind in ("infrastructure", "account", "service") else 2
    assert [one["Principal"]["AWS"] for one in report.plan[0].statements] == [named] * statements


@pytest.mark.parametrize(("role", "center"), [(SSO, True), (ROLE, False)])
def test_the_path_of_a_role_of_identity_center_is_explained(role, center):
    identity = session(role, "dana@example.com", issuer=False)
    why = audit(record(userIdentity=identity)).findings[0].principal.why
    assert ("aws-reserved/sso.amazonaws.com/" in why) is center


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (None, "unknown"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role", "user_or_role_session"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role//x", "user_or_role_session"),
        ("x", "unknown"),
    ],
)
def test_a_session_that_names_no_role_is_judged_by_its_row(arn, kind):
    identity = {"type": "AssumedRole", "arn": arn, "accountId": ACCOUNT}
    principal = audit(record(userIdentity=identity)).findings[0].principal
    assert (principal.arn, principal.role_name, principal.evidence) == (None, None, "unknown")
    assert principal.kind == kind  # not a service: the record says that it is a role's session


def test_a_record_without_an_identity_is_judged_by_its_shape():
    report = audit(record(userIdentity="absent", sourceIPAddress="backup.amazonaws.com"))
    assert report.findings[0].principal.kind == "service"


def test_the_record_says_more_than_the_caller_of_the_library():
    report = audit(record(), principals={"deploy-7f3a": f"arn:aws:iam::{ACCOUNT}:role/other"})
    assert report.findings[0].principal.arn == ROLE


def handed_out(role, key="ASIAIOSFODNN7EXAMPLE", name="deploy-7f3a"):
    """Return the row of a successful AssumeRole, with Resources as the console writes them."""
    short = role.rpartition("/")[2]
    entries = [
        ("AWS::IAM::AccessKey", key),
        ("AWS::STS::AssumedRole", f"AROA2NCBAL3RPBAGXM7CZ:{name}"),
        ("AWS::STS::AssumedRole", name),
        ("AWS::STS::AssumedRole", f"arn:aws:sts::{ACCOUNT}:assumed-role/{short}/{name}"),
        ("AWS::IAM::Role", role),
    ]
    cell = ",".join(
        f'{{"resourceType":"{kind}","resourceName":"{name}"}}' for kind, name in entries
    )
    return rows.row(
        user_name="ci-runner", event_source="sts.amazonaws.com", event_name="AssumeRole",
        error_code="", resources=f"[{cell}]", read_only="true",
    )  # fmt: skip


def test_an_assume_role_row_with_the_same_access_key_names_the_role():
    report = rows.audit(
        rows.row(user_name="deploy-7f3a", aws_access_key=rows.SESSION), handed_out(ROLE)
    )
    principal = report.findings[0].principal
    assert (principal.arn, principal.evidence, principal.event_ids) == (
        ROLE, "derived", ("event-1",),
    )  # fmt: skip
    assert report.plan[0].statements[0]["Principal"] == {"AWS": ROLE}


@pytest.mark.parametrize(
    "other",
    [
        handed_out(ROLE, key="ASIAIOSFODNN7OTHERXX"),
        handed_out(ROLE) | {"Error code": "AccessDenied"},
        handed_out(ROLE) | {"Resources": "[]"},
    ],
    ids=["another key", "denied", "nothing named"],
)
def test_other_assume_role_rows_name_nobody(other):
    report = rows.audit(rows.row(user_name="deploy-7f3a", aws_access_key=rows.SESSION), other)
    denied = next(f for f in report.findings if f.principal.user_name == "deploy-7f3a")
    assert denied.principal.kind == "user_or_role_session"


def test_a_service_linked_role_is_told_by_its_session_if_it_is_one_only():
    denied = rows.row(user_name="AutoScaling", aws_access_key="")
    other = SERVICE_ROLE.replace("_web", "_batch")
    one = rows.audit(denied, handed_out(SERVICE_ROLE, name="AutoScaling")).findings[0].principal
    assert (one.arn, one.evidence) == (SERVICE_ROLE, "derived")
    two = rows.audit(
        denied,
        handed_out(SERVICE_ROLE, name="AutoScaling"),
        handed_out(other, name="AutoScaling"),
    ).findings[0].principal  # fmt: skip
    assert (two.arn, two.evidence) == (SERVICE_ROLE.removesuffix("_web"), "inferred")


OTHER_KEY = KEY_ARN.replace("1234abcd", "5678abcd")
SILENT = "User: x is not authorized to perform: kms:CreateGrant"


@pytest.mark.parametrize(
    ("fields", "arn", "alias", "evidence"),
    [
        ({}, KEY_ARN, None, "recorded"),
        ({"resources": [{"ARN": OTHER_KEY, "type": "AWS::KMS::Key"}]}, OTHER_KEY, None, "recorded"),
        ({"requestParameters": {"keyId": OTHER_KEY}}, OTHER_KEY, None, "recorded"),
        ({"requestParameters": {"keyId": "alias/ebs"},
          "resources": [{"ARN": OTHER_KEY}]}, OTHER_KEY, "alias/ebs", "recorded"),
        ({"requestParameters": {"keyId": "alias/ebs"}, "errorMessage": SILENT}, None, "alias/ebs",
         "recorded"),
        ({"resources": [{"ARN": OTHER_KEY}, {"ARN": KEY_ARN}]}, KEY_ARN, None, "recorded"),
        ({"resources": [{"ARN": OTHER_KEY}, {"ARN": KEY_ARN}], "errorMessage": SILENT}, None, None,
         "unknown"),
        ({"errorMessage": SILENT}, None, None, "unknown"),
        ({"errorMessage": "The ciphertext refers to a customer master key that does not exist"},
         None, None, "unknown"),
    ],
)  # fmt: skip
def test_which_key_a_record_is_about(fields, arn, alias, evidence):
    (finding,) = audit(record(**fields)).findings
    key = finding.key
    assert (key.arn, key.evidence) == (arn, evidence)
    assert key.alias == alias


def test_the_ec2_call_of_the_same_request_names_the_key():
    asked = record(
        eventID="event-1", eventSource="ec2.amazonaws.com", eventName="CreateVolume",
        errorCode="absent", errorMessage="absent", requestParameters={"kmsKeyId": OTHER_KEY},
    )  # fmt: skip
    (finding,) = audit(record(errorMessage=SILENT), asked).findings
    assert (finding.key.arn, finding.key.evidence) == (OTHER_KEY, "derived")
