"""Which error codes of EC2 and EBS calls are symptoms.

Source: EC2 User Guide, "Error codes for the Amazon EC2 API"; EBS direct APIs Reference.
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.aws.ebs_errors import symptom_of


@pytest.mark.parametrize(
    ("code", "id"),
    [
        ("Client.InvalidKMSKey.InvalidState", "kms_key_incorrect_state"),
        ("InvalidKMSKey.InvalidState", "kms_key_incorrect_state"),
        ("Client.CustomerKeyHasBeenRevoked", "kms_key_revoked"),
        ("Client.InvalidKMSKey.NotFound", "key_id_not_accessible"),
        ("InvalidVolume.NotFound", "volume_vanished"),
        ("DisabledException", "key_state_error"),
        ("KMSInvalidStateException", "key_state_error"),
        ("DEPENDENCY_ACCESS_DENIED", "ebs_dependency_denied"),
        ("Client.InternalError", None),  # it has many reasons
        ("MalformedPolicyDocument", None),
        ("InvalidKMSKey.InvalidState.More", None),
        ("XCustomerKeyHasBeenRevoked", None),
        ("", None),
    ],
)
def test_the_kind_of_an_error_code(code, id):
    assert symptom_of("ec2.amazonaws.com", "AttachVolume", code) == id


@pytest.mark.parametrize(
    ("name", "code", "id"),
    [
        ("RunInstances", "Client.InternalError", "client_error_on_launch"),
        ("StartInstances", "Client.InternalError", "client_error_on_launch"),
        ("AttachVolume", "Client.InternalError", None),
        ("RunInstances", "Server.InternalError", None),
        ("RunInstances", "Client.UnauthorizedOperation", "other_service_denied"),
        ("RunInstances", "VpceAccessDenied", "other_service_denied"),
        ("RunInstances", None, None),
        ("CreateVolume", "Client.VpceAccessDenied", "other_service_denied"),
        ("RunInstances", "Client.InstanceLimitExceeded", None),
        ("RunInstances", "Client.DryRunOperation", None),
        ("RunInstances", "", None),
    ],
)
def test_a_code_counts_with_the_name_of_the_call(name, code, id):
    assert symptom_of("ec2.amazonaws.com", name, code) == id


@pytest.mark.parametrize(
    ("source", "name", "id"),
    [
        ("ec2.amazonaws.com", "AttachVolume", "other_service_denied"),
        (None, "RunInstances", "other_service_denied"),
        ("ebs.amazonaws.com", "StartSnapshot", "other_service_denied"),
        ("ec2.amazonaws.com", "StartSnapshot", None),
        ("ebs.amazonaws.com", "RunInstances", None),
        ("ec2.amazonaws.com", "DescribeInstances", None),
        ("kms.amazonaws.com", "Decrypt", None),
        ("rds.amazonaws.com", "CreateDBInstance", None),
    ],
)
def test_only_calls_of_ec2_and_ebs_are_symptoms(source, name, id):
    assert symptom_of(source, name, "AccessDenied") == id
