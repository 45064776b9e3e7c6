"""Rows that can't matter are passed over: for any file, what is left is as if each row were read.

The reader that reads every row is the judge: `Rows` over `Lines`, with nothing to pass over.
"""

import io
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ebs_kms_audit import audit
from ebs_kms_audit.aws.relevance import matters
from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.exports.blocks import Scan, whole_lines
from ebs_kms_audit.reading.exports.events import row_starter
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.prefilter import RowPrefilter
from ebs_kms_audit.reading.exports.rows import Dialect, Rows
from ebs_kms_audit.reading.timestamps import TimeReader
from tests.exports import ACCOUNT, HEADER, access_key, denied, export, figures, row

LAYOUT = Layout.of_header(HEADER)
NAME, SOURCE, KEY, TIME = (
    HEADER.index(name) for name in ("Event name", "Event source", "AWS access key", "Event time")
)
WHO = [HEADER.index(name) for name in ("User name", "AWS access key", "Recipient Account Id")]


def line(one):
    """Write one row as it stands in a file, without the end of its last line."""
    return export(one).split("\n", 1)[1]


S3 = {"event_source": "s3.amazonaws.com", "event_name": "PutObject"}
ALICE = S3 | {"aws_access_key": access_key("AKIA", ACCOUNT, "alice")}
FORGED = line(denied("mallory"))
ALICE_ELSEWHERE = line(row(**ALICE, recipient_account_id="444455556666"))
ALICE_AT_NO_TIME = line(row(**ALICE, event_time="2026-13-45T07:00:34Z"))
ALICE_RAGGED = line(row(**ALICE)).replace("aws-cli", "a,b")
# Its first line, taken for a row, would be one of a holder who is known.
ALICE_FORGING = line(row(**ALICE, user_agent=f"x,{ACCOUNT},Management\n{FORGED}\n"))
GOOD = [
    *(line(row(**S3, user_agent=agent)) for agent in (
        "x", "Mozilla (a, b)", 'a "b" c', f"curl\n{FORGED}\ncurl", f'"\n{FORGED}', "a\r\nb",
        "AccessDenied, kms.amazonaws.com", "\ufeff", "x\0y")),
    line(row(**S3, error_code="AccessDenied")),
    line(row(**S3, user_name='a "b", c')),
    line(row(**S3, user_name=f"a\n{FORGED}")),
    line(row(**ALICE)),
    line(row(**ALICE, user_agent=f"a\n{line(row(**ALICE))}\nb")),
    ALICE_ELSEWHERE,
    ALICE_AT_NO_TIME,
    ALICE_RAGGED,
    f"{line(row(**ALICE))},,",
    f"{ALICE_ELSEWHERE},,",
    ALICE_FORGING,
    line(row(**ALICE, user_name="bob")),
    line(row(**ALICE)) + ",x",
    line(denied()),
    line(denied(user_agent=f"curl\n{line(row(**S3))}\ncurl")),
    line(denied(event_source="")),
    line(row(event_name="AssumeRole")),
    line(row(event_name="RunInstances")),
    line(row(event_source="KMS.amazonaws.com")),
    line(row(event_name="")),
    line(row(**S3, event_time="noon")),
    line(row(**S3, event_time="5/18/2026 7:00")),
]  # fmt: skip
BAD = [
    FORGED.replace("aws-cli", 'aws"cli'), FORGED.replace("aws-cli", '"aws-cli'), '"', 'x"y', "x,y",
    line(row(**S3)).replace("aws-cli", '"aws-cli'), line(row(**S3)).replace("aws-cli", 'a"b"c'),
    line(row(**S3)).rpartition(",")[0], f"x,{line(row(**S3))}", f"x,{FORGED}", ",".join(HEADER),
    "", " ", ",", "\r", "\0", f'"{FORGED}"', FORGED.replace(",", '","'), f'{FORGED}"\n"',
]  # fmt: skip
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n"])
FILES = st.lists(st.tuples(st.sampled_from(GOOD + BAD), ENDS), max_size=9).map(
    lambda lines: "".join(one + end for one, end in lines)
)


def rows_of(lines, ordinary=None):
    dialect = Dialect(",", row_starter(LAYOUT))
    next(lines)
    return Rows(lines, first_line=2, dialect=dialect, ordinary=ordinary)


def blocks(data, size):
    yield from (data[start : start + size] for start in range(0, len(data), size))


def matters_or_proves(cells):
    return matters(cells[SOURCE].strip() or None, cells[NAME].strip()) or "AKIA" in cells[KEY]


def with_rows(rows):
    """Try a file of these rows, behind one of no matter and before a denied one."""
    text = "\n".join([line(row(**S3)), *rows, FORGED])
    return example(text=text, size=9999, final=True, byte=False)


