"""What a changed key policy allows that the old one did not, and which denials it cures.

Every principal that the change can affect is judged for every KMS action, before and after. Grant
actions are judged twice: called by an AWS service, and called directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import IAM_ACTIONS
from ebs_kms_audit.aws.statements import GRANT_ACTIONS
from ebs_kms_audit.diagnosis.judge import kind_of_call
from ebs_kms_audit.diagnosis.layers import Layers
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.model import Denial, Denials
from ebs_kms_audit.plan.change import CuredDenial, Permission, Proof
from ebs_kms_audit.plan.needs import WantedStatement
from ebs_kms_audit.plan.principal_index import PrincipalIndex
from ebs_kms_audit.policy import (
    Caller,
    Decision,
    KeyPolicy,
    Patterns,
    PolicyPrincipal,
    PrincipalForm,
    Request,
    evaluate,
    requests_of,
)
from ebs_kms_audit.policy.actions import action_matches
from ebs_kms_audit.policy.caller import Reach, covers
from ebs_kms_audit.policy.principals import read_principal

_FOR_SERVICE = "kms:GrantIsForAWSResource"
_NO_LAYERS = Layers()
_CALLERS = frozenset(
    {
        PrincipalForm.ACCOUNT,
        PrincipalForm.USER,
        PrincipalForm.ROLE,
        PrincipalForm.ROLE_SESSION,
        PrincipalForm.FEDERATED_USER,
        PrincipalForm.SERVICE,
    }
)
# Condition keys that tell one principal of an account from another.
_OF_ONE_PRINCIPAL = ("aws:principal", "aws:user")
# These have one value for all principals of an account.
_OF_ONE_ACCOUNT = frozenset({"aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths"})

Cases = tuple[tuple[str, str | None, dict[str, str]], ...]


class ChangeJudge:
    """The old and the new key policy of a change, and the other policies that were given."""

    def __init__(
        self,
        before: KeyPolicy,
        after: KeyPolicy,
        key: str | None,
        layers: Layers = _NO_LAYERS,
    ) -> None:
        self._before, self._after = PrincipalIndex(before), PrincipalIndex(after)
        self._key = key
        arn = Arn.parse(key)
        self._partition = arn.partition if arn else "aws"
        self._layers = layers
        self._by_principal = any(map(_tells_principals_apart, (before, after)))
        self._decided: dict[object, Decision] = {}
        self._known: dict[object, list[tuple[int, bool | None, bool | None]]] = {}

    def prove(
        self,
        denials: Sequence[Denial],
        wanted: Sequence[WantedStatement],
        ignored: Sequence[str] = (),
    ) -> Proof:
        """Judge the denials, and every principal and action, by the old and the new policy.

        `ignored` are principals of the old policy that cannot call KMS.
        """
        denials = Denials.of(denials)
        newly: list[Permission] = []
        lost: list[Permission] = []
        for principal in self._principals(denials.kinds):
            if principal in ignored:
                continue
            for case, old, new in self._changes(principal):
                action, condition, context = _cases()[case]
                permission = Permission(
                    principal=principal,
                    action=action,
                    condition=condition,
                    expected=_is_expected(principal, action, context, wanted),
                )
                # From False to unknown may give a permission, from True to unknown may take one.
                (lost if old is True or new is False else newly).append(permission)
        return Proof(
            denials=tuple(self._cured(denials)), newly_allowed=tuple(newly), lost=tuple(lost)
        )

    def before(self, denial: Denial) -> Decision:
        """Return the decision on a denied call by the old key policy and the other policies."""
        return self._decide(denial, self._before)

    def after(self, denial: Denial) -> Decision:
        """Return the decision on a denied call by the new key policy and the other policies."""
        return self._decide(denial, self._after)

    def _decide(self, denial: Denial, index: PrincipalIndex) -> Decision:
        if self._key and not denial.key.arn:
            denial = replace(denial, key=replace(denial.key, arn=self._key))
        kind = (index is self._after, kind_of_call(denial))
        if kind not in self._decided:
            asked = requests_of(denial)
            # If only the caller's account is known, every statement for a user or role of the
            # account counts.
            policy = index.reduced(asked[0].principal if asked else None)
            self._decided[kind] = evaluate(denial, policy, **self._layers.of(denial))
        return self._decided[kind]

    def _cured(self, denials: Denials) -> Iterator[CuredDenial]:
        judged = [
            [(one, self.before(one), self.after(one)) for one in _by_action(denial)]
            for denial in denials.kinds
        ]
        for (alike, at), kind in zip(denials.each(), denials.kind_at, strict=True):
            for one, before, after in judged[kind]:
                yield CuredDenial(
                    event_id=alike.events.columns.event_ids[at],
                    action=one.iam_actions[0],
                    before=before.verdict,
                    after=after.verdict,
                    cured=after.allowed,
                )

    def _principals(self, denials: Iterable[Denial]) -> list[str]:
        """Return everyone whom a document names or who was denied, each once."""
        found: dict[str, None] = {}
        for index in (self._before, self._after):
            for statement in index.policy.statements:
                for entry in statement.principals.entries if statement.principals else ():
                    if entry.form is PrincipalForm.ACCOUNT and entry.account == entry.text:
                        found[f"arn:{self._partition}:iam::{entry.account}:root"] = None
                    elif entry.form in _CALLERS:
                        found[entry.text] = None
        for denial in denials:
            if denial.principal.arn:
                found[denial.principal.arn] = None
        return list(found)

    def _changes(self, principal: str) -> Iterator[tuple[int, bool | None, bool | None]]:
        """Give the cases in which the key policy decides differently before and after."""
        old, new = self._before.reduced(principal), self._after.reduced(principal)
        if old.statements == new.statements:
            return iter(())
        caller = _caller(principal)
        if caller is None:
            return iter(())
        key: object = principal
        if not self._by_principal:
            key = (caller.kind, caller.account, _named(old, caller), _named(new, caller))
        if key not in self._known:
            self._known[key] = list(self._judged(principal, old, new))
        return iter(self._known[key])

    def _judged(
        self, principal: str, before: KeyPolicy, after: KeyPolicy
    ) -> Iterator[tuple[int, bool | None, bool | None]]:
        for case, (action, _, context) in enumerate(_cases()):
            request = Request(
                principal=principal, action=action, resource=self._key, context=context
            )
            old = evaluate(request, before).key_policy_allows
            new = evaluate(request, after).key_policy_allows
            if old != new:
                yield case, old, new


def _by_action(denial: Denial) -> list[Denial]:
    return [replace(denial, iam_actions=(action,)) for action in denial.iam_actions]


def _caller(principal: str) -> Caller | None:
    try:
        return Caller.of(principal)
    except UsageError:  # an ARN of a form that cannot call
        return None


def _named(policy: KeyPolicy, caller: Caller) -> tuple[object, ...]:
    """Return how each statement names the caller."""
    return tuple(
        (statement.index, *(covers(entry, caller) for entry in statement.principals.entries))
        for statement in policy.statements
        if statement.principals
    )


def _tells_principals_apart(policy: KeyPolicy) -> bool:
    return any(
        (key.startswith(_OF_ONE_PRINCIPAL) and key not in _OF_ONE_ACCOUNT)
        or any("${" in text for text in test.values)
        for statement in policy.statements
        for test in statement.conditions
        for key in (test.key.lower(),)
    ) or any(
        "${" in text
        for statement in policy.statements
        for text in (statement.resources.values if statement.resources else ())
    )


@cache
def _cases() -> Cases:
    """Return every KMS action, with its condition and the context that stands for it."""
    cases: list[tuple[str, str | None, dict[str, str]]] = []
    for name in IAM_ACTIONS:
        if name in GRANT_ACTIONS:
            cases.append((name, "called by an AWS service", {_FOR_SERVICE: "true"}))
            cases.append((name, "called directly", {_FOR_SERVICE: "false"}))
        else:
            cases.append((name, None, {}))
    return tuple(cases)


def _is_expected(
    principal: str, action: str, context: dict[str, str], wanted: Iterable[WantedStatement]
) -> bool:
    """Return whether a wanted statement is meant to give this principal this action."""
    return any(
        action_matches(Patterns(values=statement.actions), action)
        and (_FOR_SERVICE not in str(statement.condition) or context.get(_FOR_SERVICE) == "true")
        and _names(statement.principals, principal)
        for statement in wanted
    )


def _names(principals: Sequence[str], principal: str) -> bool:
    """Return whether one of the principals is this one, or the role of this session."""
    if principal in principals:
        return True
    if ":assumed-role/" not in principal:
        return False
    caller = _caller(principal)
    by_role = (True, Reach.ROLE)
    return caller is not None and any(covers(_entry(p), caller) == by_role for p in principals)


@lru_cache(maxsize=4096)
def _entry(text: str) -> PolicyPrincipal:
    return read_principal("AWS", text, "$")
