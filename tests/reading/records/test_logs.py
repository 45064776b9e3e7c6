"""Files that are indexed together give the records that each of them gives by itself."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from ebs_kms_audit.aws.relevance import is_relevant
from ebs_kms_audit.reading.records.decoder import read_records
from ebs_kms_audit.reading.records.index import Indexer
from ebs_kms_audit.reading.records.logs import index_together
from ebs_kms_audit.reading.records.prefilter import RecordPrefilter
from ebs_kms_audit.reading.records.scan import RecordScan
from tests.reading.records.test_scan import (
    FORGED,
    RECORDS,
    SHAPES,
    has_long_term_key,
    ordinary,
    user,
    who,
    written,
)
from tests.records import record

DAMAGE = st.sampled_from(["", "", "", '"', "{", "}", "\\", "x", "]}", "[", ","])
FILES = st.lists(st.tuples(RECORDS, SHAPES, DAMAGE, st.integers(0, 10_000)), max_size=5)


def files_of(files):
    for records, shape, damage, place in files:
        text = written(records, shape)
        at = place % (len(text) + 1) if damage else 0
        yield (text[:at] + damage + text[at:]).encode("utf-8", "surrogatepass")


@given(files=FILES)
@example(files=[([ordinary(), record()], "log", "", 0)] * 3)
@example(files=[([ordinary(userIdentity=user("bob"))], "log", "", 0)] * 3)
@example(files=[([], "log", "", 0), ([ordinary(requestParameters=[{}, FORGED])], "log", "", 0)])
@example(files=[([ordinary()], "log", "", 0), ([ordinary(), record()], "log", "x", 60),
                ([record()], "log", "", 0)])  # fmt: skip
def test_each_file_has_its_records(files):
    contents = list(files_of(files))
    prefilter = RecordPrefilter()
    seen = set()
    logs = index_together(contents, Indexer(prefilter))
    for content, log in zip(contents, logs, strict=True):
        every = list(read_records([content.decode("utf-8", "backslashreplace")]))
        scan = RecordScan(iter([content]), prefilter)
        found = {one.number: one for one in (scan.of_log(log) if log else scan)}
        seen.update(map(who, found.values()))
        if any(one.fault for one in every):
            continue  # of a damaged file, the numbers may differ: test_scan has these
        assert len(found) + scan.passed == len(every)
        for one in every:
            if one.number in found:
                assert found[one.number] == one
            else:
                assert not is_relevant(one.content.get("eventSource"), one.content["eventName"])
                assert not has_long_term_key(one) or who(one) in seen
        passed = [one.content["eventTime"] for one in every if one.number not in found]
        assert scan.times == ([min(passed), max(passed)] if passed else [])


def test_which_files_are_indexed_together():
    plain = written([ordinary(), record()], "log").encode()
    contents = [
        plain,
        None,
        b"",
        written([ordinary()], "lines").encode(),
        plain + b"\n",
        json.dumps({"Records": [ordinary()]}).encode(),
        plain,
    ]
    found = index_together(contents, Indexer(RecordPrefilter()))
    assert [log is not None for log in found] == [True, *[False] * 5, True]
    assert [(log.part.first, log.part.end) for log in found if log] == [(0, 2), (2, 4)]


def test_a_damaged_file_leaves_those_beside_it_to_be_read_one_by_one():
    plain = written([ordinary()], "log").encode()
    damaged = plain.replace(b'"requestID":"', b'"requestID":')
    assert index_together([plain, damaged], Indexer(RecordPrefilter())) == [None, None]


def test_a_damaged_record_costs_itself():
    """A record that the text does not show to be damaged, until it is decoded."""
    text = written([ordinary(), record(eventID="1"), record(eventID="2"), ordinary()], "log")
    content = text.replace('"eventID":"1"', '"eventID":tru', 1).encode()
    prefilter = RecordPrefilter()
    (log,) = index_together([content], Indexer(prefilter))
    scan = RecordScan(iter([content]), prefilter)
    found = list(scan.of_log(log))
    assert [one.fault is None for one in found] == [False, True, True]
    assert found[1].content["eventID"] == "2"
    assert scan.passed == 1
