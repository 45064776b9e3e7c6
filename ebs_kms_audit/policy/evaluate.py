"""Whether a key policy and the policies beside it allow a request, and what decides.

Source: AWS KMS Developer Guide, "Determining access to AWS KMS keys", "Default key policy",
"Allowing users in other accounts to use a KMS key"; IAM User Guide, "Policy evaluation logic",
"Cross-account policy evaluation logic"; AWS Organizations User Guide, "SCP evaluation",
"Resource control policies". Grants are not judged: they may allow besides the policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import is_kms_action
from ebs_kms_audit.model import Denial, Verdict
from ebs_kms_audit.policy.caller import Caller, CallerKind
from ebs_kms_audit.policy.context import Context
from ebs_kms_audit.policy.decide import Weighed, weigh
from ebs_kms_audit.policy.decision import Decision, Layer, StatementResult
from ebs_kms_audit.policy.document import KeyPolicy, Policy
from ebs_kms_audit.policy.kms_rules import is_exempt_from_rcps, needs_identity_policy, owner_of
from ebs_kms_audit.policy.match import match as match_statement
from ebs_kms_audit.policy.request import Request, caller_of, requests_of

_SEVERITY = {verdict: rank for rank, verdict in enumerate(Verdict)}

Levels = tuple[tuple[Policy, ...], ...]


def evaluate(
    request: Request | Denial,
    policy: KeyPolicy | Mapping[str, Any],
    *,
    identity_policies: Any = None,
    permissions_boundary: Any = None,
    session_policy: Any = None,
    service_control_policies: Any = None,
    resource_control_policies: Any = None,
) -> Decision:
    """Return what a key policy, and the policies given beside it, decide on a request.

    A layer is one policy document or several in a list, dicts or parsed; None says that it is
    not known, `()` that there is none. Service and resource control policies form levels (root,
    units, account), each of which must allow: a list of lists is a list of levels, a flat list
    is one level.

    A Denial is judged as one request for each IAM action that its call needs; the worst decides,
    and one that is allowed only where all are. `requests_of` gives them to judge each for itself.
    Raises PolicyError for a document that is no policy, UsageError for an impossible principal.
    """
    key_policy = policy if isinstance(policy, KeyPolicy) else KeyPolicy.from_dict(policy)
    layers = {
        Layer.IDENTITY_POLICIES: _levels(identity_policies),
        Layer.PERMISSIONS_BOUNDARY: _levels(permissions_boundary),
        Layer.SESSION_POLICY: _levels(session_policy),
        Layer.SERVICE_CONTROL_POLICIES: _levels(service_control_policies),
        Layer.RESOURCE_CONTROL_POLICIES: _levels(resource_control_policies),
    }
    if isinstance(request, Request):
        return _decide(request, request.caller(), key_policy, layers)
    requests = requests_of(request)
    if not requests:  # an event that is no call at all
        action = f"kms:{request.event.name}"
        unnamed = Request(principal=None, action=action if is_kms_action(action) else "kms:Unknown")
        return _decide(unnamed, unnamed.caller(), key_policy, layers)
    caller = caller_of(request)
    decisions = [_decide(one, caller, key_policy, layers) for one in requests]
    # The call needs all of them: an allowed one decides only if no other is denied.
    denied = [one for one in decisions if one.verdict is not Verdict.ALLOWED_NOW]
    return min(denied or decisions, key=lambda decision: _SEVERITY[decision.verdict])


def _levels(given: Any) -> Levels | None:
    """Read the documents of a layer. None: not known; empty: there is none."""
    if given is None:
        return None
    if isinstance(given, Mapping | Policy | str):
        return ((_policy(given),),)
    entries = list(given)
    if entries and all(isinstance(entry, list | tuple) for entry in entries):
        return tuple(tuple(_policy(one) for one in level) for level in entries)
    return (tuple(_policy(one) for one in entries),) if entries else ()


def _policy(document: Any) -> Policy:
    return document if isinstance(document, Policy) else Policy.from_dict(document)


def _decide(
    request: Request, caller: Caller, policy: KeyPolicy, layers: Mapping[Layer, Levels | None]
) -> Decision:
    context = Context(request.action, caller, request.context, complete=request.context_complete)
    bounded = any(layers[Layer.PERMISSIONS_BOUNDARY] or ())
    # The resource of an alias operation's IAM half is the alias, which a request does not name.
    beside = None if needs_identity_policy(request.action) else request.resource

    def results(layer: Layer, policies: Iterable[Policy], first: int) -> list[StatementResult]:
        of_key = layer is Layer.KEY_POLICY
        return [
            match_statement(
                statement,
                layer=layer,
                policy=at,
                caller=caller,
                action=request.action,
                resource=request.resource if of_key else beside,
                context=context,
                variables=document.has_variables,
                bounded=bounded,
            )
            for at, document in enumerate(policies, first)
            for statement in document.statements
        ]

    weighed = {
        layer: _weigh_layer(layer, levels, results)
        for layer, levels in layers.items()
        if _applies(layer, caller, request.action)
    }
    arn = Arn.parse(request.resource)
    given_account = arn.account if arn else None
    key_account = given_account or owner_of(policy)
    return weigh(
        request,
        caller,
        key_account=key_account,
        inferred=given_account is None and key_account is not None,
        key_results=results(Layer.KEY_POLICY, (policy,), 0),
        layers=weighed,
    )


def _weigh_layer(layer: Layer, levels: Levels | None, results: Any) -> Weighed:
    if levels is None:
        return Weighed(given=False, levels=())
    found: list[tuple[StatementResult, ...]] = []
    first = 0
    for level in levels:
        found.append(tuple(results(layer, level, first)))
        first += len(level)
    return Weighed(given=True, levels=tuple(found))


def _applies(layer: Layer, caller: Caller, action: str) -> bool:
    """Return whether a layer can bear on the caller at all."""
    match layer:
        case Layer.SERVICE_CONTROL_POLICIES:
            return caller.kind is not CallerKind.SERVICE and not caller.service_linked
        case Layer.RESOURCE_CONTROL_POLICIES:
            return not caller.service_linked and not is_exempt_from_rcps(action)
    return caller.kind not in (CallerKind.SERVICE, CallerKind.ROOT)
