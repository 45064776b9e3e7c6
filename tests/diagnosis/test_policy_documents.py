"""How policies of the log and given policies compare, and which edit took a permission away.

Sources: AWS KMS Developer Guide, "Changing a key policy" (PutKeyPolicy replaces the document); IAM
User Guide, "AWS JSON policy elements: Principal" (the root ARN of an account equals its id).
"""

from __future__ import annotations

import json

import pytest

import ebs_kms_audit
from ebs_kms_audit.diagnosis.policy_log import canonical, undecided
from ebs_kms_audit.diagnosis.policy_terms import rank
from ebs_kms_audit.model import Verdict
from ebs_kms_audit.policy import Decision, KeyPolicy, Request, evaluate
from tests.context.test_policy_history import put
from tests.diagnosis.test_policy_log import (
    DELEGATE,
    DENY,
    USE,
    audit,
    denied,
    document,
    edit,
)
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, ROLE, log

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("kms:Decrypt", ["kms:Decrypt"], True),
        (["a", "b"], ["b", "a"], True),
        (["a", "b"], ["a"], False),
        (["a", ["b"]], ["a", "b"], True),
        ([{"x": "1"}, {"y": "2"}], [{"y": "2"}, {"x": "1"}], True),
        ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, True),
        ({"a": "1"}, {"a": "2"}, False),
        ({"a": True}, {"a": "true"}, True),
        ({"a": False}, {"a": "false"}, True),
        ({"a": True}, {"a": "false"}, False),
        ({"AWS": ROOT}, {"AWS": ACCOUNT}, True),
        ({"AWS": ROOT.replace("arn:aws:", "arn:aws-cn:")}, {"AWS": [ACCOUNT]}, True),
        ({"AWS": ROLE}, {"AWS": ACCOUNT}, False),
        ({"AWS": ROOT.replace(":iam:", ":sts:")}, {"AWS": ACCOUNT}, False),
        ({"AWS": ROOT.replace(ACCOUNT, "11112222333")}, {"AWS": "11112222333"}, False),
        ("kms:decrypt", "kms:Decrypt", False),
        (1, 1, True),
        (None, None, True),
    ],
)
def test_documents_that_say_the_same(one, other, equal):
    assert (canonical(one) == canonical(other)) is equal


def decide(*statements) -> Decision:
    request = Request(principal=ROLE, action="kms:CreateGrant", resource=KEY_ARN)
    return evaluate(request, KeyPolicy.from_dict(document(*statements)))


ALLOWS, DELEGATES = decide(USE), decide(DELEGATE)
NEITHER, DENIES, BOTH = decide(), decide(USE, DENY), decide(DELEGATE, DENY)


def test_the_rank_of_a_decision():
    assert [rank(one) for one in (ALLOWS, DELEGATES, NEITHER, DENIES, BOTH)] == [2, 1, 0, 0, 0]
    assert DELEGATES.verdict is Verdict.DELEGATED_TO_IAM


@pytest.mark.parametrize(
    ("decisions", "all_known", "expected"),
    [
        ([ALLOWS], True, False),
        ([ALLOWS], False, True),  # the policy that is not known may deny
        ([NEITHER], False, False),  # no policy is known to allow
        ([DELEGATES], False, False),
        ([ALLOWS, NEITHER], True, True),
        ([DELEGATES, NEITHER], True, True),
        ([NEITHER, DENIES], True, False),
        ([ALLOWS, ALLOWS], True, False),
    ],
)
def test_whether_policies_leave_a_decision_open(decisions, all_known, expected):
    assert undecided(decisions, all_known=all_known) is expected


# --- the edit that took the permission away

WITH, WITHOUT, LEAVES = document(USE), document(), document(DELEGATE)


