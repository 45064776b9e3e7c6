"""Boundaries of the access-denied messages: what is read, what is cut off, and which reason counts.

Source: IAM User Guide, "Troubleshoot access denied error messages". Where AWS documents no form
(tools that shorten a text, partner tools), the rule is in `messages.parse`.
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.messages import denial_messages, parse_denial_message, read_error_text
from ebs_kms_audit.model import DenialMessage, Effect, MessageKind, PolicyType
from tests.messages.made import KEY, SCP, UNSEEN

ALICE = "arn:aws:iam::111122223333:user/alice"
DENIED = f"User: {ALICE} is not authorized to perform: kms:Decrypt on resource: {KEY}"
NO_IAM = "because no identity-based policy allows the kms:Decrypt action"
NO_KEY_POLICY = "because no resource-based policy allows the kms:Decrypt action"
BY_SCP = "with an explicit deny in a service control policy"
BY_RCP = "with an explicit deny in a resource control policy"
IDENTITY, RESOURCE = PolicyType.IDENTITY_BASED, PolicyType.RESOURCE_BASED
SERVICE_CONTROL = PolicyType.SERVICE_CONTROL


def one(text: str) -> DenialMessage:
    (found,) = denial_messages(text)
    return found


# A message has one reason. Text after it can hold the words of another.
@pytest.mark.parametrize(
    ("reasons", "effect", "policy_type"),
    [
        (f"{NO_IAM}. Somebody was denied {BY_SCP}", Effect.IMPLICIT, IDENTITY),
        (f"{BY_SCP}. Others are denied {NO_IAM}", Effect.EXPLICIT, SERVICE_CONTROL),
        (f"{NO_KEY_POLICY} {NO_IAM}", Effect.IMPLICIT, RESOURCE),
        (f"{BY_RCP} {BY_SCP}", Effect.EXPLICIT, PolicyType.RESOURCE_CONTROL),
        (f"with an explicit deny. Others are denied {NO_IAM}", Effect.EXPLICIT, None),
    ],
)
def test_the_first_reason_of_a_message_counts(reasons, effect, policy_type):
    found = one(f"{DENIED} {reasons}")
    assert (found.effect, found.policy_type, found.through) == (effect, policy_type, None)


def test_a_key_that_may_not_exist_is_the_reason_whatever_follows():
    found = one(f"{DENIED} {UNSEEN}. {BY_SCP}")
    assert (found.key_not_found, found.effect, found.policy_type) == (True, None, None)


@pytest.mark.parametrize(
    ("words", "policy_type"),
    [
        ("permission boundary", PolicyType.PERMISSIONS_BOUNDARY),
        ("permissions boundaries", PolicyType.PERMISSIONS_BOUNDARY),
        ("identity-based policies", IDENTITY),
        ("SESSION POLICY", PolicyType.SESSION),
        ("Sessions policies", PolicyType.SESSION),
        ("vpc endpoint policy", PolicyType.VPC_ENDPOINT),
        ("Service Control Policy", SERVICE_CONTROL),
    ],
)
def test_the_spellings_of_a_type_of_policy(words, policy_type):
    assert one(f"{DENIED} because no {words} allow the kms:Decrypt action").policy_type == (
        policy_type
    )
    assert one(f"{DENIED} with an explicit deny in the {words}").policy_type == policy_type


BOUNDARY_ARN = "arn:aws:iam::111122223333:policy/limits/MAX"


@pytest.mark.parametrize(
    ("tail", "arn", "truncated"),
    [
        (f": {SCP}", SCP, ()),
        (f" : {SCP})", SCP, ()),
        (f": {BOUNDARY_ARN}.", BOUNDARY_ARN, ()),
        (f": {BOUNDARY_ARN}]}};", BOUNDARY_ARN, ()),
        (f": {BOUNDARY_ARN[:-2]}...", None, ("policy",)),
        (f": {BOUNDARY_ARN[:-2]}…", None, ("policy",)),
        (": arn:aws:iam::**********33:policy/limits", None, ("policy",)),
        (": arn:aws:iam", None, ("policy",)),
        (f": {SCP[:-1]}", None, ("policy",)),  # an id has at least 8 characters
        (f": {SCP.replace('o-ab12cd34ef', 'o-ab12cd34e')}", None, ("policy",)),
        (f": {SCP}/more", None, ("policy",)),
        ("", None, ()),
    ],
)
def test_the_arn_of_the_policy(tail, arn, truncated):
    found = one(f"{DENIED} {BY_SCP}{tail}")
    assert (found.policy_arn, found.truncated) == (arn, truncated)
    implicit = one(f"{DENIED} {NO_IAM}{tail}")
    assert (implicit.policy_arn, implicit.truncated) == (arn, truncated)


def test_an_alias_is_a_resource_and_an_id_in_another_form_is_none():
    alias = KEY.partition("key/")[0] + "alias/app"
    assert one(DENIED.replace(KEY, alias)).resource == alias
    cut = one(DENIED.replace(KEY, alias + "..."))
    assert (cut.resource, cut.truncated) == (None, ("resource",))
    shouted = one(DENIED.replace("1234abcd-", "1234ABCD-"))
    assert (shouted.resource, shouted.truncated) == (None, ("resource",))


# The word before "is not authorized": the ARN of the caller, and what is cut off.
@pytest.mark.parametrize(
    ("caller", "principal", "truncated"),
    [
        (f"User: {ALICE}", ALICE, ()),
        (f"User:{ALICE}", ALICE, ()),
        (ALICE, ALICE, ()),
        (f"([{{{ALICE}", ALICE, ()),
        (f"x-User:{ALICE}", ALICE, ()),
        ("User: anonymous", None, ()),
        ("User:", None, ()),
        ("", None, ()),
        ("User: role/deploy", None, ("principal",)),
        ("User: 111122223333:user", None, ("principal",)),
        ("User: arn:aws:iam::1111****3333:user/alice", None, ("principal",)),
        (f"User: {ALICE[:-2]}...", None, ("principal",)),
        (f"User: {ALICE[:-2]}…", None, ("principal",)),
        (f"User: {ALICE[:-2]}**", None, ("principal",)),
        ("User: arn:aws:sts::111122223333:assumed-role/deploy", None, ("principal",)),
        ("User: arn:aws:sts::111122223333:assumed-role/deploy/",
         "arn:aws:sts::111122223333:assumed-role/deploy/", ()),
    ],
)  # fmt: skip
def test_the_caller_of_a_message(caller, principal, truncated):
    found = one(f"{caller} is not authorized to perform: kms:Decrypt on resource: {KEY} {NO_IAM}")
    assert (found.principal, found.truncated) == (principal, truncated)


def test_a_second_message_does_not_take_its_caller_from_the_first():
    first, second = denial_messages(
        f"{DENIED} {NO_IAM}. Also: is not authorized to perform: kms:Encrypt on resource: {KEY} x"
    )
    assert (first.principal, second.principal) == (ALICE, None)
    assert (first.action, second.action) == ("kms:Decrypt", "kms:Encrypt")


# The action at the end of a text can be the start of a longer name.
@pytest.mark.parametrize(
    ("text", "action", "truncated"),
    [
        ("kms:Decrypt", "kms:Decrypt", ()),
        ("KMS:decrypt", "KMS:decrypt", ()),
        ("kms:Decryp", None, ("action",)),
        ("kms:Entangle", None, ("action",)),  # not a known action
        ("kms:Entangle on resource", "kms:Entangle", ()),
        ("kms:GenerateDataKey", None, ("action",)),  # or GenerateDataKeyWithoutPlaintext
        ("kms:GenerateDataKey ", None, ("action",)),  # spaces at the end do not count
        ("kms:GenerateDataKey x", "kms:GenerateDataKey", ()),
        ("ec2:CreateVol", "ec2:CreateVol", ()),
        ("kms:CreateGr..", None, ("action",)),
        ("kms:CreateGr (truncated)", None, ("action",)),
        ("kms:CreateGr [...]", None, ("action",)),
        ("kms: on resource", None, ("action",)),
        ("kms:*", None, ("action",)),
        ("kms:* on resource", "kms:*", ()),
    ],
)
def test_the_action_of_a_message(text, action, truncated):
    for before in ("perform: ", "perform:", "perform "):
        found = one(f"User: {ALICE} is not authorized to {before}{text}")
        assert (found.action, found.truncated) == (action, truncated)


@pytest.mark.parametrize("count", [1, 20, 21])
def test_the_actions_of_a_partner_tool_are_at_most_20(count):
    listed = ", ".join(f"kms:A{number}" for number in range(count))
    found = list(
        denial_messages(
            f"{ALICE} is not authorized to use resource {KEY} (Actions: {listed}) {BY_SCP}"
        )
    )
    assert [message.action for message in found] == [f"kms:A{n}" for n in range(min(count, 20))]
    assert {(one.principal, one.resource, one.policy_type) for one in found} == {
        (ALICE, KEY, SERVICE_CONTROL)
    }


def test_words_that_are_not_actions_are_not_read_from_a_partner_tool():
    found = denial_messages(
        f"{ALICE} is not authorized to use resource {KEY} (Actions: Decrypt, kms:, kms:Encrypt x)"
    )
    assert [message.action for message in found] == ["kms:Encrypt"]


# The operation that an SDK names last before the message.
@pytest.mark.parametrize(
    ("before", "action"),
    [
        ("when calling the Encrypt operation: x. when calling the Decrypt operation: ",
         "kms:Decrypt"),
        ("when calling the Decrypt operation: x. when calling the Invoke operation: ", None),
        ("operation error KMS: ReEncrypt, ", "kms:ReEncryptFrom"),
        ("operation error KMS: Encrypt, ", None),  # it has no ciphertext
    ],
)  # fmt: skip
def test_the_operation_of_a_ciphertext(before, action):
    found = one(before + "The ciphertext refers to a customer master key that does not exist")
    assert (found.action, found.key_not_found) == (action, True)
    assert one(before + "the ciphertext refers to an AWS KMS key that does not exist").action == (
        action
    )


def test_the_operation_that_a_vpc_endpoint_policy_denied():
    text = "when calling the {} operation: The request was denied due to a VPC endpoint policy"
    assert one(text.format("GenerateDataKey")).action == "kms:GenerateDataKey"
    # ReEncrypt needs two permissions, and no action has that name
    assert one(text.format("ReEncrypt")).action is None


PAGE = "https://x.example/iam/home?region=eu-west-1#/authorization-details/{} for details"


@pytest.mark.parametrize(
    ("text", "id", "region"),
    [
        (PAGE.format("0a1b"), "0a1b", "eu-west-1"),
        ("authorization id: 0c2d", "0c2d", None),
        (PAGE.format("0a1b") + ", authorization id: 0c2d", "0a1b", "eu-west-1"),
        (PAGE.replace("?", "&").format("0a1b"), "0a1b", "eu-west-1"),
        (PAGE.format("0a1b").removesuffix(" for details"), None, None),  # it may be cut off
        ("nothing", None, None),
    ],
)
def test_the_authorization_id(text, id, region):
    found = one(f"{DENIED} {NO_IAM}. {text}")
    assert (found.authorization_id, found.authorization_region) == (id, region)
    assert found.policy_type == IDENTITY


def test_an_encoded_message_belongs_to_the_message_before_it():
    encoded = "Encoded authorization failure message: 0l-KP"
    first, second = denial_messages(f"{DENIED} {NO_IAM}. {DENIED.replace('De', 'En')} x {encoded}")
    assert (first.encoded, second.encoded) == (False, True)
    assert parse_denial_message(encoded) == DenialMessage(kind=MessageKind.ENCODED, encoded=True)


def test_denials_of_kms_are_separated_from_those_of_other_services():
    other = f"User: {ALICE} is not authorized to perform: ec2:CreateVolume on resource: *"
    cut = f"User: {ALICE} is not authorized to perform: KMS:Decr"
    loud = DENIED.replace("kms:", "KMS:", 1)
    found = read_error_text(f"{other}\n{DENIED} x\n{loud} x\n{cut}", file="pasted")
    assert [(message.action, message.truncated) for message in found.denials] == [
        ("kms:Decrypt", ()),
        ("KMS:Decrypt", ()),
        (None, ("action",)),
    ]
    assert [(one.id, one.operation, one.file) for one in found.symptoms] == [
        ("other_service_denied", "CreateVolume", "pasted")
    ]
    assert read_error_text("nothing", file="pasted") == ((), ())
