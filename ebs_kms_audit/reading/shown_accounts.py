"""How often the rows of a file show each account id: by their access keys, and by ARNs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ebs_kms_audit.aws.access_keys import account_of, key_kind
from ebs_kms_audit.aws.arns import owner_of
from ebs_kms_audit.aws.relevance import is_relevant
from ebs_kms_audit.model import Event, Resource

_KEYS_KEPT = 10_000
_LONGEST_KEY = 200


class ShownAccounts:
    """Counts the account ids that the rows of one file show.

    Each relevant row counts once for its temporary access key, and once for each ARN under
    Resources. A long-term access key counts once, in whatever rows it is. Access keys are decoded
    only when the counts are asked for: most files have no damaged account id.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._temporary_keys: Counter[str] = Counter()
        self._long_term_keys: set[str] = set()

    def add(self, event: Event) -> None:
        """Count an event."""
        access_key, resources = event.access_key, event.resources
        if not access_key and not resources:
            return
        relevant = is_relevant(event.source, event.name)
        if access_key and key_kind(access_key) == "long_term":
            self._long_term_keys.add(access_key)
        elif access_key and relevant and len(access_key) < _LONGEST_KEY:
            self._temporary_keys[access_key] += 1
            if len(self._temporary_keys) > _KEYS_KEPT:
                self._decode()
        if relevant:
            self._counts.update(owners_of(resources or ()))

    def add_counts(self, counts: Mapping[str, int], long_term_keys: Iterable[str]) -> None:
        """Add what was counted elsewhere, of temporary access keys and ARNs."""
        self._counts.update(counts)
        self._long_term_keys.update(long_term_keys)

    def merge(self, other: ShownAccounts) -> None:
        """Add the rows that another one counted."""
        self._counts.update(other._counts)
        self._temporary_keys.update(other._temporary_keys)
        self._long_term_keys |= other._long_term_keys

    def counts(self) -> Counter[str]:
        """Return how often each account id is shown."""
        self._decode()
        found = self._counts.copy()
        found.update(filter(None, map(account_of, self._long_term_keys)))
        return found

    def _decode(self) -> None:
        for access_key, count in self._temporary_keys.items():
            if owner := account_of(access_key):
                self._counts[owner] += count
        self._temporary_keys.clear()


def owners_of(resources: Iterable[Resource]) -> list[str]:
    """Return the account ids in the ARNs of resources."""
    return [owner for resource in resources if (owner := owner_of(resource.name))]
