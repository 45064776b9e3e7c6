"""Every template of an access-denied message, with all that it says.

The expectations come from AWS's pages ("Troubleshoot access denied error messages", "Policy
evaluation logic", "Default key policy"), not from the output.
"""

import pytest

import ebs_kms_audit
from ebs_kms_audit.model import MessageKind, PolicyType
from tests.messages.made import (
    ALICE,
    AWS_ALIAS,
    BOUNDARY,
    BY_DEPLOY,
    CIPHERTEXT,
    DENIES,
    ENCODED,
    EXPLICIT,
    IMPLICIT,
    KEY,
    NO_BOUNDARY,
    NO_IAM_POLICY,
    NO_KEY_POLICY,
    OTHER_KEY,
    RCP,
    SCP,
    TYPES,
    UNSEEN,
    check,
    denial,
)


@pytest.mark.parametrize("named", TYPES)
def test_nothing_in_a_policy_allows_it(named):
    check(
        denial(f"because no {named} allows the kms:Decrypt action"), **BY_DEPLOY,
        action="kms:Decrypt", resource=KEY, policy_type=TYPES[named], effect=IMPLICIT,
    )  # fmt: skip


@pytest.mark.parametrize("named", DENIES)
@pytest.mark.parametrize("tail", [None, SCP, RCP, BOUNDARY, "arn:aws:iam::aws:policy/Quarantine"])
@pytest.mark.parametrize("on", [f" on resource: {KEY}", ""])
def test_a_policy_denies_it(named, tail, on):
    check(
        denial(f"with an explicit deny in {named}" + (f": {tail}" if tail else ""), on=on),
        **BY_DEPLOY, action="kms:Decrypt", resource=KEY if on else None,
        policy_type=DENIES[named], effect=EXPLICIT, policy_arn=tail,
    )  # fmt: skip


def test_a_policy_passes_a_denial_on():
    check(
        denial("with an explicit deny in a VPC endpoint policy transitively through a service "
                f"control policy: {SCP}"),
        **BY_DEPLOY, action="kms:Decrypt",
        resource=KEY, policy_type=PolicyType.SERVICE_CONTROL, effect=EXPLICIT, policy_arn=SCP,
        through=PolicyType.VPC_ENDPOINT,
    )  # fmt: skip


REASONS = [
    ("", {"resource": KEY}),
    (" with an explicit deny", {"resource": KEY, "effect": EXPLICIT}),
    (" with an explicit deny in a policy of a new type", {"resource": KEY, "effect": EXPLICIT}),
]


@pytest.mark.parametrize(("reason", "expected"), REASONS)
def test_the_type_of_policy_is_not_said(reason, expected):
    check(denial() + reason, **BY_DEPLOY, action="kms:Decrypt", **expected)


@pytest.mark.parametrize("on", [" on this resource", " on the resource associated with this "
                                "ciphertext", f" on resource: {KEY}"])  # fmt: skip
def test_kms_does_not_say_whether_there_is_a_key(on):
    check(
        denial(UNSEEN, on=on),
        **BY_DEPLOY, action="kms:Decrypt", resource=KEY if "arn" in on else None,
        key_not_found=True,
    )  # fmt: skip


def test_a_reason_after_the_key_of_a_ciphertext():
    check(
        denial("because no identity-based policy allows the kms:Decrypt action",
                on=" on the resource associated with this ciphertext"),
        **BY_DEPLOY, action="kms:Decrypt",
        policy_type=PolicyType.IDENTITY_BASED, effect=IMPLICIT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "action"),
    [
        ("", None),
        ("An error occurred (AccessDeniedException) when calling the Decrypt operation: ",
         "kms:Decrypt"),
        ("An error occurred (AccessDeniedException) when calling the ReEncrypt operation: ",
         "kms:ReEncryptFrom"),
        ("operation error KMS: Decrypt, https response error StatusCode: 400, RequestID: 7f, ",
         "kms:Decrypt"),
        ("An error occurred (AccessDenied) when calling the Invoke operation: ", None),
    ],
)  # fmt: skip
def test_the_ciphertext_of_a_key_that_kms_does_not_show(before, action):
    check(before + CIPHERTEXT, action=action, key_not_found=True)


