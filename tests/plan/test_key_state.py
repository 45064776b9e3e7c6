"""The key_state step: a key that is disabled, pending deletion or pending import.

Sources: AWS KMS Developer Guide, "Key states of AWS KMS keys" (cancelling a deletion leaves the key
disabled) and "Import the key material" (a key that lost its material is pending import, and takes
the same material again); AWS KMS API Reference, "EnableKey", "CancelKeyDeletion".
"""

import pytest

from tests.context.test_key_states import changed
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, ROLE, audit, record

ON_KEY = f"--region us-east-1 --key-id {KEY_ARN}\n"
DISABLED, INVALID = "DisabledException", "KMSInvalidStateException"
ENABLE = f"aws kms enable-key {ON_KEY}"
NAMED = {"resources": [{"ARN": KEY_ARN}], "errorMessage": "absent"}
NOT_NAMED = {"resources": "absent", "errorMessage": "absent"}
ALIAS = {"resources": [{"ARN": f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/x"}],
         "errorMessage": "absent"}  # fmt: skip


def failed(code=DISABLED, **fields):
    return record(**({"eventName": "Decrypt", "errorCode": code} | NAMED | fields))


def states(*records):
    return [step for step in audit(*records).plan if step.kind == "key_state"]


CANCEL = f"aws kms cancel-key-deletion {ON_KEY}"
MADE_USABLE = f"Check the state of key {KEY_ID}, and make it usable."


@pytest.mark.parametrize(
    ("records", "text", "apply", "reasons"),
    [
        ([failed()], f"Enable key {KEY_ID}.", ENABLE, [f"Decrypt failed with {DISABLED}."]),
        ([failed(INVALID)], MADE_USABLE, CANCEL + ENABLE, [f"Decrypt failed with {INVALID}."]),
        ([failed(), failed(INVALID, eventName="Encrypt", eventID="e2")], MADE_USABLE,
         CANCEL + ENABLE,
         [f"Decrypt failed with {DISABLED}.", f"Encrypt failed with {INVALID}."]),
        ([failed(), failed(eventName="Encrypt", eventID="e2"), failed(eventID="e3")],
         f"Enable key {KEY_ID}.", ENABLE, [f"Decrypt and Encrypt failed with {DISABLED}."]),
    ],
)  # fmt: skip
def test_a_key_that_is_named_is_made_usable(records, text, apply, reasons):
    (step,) = states(*records)
    assert (step.id, step.text) == (f"key_state-{KEY_ID}", text)
    assert (step.account, step.region, step.target) == (ACCOUNT, "us-east-1", KEY_ARN)
    assert list(step.reasons) == reasons
    assert (step.disposition, step.findings, step.statements) == ("review", (), ())
    assert step.commands.apply == apply
    assert step.commands.verify == (
        f"aws kms describe-key {ON_KEY.rstrip()} --query KeyMetadata.KeyState\n"
    )
    assert step.commands.undo == ""
    look, *then = step.console_steps
    assert look == (
        f"Open the KMS console in us-east-1, Customer managed keys, key {KEY_ID}, and read its "
        "Status."
    )
    assert then == (["Choose Key actions, Enable."] if apply == ENABLE else [
        "If the status is Disabled, choose Key actions, Enable.",
        "If it is Pending deletion, choose Key actions, Cancel key deletion, and then Enable.",
        "If it is Pending import, import the key material: the same as before, if the key had any.",
    ])  # fmt: skip
    assert step.afterwards == ("Make the failed call again.",)


@pytest.mark.parametrize("fields", [NOT_NAMED, ALIAS])
def test_a_key_without_an_arn_is_to_be_found_and_no_command_names_another(fields):
    (step,) = states(failed(**fields))
    assert step.id == f"key_state-{ACCOUNT}-us-east-1"
    assert step.text == "Find the key that a failed call used, and make it usable."
    assert (step.account, step.region, step.target) == (ACCOUNT, "us-east-1", None)
    assert (step.commands.apply, step.commands.verify, step.commands.undo) == ("", "", "")
    assert step.console_steps[0] == (
        "Open the KMS console in us-east-1, Customer managed keys, the key, and read its Status."
    )


def test_errors_share_a_step_for_each_key_account_and_region():
    other = KEY_ARN.replace("1234abcd", "5678abcd")
    steps = states(
        failed(), failed(eventID="e2", resources=[{"ARN": other}]),
        failed(eventID="e3", eventName="Encrypt"),
        failed(eventID="e5", awsRegion="eu-west-1", **NOT_NAMED),
        failed(eventID="e6", awsRegion="eu-west-1", eventName="Encrypt", **NOT_NAMED),
    )  # fmt: skip
    both = ("Decrypt and Encrypt failed with DisabledException.",)
    assert {step.id: step.reasons for step in steps} == {
        f"key_state-{KEY_ID}": both,
        f"key_state-{KEY_ID.replace('1234abcd', '5678abcd')}": (
            "Decrypt failed with DisabledException.",
        ),
        f"key_state-{ACCOUNT}-eu-west-1": both,
    }


def test_another_error_is_not_one_of_the_keys_state():
    assert states(failed("NotFoundException"), failed("InvalidGrantIdException")) == []


@pytest.mark.parametrize(
    ("denied", "errors", "findings"),
    [
        # The cause of the denial is not known otherwise: the state of the same key explains it.
        (NAMED, [failed(eventID="e2")], 1),
        # The message shows the cause: the state of the key is a step of its own.
        ({}, [failed(eventID="e2")], 0),
        # Another key.
        (NAMED, [failed(eventID="e2", resources=[{"ARN": KEY_ARN.replace("1234a", "5678a")}])], 0),
    ],
)
def test_a_key_that_explains_denials_comes_first_and_has_one_step(denied, errors, findings):
    plan = audit(record(**denied), *errors).plan
    steps = [step for step in plan if step.kind == "key_state"]
    assert [len(step.findings) for step in steps] == [findings]
    assert steps[0].text.startswith("Enable key ")
    assert (plan[0] is steps[0]) == bool(findings)


def test_a_step_for_denials_says_why_and_names_their_finding():
    errors = [
        failed(eventID="e2"), failed(INVALID, eventID="e3"),
        failed(eventName="Encrypt", eventID="e5"),
    ]  # fmt: skip
    bob = {"type": "IAMUser", "userName": "bob", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob"}
    report = audit(record(**NAMED), record(**NAMED, eventID="e4", userIdentity=bob), *errors)
    (step,) = report.plan
    assert set(step.findings) == {one.id for one in report.findings}
    assert len(step.findings) == 2
    assert step.reasons == (
        "Within an hour of the denied calls, Decrypt and Encrypt failed with DisabledException.",
        "Within an hour of the denied calls, Decrypt failed with KMSInvalidStateException.",
    )
    assert (step.text, step.commands.apply) == (MADE_USABLE, CANCEL + ENABLE)


def test_a_replica_in_another_region_has_a_step_of_its_own():
    """Source: AWS KMS Developer Guide, "Multi-Region keys": one key id, two keys."""
    replicas = [
        f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"
        for region in ("us-east-1", "eu-west-1")
    ]
    errors = [
        failed(resources=[{"ARN": arn}], eventID=arn, awsRegion=arn.split(":")[3])
        for arn in replicas
    ]
    denied = record(resources=[{"ARN": replicas[0]}], errorMessage="absent")
    assert [(step.target, len(step.findings)) for step in states(denied, *errors)] == [
        (replicas[0], 1),
        (replicas[1], 0),
    ]


ADMINISTRATORS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Admins", "Effect": "Allow", "Resource": "*", "Action": "kms:*",
         "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/KeyAdministrators"}},
    ],
}  # fmt: skip
NO_STATEMENT = record(
    resources=[{"ARN": KEY_ARN}],
    errorMessage=f"User: {ROLE} is not authorized to perform: kms:CreateGrant on resource: "
    f"{KEY_ARN} because no resource-based policy allows the kms:CreateGrant action",
)
AT = "at 2026-05-18 06:30:00 UTC"
OTHER_STEPS = "Do the other steps for this key, and then make the denied call again."


