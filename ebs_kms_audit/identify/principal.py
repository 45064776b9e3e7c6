"""The caller of a denied event, from the userIdentity of a record or from the rows of an export.

A key policy names a role. A console CSV has only the session name. The rules are tried in order,
and the first rule that applies decides. `why` states the rule and repeats no text of the log.

Sources: CloudTrail User Guide, "CloudTrail userIdentity element"; IAM User Guide, "IAM
identifiers" (prefixes AKIA and ASIA).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache

from ebs_kms_audit.aws import callers
from ebs_kms_audit.aws.access_keys import key_kind
from ebs_kms_audit.aws.arns import Arn, is_iam_name, partition_of
from ebs_kms_audit.identify.account_repair import AccountVotes, is_elected
from ebs_kms_audit.identify.assumed_roles import AssumedRoles
from ebs_kms_audit.identify.iam_users import NamedUsers
from ebs_kms_audit.identify.overrides import kind_of
from ebs_kms_audit.model import AlikeEvents, Event, Evidence, Principal, PrincipalKind

_ELECTED = (
    "a spreadsheet damaged the account id of the call, and the account is inferred from other rows"
)


class EvidenceIndex:
    """Facts about callers from other events: account, assumed role, long-term access key.

    accounts       the account ids in the access keys and ARNs of each file
    assumed_roles  the roles in AssumeRole events
    users          the IAM users in events of IAM
    """

    def __init__(self) -> None:
        self.accounts = AccountVotes()
        self.assumed_roles = AssumedRoles()
        self.users = NamedUsers()
        self._long_term_keys: dict[str, dict[tuple[str | None, str | None], Event]] = {}

    def add(self, event: Event) -> None:
        """Add an event that an audit needs."""
        self.accounts.add(event)
        self.assumed_roles.add(event)
        self.users.add(event)
        if event.user_name and key_kind(event.access_key) == "long_term":
            self._add_holder(event)

    def add_alike(self, events: AlikeEvents) -> None:
        """Add failed KMS events."""
        names, access_keys = events.columns.user_names, events.columns.access_keys
        long_term = {one for one in set(access_keys) if key_kind(one) == "long_term"}
        if not long_term:
            return
        users: set[str | None] = {None}
        lines = events.columns.lines
        for at in sorted(range(len(lines)), key=lines.__getitem__):
            if access_keys[at] in long_term and names[at] not in users:
                users.add(names[at])
                if not self._is_known_before(events, at):
                    self._add_holder(events.event(at))

    def _is_known_before(self, events: AlikeEvents, at: int) -> bool:
        """Return whether an earlier event shows the holder of the key of the one at a place."""
        first, columns = events.first, events.columns
        by_account = self._long_term_keys.get(columns.user_names[at] or "", {})
        known = by_account.get((first.account, first.account_cell))
        place = first.identity is not None, first.file, columns.lines[at]
        return known is not None and _place(known) <= place

    def _add_holder(self, event: Event) -> None:
        """Add an event with a User name and a long-term access key."""
        by_account = self._long_term_keys.setdefault(event.user_name or "", {})
        account = event.account, event.account_cell
        known = by_account.get(account)
        if known is None or _place(event) < _place(known):
            by_account[account] = event

    @property
    def overflowed(self) -> bool:
        """Whether some AssumeRole events were not kept because there are too many."""
        return self.assumed_roles.overflowed

    def keep_roles_of(self, access_keys: Collection[str]) -> None:
        """Discard the AssumeRole events, and keep only those of these access keys from now on."""
        self.assumed_roles = AssumedRoles(access_keys)

    def long_term_key_row(self, name: str, account: str | None) -> Event | None:
        """Return a row with the same name and account and a long-term access key, or None."""
        found = [
            event
            for event in self._long_term_keys.get(name, {}).values()
            if self.accounts.account(event) == account
        ]
        return min(found, key=_place, default=None)


def _place(event: Event) -> tuple[bool, str, int]:
    """Return the sort key of events: rows before records, then by file and line."""
    return event.identity is not None, event.file, event.line


def principal_of(
    event: Event,
    account: str | None,
    evidence_index: EvidenceIndex,
    named_in_message: Principal | None,
    overrides: Mapping[str, Arn],
) -> Principal:
    """Return the principal that made the call.

    `account` is the account id of the event, repaired if it was damaged. `named_in_message` is the
    principal in the error message. `overrides` has the ARN for a User name. If a record or a
    message names a role without its path, another source can have the ARN of the role.
    """
    recorded = _recorded(event)
    if recorded and not recorded.role_name:
        return recorded
    infrastructure = None if recorded else _infrastructure(event)
    known = (
        infrastructure
        or _assumed_role(event, account, evidence_index)
        or (named_in_message if named_in_message and not named_in_message.role_name else None)
        or _overridden(event, account, overrides)
    )
    named = recorded or named_in_message
    if named and not (known and _is_role_of(known, named)):
        return named
    found = (
        known
        or _without_user_name(event)
        or _root(event, account)
        or _user(event, account, evidence_index)
        or _auto_scaling(event, account)
        or _named_by_iam(event, account, evidence_index)
        or _instance(event)
        or _session_or_user(event)
    )
    if found.arn and found.evidence is Evidence.INFERRED and is_elected(event, account):
        return replace(found, why=f"{found.why}; {_ELECTED}")
    return found


def _recorded(event: Event) -> Principal | None:
    if event.identity is None:
        return None
    from ebs_kms_audit.identify.user_identity import recorded_principal  # only for records

    return recorded_principal(event)


def _is_role_of(known: Principal, named: Principal) -> bool:
    """Return whether an ARN has the role name that a record or message gives without a path."""
    return named.role_name in (None, (known.arn or "").rpartition("/")[2])


def may_be_infrastructure(event: Event, name: str | None, access_key: str | None) -> bool:
    """Return whether EC2 may have made a call like this one, with this name, for an instance."""
    return (
        event.name == "Decrypt"
        and callers.is_aws_internal(event.source_ip)
        and callers.is_instance_id(name)
        and key_kind(access_key) != "long_term"
    )


def _infrastructure(event: Event) -> Principal | None:
    if may_be_infrastructure(event, event.user_name, event.access_key):
        return _principal(
            event,
            PrincipalKind.INFRASTRUCTURE,
            Evidence.INFERRED,
            "a Decrypt from inside AWS by a session named after an instance is probably "
            "aws:ec2-infrastructure, which works through a grant and is never named in a policy",
            session=True,
        )
    return None


def _assumed_role(
    event: Event, account: str | None, evidence_index: EvidenceIndex
) -> Principal | None:
    assumed = evidence_index.assumed_roles.of(event.user_name, event.access_key, account)
    why = (
        "an AssumeRole event returned the same access key for this role"
        if event.access_key
        else "an AssumeRole event of this service-linked role names the same session"
    )
    arn = Arn.parse(assumed.role_arn) if assumed else None
    if assumed is None or arn is None:
        return None
    return Principal(
        arn=assumed.role_arn,
        kind=kind_of(arn),
        user_name=event.user_name,
        session_name=event.user_name,
        evidence=Evidence.DERIVED,
        why=why,
        event_ids=(assumed.event_id,) if assumed.event_id else (),
    )


def _overridden(
    event: Event, account: str | None, overrides: Mapping[str, Arn]
) -> Principal | None:
    arn = overrides.get(event.user_name or "")
    if arn is None or account not in (None, arn.account):
        return None
    kind = kind_of(arn)
    return _principal(
        event,
        kind,
        Evidence.GIVEN,
        "the caller of the audit gave the ARN for this name",
        arn=str(arn),
        session=kind is not PrincipalKind.USER,
    )


def _without_user_name(event: Event) -> Principal | None:
    if event.user_name == callers.HIDDEN_USER:
        return _principal(
            event, PrincipalKind.UNKNOWN, Evidence.UNKNOWN, "CloudTrail hid the name for security"
        )
    if event.user_name:
        return None
    typed = event.identity is not None and event.identity.type is not None
    if callers.service_behind(event.source_ip) and not typed:
        return _principal(
            event,
            PrincipalKind.SERVICE,
            Evidence.INFERRED,
            "no User name, and a service as Source IP address: an AWS service on its own behalf",
        )
    return _principal(
        event,
        PrincipalKind.UNKNOWN,
        Evidence.UNKNOWN,
        "no User name: a caller from another account, or one that the export does not name",
    )


def _root(event: Event, account: str | None) -> Principal | None:
    if event.user_name != callers.ROOT_USER:
        return None
    partition = partition_of(event.region)
    return _principal(
        event,
        PrincipalKind.ROOT,
        Evidence.INFERRED,
        "the console shows the root user under this name; an IAM user of this name looks the same",
        arn=f"arn:{partition}:iam::{account}:root" if partition and account else None,
    )


def _place_of(other: Event, event: Event) -> str:
    """Return where another event is, as the end of a text in parentheses.

    A redacted report keeps no file name, so the Event ID says which event of another input it is.
    """
    if other.file == event.file:
        return f"; line {other.line}" if other.line else ""
    line = f"line {other.line} of " if other.line else ""
    return f"; {line}another input" + (f", event {other.event_id}" if other.event_id else "")


def _user(event: Event, account: str | None, evidence_index: EvidenceIndex) -> Principal | None:
    assert event.user_name is not None
    if key_kind(event.access_key) == "long_term":
        proof, where = event, "the row carries a long-term access key (AKIA)"
    else:
        other = evidence_index.long_term_key_row(event.user_name, account)
        if other is None or callers.is_instance_id(event.user_name):
            return None
        proof = other
        where = (
            "another row of the same name and account carries a long-term access key "
            f"(AKIA{_place_of(other, event)})"
        )
    named = evidence_index.users.of(event.user_name, account)
    if named is not None:
        return _principal(
            event,
            PrincipalKind.USER,
            Evidence.INFERRED,
            f"{where}, so the caller is an IAM user; an event of IAM names the user's ARN",
            arn=str(named.arn),
            proof=named.event,
        )
    partition = partition_of(event.region)
    known = bool(partition and account and is_iam_name(event.user_name))
    return _principal(
        event,
        PrincipalKind.USER,
        Evidence.INFERRED,
        _why_a_user(where, known),
        arn=f"arn:{partition}:iam::{account}:user/{event.user_name}" if known else None,
        proof=proof,
    )


@lru_cache(maxsize=100)  # so that the users share the text
def _why_a_user(where: str, known: bool) -> str:
    arn = (
        "this ARN assumes that the user has no IAM path"
        if known
        else "the ARN is unknown, because account, Region or name is unknown or invalid"
    )
    return f"{where}, so the caller is an IAM user; {arn}"


def _named_by_iam(
    event: Event, account: str | None, evidence_index: EvidenceIndex
) -> Principal | None:
    """Return the IAM user with the caller's name, if an event of IAM has its ARN."""
    named = evidence_index.users.of(event.user_name, account)
    if named is None or callers.is_instance_id(event.user_name):
        return None
    where = " in the same account" if account and not is_elected(event, account) else ""
    return _principal(
        event,
        PrincipalKind.USER,
        Evidence.INFERRED,
        f"an event of IAM names an IAM user of the same name{where}",
        arn=str(named.arn),
        proof=named.event,
    )


