"""Denials and policies → judgements: what each key policy decides on each denied call.

A policy is judged as the key's own where it is known to be. Otherwise it is judged as "if this is
the key": the key is unknown, or the policy may be another key's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.diagnosis.judgement import Judgement
from ebs_kms_audit.diagnosis.layers import Layers
from ebs_kms_audit.diagnosis.policy_log import InForce, KeyLog, PolicyChange, PolicyLog, undecided
from ebs_kms_audit.diagnosis.policy_terms import Binding, Comparison
from ebs_kms_audit.model import Denial, Denials, KeyRef, Verdict

if TYPE_CHECKING:
    from ebs_kms_audit.context.policy_history import PolicyHistory
    from ebs_kms_audit.policy import Decision
    from ebs_kms_audit.reading.key_policies import GivenPolicy

_MULTI_REGION = "mrk-"
_FINDINGS_SOUGHT = 200  # for which the edit that denied them is searched in the log
_DENIALS_SOUGHT = 20  # of each


class Judge:
    """Holds the policies that were given, and judges denials by those that are or may be theirs."""

    def __init__(
        self,
        policies: Sequence[GivenPolicy],
        denials: Sequence[Denial],
        layers: Layers | None = None,
        log: PolicyHistory | None = None,
    ) -> None:
        self._policies = policies
        self._log = PolicyLog(log) if log else None
        self._layers = layers or Layers()
        self._changes_sought = 0
        # By the identity of a policy, which lives as long as this judge.
        self._decided: dict[int, tuple[bool, dict[object, Decision]]] = {}
        by_id = {id(denial.key): denial.key for denial in denials}  # denials share their keys
        keys = list(dict.fromkeys(by_id.values()))
        self._spellings = {spelling for key in keys for spelling in _spellings(key, keys)}
        self._unnamed = any(not key.known for key in keys)
        self._any_key_has_a_policy = any(
            _fits(policy, key) is not False and (not policy.key or key.known)
            for policy in policies
            for key in keys
        )

    def judge(self, denials: Denials) -> tuple[Judgement, ...]:
        """Return a judgement by each policy that is, or may be, that of the denials' key."""
        key = denials.best_key
        region = denials.kinds[0].event.region
        logged = self._log.of(key, region) if self._log else None
        fitting = self._fitting(key, region)
        if logged is None:
            return tuple(self._judgement(policy, key, denials) for policy in fitting)
        return self._by_log(logged, fitting, key, denials)

    def _fitting(self, key: KeyRef, region: str | None) -> list[GivenPolicy]:
        bound = [policy for policy in self._policies if _fits(policy, key)]
        return bound or [
            policy
            for policy in self._policies
            if _fits(policy, key) is None
            and _in_region(policy, region)
            and not (self._log and key.known and self._log.is_of_another_key(policy, key))
        ]

    def _by_log(
        self, logged: KeyLog, fitting: list[GivenPolicy], key: KeyRef, denials: Denials
    ) -> tuple[Judgement, ...]:
        """Judge by the latest policy known, given or logged, and by the one in force then."""
        compared = {id(policy): logged.compare(policy) for policy in fitting}
        equal = [one for one in fitting if compared[id(one)] is Comparison.EQUAL]
        newer = [one for one in fitting if compared[id(one)] is Comparison.NEWER]
        chosen = equal[:1] or newer
        if not chosen:
            latest = logged.latest or logged.last_known
            chosen = [latest] if latest else []
        found = []
        for policy in chosen:
            given = self._judgement(policy, key, denials)
            superseded = policy.since is not None and logged.latest is None
            is_logged = policy.since is not None or bool(equal)
            binding = Binding.KEY if is_logged else given.binding
            found.append(
                replace(
                    given,
                    binding=Binding.IF_THIS_KEY if superseded else binding,
                    then=self._then(logged, denials),
                    compared=compared.get(id(policy)) or (Comparison.OLDER if fitting else None),
                    superseded=superseded,
                    change=self._change(logged, denials),
                )
            )
        return tuple(found)

    def _change(self, logged: KeyLog, denials: Sequence[Denial]) -> PolicyChange | None:
        if self._changes_sought >= _FINDINGS_SOUGHT:
            return None
        self._changes_sought += 1
        found = (logged.change(denial, self._decide) for denial in denials[:_DENIALS_SOUGHT])
        return next((change for change in found if change), None)

    def _then(self, logged: KeyLog, denials: Sequence[Denial]) -> tuple[InForce | None, ...]:
        """Return for each denial the policy that was in force at its time, and its decision."""
        found: list[InForce | None] = []
        opened: dict[int, Decision] = {}
        for denial in denials:
            candidates = logged.in_force(denial)
            known = [policy for policy in candidates if policy is not None]
            decisions = [self._decide(policy, denial) for policy in known]
            if not decisions:
                found.append(None)
            elif undecided(decisions, all_known=len(known) == len(candidates)):
                first = decisions[0]
                if id(first) not in opened:
                    opened[id(first)] = _open(first, known[0])
                found.append(InForce(known[0], opened[id(first)]))
            else:
                found.append(InForce(known[0], decisions[0]))
        return tuple(found)

    def are_all_foreign(self, denials: Denials) -> bool:
        """Return whether policies were given, and none of them is or may be of any denied key."""
        return bool(self._policies) and not self._any_key_has_a_policy and not self.judge(denials)

    def _judgement(self, policy: GivenPolicy, key: KeyRef, denials: Denials) -> Judgement:
        decided = [self._decide(policy, denial) for denial in denials.kinds]
        return Judgement(
            policy=policy,
            binding=Binding.KEY if self._is_the_keys(policy, key) else Binding.IF_THIS_KEY,
            decisions=tuple(map(decided.__getitem__, denials.kind_at)),
        )

    def _decide(self, policy: GivenPolicy, denial: Denial) -> Decision:
        """Return the decision of a policy; denials of one kind have one decision."""
        from ebs_kms_audit.policy import evaluate

        if id(policy) not in self._decided:
            self._decided[id(policy)] = (_depends_on_session(policy), {})
        by_session, decided = self._decided[id(policy)]
        kind = kind_of_call(denial, by_session=by_session)
        if kind not in decided:
            asked = _on(policy, denial)
            decided[kind] = evaluate(asked, policy.policy, **self._layers.of(denial))
        return decided[kind]

    def _is_the_keys(self, policy: GivenPolicy, key: KeyRef) -> bool:
        if not key.known:
            return False
        if Arn.parse(policy.key):
            return policy.key == key.arn
        if policy.key and policy.key.startswith(_MULTI_REGION):
            return False  # each replica has its own policy
        return len(self._policies) == 1 and len(self._spellings) == 1 and not self._unnamed


