"""Everything that `audit()` takes: each kind of input gives the same two denials."""

import gzip
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from ebs_kms_audit import InputError, audit
from tests.exports import caveats, denied, denied_users, export, figures, row
from tests.reading.two_denials import DATA, EXPORT, arrow_text, is_the_export

OTHER = export(denied("carol"), row())


def names(report):
    return [file["name"] for file in report.to_dict()["coverage"]["files"]]


def zipped(members):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return archive.getvalue()


class Trickle:
    """A stream that gives a few at a time, as a socket or a pipe does."""

    def __init__(self, content, size):
        self._content, self._size = content, size

    def read(self, size=-1):
        size = self._size if size < 0 else min(size, self._size)
        given, self._content = self._content[:size], self._content[size:]
        return given


# --- paths -------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_bytes(DATA)
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "deep" / "deeper" / "b.CSV").write_text(OTHER)
    (tmp_path / "notes.txt").write_text("no export")
    (tmp_path / ".hidden.csv").write_text("no export")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "c.csv").write_text("no export")
    return tmp_path


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path(folder, kind):
    report = audit(kind(folder / "a.csv"))
    assert is_the_export(report)
    assert names(report) == [str(folder / "a.csv")]
    assert report.to_dict()["findings"][0]["denials"][0]["file"] == str(folder / "a.csv")


@pytest.mark.parametrize("several", [list, tuple, iter])
def test_several_paths_are_one_audit(folder, several):
    paths = [folder / "deep" / "deeper" / "b.CSV", folder / "a.csv"]
    report = audit(several(paths))
    assert denied_users(report) == ["alice", "bob", "carol"]
    assert figures(report) == (6, 6, 0, 3)
    assert names(report) == [str(path) for path in paths]


def test_a_folder_is_searched_to_its_bottom_but_not_where_it_is_hidden(folder):
    report = audit(folder)
    assert denied_users(report) == ["alice", "bob", "carol"]
    assert names(report) == [str(folder / "a.csv"), str(folder / "deep" / "deeper" / "b.CSV")]


@pytest.mark.parametrize(
    ("pattern", "users"),
    [
        ("*.csv", ["alice", "bob"]),
        ("?.csv", ["alice", "bob"]),
        ("**/*.[cC][sS][vV]", ["alice", "bob", "carol"]),
        ("de*", ["carol"]),  # it matches a folder
    ],
)
def test_a_glob(folder, pattern, users):
    assert denied_users(audit(f"{folder}/{pattern}")) == users


def test_a_file_whose_name_looks_like_a_glob(tmp_path):
    (tmp_path / "export[1].csv").write_bytes(DATA)
    assert is_the_export(audit(tmp_path / "export[1].csv"))


def test_a_relative_path_is_shown_as_it_was_given(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert names(audit("a.csv")) == ["a.csv"]


# --- compressed --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.csv.gz", "a.gz", "a.csv", "download"])
def test_gzip_is_told_by_its_content(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(DATA))
    assert is_the_export(audit(tmp_path / name))


def test_gzip_of_several_members_with_padding():
    packed = gzip.compress(DATA[:500]) + gzip.compress(DATA[500:]) + bytes(512)
    report = audit(io.BytesIO(packed))
    assert is_the_export(report)
    assert "input_cut_short" not in caveats(report.to_dict())


def test_a_folder_holds_gz_and_zip(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(DATA))
    (tmp_path / "b.zip").write_bytes(zipped({"b.csv": OTHER}))
    assert denied_users(audit(tmp_path)) == ["alice", "bob", "carol"]


ZIPPED = zipped(
    {
        "a.csv": DATA,
        "folder/": "",
        "folder/b.csv.gz": gzip.compress(OTHER.encode()),
        "__MACOSX/._a.csv": b"\0no export",
        "read me.txt": "no export",
    }
)


def test_every_export_in_a_zip(tmp_path):
    path = tmp_path / "exports.zip"
    path.write_bytes(ZIPPED)
    report = audit(path)
    assert denied_users(report) == ["alice", "bob", "carol"]
    assert names(report) == [f"{path}/a.csv", f"{path}/folder/b.csv.gz"]


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_a_zip_from_a_stream_that_can_t_be_wound_back(size):
    assert denied_users(audit(Trickle(ZIPPED, size))) == ["alice", "bob", "carol"]


# --- open files --------------------------------------------------------------------------------


def test_an_open_binary_file(folder):
    with (folder / "a.csv").open("rb") as file:
        report = audit(file)
    assert is_the_export(report)
    assert names(report) == [str(folder / "a.csv")]


@pytest.mark.parametrize("newline", [None, ""])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_an_open_text_file(tmp_path, newline, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeff".encode() + EXPORT.replace("\n", "\r\n").encode())
    with path.open(encoding=encoding, newline=newline) as file:
        assert is_the_export(audit(file))


@pytest.mark.parametrize(
    "stream",
    [
        lambda: io.StringIO(EXPORT),
        lambda: io.BytesIO(DATA),
        lambda: io.BytesIO(gzip.compress(DATA)),
        lambda: io.BufferedReader(io.BytesIO(DATA)),
        lambda: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(DATA))),
        lambda: Trickle(DATA, 1),
        lambda: Trickle(EXPORT, 1),
        lambda: Trickle(gzip.compress(DATA), 1),
        lambda: Trickle(EXPORT.replace("\n", "\r"), 1),
    ],
    ids="text bytes gzip buffered gzip_file trickle text_trickle gzip_trickle old_mac".split(),
)
def test_an_object_that_reads(stream):
    assert is_the_export(audit(stream()))


