"""The key_state step: enable a key, cancel its deletion, or import its key material.

Source: AWS KMS Developer Guide, "Key states of AWS KMS keys"; AWS KMS API Reference, "EnableKey",
"CancelKeyDeletion", "ImportKeyMaterial".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ebs_kms_audit.model import OtherError
from ebs_kms_audit.plan import commands
from ebs_kms_audit.plan.key_group import KeyGroup
from ebs_kms_audit.plan.step import Step, StepKind

_STATES = frozenset({"DisabledException", "KMSInvalidStateException"})


def key_state_steps(groups: Sequence[KeyGroup], errors: Sequence[OtherError]) -> list[Step]:
    """Return a step for each key that was disabled, pending deletion or pending import."""
    steps = []
    for group in groups:
        if parts := group.of(StepKind.KEY_STATE):
            findings = tuple(dict.fromkeys(part.finding.id for part in parts))
            reasons = tuple(dict.fromkeys(part.text for part in parts))
            steps.append(
                _step(
                    group.name,
                    group.key,
                    account=group.account,
                    region=group.region,
                    findings=findings,
                    reasons=reasons,
                )
            )
    done = {step.target for step in steps}
    by_place: dict[tuple[str | None, str | None], list[OtherError]] = {}
    for error in errors:
        if error.error_code in _STATES:
            by_place.setdefault((error.account, error.region), []).append(error)
    for (account, region), some in by_place.items():
        name = "-".join(filter(None, (account, region))) or "unknown"
        reasons = tuple(
            dict.fromkeys(f"{e.event_name} failed with {e.error_code}: {e.meaning}." for e in some)
        )
        step = _step(name, None, account=account, region=region, findings=(), reasons=reasons)
        if step.target not in done or step.target is None:
            steps.append(step)
    return steps


def _step(
    name: str,
    key: str | None,
    *,
    account: str | None,
    region: str | None,
    findings: tuple[str, ...],
    reasons: tuple[str, ...],
) -> Step:
    which = f"key {key}" if key else "the key"
    step = Step(
        id=f"key_state-{name}",
        kind=StepKind.KEY_STATE,
        text=f"Check the state of {which}. Enable the key, or cancel its deletion.",
        account=account,
        region=region,
        target=key,
        reasons=reasons,
        findings=findings,
        console_steps=(
            f"Open the KMS console in {region or 'the Region of the key'}, Customer managed keys, "
            "the key, and read its Status.",
            "Choose Key actions, Enable; or Cancel key deletion first.",
        ),
        afterwards=("Make the failed call again.",),
    )
    if key is None:
        return step
    return replace(step, commands=commands.of_key_state(step, ("enable-key",)))