@pytest.mark.parametrize(
    ("name", "text", "apply", "reason", "first"),
    [
        ("DisableKey", f"Enable key {KEY_ID}.", ENABLE,
         f"DisableKey by ci succeeded on this key {AT}. The input shows no EnableKey after it.",
         "Enable the key, if it is disabled."),
        ("CancelKeyDeletion", f"Enable key {KEY_ID}.", ENABLE,
         f"CancelKeyDeletion by ci succeeded on this key {AT}, which leaves the key disabled. The "
         "input shows no EnableKey after it.", "Enable the key, if it is disabled."),
        ("ScheduleKeyDeletion", f"Cancel the deletion of key {KEY_ID}, and enable it.",
         CANCEL + ENABLE,
         f"ScheduleKeyDeletion by ci succeeded on this key {AT}. The input shows no EnableKey "
         "after it.", "Cancel the deletion of the key and enable it, if that is not done."),
        ("DeleteImportedKeyMaterial", f"Import the key material of key {KEY_ID} again.", "",
         f"DeleteImportedKeyMaterial by ci succeeded on this key {AT}. The input shows no "
         "ImportKeyMaterial after it.", "Import the key material, if the key has none."),
    ],
)  # fmt: skip
def test_a_key_that_a_change_leaves_unusable_is_made_usable_first(name, text, apply, reason, first):
    """`safe` says what the policy allows. The key is made usable before the calls are made."""
    by = {"type": "IAMUser", "userName": "ci", "arn": f"arn:aws:iam::{ACCOUNT}:user/ci"}
    change = changed(name, "06:30:00", userIdentity=by)
    report = audit(NO_STATEMENT, change, key_policies={KEY_ARN: ADMINISTRATORS})
    state, policy = report.plan
    assert (state.kind, state.text, state.commands.apply) == ("key_state", text, apply)
    assert (state.disposition, state.reasons) == ("review", (reason,))
    assert state.afterwards == (OTHER_STEPS,)
    assert (policy.kind, policy.disposition) == ("key_policy", "safe")
    assert policy.afterwards[-1] == f"{first} Attach the volume, or start the instance, again."
    assert report.findings[0].steps == (state.id, policy.id)
    assert state.findings == policy.findings == (report.findings[0].id,)


