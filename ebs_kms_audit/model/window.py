"""A span of time that an audit looks at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A span of time in UTC.

    start  the first moment
    end    the last moment, included
    """

    start: datetime
    end: datetime

    def holds(self, time: datetime | None) -> bool:
        """Return whether a time is in the window. A time without a zone is always in the window."""
        if time is None or time.tzinfo is None:
            return True
        return self.start <= time <= self.end
