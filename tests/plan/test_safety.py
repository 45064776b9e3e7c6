"""What keeps a change of a known policy from being `safe`, beside the cases of test_safe.

Sources: IAM User Guide, "Policy evaluation logic", "Troubleshoot access denied error messages"; AWS
KMS Developer Guide, "Allowing users in other accounts to use a KMS key"; EC2 Auto Scaling User
Guide, "Required KMS key policy for use with encrypted volumes".
"""

import json

import pytest

from ebs_kms_audit import KeyPolicy, UsageError
from tests.incidents import (
    ADMINS,
    AUTO_SCALING,
    DELEGATES,
    FOR_AWS,
    GRANT,
    OTHER_ROOT,
    ROLE,
    ROOT,
    USE,
    VISITOR,
    bound,
    denied,
    key_policy,
    pair,
    statement,
)
from tests.records import ACCOUNT, KEY_ARN, audit, session

ONLY_EC2 = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
NO_GRANTS = {"Sid": "NoGrants", "Effect": "Deny", "Action": "kms:CreateGrant", "Resource": "*"}
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
CALLS = [
    "kms:Decrypt by run-1 was denied",
    "kms:GenerateDataKeyWithoutPlaintext by run-1 is needed next",
    "kms:CreateGrant by run-1 is needed next",
]


def step(*records, **options):
    plan = audit(*records, **options).plan
    return next(one for one in plan if one.kind == "key_policy")


def applied(document, reason="resource", action="Decrypt", caller=ROLE):
    """Return the step of a denied call, applied to a policy that the audit did not have."""
    return step(denied(action, reason, caller)).apply(document)


KEY_POLICY_BLAMED = (
    "The message says that no statement of the key policy allows kms:Decrypt, but the given policy "
    "leaves it to IAM policies."
)
IAM_BLAMED = (
    "The message says that no IAM policy allows kms:Decrypt, but the given policy does not leave "
    "it to IAM policies."
)
ALLOWED = "The given policy allows kms:Decrypt, which was denied."


@pytest.mark.parametrize(
    ("reason", "caller", "statements", "reasons"),
    [
        ("resource", ROLE, [ADMINS], []),
        ("resource", ROLE, [DELEGATES], [KEY_POLICY_BLAMED]),
        ("identity", ROLE, [DELEGATES], []),
        ("identity", ROLE, [ADMINS], [IAM_BLAMED]),
        ("resource", ROLE, [ADMINS, *pair(ROLE)], [ALLOWED]),
        ("identity", ROLE, [ADMINS, *pair(ROLE)], [ALLOWED]),
        # A service-linked role takes no IAM policy, so delegation contradicts nothing.
        ("resource", AUTO_SCALING, [DELEGATES], []),
    ],
)  # fmt: skip
def test_what_the_message_says_of_the_policy_at_the_time(reason, caller, statements, reasons):
    made = applied(key_policy(*statements), reason, caller=caller)
    assert list(made.reasons) == reasons
    assert made.disposition == ("review" if reasons else "safe")


def test_the_half_of_another_account_contradicts_no_message():
    """A cross-account call needs both halves: the message names one of them."""
    made = step(denied("Decrypt", "identity", VISITOR), **bound(DELEGATES))
    assert made.reasons == tuple(
        f"{call}. It also needs an IAM policy in account 444455556666, which was not given."
        for call in CALLS
    )


@pytest.mark.parametrize(
    ("options", "caller", "text"),
    [
        ({"boundary": key_policy(ONLY_EC2)}, ROLE,
         ", and a given policy does not allow it: permissions_boundary."),
        ({"scps": key_policy(ONLY_EC2)}, ROLE,
         ", and a given policy does not allow it: service_control_policies."),
        ({"iam_policies": {VISITOR: key_policy(ONLY_EC2)}}, VISITOR,
         ". It also needs an IAM policy in account 444455556666, and none that was given allows "
         "it."),
    ],
)  # fmt: skip
def test_the_other_policies_must_allow_too(options, caller, text):
    """The change is applied to a policy that was not there when the cause was found."""
    made = step(denied("Decrypt", "resource", caller), **bound(ADMINS, OWN), **options)
    assert [one for one in made.reasons if one.startswith("kms:")] == [
        f"{call}{text}" for call in CALLS
    ]


OWN = statement(ROOT, ["kms:Get*"], "own")


def test_a_deny_of_another_policy_on_a_call_that_is_needed_next():
    made = step(denied("Decrypt"), **bound(ADMINS), scps=key_policy(ALL, NO_GRANTS))
    assert made.reasons == (
        f'{CALLS[2]}, and service_control_policies statement "NoGrants" denies it.',
    )


def test_everything_that_was_given_allows_it():
    made = step(
        denied("Decrypt", "resource", VISITOR), **bound(DELEGATES),
        iam_policies={VISITOR: key_policy(ALL)}, scps=key_policy(ALL), rcps=key_policy(ALL),
    )  # fmt: skip
    assert (made.disposition, made.reasons) == ("safe", ())


TAGS = {"StringEquals": {"aws:PrincipalTag/team": "x"}}
BYPASSED = (
    'The statement "own" allows the same actions only under a condition on aws:PrincipalTag/team. '
    "The new statement does not have it."
)


