"""The operations with a KMS key, against botocore's models, so that drift is seen."""

from datetime import date

import botocore.loaders
import botocore.model
import pytest

from ebs_kms_audit.aws import FACTS_DATE
from ebs_kms_audit.aws.ebs_operations import (
    EBS_DIRECT_OPERATIONS,
    EBS_OPERATIONS,
    is_ebs_operation,
    workflow_of,
)
from ebs_kms_audit.aws.kms_actions import kms_actions
from ebs_kms_audit.aws.service_roles import documented_arn, service_role
from ebs_kms_audit.cli.version import version_text

LOADER = botocore.loaders.Loader()
IAM_ACTIONS = {name for action in kms_actions() for name in action.iam_actions}


def model(service):
    return botocore.model.ServiceModel(LOADER.load_service_model(service, "service-2"))


def takes_key(shape, seen=()):
    """Return whether a request can name a KMS key, at any depth."""
    if shape is None or shape.name in seen:
        return False
    seen = (*seen, shape.name)
    if shape.type_name == "list":
        return takes_key(shape.member, seen)
    if shape.type_name != "structure":
        return False
    return any(
        "kmskey" in name.lower() or takes_key(one, seen) for name, one in shape.members.items()
    )


def test_every_operation_of_ec2_that_takes_a_key_is_in_the_table():
    ec2 = model("ec2")
    found = {
        name for name in ec2.operation_names if takes_key(ec2.operation_model(name).input_shape)
    }
    # Verified Access encrypts its own settings, not volumes.
    assert {name for name in found if "VerifiedAccess" not in name} <= EBS_OPERATIONS


def test_every_operation_of_the_table_exists():
    assert set(model("ec2").operation_names) >= EBS_OPERATIONS
    assert set(model("ebs").operation_names) >= EBS_DIRECT_OPERATIONS


def test_the_reason_of_the_direct_apis_exists():
    assert "DEPENDENCY_ACCESS_DENIED" in model("ebs").shape_for("AccessDeniedExceptionReason").enum


@pytest.mark.parametrize("name", sorted(EBS_OPERATIONS | EBS_DIRECT_OPERATIONS))
def test_a_workflow_names_actions_that_exist(name):
    workflow = workflow_of(name)
    for action in workflow.actions if workflow else ():
        assert any(one.startswith(action.removesuffix("*")) for one in IAM_ACTIONS)


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("ec2.amazonaws.com", "CopyVolumes", True),
        ("ebs.amazonaws.com", "StartSnapshot", True),
        (None, "AttachVolume", True),
        (None, "PutSnapshotBlock", True),
        ("ec2.amazonaws.com", "StartSnapshot", False),
        ("ebs.amazonaws.com", "AttachVolume", False),
        ("ec2.amazonaws.com", "DescribeVolumes", False),
    ],
)
def test_an_operation_is_of_its_own_service(source, name, expected):
    assert is_ebs_operation(source, name) is expected


# The user guides of the services, "Service-linked roles"; AWS Managed Policy Reference.
ROLES = [
    ("AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com", False),
    ("AWSServiceRoleForAutoScaling_blue", "autoscaling.amazonaws.com", False),
    ("AWSServiceRoleForEC2Spot", "spot.amazonaws.com", False),
    ("AWSServiceRoleForImageBuilder", "imagebuilder.amazonaws.com", True),
    ("AWSServiceRoleForEC2Fleet", None, False),
    ("AWSBackupDefaultServiceRole", None, True),
]


@pytest.mark.parametrize(("name", "service", "kms_actions"), ROLES)
def test_service_roles(name, service, kms_actions):
    role = service_role(name)
    assert role.kms_actions is kms_actions
    path = f"role/aws-service-role/{service}/{name}"
    expected = f"arn:aws-cn:iam::111122223333:{path}" if service else None
    assert documented_arn(name, "aws-cn", "111122223333") == expected


@pytest.mark.parametrize("name", [None, "", "deploy", "AWSServiceRoleForEC2Spot_blue", "_", "x_y"])
def test_other_roles_are_not_known(name):
    assert service_role(name) is None


def test_the_version_tells_the_date_of_the_facts():
    assert date.fromisoformat(FACTS_DATE) >= date(2026, 11, 26)
    assert FACTS_DATE in version_text()
