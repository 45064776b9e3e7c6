"""Doubts that no policy settles: who called, on which key, and why the call was denied.

Sources: IAM User Guide, "IAM identifiers" (names that IAM gives out), "AWS JSON policy elements:
Principal" (the root ARN is the account); EBS User Guide, "Requirements for Amazon EBS encryption".
"""

import json

import pytest

from tests.exports import access_key
from tests.incidents import (
    ADMINS,
    DELEGATES,
    ROLE,
    ROOT,
    USE,
    USER,
    bound,
    denied,
    key_policy,
    pair,
    statement,
)
from tests.records import ACCOUNT, KEY_ARN, audit, record, session
from tests.rows import audit as audit_rows
from tests.rows import row

POLICY = {KEY_ARN: key_policy(ADMINS)}
KEY = {"resources": json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": KEY_ARN}])}
NAMED = {"resources": [{"ARN": KEY_ARN}], "errorMessage": "absent"}
OUTSIDE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
UNKNOWN = "The input does not show why the calls were denied."


def reasons(report):
    return next(list(step.reasons) for step in report.plan if step.kind == "key_policy")


@pytest.mark.parametrize(
    ("users", "text"),
    [
        (1, "The ARN of u00 is inferred."),
        (2, "The ARNs of u00 and u01 are inferred."),
        (3, "The ARNs of u00, u01 and u02 are inferred."),
        (11, "The ARNs of u00, u01, u02 and 8 more are inferred."),
    ],
)  # fmt: skip
def test_callers_with_an_inferred_arn_are_named_once(users, text):
    rows = [row(user_name=f"u{number:02}", **KEY) for number in range(users)]
    again = row(user_name="u00", event_id="again", **KEY)
    assert reasons(audit_rows(*rows, again, key_policies=POLICY)) == [text]


@pytest.mark.parametrize(
    ("options", "doubts"),
    [
        ({"principals": {"alice": USER}, "key": KEY_ARN}, []),
        ({"principals": {"alice": USER}}, ["The input does not name the key."]),
        ({"key": KEY_ARN}, ["The ARN of alice is inferred."]),
    ],
)
def test_what_the_caller_of_the_audit_gives_is_no_doubt(options, doubts):
    report = audit_rows(row(user_name="alice"), key_policies=POLICY, **options)
    found = [one for one in reasons(report) if one.startswith(("The ARN of", "The input"))]
    assert [one for one in found if one != UNKNOWN] == doubts


@pytest.mark.parametrize(
    ("account", "found"),
    [
        (ACCOUNT, []),
        ("444455556666", ["The access key of bob seems to belong to account 444455556666. If so, "
                          "an IAM policy there must allow the call too."]),
    ],
)  # fmt: skip
def test_an_access_key_of_another_account(account, found):
    cells = {"user_name": "bob", "aws_access_key": access_key("AKIA", account, "bob")}
    assert reasons(audit_rows(row(**KEY, **cells), key_policies=POLICY)) == [
        *found, "The ARN of bob is inferred.",
    ]  # fmt: skip


def test_a_key_that_only_the_ec2_call_beside_it_names():
    cells = {"event_source": "ec2.amazonaws.com", "error_code": "", "request_id": "another"}
    attach = row(event_name="CreateVolume", **cells, **KEY)
    found = reasons(audit_rows(row(), attach, key_policies=POLICY))
    assert found[0] == (
        "The key is inferred: the EC2 call that the same caller made within a minute names it."
    )


FEDERATED = {
    "type": "FederatedUser", "accountId": ACCOUNT,
    "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/eve",
    "sessionContext": {"sessionIssuer": {
        "type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob", "userName": "bob"}},
}  # fmt: skip
ONLY_ACCOUNT = {"type": "AWSAccount", "accountId": ACCOUNT, "principalId": "AIDAX:me"}
DEPENDS = "The result depends on principal, which is not known."
DEPENDS_TOO = "The result depends on principal, identity_policies, which are not known."
CALLS = [
    "kms:CreateGrant by {} was denied. ",
    "kms:Decrypt by {} is needed next. ",
    "kms:GenerateDataKeyWithoutPlaintext by {} is needed next. ",
]


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"type": "Root", "arn": ROOT},
         ["In a key policy the ARN of root means the account, not only the root user."]),
        (FEDERATED,
         [UNKNOWN, "The session eve is a federated session of the user in the ARN.",
          *(call.format("eve") + DEPENDS for call in CALLS)]),
        (ONLY_ACCOUNT,
         [UNKNOWN, f"Only the account of {ROOT} is known, not the user or role.",
          *(call.format(ROOT) + DEPENDS_TOO for call in CALLS)]),
        ({"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/me",
          "accountId": ACCOUNT}, [UNKNOWN, "The ARN of me is unknown."]),
        ({"type": "WebIdentityUser"},
         [UNKNOWN, "Whether the caller is a single user or role is not known."]),
    ],
)  # fmt: skip
def test_callers_who_are_not_a_single_user_or_role(identity, expected):
    report = audit(record(userIdentity=identity, **NAMED), key_policies=POLICY)
    assert reasons(report) == expected


