"""The key_state step: a key that is disabled, pending deletion or pending import.

Sources: AWS KMS Developer Guide, "Key states of AWS KMS keys" (cancelling a deletion leaves the key
disabled) and "Import the key material" (a key that lost its material is pending import, and takes
the same material again); AWS KMS API Reference, "EnableKey", "CancelKeyDeletion".
"""

import pytest

from tests.records import ACCOUNT, KEY_ARN, KEY_ID, audit, record

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