def changes(*edits, time="08:30:00"):
    """Return the times of the edit that took the permission away, and of the one that restored."""
    (judgement,) = audit(*edits, denied(time)).judgements
    change = judgement.change
    if change is None:
        return None
    restored = change.restored_time
    return f"{change.time:%H:%M}", restored and f"{restored:%H:%M}"


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([("07:00:00", WITH), ("08:00:00", WITHOUT)], ("08:00", None)),
        ([("07:00:00", WITH), ("08:00:00", LEAVES)], ("08:00", None)),
        ([("07:00:00", LEAVES), ("08:00:00", WITHOUT)], ("08:00", None)),
        # the last edit before the denial that took something away
        ([("06:00:00", WITH), ("07:00:00", LEAVES), ("08:00:00", WITHOUT)], ("08:00", None)),
        ([("06:00:00", WITH), ("07:00:00", WITHOUT), ("08:00:00", WITHOUT)], ("07:00", None)),
        # nothing was taken away, or it was given back before the denial
        ([("07:00:00", WITHOUT), ("08:00:00", WITH)], None),
        ([("07:00:00", WITHOUT), ("08:00:00", LEAVES)], None),
        ([("06:00:00", WITH), ("07:00:00", WITHOUT), ("08:00:00", WITH)], None),
        ([("06:00:00", WITH), ("07:00:00", WITHOUT), ("08:00:00", LEAVES)], None),
        ([("08:00:00", WITHOUT)], None),
        # an edit at the second of the denial counts, a later one does not
        ([("07:00:00", WITH), ("08:30:00", WITHOUT)], ("08:30", None)),
        ([("07:00:00", WITH), ("08:30:01", WITHOUT)], None),
        # a later edit restores what was there before, no less
        ([("07:00:00", WITH), ("08:00:00", WITHOUT), ("09:00:00", WITH)], ("08:00", "09:00")),
        ([("07:00:00", WITH), ("08:00:00", WITHOUT), ("09:00:00", LEAVES)], ("08:00", None)),
        ([("07:00:00", LEAVES), ("08:00:00", WITHOUT), ("09:00:00", WITH)], ("08:00", "09:00")),
        ([("07:00:00", WITH), ("08:00:00", WITHOUT), ("09:00:00", LEAVES), ("10:00:00", WITH)],
         ("08:00", "10:00")),
    ],
)  # fmt: skip
def test_the_edit_that_took_the_permission_away(edits, expected):
    assert changes(*(edit(time, policy) for time, policy in edits)) == expected


def test_a_denial_without_a_time_shows_no_edit():
    message = (
        f"User: {ROLE} is not authorized to perform: kms:CreateGrant on resource: {KEY_ARN} "
        "because no resource-based policy allows the kms:CreateGrant action"
    )
    (judgement,) = audit(
        edit("07:00:00", WITH), edit("08:00:00", WITHOUT), messages=message
    ).judgements
    assert judgement.change is None


@pytest.mark.parametrize(("others", "expected"), [(18, ("06:00", None)), (19, None)])
def test_20_edits_before_the_denial_are_compared(others, expected):
    # the edit that took it away, the one before it, and as many that change nothing
    later = [edit(f"07:{at:02}:00", WITHOUT | {"Id": f"edit {at}"}) for at in range(others)]
    assert changes(edit("05:00:00", WITH), edit("06:00:00", WITHOUT), *later) == expected


def test_the_change_shows_the_documents_by_their_events():
    (judgement,) = audit(
        edit("07:00:00", WITH), edit("08:00:00", WITHOUT), denied("08:30:00")
    ).judgements
    assert judgement.change.diff.splitlines() == [
        "--- PutKeyPolicy event put-2026-05-18T07:00:00Z",
        "+++ PutKeyPolicy event put-2026-05-18T08:00:00Z",
        "@@ -11,11 +11,2 @@",
        '       "Resource": "*"',
        "-    },",
        "-    {",
        '-      "Sid": "use",',
        '-      "Effect": "Allow",',
        '-      "Principal": {',
        f'-        "AWS": "{ROLE}"',
        "-      },",
        '-      "Action": "kms:*",',
        '-      "Resource": "*"',
        "     }",
    ]


@pytest.mark.parametrize(
    ("accounts", "lines", "last"),
    [
        (184, 200, "     }"),
        (185, 201, "… 1 more line"),
        (250, 201, "… 66 more lines"),
    ],
)
def test_a_long_diff_is_cut_after_200_lines(accounts, lines, last):
    # 16 lines beside the accounts: names, place, context, and the other lines of the statement
    listed = [f"{number:012}" for number in range(accounts)]
    names = USE | {"Principal": {"AWS": [ROLE, *listed]}}
    (judgement,) = audit(
        edit("07:00:00", document(names)), edit("08:00:00", WITHOUT), denied("08:30:00")
    ).judgements
    diff = judgement.change.diff.splitlines()
    assert (len(diff), diff[-1]) == (lines, last)


# --- which policy is judged

OTHER = KEY_ARN[:-1] + "0"


def of_other(time, policy):
    request = {"keyId": OTHER, "policy": json.dumps(policy)}
    return put(
        f"2026-05-18T{time}Z", document=json.dumps(policy),
        resources=[{"ARN": OTHER, "type": "AWS::KMS::Key"}], requestParameters=request,
    )  # fmt: skip


