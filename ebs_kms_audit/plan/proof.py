"""What a changed key policy allows that the old one did not, and whether the denials are cured.

Every principal that either document names, and the caller, is judged for every KMS action before
and after. Grant actions are judged twice: as an AWS service calls, and directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from ebs_kms_audit.aws.kms_actions import kms_actions
from ebs_kms_audit.aws.statements import GRANT_ACTIONS
from ebs_kms_audit.model import Denial, Verdict
from ebs_kms_audit.plan.fix import OfferedStatement
from ebs_kms_audit.policy import KeyPolicy, Patterns, PrincipalForm, Request, evaluate, requests_of
from ebs_kms_audit.policy.actions import action_matches

_FOR_SERVICE = "kms:GrantIsForAWSResource"
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


@dataclass(frozen=True, kw_only=True, slots=True)
class CuredDenial:
    """One denied action, judged by the old and by the new key policy.

    `cured` is True where the new key policy does its part; None where that is not known.
    """

    event_id: str | None
    action: str
    before: Verdict
    after: Verdict
    cured: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Permission:
    """An action that a principal may now do by the key policy.

    For an account (`…:root`) it reads: whatever IAM policies there grant. `condition` is None, or
    what must hold. `expected` tells whether the fix was meant to give it.
    """

    principal: str
    action: str
    condition: str | None
    expected: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What a change does. `lost` should be empty: nothing allowed before is denied after."""

    denials: tuple[CuredDenial, ...]
    newly_allowed: tuple[Permission, ...]
    lost: tuple[Permission, ...]

    @property
    def cures(self) -> bool:
        """Whether the new key policy surely does its part for every denied action."""
        return bool(self.denials) and all(denial.cured is True for denial in self.denials)

    @property
    def gives_nothing_else(self) -> bool:
        """Whether everything newly allowed was meant to be, and nothing is lost."""
        return all(one.expected for one in self.newly_allowed) and not self.lost


def prove(
    denials: Sequence[Denial],
    offered: Sequence[OfferedStatement],
    before: KeyPolicy,
    after: KeyPolicy,
) -> Proof:
    """Judge the denials, and every principal and action, by the old and the new policy."""
    key = denials[0].key.arn if denials else None
    newly: list[Permission] = []
    lost: list[Permission] = []
    for principal in _principals(denials, before, after):
        for action, condition, context in _cases():
            request = Request(principal=principal, action=action, resource=key, context=context)
            old = evaluate(request, before).key_policy_allows
            new = evaluate(request, after).key_policy_allows
            if old == new:
                continue
            permission = Permission(
                principal=principal,
                action=action,
                condition=condition,
                expected=_is_expected(principal, action, context, offered),
            )
            # From False to unknown may be a permission given, from True to unknown one lost.
            (lost if old is True or new is False else newly).append(permission)
    return Proof(
        denials=tuple(_cured(denials, before, after)),
        newly_allowed=tuple(newly),
        lost=tuple(lost),
    )


def _cured(denials: Iterable[Denial], before: KeyPolicy, after: KeyPolicy) -> Iterator[CuredDenial]:
    for denial in denials:
        for request in requests_of(denial):
            old, new = evaluate(request, before), evaluate(request, after)
            yield CuredDenial(
                event_id=denial.event.event_id,
                action=request.action,
                before=old.verdict,
                after=new.verdict,
                cured=new.key_policy_allows,
            )


def _principals(denials: Sequence[Denial], *policies: KeyPolicy) -> list[str]:
    """Return everyone whom a document names or who was denied, each once."""
    found: dict[str, None] = {}
    for policy in policies:
        for statement in policy.statements:
            for entry in statement.principals.entries if statement.principals else ():
                if entry.form is PrincipalForm.ACCOUNT and entry.account == entry.text:
                    found[f"arn:aws:iam::{entry.account}:root"] = None
                elif entry.form in _CALLERS:
                    found[entry.text] = None
    for denial in denials:
        if denial.principal.arn:
            found[denial.principal.arn] = None
    return list(found)


@cache
def _cases() -> tuple[tuple[str, str | None, dict[str, str]], ...]:
    """Return every KMS action, with its condition and the context that stands for it."""
    cases: list[tuple[str, str | None, dict[str, str]]] = []
    names = dict.fromkeys(name for action in kms_actions() for name in action.iam_actions)
    for name in names:
        if name in GRANT_ACTIONS:
            cases.append((name, "called by an AWS service", {_FOR_SERVICE: "true"}))
            cases.append((name, "called directly", {_FOR_SERVICE: "false"}))
        else:
            cases.append((name, None, {}))
    return tuple(cases)


def _is_expected(
    principal: str, action: str, context: dict[str, str], offered: Iterable[OfferedStatement]
) -> bool:
    """Tell whether an offered statement is meant to give this principal this action."""
    for statement in offered:
        document = statement.document
        conditional = _FOR_SERVICE in str(document.get("Condition"))
        if (
            document["Principal"]["AWS"] == principal
            and action_matches(Patterns(values=tuple(statement.actions)), action)
            and (not conditional or context.get(_FOR_SERVICE) == "true")
        ):
            return True
    return False
