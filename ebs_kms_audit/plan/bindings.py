"""Which given policy is the policy of which key, as far as a document may be changed by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.diagnosis.policy_terms import Comparison
from ebs_kms_audit.plan.key_group import KeyGroup

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.judgement import Judgement
    from ebs_kms_audit.policy import KeyPolicy


_NOT_GIVEN = "The key policy was not given."
_NOT_SHOWN = (
    "A redacted report does not show the change of the policy. Run the audit again without redact."
)


class Binding(NamedTuple):
    """The policy of a key, and why it may be another key's.

    policy  the policy; None where it is not known which of the given policies it is
    name    what the policy is called in the input; None where no policy was given
    doubts  one sentence each; empty where the policy is surely this key's
    since   when it was set, for a policy from the log
    """

    policy: KeyPolicy | None
    name: str | None
    doubts: tuple[str, ...] = ()
    since: datetime | None = None


class Bindings:
    """Finds the policy of each key among the given ones."""

    def __init__(
        self, findings: Sequence[Finding], groups: Sequence[KeyGroup], seen: Iterable[str] = ()
    ) -> None:
        """Take the findings, and the keys that all events name, denied or not (`seen`)."""
        keys = (denial.key for finding in findings for denial in finding.denials.kinds)
        named = {key.arn or key.id or key.alias for key in keys}
        self._seen = frozenset(seen).union(filter(None, named))
        self._unnamed = None in named
        # A policy without a key is changed for one key at most: of a known key, if there is one.
        known = [group for group in groups if group.key_id]
        candidates = known or list(groups)
        self._candidate = candidates[0].name if len(candidates) == 1 else None

    def of(self, group: KeyGroup) -> Binding:
        """Return the policy of a key."""
        shown = {
            id(judgement.policy): judgement
            for part in group.parts
            for judgement in part.finding.judgements
            if judgement.can_be_shown
        }
        if not shown:
            judged = any(part.finding.judgements for part in group.parts)
            return Binding(policy=None, name=None, doubts=(_NOT_SHOWN if judged else _NOT_GIVEN,))
        if len(shown) > 1:
            why = "It is not known which of the given policies is this key's."
            return Binding(policy=None, name=None, doubts=(why,))
        (judgement,) = shown.values()
        return self._of_one(group, judgement)

    def _of_one(self, group: KeyGroup, judgement: Judgement) -> Binding:
        given = judgement.policy
        if judgement.superseded:
            why = f"The log shows a later change of the key policy than {given.name}."
            return Binding(policy=None, name=given.name, doubts=(why,))
        doubts = []
        if given.key and Arn.parse(given.key):
            if group.key is None:
                doubts.append(
                    "The policy is bound to the key by its key id only. The full ARN of the key is "
                    "not known."
                    if group.key_id == given.key_id
                    else f"The policy was given for {given.key}. It is not known that this is the "
                    "denied key."
                )
            elif group.key != given.key:
                doubts.append(f"The policy was given for {given.key}, which is another key.")
            policy = given.policy if group.key in (None, given.key) else None
            return Binding(policy=policy, name=given.name, doubts=tuple(doubts), since=given.since)
        # A record of the key holds the same policy, or it is the only policy and the only key.
        only_key = not self._unnamed and not self._others(group)
        bound = judgement.compared is Comparison.EQUAL or only_key
        if not bound or group.key is None or (given.key and "mrk-" in given.key):
            doubts.append(
                f"It is not known that {given.name} is the policy of this key. Give it as "
                "--key-policy KEY_ARN=FILE."
            )
        usable = given.key is not None or group.name == self._candidate
        policy = given.policy if usable else None
        return Binding(policy=policy, name=given.name, doubts=tuple(doubts))

    def _others(self, group: KeyGroup) -> bool:
        """Return whether an event names a key that may be another one than the group's."""
        kinds = (denial for part in group.parts for denial in part.denials.kinds)
        own = {denial.key.alias for denial in kinds} | {group.key}
        return any(one not in own and not _is_of(one, group.key) for one in self._seen)


def _is_of(key_id: str, arn: str | None) -> bool:
    """Return whether a bare key id surely is the key of the ARN. A replica has the same mrk- id."""
    return bool(arn) and not key_id.startswith("mrk-") and str(arn).endswith(f":key/{key_id}")
