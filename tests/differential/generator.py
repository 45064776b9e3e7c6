"""Draws requests and policies for the comparison, in the words of both judges."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from ebs_kms_audit.aws.kms_condition_keys import carries
from ebs_kms_audit.policy import Request
from tests.differential.tables import (
    ACCOUNTS,
    ACTIONS,
    KEY,
    KINDS_OF_TESTS,
    PATTERNS,
    PRINCIPALS,
    RESOURCES,
    ROLE_ID,
    USER_ID,
    VALUES,
    arns,
)

SEED = 20260304


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One request with its policies, for both judges.

    simulation   what the other judge takes
    request      the same request here
    key_policy   the key policy
    layers       the other policies, as the keyword arguments of evaluate()
    """

    simulation: dict[str, Any]
    request: Request
    key_policy: dict[str, Any]
    layers: dict[str, Any]


class Generator:
    """Draws cases; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.principals = PRINCIPALS

    def statement(self, *, principal: bool, effect: str | None = None) -> dict[str, Any]:
        draw = self.random
        statement: dict[str, Any] = {
            "Effect": effect or draw.choice(["Allow"] * 7 + ["Deny"]),
            draw.choice(["Action"] * 6 + ["NotAction"]): draw.choice(PATTERNS),
            "Resource": draw.choice(RESOURCES),
        }
        if principal:
            statement["Principal"] = draw.choice(self.principals)
            statement["Resource"] = "*"
        if draw.random() < 0.5:
            statement["Condition"] = {}
            for _ in range(draw.choice([1, 1, 2])):
                test = draw.choice(draw.choice(KINDS_OF_TESTS))
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

    def limit(self, all_allowed: float = 0.7) -> dict[str, Any]:
        """Draw a policy that limits; with the given probability it allows what it does not deny."""
        policy = self.policy(2, principal=False)
        if self.random.random() < all_allowed:
            policy["Statement"].append(_everything())
        return policy

    def context(self, account: str, kind: str, action: str) -> dict[str, Any]:
        """Draw a complete request context; each key that does not follow may be absent."""
        draw = self.random
        known = arns(account)
        context = {
            "aws:PrincipalArn": known["role" if kind == "session" else kind],
            "aws:PrincipalAccount": account,
            "kms:CallerAccount": account,
            "aws:userid": {
                "user": USER_ID,
                "session": f"{ROLE_ID}:monday",
                "federated": f"{account}:bo",
            }[kind],
        }
        if kind == "user":
            context["aws:username"] = "ana"
        return context | {
            key: draw.choice(values)
            for key, values in VALUES.items()
            if draw.random() < 0.5 and carries(action, key)
        }

    def case(self) -> Case:
        draw = self.random
        account = draw.choice([*ACCOUNTS[:1] * 2, ACCOUNTS[1]])
        kind = draw.choice(["user", "session", "session", "federated"])
        caller = arns(account)[kind]
        federated = kind == "federated"
        self.principals = [one for one in PRINCIPALS if not (federated and ":user/" in str(one))]
        action = draw.choice(ACTIONS)
        context = self.context(account, kind, action)
        key_policy = self.policy(4, principal=True)
        identity = [self.policy(principal=False) for _ in range(draw.choice([0, 1, 2]))]
        if draw.random() < 0.4:  # otherwise few requests would be allowed
            named = draw.choice([account, caller, arns(account)["role"]])
            key_policy["Statement"].append(_everything(Principal={"AWS": named}))
        if identity and draw.random() < 0.5:
            identity[-1]["Statement"].append(_everything())
        layers: dict[str, Any] = {"identity_policies": identity}
        if draw.random() < 0.3 and not federated:
            layers["permissions_boundary"] = self.limit()
        if draw.random() < 0.5 and kind != "user":
            layers["session_policy"] = self.limit(all_allowed=0.5)
        if draw.random() < 0.3:
            levels = [[self.limit() for _ in range(draw.choice([1, 2]))] for _ in range(2)]
            layers["service_control_policies"] = levels
        if draw.random() < 0.2:
            layers["resource_control_policies"] = [self.resource_control_policy()]
        return Case(
            simulation={
                "request": {
                    "principal": caller,
                    "action": action,
                    "resource": {"resource": KEY, "accountId": ACCOUNTS[0]},
                    "contextVariables": context,
                },
                "resourcePolicy": key_policy,
                **_beside(layers),
            },
            request=Request(
                principal=caller,
                action=action,
                resource=KEY,
                context=context,
                context_complete=True,
            ),
            key_policy=key_policy,
            layers=layers,
        )

    def resource_control_policy(self) -> dict[str, Any]:
        policy = self.policy(2, principal=True, effect="Deny")
        policy["Version"] = "2012-10-17"  # an RCP may have no other, no NotAction, no bare "*"
        for statement in policy["Statement"]:
            statement.pop("NotAction", None)
            if statement.get("Action", "*") == "*":
                statement["Action"] = "kms:*"
            statement["Principal"] = "*"
        return policy


def _everything(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **more}


def _beside(layers: dict[str, Any]) -> dict[str, Any]:
    """Return the policies beside the key policy as the other judge takes them."""
    simulation: dict[str, Any] = {
        "identityPolicies": _named(layers["identity_policies"]),
        "serviceControlPolicies": [
            {"orgIdentifier": f"ou-{at}", "policies": _named(level)}
            for at, level in enumerate(layers.get("service_control_policies", ()))
        ],
        "resourceControlPolicies": [
            {"orgIdentifier": "r", "policies": _named([policy])}
            for policy in layers.get("resource_control_policies", ())
        ],
    }
    if "permissions_boundary" in layers:
        simulation["permissionBoundaryPolicies"] = _named([layers["permissions_boundary"]])
    if "session_policy" in layers:
        simulation["sessionPolicy"] = layers["session_policy"]
    return simulation


def _named(policies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": f"p{at}", "policy": policy} for at, policy in enumerate(policies)]
