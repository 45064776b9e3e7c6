"""The key_state step: enable a key, cancel its deletion, or import its key material.

Source: AWS KMS Developer Guide, "Key states of AWS KMS keys" and "Import the key material" (a key
that lost its material takes the same again); AWS KMS API Reference, "EnableKey",
"CancelKeyDeletion", "ImportKeyMaterial".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_errors import KEY_STATE_CODES
from ebs_kms_audit.diagnosis.sentence import listed
from ebs_kms_audit.plan import commands
from ebs_kms_audit.plan.key_group import KeyGroup, name_for
from ebs_kms_audit.plan.step import Step, StepKind

if TYPE_CHECKING:
    from ebs_kms_audit.model import OtherError

_DISABLED = "DisabledException"
_ENABLE = ("Choose Key actions, Enable.",)
_BY_STATUS = (
    "If the status is Disabled, choose Key actions, Enable.",
    "If it is Pending deletion, choose Key actions, Cancel key deletion, and then Enable.",
    "If it is Pending import, import the key material: the same as before, if the key had any.",
)


def key_state_steps(groups: Sequence[KeyGroup], errors: Sequence[OtherError]) -> list[Step]:
    """Return a step for each key that was disabled, pending deletion or pending import.

    A key that explains denials comes first. Errors that name no key share a step for each account
    and Region.
    """
    steps = []
    done: set[tuple[str | None, str | None]] = set()  # a replica has the id of its primary key
    for group in groups:
        if parts := group.of(StepKind.KEY_STATE):
            done.add((group.key_id, group.region))
            failed = _failures(
                (event.name, event.error_code or "")
                for part in parts
                for event in part.finding.history.key_errors
            )
            step = _step(group.key or group.key_id, group.account, group.region, failed)
            findings = tuple(dict.fromkeys(part.finding.id for part in parts))
            reasons = tuple(
                f"Within an hour of the denied calls, {failure}" for failure in failed.values()
            )
            steps.append(replace(step, findings=findings, reasons=reasons))
    by_key: dict[tuple[str | None, str | None, str | None], list[OtherError]] = {}
    for error in errors:
        if error.error_code in KEY_STATE_CODES:
            for key in error.keys or (None,):
                by_key.setdefault((key, error.account, error.region), []).append(error)
    for (key, account, region), some in by_key.items():
        arn = Arn.parse(key)
        named = (arn.name, arn.region) if arn else (key, region)
        if key is None or named not in done:
            failed = _failures((error.event_name, error.error_code) for error in some)
            step = _step(key, account, region, failed)
            steps.append(replace(step, reasons=tuple(failed.values())))
    return steps


def _failures(failed: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return a sentence for each error code: which operations failed with it."""
    operations: dict[str, dict[str, None]] = {}
    for operation, code in failed:
        operations.setdefault(code, {})[operation] = None
    return {code: f"{listed(names)} failed with {code}." for code, names in operations.items()}


def _step(key: str | None, account: str | None, region: str | None, codes: Iterable[str]) -> Step:
    arn = Arn.parse(key)
    account, region = (arn.account, arn.region) if arn else (account, region)
    key_id = key.rpartition("/")[2] if key else None
    which = f"key {key_id}" if key_id else "the key"
    disabled = set(codes) == {_DISABLED}
    if not key_id:
        text = "Find the key that a failed call used, and make it usable."
    elif disabled:
        text = f"Enable {which}."
    else:
        text = f"Check the state of {which}, and make it usable."
    step = Step(
        id=f"key_state-{name_for(key_id, account, region)}",
        kind=StepKind.KEY_STATE,
        text=text,
        account=account,
        region=region,
        target=key if arn else None,
        console_steps=(
            f"Open the KMS console in {region or 'the Region of the key'}, Customer managed keys, "
            f"{which}, and read its Status.",
            *(_ENABLE if disabled else _BY_STATUS),
        ),
        afterwards=("Make the failed call again.",),
    )
    if arn is None:
        return step
    words = () if disabled else ("cancel-key-deletion",)
    return replace(step, commands=commands.of_key_state(step, (*words, "enable-key")))
