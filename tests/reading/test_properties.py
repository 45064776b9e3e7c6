"""What holds for any rows and any damage: rows come back whole, counts add up, nothing crashes."""

import csv
import gzip
import io
import re
import zipfile
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebs_kms_audit import InputError, audit
from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.exports.rows import Dialect, Rows
from tests.exports import HEADER, denied, denied_users, export, figures, row

# --- any rows of csv.writer ---------------------------------------------------------------------

CELLS = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="\",;\n\r ab\ufeff\u2028\x85\x00\\'[{", max_size=12),
    st.sampled_from(["", '"', '""', ",", "\n", "\r", "\r\n", "x\r\n", 'a"b', "NA", "é" * 3000]),
)
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=6), max_size=8)
LONG = 'x,"y"\r\nz' * 20_000  # longer than the csv module's limit of 131,072


def begins_like_a_row(cells):
    raise AssertionError("well-formed rows need no recovery")


def read_back(blocks, delimiter=","):
    """Read a file as `reading` does, below its first line; return its rows and their lines."""
    lines = iter(Lines("test", iter(blocks)))
    next(lines)
    rows = list(Rows(lines, first_line=2, dialect=Dialect(delimiter, begins_like_a_row)))
    assert [one.fault for one in rows] == [None] * len(rows)
    return [one.cells for one in rows], [one.line for one in rows]


