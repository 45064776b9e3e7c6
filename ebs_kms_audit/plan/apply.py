"""A fix applied to a key policy: the new document, its diff and patch, the proof, the disposition.

`safe` is said only where nothing is left open: principal and key are known and not inferred, the
policy is the key's own, every denial is cured by the key policy, exactly what was meant is newly
allowed, and the new document has no error that KMS would refuse. Otherwise `review`, with what is
missing. Policy layers that were not given are caveats, not obstacles.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ebs_kms_audit.diagnosis.limits import refused_elsewhere
from ebs_kms_audit.model import Denial, Evidence, PrincipalKind, Verdict
from ebs_kms_audit.plan.fix import OfferedStatement
from ebs_kms_audit.plan.merge import merge
from ebs_kms_audit.plan.proof import Proof, prove
from ebs_kms_audit.plan.step import Disposition
from ebs_kms_audit.policy import KeyPolicy
from ebs_kms_audit.policy.lint import LintFinding, Severity, lint

_SURE = frozenset({Evidence.RECORDED, Evidence.DERIVED, Evidence.GIVEN})
_NAMEABLE = frozenset({PrincipalKind.USER, PrincipalKind.ROLE, PrincipalKind.SERVICE_LINKED_ROLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class AppliedFix:
    """What a fix makes of a key policy.

    `document` is the whole new policy and `patch` the RFC 6902 operations that make it of the old
    one; both are as before where nothing was missing. `missing` names what stands between the
    change and `safe`; it is empty exactly where the disposition is `safe`. `lint` is what is wrong
    or doubtful in the new document and was not in the old one.
    """

    disposition: Disposition
    missing: tuple[str, ...]
    before: Mapping[str, Any]
    document: dict[str, Any]
    patch: tuple[dict[str, Any], ...]
    proof: Proof
    lint: tuple[LintFinding, ...]

    @property
    def changed(self) -> bool:
        """Whether the new document differs from the old one."""
        return bool(self.patch)

    @property
    def text(self) -> str:
        """The new document as JSON text."""
        return policy_text(self.document)

    @property
    def diff(self) -> str:
        """The change as a unified diff of the two documents, both written with two blanks."""
        old, new = policy_text(self.before), self.text
        lines = difflib.unified_diff(
            old.splitlines(), new.splitlines(), "key policy", "key policy, fixed", lineterm=""
        )
        return "\n".join(lines)


def apply_fix(
    denials: Sequence[Denial],
    offered: Sequence[OfferedStatement],
    policy: KeyPolicy,
    *,
    is_the_keys: bool,
) -> AppliedFix:
    """Apply the offered statements to a key policy.

    `is_the_keys` tells whether the policy is known to be that of the denials' key.
    """
    change = merge(policy, offered)
    after = KeyPolicy.from_dict(change.document)
    proof = prove(denials, offered, policy, after)
    key = denials[0].key.arn if denials else None
    found = lint(after, key=key)
    # An error that was there before has KMS refuse the new document all the same.
    errors = [f"{one.json_path}: {one.message}" for one in found if one.severity is Severity.ERROR]
    missing = (*_missing(denials, offered, policy, proof, is_the_keys=is_the_keys), *errors)
    return AppliedFix(
        disposition=Disposition.REVIEW if missing else Disposition.SAFE,
        missing=missing,
        before=policy.document,
        document=change.document,
        patch=change.patch,
        proof=proof,
        lint=_introduced(lint(policy, key=key), found),
    )


def _introduced(
    before: Sequence[LintFinding], after: Sequence[LintFinding]
) -> tuple[LintFinding, ...]:
    """Return what the new document has and the old one had not, wherever it stood."""
    known = Counter((one.id, one.sid, one.message) for one in before)
    found = []
    for one in after:
        known[one.id, one.sid, one.message] -= 1
        if known[one.id, one.sid, one.message] < 0:
            found.append(one)
    return tuple(found)


def _missing(
    denials: Sequence[Denial],
    offered: Sequence[OfferedStatement],
    before: KeyPolicy,
    proof: Proof,
    *,
    is_the_keys: bool,
) -> Iterator[str]:
    if not offered:
        yield "no statement is offered"
        return
    principal = denials[0].principal
    if principal.kind not in _NAMEABLE:
        yield "the principal is no single user or role"
    # Denials of one finding may know their principal and key in different ways.
    yield from _unsure(
        "principal's ARN", [(d.principal.arn, d.principal.evidence) for d in denials]
    )
    yield from _unsure("key", [(d.key.arn or d.key.id, d.key.evidence) for d in denials])
    for action in dict.fromkeys(a for d in denials if refused_elsewhere(d) for a in d.iam_actions):
        yield f"the error message of {action} says that another policy, or a Deny, refused it"
    if not is_the_keys:
        yield "it is not known that this is the key's policy"
    key_account = denials[0].key_account
    if key_account and key_account not in (named := _accounts(before)) and named:
        yield f"the policy names accounts ({', '.join(named)}), but not the key's own"
    if any(denial.cross_account for denial in denials):
        yield "the caller's account needs its own half, which is not shown here"
    for denial in proof.denials:
        if denial.cured is not True:
            yield (
                f"{denial.action} is not proved to be cured: {denial.after}"
                if denial.after is not Verdict.ALLOWED_NOW
                else f"{denial.action} is not proved to be cured by the key policy alone"
            )
    for one in proof.newly_allowed:
        if not one.expected:
            yield f"it would also allow {one.action} to {one.principal}"
    for one in proof.lost:
        yield f"it would take {one.action} from {one.principal}"


def _accounts(policy: KeyPolicy) -> list[str]:
    """Return the accounts that the principals of a policy belong to."""
    entries = [
        entry
        for statement in policy.statements
        for entry in (statement.principals.entries if statement.principals else ())
    ]
    return sorted({entry.account for entry in entries if entry.account})


def _unsure(what: str, known: Sequence[tuple[str | None, Evidence]]) -> Iterator[str]:
    """Say that something is not known for sure, as its weakest evidence has it."""
    weak = [evidence if name else Evidence.UNKNOWN for name, evidence in known]
    weak = [evidence for evidence in weak if evidence not in _SURE]
    if weak:
        yield f"the {what} is {max(weak, key=list(Evidence).index)}"


def policy_text(document: Mapping[str, Any]) -> str:
    """Return a policy document as JSON text, in its own order."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
