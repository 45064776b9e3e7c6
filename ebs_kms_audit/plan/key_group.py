"""The denials of one key, by the steps that they need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.diagnosis.layers import Layers
from ebs_kms_audit.plan.routing import Part
from ebs_kms_audit.plan.step import StepKind

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


class PlanOptions(NamedTuple):
    """What the caller of the audit asks of the plan.

    least_privilege  statements hold only the actions that are needed
    layers           the policies that were given beside the key policy
    """

    least_privilege: bool = False
    layers: Layers = Layers()


DEFAULT = PlanOptions()


class KeyGroup(NamedTuple):
    """The parts of findings that concern one key, or an unknown key of an account and Region.

    key      the full ARN; None where it is unknown
    key_id   the id or the alias; None where nothing of the key is known
    account  the account of the key; where it is unknown, the caller's
    region   the Region of the key
    parts    the parts
    """

    key: str | None
    key_id: str | None
    account: str | None
    region: str | None
    parts: tuple[Part, ...]

    def of(self, kind: StepKind) -> tuple[Part, ...]:
        """Return the parts that need a step of a kind."""
        return tuple(part for part in self.parts if kind in part.kinds)

    @property
    def name(self) -> str:
        """What a step id and a folder name say of the key: its id, else account and Region."""
        return name_for(self.key_id, self.account, self.region)

    @property
    def findings(self) -> tuple[str, ...]:
        """The ids of the findings, each once."""
        return tuple(dict.fromkeys(part.finding.id for part in self.parts))


def name_for(key_id: str | None, account: str | None, region: str | None) -> str:
    """Return a name for a key that a file name and a shell take as it is."""
    known = key_id or "-".join(filter(None, (account, region)))
    return _UNSAFE.sub("-", known)[:64].strip("-.") or "unknown"


def key_groups(parts: Iterable[Part]) -> list[KeyGroup]:
    """Return the parts by key; those of an unknown key by account and Region."""
    found: dict[tuple[str, ...], list[Part]] = {}
    for part in parts:
        found.setdefault(_key_identity(part.finding), []).append(part)
    groups = [_group(some) for some in found.values()]
    return sorted(groups, key=_rank)


def _group(parts: Sequence[Part]) -> KeyGroup:
    findings = [part.finding for part in parts]
    key = next((one.key.arn for one in findings if one.key.arn), None)
    arn = Arn.parse(key)
    named = next((one.key.id or one.key.alias for one in findings if one.key.known), None)
    return KeyGroup(
        key=key,
        key_id=arn.name if arn else named,
        account=arn.account if arn else findings[0].account,
        region=arn.region if arn else findings[0].region,
        parts=tuple(parts),
    )


def _key_identity(finding: Finding) -> tuple[str, ...]:
    """Return what the findings on one key share: its id, account and Region."""
    key = finding.key
    arn = Arn.parse(key.arn)
    account = arn.account if arn else finding.account or ""
    region = arn.region if arn else finding.region or ""
    return (arn.name if arn else key.id or key.alias or "", account, region)


def _rank(group: KeyGroup) -> tuple[bool, int, str]:
    denials = sum(len(part.denials) for part in group.parts)
    return (group.key_id is None, -denials, group.key or group.key_id or "")
