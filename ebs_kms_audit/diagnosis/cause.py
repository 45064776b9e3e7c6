"""Why the calls of a finding were denied: one cause, weighed from all evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ebs_kms_audit.model import Evidence, PolicyType

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.near_misses import NearMiss
    from ebs_kms_audit.diagnosis.unmet import UnmetCondition
    from ebs_kms_audit.policy import StatementResult


class CauseId(StrEnum):
    """The causes, in the order in which they are tried: the first that applies is the cause.

    Each has a page: `ebs-kms-audit explain ID`.
    """

    HARMLESS_PROBE = "harmless_probe"
    INFRASTRUCTURE = "infrastructure"
    NOT_GRANTABLE = "not_grantable"
    AWS_MANAGED_KEY = "aws_managed_key"
    OTHER_POLICY = "other_policy"
    FIXED_SINCE = "fixed_since"
    OTHER_KEY = "other_key"
    EXPLICIT_DENY = "explicit_deny"
    DIRECT_GRANT_CALL = "direct_grant_call"
    CONDITION_NOT_MET = "condition_not_met"
    CONFLICTING_EVIDENCE = "conflicting_evidence"
    CROSS_ACCOUNT_HALF_MISSING = "cross_account_half_missing"
    NO_STATEMENT = "no_statement"
    IAM_POLICY_MISSING = "iam_policy_missing"
    KEY_UNUSABLE = "key_unusable"
    UNKNOWN = "unknown"


class Half(StrEnum):
    """What is missing for a call across accounts."""

    KEY_POLICY = "key_policy"
    """The key policy allows neither the caller nor the caller's account."""
    IAM_POLICY = "iam_policy"
    """No IAM policy of the caller allows the action."""
    GRANT = "grant"
    """A service-linked role of another account has no grant on the key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NextEvidence:
    """A piece of evidence that would settle the cause or make a step safe.

    what     what to get, as a short noun phrase
    why      why it settles the matter, one sentence
    command  the exact shell command, or the clicks in the console; None where neither exists
    """

    what: str
    why: str
    command: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherCause:
    """Another cause of some denials of the same finding.

    id       the cause
    text     one sentence
    actions  the denied actions that it explains
    pattern  the sentence with marks in the place of the caller and the actions: findings with one
             pattern have one cause
    denials  the event ids (or `file:line` where there is none) of the denials that it explains
    """

    id: CauseId
    text: str
    actions: tuple[str, ...] = ()
    pattern: str = field(default="", repr=False)
    denials: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Why the calls of a finding were denied.

    id               the first cause in the order of CauseId that applies
    text             one sentence for the reader
    evidence         how the cause is known
    actions          the denied actions that it explains
    pattern          the sentence with marks in the place of the caller and the actions: findings
                     with one pattern have one cause
    policy_type      the type of policy that denied the calls, None where it is not known
    supported_by     event ids, statements and messages that support it, each a short text
    contradicted_by  what speaks against it, each a short text
    next_evidence    what to get next, the least effort first
    others           other causes of some of the denials
    statements       the statements that denied, or that fail by their condition; empty where the
                     cause is not about a statement
    unmet            the conditions that were not met, with the required and the actual values
    missing          the missing halves of a call across accounts
    near_misses      parts of the key policy that nearly name the caller or the action
    """

    id: CauseId
    text: str
    evidence: Evidence
    actions: tuple[str, ...] = ()
    pattern: str = field(default="", repr=False)
    policy_type: PolicyType | None = None
    supported_by: Sequence[str] = ()
    contradicted_by: tuple[str, ...] = ()
    next_evidence: Sequence[NextEvidence] = ()
    others: tuple[OtherCause, ...] = ()
    statements: tuple[StatementResult, ...] = ()
    unmet: tuple[UnmetCondition, ...] = ()
    missing: tuple[Half, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
