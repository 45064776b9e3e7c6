"""The key_state step: enable a key, cancel its deletion, or import its key material.

Source: AWS KMS Developer Guide, "Key states of AWS KMS keys", "Import the key material" (a key that
lost its material takes the same again) and "Deleting AWS KMS keys" (a deleted key cannot be
recovered); AWS KMS API Reference, "EnableKey", "CancelKeyDeletion", "ImportKeyMaterial".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.diagnosis.sentence import listed
from ebs_kms_audit.plan import commands
from ebs_kms_audit.plan.key_group import KeyGroup, name_for
from ebs_kms_audit.plan.step import Step, StepKind

if TYPE_CHECKING:
    from ebs_kms_audit.model import Event, OtherError

_DISABLED = "DisabledException"


class _Repair(NamedTuple):
    """How a key becomes usable.

    text      what to do with the key, which `{}` names
    clicks    what to do in the console, after the status of the key is read
    words     the commands of the AWS CLI
    first     what to do before the calls on the key are made again
    """

    text: str
    clicks: tuple[str, ...]
    words: tuple[str, ...]
    first: str


_ENABLE = _Repair(
    text="Enable {}.",
    clicks=("Choose Key actions, Enable.",),
    words=("enable-key",),
    first="Enable the key, if it is disabled.",
)
_BY_STATUS = _Repair(
    text="Check the state of {}, and make it usable.",
    clicks=(
        "If the status is Disabled, choose Key actions, Enable.",
        "If it is Pending deletion, choose Key actions, Cancel key deletion, and then Enable.",
        "If it is Pending import, import the key material: the same as before, if the key had any.",
    ),
    words=("cancel-key-deletion", "enable-key"),
    first="Make the key usable, if it is not.",
)
_KEEP = _Repair(
    text="Cancel the deletion of {}, and enable it.",
    clicks=("Choose Key actions, Cancel key deletion, and then Enable.",),
    words=("cancel-key-deletion", "enable-key"),
    first="Cancel the deletion of the key and enable it, if that is not done.",
)
_IMPORT = _Repair(
    text="Import the key material of {} again.",
    clicks=("If the status is Pending import, import the same key material as before.",),
    words=(),
    first="Import the key material, if the key has none.",
)
_REPLACE = _Repair(
    text="Use another key. It is not possible to recover {}.",
    clicks=(),
    words=(),
    first="Use another key, because this one was deleted.",
)
_AFTER = {
    "DisableKey": _ENABLE,
    "CancelKeyDeletion": _ENABLE,
    "ScheduleKeyDeletion": _KEEP,
    "DeleteImportedKeyMaterial": _IMPORT,
    "DeleteExpiredKeyMaterial": _IMPORT,
    "DeleteKey": _REPLACE,
}
"""By the change that leaves a key unusable."""
_LEAVES_DISABLED = {"CancelKeyDeletion": ", which leaves the key disabled"}


def key_state_steps(groups: Sequence[KeyGroup], errors: Sequence[OtherError]) -> list[Step]:
    """Return a step for each key that was disabled, pending deletion or pending import.

    The step of a key has findings if its state explains denials, or if a change leaves it unusable.
    `errors` are those of keys that can still be unusable. Errors that name no key share a step for
    each account and Region.
    """
    steps = []
    done: set[tuple[str | None, str | None]] = set()  # a replica has the id of its primary key
    for group in groups:
        explained = group.of(StepKind.KEY_STATE)
        change = unusable_since(group)
        parts = [part for part in group.parts if part.kinds] if change else explained
        if not parts:
            continue
        done.add((group.key_id, group.region))
        failed = _failures(
            (event.name, event.error_code or "")
            for part in explained
            for event in part.finding.history.key_errors
        )
        repair = _AFTER[change.name] if change else _for_codes(failed)
        step = _step(group.key or group.key_id, group.account, group.region, repair)
        reasons = [f"Within an hour of the denied calls, {failure}" for failure in failed.values()]
        if change:
            reasons.insert(0, change_sentence(change))
            step = replace(step, afterwards=_afterwards(repair))
        findings = tuple(dict.fromkeys(part.finding.id for part in parts))
        steps.append(replace(step, findings=findings, reasons=tuple(reasons)))
    by_key: dict[tuple[str | None, str | None, str | None], list[OtherError]] = {}
    for error in errors:
        for key in error.keys or (None,):
            by_key.setdefault((key, error.account, error.region), []).append(error)
    for (key, account, region), some in by_key.items():
        arn = Arn.parse(key)
        named = (arn.name, arn.region) if arn else (key, region)
        if key is None or named not in done:
            failed = _failures((error.event_name, error.error_code) for error in some)
            step = _step(key, account, region, _for_codes(failed))
            steps.append(replace(step, reasons=tuple(failed.values())))
    return steps


def unusable_since(group: KeyGroup) -> Event | None:
    """Return the change that leaves the key of a group unusable; None if the input shows none."""
    changes = (part.finding.history.unusable_since for part in group.parts)
    return next(filter(None, changes), None)


def deleted(group: KeyGroup) -> Iterator[str]:
    """Give a sentence if the key was deleted: its policy cannot be changed."""
    change = unusable_since(group)
    if change and change.name == "DeleteKey":
        yield change_sentence(change)


def state_of(group: KeyGroup, states: Iterable[Step]) -> Step | None:
    """Return the step of `key_state_steps` for the key of a group; None if there is none."""
    if group.key_id is None:
        return None
    place = f"key_state-{group.name}", group.account, group.region
    return next((step for step in states if (step.id, step.account, step.region) == place), None)


def after_repair(group: KeyGroup, steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps of an unusable key. Each says what to do before the calls are made again."""
    change = unusable_since(group)
    first = (_AFTER[change.name] if change else _BY_STATUS).first
    for step in steps:
        *before, last = step.afterwards or ("",)
        yield replace(step, afterwards=(*before, f"{first} {last}".strip()))


