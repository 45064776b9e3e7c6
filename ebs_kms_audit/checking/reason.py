"""Decision → one sentence: what decides, and what to give where it is undecided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ebs_kms_audit.checking.callers import CheckedCaller
from ebs_kms_audit.model import Verdict
from ebs_kms_audit.policy import Decision, Layer, StatementResult

_LAYERS = {
    Layer.KEY_POLICY: "the key policy",
    Layer.IDENTITY_POLICIES: "the IAM policies of the caller",
    Layer.PERMISSIONS_BOUNDARY: "the permissions boundary",
    Layer.SESSION_POLICY: "the session policy",
    Layer.SERVICE_CONTROL_POLICIES: "the service control policies",
    Layer.RESOURCE_CONTROL_POLICIES: "the resource control policies",
}
_IAM = str(Layer.IDENTITY_POLICIES)
_HOW_TO_GIVE = {
    _IAM: "Give the IAM policies of the caller: --iam-policy FILE.",
    str(Layer.PERMISSIONS_BOUNDARY): "Give the permissions boundary: --boundary FILE.",
    str(Layer.SESSION_POLICY): "Give the session policy: --session-policy FILE.",
    str(Layer.SERVICE_CONTROL_POLICIES): "Give the SCPs: --scp FILE.",
    str(Layer.RESOURCE_CONTROL_POLICIES): "Give the RCPs: --rcp FILE.",
    "key_account": "Give the key: --key-policy KEY_ARN=FILE.",
    "resource": "Give the key: --key-policy KEY_ARN=FILE.",
    "principal": "Give the ARN of the role instead of a session: --principal ARN.",
    "kms:viaservice": "Give the Region of the key: --region REGION.",
}


def reason(decision: Decision, caller: CheckedCaller) -> str:
    """Return why a call is allowed, denied or undecided, in one or two sentences."""
    match decision.verdict:
        case Verdict.ALLOWED_NOW:
            verb = "allows" if len(decision.decided_by) == 1 else "allow"
            return f"{_statements(decision.decided_by)} {verb} it."
        case Verdict.EXPLICIT_DENY:
            return f"{_statements(decision.decided_by[:1])} denies it."
        case Verdict.MISSING_ALLOW if not decision.depends_on:
            return "No statement of the key policy allows it."
        case Verdict.CONDITION_UNMET:
            return _unmet(decision.decided_by)
        case Verdict.MISSING_ALLOW:
            return f"No statement of the key policy allows it. {_open(decision)}"
        case Verdict.BLOCKED_ELSEWHERE if decision.depends_on != (_IAM,):
            layers = " and ".join(_LAYERS[Layer(name)] for name in decision.depends_on)
            return f"The key policy allows it, but {layers} do not."
        case Verdict.NOT_GRANTABLE:
            return "KMS does not support this action for a caller of another account."
    if decision.depends_on == (_IAM,):
        return _without_iam(decision, caller)
    return _open(decision)


def _without_iam(decision: Decision, caller: CheckedCaller) -> str:
    """Say that the key policy leaves it to IAM policies, and what is known of these."""
    across = decision.same_account is False
    whom = "the caller, in another account" if across else "the account"
    start = f"{_statements(decision.decided_by)} allows it to {whom}"
    if caller.service_linked and across:
        return f"{start}. A service-linked role needs a grant on a key of another account."
    if caller.aws_policy and decision.allowed is None:
        return f"{start}. AWS's own policy for this role decides, which this version does not have."
    if decision.allowed is None:
        return f"{start}, so an IAM policy must allow it too. {_HOW_TO_GIVE[_IAM]}"
    if caller.service_linked:
        return f"{start} only, and AWS's policy for this role has no KMS action."
    return f"{start} only, and no IAM policy that was given allows it."


def through_grant(decision: Decision) -> str:
    """Return why a call through a grant is allowed, denied or undecided."""
    if decision.verdict is Verdict.EXPLICIT_DENY:
        return f"{_statements(decision.decided_by[:1])} denies it, also through a grant."
    if decision.allowed:
        return "The grant that CreateGrant makes allows it, and no statement denies it."
    if decision.allowed is False:
        return "The service control policies do not allow it to the instance's own role."
    return _open(decision)


def _open(decision: Decision) -> str:
    """Return what an undecided call depends on, and how to give that."""
    names = list(decision.depends_on)
    texts = [_LAYERS[Layer(name)] if name in set(Layer) else name for name in names]
    known = dict.fromkeys(_HOW_TO_GIVE.get(name.lower(), _context(name)) for name in names)
    return " ".join([f"It depends on {_listed(texts)}.", *known])


def _context(name: str) -> str:
    return f"Give its value: --context {name}=VALUE." if ":" in name else ""


def _unmet(results: Sequence[StatementResult]) -> str:
    for result in results:
        for test in result.condition.tests:
            if test.holds is False:
                actual = "absent" if not test.actual else _listed(test.actual)
                return (
                    f"{_statements([result])} names the caller, but its condition is not met: "
                    f"{test.operator} {test.key} requires {_listed(test.required, 'or')}, and the "
                    f"value is {actual}."
                )
    return f"{_statements(results)} names the caller, but its condition is not met."


def _statements(results: Iterable[StatementResult]) -> str:
    """Name statements by their number, from 1, and their Sid."""
    names = []
    for result in results:
        sid = f' ("{result.sid}")' if result.sid else ""
        names.append(f"statement {result.index + 1}{sid} of {_LAYERS[result.layer]}")
    text = _listed(names) or "the policy"
    return text[:1].upper() + text[1:]


def _listed(texts: Sequence[str], word: str = "and") -> str:
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} {word} {texts[-1]}"
