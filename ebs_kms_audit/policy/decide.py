"""From matched statements to a verdict: which policies must allow, and what decided.

In the key's account the key policy alone can allow the callers that it names. Where it names the
account, an IAM policy must allow, too. A caller of another account needs both. A permissions
boundary or session policy that does not allow limits an Allow for a role. It does not limit an
Allow that names the user or the session. A Deny that covers the request wins everywhere.

Source: IAM User Guide, "Policy evaluation logic"; AWS KMS Developer Guide, "Key policies".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ebs_kms_audit.aws.kms_actions import is_known_kms_action, nearest_kms_action
from ebs_kms_audit.explain import EntryKind, entry
from ebs_kms_audit.model import Verdict
from ebs_kms_audit.policy.caller import Caller, CallerKind, Reach
from ebs_kms_audit.policy.decision import Decision, Layer, StatementResult
from ebs_kms_audit.policy.kleene import all_of, any_of, opposite
from ebs_kms_audit.policy.kms_rules import crosses_accounts, grantable, needs_identity_policy
from ebs_kms_audit.policy.request import Request
from ebs_kms_audit.policy.statement import Effect

_DIRECT = (Reach.ITSELF, Reach.ROLE, Reach.ANYONE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """The matched statements of one layer, level by level. `given` is False where not known."""

    given: bool
    levels: tuple[tuple[StatementResult, ...], ...]

    @property
    def results(self) -> list[StatementResult]:
        """Every statement of the layer."""
        return [result for level in self.levels for result in level]

    @property
    def allows(self) -> bool | None:
        """Whether each level has an Allow that covers the request."""
        return all_of(any_of(_matched(level, Effect.ALLOW)) for level in self.levels)


def _matched(results: Iterable[StatementResult], effect: Effect) -> list[bool | None]:
    return [result.matched for result in results if result.effect is effect]


class _Case:
    """The truths that a verdict is made of."""

    def __init__(
        self,
        request: Request,
        caller: Caller,
        key_results: Sequence[StatementResult],
        layers: Mapping[Layer, Weighed],
    ) -> None:
        self.action = request.action
        self.caller = caller
        self.key_results = key_results
        self.layers = layers
        self.all_results = [
            *key_results,
            *(result for layer in layers.values() for result in layer.results),
        ]
        self.denied = any_of(_matched(self.all_results, Effect.DENY))
        self.personal = self.key_allow(Reach.ITSELF, Reach.ANYONE)
        self.role = self.key_allow(Reach.ROLE)
        self.direct = any_of((self.personal, self.role))
        self.account = self.key_allow(Reach.ACCOUNT)
        self.role_limits = all_of(
            (self.limit(Layer.PERMISSIONS_BOUNDARY), self.limit(Layer.SESSION_POLICY))
        )
        self.organization = all_of(
            (
                self.limit(Layer.SERVICE_CONTROL_POLICIES),
                self.limit(Layer.RESOURCE_CONTROL_POLICIES),
            )
        )

    def key_allow(self, *reaches: Reach) -> bool | None:
        """Return whether an Allow that names the caller in one of these ways covers the request."""
        return any_of(
            result.covers_as(*reaches)
            for result in self.key_results
            if result.effect is Effect.ALLOW
        )

    def limit(self, layer: Layer) -> bool | None:
        """Return whether a layer lets the request pass. A layer that is not given does."""
        weighed = self.layers.get(layer)
        if weighed is None or layer is Layer.RESOURCE_CONTROL_POLICIES:
            return True  # RCPFullAWSAccess cannot be detached: RCPs deny by Deny alone
        return weighed.allows

    @property
    def identity_given(self) -> bool:
        weighed = self.layers.get(Layer.IDENTITY_POLICIES)
        return weighed is None or weighed.given

    @property
    def identity(self) -> bool | None:
        """Whether an IAM policy of the caller allows; None where that is not known."""
        weighed = self.layers.get(Layer.IDENTITY_POLICIES)
        if weighed is None:  # the root user needs none, a service has none
            return self.caller.kind is CallerKind.ROOT
        if not weighed.given:
            return None
        return any_of(_matched(weighed.results, Effect.ALLOW))

    def needs_both(self, same: bool) -> bool:
        return not same or needs_identity_policy(self.action)

    def unmet(self) -> list[StatementResult]:
        """Return the Allow statements that name the caller itself and fail by condition only.

        Ask where no statement allows the caller by itself: what fails is then the condition.
        """
        return [
            result
            for result in self.key_results
            if result.effect is Effect.ALLOW
            and (result.reaches.get(Reach.ITSELF) or result.reaches.get(Reach.ROLE))
            and result.action.matched
            and result.resource.matched
        ]

    def key_policy_allows(self, same: bool) -> bool | None:
        """Return whether the key policy does its part by itself."""
        allows = self.direct if same else any_of((self.direct, self.account))
        denied = any_of(_matched(self.key_results, Effect.DENY))
        possible = grantable(self.action) and (same or crosses_accounts(self.action))
        return all_of((possible, allows, opposite(denied)))

    def allowed(self, same: bool) -> bool | None:
        """Return whether key policy and IAM policies allow, but for Deny and the organization."""
        by_account = all_of((self.account, self.identity, self.role_limits))
        if self.needs_both(same):
            return any_of((all_of((self.direct, self.identity, self.role_limits)), by_account))
        return any_of((self.personal, all_of((self.role, self.role_limits)), by_account))

    def limits(self, same: bool) -> bool | None:
        """Return whether nothing forbids what is allowed."""
        crosses = True if same else crosses_accounts(self.action)
        return all_of((self.organization, opposite(self.denied), crosses))

    def final(self, same: bool) -> bool | None:
        """Return whether all that was given allows the request."""
        if not grantable(self.action):  # that is not for a key policy to say
            return None
        return all_of((self.allowed(same), self.limits(same)))

    def verdict(self, same: bool) -> Verdict:
        if not grantable(self.action) or (not same and crosses_accounts(self.action) is False):
            return Verdict.NOT_GRANTABLE
        if self.denied:
            return Verdict.EXPLICIT_DENY
        final = self.final(same)
        if final:
            return Verdict.ALLOWED_NOW

        unmet_or_delegated = Verdict.CONDITION_UNMET if self.unmet() else Verdict.DELEGATED_TO_IAM
        named = any_of((self.direct, self.account))
        if named is False:
            return Verdict.CONDITION_UNMET if self.unmet() else Verdict.MISSING_ALLOW
        only_account = self.direct is False and self.account is True
        if final is None:
            rest = all_of((self.role_limits, self.limits(same)))
            waits_for_iam = not self.identity_given and rest is True
            return unmet_or_delegated if only_account and waits_for_iam else Verdict.UNDECIDED
        if named is None:
            return Verdict.UNDECIDED
        if all_of((self.organization, self.role_limits)) is False or self.direct:
            return Verdict.BLOCKED_ELSEWHERE
        return unmet_or_delegated if only_account else Verdict.UNDECIDED


def weigh(
    request: Request,
    caller: Caller,
    *,
    key_account: str | None,
    inferred: bool,
    key_results: Sequence[StatementResult],
    layers: Mapping[Layer, Weighed],
) -> Decision:
    """Make the decision of one request from its matched statements.

    A layer that can't bear on the caller is not in `layers`.
    """
    case = _Case(request, caller, key_results, layers)
    same = _same_account(caller, key_account)
    verdict, open_account = _verdict(case, same)
    decided_by, depends_on = _grounds(case, verdict, same)
    if open_account:
        depends_on.append("principal" if key_account else "key_account")
    depends_on = list(dict.fromkeys(depends_on))
    sides = (True, False) if same is None else (same,)
    key_side = {case.key_policy_allows(side) for side in sides}
    allowed = {case.final(side) for side in sides}
    return Decision(
        verdict=verdict,
        allowed=allowed.pop() if len(allowed) == 1 else None,
        why=entry(EntryKind.VERDICT, verdict).text(depends_on=", ".join(depends_on)),
        request=request,
        decided_by=tuple(decided_by),
        depends_on=tuple(depends_on),
        not_given=tuple(name for name, layer in layers.items() if not layer.given),
        key_policy_allows=key_side.pop() if len(key_side) == 1 else None,
        same_account=same,
        key_account=key_account,
        key_account_inferred=inferred,
        statements=tuple(case.all_results),
        notes=_notes(request.action),
    )


def _notes(action: str) -> tuple[str, ...]:
    if is_known_kms_action(action):
        return ()
    near = nearest_kms_action(action)
    hint = f" The nearest known action is {near}." if near else ""
    return (f"{action} is not a known action of KMS.{hint}",)


def _same_account(caller: Caller, key_account: str | None) -> bool | None:
    if caller.kind is CallerKind.SERVICE:
        return True  # a service is of no account: the key policy alone decides
    if caller.account is None or key_account is None:
        return None
    return caller.account == key_account


def _verdict(case: _Case, same: bool | None) -> tuple[Verdict, bool]:
    """Return the verdict, and whether it depends on the accounts' being the same."""
    if same is not None:
        return case.verdict(same), False
    ours, theirs = case.verdict(True), case.verdict(False)
    if ours is theirs:
        return ours, False
    # A Deny covers the request whichever account the key is in.
    if ours is Verdict.EXPLICIT_DENY:
        return ours, False
    # Nothing allows; whether anything could is all that is open.
    nothing = theirs is Verdict.NOT_GRANTABLE and ours in (
        Verdict.MISSING_ALLOW,
        Verdict.CONDITION_UNMET,
    )
    return (ours if nothing else Verdict.UNDECIDED), True