def test_the_policy_of_a_deleted_key_cannot_be_changed():
    """Source: AWS KMS Developer Guide, "Deleting AWS KMS keys": no key is recovered."""
    gone = changed("DeleteKey", "06:30:00", userIdentity={"type": "AWSService"})
    state, policy = audit(NO_STATEMENT, gone, key_policies={KEY_ARN: ADMINISTRATORS}).plan
    reason = f"DeleteKey succeeded on this key {AT}. Nothing can be done with a deleted key."
    assert state.text == f"Use another key. It is not possible to recover key {KEY_ID}."
    assert (state.reasons, state.commands.apply) == ((reason,), "")
    assert (policy.disposition, policy.reasons) == ("review", (reason,))


@pytest.mark.parametrize(
    ("others", "again"),
    [
        ([], "Attach the volume, or start the instance, again."),
        ([changed("DisableKey", "06:10:00"), changed("EnableKey", "06:30:00")],
         "Attach the volume, or start the instance, again."),
        # A failed call shows the state: what the policy allows is not enough, either.
        ([failed(eventID="e2")],
         "Make the key usable, if it is not. Attach the volume, or start the instance, again."),
        ([failed(eventID="e2", resources=[{"ARN": KEY_ARN.replace("1234a", "5678a")}])],
         "Attach the volume, or start the instance, again."),
    ],
)  # fmt: skip
def test_what_is_done_before_the_volume_is_attached_again(others, again):
    plan = audit(NO_STATEMENT, *others, key_policies={KEY_ARN: ADMINISTRATORS}).plan
    (policy,) = [step for step in plan if step.kind == "key_policy"]
    assert (policy.disposition, policy.afterwards[-1]) == ("safe", again)


def test_a_change_and_failed_calls_of_one_key_have_one_step():
    change = changed("DisableKey", "06:30:00", userIdentity={"type": "AWSService"})
    reason = f"DisableKey succeeded on this key {AT}. The input shows no EnableKey after it."
    (step,) = states(record(**NAMED), failed(eventID="e2"), change)
    assert step.reasons == (
        reason,
        "Within an hour of the denied calls, Decrypt failed with DisabledException.",
    )
    (step,) = states(NO_STATEMENT, failed(eventID="e2"), change)
    assert step.reasons == (reason,)


def test_a_key_is_made_usable_before_its_policy_is_changed_and_after_keys_with_more_denials():
    other = KEY_ARN.replace("1234abcd", "5678abcd")
    on_other = {"resources": [{"ARN": other}], "errorMessage": "absent"}
    denied = [record(**on_other, eventID=f"other-{number}") for number in range(3)]
    plan = audit(record(**NAMED), *denied, changed("DisableKey", "06:30:00")).plan
    assert [(step.kind, step.target) for step in plan] == [
        ("key_policy", other),
        ("key_state", KEY_ARN),
        ("key_policy", KEY_ARN),
    ]
