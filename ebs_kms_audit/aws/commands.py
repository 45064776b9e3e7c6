"""Shell commands as text. Each word is quoted: a word may come from a log or from a policy."""

from __future__ import annotations

import shlex


def command(*words: str) -> str:
    """Return one command line for a POSIX shell, each word quoted where it needs to be.

    >>> command("aws", "kms", "describe-key", "--key-id", "$(id)")
    "aws kms describe-key --key-id '$(id)'"
    """
    return " ".join(shlex.quote(word) for word in words)
