"""Shell commands as text. Each word is quoted: a word may come from a log or from a policy."""

from __future__ import annotations

import shlex
from functools import lru_cache

_quoted = lru_cache(maxsize=1_000)(shlex.quote)  # most words are the same in many commands


@lru_cache(maxsize=1_000)
def command(*words: str) -> str:
    """Return one command line for a POSIX shell, each word quoted where it needs to be.

    >>> command("aws", "kms", "describe-key", "--key-id", "$(id)")
    "aws kms describe-key --key-id '$(id)'"
    """
    return " ".join(_quoted(word) for word in words)