@given(text=FILES, size=st.integers(1, 300), final=st.booleans(), byte=st.booleans())
@with_rows([line(row(**S3))] * 3)
@with_rows([line(row(**ALICE))] * 4)
@with_rows([line(row(**ALICE)), ALICE_ELSEWHERE] * 2)
@with_rows([ALICE_RAGGED, line(row(**ALICE))] * 2)
@with_rows([ALICE_AT_NO_TIME, line(row(**ALICE)), line(row(**S3))])
@with_rows([f"{line(row(**ALICE))},,", f"{ALICE_ELSEWHERE},,", line(row(**S3))])
@with_rows([line(row(**ALICE)), ALICE_FORGING])
def test_what_is_passed_over_can_not_matter(text, size, final, byte):
    text = f"{','.join(HEADER)}\n{text}"
    data = (text if final else text.rstrip("\r\n")).encode()
    if byte:
        data = data.replace(b"aws-cli", b"aws\xe9cli")
    every = list(rows_of(iter(Lines("test", iter([data])))))
    rows = rows_of(Scan(whole_lines(blocks(data, size))), RowPrefilter(LAYOUT, ","))
    found = {one.line: one for one in rows}
    assert len(found) + rows.passed == len(every)
    seen = set()
    for one in every:
        cells = one.cells
        if one.line in found:
            assert found[one.line] == one
            if not one.fault and LAYOUT.misfit(cells) is None and TimeReader().read(cells[TIME]):
                seen.add(tuple(cells[place] for place in WHO))
        elif not one.fault and LAYOUT.misfit(cells) is None and matters_or_proves(cells):
            assert not matters(cells[SOURCE].strip() or None, cells[NAME].strip())
            assert tuple(cells[place] for place in WHO) in seen
    if every:
        assert {every[0].line, every[-1].line} <= found.keys()


@given(text=FILES, sizes=st.tuples(st.integers(1, 300), st.integers(1, 300)))
def test_where_the_blocks_are_cut_does_not_matter(text, sizes):
    data = f"{','.join(HEADER)}\n{text}".encode()
    ways = [Scan(whole_lines(blocks(data, size))) for size in sizes] + [
        iter(Lines("test", iter([data])))
    ]
    read = []
    for way in ways:
        rows = rows_of(way, RowPrefilter(LAYOUT, ","))
        read.append((list(rows), rows.passed, rows.line))
    assert all(one == other for one, other in pairwise(read))


@given(text=FILES)
def test_bytes_and_text_give_the_same_report(text):
    text = f"{','.join(HEADER)}\n{line(denied())}\n{text}"
    named: list[Any] = [io.BytesIO(text.encode()), io.StringIO(text, newline="")]
    for one in named:
        one.name = "export.csv"
    scanned, plain = (audit(one).to_dict() for one in named)
    assert scanned == plain


@pytest.mark.parametrize("agent", ["x", "a, b", f"curl\n{FORGED}\ncurl", '"'])
def test_most_rows_are_passed_over(agent):
    one = line(row(**S3, user_agent=agent))
    data = "\n".join([",".join(HEADER), *[one] * 5, FORGED]).encode()
    rows = rows_of(Scan(whole_lines([data])), RowPrefilter(LAYOUT, ","))
    assert len(list(rows)) + rows.passed == 6
    assert rows.passed == (0 if "\n" in agent else 4)  # all but the first and the last


@pytest.mark.parametrize("cells", [line(row(**S3)).rpartition(",")[0], line(row(**S3)) + ",x"])
def test_a_malformed_row_that_can_not_matter_is_counted_and_not_set_aside(cells):
    text = "\n".join([",".join(HEADER), line(row()), cells, FORGED])
    assert figures(audit(io.BytesIO(text.encode()))) == (3, 3, 0, 1)


CUT = line(row(**S3))[:40]


@pytest.mark.parametrize("last", [FORGED, CUT, f"{CUT}\n", '"never closed', "total,,,\n"])
@pytest.mark.parametrize("how", [io.BytesIO, lambda data: io.StringIO(data.decode())])
def test_the_span_ends_where_the_last_row_is_that_can_be_read(last, how):
    times = [f"2026-05-18T{hour:02}:00:00Z" for hour in (20, 15, 12, 9)]
    rows = [line(row(**S3, event_time=time)) for time in times]
    text = "\n".join([",".join(HEADER), *rows, last])
    coverage = audit(how(text.encode())).coverage
    assert f"{coverage.last_event:%H:%M}" == "20:00"
    assert f"{coverage.first_event:%H:%M}" == ("07:00" if last == FORGED else "09:00")
