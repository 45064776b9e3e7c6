"""The cause of some denials → its sentence, for one caller or for several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.arns import Arn, owner_of
from ebs_kms_audit.diagnosis.cause import Half
from ebs_kms_audit.explain import causes as texts
from ebs_kms_audit.identify.pasted import NO_ACTION
from ebs_kms_audit.model import Denial, PolicyType, Principal, PrincipalKind

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.case import DenialCause
    from ebs_kms_audit.diagnosis.unmet import UnmetCondition
    from ebs_kms_audit.policy import Decision

# Marks in a pattern. They are removed from the words of the input.
CALLER, ACTIONS = "\x00", "\x01"
_GENERAL = ("the ", "account ")  # names of callers that are words of the language
_UNNAMED = "an action that the message does not name"
_PLACES = {
    None: "",
    PolicyType.RESOURCE_BASED: " in the key policy",
    PolicyType.IDENTITY_BASED: " in an IAM policy",
}


def pattern_of(
    cause: DenialCause, denial: Denial, actions: Sequence[str], decisions: Iterable[Decision]
) -> str:
    """Return the sentence of a cause, with marks in the place of its caller and its actions.

    `denial` speaks for all denials with the cause, `actions` are their denied actions, and
    `decisions` are those of the given policies. Findings with one pattern have one cause.
    """
    variant = cause.variant
    if cause.unmet:
        actual = cause.unmet[0].actual
        variant = {"(absent)": "absent", "(unknown)": "unknown"}.get(actual, variant)
    return texts.sentence(cause.id, variant, _Words(cause, denial, actions, decisions))


def sentence(pattern: str, caller: str, actions: str, *, several: bool = False) -> str:
    """Return the sentence of a pattern; with `several`, `caller` names several callers."""
    text = pattern.replace(CALLER, caller).replace(ACTIONS, actions)
    if several:
        text = text.replace(f"{caller} was ", f"{caller} were ")
    general = pattern.startswith(CALLER) and caller.startswith(_GENERAL)
    return f"{text[0].upper()}{text[1:]}" if general else text


def caller_name(principal: Principal) -> str:
    """Return the name that the sentence of a cause has for the caller."""
    if principal.kind is PrincipalKind.ROOT:
        return "the root user"
    if principal.kind is PrincipalKind.ACCOUNT and (account := owner_of(principal.arn)):
        return f"account {account}"
    if principal.arn and "/" in principal.arn and owner_of(principal.arn):  # as for most callers
        return principal.arn.rpartition("/")[2]
    arn = Arn.parse(principal.arn)
    if arn is not None:
        return arn.name
    return principal.role_name or principal.user_name or "the caller"


class _Words:
    """The words of a sentence: a method for each name. A sentence asks for those that it has."""

    def __init__(
        self,
        cause: DenialCause,
        denial: Denial,
        actions: Sequence[str],
        decisions: Iterable[Decision],
    ) -> None:
        self._cause = cause
        self._denial = denial
        self._actions = actions
        self._decisions = decisions

    def __getitem__(self, name: str) -> str:
        if name == "caller":
            return CALLER
        word: str = getattr(self, name)()
        return ACTIONS if word == ACTIONS else word.replace(CALLER, "").replace(ACTIONS, "")

    def actions(self) -> str:
        """Return the mark, or what to call an action that is not in the table of actions."""
        if self._actions:
            return ACTIONS
        named = self._denial.event.name != NO_ACTION
        return f"kms:{self._denial.event.name}" if named else _UNNAMED

    def key(self) -> str:
        key = self._denial.key
        return key.arn or key.alias or key.id or "not named in the input"

    def service(self) -> str:
        return self._denial.via_service or "an AWS service"

    def policy_type(self) -> str:
        return self._cause.policy_type or "policy"

    def where(self) -> str:
        """Return where a Deny is."""
        cause = self._cause
        place = _PLACES.get(cause.policy_type, f" in the {cause.policy_type}")
        return f"{place}, statement {self.statement()}," if len(cause.statements) == 1 else place

    def statement(self) -> str:
        statements = self._cause.statements
        return statements[0].label if statements else ""

    def test(self) -> str:
        return f"{self._unmet.test.operator} {self._unmet.test.key}"

    def required(self) -> str:
        return " or ".join(self._unmet.test.required)

    def actual(self) -> str:
        return self._unmet.actual

    def missing(self) -> str:
        """Return the missing halves of a call across accounts."""
        cause = self._cause
        grant = " for a grant" if cause.by_policy and Half.GRANT in cause.missing else ""
        return ", and ".join(
            texts.MISSING[f"{half}{grant}" if half is Half.KEY_POLICY else half]
            for half in cause.missing
        )

    def depends_on(self) -> str:
        """Return what the decisions of the given policies depend on."""
        return listed(dict.fromkeys(name for one in self._decisions for name in one.depends_on))

    @property
    def _unmet(self) -> UnmetCondition:
        return self._cause.unmet[0]


def listed(names: Iterable[str]) -> str:
    """Return `a, b and c`."""
    *head, last = list(names) or [""]
    return f"{', '.join(head)} and {last}" if head else last
