"""Repairs account ids that a spreadsheet damaged, from the access keys and ARNs of the file."""

from __future__ import annotations

from collections import Counter

from ebs_kms_audit.aws.access_keys import account_of
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports.cells import fits_damaged
from ebs_kms_audit.reading.shown_accounts import ShownAccounts


def is_elected(event: Event, account: str | None) -> bool:
    """Return whether only other rows show the account of an event: another one can fit its cell."""
    cell = event.account_cell
    lost_digits = account is not None and cell is not None and not cell.isdecimal()
    return lost_digits and account != account_of(event.access_key)


class AccountVotes:
    """Collects, per file, how often its rows show each account id: the votes for the account.

    Add all events before calling `account`. Of a large export, not all events are added: if it has
    damaged ids, its reader counts all rows, and `replace` takes their votes.
    """

    def __init__(self) -> None:
        self._files: dict[str, ShownAccounts] = {}
        self._elected: dict[tuple[str, str], str | None] = {}

    def add(self, event: Event) -> None:
        """Add the votes of an event."""
        votes = self._files.get(event.file)
        if votes is None:
            votes = self._files[event.file] = ShownAccounts()
        votes.add(event)

    def replace(self, file: str, votes: ShownAccounts) -> None:
        """Replace the votes of a file."""
        self._files[file] = votes

    def merge(self, other: AccountVotes) -> None:
        """Add the votes of another collector."""
        for file, votes in other._files.items():
            self._files.setdefault(file, ShownAccounts()).merge(votes)

    def account(self, event: Event) -> str | None:
        """Return the account id of an event, repaired if it is damaged; None if it is not certain.

        The account that owns the event's access key is used first. Otherwise, an account that
        matches the damaged cell is used if it has more than half of the file's votes for all
        matching accounts.
        """
        cell = event.account_cell
        if event.account or not cell:
            return event.account
        return self.of_cell(event.file, cell, event.access_key)

    def of_cell(self, file: str, cell: str, access_key: str | None) -> str | None:
        """Return the account id of an event with a damaged cell, as in `account`."""
        owner = account_of(access_key)
        if owner and fits_damaged(owner, cell):
            return owner
        return self.elected(file, cell)

    def elected(self, file: str, cell: str) -> str | None:
        """Return the account with more than half of the votes for accounts that match a cell."""
        at = file, cell
        if at not in self._elected:
            votes = self._files[file].counts() if file in self._files else Counter()
            matching = Counter({one: votes[one] for one in votes if fits_damaged(one, cell)})
            (account, count), *_ = [*matching.most_common(1), (None, 0)]
            self._elected[at] = account if 2 * count > matching.total() else None
        return self._elected[at]
