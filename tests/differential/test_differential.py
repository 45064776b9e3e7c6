"""Generated requests and policies, judged here and by @cloud-copilot/iam-simulate.

The other judge is a package of its own licence (AGPL): it is run as a separate process, and
nothing of it is read or copied. `npm install` in this folder brings it; without it the test is
skipped, or fails where EBS_KMS_AUDIT_REQUIRE_NODE is set. EBS_KMS_AUDIT_DECISIONS sets how many
decisions are compared (5,000 by default).

Known differences, which the generator leaves out because the other judge and AWS's text, or what
is compared, do not meet there:

- NotPrincipal, which AWS itself describes loosely ("might deny")
- the root user and AWS services as callers
- administration across accounts (here: not_grantable), RetireGrant, alias operations
- unique ids of deleted principals
- keys of an encryption context, which its strict mode does not take
- a key policy that names users, where a federated user calls: that of the user who federated
  holds for the session (IAM User Guide, "Policy evaluation logic"), and it is not known who did
- policy variables in a document of Version 2008-10-17, which are plain text (IAM User Guide,
  "Version"), and which the other judge fills in where they have a default
- a session policy, where the key policy of the same account names the session itself, the
  federated user or anyone: it does not limit those (IAM User Guide, "Policy evaluation logic"
  and "AWS JSON policy elements: Principal"). These are drawn, and counted apart
- what is not known: the other judge takes a context to be complete, so all requests here are
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ebs_kms_audit.aws.kms_condition_keys import carries
from ebs_kms_audit.model import Verdict
from ebs_kms_audit.policy import Decision, Reach, Request, evaluate

HERE = Path(__file__).parent
DECISIONS = int(os.environ.get("EBS_KMS_AUDIT_DECISIONS", "5000"))
SEED = 20260304

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ACCOUNTS = ("111122223333", "444455556666")
ACTIONS = (
    "kms:Decrypt kms:Encrypt kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom "
    "kms:DescribeKey kms:CreateGrant kms:ListGrants kms:RevokeGrant"
).split()
PATTERNS: list[Any] = [
    "kms:*",
    "*",
    "kms:Decrypt",
    "kms:decrypt",
    "kms:*Grant",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    "kms:ListGrant?",
    ["kms:Encrypt", "kms:D*"],
    ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
    "ec2:*",
]


def _arns(account: str) -> dict[str, str]:
    return {
        "user": f"arn:aws:iam::{account}:user/ana",
        "role": f"arn:aws:iam::{account}:role/Builder",
        "session": f"arn:aws:sts::{account}:assumed-role/Builder/monday",
        "federated": f"arn:aws:sts::{account}:federated-user/bo",
    }


PRINCIPALS: list[Any] = ["*", {"AWS": "*"}, {"Service": "ec2.amazonaws.com"}]
for _account in ACCOUNTS:
    _known = _arns(_account)
    PRINCIPALS += [{"AWS": one} for one in (_account, f"arn:aws:iam::{_account}:root")]
    PRINCIPALS += [{"AWS": one} for one in _known.values()] * 2
    PRINCIPALS += [{"AWS": [_known["role"], f"arn:aws:iam::{_account}:user/dee"]}]

TESTS: list[dict[str, Any]] = [
    {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    {"Bool": {"kms:GrantIsForAWSResource": "false"}},
    {"BoolIfExists": {"kms:GrantIsForAWSResource": "true"}},
    {"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}},
    {"StringLike": {"kms:ViaService": ["ec2.*.amazonaws.com", "s3.*"]}},
    {"StringNotEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}},
    {"StringNotEqualsIfExists": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}},
    {"Null": {"kms:ViaService": "true"}},
    {"Null": {"kms:ViaService": "false"}},
    {"StringEquals": {"kms:CallerAccount": "111122223333"}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}},
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}},
    {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*"}},
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "Encrypt"]}},
    {"ForAnyValue:StringEquals": {"kms:GrantOperations": "Decrypt"}},
    {"ForAnyValue:StringNotEquals": {"kms:GrantOperations": "Decrypt"}},
    {"ForAllValues:StringNotLike": {"kms:GrantOperations": "De*"}},
    {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/disk*"}},
    {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
    {"DateGreaterThanEquals": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
    {"NumericGreaterThanEqualsIfExists": {"aws:MultiFactorAuthAge": 3600}},
    {"StringEquals": {"aws:PrincipalTag/owner": "${aws:username}"}},
    {"StringLike": {"aws:PrincipalTag/owner": "${aws:PrincipalTag/team, 'no'}*"}},
    {"StringEqualsIgnoreCase": {"aws:PrincipalTag/owner": "ANA"}},
    {"StringLike": {"aws:PrincipalTag/owner": "?na"}},
    {"StringEquals": {"AWS:principaltag/OWNER": "ana"}},
]
VALUES: dict[str, list[Any]] = {
    "kms:GrantIsForAWSResource": ["true", "false"],
    "kms:ViaService": ["ec2.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"],
    "kms:GrantOperations": [["Decrypt"], ["Decrypt", "Encrypt"], ["Sign"]],
    "kms:ResourceAliases": [["alias/disk-1"], ["alias/other", "alias/disk"]],
    "aws:PrincipalOrgID": ["o-a1b2c3d4e5", "o-0000000000"],
    "aws:SourceIp": ["203.0.113.9", "198.51.100.9", "2001:db8::1"],
    "aws:CurrentTime": ["2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"],
    "aws:MultiFactorAuthAge": ["60", "3600"],
    "aws:PrincipalTag/owner": ["ana", "bo"],
    "aws:PrincipalTag/team": ["an", "b"],
}


class Generator:
    """Draws simulations, and the same in this library's words."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.principals = PRINCIPALS

    def statement(self, *, principal: bool, effect: str | None = None) -> dict[str, Any]:
        draw = self.random
        statement: dict[str, Any] = {
            "Effect": effect or draw.choice(["Allow"] * 3 + ["Deny"]),
            draw.choice(["Action"] * 6 + ["NotAction"]): draw.choice(PATTERNS),
            "Resource": draw.choice(["*"] * 5 + [KEY, KEY[:-1] + "0", "arn:aws:kms:*:*:key/*"]),
        }
        if principal:
            statement["Principal"] = draw.choice(self.principals)
            statement["Resource"] = "*"
        if draw.random() < 0.5:
            statement["Condition"] = {}
            for test in draw.sample(TESTS, draw.choice([1, 1, 2])):
                for operator, block in test.items():
                    statement["Condition"].setdefault(operator, {}).update(block)
        return statement

    def policy(self, most: int = 3, **more: Any) -> dict[str, Any]:
        count = self.random.randint(1, most)
        version = self.random.choice(["2012-10-17"] * 4 + ["2008-10-17"])
        statements = [self.statement(**more) for _ in range(count)]
        if "${" in str(statements):
            version = "2012-10-17"
        return {"Version": version, "Statement": statements}

    def limit(self) -> dict[str, Any]:
        """A policy that bounds: mostly it allows all and may deny something."""
        policy = self.policy(2, principal=False)
        if self.random.random() < 0.7:
            policy["Statement"].append({"Effect": "Allow", "Action": "*", "Resource": "*"})
        return policy

    def case(self) -> tuple[dict[str, Any], Request, dict[str, Any], dict[str, Any]]:
        draw = self.random
        account = draw.choice([*ACCOUNTS[:1] * 2, ACCOUNTS[1]])
        kind = draw.choice(["user", "session", "session", "federated"])
        caller = _arns(account)[kind]
        federated = kind == "federated"
        self.principals = [one for one in PRINCIPALS if not (federated and ":user/" in str(one))]
        action = draw.choice(ACTIONS)
        follows = {
            "aws:PrincipalArn": _arns(account)["role"] if kind == "session" else caller,
            "aws:PrincipalAccount": account,
            "kms:CallerAccount": account,
        }
        if kind == "user":
            follows["aws:username"] = "ana"
        given = {
            key: draw.choice(values)
            for key, values in VALUES.items()
            if draw.random() < 0.5 and carries(action, key)
        }
        context = follows | given
        key_policy = self.policy(4, principal=True)
        identity = [self.policy(principal=False) for _ in range(draw.choice([0, 1, 2]))]
        layers: dict[str, Any] = {"identity_policies": identity}
        simulation: dict[str, Any] = {
            "request": {
                "principal": caller,
                "action": action,
                "resource": {"resource": KEY, "accountId": ACCOUNTS[0]},
                "contextVariables": context,
            },
            "identityPolicies": [
                {"name": f"i{at}", "policy": one} for at, one in enumerate(identity)
            ],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
            "resourcePolicy": key_policy,
        }
        if draw.random() < 0.3 and kind != "federated":
            boundary = self.limit()
            layers["permissions_boundary"] = boundary
            simulation["permissionBoundaryPolicies"] = [{"name": "b", "policy": boundary}]
        if draw.random() < 0.3 and kind != "user":
            layers["session_policy"] = simulation["sessionPolicy"] = self.limit()
        if draw.random() < 0.3:
            levels = [[self.limit() for _ in range(draw.choice([1, 2]))] for _ in range(2)]
            layers["service_control_policies"] = levels
            simulation["serviceControlPolicies"] = [
                {
                    "orgIdentifier": f"ou-{at}",
                    "policies": [{"name": f"s{n}", "policy": one} for n, one in enumerate(level)],
                }
                for at, level in enumerate(levels)
            ]
        if draw.random() < 0.2:
            rcp = self.policy(2, principal=True, effect="Deny")
            rcp["Version"] = "2012-10-17"  # an RCP may have no other, no NotAction, no bare "*"
            for statement in rcp["Statement"]:
                statement.pop("NotAction", None)
                if statement.get("Action", "*") == "*":
                    statement["Action"] = "kms:*"
                statement["Principal"] = "*"
            layers["resource_control_policies"] = [rcp]
            simulation["resourceControlPolicies"] = [
                {"orgIdentifier": "r", "policies": [{"name": "r", "policy": rcp}]}
            ]
        request = Request(
            principal=caller, action=action, resource=KEY, context=context, context_complete=True
        )
        return simulation, request, key_policy, layers