@given(
    rows=ROWS,
    newline=st.sampled_from(["\n", "\r\n"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    every=st.booleans(),
    as_text=st.booleans(),
)
@example(rows=[["a", LONG], [LONG, "b"]], newline="\n", delimiter=",", every=False, as_text=True)
@example(rows=[["", LONG, ""]], newline="\r\n", delimiter=";", every=True, as_text=False)
@example(rows=[["x" * 140_000, 'y"']], newline="\n", delimiter=",", every=False, as_text=False)
@example(rows=[["a", "x" * 5_000_000]], newline="\n", delimiter=",", every=False, as_text=False)
def test_rows_come_back_whole(rows, newline, delimiter, every, as_text):
    rows = [cells for cells in rows if any(cell.strip() for cell in cells)]
    # Where lines end at LF, csv.writer may leave a CR unquoted: such a cell can't end a line.
    lone = newline == "\n" and not every
    expected = [[cell.rstrip("\r") if lone else cell for cell in cells] for cells in rows]
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=newline,
        quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL,
    )
    writer.writerow(["the", "header"])
    writer.writerows(expected)
    whole = text.getvalue()
    found, lines = read_back([whole if as_text else whole.encode()], delimiter)
    assert found == expected
    # Each row starts behind the line ends of those before it; LF is in both kinds.
    starts = [2 + sum(count_lf(cells) + 1 for cells in expected[:n]) for n in range(len(expected))]
    assert lines == starts


def count_lf(cells):
    return sum(cell.count("\n") for cell in cells)


@given(rows=ROWS, size=st.integers(1, 30), every=st.booleans())
def test_rows_come_back_whole_from_blocks_of_any_size(rows, size, every):
    rows = [cells for cells in rows if any(cell.strip() for cell in cells)]
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL
    writer = csv.writer(text, lineterminator="\r\n", quoting=quoting)
    writer.writerow(["the", "header"])
    writer.writerows(rows)
    data = text.getvalue().encode()
    blocks = [data[start : start + size] for start in range(0, len(data), size)]
    assert read_back(blocks)[0] == rows


# --- the whole audit ------------------------------------------------------------------------------

AGENTS = st.one_of(
    st.just("aws-cli/2.27.1"),
    st.sampled_from(["Mozilla/5.0 (X11) (KHTML, like Gecko)", 'a "b" c', "two\nlines", ""]),
    st.text(max_size=15),
)


@given(
    agents=st.lists(AGENTS, min_size=1, max_size=6),
    newline=st.sampled_from(["\n", "\r\n"]),
    final=st.booleans(),
)
def test_every_denial_is_found_whatever_stands_beside_it(agents, newline, final):
    rows = [denied(f"user-{n}", user_agent=agent) for n, agent in enumerate(agents)]
    text = export(*rows, newline=newline, final_newline=final)
    report = audit(io.BytesIO(text.encode()))
    assert denied_users(report) == [f"user-{n}" for n in range(len(agents))]
    assert figures(report) == (len(agents), len(agents), 0, len(agents))


FORGED = ",".join(denied("mallory", event_id="forged").values())
PIECES = st.lists(
    st.sampled_from([FORGED, ",".join(HEADER), "\n", "\r\n", "\r", '"', '""', ",", "x", " ", "\0"]),
    max_size=8,
).map("".join)


@given(
    cell=PIECES,
    column=st.sampled_from(["User agent", "User name", "Error code", "Source IP address"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    header=st.permutations(HEADER),
)
@example(f"x\n{FORGED}\n", "User agent", "\n", HEADER)
@example(f'x"\n{FORGED}\n"', "User agent", "\n", HEADER)
@example(f"{FORGED}\r\n" * 2000, "User agent", "\r\n", HEADER)  # beyond 131,072 characters
@example(f'"\n{FORGED}' * 2000, "User agent", "\n", HEADER)
def test_a_forged_row_inside_a_cell_never_counts(cell, column, newline, header):
    rows = [denied("alice"), row() | {column: cell}, denied("bob")]
    text = export(*rows, header=header, newline=newline, quoting=csv.QUOTE_ALL)
    report = audit(io.BytesIO(text.encode()))
    assert denied_users(report) == ["alice", "bob"]
    assert figures(report) == (3, 3, 0, 2)


# --- damage ------------------------------------------------------------------------------------

SOUND = export(
    denied("alice"),
    row(user_agent="Mozilla/5.0 (KHTML, like Gecko)", resources='[{"resourceName":"a"}]'),
    denied("bob", user_agent='a "quoted"\nagent'),
    row(event_source="kms.amazonaws.com", event_name="Decrypt", error_code="DisabledException"),
    denied("carol", recipient_account_id="1.11122E+11"),
    newline="\r\n",
).encode()
BYTES = st.one_of(st.binary(min_size=1, max_size=3), st.sampled_from([b'"', b",", b"\n", b"\r"]))
EDITS = st.lists(
    st.tuples(st.sampled_from(["delete", "insert", "replace"]), st.integers(0, 10_000), BYTES),
    min_size=1,
    max_size=6,
)


def damaged(data, edits, end):
    for kind, where, new in edits:
        where %= len(data) + 1
        kept = where if kind == "insert" else where + len(new)
        data = data[:where] + (b"" if kind == "delete" else new) + data[kept:]
    return data[: len(data) - end]


def adds_up(data, *, packed=False):
    """Audit the bytes; True where there is a report. Its figures must add up in any case."""
    try:
        report = audit(io.BytesIO(data))
    except InputError:
        return False
    document = report.to_dict()
    rows, events, aside, denials = figures(report)
    assert rows == events + aside
    assert aside == len(document["set_aside"])
    assert denials == sum(one["count"] for one in document["findings"]) <= events
    lines = data.count(b"\n") + data.count(b"\r") + 1
    assert all(one["line"] > 1 and (packed or one["line"] <= lines)
               for one in document["set_aside"])  # fmt: skip
    assert str(report)
    assert report.to_json()
    return True


@given(edits=EDITS, end=st.integers(0, 60))
@settings(max_examples=400)
def test_counts_add_up_under_any_damage(edits, end):
    adds_up(damaged(SOUND, edits, end))


PACKED = gzip.compress(SOUND, mtime=0)
ARCHIVE = io.BytesIO()
with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED) as _file:
    _file.writestr(zipfile.ZipInfo("a.csv"), SOUND, zipfile.ZIP_DEFLATED)


@given(edits=EDITS, end=st.integers(0, 60))
@settings(max_examples=300)
@pytest.mark.parametrize("packed", [PACKED, ARCHIVE.getvalue()], ids=["gzip", "zip"])
def test_damage_to_a_packed_export(packed, edits, end):
    adds_up(damaged(packed, edits, end), packed=True)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_rejected(data):
    adds_up(data)


@given(data=st.binary(max_size=200))
def test_any_bytes_under_a_header(data):
    assert adds_up(",".join(HEADER).encode() + b"\n" + data)


def test_an_export_may_be_cut_anywhere():
    header = SOUND.index(b"\r\n")
    for end in range(len(SOUND)):
        assert adds_up(SOUND[:end]) or end < header, f"cut at {end}"


QUOTED = [
    denied(f"user-{n}", user_agent=agent, resources='[{"resourceName":"a"},{}]')
    for n, agent in enumerate(['a, "b" c', "Mozilla (KHTML, like Gecko)", "x", "one\ntwo, three"])
]
QUOTED_TEXT = export(*QUOTED)


@pytest.mark.parametrize("where", [match.start() for match in re.finditer('"', QUOTED_TEXT)])
@pytest.mark.parametrize("change", ["lost", "doubled"])
def test_a_quote_lost_or_doubled_costs_its_own_row_only(where, change):
    text = QUOTED_TEXT[:where] + ('""' if change == "doubled" else "") + QUOTED_TEXT[where + 1 :]
    rows_before = [text.count(f"\n{one['User name']},", 0, where) for one in QUOTED]
    struck = sum(rows_before) - 1
    report = audit(io.StringIO(text))
    others = [f"user-{n}" for n in range(len(QUOTED)) if n != struck]
    assert [user for user in denied_users(report) if user != f"user-{struck}"] == others
    assert adds_up(text.encode())


# --- block borders -----------------------------------------------------------------------------


class Blocks:
    """A stream whose first read ends at a given offset, and which then gives a few at a time."""

    def __init__(self, content, first, size):
        self._content, self._first, self._size = content, first, size

    def read(self, size=-1):
        take = self._first or self._size
        self._first = 0
        given, self._content = self._content[:take], self._content[take:]
        return given


BORDERED = export(
    denied("Søren"), row(user_agent='山 "b", c\r\nd\re'), denied("bob"), newline="\r\n"
)


def anonymous(report):
    """Return a report without the names of its inputs."""
    report = {key: value for key, value in report.items() if key != "caveats"}
    for file in report["coverage"]["files"]:
        file["name"] = ""
    for finding in report["findings"]:
        for denial in finding["denials"]:
            denial["file"] = ""
    return report


@pytest.mark.parametrize("kind", ["text", "utf-8", "utf-8-sig", "utf-16", "gzip"])
def test_block_borders_make_no_difference(kind):
    content = {
        "text": BORDERED,
        "gzip": gzip.compress(BORDERED.encode()),
    }.get(kind) or BORDERED.encode(kind)
    whole = io.StringIO(content, newline="") if kind == "text" else io.BytesIO(content)
    expected = anonymous(audit(whole).to_dict())
    assert [one["principal"]["user_name"] for one in expected["findings"]] != []
    assert expected["coverage"]["rows_read"] == 3
    for first in range(1, len(content)):
        found = audit(Blocks(content, first, size=7)).to_dict()
        assert anonymous(found) == expected, f"with a border at {first}"


@given(data=st.data())
def test_lines_are_the_whole_text_whatever_the_blocks(data):
    text = data.draw(st.text(alphabet='a,"\n\r', max_size=60))
    borders = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)) | {0, len(text)})
    encoded = text.encode()
    blocks = [encoded[a:b] for a, b in pairwise(borders)]
    lines = list(Lines("test", iter(blocks)))
    assert lines == list(Lines("test", iter([encoded])))
    assert "".join(lines) == text
    ends = {line[-1] for line in lines[:-1]}
    assert ends <= {"\n"} or ends <= {"\r"}