def _auto_scaling(event: Event, account: str | None) -> Principal | None:
    from_client = event.source_ip is not None and not callers.service_behind(event.source_ip)
    if event.user_name != callers.AUTO_SCALING_SESSION or (event.access_key and from_client):
        return None
    partition = partition_of(event.region)
    arn = callers.auto_scaling_role_arn(partition, account) if partition and account else None
    return _principal(
        event,
        PrincipalKind.SERVICE_LINKED_ROLE,
        Evidence.INFERRED,
        "EC2 Auto Scaling's service-linked role calls under this session name"
        + (
            "; a role with a custom suffix uses it too" if arn else "; account or Region is unknown"
        ),
        arn=arn,
        session=True,
    )


def _instance(event: Event) -> Principal | None:
    if not callers.is_instance_id(event.user_name):
        return None
    return _principal(
        event,
        PrincipalKind.INSTANCE_ROLE,
        Evidence.INFERRED,
        "a session named after an instance belongs to the role of its instance profile; the "
        "export does not name the role",
        session=True,
    )


def _session_or_user(event: Event) -> Principal:
    if key_kind(event.access_key) == "temporary":
        why = (
            "a temporary access key (ASIA) belongs to a role session, or to a user's console or "
            "forwarded call; the row does not show which"
        )
    else:
        why = "the row carries no access key, and its name may be a user's or a session's"
    return _principal(event, PrincipalKind.USER_OR_ROLE_SESSION, Evidence.UNKNOWN, why)


def _principal(
    event: Event,
    kind: PrincipalKind,
    evidence: Evidence,
    why: str,
    *,
    arn: str | None = None,
    session: bool = False,
    proof: Event | None = None,
) -> Principal:
    event_id = (proof or event).event_id
    return Principal(
        arn=arn,
        kind=kind,
        user_name=event.user_name,
        session_name=event.user_name if session else None,
        evidence=evidence,
        why=why,
        event_ids=(event_id,) if event_id else (),
    )
