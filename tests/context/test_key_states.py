"""Which change leaves a key unusable.

Sources: AWS KMS Developer Guide, "Key states of AWS KMS keys" and "Multi-Region keys" (one key id,
two keys); AWS KMS API Reference, "CancelKeyDeletion" (the key is disabled), "EnableKey",
"DeleteImportedKeyMaterial" (the state of a key that is pending deletion does not change) and
"ImportKeyMaterial" (the key is enabled). "Key states of AWS KMS keys" says too which operations
fail on a disabled key, and "AWS KMS eventual consistency" that a change can take several minutes.
"""

import pytest

from tests.context.test_history import made
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, audit, record

OF_KEY = [{"ARN": KEY_ARN, "type": "AWS::KMS::Key"}]
OTHER = [{"ARN": KEY_ARN.replace("1234abcd", "5678abcd"), "type": "AWS::KMS::Key"}]


def changed(name, time, **fields):
    return made(name, time, **({"resources": OF_KEY} | fields))


def unusable(*records):
    event = audit(record(), *records).findings[0].history.unusable_since
    return event and event.event_id


DISABLE, DELETE, CANCEL, ENABLE = (
    "DisableKey",
    "ScheduleKeyDeletion",
    "CancelKeyDeletion",
    "EnableKey",
)
EMPTY, EXPIRE, FILL = "DeleteImportedKeyMaterial", "DeleteExpiredKeyMaterial", "ImportKeyMaterial"


