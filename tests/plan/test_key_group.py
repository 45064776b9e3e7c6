"""Names of keys in step ids and folders, and the order of keys in a plan."""

import pytest

from ebs_kms_audit.plan.key_group import name_for
from tests.incidents import denied
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, audit
from tests.rows import audit as audit_rows
from tests.rows import row


@pytest.mark.parametrize(
    ("key_id", "account", "region", "name"),
    [
        (KEY_ID, ACCOUNT, "us-east-1", KEY_ID),
        (None, ACCOUNT, "us-east-1", f"{ACCOUNT}-us-east-1"),
        (None, None, "us-east-1", "us-east-1"),
        (None, ACCOUNT, None, ACCOUNT),
        (None, None, None, "unknown"),
        ("", "", "", "unknown"),
        ("alias/disks", ACCOUNT, "us-east-1", "alias-disks"),
        ("alias/a_b.c-D9", None, None, "alias-a_b.c-D9"),
        # An alias comes from a log: no path, no option, no hidden file, nothing for a shell.
        ("../../etc/passwd", None, None, "etc-passwd"),
        ("-rf", None, None, "rf"),
        (".hidden.", None, None, "hidden"),
        ("$(id);`id`\n&", None, None, "id-id"),
        ("éé", None, None, "unknown"),
        ("x" * 64, None, None, "x" * 64),
        ("x" * 65, None, None, "x" * 64),
        ("x" * 63 + "-y", None, None, "x" * 63),
    ],
)
def test_a_name_is_one_for_a_file_and_for_a_shell(key_id, account, region, name):
    assert name_for(key_id, account, region) == name


def test_findings_on_one_key_in_two_spellings_are_one_group():
    """The id of a key with its account and Region is the key."""
    by_id = denied("Decrypt", None, eventID="e2", resources=[])
    by_id["requestParameters"] = {"keyId": KEY_ID}
    steps = audit(denied("Decrypt"), by_id).plan
    assert [(step.id, step.target) for step in steps if step.kind == "key_policy"] == [
        (f"key_policy-{KEY_ID}", KEY_ARN)
    ]


def test_replicas_of_one_key_are_two_groups():
    """Source: AWS KMS Developer Guide, "Multi-Region keys": one id, a key in each Region."""
    east = KEY_ARN.replace(KEY_ID, "mrk-1234abcd12ab34cd56ef1234567890ab")
    west = east.replace("us-east-1", "eu-west-1")
    steps = audit(
        denied("Decrypt", "resource", key=east),
        denied("Decrypt", "resource", key=west, awsRegion="eu-west-1", eventID="e2"),
    ).plan
    assert [(step.target, step.account, step.region) for step in steps] == [
        (west, ACCOUNT, "eu-west-1"),
        (east, ACCOUNT, "us-east-1"),
    ]


def test_two_aliases_are_two_groups():
    """Source: AWS KMS Developer Guide, "Aliases": an alias can be of any key."""
    aliases = [[{"ARN": f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/{name}"}] for name in "ab"]
    steps = audit(
        *(
            denied("Decrypt", None, eventID=f"e{at}", resources=one)
            for at, one in enumerate(aliases)
        )
    ).plan
    assert [step.id for step in steps] == ["key_policy-alias-a", "key_policy-alias-b"]


def test_unknown_keys_of_two_regions_are_two_groups():
    steps = audit_rows(row(), row(aws_region="eu-west-1")).plan
    assert sorted(step.id for step in steps) == [
        f"key_policy-{ACCOUNT}-eu-west-1", f"key_policy-{ACCOUNT}-us-east-1",
    ]  # fmt: skip
