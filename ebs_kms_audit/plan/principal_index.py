"""A key policy reduced to what can name one principal, so that many principals are judged quickly.

A statement with a thousand principals is searched once for all of them, not once for each.
"""

from __future__ import annotations

from dataclasses import replace

from ebs_kms_audit.policy import KeyPolicy, PolicyPrincipal, PrincipalForm, Statement
from ebs_kms_audit.policy.actions import action_matches

_BY_NAME = frozenset({PrincipalForm.USER, PrincipalForm.ROLE, PrincipalForm.ROLE_SESSION})


class PrincipalIndex:
    """A key policy, and for each of its statements the entries by account and name."""

    def __init__(self, policy: KeyPolicy) -> None:
        self.policy = policy
        self._statements = [_Entries(statement) for statement in policy.statements]

    def reduced(self, arn: str | None) -> KeyPolicy:
        """Return the policy without the entries that surely do not name the principal.

        `arn` is a user, a role or an account; with None nothing is left out. Each decision on the
        principal is the same as by the whole policy.
        """
        name = _account_and_name(arn)
        if name is None:
            return self.policy
        statements = [found for one in self._statements if (found := one.reduced(name))]
        return replace(self.policy, statements=tuple(statements))


class _Entries:
    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.always: list[PolicyPrincipal] = []
        self.by_name: dict[tuple[str, str], list[PolicyPrincipal]] = {}
        principals = statement.principals
        # A statement for kms:PutKeyPolicy also shows the account of the key: it is kept whole.
        self.whole = (
            principals is None
            or principals.negated
            or (statement.actions and action_matches(statement.actions, "kms:PutKeyPolicy"))
        )
        for entry in principals.entries if principals else ():
            if entry.form in _BY_NAME and (name := _account_and_name(entry.text)):
                self.by_name.setdefault(name, []).append(entry)
            else:
                self.always.append(entry)

    def reduced(self, name: tuple[str, str]) -> Statement | None:
        if self.whole or self.statement.principals is None:
            return self.statement
        entries = (*self.always, *self.by_name.get(name, ()))
        if not entries:
            return None
        principals = replace(self.statement.principals, entries=entries)
        return replace(self.statement, principals=principals, document=None)


def _account_and_name(arn: str | None) -> tuple[str, str] | None:
    """Return the account and the name of a user, a role, or the role of a session."""
    parts = (arn or "").split(":", 5)
    if len(parts) < 6:
        return None
    kind, *path = parts[5].split("/")
    if kind == "root":
        return parts[4], ""
    if kind not in ("user", "role", "assumed-role") or not path:
        return None
    return parts[4], path[0] if kind == "assumed-role" else path[-1]
