"""Which policy counts as the denied key's own. Source: the definition of `safe`."""

from __future__ import annotations

import json

import pytest

from tests.incidents import ADMINS, DELEGATES, OTHER_KEY, key_policy
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, audit, record

POLICY = key_policy(DELEGATES, ADMINS)
REPLICA_ID = "mrk-" + "0123456789abcdef" * 2
REPLICA = KEY_ARN.replace(KEY_ID, REPLICA_ID)
ALIAS = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/ebs"


def on(key, **fields):
    """Return the record of a denial on a key, by an ARN, a bare id or an alias; or on none."""
    named = {"resources": [{"ARN": key}]} if key and key.startswith("arn:") else {
        "requestParameters": {"keyId": key}
    }  # fmt: skip
    return record(errorMessage="absent", **(named | fields))


@pytest.mark.parametrize(
    ("name", "keys", "binding"),
    [
        (KEY_ARN, [KEY_ARN], "key"),
        (None, [KEY_ARN], "key"),  # the only policy, and the only key
        (None, [KEY_ARN, KEY_ID], "key"),  # two spellings of one key
        (KEY_ID, [KEY_ARN], "key"),
        (None, [KEY_ARN, OTHER_KEY], "if_this_key"),
        (None, [KEY_ARN, None], "if_this_key"),  # a denial may be about another key
        (None, [KEY_ARN, "alias/ebs"], "if_this_key"),  # an alias may be another key's
        (None, [KEY_ARN, ALIAS], "if_this_key"),
        (KEY_ID, [KEY_ARN, OTHER_KEY], "if_this_key"),
        (REPLICA_ID, [REPLICA], "if_this_key"),  # each replica has its own policy
        (None, [REPLICA, REPLICA_ID], "if_this_key"),  # the bare id may be another Region's
        (REPLICA, [REPLICA], "key"),
    ],
)
def test_the_binding_of_a_policy(tmp_path, name, keys, binding):
    path = tmp_path / (f"{name}.json" if name and ":" not in name else "policy.json")
    path.write_text(json.dumps(POLICY), encoding="utf-8")
    given = {name: path} if name and ":" in name else path
    denials = [on(key, eventID=f"event-{at}") for at, key in enumerate(keys)]
    report = audit(*denials, key_policies=given)
    first = next(f for f in report.findings if f.denials[0].event.event_id == "event-0")
    (judgement,) = first.judgements
    assert judgement.binding == binding


def test_a_policy_of_another_region_is_not_judged_for_a_row_without_a_key():
    elsewhere = KEY_ARN.replace("us-east-1", "eu-west-1")
    (finding,) = audit(on(None), key_policies={elsewhere: POLICY}).findings
    assert finding.judgements == ()


def test_another_key_is_judged_by_the_message_alone():
    other = on(OTHER_KEY, eventID="other")
    report = audit(on(KEY_ARN), other, key_policies={KEY_ARN: POLICY})
    causes = {finding.key.arn: finding.cause.id for finding in report.findings}
    assert causes == {KEY_ARN: "iam_policy_missing", OTHER_KEY: "unknown"}