def _grounds(
    case: _Case, verdict: Verdict, same: bool | None
) -> tuple[list[StatementResult], list[str]]:
    """Return the statements that decided, and what the verdict depends on."""
    allows = [r for r in case.all_results if r.effect is Effect.ALLOW and r.matched]
    key_allows = [r for r in allows if r.layer is Layer.KEY_POLICY]
    maybe_denied = [r for r in case.all_results if r.effect is Effect.DENY and r.matched is None]
    match verdict:
        case Verdict.EXPLICIT_DENY:
            return [r for r in case.all_results if r.effect is Effect.DENY and r.matched], []
        case Verdict.ALLOWED_NOW:
            if case.direct and not case.needs_both(same is not False):
                return [r for r in key_allows if r.covers_as(*_DIRECT)], []
            return [*key_allows, *(r for r in allows if r.layer is Layer.IDENTITY_POLICIES)], []
        case Verdict.BLOCKED_ELSEWHERE:
            return key_allows, [str(layer) for layer in _blocking(case, same)]
        case Verdict.CONDITION_UNMET:
            return case.unmet(), _names(maybe_denied)
        case Verdict.DELEGATED_TO_IAM:
            return key_allows, [str(Layer.IDENTITY_POLICIES)]
        case Verdict.MISSING_ALLOW:
            return [], _names(maybe_denied)
        case Verdict.UNDECIDED:
            sides = (True, False) if same is None else (same,)
            if all(case.allowed(side) for side in sides):
                # What remains is a Deny, or a service control policy that may not allow.
                scps = Layer.SERVICE_CONTROL_POLICIES
                open_ = [r for r in case.all_results if r.layer is scps and r.depends_on]
                hanging = [*maybe_denied, *(r for r in open_ if r not in maybe_denied)]
            else:
                hanging = [r for r in case.all_results if r.depends_on]
            names = _names(hanging)
            if same is False and crosses_accounts(case.action) is None:
                names.append("action")
            by_account_only = not case.direct and case.account is not False
            if not case.identity_given and (any(map(case.needs_both, sides)) or by_account_only):
                names.append(str(Layer.IDENTITY_POLICIES))
            return hanging or key_allows, names
    return [], []


def _blocking(case: _Case, same: bool | None) -> list[Layer]:
    """Return the layers given that do not let the request pass."""
    blocking: list[Layer] = [
        layer
        for layer in case.layers
        if layer is not Layer.IDENTITY_POLICIES and case.limit(layer) is False
    ]
    if case.needs_both(same is not False) and case.identity is False:
        blocking.insert(0, Layer.IDENTITY_POLICIES)
    return blocking


def _names(results: Iterable[StatementResult]) -> list[str]:
    return [name for result in results for name in result.depends_on]
