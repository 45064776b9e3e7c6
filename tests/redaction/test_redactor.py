"""A redacted report holds no value of the input, in no field and in no form of it."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from enum import Enum

import pytest

import ebs_kms_audit
from ebs_kms_audit import UsageError
from ebs_kms_audit.aws.arns import partition_of
from ebs_kms_audit.redaction.stand_ins import StandIns, readable
from tests.records import log, record, session
from tests.rows import SESSION, export, row

ACCOUNT, OTHER = "123450006789", "999988887777"
KEY_ID = "feedbeef-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:ap-southeast-7:{OTHER}:key/{KEY_ID}"
SECRETS = (
    ACCOUNT, OTHER, KEY_ID, "ap-southeast-7", "quokka",  # of names, paths, Sids, tags, values
    "203.0.113.77", "AKIAQUOK", "ASIAQUOK", "i-0badc0ffee1234567", "vol-0badc0ffee",
    "eeee-0001", "vpce-0badc0ffee", "4242",
)  # fmt: skip
QUOKKA = {
    "aws_region": "ap-southeast-7",
    "recipient_account_id": ACCOUNT,
    "aws_access_key": "AKIAQUOKKA7EXAMPLE00",
    "request_id": "request-eeee-0001",
}
POLICY = {
    "Version": "2012-10-17",
    "Id": "quokka-policy",
    "Statement": [
        {
            "Sid": "quokka may use it",
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:user/x/quokka-user", OTHER]},
            "Action": ["kms:DescribeKey", "quokka:Anything"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {
                    "aws:PrincipalTag/quokka-tag": "quokka value",
                    "kms:EncryptionContext:quokka": "quokka",
                    "idp.quokka.example:sub": "me",
                    "kms:ViaService": "ec2.ap-southeast-7.amazonaws.com",
                },
                "NumericEquals": {"aws:MultiFactorAuthAge": 4242},
            },
        },
        {
            "Sid": "quokka stays out",
            "Effect": "Deny",
            "NotPrincipal": {"AWS": f"arn:aws:iam::{OTHER}:role/quokka-admin", "quokka": "quokka"},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "quokka": {"quokka": ["quokka"]},
        },
    ],
}


def message(actor: str, action: str) -> str:
    return (
        f"User: {actor} is not authorized to perform: {action} on resource: {KEY} with an explicit "
        f"deny in a service control policy: arn:aws:organizations::{OTHER}:policy/o-q/service_"
        f"control_policy/p-quokka (quokka said)"
    )


def report(tmp_path, *, redact: bool):
    folder = tmp_path / "quokka folder"
    folder.mkdir(exist_ok=True)
    rows = [
        row(**QUOKKA, user_name="quokka-user", event_id="event-eeee-0001"),
        row(**QUOKKA | {"aws_access_key": "ASIAQUOKKA7EXAMPLE00"}, user_name="quokka-session",
            source_ip_address="203.0.113.77", user_agent="quokka/1.0", event_name="Decrypt"),
        row(**QUOKKA | {"aws_access_key": SESSION}, user_name="i-0badc0ffee1234567",
            source_ip_address="vpce-0badc0ffee.kms.ap-southeast-7.vpce.amazonaws.com"),
        row(**QUOKKA, user_name="quokka-user", error_code="QuokkaException quokka"),
        row(**QUOKKA, user_name="quokka-user", event_name="TagResource", event_source=""),
        row(**QUOKKA, user_name="quokka-user", error_code="", event_name="AttachVolume",
            event_source="ec2.amazonaws.com",
            resources='[{"resourceType":"AWS::EC2::Volume","resourceName":"vol-0badc0ffee123"}]'),
        row(**QUOKKA, event_time="quokka o'clock"),
        row(**QUOKKA, user_name="quokka x", resources=f'[{{"resourceName":"{KEY}"}}]'),
        row(**QUOKKA, user_name="quokka x", resources='[{"resourceName":"alias/quokka"}]'),
    ]  # fmt: skip
    (folder / "quokka.csv").write_text(export(*rows).read() + "quokka,x\n", encoding="utf-8")
    (folder / "quokka two.csv").write_text("quokka\n", encoding="utf-8")
    roles = (
        f"arn:aws:iam::{ACCOUNT}:role/ci/quokka-role",
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
        "AWSServiceRoleForAutoScaling_quokka",
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/quokka.example/quokka",
    )
    records = [
        record(
            userIdentity=session(role, "quokka-session"),
            awsRegion="ap-southeast-7",
            recipientAccountId=ACCOUNT,
            eventName=name,
            eventID=f"eeee-0001-{number}-{name}",
            requestID="request-eeee-0001",
            errorMessage=message(session(role, "quokka-session")["arn"], f"kms:{name}"),
            resources=[{"ARN": KEY, "accountId": OTHER, "type": "AWS::KMS::Key"}],
        )
        for number, role in enumerate(roles)
        for name in ("CreateGrant", "GenerateDataKeyWithoutPlaintext", "DescribeKey")
    ]
    records.append(
        record(
            userIdentity={
                "type": "IAMUser",
                "arn": f"arn:aws:iam::{ACCOUNT}:user/aws-service-role/quokka-user",
                "accountId": ACCOUNT,
                "userName": "quokka-user",
                "principalId": "AIDAQUOKKAEXAMPLE",
            },
            recipientAccountId=ACCOUNT,
            awsRegion="ap-southeast-7",
            eventID="eeee-0001-user",
        )
    )
    (folder / "quokka.json").write_text(log(*records).read(), encoding="utf-8")
    (folder / "quokka policy.json").write_text(json.dumps(POLICY), encoding="utf-8")
    return ebs_kms_audit.audit(
        [folder / "quokka.csv", folder / "quokka two.csv"],
        records=[folder / "quokka.json"],
        key_policies={KEY: str(folder / "quokka policy.json")},
        messages=[message(f"arn:aws:iam::{ACCOUNT}:user/quokka-user", "kms:CreateGrant")],
        principals={"quokka x": f"arn:aws:iam::{ACCOUNT}:role/quokka/quokka-x"},
        redact=redact,
    )


def texts_in(value: object, path: str = "report") -> Iterator[tuple[str, str]]:
    """Yield each text in a value, in all of its fields, with the path to it."""
    if isinstance(value, Enum):
        return
    if isinstance(value, str):
        yield path, value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from texts_in(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from texts_in(str(key), f"{path}.key")
            yield from texts_in(one, f"{path}[{key!r}]")
    elif isinstance(value, (tuple, list)):
        for number, one in enumerate(value):
            yield from texts_in(one, f"{path}[{number}]")
    elif isinstance(value, (int, float)):
        yield path, str(value)


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.casefold() in text.casefold()]


def test_no_field_of_a_redacted_report_holds_a_value_of_the_input(tmp_path):
    made = report(tmp_path, redact=True)
    assert made.coverage.denials == 15
    assert [(path, text) for path, text in texts_in(made) if leaks(text)] == []


@pytest.mark.parametrize(
    "form",
    [str, lambda report: "\n".join(map(repr, (report, *report.findings, *report.caveats))),
     lambda report: repr(report.findings[0].judgements), lambda report: report.to_json(),
     lambda report: report._repr_html_(), lambda report: report.to_pandas().to_csv(),
     lambda report: str(report.to_arrow().to_pylist())],
)  # fmt: skip
def test_no_form_of_a_redacted_report_holds_a_value_of_the_input(tmp_path, form):
    text = form(report(tmp_path, redact=True))
    assert leaks(text) == []


def test_the_test_itself_sees_the_values_where_nothing_is_redacted(tmp_path):
    assert set(leaks(report(tmp_path, redact=False).to_json())) >= {
        ACCOUNT,
        OTHER,
        "quokka",
        KEY_ID,
    }


def test_a_redacted_report_says_the_same_of_the_same_findings(tmp_path):
    plain, redacted = (report(tmp_path, redact=redact) for redact in (False, True))
    for one, other in zip(
        sorted(plain.findings, key=lambda finding: finding.id),
        sorted(redacted.findings, key=lambda finding: finding.id),
        strict=True,
    ):
        assert one.id == other.id
        assert one.cause.id == other.cause.id
        assert one.cause.evidence == other.cause.evidence
        assert one.verdict == other.verdict
        assert one.principal.kind == other.principal.kind
        assert len(one.denials) == len(other.denials)
    assert [caveat.id for caveat in plain.caveats] == [caveat.id for caveat in redacted.caveats]


def test_a_step_of_a_redacted_report_cannot_be_applied(tmp_path):
    steps = [step for step in report(tmp_path, redact=True).plan if step.change]
    assert steps
    for step in steps:
        with pytest.raises(UsageError, match="Run the audit again without redact"):
            step.apply(POLICY)


@pytest.mark.parametrize(
    ("arn", "shown"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/alice", "arn:aws:iam::account-1:user/name-1"),
        (f"arn:aws:iam::{ACCOUNT}:user/aws-service-role/alice",
         "arn:aws:iam::account-1:user/name-1"),
        (f"arn:aws:iam::{ACCOUNT}:role/path/deploy", "arn:aws:iam::account-1:role/name-1"),
        (f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::account-1:root"),
        (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
         "AWSServiceRoleForAutoScaling_payments",
         "arn:aws:iam::account-1:role/aws-service-role/autoscaling.amazonaws.com/"
         "AWSServiceRoleForAutoScaling_suffix-1"),
        (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
         "AWSServiceRoleForAutoScaling",
         "arn:aws:iam::account-1:role/aws-service-role/autoscaling.amazonaws.com/"
         "AWSServiceRoleForAutoScaling"),
        # The path and the name of a service-linked role are AWS's, if both have the form.
        (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ec2.eu-west-1.amazonaws.com/"
         "AWSServiceRoleForEC2",
         "arn:aws:iam::account-1:role/aws-service-role/ec2.region-1.amazonaws.com/"
         "AWSServiceRoleForEC2"),
        (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/quokka.example/AWSServiceRoleForQuokka",
         "arn:aws:iam::account-1:role/aws-service-role/service/AWSServiceRoleForQuokka"),
        (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/quokka/"
         "AWSServiceRoleForAutoScaling",
         "arn:aws:iam::account-1:role/aws-service-role/service/AWSServiceRoleForAutoScaling"),
        (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/quokka",
         "arn:aws:iam::account-1:role/name-1"),
        (f"arn:aws:iam::{ACCOUNT}:role/quokka/autoscaling.amazonaws.com/"
         "AWSServiceRoleForAutoScaling",
         "arn:aws:iam::account-1:role/AWSServiceRoleForAutoScaling"),
        (f"arn:aws:iam::{ACCOUNT}:role/quokka/aws-service-role/AWSServiceRoleForAutoScaling",
         "arn:aws:iam::account-1:role/AWSServiceRoleForAutoScaling"),
        (f"arn:aws:iam::{ACCOUNT}:user/aws-service-role/autoscaling.amazonaws.com/"
         "AWSServiceRoleForAutoScaling",
         "arn:aws:iam::account-1:user/AWSServiceRoleForAutoScaling"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy", "arn:aws:sts::account-1:assumed-role/"
         "name-1"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/session",
         "arn:aws:sts::account-1:assumed-role/name-1/name-2"),
        (KEY, "arn:aws:kms:region-1:account-1:key/key-1"),
        (f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/mrk-{'0a' * 16}",
         "arn:aws:kms:region-1:account-1:key/key-1"),
        (f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/secret",
         "arn:aws:kms:region-1:account-1:alias/alias-1"),
        (f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/aws/ebs",
         "arn:aws:kms:region-1:account-1:alias/aws/ebs"),
        (f"arn:aws-us-gov:kms:us-gov-west-1:{ACCOUNT}:key/x",
         "arn:aws-us-gov:kms:region-1:account-1:key/key-1"),
        (f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/aws/ebs/quokka",
         "arn:aws:kms:region-1:account-1:alias/alias-1"),
        (f"arn:aws:iam::{ACCOUNT}:role/*", "arn:aws:iam::account-1:role/*"),
        (f"arn:aws:quokka:eu-west-1:{ACCOUNT}:table/x",
         "arn:aws:service:region-1:account-1:table/name-1"),
        (f"arn:aws:ec2:eu-west-1:{ACCOUNT}:Quokka/x", "arn:aws:ec2:region-1:account-1:value-1"),
        ("arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/name-1"),
        ("arn:no arn", "arn-1"),
    ],
)  # fmt: skip
def test_an_arn_keeps_what_aws_chose(arn, shown):
    stand_ins = StandIns()
    made = stand_ins.arn(arn)
    assert readable(made) == shown
    assert stand_ins.arn(arn) == made
    assert stand_ins.arn(made) == made


@pytest.mark.parametrize(
    ("agent", "kept"),
    [
        # CloudTrail User Guide, "CloudTrail record contents" (userAgent): a service's host name, or
        # what the caller's program says of itself.
        ("ec2-frontend-api.amazonaws.com", "ec2-frontend-api.amazonaws.com"),
        ("autoscaling.amazonaws.com", "autoscaling.amazonaws.com"),
        ("ec2.ap-southeast-7.amazonaws.com", "ec2.region-1.amazonaws.com"),
        ("aws-cli/2.15.30 Python/3.11.8 quokka/1.0", None),
        ("quokka.amazonaws.com", None),
        ("quokka.autoscaling.amazonaws.com", None),
        ("ec2.quokka.amazonaws.com", None),
        ("ec2.eu-west-1.quokka.amazonaws.com", None),
        ("autoscaling.amazonaws.com quokka", None),
        ("quokka autoscaling.amazonaws.com", None),
        ("198.51.100.7", None),
        ("", None),
    ],
)
def test_of_user_agents_only_aws_services_stay(agent, kept):
    redacted = ebs_kms_audit.audit(export(row(user_agent=agent, **REGION)), redact=True)
    (denial,) = redacted.findings[0].denials
    assert denial.event.user_agent == kept


REGION = {"aws_region": "ap-southeast-7"}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ec2-frontend-api.amazonaws.com", "ec2-frontend-api.amazonaws.com"),
        ("ec2.eu-west-1.amazonaws.com", "ec2.region-1.amazonaws.com"),
        ("AWS Internal", "AWS Internal"),
        ("AWS Internal/3", "AWS Internal/3"),
        ("192.0.2.1", "address-1"),
        ("2001:db8::1", "address-1"),
        ("vpce-0badc0ffee.kms.eu-west-1.vpce.amazonaws.com", "address-1"),
        ("ec2.amazonaws.com.example.com", "address-1"),
    ],
)
def test_of_addresses_only_aws_services_stay(address, shown):
    assert readable(StandIns().address(address)) == shown


@pytest.mark.parametrize(
    ("region", "stand_in"),
    [
        ("eu-west-1", "us-redacted-1"),
        ("cn-north-1", "cn-redacted-1"),
        ("us-gov-west-1", "us-gov-redacted-1"),
        ("us-iso-east-1", "us-iso-redacted-1"),
        ("eusc-de-east-1", "eusc-de-redacted-1"),
    ],
)
def test_the_stand_in_of_a_region_has_its_partition(region, stand_in):
    stand_ins = StandIns()
    assert stand_ins.region(region) == stand_in
    assert partition_of(stand_in) == partition_of(region)
    assert stand_ins.region("quokka") == "region-2"


def test_the_stand_in_of_a_key_id_has_the_form_of_one():
    stand_ins = StandIns()
    assert stand_ins.key("0a1b2c3d-12ab-34cd-56ef-1234567890ab") == (
        "00000000-0000-4000-8000-000000000001"
    )
    assert stand_ins.key(f"mrk-{'0a' * 16}") == f"mrk-{'0' * 31}2"


def test_each_kind_is_numbered_by_itself_and_a_value_has_one_stand_in():
    stand_ins = StandIns()
    names = [stand_ins.name(f"user-{number % 3000}") for number in range(6000)]
    assert names[:2] + names[3000:3001] == ["name-1", "name-2", "name-1"]
    assert len(set(names)) == 3000
    assert readable(stand_ins.account(ACCOUNT)) == "account-1"


def test_the_identity_of_ec2_has_the_same_name_in_every_account_and_is_kept():
    role = "arn:aws:iam::111122223333:role/aws:ec2-infrastructure"
    denied = record(
        eventName="Decrypt",
        userIdentity=session(role, "i-0f1e2d3c4b5a69788"),
        sourceIPAddress="AWS Internal",
        errorMessage="absent",
    )
    report = ebs_kms_audit.audit(records=log(denied), redact=True)
    assert report.findings[0].cause.text.startswith("aws:ec2-infrastructure, which EC2 uses")
    assert "0f1e2d3c4b5a69788" not in report.to_json()
