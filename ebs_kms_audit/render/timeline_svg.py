"""The timeline as inline SVG: a lane for each caller; marks differ by shape and by colour."""

from __future__ import annotations

from collections.abc import Iterator

from ebs_kms_audit.reading.timestamps import order_of
from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.markup import Markup, element, together
from ebs_kms_audit.render.timeline import Mark, TimelineEvent, span_text

_WIDTH, _LEFT, _RIGHT = 880, 190, 24
_TOP, _LANE = 30, 38
_ABOVE = {Mark.EC2_CALL: 9}  # the EC2 call and the KMS call that it caused have the same time
_NAME = 24  # characters of a lane's name
_SHAPES = {
    Mark.DENIAL: ("ekms-denial", "M-5,-5 L5,5 M-5,5 L5,-5"),
    Mark.EC2_CALL: ("ekms-call", "M-5,-5 H5 V5 H-5 Z"),
    Mark.CHANGE: ("ekms-change", "M0,-6 L6,5 L-6,5 Z"),
    Mark.SUCCESS: ("ekms-success", "M0,-6 A6,6 0 1 1 -0.01,-6 Z"),
}


def svg(events: tuple[TimelineEvent, ...]) -> Markup:
    """Return the timeline of at least one event."""
    lanes = list(dict.fromkeys(event.lane for event in events))
    height = _TOP + _LANE * len(lanes) + 34
    title = f"Timeline, {span_text(events)}"
    return element(
        "svg",
        element("title", title),
        element("desc", _description(events, lanes)),
        *_axis(events, height),
        *(part for number, lane in enumerate(lanes) for part in _lane(lane, number)),
        *(_mark(event, lanes.index(event.lane), events) for event in events),
        css="ekms-timeline",
        viewBox=f"0 0 {_WIDTH} {height}",
        role="img",
    )


def legend() -> Markup:
    """Return which shape is what."""
    items = (
        element(
            "li",
            element("svg", _path(mark), css="ekms-key", viewBox="-8 -8 16 16", aria_hidden="true"),
            f" {mark}",
        )
        for mark in Mark
    )
    return element("ul", *items, css="ekms-legend")


def _description(events: tuple[TimelineEvent, ...], lanes: list[str]) -> str:
    counts = [
        phrases.count(number, str(mark))
        for mark in Mark
        if (number := sum(event.mark is mark for event in events))
    ]
    lines = phrases.count(len(lanes), "lane")
    return f"{lines}: {phrases.listed(counts)}. The table below holds the same events."


def _axis(events: tuple[TimelineEvent, ...], height: int) -> Iterator[Markup]:
    first, last = order_of(events[0].time), order_of(events[-1].time)
    bottom = str(height - 30)
    ticks = (0.0, 0.5, 1.0) if first != last else (0.5,)
    for share in ticks:
        moment = first + (last - first) * share
        x = f"{_LEFT + share * (_WIDTH - _LEFT - _RIGHT - 40) + 20:.1f}"
        yield element("line", css="ekms-grid", x1=x, x2=x, y1=str(_TOP - 12), y2=bottom)
        label = f"{moment:%H:%M:%S}" if first.date() == last.date() else f"{moment:%m-%d %H:%M}"
        yield element("text", label, css="ekms-tick", x=x, y=str(height - 10))


def _lane(name: str, number: int) -> Iterator[Markup]:
    y = _TOP + _LANE * number
    shown = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
    yield element("text", shown, css="ekms-lane", x="8", y=str(y + 4))
    end = str(_WIDTH - _RIGHT)
    yield element("line", css="ekms-line", x1=str(_LEFT), x2=end, y1=str(y), y2=str(y))


def _mark(event: TimelineEvent, lane: int, events: tuple[TimelineEvent, ...]) -> Markup:
    first, last = order_of(events[0].time), order_of(events[-1].time)
    whole = (last - first).total_seconds()
    share = (order_of(event.time) - first).total_seconds() / whole if whole else 0.5
    x = _LEFT + share * (_WIDTH - _LEFT - _RIGHT - 40) + 20
    title = element("title", f"{phrases.time(event.time)}: {event.mark}: {event.text}")
    place = f"translate({x:.1f},{_TOP + _LANE * lane - _ABOVE.get(event.mark, 0)})"
    return element("g", title, _path(event.mark), transform=place)


def _path(mark: Mark) -> Markup:
    css, shape = _SHAPES[mark]
    return together(element("path", css=css, d=shape))