SITUATIONS = {
    "a user in the key's account": (
        denial(NO_KEY_POLICY, who=ALICE),
        {"principal": ALICE, "action": "kms:Decrypt", "resource": KEY,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "a grant that is made by hand": (
        denial(NO_KEY_POLICY, who=ALICE, action="kms:CreateGrant"),
        {"principal": ALICE, "action": "kms:CreateGrant", "resource": KEY,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "the key of another account lacks it": (
        denial(NO_KEY_POLICY, who=ALICE, action="kms:Decrypt", on=f" on resource: {OTHER_KEY}"),
        {"principal": ALICE, "action": "kms:Decrypt", "resource": OTHER_KEY,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "IAM lacks it for the key of another account": (
        denial(NO_IAM_POLICY, who=ALICE, on=f" on resource: {OTHER_KEY}"),
        {"principal": ALICE, "action": "kms:Decrypt", "resource": OTHER_KEY,
         "policy_type": PolicyType.IDENTITY_BASED, "effect": IMPLICIT},
    ),
    "a key of another account": (
        denial(NO_KEY_POLICY, who=ALICE, action="kms:PutKeyPolicy",
                on=f" on resource: {OTHER_KEY}"),
        {"principal": ALICE, "action": "kms:PutKeyPolicy", "resource": OTHER_KEY,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "a user's permissions boundary": (
        denial(NO_BOUNDARY, who=ALICE),
        {"principal": ALICE, "action": "kms:Decrypt", "resource": KEY,
         "policy_type": PolicyType.PERMISSIONS_BOUNDARY, "effect": IMPLICIT},
    ),
    "an AWS managed key": (
        denial(NO_KEY_POLICY, who=ALICE, on=f" on resource: {AWS_ALIAS}"),
        {"principal": ALICE, "action": "kms:Decrypt", "resource": AWS_ALIAS,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "an action on no key": (
        denial("because no identity-based policy allows the kms:CreateKey action", who=ALICE,
                action="kms:CreateKey", on=" on resource: *"),
        {"principal": ALICE, "action": "kms:CreateKey", "policy_type": PolicyType.IDENTITY_BASED,
         "effect": IMPLICIT},
    ),
    "a grant's own decision": (
        denial(who=ALICE, action="kms:RetireGrant"),
        {"principal": ALICE, "action": "kms:RetireGrant", "resource": KEY},
    ),
    "an action of the future": (
        denial("because no resource-based policy allows the kms:Entangle action", who=ALICE,
                action="kms:Entangle"),
        {"principal": ALICE, "action": "kms:Entangle", "resource": KEY,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "no ARN of a caller": (
        denial(NO_KEY_POLICY, who="arn:aws:iam::***:user/x"),
        {"action": "kms:Decrypt", "resource": KEY, "policy_type": PolicyType.RESOURCE_BASED,
         "effect": IMPLICIT, "truncated": ("principal",)},
    ),
    "an action of another service": (
        denial("because no resource-based policy allows the s3:GetObject action", who=ALICE,
                action="s3:GetObject", on=" on resource: arn:aws:s3:::example/key.txt"),
        {"principal": ALICE, "action": "s3:GetObject", "resource": "arn:aws:s3:::example/key.txt",
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SITUATIONS)
def test_situations(name):
    text, expected = SITUATIONS[name]
    check(text, **expected)


def test_ec2_s_encoded_message_is_explained_and_not_decoded():
    check(
        f"UnauthorizedOperation: You are not authorized to perform this operation. {ENCODED}",
        kind=MessageKind.ENCODED, encoded=True,
    )  # fmt: skip


def test_ec2_s_message_with_a_reason_before_the_encoded_one():
    instance = "arn:aws:ec2:us-east-1:111122223333:instance/*"
    check(
        "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You "
        f"are not authorized to perform this operation. User: {ALICE} is not authorized to "
        f"perform: ec2:RunInstances on resource: {instance} with an explicit deny in a service "
        f"control policy: {SCP}. {ENCODED}",
        principal=ALICE, action="ec2:RunInstances",
        resource=instance, policy_type=PolicyType.SERVICE_CONTROL, effect=EXPLICIT,
        policy_arn=SCP, encoded=True,
    )  # fmt: skip


def test_it_is_public():
    assert {"parse_denial_message", "DenialMessage"} <= set(ebs_kms_audit.__all__)
