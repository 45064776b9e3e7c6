"""Events → Denials: who called, on which key, through which service, and how that is known.

denied_events   collects the denied events, each once and in its best form
user_identity   the principal that the userIdentity of a record names
assumed_roles   the role of a session, from the AssumeRole event that began it
principal       the rules that identify the principal, in order
account_repair  account ids, repaired where a spreadsheet damaged them
kms_key         the KMS key
error_message   the error message of an event, and the principal that it names
pasted          pasted messages, and Denials of those that fit no event
authorizations  messages from AWS's own evaluation of a request
overrides       the ARNs and the key that the caller of `audit()` gives
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ebs_kms_audit.aws.access_keys import account_of, key_kind
from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.callers import is_ebs_traffic, service_behind, source_kind
from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.identify.account_repair import is_elected
from ebs_kms_audit.identify.assumed_roles import AssumedRole, AssumedRoles
from ebs_kms_audit.identify.denied_events import DeniedEvents, Disagreement, is_denied, is_kms
from ebs_kms_audit.identify.error_message import message_of, principal_in_message
from ebs_kms_audit.identify.kms_key import (
    KeysSeen,
    key_arns_in,
    key_names,
    key_of,
    keys_in,
    recorded_key_id,
)
from ebs_kms_audit.identify.overrides import key_override, principal_overrides
from ebs_kms_audit.identify.pasted import (
    PastedMessage,
    PastedTexts,
    event_of,
    of_no_event,
    pasted_texts,
    read_texts,
)
from ebs_kms_audit.identify.principal import (
    EvidenceIndex,
    may_be_infrastructure,
    principal_of,
)
from ebs_kms_audit.model import AlikeDenials, AlikeEvents, Denial, Denials, Event, KeyRef

if TYPE_CHECKING:
    from ebs_kms_audit.model import DenialMessage

__all__ = [
    "AssumedRoles",
    "DeniedEvents",
    "Disagreement",
    "EvidenceIndex",
    "KeysSeen",
    "Overrides",
    "PastedMessage",
    "PastedTexts",
    "Resolver",
    "event_of",
    "is_denied",
    "is_kms",
    "key_arns_in",
    "key_names",
    "keys_in",
    "may_be_of_another_service",
    "of_no_event",
    "read_texts",
    "recorded_key_id",
    "resolve",
    "resolve_message",
]


class Overrides(NamedTuple):
    """The checked arguments of `audit()` that replace missing facts.

    principals  the ARN for a User name, by User name
    key         the KMS key, or None
    pasted      the denials and symptoms in the pasted error messages
    """

    principals: Mapping[str, Arn]
    key: KeyRef | None
    pasted: PastedTexts

    @classmethod
    def of(
        cls,
        principals: Mapping[str, str] | None = None,
        key: str | None = None,
        messages: str | Iterable[str] | None = None,
    ) -> Overrides:
        """Check the arguments of `audit()`. Raises UsageError for an argument that is not valid."""
        return cls(principal_overrides(principals), key_override(key), pasted_texts(messages))


def may_be_of_another_service(event: Event) -> bool:
    """Return whether a row without Event source may be of another service than KMS.

    A call that EC2 or Auto Scaling makes for a caller, with the name of a key usage or grant
    operation, is a KMS event.
    """
    if not event.source_inferred:
        return False
    action = kms_action(event.name)
    of_ebs = is_ebs_traffic(event.source_ip) and action.kind in (
        StatementKind.USAGE,
        StatementKind.GRANTS,
    )
    return action.shared_name and not of_ebs


class _Credential(NamedTuple):
    """What an access key says of its caller: access keys that say the same are of one kind.

    given    whether there is one
    kind     whether it is long-term or temporary, or None
    role     the role that it was issued for, or None
    account  the account that owns it, or None
    """

    given: bool
    kind: str | None
    role: AssumedRole | None
    account: str | None


class Ec2Calls(Protocol):
    """The EC2 calls that can name the key of a denied event."""

    def concern(self, events: AlikeEvents) -> bool:
        """Return whether there can be calls for some of the events."""

    def same_request(self, event: Event) -> Sequence[Event]:
        """Return the calls with the Request ID of an event."""

    def with_key(self, event: Event) -> Sequence[Event]:
        """Return the calls that name a key, by the caller of an event within a minute."""


_NOTHING: tuple[Sequence[Event], Sequence[Event]] = (), ()


class Resolver:
    """Turns denied KMS events into Denials.

    Denials of one kind are identified once: they share the principal, the key and the message.
    Only the first of a kind is in the `event_ids` of the principal. Events of one kind differ in
    time, address, User agent, ids and access key, and the access keys belong to the same account
    and role.
    """

    def __init__(self, evidence_index: EvidenceIndex, overrides: Overrides) -> None:
        self._evidence_index = evidence_index
        self._overrides = overrides
        self._kinds: dict[object, Denial] = {}
        self._credentials: dict[str | None, _Credential] = {}
        self._keys: dict[int, tuple[object, KeyRef]] = {}

    def resolve_all(self, denied: Iterable[AlikeEvents], calls: Ec2Calls) -> Denials:
        """Return the denials of events. Of each kind the first by file and line is identified."""
        files: dict[str, int] = {}
        parts: list[tuple[int, int, int, AlikeEvents, bool]] = []
        for events in denied:
            file = files.setdefault(events.first.file, len(files))
            for of_account in self._repaired(events):
                for one, concerned in self._split(of_account, calls):
                    parts.append((file, one.first.line, len(parts), one, concerned))
        parts.sort()
        found = []
        for _, _, _, events, concerned in parts:
            first = events.first
            beside = (calls.same_request(first), calls.with_key(first)) if concerned else _NOTHING
            denial = self.resolve(first, *beside)
            found.append(AlikeDenials(denial, events, self._proofs(events, concerned)))
        return Denials(found)

    def _repaired(self, events: AlikeEvents) -> Iterable[AlikeEvents]:
        """Return events with their account, by account. A damaged id can be of several accounts."""
        first = events.first
        if first.account or not first.account_cell:
            return (events,)
        accounts = self._evidence_index.accounts
        access_keys = events.columns.access_keys
        of_keys = {
            one: accounts.of_cell(first.file, first.account_cell, one) for one in set(access_keys)
        }
        places: dict[str | None, list[int]] = {}
        for at, access_key in enumerate(access_keys):
            places.setdefault(of_keys[access_key], []).append(at)
        if len(places) == 1:
            return (events.with_account(*places),)
        return [events.at(some).with_account(account) for account, some in places.items()]

    def _split(self, events: AlikeEvents, calls: Ec2Calls) -> Iterator[tuple[AlikeEvents, bool]]:
        """Yield events by their callers, or each by itself; and whether EC2 calls concern them.

        The sessions of a role that AssumeRole events show are one caller.
        """
        if not calls.concern(events):
            parts = self._by_caller(events)
            yield from ((one, False) for one in parts)
        elif events.have_one_name:
            yield from ((AlikeEvents.of(one), True) for one in events)
        else:
            for of_name in _by_name(events):
                yield from self._split(of_name, calls)

    def _by_caller(self, events: AlikeEvents) -> Iterable[AlikeEvents]:
        if len(events) == 1:
            return (events,)
        given = [*zip(events.columns.user_names, events.columns.access_keys, strict=True)]
        callers = {one: self._caller(events.first, *one) for one in set(given)}
        if len(set(callers.values())) == 1:
            return (events,)
        places: dict[object, list[int]] = {}
        for at, one in enumerate(given):
            places.setdefault(callers[one], []).append(at)
        return map(events.at, places.values())

    def _caller(self, event: Event, name: str | None, access_key: str | None) -> object:
        """Return what is equal for callers that are the same, with an event like theirs."""
        credential = self._credential(access_key)
        role = self._role(event, name, access_key)
        if role is None:
            return name, credential
        return credential.given, credential.kind, credential.account, role.role_arn

    def _role(self, event: Event, name: str | None, access_key: str | None) -> AssumedRole | None:
        """Return the role that decides who the caller of a row is, in whichever session.

        Pasted messages can be about one session.
        """
        if (
            event.identity
            or self._overrides.pasted.messages
            or may_be_infrastructure(event, name, access_key)
        ):
            return None
        return self._evidence_index.assumed_roles.of(name, access_key, event.account)

    def _proofs(self, events: AlikeEvents, concerned: bool) -> tuple[str | None, ...]:
        """Return the `proofs` of the denials of one caller."""
        first, columns = events.first, events.columns
        if concerned or self._role(first, first.user_name, first.access_key) is None:
            return ()
        given = [*zip(columns.user_names, columns.access_keys, strict=True)]
        roles = {one: self._role(first, *one) for one in set(given)}
        proofs = {one: role and role.event_id for one, role in roles.items()}
        return tuple([proofs[one] for one in given])

    def resolve(
        self, event: Event, siblings: Sequence[Event], ec2_calls: Sequence[Event]
    ) -> Denial:
        """Return the denial of an event.

        `siblings` are other events with the same Request ID. `ec2_calls` are EC2 calls that the
        same caller made within a minute.
        """
        account = self._evidence_index.accounts.account(event)
        if account != event.account:
            event = replace(event, account=account)
        credential = self._credential(event.access_key)
        if siblings or ec2_calls or event.identity is not None:  # the event has its own evidence
            return self._first(event, siblings, ec2_calls, credential.account)
        kind = (
            event.name, event.region, source_kind(event.source_ip), event.error_code,
            event.user_name, event.resources, account, event.error_message, credential,
            event.account_cell and is_elected(event, account),
        )  # fmt: skip
        first = self._kinds.get(kind)
        if first is None:
            first = self._first(event, siblings, ec2_calls, credential.account)
            self._kinds[kind] = first
            return first
        return first.of_event(event)

    def _credential(self, access_key: str | None) -> _Credential:
        found = self._credentials.get(access_key)
        if found is None:
            found = self._credentials[access_key] = _Credential(
                given=access_key is not None,
                kind=key_kind(access_key),
                role=self._evidence_index.assumed_roles.of_key(access_key),
                account=account_of(access_key),
            )
        return found

    def _first(
        self,
        event: Event,
        siblings: Iterable[Event],
        ec2_calls: Iterable[Event],
        credential_account: str | None,
    ) -> Denial:
        overrides, action = self._overrides, kms_action(event.name)
        message, evidence = message_of(event, event.account, action.iam_actions, overrides.pasted)
        named_in_message = principal_in_message(event, message, evidence)
        return Denial(
            event=event,
            principal=principal_of(
                event, event.account, self._evidence_index, named_in_message, overrides.principals
            ),
            key=self._key(event, siblings, ec2_calls, message),
            message=message,
            credential_account=credential_account,
            iam_actions=_denied_actions(action.iam_actions, message),
            statement_kind=action.kind,
            via_service=service_behind(event.source_ip),
            via_known=event.source_ip is not None,
            ebs_traffic=is_ebs_traffic(event.source_ip),
        )

    def _key(
        self,
        event: Event,
        siblings: Iterable[Event],
        ec2_calls: Iterable[Event],
        message: DenialMessage | None,
    ) -> KeyRef:
        """Return the key of a denied event. Events often share their resources."""
        override = self._overrides.key
        own = message or event.error_message or event.identity
        if own or siblings or ec2_calls or override:
            named = message.resource if message else None
            return key_of(event, siblings, ec2_calls, named, override)
        known = self._keys.get(id(event.resources))
        if known is None:
            known = self._keys[id(event.resources)] = (
                event.resources,  # so that its id stays its own
                key_of(event, (), (), None, None),
            )
        return known[1]


def _by_name(events: AlikeEvents) -> Iterator[AlikeEvents]:
    places: dict[str | None, list[int]] = {}
    for at, name in enumerate(events.columns.user_names):
        places.setdefault(name, []).append(at)
    return map(events.at, places.values())


def resolve(
    event: Event,
    siblings: Sequence[Event],
    ec2_calls: Sequence[Event],
    evidence_index: EvidenceIndex,
    overrides: Overrides,
) -> Denial:
    """Return the denial of one event, as `Resolver.resolve` does."""
    return Resolver(evidence_index, overrides).resolve(event, siblings, ec2_calls)


def resolve_message(
    pasted: PastedMessage, evidence_index: EvidenceIndex, overrides: Overrides
) -> Denial:
    """Return the denial for a pasted message that matches no event. The denial has no time."""
    event, message = event_of(pasted), pasted.message
    action = kms_action(event.name)
    named_in_message = principal_in_message(event, message, pasted.evidence)
    return Denial(
        event=event,
        principal=principal_of(
            event, event.account, evidence_index, named_in_message, overrides.principals
        ),
        key=key_of(event, (), (), message.resource, overrides.key),
        message=message,
        iam_actions=() if message.action is None else _named(message.action, action.iam_actions),
        statement_kind=action.kind,
        via_service=None,
        via_known=False,
        ebs_traffic=False,
    )


def _named(action: str, spelled: tuple[str, ...]) -> tuple[str, ...]:
    """Return the action in a message, in the spelling of AWS."""
    return tuple(one for one in spelled if one.casefold() == action.casefold()) or (action,)


def _denied_actions(actions: tuple[str, ...], message: DenialMessage | None) -> tuple[str, ...]:
    """Return the denied actions.

    ReEncrypt needs two actions. If the message names one of them, only that one was denied.
    """
    if message is None or message.action is None:
        return actions
    named = message.action.lower()
    return tuple(action for action in actions if action.lower() == named) or actions