def change_sentence(change: Event) -> str:
    """Return who left a key unusable and when, as one sentence."""
    who = change.user_name or (change.identity.arn if change.identity else None)
    by = f" by {who}" if who else ""
    zone = " UTC" if change.time and change.time.tzinfo else ""
    at = f" at {change.time:%Y-%m-%d %H:%M:%S}{zone}" if change.time else ""
    done = f"{change.name}{by} succeeded on this key{at}{_LEAVES_DISABLED.get(change.name, '')}"
    repair = _AFTER[change.name]
    if repair is _REPLACE:
        return f"{done}. Nothing can be done with a deleted key."
    later = "ImportKeyMaterial" if repair is _IMPORT else "EnableKey"
    return f"{done}. The input shows no {later} after it."


def _failures(failed: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return a sentence for each error code: which operations failed with it."""
    operations: dict[str, dict[str, None]] = {}
    for operation, code in failed:
        operations.setdefault(code, {})[operation] = None
    return {code: f"{listed(names)} failed with {code}." for code, names in operations.items()}


def _for_codes(codes: Iterable[str]) -> _Repair:
    return _ENABLE if set(codes) == {_DISABLED} else _BY_STATUS


def _afterwards(repair: _Repair) -> tuple[str, ...]:
    if repair is _REPLACE:
        return ("Create the volume with another key. Data under the deleted key is lost.",)
    return ("Do the other steps for this key, and then make the denied call again.",)


def _step(key: str | None, account: str | None, region: str | None, repair: _Repair) -> Step:
    arn = Arn.parse(key)
    account, region = (arn.account, arn.region) if arn else (account, region)
    key_id = key.rpartition("/")[2] if key else None
    which = f"key {key_id}" if key_id else "the key"
    look = (
        f"Open the KMS console in {region or 'the Region of the key'}, Customer managed keys, "
        f"{which}, and read its Status."
    )
    step = Step(
        id=f"key_state-{name_for(key_id, account, region)}",
        kind=StepKind.KEY_STATE,
        text=repair.text.format(which)
        if key_id
        else "Find the key that a failed call used, and make it usable.",
        account=account,
        region=region,
        target=key if arn else None,
        console_steps=(look, *repair.clicks),
        afterwards=("Make the failed call again.",),
    )
    if arn is None:
        return step
    return replace(step, commands=commands.of_key_state(step, repair.words))
