"""Replaces the text in values with stand-ins, as `fields` declares for each field.

The redactor replaces the facts before sentences are built from them, and again in the finished
report. A sentence can contain only the redacted facts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, cast

from ebs_kms_audit.diagnosis.judgement import Judgement
from ebs_kms_audit.model import Deferred, Denials, EventList
from ebs_kms_audit.plan.export import ExportsOf
from ebs_kms_audit.plan.key_policy import KeyPolicyChange
from ebs_kms_audit.plan.step import ExportTexts
from ebs_kms_audit.policy import Policy
from ebs_kms_audit.redaction.documents import redacted_json
from ebs_kms_audit.redaction.fields import FIELDS, Kind
from ebs_kms_audit.redaction.stand_ins import StandIns, readable

REMOVED = "(redacted)"
_LEAVES = (Enum, bool, int, float)

# The values in a sentence, by form, and then any word, because it can be a known value.
_IN_SENTENCES = re.compile(
    r"(?P<arn>\barn:aws[a-z-]*:[^\s\"'`<>,;)\]}]+)"
    r"|\b(?P<access_key>A(?:KIA|SIA|IDA|ROA|BIA|CCA)[A-Z0-9]{8,})\b"
    r"|\b(?P<any>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|mrk-[0-9a-f]{32}"
    r"|(?:vol|snap|ami|vpce?|subnet|eni|sg|lt|fleet)-[0-9a-f]{8,}|\d{12}|(?:[a-z]{2}|eusc-de)-(?:gov-|iso[a-z]?-)?[a-z]+-\d+)\b"
    r"|\b(?P<name>i-[0-9a-f]{8,17})\b"
    r"|\b(?P<address>\d{1,3}(?:\.\d{1,3}){3})\b"
    r"|\b(?P<word>[\w.-]{1,80}:[A-Za-z][^\s,;\"'`<>)\]}]*)"
    r"|(?P<known>[\w+=@./-]+)"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|“[^”]*”")


class Redactor:
    """Redacts values of the classes in `fields.FIELDS`, alone or in tuples."""

    def __init__(self) -> None:
        self._stand_ins = stand_ins = StandIns()
        self._file: tuple[str, str] = ("", "")  # the file of the present value
        self._write: Callable[[str], str] = str
        self._done: dict[int, tuple[Any, Any]] = {}  # the originals keep their ids
        self._sentences: dict[str, str] = {}
        self._by_kind: dict[Kind, Callable[[str], str | None]] = {
            Kind.PUBLIC: lambda text: text,
            Kind.VALUES: lambda _: REMOVED,
            Kind.TEXT: lambda _: None,
            Kind.ACCOUNT: stand_ins.account,
            Kind.REGION: stand_ins.region,
            Kind.NAME: stand_ins.name,
            Kind.PRINCIPAL: stand_ins.principal,
            Kind.ARN: stand_ins.arn,
            Kind.KEY: stand_ins.key,
            Kind.ALIAS: stand_ins.alias,
            Kind.ADDRESS: stand_ins.address,
            Kind.WORD: stand_ins.word,
            Kind.ANY: stand_ins.any,
            Kind.SID: stand_ins.sid,
            Kind.POLICY: self._document,
            Kind.SERVICE: stand_ins.service,
            Kind.SENTENCE: self._sentence,
            Kind.ERROR: self._error,
        }

    def redact(self, value: Any) -> Any:
        """Return a copy of a value with stand-ins."""
        return self._value(value, Kind.VALUES)

    def finish(self, value: Any) -> Any:
        """Redact a finished report, and write its stand-ins in a readable form (`account-1`)."""
        self._done.clear()
        self._sentences.clear()
        self._write = readable
        return self.redact(value)

    def _value(self, value: Any, kind: Kind) -> Any:
        if value is None or isinstance(value, _LEAVES):
            return value
        if isinstance(value, str):
            return self._text(value, kind)
        if isinstance(value, tuple) and not value:
            return value
        if isinstance(value, Policy):
            return type(value).from_dict(self._json(value.document))
        if is_dataclass(value) or hasattr(value, "_fields"):
            return self._declared(value)
        if isinstance(value, Mapping):
            if kind in (Kind.POLICY, Kind.TEXT):
                return self._json(value)
            return {name: self._value(one, kind) for name, one in value.items()}
        if isinstance(value, ExportsOf):
            made = ExportTexts(terraform=value.terraform, cloudformation=value.cloudformation)
            return self._declared(made)
        if isinstance(value, Denials):
            return Denials.of(self._value(one, kind) for one in value)
        if isinstance(value, EventList):
            return EventList.of(self._value(one, kind) for one in value)
        if isinstance(value, Deferred):
            value = tuple(value)
        if isinstance(value, (tuple, list)):
            return type(value)(self._value(one, kind) for one in value)
        return value  # a time

    def _declared(self, value: Any) -> Any:
        if id(value) in self._done:
            return self._done[id(value)][1]
        changed = {}
        for name, kind in _declaration(cast("Hashable", type(value))):
            old = getattr(value, name)
            new = self._value(old, kind)
            if kind is Kind.FILE:
                self._file = (old, new)
            if new is not old:
                changed[name] = new
        if isinstance(value, Judgement):
            changed["can_be_shown"] = False
        if isinstance(value, KeyPolicyChange):
            changed["redacted"] = True
        if not changed:
            made = value
        elif hasattr(value, "_replace"):
            made = value._replace(**changed)
        else:
            made = replace(value, **changed)
        self._done[id(value)] = (value, made)
        return made

    def _json(self, value: Any) -> Any:
        return _written(redacted_json(value, self._stand_ins), self._write)

    def _document(self, text: str) -> str:
        """Redact the JSON text of a policy."""
        try:
            return json.dumps(redacted_json(json.loads(text), self._stand_ins))
        except (ValueError, RecursionError):
            return REMOVED

    def _text(self, text: str, kind: Kind) -> str | None:
        give = self._by_kind.get(kind)
        made = give(text) if give else self._stand_ins.give(str(kind), text)
        return None if made is None else self._write(made)

    def _sentence(self, text: str) -> str:
        """Replace each known value, and each word with the form of a value."""
        if text not in self._sentences:
            self._sentences[text] = _IN_SENTENCES.sub(self._of_sentence, text)
        return self._sentences[text]

    def _of_sentence(self, found: re.Match[str]) -> str:
        text, kind = found[0], found.lastgroup
        known = self._stand_ins.known
        if kind == "known" or text in known:
            bare = text.rstrip(".")  # the end of a sentence
            return known.get(text) or known.get(bare, bare) + text[len(bare) :]
        if kind in ("arn", "word"):
            bare = text.rstrip(".:")
            return f"{self._text(bare, Kind(kind))}{text[len(bare) :]}"
        return self._text(text, Kind(str(kind).replace("_", "-"))) or REMOVED

    def _error(self, text: str) -> str:
        """Replace values, quoted texts, and texts with the form of a path."""
        if self._file[0]:
            text = text.replace(*self._file)
        text = self._sentence(_QUOTED.sub("“…”", text))
        return re.sub(r"[^\s:;,]+", _without_path, text)


@cache
def _declaration(class_: Any) -> list[tuple[str, Kind]]:
    """Return the fields of a class that are not public.

    File fields are first, because errors contain the names of files.
    """
    kinds = FIELDS.get(class_.__name__, {})
    names = class_._fields if hasattr(class_, "_fields") else [f.name for f in fields(class_)]
    declared = [(name, kinds.get(name, Kind.TEXT)) for name in names]
    private = [one for one in declared if one[1] is not Kind.PUBLIC]
    return sorted(private, key=lambda one: one[1] is not Kind.FILE)


def _without_path(found: re.Match[str]) -> str:
    return "file" if re.search(r"[/\\]", found[0]) and len(found[0]) > 1 else found[0]


def _written(value: Any, write: Callable[[str], str]) -> Any:
    """Apply a function to each text of a JSON value."""
    if isinstance(value, dict):
        return {_written(key, write): _written(one, write) for key, one in value.items()}
    if isinstance(value, list):
        return [_written(one, write) for one in value]
    return write(value) if isinstance(value, str) else value
