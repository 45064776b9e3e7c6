"""Near misses and conditions are repaired in place.

Sources: AWS KMS Developer Guide, "AWS KMS condition keys", "AWS global condition keys"; EBS User
Guide, "Requirements for Amazon EBS encryption"; EC2 Auto Scaling User Guide, "Required KMS key
policy for use with encrypted volumes".
"""

import jsonpatch
import pytest

from tests.records import ACCOUNT, KEY_ARN, ROLE, audit, record, session

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ADMINS = {"Sid": "admins", "Effect": "Allow", "Principal": {"AWS": ROOT},
          "Action": ["kms:Put*", "kms:Get*"], "Resource": "*"}  # fmt: skip
OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
USAGE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
SERVICE_ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
    "AWSServiceRoleForAutoScaling"
)
BLAMES_KEY_POLICY = (
    f"User: x is not authorized to perform: kms:{{0}} on resource: {KEY_ARN} because no "
    "resource-based policy allows the kms:{0} action"
)


def usage(**fields):
    return {"Sid": "use", "Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": USAGE,
            "Resource": "*"} | fields  # fmt: skip


def step_for(*statements, event="GenerateDataKeyWithoutPlaintext", role=ROLE, message=None):
    document = {"Version": "2012-10-17", "Statement": [ADMINS, *statements]}
    denied = record(
        eventName=event, readOnly=True, userIdentity=session(role, "s"),
        errorMessage=message or BLAMES_KEY_POLICY.format(event),
    )  # fmt: skip
    step = audit(denied, key_policies={KEY_ARN: document}).plan[0]
    assert step.kind == "key_policy"
    assert jsonpatch.apply_patch(document, list(step.patch)) == step.document
    return step


WITHOUT_PATH = f"arn:aws:iam::{ACCOUNT}:role/AWSServiceRoleForAutoScaling"
NARROW = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt", "kms:GenerateDataKey", "kms:DescribeKey"]


@pytest.mark.parametrize(
    ("statement", "role", "element", "repaired"),
    [
        (usage(Action=NARROW), ROLE, "Action", [*NARROW[:3], "kms:GenerateDataKey*", NARROW[4]]),
        (usage(Principal={"AWS": WITHOUT_PATH}), SERVICE_ROLE, "Principal", {"AWS": SERVICE_ROLE}),
        (usage(Principal={"Service": "autoscaling.amazonaws.com"}), SERVICE_ROLE, "Principal",
         {"AWS": SERVICE_ROLE}),
        (usage(Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/s2"}), ROLE,
         "Principal", {"AWS": ROLE}),
        (usage(Principal={"AWS": ROLE.replace("arn:aws:", "arn:aws-cn:")}), ROLE, "Principal",
         {"AWS": ROLE}),
        (usage(Resource="arn:aws:kms:us-east-1:111122223333:alias/x"), ROLE, "Resource", "*"),
    ],
)  # fmt: skip
def test_a_near_miss_is_repaired_in_place_if_nobody_else_is_named(
    statement, role, element, repaired
):
    step = step_for(statement, role=role)
    assert step.patch[0] == {"op": "replace", "path": f"/Statement/1/{element}", "value": repaired}


def test_a_near_miss_beside_another_principal_is_left_as_it_is():
    statement = usage(Principal={"AWS": [OTHER, WITHOUT_PATH]})
    step = step_for(statement, role=SERVICE_ROLE)
    assert step.document["Statement"][1]["Principal"]["AWS"][:2] == [OTHER, WITHOUT_PATH]
    assert all(one["op"] == "add" for one in step.patch)


def test_another_service_linked_role_keeps_its_permission():
    suffixed = f"{SERVICE_ROLE}_blue"
    step = step_for(usage(Principal={"AWS": SERVICE_ROLE}), role=suffixed)
    assert step.document["Statement"][1]["Principal"]["AWS"] == [SERVICE_ROLE, suffixed]


def through(service):
    return {"StringEquals": {"kms:ViaService": service}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (through("ec2.eu-west-1.amazonaws.com"),
         through(["ec2.eu-west-1.amazonaws.com", "ec2.us-east-1.amazonaws.com"])),
        (through("ec2.<region>.amazonaws.com"), through("ec2.us-east-1.amazonaws.com")),
        ({"StringEquals": {"kms:EncryptionContext:aws:ebs:id": "snap-0123456789abcdef0"}},
         {"StringLike": {"kms:EncryptionContext:aws:ebs:id": ["vol-*", "snap-*"]}}),
    ],
)  # fmt: skip
def test_a_condition_is_repaired_and_never_without_review(before, after):
    step = step_for(usage(Condition=before))
    assert step.document["Statement"][1]["Condition"] == after
    assert step.disposition == "review"
    (key,) = next(iter(before.values()))
    assert step.reasons[1:] == (
        "The change alters a condition of the key's owner.",
        f'The statement "use" allows the same actions only under a condition on {key}. The new '
        "statement does not have it.",
    )


def test_a_caller_who_passes_the_repaired_condition_is_not_added_without_it():
    step = step_for(usage(Condition=through("ec2.eu-west-1.amazonaws.com")))
    sids = [one["Sid"] for one in step.document["Statement"]]
    assert sids == ["admins", "use", "Allow attachment of persistent resources"]


def test_a_statement_for_one_network_is_completed_for_calls_through_aws_services():
    step = step_for(usage(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
    added = step.document["Statement"][2]
    assert added["Condition"] == {"Bool": {"aws:ViaAWSService": "true"}}
    assert step.disposition == "review"


def test_a_deny_by_network_exempts_the_calls_that_ec2_makes():
    fence = {"Sid": "fence", "Effect": "Deny", "Principal": "*", "Action": "kms:*",
             "Resource": "*",
             "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}  # fmt: skip
    blames = (
        f"User: x is not authorized to perform: kms:Decrypt on resource: {KEY_ARN} with an "
        "explicit deny in a resource-based policy"
    )
    step = step_for(usage(), fence, event="Decrypt", message=blames)
    assert step.document["Statement"][2]["Condition"] == {
        "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"},
        "Bool": {"aws:ViaAWSService": "false"},
        "ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure/*"},
    }
    assert step.disposition == "review"
    assert step.statements == ()
