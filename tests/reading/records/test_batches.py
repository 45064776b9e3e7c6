"""The texts of records that are kept: few as they are, many packed or left in their file."""

import marshal

import pytest

from ebs_kms_audit.reading.records.batches import Batch, PackedRecords
from ebs_kms_audit.reading.records.sketches import Sketch

TEXT = b'{"eventName":"Decrypt","userIdentity":{"type":"AssumedRole"}}' * 20


def sketch(number, kind="call"):
    return Sketch(
        kind=kind, number=number, like=b'ec2.amazonaws.com"RunInstances', grant="",
        time=b"2026-05-18T07:00:34Z", caller="alice", issuer=None, who=(None, b""), id=str(number),
    )  # fmt: skip


def kept_of(batch, after=0):
    """Return the kept records of a batch, and the bytes of all texts in it."""
    _, by_kind, texts, _ = marshal.loads(marshal.dumps(batch.packed()))
    kept = [
        one for _, records in by_kind for one in PackedRecords(records, texts, after).unpacked()
    ]
    return kept, sum(map(len, texts))


@pytest.mark.parametrize(
    ("number", "records", "packed"),
    [(0, 200, False), (63, 200, False), (80, 200, True), (0, 250, True), (20_000, 1, True)],
    ids=["first unit", "few units", "many units", "many records", "a late unit"],
)
@pytest.mark.parametrize("again", [(), ("log.json",)], ids=["stream", "file"])
def test_texts_are_packed_or_left_in_the_file_where_many_are_kept(number, records, packed, again):
    batch = Batch(number=number, again=again)
    for one in range(records):
        batch.add("log.json", sketch(one), TEXT, place=1000 * one)
    kept, size = kept_of(batch, after=7)
    assert (size < records * len(TEXT) / 2) == packed
    assert [one.sketch.number for one in kept] == list(range(7, 7 + records))
    if packed and again:
        assert [one.packed for one in kept] == [None] * records
        assert [(one.begin, one.end) for one in kept[:2]] == [
            (0, len(TEXT)), (1000, 1000 + len(TEXT)),
        ][:records]  # fmt: skip


def test_the_texts_of_changes_are_not_left_in_the_file():
    batch = Batch(number=20_000, again=["log.json"])
    for number, kind in enumerate(["call", "change", "grant", "session", "success"]):
        batch.add("log.json", sketch(number, kind), TEXT, place=0)
    kept, _ = kept_of(batch)
    assert [one.sketch.kind for one in kept if one.packed is not None] == ["change"]
