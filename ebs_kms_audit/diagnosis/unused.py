"""What the caller of the audit gave and nothing in the input used, with the nearest name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.diagnosis.sentence import listed
from ebs_kms_audit.model import Denial

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.layers import Layers
    from ebs_kms_audit.identify import Overrides, PastedMessage
    from ebs_kms_audit.reading.key_policies import GivenPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class Unused:
    """Something that the caller gave and nothing in the input used.

    option   the option as the command line spells it (`--principal`)
    value    what was given
    why      why nothing used it, one sentence
    nearest  the most similar value in the input; None where there is none
    """

    option: str
    value: str
    why: str
    nearest: str | None = None


def unused(
    given: Overrides,
    policies: Sequence[GivenPolicy],
    layers: Layers,
    denials: Sequence[Denial],
    messages: Iterable[PastedMessage] = (),
) -> tuple[Unused, ...]:
    """Return what was given and used by no denial.

    `messages` are those that fit none of the denials in the input.
    """
    return (
        *_policies(policies, denials),
        *_principals(given, denials),
        *_key(given, denials),
        *_messages(messages, denials),
        *_iam_policies(layers, denials),
    )


def _policies(policies: Sequence[GivenPolicy], denials: Sequence[Denial]) -> Iterator[Unused]:
    arns = {denial.key.arn for denial in denials if denial.key.arn}
    ids = {denial.key.id for denial in denials if denial.key.id}
    bare = {denial.key.id for denial in denials if denial.key.id and not denial.key.arn}
    regions = {denial.event.region for denial in denials if not denial.key.known}
    for policy in policies:
        key = Arn.parse(policy.key)
        if policy.key is None or policy.key in arns:
            continue
        if policy.key_id in (ids if key is None else bare):
            continue
        if key is not None and {key.region, None} & regions:
            continue  # a denial without a key may be about this one
        yield Unused(
            option="--key-policy",
            value=policy.name if policy.name == policy.key else f"{policy.key}={policy.name}",
            why="No denial is about this key.",
            nearest=_nearest(policy.key, arns or ids),
        )


def _principals(given: Overrides, denials: Sequence[Denial]) -> Iterator[Unused]:
    by_name: dict[str, list[Denial]] = {}
    for denial in denials:
        if denial.event.user_name:
            by_name.setdefault(denial.event.user_name, []).append(denial)
    for name, arn in given.principals.items():
        named = by_name.get(name, [])
        callers = list(dict.fromkeys(one.principal.arn for one in named if one.principal.arn))
        if str(arn) in callers:
            continue
        why, nearest = "No denied row has this User name.", None
        if named:
            accounts = sorted({one.event.account for one in named if one.event.account})
            why = "The input shows another caller for the denied rows with this User name."
            if accounts and arn.account not in accounts:
                why = f"The denied rows with this User name are of account {listed(accounts)}."
            nearest = callers[0] if callers else None
        yield Unused(
            option="--principal",
            value=f"{name}={arn}",
            why=why,
            nearest=nearest if named else _nearest(name, by_name),
        )


def _key(given: Overrides, denials: Sequence[Denial]) -> Iterator[Unused]:
    if given.key is None or given.key.arn is None:
        return
    keys = {denial.key.arn for denial in denials if denial.key.arn}
    if given.key.arn in keys:
        return
    region = given.key.arn.split(":")[3]
    regions = sorted({denial.event.region for denial in denials if denial.event.region})
    elsewhere = bool(regions) and region not in regions
    yield Unused(
        option="--key",
        value=given.key.arn,
        why=f"The key is of {region}, and the denials are of {', '.join(regions)}."
        if elsewhere
        else "No denial can be about this key.",
        nearest=_nearest(given.key.arn, keys),
    )


def _messages(messages: Iterable[PastedMessage], denials: Sequence[Denial]) -> Iterator[Unused]:
    names = {denial.event.user_name for denial in denials if denial.event.user_name}
    for one in messages:
        message, caller = one.message, Arn.parse(one.message.principal)
        yield Unused(
            option="--message",
            value=f"{message.action or 'a denied call'} by {message.principal or 'unknown'}",
            why="The message fits no denial of the input, so it is a denial of its own.",
            nearest=_nearest(caller.name if caller else "", names - {caller and caller.name}),
        )


def _iam_policies(layers: Layers, denials: Sequence[Denial]) -> Iterator[Unused]:
    callers = {denial.principal.arn for denial in denials}
    for principal in layers.iam_policies:
        if principal is not None and principal not in callers:
            yield Unused(
                option="--iam-policy",
                value=principal,
                why="No denial has this caller.",
                nearest=_nearest(principal, callers),
            )


def _nearest(value: str, among: Iterable[str | None]) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(value, [one for one in among if one], n=1)
    return near[0] if near else None
