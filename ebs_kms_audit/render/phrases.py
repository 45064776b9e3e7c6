"""Words and short phrases that several formats share: numbers, times, names, evidence.

Nothing here is escaped: each format escapes a text where the text enters its output.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.ebs_operations import ec2_error_meaning
from ebs_kms_audit.model import PrincipalKind
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.model import Denial, Denials, Event, KeyRef, OtherError, Principal, SetAside

ROWS_LISTED = 20  # rows set aside, other errors and the like: the JSON has all of them

_KINDS = {
    PrincipalKind.USER: "IAM user",
    PrincipalKind.ROLE: "IAM role",
    PrincipalKind.SERVICE_LINKED_ROLE: "service-linked role",
    PrincipalKind.INSTANCE_ROLE: "role of an instance",
    PrincipalKind.INFRASTRUCTURE: "EC2 infrastructure",
    PrincipalKind.FEDERATED_USER: "federated user",
    PrincipalKind.ACCOUNT: "another account",
    PrincipalKind.ROOT: "root user",
    PrincipalKind.SERVICE: "AWS service",
    PrincipalKind.USER_OR_ROLE_SESSION: "user or role session",
    PrincipalKind.UNKNOWN: "unknown caller",
}
_DONE = {
    "PutKeyPolicy": "changed the key policy",
    "DisableKey": "disabled the key",
    "EnableKey": "enabled the key",
    "ScheduleKeyDeletion": "scheduled the deletion of the key",
    "CancelKeyDeletion": "canceled the deletion of the key",
    "DeleteImportedKeyMaterial": "deleted the imported key material of the key",
    "DeleteExpiredKeyMaterial": "deleted the expired key material of the key",
    "ImportKeyMaterial": "imported key material of the key",
    "DeleteKey": "deleted the key",
    "CreateGrant": "created a grant",
    "RevokeGrant": "revoked a grant",
    "RetireGrant": "retired a grant",
}


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 denial`, `2 denials`, `8,888 denials`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(items: Iterable[str], *, most: int = 8) -> str:
    """Return `a, b and c`; of more than `most` items the first ones and how many follow."""
    shown = list(items)
    if len(shown) > most:
        return f"{', '.join(shown[:most])} and {len(shown) - most:,} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def sentence(text: str) -> str:
    """Return the text with a full stop at its end."""
    text = text.strip()
    return f"{text}." if text and text[-1] not in ".?!:" else text


def sentences(texts: Iterable[str]) -> str:
    """Return the texts one after the other, each as a sentence."""
    return " ".join(sentence(text) for text in texts if text.strip())


# Times


def time(moment: datetime | None) -> str:
    """Return `2026-05-18 07:00:00 UTC`; without `UTC` if the time zone is unknown."""
    if moment is None:
        return "at an unknown time"
    return f"{moment:%Y-%m-%d %H:%M:%S}{' UTC' if moment.tzinfo else ''}"


def clock(moment: datetime | None, day: datetime | None) -> str:
    """Return the time of day if the moment is on the same day as `day`, else date and time."""
    if moment is None:
        return "unknown"
    return f"{moment:%H:%M:%S}" if day and moment.date() == day.date() else time(moment)


def short_time(moment: datetime | None, others: Iterable[datetime]) -> str:
    """Return the time of day, with month and day where others are of other days.

    The year is added where others are of other years. The time zone is not named.
    """
    if moment is None:
        return "unknown"
    dates = {moment.date(), *(other.date() for other in others)}
    if len(dates) == 1:
        return f"{moment:%H:%M:%S}"
    several_years = len({date.year for date in dates}) > 1
    return f"{moment:%Y-%m-%d %H:%M:%S}" if several_years else f"{moment:%m-%d %H:%M:%S}"


def span(first: datetime | None, last: datetime | None) -> str:
    """Return a span of time, with the date once; of one time in UTC, the other is marked."""
    if first is None or last is None or first == last:
        return time(first or last)
    if bool(first.tzinfo) != bool(last.tzinfo):
        ends = (time(one) + ("" if one.tzinfo else " (time zone unknown)") for one in (first, last))
        return " – ".join(ends)
    if first.date() == last.date():
        return f"{first:%Y-%m-%d %H:%M:%S}–{time(last).partition(' ')[2]}"
    return f"{time(first)} – {time(last)}"


def unknown_zone(first: datetime | None, last: datetime | None) -> str:
    """Return what to add to a span where no other text says that its time zone is unknown."""
    known = [moment.tzinfo for moment in (first, last) if moment]
    return ", time zone unknown" if known and not any(known) else ""


def before(moment: datetime, later: datetime) -> str:
    """Return `5 minutes`, `3 hours`, `2 days`: how long before `later` a moment was."""
    seconds = int((_naive(later) - _naive(moment)).total_seconds())
    for size, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return count(seconds // size, noun)
    return count(seconds, "second")


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


# Callers and keys


def kind(principal: Principal) -> str:
    """Return which kind of caller it is."""
    return _KINDS[principal.kind]


def name(finding: Finding) -> str:
    """Return the caller's name in the log."""
    return finding.principal.user_name or "(no name)"