@pytest.mark.parametrize(
    ("own", "reasons"),
    [
        (statement(OTHER_ROOT, USE, "own", Condition=TAGS), [BYPASSED]),
        (statement("*", "kms:Decrypt", "own", Condition=TAGS), [BYPASSED]),
        (statement([ROOT, OTHER_ROOT], "kms:*", "own", Condition=TAGS), [BYPASSED]),
        (statement({"Service": "rds.amazonaws.com", "AWS": ROOT}, USE, "own", Condition=TAGS),
         [BYPASSED]),
        # Without a Sid: its index.
        (statement(ROOT, USE, Condition=TAGS) | {"Sid": ""},
         [BYPASSED.replace('The statement "own"', "The statement 1")]),
        # Several keys of one condition.
        (statement(ROOT, USE, "own", Condition=TAGS | {
            "StringLike": {"aws:PrincipalTag/team": "y", "kms:ViaService": "ec2.*"}}),
         [BYPASSED.replace("aws:PrincipalTag/team", "aws:PrincipalTag/team, kms:ViaService")]),
        # NotPrincipal names everybody else.
        ({"Sid": "own", "Effect": "Allow", "NotPrincipal": {"AWS": ROLE}, "Action": USE,
          "Resource": "*", "Condition": TAGS}, [BYPASSED]),
        # Other actions; a service alone; a Deny; no effect; the condition of the new statement.
        (statement(ROOT, "kms:Sign", "own", Condition=TAGS), []),
        (statement({"Service": "rds.amazonaws.com"}, USE, "own", Condition=TAGS), []),
        (statement(OTHER_ROOT, "kms:Sign", "own", Effect="Deny", Condition=TAGS), []),
        (statement(ROOT, GRANT, "own", Condition=FOR_AWS), []),
        (statement(ROOT, GRANT, "own", Condition={
            "bool": {"KMS:grantisforawsresource": "true"}}), []),
        (statement(OTHER_ROOT, USE, "own"), []),
    ],
)  # fmt: skip
def test_a_condition_of_the_owner_is_not_bypassed(own, reasons):
    made = applied(key_policy(ADMINS, own))
    assert [one for one in made.reasons if "only under a condition" in one] == reasons


def test_a_condition_on_the_grants_is_the_documented_one():
    """The usage statement has no condition, so one for grants says nothing of its actions."""
    own = statement(OTHER_ROOT, [*GRANT, "kms:Decrypt"], "own", Condition=FOR_AWS)
    assert list(applied(key_policy(ADMINS, own)).reasons) == [
        'The statement "own" allows the same actions only under a condition on '
        "kms:GrantIsForAWSResource. The new statement does not have it.",
    ]


def test_of_very_many_reasons_the_first_are_shown():
    client = {"sourceIPAddress": "192.0.2.1"}
    for callers, more in (
        (20, None),
        (21, "There is 1 more reason."),
        (25, "There are 5 more reasons."),
    ):
        records = []
        for number in range(callers):
            who = session(f"arn:aws:iam::{ACCOUNT}:role/r{number:02}", f"s{number:02}")
            one = {"userIdentity": who}
            records += [
                denied("Decrypt", **one, eventID=f"d{number}"),
                denied("EnableKey", **one, eventID=f"e{number}", **client),
            ]
        reasons = step(*records, **bound(ADMINS)).reasons
        if more is None:
            assert len(reasons) == 20
            assert "more reason" not in reasons[-1]
        else:
            assert len(reasons) == 21
            assert reasons[-1] == more


def test_a_policy_can_be_a_document_a_text_or_a_key_policy():
    document = key_policy(ADMINS)
    made = [
        applied(one).document
        for one in (document, KeyPolicy.from_dict(document), json.dumps(document))
    ]
    assert made[0] == made[1] == made[2]
    assert len(made[0]["Statement"]) == 3


def test_a_near_miss_is_repaired_only_in_the_policy_in_which_it_was_found():
    near = statement(f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/s2", USE, "use")
    document = key_policy(ADMINS, near)
    found = step(denied("Decrypt"), key_policies={KEY_ARN: document})
    assert found.document["Statement"][1]["Principal"] == {"AWS": ROLE}
    joined = found.apply(document).document["Statement"][1]
    assert joined["Principal"] == {"AWS": [near["Principal"]["AWS"], ROLE]}


def test_the_diff_is_that_of_the_documents():
    made = applied(key_policy(statement(ROOT, "kms:*", "root")))
    lines = made.diff.splitlines()
    assert lines[:3] == ["--- key_policy.json", "+++ key_policy.json (changed)", "@@ -9,6 +9,39 @@"]
    assert [line for line in lines[3:] if line.startswith("-")] == []
    assert sum(line.startswith("+") for line in lines[3:]) == 33
    assert '+      "Sid": "Allow use of the key",' in lines


def test_a_step_of_a_redacted_report_is_not_applied():
    made = step(denied("Decrypt"), redact=True)
    with pytest.raises(UsageError) as raised:
        made.apply(key_policy(ADMINS))
    assert str(raised.value) == (
        "This step is of a redacted report, which does not hold the names that the policy needs. "
        "Run the audit again without redact."
    )
