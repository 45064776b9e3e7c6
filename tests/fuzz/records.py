"""CloudTrail records: fields of any type, values that are too long or too deep, damaged JSON."""

from __future__ import annotations

import io
import json
import random
from dataclasses import dataclass

import ebs_kms_audit
from tests.fuzz.checks import denied_names, report_or_error
from tests.fuzz.generator import Generator
from tests.fuzz.values import INJECTIONS, nested, text, value
from tests.records import ACCOUNT, record, session

_FORGED = json.dumps(
    record(
        userIdentity={
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/forged",
            "accountId": ACCOUNT,
            "userName": "forged",
        },
        eventID="forged",
    )
)


@dataclass(frozen=True, slots=True)
class Log:
    """The text of a log, and the sessions that must be found in it; none where it is damaged."""

    content: str
    sentinels: frozenset[str]


def _log(rng: random.Random) -> Log:
    texts = []
    sentinels = set()
    for number in range(rng.randint(1, 5)):
        name = f"sentinel-{number}"
        made = record(userIdentity=session(name=name), eventID=f"event-{number}")
        if number and rng.random() < 0.8:
            texts.append(_hostile(rng, made))
        else:
            sentinels.add(name)
            texts.append(json.dumps(made))
    content = '{"Records":[' + ",".join(texts) + "]}"
    if rng.random() < 0.15:
        at = rng.randrange(len(content))
        content = content[:at] + rng.choice(("", text(rng)[:20], "}", "]", '"')) + content[at + 1 :]
        sentinels = set()
    return Log(content, frozenset(sentinels))


def _hostile(rng: random.Random, made: dict[str, object]) -> str:
    kind = rng.random()
    if kind < 0.2:  # a value that no JSON reader takes, with a record inside
        bad = rng.choice(("1" * 4301, "-" + "9" * 5000, '{"a":' * 1200 + _FORGED + "}" * 1200,
                          "[" * 1100 + _FORGED + "]" * 1100))  # fmt: skip
        body = json.dumps(made)[:-1]
        return f'{body},"requestParameters":{{"x":{bad},"records":[{_FORGED}]}}}}'
    for _ in range(rng.randint(1, 3)):
        name = rng.choice([*made, "resources", "additionalEventData", "requestParameters"])
        made[name] = nested(rng) if rng.random() < 0.1 else value(rng)
    if rng.random() < 0.2:
        made["userIdentity"] = session(name=rng.choice(INJECTIONS)[:64])
    elif rng.random() < 0.3:
        identity = dict(session())
        identity[rng.choice(list(identity))] = value(rng)
        made["userIdentity"] = identity
    if rng.random() < 0.4:
        made["errorMessage"] = text(rng) + str(made.get("errorMessage")) + text(rng)
    return json.dumps(made)


def _check(made: Log) -> None:
    stream = io.BytesIO(made.content.encode("utf-8", "surrogatepass"))
    report = report_or_error(lambda: ebs_kms_audit.audit(records=stream, progress=False))
    if report is None:
        assert not made.sentinels, "a log with whole records was not read"
        return
    names = {finding.principal.session_name for finding in report.findings}
    names |= {d.principal.session_name for f in report.findings for d in f.denials}
    assert made.sentinels <= names, made.sentinels - names
    assert "forged" not in denied_names(report)


GENERATORS = [Generator(name="records", make=_log, check=_check, count=60)]