def who(finding: Finding) -> str:
    """Return the caller's name in the log and which kind of caller it is."""
    return f"{name(finding)} ({kind(finding.principal)})"


def key_name(key: KeyRef) -> str:
    """Return the shortest text that identifies the key."""
    return key.id or key.alias or key.arn or "unknown key"


def key_arn(key: KeyRef) -> str:
    """Return the longest text that identifies the key."""
    return key.arn or key.id or key.alias or "unknown"


def place(region: str | None, account: str | None) -> str:
    """Return `us-east-1, account 111122223333`."""
    return f"{region or 'unknown Region'}, account {account or 'unknown'}"


def actions(denial: Denial) -> tuple[str, ...]:
    """Return the IAM actions of a denied call; its event name if the action is not known."""
    return denial.iam_actions or (denial.event.name,)


def short_action(action: str) -> str:
    """Return an action without its service prefix."""
    return action.removeprefix("kms:")


def times_denied(parts: Iterable[Denials]) -> dict[str, int]:
    """Return how often each action was denied, the most frequent first."""
    times: dict[str, int] = {}
    for denials in parts:
        for kind, count in zip(denials.kinds, denials.counts, strict=True):
            for action in actions(kind):
                times[action] = times.get(action, 0) + count
    return dict(sorted(times.items(), key=lambda one: one[1], reverse=True))


def through(denial: Denial) -> str:
    """Return which AWS service called KMS for the caller, or that the caller did so directly."""
    if denial.via_service:
        return f"through {denial.via_service}"
    return (
        "called directly" if denial.via_known else "the export does not show through which service"
    )


# Events


def happening(event: Event) -> str:
    """Return `carol changed the key policy (PutKeyPolicy, 2026-05-18 06:50:00 UTC)`."""
    caller = event.user_name or "An unknown caller"
    done = _DONE.get(event.name, f"called {event.name}")
    outcome = f", which failed with {event.error_code}" if event.error_code else ""
    return f"{caller} {done} ({event.name}, {time(event.time)}){outcome}"


def attempt(event: Event) -> str:
    """Return who called EC2, and whether EC2 accepted the call."""
    caller = event.user_name or "An unknown caller"
    if not event.error_code:
        return f"{caller} called {event.name}; EC2 accepted the call"
    meaning = ec2_error_meaning(event.error_code)
    return f"{caller} called {event.name}: {event.error_code}" + (
        f" ({meaning})" if meaning else ""
    )


def other_error(*errors: OtherError) -> str:
    """Return one sentence on KMS calls that failed with one code, which is not a denial."""
    times = [time for one in errors for time in (one.first_seen, one.last_seen) if time is not None]
    when = span(min(times, key=order_of, default=None), max(times, key=order_of, default=None))
    names = listed(dict.fromkeys(one.event_name for one in errors), most=3)
    calls = count(sum(one.count for one in errors), "call")
    return f"{names} failed with {errors[0].error_code} ({calls}, {when}): {errors[0].meaning}"


def location(row: Event | SetAside) -> str:
    """Return the file name and the line; the line is not known where a cluster read the file."""
    return f"{_file(row.file)} {_unit(row)} {row.line}" if row.line else _file(row.file)


def locations(denials: Iterable[Denial], *, most: int = 3) -> str:
    """Return where the first denials are: `export.csv lines 42, 39`."""
    events = [denial.event for denial in denials]
    places: dict[str, list[str]] = {}
    for event in events[:most]:
        place = f"{_file(event.file)} {_unit(event)}s" if event.line else _file(event.file)
        places.setdefault(place, []).extend([f"{event.line}"] if event.line else [])
    texts = [
        " ".join(filter(None, (place[:-1] if len(lines) == 1 else place, ", ".join(lines))))
        for place, lines in places.items()
    ]
    more = f" and {len(events) - most:,} more" if len(events) > most else ""
    return ", ".join(texts) + more


def _file(path: str) -> str:
    return os.path.basename(path.rstrip("/")) or path  # noqa: PTH119 - pathlib is slow to import


def _unit(row: Event | SetAside) -> str:
    has_record = getattr(row, "identity", None) and not getattr(row, "record", None)
    return "record" if has_record else "line"


def shared_name(denial: Denial) -> str:
    """Return one sentence on a denied row that can be another service's."""
    event = denial.event
    return f"{event.name} by {event.user_name or '(no name)'}, {location(event)}"


def set_aside(row: SetAside) -> str:
    """Return one sentence on a row that could not be read."""
    return f"{location(row)}: {row.reason}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean …?` with the nearest known word; empty text if none is near."""
    from difflib import get_close_matches  # slow to import, and only errors need it

    nearest = get_close_matches(word.lower(), list(known), n=1)
    return f" Did you mean {nearest[0]}?" if nearest else ""
