"""The key policies of the log as policies to judge by, and how a given policy compares to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ebs_kms_audit.aws.arns import Arn, is_account_id
from ebs_kms_audit.diagnosis.policy_terms import Comparison, rank
from ebs_kms_audit.model import Denial, KeyRef
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.context.policy_history import KeyPolicyHistory, PolicyEdit, PolicyHistory
    from ebs_kms_audit.policy import Decision
    from ebs_kms_audit.reading.key_policies import GivenPolicy

_LONGEST_DIFF = 200  # lines
_EDITS_COMPARED = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyChange:
    """The edit that took a permission away, and a later one that gave it back.

    event_id           the Event ID of the edit, or None
    time               when the policy was set
    who                who set it: an ARN or a User name
    operation          PutKeyPolicy, CreateKey or ReplicateKey
    diff               the change as a unified diff of the two documents
    restored_event_id  the Event ID of the edit that gave the permission back, or None
    restored_time      when it was given back; None if it was not
    """

    event_id: str | None
    time: datetime | None
    who: str | None
    operation: str
    diff: str
    restored_event_id: str | None = None
    restored_time: datetime | None = None


class InForce(NamedTuple):
    """The key policy that was in force at the time of a denial, and what it decides."""

    policy: GivenPolicy
    decision: Decision


class KeyLog:
    """The key policies of one key in the log."""

    def __init__(self, history: KeyPolicyHistory, key: KeyRef) -> None:
        self._history = history
        self._key = key
        self._policies: dict[int, GivenPolicy] = {}
        self._compared: dict[int, Comparison] = {}  # by the identity of a given policy

    @property
    def latest(self) -> GivenPolicy | None:
        """The last policy; None if the log does not hold the document of the last edit."""
        edit = self._history.latest
        return self.policy_of(edit) if edit.document is not None else None

    @property
    def last_known(self) -> GivenPolicy | None:
        """The last policy with a document in the log; None if there is none."""
        known = (edit for edit in reversed(self._history.edits) if edit.document is not None)
        return next((self.policy_of(edit) for edit in known), None)

    def in_force(self, denial: Denial) -> tuple[GivenPolicy | None, ...]:
        """Return the policies one of which was in force at the time of a denial."""
        found = self._history.in_force(denial.event)
        return tuple(self.policy_of(edit) if edit else None for edit in found)

    def compare(self, policy: GivenPolicy) -> Comparison:
        """Compare a given policy with those of the log."""
        if id(policy) not in self._compared:
            self._compared[id(policy)] = self._comparison(policy)
        return self._compared[id(policy)]

    def _comparison(self, policy: GivenPolicy) -> Comparison:
        given = canonical(policy.policy.document)
        known = [edit for edit in self._history.edits if edit.document is not None]
        if self.latest and canonical(self.latest.policy.document) == given:
            return Comparison.EQUAL
        earlier = any(canonical(self.policy_of(edit).policy.document) == given for edit in known)
        return Comparison.OLDER if earlier and self.latest else Comparison.NEWER

    def change(
        self, denial: Denial, decide: Callable[[GivenPolicy, Denial], Decision]
    ) -> PolicyChange | None:
        """Return the edit that took away what was denied; None if the log shows none."""
        if denial.event.time is None:
            return None
        known = [edit for edit in self._history.edits if edit.document is not None]
        now = order_of(denial.event.time)
        before = [edit for edit in known if edit.time and order_of(edit.time) <= now]
        ranks = [rank(decide(self.policy_of(edit), denial)) for edit in before[-_EDITS_COMPARED:]]
        before = before[-_EDITS_COMPARED:]
        drops = [at for at in range(1, len(ranks)) if ranks[at] < ranks[at - 1]]
        if not drops or max(ranks[drops[-1] :]) > ranks[drops[-1]]:
            return None
        at = drops[-1]
        removed, needed = before[at], ranks[at - 1]
        later = known[known.index(removed) + 1 :][:_EDITS_COMPARED]
        restored = next(
            (edit for edit in later if rank(decide(self.policy_of(edit), denial)) >= needed), None
        )
        return PolicyChange(
            event_id=removed.event.event_id,
            time=removed.time,
            who=removed.who,
            operation=removed.event.name,
            diff=self._diff(before[at - 1], removed),
            restored_event_id=restored.event.event_id if restored else None,
            restored_time=restored.time if restored else None,
        )

    def _diff(self, before: PolicyEdit, after: PolicyEdit) -> str:
        documents = [self.policy_of(edit) for edit in (before, after)]
        old, new = (json.dumps(one.policy.document, indent=2).splitlines() for one in documents)
        names = [one.name for one in documents]
        import difflib

        lines = list(difflib.unified_diff(old, new, names[0], names[1], lineterm="", n=1))
        cut = len(lines) - _LONGEST_DIFF
        if cut > 0:
            noun = "line" if cut == 1 else "lines"
            lines = [*lines[:_LONGEST_DIFF], f"… {cut} more {noun}"]
        return "\n".join(lines)

    def policy_of(self, edit: PolicyEdit) -> GivenPolicy:
        """Return the policy of an edit with a document; always the same object."""
        found = self._policies.get(id(edit))
        if found is None:
            from ebs_kms_audit.policy import KeyPolicy
            from ebs_kms_audit.reading.key_policies import GivenPolicy

            event = edit.event
            key = edit.key if Arn.parse(edit.key) else self._key.arn or edit.key
            found = self._policies[id(edit)] = GivenPolicy(
                name=f"{event.name} event {event.reference}",
                key=key,
                policy=KeyPolicy.from_json(edit.document or ""),
                event_id=event.event_id,
                since=edit.time,
            )
        return found


class PolicyLog:
    """The key policies of all keys in the log."""

    def __init__(self, history: PolicyHistory) -> None:
        self._history = history
        self._logs: dict[tuple[str | None, str | None, str | None], KeyLog | None] = {}

    def of(self, key: KeyRef, region: str | None) -> KeyLog | None:
        """Return the policies of a key; None if the log holds no edit of them."""
        which = (key.arn, key.id, region)
        if which not in self._logs:
            history = self._history.of(key, region)
            self._logs[which] = KeyLog(history, key) if history else None
        return self._logs[which]

    def is_of_another_key(self, policy: GivenPolicy, key: KeyRef) -> bool:
        """Return whether a policy without a key is the last policy of another key in the log."""
        if policy.key:
            return False
        others = self._latest_of.get(canonical(policy.policy.document), set())
        return bool(others) and key.id not in others

    @cached_property
    def _latest_of(self) -> dict[Any, set[str]]:
        """The keys of which a document is the last policy in the log."""
        from ebs_kms_audit.policy import KeyPolicy

        found: dict[Any, set[str]] = {}
        for history in self._history:
            latest = history.latest
            if latest.document is not None and latest.key is not None:
                document = KeyPolicy.from_json(latest.document).document
                found.setdefault(canonical(document), set()).add(latest.key.rpartition("/")[2])
        return found


def canonical(value: Any) -> Any:
    """Return a policy document in one form, so that equal policies compare equal.

    A string equals a list of one, the order within a list does not count, and the root ARN of an
    account equals its id: KMS writes the one for the other.
    """
    if isinstance(value, dict):
        return tuple(sorted((str(name), canonical(one)) for name, one in value.items()))
    if isinstance(value, list):
        items = [canonical(one) for one in value]
        return items[0] if len(items) == 1 else tuple(sorted(items, key=repr))
    if isinstance(value, bool):
        return str(value).lower()
    arn = Arn.parse(value) if isinstance(value, str) else None
    if arn and arn.resource == "root" and arn.service == "iam" and is_account_id(arn.account):
        return arn.account
    return value


def undecided(decisions: Sequence[Decision], *, all_known: bool) -> bool:
    """Return whether the policies that may have been in force leave open what was decided."""
    if len({rank(decision) for decision in decisions}) > 1:
        return True
    return not all_known and any(decision.key_policy_allows for decision in decisions)
