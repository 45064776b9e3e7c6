"""Denials in an order, and their kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import fields, replace
from functools import cached_property

from ebs_kms_audit.model.denial import Denial
from ebs_kms_audit.model.principal import Principal

_OF_PRINCIPALS = tuple(field.name for field in fields(Principal) if field.name != "event_ids")


class Denials(tuple[Denial, ...]):  # noqa: SLOT001  # it keeps its kinds
    """A tuple of denials that knows their kinds.

    Denials of one kind have the same caller, key, actions, error code, message, account, Region
    and source, and the same verdict. They differ in time, line, ids, access key and user agent.
    An audit judges each kind once, because a log can have 40,000 denials of a few kinds.
    """

    @classmethod
    def of(cls, denials: Sequence[Denial]) -> Denials:
        """Return the denials themselves if their kinds are known."""
        return denials if isinstance(denials, Denials) else cls(denials)

    @classmethod
    def in_order(cls, denials: Sequence[Denial]) -> Denials:
        """Return denials in order of time, file and line. Those without a time are last."""
        events = [denial.event for denial in denials]
        keys = [(one.time is None, one.seconds, one.file, one.line) for one in events]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        found = cls(map(denials.__getitem__, order))
        found.times = [keys[at][1] for at in order if not keys[at][0]]
        return found

    @cached_property
    def kind_at(self) -> list[int]:
        """The number of the kind of each denial. Kinds are numbered in order, from 0."""
        by_identity: dict[Hashable, int] = {}
        by_content: dict[Hashable, int] = {}
        found = []
        for denial in self:
            event, caller = denial.event, denial.event.identity
            rest = (
                event.name, event.error_code, event.source_ip, event.user_name, event.region,
                event.account, event.error_message is None, denial.credential_account,
                denial.ebs_traffic, denial.via_service, denial.via_known, denial.iam_actions,
                event.account_cell, caller and (caller.issuer_arn or caller.arn),
            )  # fmt: skip
            identity = (id(denial.principal), id(denial.key), id(denial.message), *rest,
                        id(denial.verdict), id(denial.statement_kind))  # fmt: skip
            kind = by_identity.get(identity)
            if kind is None:
                content = (*_content(denial), *rest)
                kind = by_identity[identity] = by_content.setdefault(content, len(by_content))
            found.append(kind)
        return found

    @cached_property
    def times(self) -> list[float]:
        """The times of the denials that have one, in seconds since 1970; naive times are in UTC."""
        return [denial.event.seconds for denial in self if denial.event.time is not None]

    @cached_property
    def last_times(self) -> dict[int, float]:
        """The last time of the denials of each kind, if they have one, by the number of the kind.

        The denials are in order of time, and those without a time are last.
        """
        return dict(zip(self.kind_at, self.times, strict=False))

    @cached_property
    def first_at(self) -> list[int]:
        """The place of the first denial of each kind."""
        places: dict[int, int] = {}
        for place, kind in enumerate(self.kind_at):
            if kind not in places:
                places[kind] = place
        return list(places.values())

    @cached_property
    def counts(self) -> list[int]:
        """The number of denials of each kind."""
        return list(Counter(self.kind_at).values())

    @cached_property
    def kinds(self) -> tuple[Denial, ...]:
        """The first denial of each kind, in order."""
        return tuple(self[place] for place in self.first_at)


def _content(denial: Denial) -> tuple[object, ...]:
    """Return the caller, the key, the message and the rest, without ids of single events."""
    principal, message = denial.principal, denial.message
    return (
        tuple(getattr(principal, name) for name in _OF_PRINCIPALS),
        denial.key,
        message and replace(message, authorization_id=None),
        denial.verdict,
        denial.statement_kind,
    )
