"""A small log file is read at once if it is whole, otherwise in blocks: the records are equal."""

import gzip
from functools import partial

import pytest

import ebs_kms_audit
from ebs_kms_audit.reading import records
from ebs_kms_audit.reading.records.content import Content
from ebs_kms_audit.reading.sources import Sources
from tests.reading.records.test_scan import ordinary, written
from tests.records import record

LOG = written([ordinary(), record(), ordinary()], "log").encode()
PACKED = gzip.compress(LOG)
WRONG_SUM = PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:]

# The content of a file, whether it is read at once, and its number of records.
# RFC 1952, "Member format": a gzip file is a series of members, each with a CRC-32 at its end.
CASES = {
    "plain": (LOG, True, 3),
    "gzip": (PACKED, True, 3),
    "two members": (gzip.compress(LOG[:300]) + gzip.compress(LOG[300:]), False, 3),
    "zeros after the member": (PACKED + bytes(512), False, 3),
    "something else after the member": (PACKED + b"x", False, 3),
    "cut off in its checksum": (PACKED[:-6], False, 3),
    "a wrong checksum": (WRONG_SUM, False, 3),
    "a byte-order mark": (gzip.compress(b"\xef\xbb\xbf" + LOG), False, 3),
    "UTF-16": (gzip.compress(LOG.decode().encode("utf-16")), False, 3),
    "one record in each line": (
        gzip.compress(written([record(), record(eventID="2")], "lines").encode()),
        False,
        2,
    ),
}


def content_of(path):
    (source,) = Sources().of(path)
    return Content(source)


@pytest.mark.parametrize("case", CASES)
def test_what_is_read_at_once(tmp_path, case):
    data, at_once, _ = CASES[case]
    path = tmp_path / "log"
    path.write_bytes(data)
    assert content_of(path).whole_log(10**6) == (LOG if at_once else None)


def test_a_content_above_the_limit_is_not_read_at_once(tmp_path):
    path = tmp_path / "log.gz"
    path.write_bytes(PACKED)
    assert content_of(path).whole_log(len(LOG) + 1) == LOG
    assert content_of(path).whole_log(len(LOG) - 1) is None


@pytest.mark.parametrize("now", [PACKED * 2, PACKED[:-1], None], ids=["longer", "shorter", "gone"])
def test_a_file_that_changed_is_not_read_at_once(tmp_path, now):
    path = tmp_path / "log.gz"
    path.write_bytes(PACKED)
    content = content_of(path)
    path.unlink()
    if now is not None:
        path.write_bytes(now)
    assert content.whole_log(10**6) is None


@pytest.mark.parametrize("case", CASES)
def test_files_beside_each_other_have_their_records(tmp_path, monkeypatch, case):
    """With and without numpy, which reads several whole files together."""
    data, _, rows = CASES[case]
    for number, content in enumerate([PACKED, data, PACKED]):
        (tmp_path / f"{number}.json.gz").write_bytes(content)
    audit = partial(ebs_kms_audit.audit, tmp_path, progress=False)
    expected = audit().to_dict()
    monkeypatch.setattr(records, "_VECTORISED", 0)
    assert audit().to_dict() == expected
    assert [file["rows_read"] for file in expected["coverage"]["files"]] == [3, rows, 3]