def test_a_policy_that_both_keys_have_in_the_log_can_be_the_keys():
    # the given policy is the last of both keys
    finding = audit(
        edit("07:00:00", LEAVES), of_other("07:10:00", LEAVES), denied("08:30:00"),
        key_policies=LEAVES,
    )  # fmt: skip
    (judgement,) = finding.judgements
    assert (judgement.compared, judgement.binding) == ("equal", "key")


def test_a_given_policy_of_another_key_in_the_log_is_not_judged_for_a_key_without_a_log():
    assert (
        audit(of_other("07:00:00", LEAVES), denied("08:30:00"), key_policies=LEAVES).judgements
        == ()
    )
    # an earlier policy of the other key may be this key's
    (judgement,) = audit(
        of_other("06:00:00", LEAVES), of_other("07:00:00", WITHOUT), denied("08:30:00"),
        key_policies=LEAVES,
    ).judgements  # fmt: skip
    assert judgement.policy.policy.document == LEAVES
    # and a policy that was given for this key is its own
    (judgement,) = audit(
        of_other("07:00:00", LEAVES), denied("08:30:00"), key_policies={KEY_ARN: LEAVES}
    ).judgements
    assert judgement.binding == "key"


def test_the_policy_of_an_edit_by_the_bare_id_is_that_of_the_arn():
    by_id = {"keyId": KEY_ID, "policy": json.dumps(WITHOUT)}
    finding = audit(
        edit("07:00:00", WITHOUT, requestParameters=by_id, resources=[]), denied("08:00:00")
    )
    (judgement,) = finding.judgements
    assert (judgement.policy.key, judgement.binding) == (KEY_ARN, "key")
    assert judgement.policy.name == "PutKeyPolicy event put-2026-05-18T07:00:00Z"
    assert judgement.policy.event_id == "put-2026-05-18T07:00:00Z"
    assert f"{judgement.policy.since:%H:%M:%S}" == "07:00:00"


def test_a_policy_given_before_the_last_edit_is_older_only_if_the_last_one_is_known():
    unknown = edit("09:00:00", WITH, requestParameters={"keyId": KEY_ID})
    # the log does not show what the last edit set, so the given policy may be it
    finding = audit(
        edit("07:00:00", WITH), edit("08:00:00", WITHOUT), unknown, denied("10:00:00"),
        key_policies={KEY_ARN: WITH},
    )  # fmt: skip
    assert finding.judgements[0].compared == "newer"


def test_the_policy_of_an_arn_judges_a_denial_that_names_the_id():
    named = {"resources": [], "requestParameters": {"keyId": KEY_ID}, "errorMessage": None}
    (judgement,) = audit(edit("07:00:00", WITHOUT), denied("08:00:00", **named)).judgements
    assert (judgement.policy.key, judgement.binding) == (KEY_ARN, "key")


BY_ALIAS = {"resources": [], "requestParameters": {"keyId": "alias/app"}, "errorMessage": None}


def test_a_policy_that_was_given_for_a_key_can_be_that_of_an_alias():
    given = {"key_policies": {OTHER: LEAVES}}
    (judgement,) = audit(
        of_other("07:00:00", LEAVES), denied("08:00:00", **BY_ALIAS), **given
    ).judgements
    assert (judgement.policy.key, judgement.binding) == (OTHER, "if_this_key")
    # a policy without a key that is another key's last policy in the log is not
    given = {"key_policies": LEAVES}
    assert (
        audit(of_other("07:00:00", LEAVES), denied("08:00:00", **BY_ALIAS), **given).judgements
        == ()
    )


def test_a_key_with_an_edit_without_a_document_has_no_last_policy():
    unknown = of_other("07:00:00", LEAVES) | {"requestParameters": {"keyId": OTHER}}
    (judgement,) = audit(unknown, denied("08:00:00"), key_policies=LEAVES).judgements
    assert judgement.policy.policy.document == LEAVES


def test_a_given_policy_that_is_the_last_one_in_the_log_is_surely_the_keys():
    other = denied("08:40:00", eventID="other", errorMessage=None, resources=[{"ARN": OTHER}])
    report = ebs_kms_audit.audit(
        records=log(edit("07:00:00", WITHOUT), denied("08:30:00"), other), key_policies=WITHOUT
    )
    bindings = {one.key.arn: [j.binding for j in one.judgements] for one in report.findings}
    assert bindings == {KEY_ARN: ["key"], OTHER: []}