def audited_by_another_process(name, data):
    code = (
        "from ebs_kms_audit import audit; from tests.exports import denied_users, figures; "
        f"r = audit({name!r}); print(denied_users(r), figures(r), r.coverage.files[0].name)"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, cwd=root, check=False
    )
    assert (run.returncode, run.stderr) == (0, b"")
    return run.stdout.decode().strip()


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_dash_is_standard_input(packed):
    said = audited_by_another_process("-", packed(DATA))
    assert said == "['alice', 'bob'] (4, 4, 0, 2) standard input"


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="this system has no /dev/stdin")
@pytest.mark.parametrize("data", [DATA, ZIPPED], ids=["plain", "zip"])
def test_a_path_to_a_pipe_whose_content_can_be_had_once_only(data):
    said = audited_by_another_process("/dev/stdin", data)
    assert said.startswith("['alice', 'bob'")
    assert said.endswith("/dev/stdin" if data is DATA else "/dev/stdin/a.csv")


# --- several inputs --------------------------------------------------------------------------


def test_inputs_of_several_kinds_are_one_audit(folder):
    frame = pd.read_csv(io.StringIO(OTHER), dtype=str, keep_default_na=False)
    report = audit([folder / "a.csv", frame, io.StringIO(export(denied("dave"))), [arrow_text()]])
    assert denied_users(report) == ["alice", "bob", "carol", "dave"]  # Arrow: as in a.csv
    assert figures(report) == (4 + 2 + 1 + 4, 11, 0, 4)
    assert report.to_dict()["coverage"]["duplicate_denials"] == 2


def test_one_bad_input_among_good_ones_is_told(folder):
    (folder / "bad.csv").write_text("Dear all,\n")
    report = audit([folder / "bad.csv", folder / "missing.csv", folder / "a.csv"])
    assert is_the_export(report)
    bad, missing = report.failed_inputs
    assert bad.startswith(f"{folder / 'bad.csv'}: this is text without an error message")
    assert missing.startswith(f"{folder / 'missing.csv'}: no such file")
    files = report.to_dict()["coverage"]["files"]
    assert [file["error"] for file in files] == [bad, missing, None]
    assert [file["rows_read"] for file in files] == [0, 0, 4]
    assert caveats(report.to_dict())["input_not_read"] == f"{bad}. More inputs with this caveat: 1."


def test_all_bad_inputs_are_told_at_once(folder):
    with pytest.raises(InputError) as error:
        audit([folder / "one.csv", folder / "two.csv"])
    first, second = str(error.value).splitlines()
    assert "one.csv" in first
    assert "two.csv" in second


def test_a_denial_seen_before_counts_once():
    # The second export overlaps the first: one denial of alice's stands in both.
    shared = denied("alice", event_id="11111111-2222-3333-4444-555555555555")
    first = export(shared, denied("alice"))
    second = export(denied("bob"), shared, shared)
    report = audit([io.StringIO(first), io.StringIO(second)])
    assert denied_users(report) == ["alice", "alice", "bob"]
    assert report.to_dict()["coverage"]["duplicate_denials"] == 2
    assert figures(report) == (5, 5, 0, 3)  # rows as such are not deduplicated
    assert "duplicate_denials" in caveats(report.to_dict())


def test_denials_without_an_event_id_are_no_duplicates():
    report = audit(io.StringIO(export(denied(event_id=""), denied(event_id=""))))
    assert denied_users(report) == ["alice", "alice"]
    assert report.to_dict()["coverage"]["duplicate_denials"] == 0
