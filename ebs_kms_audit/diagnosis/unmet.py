"""Statements for the caller that fail by their condition: which value is required, which is actual.

A condition that cannot be computed counts as not met in two cases, both inferred. The message says
that no statement of the key policy allowed the call, so the one that names the caller failed. Or
the condition tests the network of the caller, and EC2 makes the call from its own network.

Source: AWS KMS Developer Guide, "AWS global condition keys" (aws:SourceIp on calls that an AWS
service makes) and "AWS KMS condition keys"; EBS User Guide, "Requirements for Amazon EBS
encryption".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ebs_kms_audit.aws.ebs_operations import NETWORK_KEYS
from ebs_kms_audit.model import Denial, Evidence
from ebs_kms_audit.policy import Decision, Effect, Layer, Reach, StatementResult, TestResult

_VOLUME_CONTEXT = "kms:encryptioncontext:aws:ebs:id"
# A condition on one of these says who may call: where it fails, the statement is for others.
_WHO = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:userid",
        "aws:username",
        "kms:calleraccount",
    }
)
_SNAPSHOT_CALLS = frozenset({"CopySnapshot", "CopyImage"})


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmetCondition:
    """A statement that names the caller and the action, and fails by its condition.

    statement  the statement
    test       the line of the condition that is not met
    actual     the actual value as text: the values of the request, `(absent)`, or what is known
               of them
    evidence   recorded or derived where the value is known, inferred where it is not
    """

    statement: StatementResult
    test: TestResult
    actual: str
    evidence: Evidence


def unmet_conditions(
    decision: Decision, denial: Denial, *, nothing_allowed: bool, operations: frozenset[str]
) -> tuple[UnmetCondition, ...]:
    """Return the conditions of the key policy that are not met, the surest first.

    `nothing_allowed` says that the message rules out every Allow of the key policy; `operations`
    are the EC2 calls around the denial.
    """
    found: list[UnmetCondition] = []
    for result in decision.statements:
        if _is_for(result, decision):
            found += _of(result, denial, nothing_allowed, operations)
    return tuple(sorted(found, key=lambda one: one.evidence is Evidence.INFERRED))


def _is_for(result: StatementResult, decision: Decision) -> bool:
    """Return whether a statement of the key policy names the caller, the action and the key."""
    if result.layer is not Layer.KEY_POLICY or result.effect is not Effect.ALLOW:
        return False
    return bool(
        result.action.matched
        and result.resource.matched
        and result.condition.matched is not True
        and any(
            result.reaches.get(reach)
            for reach in (Reach.ITSELF, Reach.ROLE, Reach.ANYONE, Reach.ACCOUNT)
        )
    )


def _of(
    result: StatementResult, denial: Denial, nothing_allowed: bool, operations: frozenset[str]
) -> Iterator[UnmetCondition]:
    failed = [test for test in result.condition.tests if test.holds is False]
    if any(test.key.lower() in _WHO for test in failed):
        return
    for test in failed:
        actual = ", ".join(test.actual or ()) or "(absent)"
        yield UnmetCondition(statement=result, test=test, actual=actual, evidence=Evidence.DERIVED)
    if failed:
        return
    for test in result.condition.tests:
        if test.holds is None:
            known = _known_in_part(test, denial, operations)
            if known or nothing_allowed:
                yield UnmetCondition(
                    statement=result,
                    test=test,
                    actual=known or "(unknown)",
                    evidence=Evidence.INFERRED,
                )


def _known_in_part(test: TestResult, denial: Denial, operations: frozenset[str]) -> str | None:
    """Return what is known of an actual value that is enough to say that the test fails."""
    if not denial.ebs_traffic:
        return None
    key = test.key.lower()
    if key in NETWORK_KEYS and "not" not in test.operator.lower():
        return f"the network of {denial.via_service}, not that of the caller"
    if key == _VOLUME_CONTEXT and not operations & _SNAPSHOT_CALLS:
        pinned = all(value.startswith("snap-") for value in test.required)
        return "the id of a volume (vol-…)" if pinned and test.required else None
    return None
