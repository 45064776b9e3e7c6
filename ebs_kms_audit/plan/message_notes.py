"""What the access-denied messages of a finding mean for its fix, in words."""

from __future__ import annotations

from collections.abc import Sequence

from ebs_kms_audit.messages import DenialMessage, Effect, Helps, PolicyType
from ebs_kms_audit.model import Denial

_ANSWERS = {
    Helps.YES: "a change of the key policy can help",
    Helps.NO: "no change of the key policy helps",
    Helps.PERHAPS: "a change of the key policy may help",
    None: "whether a change of the key policy helps is not known",
}


def notes_on_messages(denials: Sequence[Denial]) -> tuple[str, ...]:
    """Return, for each way in which a message says that a call was refused, what that means."""
    actions: dict[str, dict[str, None]] = {}
    for denial in denials:
        if denial.message and (denial.message.policy_type or denial.message.effect):
            named = denial.iam_actions or (denial.event.name,)
            actions.setdefault(_meaning(denial.message), {}).update(dict.fromkeys(named))
    return tuple(
        f"The error message of {', '.join(names)} says: {meaning}"
        for meaning, names in actions.items()
    )


def _meaning(message: DenialMessage) -> str:
    return (
        f"{_refusal(message)}. So {_ANSWERS[message.key_policy_edit]}: {message.why}. "
        f"What helps: {message.what_helps}."
    )


def _refusal(message: DenialMessage) -> str:
    policy = "a policy that it does not name"
    if message.policy_type:
        name = (
            "key policy"
            if message.policy_type is PolicyType.RESOURCE_BASED
            else str(message.policy_type)
        )
        policy = f"{'an' if name.startswith('identity') else 'a'} {name}"
    if message.effect is Effect.EXPLICIT:
        return f"a Deny in {policy} refused it"
    return f"no {policy.partition(' ')[2]} allows it"
