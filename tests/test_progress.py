"""Progress of long work: for a program that embeds the library, on a terminal, in a notebook."""

import gzip
import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import ebs_kms_audit
from ebs_kms_audit import InputError, Progress, progress
from ebs_kms_audit.reading import exports
from ebs_kms_audit.reading.exports.large import ranges
from ebs_kms_audit.render.progress import NotebookLine, TerminalLine, line
from tests.benchmark.generate import make_export, make_logs

SAMPLE = Path(__file__).parents[1] / "sample_data" / "event_history.csv"


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    return make_export(tmp_path_factory.mktemp("export"), 3)


@pytest.fixture
def every_block(monkeypatch):
    """Call back at every block or range, and not five times a second. A range is small."""
    monkeypatch.setattr(progress, "_INTERVAL", 0.0)
    monkeypatch.setattr(ranges, "RANGE", 500_000)


def packed(export, folder, kind):
    """Return the export as a file of a kind, and how large that is."""
    data = Path(export.path).read_bytes()
    file = folder / f"export.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("event_history.csv", data)
    else:
        file.write_bytes(gzip.compress(data, 1) if kind == "csv.gz" else data)
    return file, file.stat().st_size


@pytest.mark.parametrize("from_size", [0, 1 << 60], ids=["vectorised", "plain"])
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "zip"])
def test_a_caller_is_told_how_far_it_is(
    every_block, monkeypatch, tmp_path, export, kind, from_size
):
    monkeypatch.setattr(exports, "LARGE", from_size)
    file, size = packed(export, tmp_path, kind)
    told = []
    report = ebs_kms_audit.audit(str(file), progress=told.append)
    read = [one.bytes_read for one in told]
    assert read == sorted(read)
    assert read[0] < read[-1]
    assert read[-1] == pytest.approx(size, rel=0.01)  # of a zip archive not all is content
    assert {one.bytes_total for one in told} == {size}
    assert [one.done for one in told] == [False] * (len(told) - 1) + [True]
    assert told[-1].denials == report.coverage.denials == export.denied
    assert told[0].denials < told[-1].denials


def test_folders_patterns_and_records_add_up(every_block, tmp_path, export):
    logs = Path(make_logs(tmp_path / "logs", 0.5).path)
    (tmp_path / "a.csv").write_bytes(Path(export.path).read_bytes())
    (tmp_path / "b.csv").write_bytes(SAMPLE.read_bytes())
    sizes = [file.stat().st_size for file in (*tmp_path.glob("*.csv"), *logs.rglob("*.json.gz"))]
    for inputs in (tmp_path / "*.csv", [tmp_path / "a.csv", str(tmp_path / "b.csv")]):
        given = inputs if isinstance(inputs, list) else str(inputs)
        told = []
        ebs_kms_audit.audit(given, records=logs, progress=told.append)
        assert told[-1].bytes_read == told[-1].bytes_total == sum(sizes)


def test_a_stream_does_not_tell_its_size(every_block, export):
    told = []
    ebs_kms_audit.audit(io.BytesIO(Path(export.path).read_bytes()), progress=told.append)
    assert (told[-1].bytes_total, told[-1].seconds_left) == (None, None)
    assert told[-1].bytes_read == export.size


def test_what_is_read_twice_counts_twice(every_block, monkeypatch, export):
    monkeypatch.setattr("ebs_kms_audit.reading.exports.LARGE", 1 << 60)  # large ones keep places
    monkeypatch.setattr("ebs_kms_audit.context.ec2_calls._KEPT", 5)
    told = []
    ebs_kms_audit.audit(export.path, progress=told.append)
    assert told[-1].bytes_read == told[-1].bytes_total == 2 * export.size


def test_it_is_told_five_times_a_second_at_most(export):
    told = []
    ebs_kms_audit.audit(export.path, progress=told.append)
    assert len(told) <= 2 + 5 * told[-1].seconds


def test_a_caller_can_end_the_audit(every_block, export):
    def stop(_):
        raise TimeoutError("enough")

    with pytest.raises(TimeoutError, match="enough"):
        ebs_kms_audit.audit(export.path, progress=stop)


def test_progress_of_what_can_not_be_read(tmp_path):
    told = []
    with pytest.raises(InputError, match="no such file"):
        ebs_kms_audit.audit(str(tmp_path / ("x" * 400)), progress=told.append)


