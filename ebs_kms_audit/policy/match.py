"""One statement against one request: principal, action, resource, condition, and why."""

from __future__ import annotations

from ebs_kms_audit.policy.actions import action_matches, resource_matches
from ebs_kms_audit.policy.caller import Caller, CallerKind, Reach, covers
from ebs_kms_audit.policy.conditions import holds
from ebs_kms_audit.policy.context import Context, text_of
from ebs_kms_audit.policy.decision import Check, Layer, StatementResult, TestResult
from ebs_kms_audit.policy.kleene import all_of, any_of, opposite
from ebs_kms_audit.policy.operators import operator_named
from ebs_kms_audit.policy.principals import PrincipalForm
from ebs_kms_audit.policy.statement import ConditionTest, Principals, Statement
from ebs_kms_audit.policy.variables import variables_in

_NOT_JUDGED = Check(matched=False, why="the statement is not well formed")
_EVERYBODY = Check(matched=True, why="the policy applies to whom it is attached to")
_EXEMPT = {
    True: "NotPrincipal does not exempt the caller",
    False: "NotPrincipal exempts the caller",
    None: "whether NotPrincipal exempts the caller is not known",
}
_NO_CONDITION = Check(matched=True, why="there is no condition")

_NAMED_BY_ARN = frozenset({CallerKind.USER, CallerKind.ROLE})
_BY_ARN = frozenset({PrincipalForm.USER, PrincipalForm.ROLE})

Reaches = dict[Reach, bool | None]


def match(
    statement: Statement,
    *,
    layer: Layer,
    policy: int,
    caller: Caller,
    action: str,
    resource: str | None,
    context: Context,
    variables: bool,
    bounded: bool,
) -> StatementResult:
    """Match one statement. `bounded` says that the caller surely has a permissions boundary."""

    def result(
        principal: Check, action: Check, resource: Check, condition: Check, reaches: Reaches
    ) -> StatementResult:
        checks = (principal, action, resource, condition)
        return StatementResult(
            layer=layer,
            policy=policy,
            index=statement.index,
            sid=statement.sid,
            effect=statement.effect,
            principal=principal,
            action=action,
            resource=resource,
            condition=condition,
            matched=all_of(check.matched for check in checks),
            reaches=reaches,
        )

    if not statement.well_formed or statement.actions is None or statement.resources is None:
        return result(_NOT_JUDGED, _NOT_JUDGED, _NOT_JUDGED, _NOT_JUDGED, {})
    principal, reaches = _principal(statement, caller, bounded)
    acts = action_matches(statement.actions, action)
    about = resource_matches(statement.resources, resource, context, variables)
    return result(
        principal,
        Check(matched=acts, why=f"the actions {'' if acts else 'do not '}cover {action}"),
        Check(
            matched=about,
            why="the resources cover the key"
            if about
            else "the resources do not cover the key"
            if about is False
            else "whether the resources cover the key is not known",
            depends_on=() if about is not None else ("resource",),
        ),
        _condition(statement, context, variables),
        reaches,
    )


def _principal(statement: Statement, caller: Caller, bounded: bool) -> tuple[Check, Reaches]:
    principals = statement.principals
    if principals is None:
        return _EVERYBODY, {}
    if principals.negated:
        value = _everybody_but(principals, caller, bounded, statement.denies)
        return _check(value, _EXEMPT[value], open_=value is None), {Reach.ANYONE: value}
    reaches: Reaches = {}
    best: tuple[bool | None, Reach, str] = (False, Reach.ACCOUNT, "")
    # A user or role with a known path is covered by its own ARN only: most entries are skipped.
    own = caller.arn if caller.path_known and caller.kind in _NAMED_BY_ARN else None
    for entry in principals.entries:
        if own is not None and entry.form in _BY_ARN and entry.text != own:
            continue
        value, reach = covers(entry, caller)
        if value is False:
            continue
        reaches[reach] = reaches.get(reach) or value
        if (value is True, reach) > (best[0] is True, best[1]) or not best[2]:
            best = (value, reach, entry.text)
    value, _, text = best
    why = {
        True: f"{text} covers the caller",
        False: "no principal covers the caller",
        None: f"whether {text} covers the caller is not known",
    }[value]
    return _check(value, why, open_=None in reaches.values()), reaches


def _check(value: bool | None, why: str, *, open_: bool) -> Check:
    return Check(matched=value, why=why, depends_on=("principal",) if open_ else ())


def _everybody_but(
    principals: Principals, caller: Caller, bounded: bool, denies: bool
) -> bool | None:
    """Return whether a statement with NotPrincipal applies to the caller.

    A Deny exempts a session only if its account, its role and the session itself are listed. It
    exempts nobody who has a permissions boundary (IAM User Guide, "AWS JSON policy elements:
    NotPrincipal"). AWS does not document this for an Allow: for a caller listed in part the result
    is not known.
    """
    listed: dict[Reach, bool | None] = dict.fromkeys(Reach, False)
    for entry in principals.entries:
        value, reach = covers(entry, caller)
        listed[reach] = any_of((listed[reach], value))
    if listed[Reach.ANYONE]:
        return False
    if denies and bounded:
        return True
    match caller.kind:
        case CallerKind.ROOT | CallerKind.SERVICE:
            exempt = listed[Reach.ITSELF]
        case CallerKind.ROLE:
            exempt = all_of(listed[reach] for reach in (Reach.ACCOUNT, Reach.ROLE, Reach.ITSELF))
        case CallerKind.UNKNOWN:
            exempt = all_of((listed[Reach.ACCOUNT], None))
        case _:
            exempt = all_of(listed[reach] for reach in (Reach.ACCOUNT, Reach.ITSELF))
    if denies:
        return opposite(exempt)
    if any_of(listed.values()) is False:
        return True
    return False if exempt else None


def _condition(statement: Statement, context: Context, variables: bool) -> Check:
    if not statement.conditions:
        return _NO_CONDITION
    tests = tuple(_test(one, context, variables) for one in statement.conditions)
    failed = [one for one in tests if one.holds is False]
    if failed:
        what = "is not in the request" if failed[0].actual == () else "does not match"
        why = f"{failed[0].operator}: {failed[0].key} {what}"
        return Check(matched=False, why=why, tests=tests)
    unknown = [
        line for line, one in zip(statement.conditions, tests, strict=True) if one.holds is None
    ]
    if not unknown:
        return Check(matched=True, why="the condition holds", tests=tests)
    names = tuple(
        dict.fromkeys(name for line in unknown for name in _open(line, context, variables))
    )
    return Check(
        matched=None,
        why=f"whether the condition holds depends on {', '.join(names)}",
        depends_on=names,
        tests=tests,
    )


def _test(line: ConditionTest, context: Context, variables: bool) -> TestResult:
    values = context.values(line.key)
    return TestResult(
        operator=line.operator,
        key=line.key,
        required=line.values,
        actual=None if values is None else tuple(map(text_of, values)),
        holds=holds(line, context, variables),
    )


def _open(line: ConditionTest, context: Context, variables: bool) -> list[str]:
    """Return what an undecided line depends on."""
    if operator_named(line.operator) is None:
        return [line.operator]
    values = context.values(line.key)
    if values is None:
        return [line.key]
    if not values:  # what the operator does with an absent key is not documented
        return [line.operator]
    hidden = [name for text in line.values for name in variables_in(text)] if variables else []
    return [name for name in hidden if not context.values(name)] or [line.key]
