"""The classes of cases in which the other judge differs, each with the AWS page that decides.

A class rewrites a case into one that AWS's documentation says is the same, in a form that the other
judge takes as documented. A disagreement belongs to the class if the other judge then gives the
answer that was given here for the case as drawn. A disagreement that no class explains is an error.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from itertools import combinations
from typing import Any

_VARIABLE = re.compile(r"\$\{([\w:/]+)\}")
_SEVERAL = "several of these together"
_NO_VALUE = "no-value-is-equal-to-this"


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """A class of disagreements.

    name      its name in the counts
    source    the AWS page that decides
    rewrite   changes a simulation in place into one that means the same
    """

    name: str
    source: str
    rewrite: Callable[[dict[str, Any]], None]


def _policies(simulation: dict[str, Any]) -> list[dict[str, Any]]:
    found = [simulation["resourcePolicy"]]
    if "sessionPolicy" in simulation:
        found.append(simulation["sessionPolicy"])
    for name in ("identityPolicies", "permissionBoundaryPolicies"):
        found += [one["policy"] for one in simulation.get(name, ())]
    for name in ("serviceControlPolicies", "resourceControlPolicies"):
        found += [one["policy"] for level in simulation[name] for one in level["policies"]]
    return found


def _change_values(
    simulation: dict[str, Any], change: Callable[[str, list[Any]], list[Any]]
) -> None:
    """Replace the values of each condition by what `change(operator, values)` returns."""
    for policy in _policies(simulation):
        for statement in policy["Statement"]:
            for operator, block in statement.get("Condition", {}).items():
                for key, values in block.items():
                    listed = values if isinstance(values, list) else [values]
                    block[key] = change(operator, listed)


def _session_policy_as_denies(simulation: dict[str, Any]) -> None:
    """Keep the Deny statements of a session policy and what the key policy allows past it.

    In the account of the key, that is what it allows the session itself, or anyone.
    """
    request, key_policy = simulation["request"], simulation["resourcePolicy"]
    account = request["contextVariables"]["aws:PrincipalAccount"]
    if "sessionPolicy" not in simulation or account != request["resource"]["accountId"]:
        return
    session_policy = simulation.pop("sessionPolicy")
    denies = [one for one in session_policy["Statement"] if one["Effect"] == "Deny"]
    if denies:
        policy = session_policy | {"Statement": denies}
        simulation["identityPolicies"].append({"name": "session", "policy": policy})
    past = ("*", {"AWS": "*"}, {"AWS": request["principal"]})
    kept = [
        one
        for one in key_policy["Statement"]
        if one["Effect"] == "Deny" or one["Principal"] in past
    ]
    key_policy["Statement"] = kept or [
        {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Principal": "*"}
    ]


def _without_valueless_variables(simulation: dict[str, Any]) -> None:
    given = {key.lower() for key in simulation["request"]["contextVariables"]}

    def change(operator: str, values: list[Any]) -> list[Any]:
        if "Not" not in operator:
            return values
        return [
            _VARIABLE.sub(
                lambda found: found[0] if found[1].lower() in given else _NO_VALUE, str(value)
            )
            for value in values
        ]

    _change_values(simulation, change)


def _plain_addresses(simulation: dict[str, Any]) -> None:
    """Write addresses in their short form, and the whole of IPv4 or IPv6 as its two halves."""

    def plain(text: str) -> list[str]:
        network = ip_network(text)
        halves = list(network.subnets()) if network.prefixlen == 0 else [network]
        return [str(half) for half in halves]

    def change(operator: str, values: list[Any]) -> list[Any]:
        if "IpAddress" not in operator:
            return values
        return [text for value in values for text in plain(value)]

    _change_values(simulation, change)
    context = simulation["request"]["contextVariables"]
    if "aws:SourceIp" in context:
        context["aws:SourceIp"] = str(ip_network(context["aws:SourceIp"])[0])


DISAGREEMENTS = (
    Disagreement(
        name="a session policy does not limit what the key policy allows the session or anyone",
        source='IAM User Guide, "Policy evaluation logic", "AWS JSON policy elements: Principal"',
        rewrite=_session_policy_as_denies,
    ),
    Disagreement(
        name="a negated operator matches a variable without a value",
        source='IAM User Guide, "IAM policy elements: Variables and tags"',
        rewrite=_without_valueless_variables,
    ),
    Disagreement(
        name="an IPv6 address is the same however it is written, and a range of all is a range",
        source='IAM User Guide, "IAM JSON policy elements: Condition operators" (CIDR, RFC 4632)',
        rewrite=_plain_addresses,
    ),
)


def other_forms(simulation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the simulation in the form of each class, and of several classes together."""
    for count in range(1, len(DISAGREEMENTS) + 1):
        for classes in combinations(DISAGREEMENTS, count):
            other = copy.deepcopy(simulation)
            for one in classes:
                one.rewrite(other)
            if other != simulation:
                yield classes[0].name if count == 1 else _SEVERAL, other
