"""Hostile values: each is of a kind that broke something once, or that breaks other programs."""

from __future__ import annotations

import random

from tests.output_checks import MARKER

INJECTIONS = (
    "\x1b[2J\x1b]0;qzx\x07", "\u202eqzx\u2066", "\u200b\ud800\ufeff", "\n", "=qzx()", "@qzx",
    "<qzx onqzx=1>", "qzx'; touch qzx; '", "$(touch qzx)", "${qzx}", "[qzx](javascript:qzx)",
    "| qzx |", "```\nqzx", "&#" + "9" * 5000 + ";", "\\" * 3000, "${" * 3000, "[" * 2000,
)  # fmt: skip
TEXTS = (
    "", " ", "\n", "\r\n", "\t", "\0", "\x1b[2J\x1b]0;qzx\x07", "\x9b31m", "\x85", "\u2028",
    "\u202eqzx\u2066", "\u200b\u200d\ufeff", "\u3164\u115f\u2800", "\ud800", "\udcff\udc80",
    "\U000e0041", "e\u0301" * 20, "qzx'; touch qzx; '", "$(touch qzx)", "`touch qzx`", "qzx\\",
    "${qzx}", "%{ for qzx }", '${file("/etc/qzx")}', "{{qzx}}", "<qzx onqzx=1>", "</script><qzx>",
    "<!-- qzx", "]]>", "\"'><img src=qzx onerror=qzx>", "&#60;qzx&#62;", "[qzx](javascript:qzx)",
    "![qzx](qzx)", "| qzx | qzx |", "```\nqzx", "    qzx", "# qzx", "- qzx", "1. qzx", "***qzx***",
    "<https://qzx>", "=qzx()", "+qzx", "-qzx", "@qzx", "=cmd|'/C qzx'!A0", "--qzx", "-o", "*", "?",
    "None", "NA", "null", "true", "0", "-1", "1e999", "NaN", "Infinity", "1" * 5000,
    "1" + "0" * 400 + ".0", "1." + "1" * 28 + "E+11", "1.11122E+11", "9" * 40, "\\" * 3000,
    "&#" + "9" * 5000 + ";", "&#x" + "f" * 3000 + ";", "&amp;" * 1000, "${" * 3000, "${a" * 500,
    "*a" * 500, "[" * 2000, '{"a":' * 1500, "]" * 100, "x" * 70_000, "é" * 3000, "/" * 1000,
    "../../qzx", "/dev/zero", "C:\\qzx", "a" * 300, "arn:aws:iam::111122223333:user/qzx",
    "arn:aws:iam::111122223333:role/qzx;touch", "arn:aws:kms:us-east-1:111122223333:key/qzx",
    "arn:aws:kms:$(qzx):111122223333:key/qzx", "arn:aws:iam::111122223333:root", "arn:::::",
    "arn:aws:sts::111122223333:assumed-role/qzx/qzx", "alias/qzx", "alias/aws/ebs", "AKIAQZX",
    "us-east-1; touch qzx", "us-qzx-1", "2026-05-18T07:00:34Z", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "18/05/2026", "i-0123456789abcdef0", "111122223333",
    "AccessDenied", "kms.amazonaws.com", "CreateGrant", "qzx.amazonaws.com",
)  # fmt: skip
VALUES: tuple[object, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 10**400, [], {}, [[]], [None], {"": ""}, {"a": {"b": []}},
    {"AWS": "*"}, {"AWS": []}, {"AWS": ["*", 5, None]}, {"qzx": "qzx"}, ["qzx"], [{"qzx": []}],
)  # fmt: skip


def text(rng: random.Random) -> str:
    """Return a text: a hostile one, several of them, or characters at random."""
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(INJECTIONS)
    if kind < 0.6:
        return rng.choice(TEXTS)
    if kind < 0.8:
        return rng.choice(TEXTS)[:200] + MARKER + rng.choice(TEXTS)[:200]
    length = rng.randint(0, 30)
    return "".join(
        chr(rng.choice((rng.randrange(256), rng.randrange(0x3000)))) for _ in range(length)
    )


def value(rng: random.Random, depth: int = 0) -> object:
    """Return a JSON value of any type."""
    kind = rng.random()
    if kind < 0.5:
        return text(rng)
    if kind < 0.8 or depth > 3:
        return rng.choice(VALUES)
    if kind < 0.9:
        return [value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return {text(rng)[:50]: value(rng, depth + 1) for _ in range(rng.randint(0, 3))}


def nested(rng: random.Random) -> object:
    """Return a value inside very many lists or objects."""
    made: object = text(rng)
    for _ in range(rng.choice((5, 40, 600, 900))):
        made = [made] if rng.random() < 0.5 else {"a": made}
    return made