def _judge(simulations: list[dict[str, Any]]) -> list[str]:
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "@cloud-copilot" / "iam-simulate").is_dir():
        missing = "the other judge is not here: it needs Node.js and `npm install` in this folder"
        if os.environ.get("EBS_KMS_AUDIT_REQUIRE_NODE"):
            pytest.fail(missing)
        pytest.skip(missing)
    done = subprocess.run(
        [node, str(HERE / "judge.cjs")],
        input=json.dumps(simulations),
        capture_output=True,
        text=True,
        cwd=HERE,
        timeout=900,
        check=True,
    )
    answers: list[str] = json.loads(done.stdout)
    return answers


def _limited_session(decision: Decision, layers: dict[str, Any]) -> bool:
    """Return whether a session policy is given that the key policy's Allow goes past."""
    direct = any(one.covers_as(Reach.ITSELF, Reach.ANYONE) for one in decision.decided_by)
    return bool("session_policy" in layers and decision.same_account and direct)


_AS_THEIRS = {Verdict.ALLOWED_NOW: "Allowed", Verdict.EXPLICIT_DENY: "ExplicitlyDenied"}


def test_both_judges_decide_alike() -> None:
    generator = Generator(SEED)
    cases = [generator.case() for _ in range(DECISIONS)]
    theirs = _judge([case[0] for case in cases])

    seen: set[str] = set()
    limited = 0
    differ = []
    for (simulation, request, key_policy, layers), answer in zip(cases, theirs, strict=True):
        decision = evaluate(request, key_policy, **layers)
        ours = _AS_THEIRS.get(decision.verdict, "ImplicitlyDenied")
        if decision.verdict is Verdict.UNDECIDED:
            ours = "Undecided"
        seen.add(ours)
        if (ours, answer) == ("Allowed", "ImplicitlyDenied") and _limited_session(decision, layers):
            limited += 1
        elif ours != answer:
            differ.append((ours, answer, decision.verdict, json.dumps(simulation, indent=1)))
    assert seen >= {"Allowed", "ExplicitlyDenied", "ImplicitlyDenied"}
    shown = "\n\n".join(
        f"here {one[0]} ({one[2]}), there {one[1]}:\n{one[3]}" for one in differ[:3]
    )
    assert limited < DECISIONS / 100
    assert not differ, f"{len(differ)} of {len(cases)} differ; the first:\n{shown}"
