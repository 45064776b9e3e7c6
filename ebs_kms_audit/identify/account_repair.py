"""Repairs account ids that a spreadsheet damaged, from the access keys and ARNs of the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ebs_kms_audit.aws.access_keys import account_of, key_kind
from ebs_kms_audit.aws.arns import owner_of
from ebs_kms_audit.aws.relevance import is_relevant
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports.cells import fits_damaged

_KEYS_KEPT = 10_000


class _FileVotes:
    """How often the rows of one file show each account id.

    Access keys are decoded only when the file has a damaged id. Most files have none.
    """

    def __init__(self) -> None:
        self.accounts: Counter[str] = Counter()
        self.temporary_keys: Counter[str] = Counter()
        self.long_term_keys: set[str] = set()
        self.repaired: dict[str, str | None] = {}

    def add_key(self, access_key: str) -> None:
        if key_kind(access_key) == "long_term":
            self.long_term_keys.add(access_key)
        elif len(access_key) < 200:
            self.temporary_keys[access_key] += 1
            if len(self.temporary_keys) > _KEYS_KEPT:
                self.decode()

    def decode(self) -> None:
        for access_key, count in self.temporary_keys.items():
            if owner := account_of(access_key):
                self.accounts[owner] += count
        self.temporary_keys.clear()

    def merge(self, other: _FileVotes) -> None:
        self.accounts.update(other.accounts)
        self.temporary_keys.update(other.temporary_keys)
        self.long_term_keys |= other.long_term_keys

    def account(self, cell: str) -> str | None:
        self.decode()
        votes = self.accounts.copy()
        votes.update(filter(None, map(account_of, self.long_term_keys)))
        matching = Counter({one: votes[one] for one in votes if fits_damaged(one, cell)})
        if not matching:
            return None
        account, count = matching.most_common(1)[0]
        return account if 2 * count > matching.total() else None


class AccountVotes:
    """Collects, per file, the account ids that access keys and ARNs show.

    Each event that an audit needs adds one vote for each account id that it shows. A long-term
    access key adds one vote in total. Add all events before calling `account`. Of a large export,
    not all events are added: if it has damaged ids, its votes are counted again.
    """

    def __init__(self) -> None:
        self._files: dict[str, _FileVotes] = {}

    def add(self, event: Event) -> None:
        """Add the votes of an event."""
        votes = self._files.get(event.file)
        if votes is None:
            votes = self._files[event.file] = _FileVotes()
        if event.access_key:
            votes.add_key(event.access_key)
        if not event.resources or not is_relevant(event.source, event.name):
            return
        for resource in event.resources:
            if owner := owner_of(resource.name):
                votes.accounts[owner] += 1

    def count_again(self, file: str, events: Iterable[Event]) -> None:
        """Replace the votes of a file with the votes of these events."""
        self._files[file] = _FileVotes()
        for event in events:
            self.add(event)

    def merge(self, other: AccountVotes) -> None:
        """Add the votes of another collector."""
        for file, votes in other._files.items():
            self._files.setdefault(file, _FileVotes()).merge(votes)

    def account(self, event: Event) -> str | None:
        """Return the account id of an event, repaired if it is damaged; None if it is not certain.

        The account that owns the event's access key is used first. Otherwise, an account that
        matches the damaged cell is used if it has more than half of the file's votes for all
        matching accounts.
        """
        cell = event.account_cell
        if event.account or not cell:
            return event.account
        owner = account_of(event.access_key)
        if owner and fits_damaged(owner, cell):
            return owner
        votes = self._files.setdefault(event.file, _FileVotes())
        if cell not in votes.repaired:
            votes.repaired[cell] = votes.account(cell)
        return votes.repaired[cell]
