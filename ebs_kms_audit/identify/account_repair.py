"""Account ids that a spreadsheet damaged: repaired from the access keys and ARNs of the file."""

from __future__ import annotations

from collections import Counter, defaultdict

from ebs_kms_audit.aws.access_keys import account_of, key_kind
from ebs_kms_audit.aws.arns import Arn, is_account_id
from ebs_kms_audit.aws.relevance import matters
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports.cells import fits_damaged


class AccountVotes:
    """Collects, per file, the account ids that access keys and ARNs show.

    Each row that matters votes, and each long-term key once: of its other rows not all are read.
    """

    def __init__(self) -> None:
        self._votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._long_term_keys: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, event: Event) -> None:
        """Let a row vote for the accounts it shows."""
        if event.access_key and key_kind(event.access_key) == "long_term":
            self._long_term_keys[event.file].add(event.access_key)
        elif owner := account_of(event.access_key):
            self._votes[event.file][owner] += 1
        if not matters(event.source, event.name):
            return
        for resource in event.resources or ():
            arn = Arn.parse(resource.name)
            if arn and is_account_id(arn.account):
                self._votes[event.file][arn.account] += 1

    def merge(self, other: AccountVotes) -> None:
        """Add the votes that another one collected."""
        for file, votes in other._votes.items():
            self._votes[file].update(votes)
        for file, keys in other._long_term_keys.items():
            self._long_term_keys[file] |= keys

    def account(self, event: Event) -> str | None:
        """Return the account id of a row, repaired if it is damaged; None if it is unknown.

        A damaged id is repaired by the owner of the row's own access key, else by the account that
        more than half of the file's votes name, of those that round to what the cell shows.
        """
        cell = event.account_cell
        if event.account or not cell:
            return event.account
        owner = account_of(event.access_key)
        if owner and fits_damaged(owner, cell):
            return owner
        votes = self._votes[event.file].copy()
        votes.update(filter(None, map(account_of, self._long_term_keys[event.file])))
        fitting = Counter({one: votes[one] for one in votes if fits_damaged(one, cell)})
        if not fitting:
            return None
        account, for_it = fitting.most_common(1)[0]
        return account if 2 * for_it > fitting.total() else None