def sessions(number):
    return [{"type": "WebIdentityUser", "userName": f"s{one:02}"} for one in range(number)]


@pytest.mark.parametrize(
    ("identities", "doubts"),
    [
        (sessions(2), ["Whether s00 and s01 are single users or roles is not known."]),
        (sessions(60), ["Whether s00, s01, s02 and 57 more are single users or roles is not "
                        "known."]),
        ([FEDERATED, FEDERATED | {"arn": f"arn:aws:sts::{ACCOUNT}:federated-user/ann"}],
         ["The sessions ann and eve are federated sessions of the users in the ARNs."]),
        ([session(f"arn:aws:iam::{ACCOUNT}:role/{name}", name[-1]) for name in ("x;a", "x;b")],
         ["The ARNs of a and b are not ones that IAM can have given out."]),
    ],
)  # fmt: skip
def test_doubts_on_several_callers_are_one_sentence(identities, doubts):
    records = [
        record(userIdentity=one, eventID=f"e{number}", **NAMED)
        for number, one in enumerate(identities)
    ]
    assert [one for one in reasons(audit(*records)) if one in doubts] == doubts
    assert len(reasons(audit(*records))) == len(doubts) + 1  # the key policy was not given


@pytest.mark.parametrize(
    ("callers", "doubt"),
    [
        (["ann"], "A denied call of ann succeeded later. Check what is still denied."),
        (["ann", "bob"],
         "A denied call of ann and bob succeeded later. Check what is still denied."),
        ([f"s{one}" for one in range(9)],
         "A denied call of s0, s1, s2 and 6 more succeeded later. Check what is still denied."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("policies", [{}, {"key_policies": POLICY}], ids=["unknown", "judged"])
def test_a_later_success_is_a_doubt(callers, doubt, policies):
    fine = {"error_code": "", "event_time": "2026-05-18T09:00:00Z"}
    rows = [row(user_name=name, **KEY) for name in callers]
    later = [row(user_name=name, event_id=f"later {name}", **KEY, **fine) for name in callers]
    found = reasons(audit_rows(*rows, *later, row(user_name="zoe", **KEY), **policies))
    assert [one for one in found if "later" in one] == [doubt]


NOT_GIVEN_OUT = "The ARN of run is not one that IAM can have given out."


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("x" * 64, []),
        ("x" * 65, [NOT_GIVEN_OUT]),
        ("a+b=c,d.e@f-g_h", []),
        ("x;touch", [NOT_GIVEN_OUT]),
        ("x$(id)", [NOT_GIVEN_OUT]),
        ("path/with!$(x)/deploy", []),
    ],
)
def test_names_that_iam_gives_out(role, expected):
    """Source: IAM User Guide, "IAM and AWS STS quotas": 64 characters, and + = , . @ - _."""
    who = session(f"arn:aws:iam::{ACCOUNT}:role/{role}", "run")
    report = audit(record(userIdentity=who, **NAMED), key_policies=POLICY)
    found = [one for step in report.plan for one in step.reasons if "IAM can have" in one]
    assert found == expected


def test_calls_that_the_step_does_not_cure():
    client = {"sourceIPAddress": "192.0.2.1"}
    report = audit(
        denied("Decrypt"), denied("PutKeyPolicy", eventID="e2", **client),
        denied("EnableKey", eventID="e3", **client), denied("EnableKey", eventID="e4", **client),
        key_policies=POLICY,
    )  # fmt: skip
    assert reasons(report) == [
        "run-1 was also denied kms:PutKeyPolicy and kms:EnableKey, which this step does not cure."
    ]


def test_a_cause_that_is_not_settled_is_said():
    blames_key_policy = audit(denied("Decrypt"), **bound(DELEGATES))
    assert reasons(blames_key_policy) == [
        "The message says that no statement of the key policy allows deploy to call kms:Decrypt, "
        "but the policy that was given leaves it to IAM policies: very likely the policy was "
        "changed since, or is another key's.",
        "The key policy that was given names the caller's account, so an IAM policy could allow "
        "the call. This speaks against the cause.",
        "The message says that no statement of the key policy allows kms:Decrypt, but the given "
        "policy leaves it to IAM policies.",
    ]


def test_an_unknown_cause_is_a_doubt_only_where_a_policy_was_given():
    tags = {"StringEquals": {"aws:PrincipalTag/x": "y"}}
    policy = {KEY_ARN: key_policy(ADMINS, statement(ROOT, "kms:*", "a", Condition=tags))}
    assert reasons(audit(denied("Decrypt", None), key_policies=policy)) == [
        UNKNOWN,
        'The statement "a" allows the same actions only under a condition on aws:PrincipalTag/x. '
        "The new statement does not have it.",
    ]
    assert reasons(audit(denied("Decrypt", None))) == ["The key policy was not given."]


def test_a_deny_that_is_changed_is_said_in_full():
    fence = statement("*", "kms:*", "fence", Effect="Deny", Condition=OUTSIDE)
    found = reasons(audit(denied("Decrypt", "deny resource"), **bound(ADMINS, *pair(ROLE), fence)))
    depends = "The result depends on aws:SourceIp, aws:ViaAWSService, which are not known."
    assert found == [
        'A Deny in the key policy, statement "fence", denied deploy kms:Decrypt, and a Deny wins '
        "over every Allow.",
        "The error message of kms:Decrypt says that a Deny or another policy decided.",
        f"kms:Decrypt by run-1 was denied. {depends}",
        f"kms:GenerateDataKeyWithoutPlaintext by run-1 is needed next. {depends}",
        f"kms:CreateGrant by run-1 is needed next. {depends}",
        "The change alters a condition of the key's owner.",
    ]


def test_who_can_use_what_was_not_meant_for_them():
    """A repaired condition holds for everyone whom the statement names."""
    west = {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}
    shared = statement([ROLE, USER], USE, "use", Condition=west)
    found = reasons(audit(denied("Decrypt"), **bound(ADMINS, shared)))
    assert found == [
        'Statement "use" names deploy, but its condition is not met: StringEquals kms:ViaService '
        "requires ec2.eu-west-1.amazonaws.com, and the request has ec2.us-east-1.amazonaws.com.",
        "The change alters a condition of the key's owner.",
        'The statement "use" allows the same actions only under a condition on kms:ViaService. The '
        "new statement does not have it.",
    ]


def test_a_caller_without_any_name():
    (step,) = audit(record(userIdentity={"type": "WebIdentityUser"}, **NAMED)).plan
    assert step.console_steps[1] == (
        "Under Key policy, Key users, choose Add: the user or role of the session (no name)."
    )


@pytest.mark.parametrize(
    ("number", "names"), [(1, "{0}"), (2, "{0} and {1}"), (12, "{0}, {1}, {2} and 9 more")]
)  # fmt: skip
def test_the_cause_of_several_callers_is_one_doubt(number, names):
    users = [f"arn:aws:iam::{ACCOUNT}:user/user-{one}" for one in range(number)]
    limited = {
        "Sid": "use", "Effect": "Allow", "Principal": {"AWS": users}, "Action": "kms:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}},
    }  # fmt: skip
    calls = [denied("Decrypt", "resource", user, eventID=user) for user in users]
    report = audit(*calls, **bound(DELEGATES, limited))
    callers = [finding.principal.user_name for finding in report.findings]
    (doubt,) = (one for one in report.plan[0].reasons if "its condition is not met" in one)
    assert doubt == (
        f'Statement "use" names {names.format(*callers)}, but its condition is not met: '
        "StringEquals kms:ViaService requires ec2.eu-west-1.amazonaws.com, and the request has "
        "ec2.us-east-1.amazonaws.com."
    )