@pytest.mark.parametrize(
    ("read", "total", "seconds", "denials", "text"),
    [
        (1_200_000_000, 4_800_000_000, 4, 3,
         "1.2 of 4.8 GB (25 %), 300 MB/s, 12 s left, 3 denials so far"),
        (50_000_000, 200_000_000, 50, 1,
         "50.0 of 200 MB (25 %), 1.0 MB/s, 2 min 30 s left, 1 denial so far"),
        (12_340_000, None, 2, 12_345, "12.3 MB read, 6.2 MB/s, 12,345 denials so far"),
        (0, 900, 2, 0, "0 of 900 bytes (0 %), 0 bytes/s, 0 denials so far"),
        (2_000, 1_000, 1, 0, "1.0 of 1.0 kB (100 %), 2.0 kB/s, 0 s left, 0 denials so far"),
    ],
)  # fmt: skip
def test_the_line(read, total, seconds, denials, text):
    told = Progress(bytes_read=read, bytes_total=total, seconds=seconds, denials=denials)
    assert line(told) == text


def at(seconds, *, done=False):
    return Progress(bytes_read=10, bytes_total=100, seconds=seconds, denials=0, done=done)


def test_a_terminal_is_left_as_it_was():
    terminal = io.StringIO()
    shown = TerminalLine(terminal)
    shown(at(0.5))
    assert terminal.getvalue() == ""
    shown(at(1.5))
    assert "10 of 100 bytes (10 %)" in terminal.getvalue()
    shown(at(1.6, done=True))
    assert terminal.getvalue().endswith(f"\r{' ' * 79}\r")
    assert "\n" not in terminal.getvalue()
    length = len(terminal.getvalue())
    shown.close()
    assert len(terminal.getvalue()) == length


class Display:
    """Stands for IPython.display.display, outside of a notebook."""

    def __init__(self):
        self.texts = []

    def __call__(self, data, *, raw, display_id):
        self.texts.append(data["text/plain"])
        return self

    def update(self, data, *, raw):
        self.texts.append(data["text/plain"])


def test_a_notebook_shows_a_line_if_it_takes_long():
    display = Display()
    shown = NotebookLine(display)
    shown(at(1.0))
    shown(at(1.1, done=True))
    assert display.texts == []
    shown(at(2.1))
    shown(at(65, done=True))
    assert display.texts == [
        "10 of 100 bytes (10 %), 5 bytes/s, 19 s left, 0 denials so far",
        "10 bytes read in 1 min 05 s, 0 denials",
    ]


# --- the command ------------------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "ebs_kms_audit"]


def at_terminal(arguments, header=b"", part=b"", interrupt=False):
    """Run the command with stderr at a terminal and its input from a pipe.

    The part is written again and again until the terminal shows a line. Returns the exit status,
    standard output and what the terminal shows.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=theirs,
        # A shell that runs the tests in the background lets them ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    os.close(theirs)
    process.stdin.write(header)
    for _ in range(400 if part else 0):  # a line appears long before
        if select.select([ours], [], [], 0.05)[0]:
            break
        process.stdin.write(part)
        process.stdin.flush()
    if interrupt:
        process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    terminal = b""
    try:
        while shown := os.read(ours, 65536):
            terminal += shown
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return process.returncode, output.decode(), terminal.decode()


def header_and_part() -> tuple[bytes, bytes]:
    """Return the header of an export, and rows that are larger than a block that is read."""
    header, *rows = SAMPLE.read_bytes().splitlines(keepends=True)
    row = rows[0].rstrip(b"\n") + b"\n"
    return header, row * (1_500_000 // len(row))


def test_at_a_terminal_a_line_shows_and_goes():
    status, output, terminal = at_terminal(["-"], *header_and_part())
    assert status == 0
    assert re.search(r"\d [kM]B read, [\d.,]+ [kM]B/s, 0 denials so far", terminal)
    assert output.count("\r") == 0
    *_, wiped, left = terminal.removesuffix("\r\n").split("\r")
    assert wiped.strip() == ""
    assert re.fullmatch(
        r"ebs-kms-audit: 0 denials in 0 findings; [\d,]+ rows read, 0 set aside", left
    )


def test_a_short_run_and_a_pipe_show_none():
    _, _, terminal = at_terminal([str(SAMPLE)])
    assert "so far" not in terminal
    assert "\r" not in terminal.replace("\r\n", "\n")
    run = subprocess.run(
        [*COMMAND, "-"], input=b"".join(header_and_part()), capture_output=True, check=False
    )
    assert b"so far" not in run.stderr
    assert b"\r" not in run.stderr


def test_ctrl_c_ends_at_once_and_leaves_nothing(tmp_path):
    target = tmp_path / "report.txt"
    status, output, terminal = at_terminal(
        ["-o", str(target), "-"], *header_and_part(), interrupt=True
    )
    assert status == 130
    assert output == ""
    assert terminal.rstrip().endswith("ebs-kms-audit: interrupted")
    assert "Traceback" not in terminal
    assert list(tmp_path.iterdir()) == []
