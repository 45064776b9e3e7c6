"""With isal and without it, a gzip file has the same content, and ends for the same reason."""

import gzip
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ebs_kms_audit
from ebs_kms_audit.reading import exports, gunzip
from ebs_kms_audit.reading.gunzip import GzipError, gunzipped
from tests.exports import denied, export, row
from tests.records import log, record

CONTENT = "".join(f"{number},{number**7}\n" for number in range(9_000)).encode()
PACKED = gzip.compress(CONTENT, 6, mtime=0)
DAMAGED, SHORT = "the gzip file is damaged", "the gzip file is cut short"
ALTERED = "the content of the gzip file does not match its checksum"


def read(packed, size, *, isal):
    """Return the content, and why it ends early."""

    def blocks():
        return (packed[start : start + size] for start in range(0, len(packed), size))

    found = []
    try:
        found.extend(gunzipped(blocks(), blocks if isal else None))
    except GzipError as error:
        return b"".join(found), str(error)
    return b"".join(found), None


@pytest.mark.parametrize("isal", [False, True])
@pytest.mark.parametrize(
    ("packed", "content", "fault"),
    [
        (PACKED, CONTENT, None),
        (PACKED * 2, CONTENT * 2, None),  # RFC 1952, 2.2: members follow one another
        (PACKED + bytes(600), CONTENT, None),
        (PACKED + bytes(600) + PACKED, CONTENT * 2, None),
        (gzip.compress(b"", mtime=0), b"", None),
        (PACKED + b"no member", CONTENT, DAMAGED),
        (PACKED[:-1], CONTENT, SHORT),
        # RFC 1952, 2.3.1: CRC32 and ISIZE follow the compressed content of a member.
        (PACKED[:-8] + bytes(8), CONTENT, ALTERED),
        (PACKED[:-8] + bytes(4) + PACKED[-4:], CONTENT, ALTERED),
        (PACKED[:-4] + bytes(4), CONTENT, ALTERED),
        (PACKED[:-4] + bytes(4) + PACKED, CONTENT, ALTERED),
        (PACKED[:5], b"", SHORT),
    ],
)
def test_what_a_gzip_file_holds(isal, packed, content, fault):
    if isal:
        pytest.importorskip("isal")
    for size in (7, 1 << 18):
        found, why = read(packed, size, isal=isal)
        assert why == fault
        assert found == content or (fault == DAMAGED and content.startswith(found))


@given(
    edits=st.lists(st.tuples(st.integers(0, len(PACKED) - 1), st.integers(0, 255)), max_size=3),
    end=st.integers(0, len(PACKED)),
    size=st.sampled_from([100, 4096, 1 << 18]),
)
@example(edits=[], end=len(PACKED) - 9, size=1 << 18)
@example(edits=[(len(PACKED) // 2, 0)], end=len(PACKED), size=4096)
def test_damage_leaves_the_same_content(edits, end, size):
    pytest.importorskip("isal")
    packed = bytearray(PACKED[:end])
    for place, byte in edits:
        packed[place:place] = [byte] if place < end else []
    assert read(bytes(packed), size, isal=True) == read(bytes(packed), size, isal=False)


def rows():
    return export(*(row() for _ in range(300)), denied(), *(row() for _ in range(300))).encode()


def trail():
    return log(*(record(requestID=f"request-{number}") for number in range(50))).read().encode()


@pytest.mark.parametrize("content", [rows, trail])
@pytest.mark.parametrize("end", [1.0, 0.75])
def test_a_report_is_the_same_with_isal(tmp_path, monkeypatch, content, end):
    isal_zlib = pytest.importorskip("isal.isal_zlib")
    monkeypatch.setattr(exports, "LARGE", 0)
    packed = gzip.compress(content(), mtime=0)
    file = tmp_path / "input.gz"
    file.write_bytes(packed[: int(len(packed) * end)])
    used = []

    def isal():
        used.append(isal_zlib)
        return isal_zlib

    monkeypatch.setattr(gunzip, "_isal", isal)
    fast = ebs_kms_audit.audit(file).to_dict()
    assert used
    monkeypatch.setattr(gunzip, "_isal", lambda: zlib)
    assert ebs_kms_audit.audit(file).to_dict() == fast


@pytest.mark.parametrize(
    ("packed", "size"),
    [
        (PACKED, len(CONTENT)),
        (PACKED + gzip.compress(b"x" * 5), 5),  # RFC 1952, 2.3.1: ISIZE is that of the last member
        (PACKED[:-4] + b"\xff" * 4, len(PACKED) * 1032),  # no content is larger
        (b"\x01\x02", 513),
        (b"", 0),
    ],
)
def test_the_expected_size_is_that_of_the_last_member(tmp_path, packed, size):
    path = tmp_path / "file.gz"
    path.write_bytes(packed)
    assert gunzip.expected_size(str(path), len(packed)) == size


def test_a_file_that_is_gone_has_no_expected_size(tmp_path):
    assert gunzip.expected_size(str(tmp_path / "gone.gz"), 100) == 0
