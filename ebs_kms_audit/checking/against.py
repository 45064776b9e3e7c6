"""replay(): what a planned key policy does to the calls in a log."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.checking.history import CallHistory
from ebs_kms_audit.checking.other_policies import OtherPolicies
from ebs_kms_audit.checking.policy_file import read_policy_file
from ebs_kms_audit.checking.replay import Replay, Replayer
from ebs_kms_audit.errors import InputError, UsageError
from ebs_kms_audit.identify import Overrides
from ebs_kms_audit.plan.change import Permission
from ebs_kms_audit.plan.proof import ChangeJudge
from ebs_kms_audit.policy import KeyPolicy
from ebs_kms_audit.reading import Reading

_LISTED = 5  # keys in an error


def replay(
    policy: Any,
    inputs: Any,
    *,
    records: Any = None,
    key: str | None = None,
    in_force: Any = None,
    principals: Mapping[str, str] | None = None,
    identity_policies: Any = None,
    permissions_boundary: Any = None,
    session_policy: Any = None,
    service_control_policies: Any = None,
    resource_control_policies: Any = None,
) -> Replay:
    """Return what a planned key policy does to the calls in a log.

    policy      the planned policy: a dict, a KeyPolicy, or a file
    inputs      exports of CloudTrail, as `audit` takes them
    records     CloudTrail JSON, as `audit` takes it
    key         the ARN of the key; without it the calls must name one key only
    in_force    the policy in force, as `policy`; without it the last one in the log
    principals  the ARN that a User name of the export stands for, by name

    Each past denial is cured or still denied, each past success still allowed or broken. Calls
    with an unknown key or caller are counted. The other policies are as in `evaluate`.

    Raises InputError where no input can be read, and UsageError where the key is not known.
    """
    history = CallHistory(Overrides.of(principals))
    reading = Reading(inputs, records)
    for event in reading:
        history.add(event)
    if reading.files and all(file.error for file in reading.files):
        raise InputError(*(file.error for file in reading.files if file.error))
    key_id = _key_id(key, history)
    present, source = _in_force(in_force, history, key_id)
    planned = read_policy(policy)
    others = OtherPolicies.of(
        identity_policies,
        permissions_boundary=permissions_boundary,
        session_policy=session_policy,
        service_control_policies=service_control_policies,
        resource_control_policies=resource_control_policies,
    )
    calls = Replayer(history, key_id, planned, present, others).calls()
    return Replay(
        key=key or key_id,
        in_force=source,
        calls=calls,
        allowed=_newly_allowed(present, planned, key),
        not_judged=dict(history.not_judged),
    )


def read_policy(given: Any) -> KeyPolicy:
    """Read one key policy. Raises UsageError for a file with several."""
    if isinstance(given, KeyPolicy):
        return given
    if isinstance(given, Mapping):
        return KeyPolicy.from_dict(dict(given))
    if not isinstance(given, str | os.PathLike):
        raise UsageError(f"a key policy cannot be read from type {type(given).__name__}")
    file = read_policy_file(given)
    if len(file.policies) != 1:
        raise UsageError(
            f"the file has {len(file.policies)} key policies, and past calls are replayed on one",
            source=file.file,
        )
    return file.policies[0].policy


def _key_id(key: str | None, history: CallHistory) -> str:
    arn = Arn.parse(key)
    if arn:
        return arn.name
    ids = sorted(history.key_ids())
    if len(ids) == 1:
        return ids[0]
    listed = ", ".join(ids[:_LISTED]) + (", …" if len(ids) > _LISTED else "")
    found = f"the log names {len(ids):,} keys ({listed})" if ids else "no call names a key"
    raise UsageError(f"{found}: give the key as KEY_ARN=FILE", source="--key-policy")


def _in_force(given: Any, history: CallHistory, key_id: str) -> tuple[KeyPolicy | None, str | None]:
    """Return the policy in force, and where it is from: as given, else the last one in the log."""
    if given is not None:
        named = isinstance(given, str | os.PathLike)
        return read_policy(given), os.fspath(given) if named else "given"
    edits = history.policies(key_id)
    if edits is None or edits.latest.document is None:
        return None, None
    event = edits.latest.event
    source = f"{event.name} {event.event_id or event.file}"
    return KeyPolicy.from_json(edits.latest.document), source


def _newly_allowed(
    before: KeyPolicy | None, after: KeyPolicy, key: str | None
) -> tuple[Permission, ...]:
    return ChangeJudge(before, after, key).prove((), ()).newly_allowed if before else ()