def _fits(policy: GivenPolicy, key: KeyRef) -> bool | None:
    """Return whether a policy is bound to a key: False for another key's, None where unbound."""
    if not policy.key or not key.known:
        return None
    arn = Arn.parse(policy.key)
    if arn and key.arn:
        return policy.key == key.arn
    if key.id is None:
        return None
    return policy.key_id == key.id


def _in_region(policy: GivenPolicy, region: str | None) -> bool:
    """Return whether the key that a policy was given for can serve calls in a Region."""
    arn = Arn.parse(policy.key)
    return arn is None or region in (None, arn.region)


def _spellings(key: KeyRef, keys: Sequence[KeyRef]) -> set[str]:
    """Return the spellings of a key that no fuller spelling of another denial explains."""
    if key.arn:
        return {key.arn}
    if key.id:
        arns = {other.arn for other in keys if other.arn and other.id == key.id}
        single = len(arns) == 1 and not key.id.startswith(_MULTI_REGION)
        return set() if single else {key.id}
    return {key.alias} if key.alias else set()


def kind_of_call(denial: Denial, *, by_session: bool = True) -> object:
    """Return what denials have in common for which a policy has one decision.

    `by_session` says whether a policy can tell the sessions of a role apart.
    """
    event, principal = denial.event, denial.principal
    return (
        denial.iam_actions,
        event.name,
        event.account,
        event.region,
        denial.via_service or (denial.called_directly and "direct"),
        denial.key.arn,
        principal.arn,
        principal.kind,
        principal.evidence,
        principal.user_name if by_session or not principal.arn else None,
    )


def _depends_on_session(policy: GivenPolicy) -> bool:
    text = str(policy.policy.document).lower()
    return "assumed-role" in text or "userid" in text or "federated-user" in text


def _on(policy: GivenPolicy, denial: Denial) -> Denial:
    """Return the denial with the policy's key, where the denial's own is not known."""
    if denial.key.arn or not Arn.parse(policy.key):
        return denial
    return replace(denial, key=replace(denial.key, arn=policy.key))


def _open(decision: Decision, policy: GivenPolicy) -> Decision:
    """Return that a decision is open, because the key policy changed just before the call."""
    return replace(
        decision,
        verdict=Verdict.UNDECIDED,
        allowed=None,
        key_policy_allows=None,
        decided_by=(),
        depends_on=("key_policy",),
        why=f"The key policy changed less than five minutes before the call ({policy.name}), and "
        "the policies before and after the change decide differently",
    )