@pytest.mark.parametrize(
    ("names", "last"),
    [
        ([], None),
        ([DISABLE], 0),
        ([DELETE], 0),
        ([CANCEL], 0),
        ([EMPTY], 0),
        ([EXPIRE], 0),
        (["DeleteKey"], 0),
        ([ENABLE], None),
        ([FILL], None),
        ([DISABLE, ENABLE], None),
        ([DISABLE, ENABLE, DISABLE], 2),
        ([ENABLE, DISABLE], 1),
        ([DELETE, CANCEL], 1),
        ([DELETE, CANCEL, ENABLE], None),
        ([DISABLE, DELETE], 1),
        ([EMPTY, FILL], None),
        ([EXPIRE, FILL], None),
        ([FILL, EXPIRE], 1),
        ([DISABLE, FILL], 0),
        ([DELETE, EMPTY], 0),
        ([DELETE, FILL], 0),
        ([DELETE, EMPTY, CANCEL, FILL], 2),
        ([DISABLE, EMPTY], 1),
        ([EMPTY, FILL, DISABLE], 2),
        ([DELETE, "DeleteKey"], 1),
        # Other operations do not change the state.
        (["PutKeyPolicy", "EnableKeyRotation", "DisableKeyRotation", "TagResource"], None),
        ([DISABLE, "PutKeyPolicy", "EnableKeyRotation"], 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("hour", ["06", "08"], ids=["before the denial", "after it"])
def test_the_last_change_decides(names, last, hour):
    records = [changed(name, f"{hour}:{at:02}:00") for at, name in enumerate(names)]
    expected = None if last is None else records[last]["eventID"]
    assert unusable(*records) == expected
    assert unusable(*reversed(records)) == expected


@pytest.mark.parametrize(
    ("names", "last"),
    [
        ([ENABLE, DISABLE], DISABLE),
        ([DISABLE, ENABLE], DISABLE),
        # EnableKey fails on a key that is pending deletion: it is the later one.
        ([ENABLE, CANCEL], None),
        ([CANCEL, DELETE], DELETE),
        ([EMPTY, FILL], EMPTY),
    ],
)
def test_of_changes_at_equal_times_one_that_makes_the_key_unusable_is_the_later_one(names, last):
    records = [changed(name, "06:30:00") for name in names]
    assert unusable(*records) == (last and f"{last} 06:30:00")


@pytest.mark.parametrize(
    "fields",
    [
        {"errorCode": "AccessDenied"},
        {"errorCode": "KMSInvalidStateException"},
        {"resources": OTHER},
        {"awsRegion": "eu-west-1",
         "resources": [{"ARN": KEY_ARN.replace("us-east-1", "eu-west-1")}]},
        {"recipientAccountId": "444455556666",
         "resources": [{"ARN": KEY_ARN.replace(ACCOUNT, "444455556666")}]},
        {"eventSource": "example.amazonaws.com"},
        {"resources": []},
    ],
)  # fmt: skip
def test_a_failed_change_and_a_change_of_another_key_do_not_count(fields):
    assert unusable(changed(DISABLE, "06:30:00", **fields)) is None
    assert unusable(
        changed(DISABLE, "06:30:00"), changed(ENABLE, "06:40:00", **fields)
    ) == "DisableKey 06:30:00"  # fmt: skip


BOB = {"type": "IAMUser", "userName": "bob", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob"}
BY_ID = {"requestParameters": {"keyId": KEY_ID}, "resources": "absent"}


@pytest.mark.parametrize(
    ("used", "is_usable"),
    [
        (changed("Decrypt", "06:40:00"), True),
        (changed("Decrypt", "06:39:59"), False),  # the change may not have had an effect yet
        (changed("Decrypt", "06:20:00"), False),
        (changed("Decrypt", "07:30:00", userIdentity=BOB), True),
        (changed("Decrypt", "07:30:00", **BY_ID), True),
        (changed("Decrypt", "07:30:00", sourceIPAddress="AWS Internal"), True),
        (changed("Encrypt", "07:30:00"), True),
        (changed("GenerateDataKeyWithoutPlaintext", "07:30:00"), True),
        (changed("CreateGrant", "07:30:00"), True),
        (changed("ReEncrypt", "07:30:00", resources=[*OTHER, *OF_KEY]), True),
        # These calls succeed on a disabled key.
        (changed("DescribeKey", "07:30:00"), False),
        (changed("ListGrants", "07:30:00"), False),
        (changed("RetireGrant", "07:30:00"), False),
        (changed("PutKeyPolicy", "07:30:00"), False),
        (changed("Decrypt", "07:30:00", errorCode="DisabledException"), False),
        (changed("Decrypt", "07:30:00", eventSource="example.amazonaws.com"), False),
        (changed("Decrypt", "07:30:00", resources=OTHER), False),
        (changed("Decrypt", "07:30:00", resources=[]), False),
        (changed("Decrypt", "07:30:00", awsRegion="eu-west-1"), False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", [DISABLE, DELETE, CANCEL, EMPTY, "DeleteKey"])
def test_a_later_use_of_the_key_shows_that_it_is_enabled_again(used, is_usable, name):
    change = changed(name, "06:30:00")
    assert unusable(change, used) == (None if is_usable else f"{name} 06:30:00")


def test_a_change_after_the_last_use_counts():
    used = changed("Decrypt", "07:00:00")
    assert unusable(changed(DISABLE, "06:30:00"), used, changed(DISABLE, "07:10:00")) == (
        "DisableKey 07:10:00"
    )
    # The key was not pending deletion any more, so it lost its material.
    assert unusable(changed(DELETE, "06:30:00"), used, changed(EMPTY, "07:10:00")) == (
        f"{EMPTY} 07:10:00"
    )


def test_a_change_weeks_before_counts():
    old = changed(DISABLE, "06:30:00") | {"eventTime": "2026-04-01T06:30:00Z"}
    assert unusable(old) == "DisableKey 06:30:00"


def test_each_caller_of_the_key_has_the_change():
    report = audit(record(), record(eventID="e2", userIdentity=BOB), changed(DISABLE, "06:30:00"))
    assert [one.history.unusable_since.event_id for one in report.findings] == [
        "DisableKey 06:30:00"
    ] * 2


def test_of_many_changes_the_last_decides():
    toggled = [
        changed(name, f"05:{minute:02}:{second}")
        for minute in range(60)
        for name, second in ((DISABLE, "10"), (ENABLE, "20"), (DISABLE, "30"), (ENABLE, "40"))
    ]
    assert unusable(*toggled) is None
    assert unusable(*toggled[:-1]) == "DisableKey 05:59:30"
