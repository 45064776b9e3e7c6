"""Parts of a key policy that nearly name the caller or the action, and those that do not.

Sources: IAM User Guide, "AWS JSON policy elements: Principal", "IAM identifiers" and "AWS JSON
policy elements: Action"; EC2 Auto Scaling User Guide, "Required KMS key policy for use with
encrypted volumes".
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.incidents import (
    ACCOUNT,
    ADMINS,
    AUTO_SCALING,
    KEY_ARN,
    OTHER,
    OTHER_KEY,
    ROLE,
    ROOT,
    SPOT,
    USE,
    USER,
    bound,
    denied,
    key_policy,
    statement,
)
from tests.records import audit
from tests.rows import audit as audit_rows
from tests.rows import row

IAM = f"arn:aws:iam::{ACCOUNT}:"
STS = f"arn:aws:sts::{ACCOUNT}:"
PROFILE = f"{IAM}instance-profile/"


def near(*statements: dict[str, Any], caller: str = ROLE, action: str = "Decrypt"):
    """Return the near misses of a policy for a denied call."""
    report = audit(denied(action, "resource", caller), **bound(ADMINS, *statements))
    return report.findings[0].cause.near_misses


def principals(entry: Any, caller: str = ROLE) -> list[tuple[str, str, str | None]]:
    found = near(statement(entry, USE), caller=caller)
    assert all(one.element == "Principal" for one in found)
    return [(one.kind, one.written, one.meant) for one in found]


# What the Principal of the only statement names, who calls, and the kind of near miss.
PRINCIPALS = [
    (f"{IAM}role/deploy", ROLE, "role_path"),
    (f"{IAM}role/CI/deploy", ROLE, "role_path"),
    (f"{IAM}role/ci/more/deploy", ROLE, "role_path"),
    (f"{IAM}user/ops/alice", USER, "role_path"),
    (f"{IAM}role/ci/Deploy", ROLE, "name_case"),
    (f"{IAM}user/Alice", USER, "name_case"),
    (f"{IAM}role/ci/deploy2", ROLE, None),
    (f"{IAM}role/ci/other", ROLE, None),
    (f"{IAM}user/deploy", ROLE, None),  # a user, and the caller is a role
    (f"{IAM}role/alice", USER, None),
    (f"arn:aws:iam::{OTHER}:role/deploy", ROLE, None),  # another account's
    (ROLE.replace("arn:aws:", "arn:aws-cn:"), ROLE, "partition"),
    (ROLE.replace("arn:aws:", "arn:aws-cn:").replace("/ci/", "/"), ROLE, "role_path"),
    # a service-linked role with and without a suffix, which only these have
    (AUTO_SCALING, f"{AUTO_SCALING}_blue", "role_suffix"),
    (f"{AUTO_SCALING}_green", f"{AUTO_SCALING}_blue", "role_suffix"),
    (f"{AUTO_SCALING}_green", AUTO_SCALING, "role_suffix"),
    (SPOT, AUTO_SCALING, None),
    (AUTO_SCALING.replace("ForAutoScaling", "ForAuto"), AUTO_SCALING, None),
    (f"{SPOT}_blue", f"{AUTO_SCALING}_blue", None),
    (f"{AUTO_SCALING}_blue_2", f"{AUTO_SCALING}_blue_1", "role_suffix"),
    (f"{IAM}role/ci/deploy_blue", ROLE, None),
    # sessions
    (f"{STS}assumed-role/deploy/yesterday", ROLE, "session"),
    (f"{STS}assumed-role/other/deploy", ROLE, None),
    (f"{STS}assumed-role/alice/alice", USER, None),
    # services
    ({"Service": "autoscaling.amazonaws.com"}, AUTO_SCALING, "service_principal"),
    ({"Service": "autoscaling.amazonaws.com"}, SPOT, None),
    ({"Service": "ec2.amazonaws.com"}, ROLE, "service_principal"),
    ({"Service": "lambda.amazonaws.com"}, ROLE, None),
    # what is no principal
    (f"{PROFILE}deploy", ROLE, "instance_profile"),
    (f"{PROFILE}other", ROLE, None),
    (f"{IAM}group/deploy", ROLE, None),
    (f"{IAM}role/ci/*", ROLE, "wildcard"),
    (f"{IAM}role/ci/deplo?", ROLE, "wildcard"),
    (f"{IAM}role/prod/*", ROLE, None),
    (f"{IAM}user/*", ROLE, None),
    (f"{IAM}user/*", USER, "wildcard"),
    ("AROA2NCBAL3RPBAGXM7CZ", ROLE, "deleted_principal"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "caller", "kind"), PRINCIPALS)
def test_a_principal_that_nearly_names_the_caller(entry, caller, kind):
    written = entry["Service"] if isinstance(entry, dict) else entry
    # deleted_principal and the others name what would count instead: the caller's ARN
    assert principals(entry, caller) == ([(kind, written, caller)] if kind else [])


def test_a_deleted_principal_counts_for_any_caller_and_a_service_only_for_a_known_one():
    policy = key_policy(ADMINS, statement({"AWS": "AROA2NCBAL3RPBAGXM7CZ",
                                           "Service": "ec2.amazonaws.com"}, USE))  # fmt: skip
    report = audit_rows(
        row(user_name="deploy-7f3a", aws_access_key="", event_name="Decrypt"), key_policies=policy
    )
    found = report.findings[0].cause.near_misses
    assert [(one.kind, one.meant) for one in found] == [("deleted_principal", None)]


def test_whether_the_statement_names_nobody_else():
    (alone,) = near(statement(f"{IAM}role/deploy", USE))
    assert alone.alone
    both = near(statement([f"{IAM}role/deploy", f"{IAM}role/ci/Deploy", USER], USE))
    assert [(one.kind, one.alone) for one in both] == [("role_path", False), ("name_case", False)]


def test_a_statement_for_everyone_but_one_names_others():
    made = statement("*", "Decrypt") | {"NotPrincipal": {"AWS": USER}}
    del made["Principal"]
    (one,) = near(made)
    assert (one.kind, one.alone) == ("action_without_service", False)


def test_the_order_is_that_of_the_statements_and_each_part_is_named_once():
    first = statement(f"{IAM}role/deploy", USE, "first")
    second = statement(f"{IAM}role/ci/Deploy", USE, "second")
    report = audit(denied("Decrypt"), denied("Encrypt"), **bound(ADMINS, first, ADMINS, second))
    found = report.findings[0].cause.near_misses
    assert [(one.kind, one.statement.sid) for one in found] == [
        ("role_path", "first"), ("name_case", "second"),
    ]  # fmt: skip


def test_alike_parts_of_one_statement_and_of_two_statements_are_named_each():
    entries = [f"{IAM}role/deploy", f"{IAM}role/CI/deploy"]
    found = near(statement(entries, USE, "first"), statement(entries[0], USE, "second"))
    assert [(one.kind, one.statement.sid, one.written) for one in found] == [
        ("role_path", "first", entries[0]),
        ("role_path", "first", entries[1]),
        ("role_path", "second", entries[0]),
    ]


def test_one_text_can_miss_two_calls_in_two_ways():
    """Of the known actions, kms:UpdateAlias is the most similar one."""
    report = audit(
        *(denied(action, "resource", ROLE) for action in ("UpdateAlias", "UpdatePrimaryRegion")),
        **bound(ADMINS, statement(ROLE, "kms:UpdateP")),
    )
    found = report.findings[0].cause.near_misses
    assert [(one.kind, one.meant) for one in found] == [
        (MISSPELLED, "kms:UpdateAlias"), (WILDCARD, "kms:UpdateP*"),
    ]  # fmt: skip


# Statements that are not about the call, whomever they name.
@pytest.mark.parametrize(
    "more",
    [
        {"Effect": "Deny"},
        {"Action": "kms:Sign"},
        {"Action": "ec2:*"},
        {"NotPrincipal": {"AWS": f"{IAM}role/deploy"}, "Principal": "absent"},
    ],
)
def test_a_statement_that_is_not_about_the_call(more):
    made = statement(f"{IAM}role/deploy", USE) | more
    made = {name: value for name, value in made.items() if value != "absent"}
    assert near(made) == ()


def actions(written: Any, action: str = "Decrypt", entry: str = ROLE):
    found = near(statement(entry, written), action=action)
    return [(one.kind, one.element, one.written, one.meant) for one in found]


WITHOUT_PLAINTEXT = "GenerateDataKeyWithoutPlaintext"
WILDCARD, SERVICE = "action_without_wildcard", "action_without_service"
MISSPELLED = "action_misspelled"


@pytest.mark.parametrize(
    ("written", "action", "kind", "meant"),
    [
        ("kms:GenerateDataKey", WITHOUT_PLAINTEXT, WILDCARD, "kms:GenerateDataKey*"),
        ("KMS:generatedatakey", WITHOUT_PLAINTEXT, WILDCARD, "KMS:generatedatakey*"),
        ("kms:", "Decrypt", WILDCARD, "kms:*"),
        ("kms:GenerateDataKeyPair", WITHOUT_PLAINTEXT, None, None),
        ("Decrypt", "Decrypt", SERVICE, "kms:Decrypt"),
        ("decrypt", "Decrypt", SERVICE, "kms:decrypt"),
        ("De*", "Decrypt", SERVICE, "kms:De*"),
        ("En*", "Decrypt", None, None),
        ("kms:Decript", "Decrypt", MISSPELLED, "kms:Decrypt"),
        ("kms:Decript", "Encrypt", None, None),
        ("kms:Decript*", "Decrypt", None, None),  # may be meant for something else
        ("kms:Encrypt", "Decrypt", None, None),  # another action, which exists
        ("ec2:*", "Decrypt", None, None),
    ],
)
def test_an_action_that_nearly_covers_the_call(written, action, kind, meant):
    expected = [(kind, "Action", written, meant)] if kind else []
    assert actions(written, action) == expected


def test_each_action_of_a_statement_is_looked_at():
    assert actions(["kms:Encrypt", "Decrypt", "kms:Decript"]) == [
        (SERVICE, "Action", "Decrypt", "kms:Decrypt"),
        (MISSPELLED, "Action", "kms:Decript", "kms:Decrypt"),
    ]


def test_a_statement_can_miss_by_its_action_and_its_principal():
    assert actions("Decrypt", entry=f"{IAM}role/deploy") == [
        ("role_path", "Principal", f"{IAM}role/deploy", ROLE)
    ]


def test_excluded_actions_are_not_near_misses():
    made = statement(ROLE, "x") | {"NotAction": ["kms:Decrypt", "Decrypt"]}
    del made["Action"]
    assert near(made) == ()


@pytest.mark.parametrize(
    ("resource", "written"),
    [
        (OTHER_KEY, [OTHER_KEY]),
        ([OTHER_KEY, f"{KEY_ARN.partition('key/')[0]}alias/a"],
         [OTHER_KEY, f"{KEY_ARN.partition('key/')[0]}alias/a"]),
        (KEY_ARN, []),
        ("*", []),
    ],
)  # fmt: skip
def test_a_resource_that_is_not_the_key(resource, written):
    found = near(statement(ROLE, "kms:Decrypt", Resource=resource))
    assert [(one.kind, one.element, one.written, one.meant) for one in found] == [
        ("resource", "Resource", one, "*") for one in written
    ]


def test_the_resource_counts_only_if_the_action_is_covered():
    assert near(statement(ROLE, "kms:Encrypt", Resource=OTHER_KEY)) == ()
    (one,) = near(statement(ROLE, "Decrypt", Resource=OTHER_KEY))
    assert one.kind == SERVICE


def test_a_statement_for_the_account_is_not_a_near_miss():
    assert near(statement(ROOT, "kms:Encrypt")) == ()
