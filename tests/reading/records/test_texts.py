"""Texts of kept records that are read again from their files."""

import gzip
import json

import pytest

import ebs_kms_audit
from ebs_kms_audit.model import AlikeEvents
from ebs_kms_audit.reading import Reading
from ebs_kms_audit.reading.related import RelatedEvents
from tests.reading.records.test_kept import DENIED, GRANT, LATER, RETIRED, made


def _log(records, spaced):
    return json.dumps({"Records": records}, separators=None if spaced else (",", ":"))


def _lines(records, spaced):
    separators = None if spaced else (",", ":")
    return "".join(json.dumps(one, separators=separators) + "\n" for one in records)


FORMS = {
    "log": (_log, "utf-8", bytes),
    "log.gz": (_log, "utf-8", gzip.compress),
    "two members": (
        _log, "utf-8",
        lambda text: gzip.compress(text[:9_000]) + gzip.compress(text[9_000:]),
    ),
    "lines": (_lines, "utf-8", bytes),
    "mark": (_log, "utf-8-sig", bytes),
    "UTF-16": (_log, "utf-16", bytes),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("large", [1, 1 << 30], ids=["large", "small"])
@pytest.mark.parametrize("size", [1, 400], ids=["one", "many"])
def test_texts_that_are_not_kept_are_read_again_from_the_file(
    tmp_path, monkeypatch, form, large, size
):
    monkeypatch.setattr("ebs_kms_audit.reading.records.batches._MOST_STORED", 0)
    monkeypatch.setattr("ebs_kms_audit.reading.records._VECTORISED", 1)
    monkeypatch.setattr("ebs_kms_audit.reading.records._IMPORTED", 1)
    monkeypatch.setattr("ebs_kms_audit.reading.records.large.LARGE", large)
    text_of, encoding, pack = FORMS[form]
    kinds = [DENIED, LATER, GRANT, RETIRED, ("RunInstances", 1, 36, 0), ("AssumeRole", 7, 1, 0)]
    records = made([*kinds, ("ordinary", 2, 3, 0)] * size)
    records[-1]["requestParameters"] = {"name": "\u00e9" * 200}
    reports = []
    for spaced in (True, False):
        folder = tmp_path / str(spaced)
        folder.mkdir()
        monkeypatch.chdir(folder)
        (folder / "log.json").write_bytes(pack(text_of(records, spaced).encode(encoding)))
        reports.append(ebs_kms_audit.audit("."))
    assert reports[0].findings[0].history.later_success is not None
    assert reports[0].to_dict() == reports[1].to_dict()


@pytest.mark.parametrize("changed", ["removed", "shorter", "other text"])
def test_a_file_that_changed_since_it_was_read_gives_nothing_wrong(tmp_path, monkeypatch, changed):
    monkeypatch.setattr("ebs_kms_audit.reading.records.batches._MOST_STORED", 0)
    file = tmp_path / "log.json"
    records = made([DENIED, LATER, ("Decrypt", 2, 60, 0), GRANT])
    file.write_text(json.dumps({"Records": records}, separators=(",", ":")))
    reading = Reading(str(file))
    *_, denied = reading.read()
    assert isinstance(denied, AlikeEvents)
    assert [event.name for event in denied] == ["Decrypt"]
    text = file.read_text()
    if changed == "removed":
        file.unlink()
    else:
        file.write_text(text[:100] if changed == "shorter" else text.replace("own-", "new-"))
    related = RelatedEvents([denied])
    assert list(reading.around(related)) == []
    assert [(event.name, count) for event, count in reading.counted] == [("Decrypt", 2)]
    assert reading.overflowed
