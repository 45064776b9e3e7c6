"""The texts of records that are kept: those of a small log as they are, those of others packed."""

import marshal

import pytest

from ebs_kms_audit.reading.records.batches import Batch, records_in
from ebs_kms_audit.reading.records.sketches import Sketch

TEXT = b'{"eventName":"Decrypt","userIdentity":{"type":"AssumedRole"}}' * 20


def sketch(number):
    return Sketch(
        kind="call", number=number, like=b'ec2.amazonaws.com"RunInstances', grant="",
        time=b"2026-05-18T07:00:34Z", caller="alice", issuer=None, who=(None, b""), id=str(number),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("number", "records", "packed"),
    [(0, 200, False), (63, 200, False), (80, 200, True), (0, 250, True), (20_000, 1, True)],
    ids=["first unit", "few units", "many units", "many records", "a late unit"],
)
def test_texts_are_packed_where_many_are_kept(number, records, packed):
    batch = Batch(number=number)
    for one in range(records):
        batch.add("log.json", sketch(one), TEXT)
    found = marshal.loads(marshal.dumps(batch.packed()))
    assert (sum(map(len, found[2])) < records * len(TEXT) / 2) == packed
    kept = list(records_in(found, after=7))
    assert [one.sketch.number for one in kept] == list(range(7, 7 + records))
