"""KMS errors that are not denials: counted once, with the key that the record names.

Source: AWS KMS Developer Guide, "Key states of AWS KMS keys": a call on a disabled key fails with
DisabledException, and the message holds the ARN of the key.
"""

from __future__ import annotations

from tests.records import KEY_ARN, audit, record
from tests.rows import export, row

OTHER_KEY = KEY_ARN.replace("1234abcd", "5678abcd")


def disabled(key, **fields):
    error = {"errorCode": "DisabledException", "errorMessage": f"{key} is disabled."}
    return record(eventName="Decrypt", **error, **fields)


def test_errors_of_two_keys_are_one_entry_and_two_steps():
    report = audit(
        record(),
        disabled(KEY_ARN, eventID="event-1"),
        disabled(OTHER_KEY, eventID="event-2"),
        disabled(OTHER_KEY, eventID="event-3"),
    )
    (error,) = report.other_errors
    assert (error.error_code, error.count) == ("DisabledException", 3)
    assert error.keys == (KEY_ARN, OTHER_KEY)
    steps = {step.target: step for step in report.plan if step.kind == "key_state"}
    assert set(steps) == {KEY_ARN, OTHER_KEY}
    assert steps[OTHER_KEY].commands.apply == (
        f"aws kms enable-key --region us-east-1 --key-id {OTHER_KEY}\n"
    )
    assert (steps[OTHER_KEY].account, steps[OTHER_KEY].findings) == ("111122223333", ())


def test_a_row_and_its_record_are_one_error_with_the_key_of_the_record():
    rows = export(row(event_name="Decrypt", error_code="DisabledException", event_id="event-9"))
    report = audit(disabled(OTHER_KEY, eventID="event-9"), rows=rows)
    assert [(error.keys, error.count) for error in report.other_errors] == [((OTHER_KEY,), 1)]


def test_a_row_alone_does_not_name_the_key_and_the_step_has_no_command():
    rows = export(row(event_name="Decrypt", error_code="DisabledException"), row())
    report = audit(rows=rows)
    assert [error.keys for error in report.other_errors] == [()]
    (step,) = [step for step in report.plan if step.kind == "key_state"]
    assert (step.target, step.commands.apply) == (None, "")
