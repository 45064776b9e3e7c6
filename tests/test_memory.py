"""Memory does not grow with the file. It is at most 150 MB up to 40,000 denials."""

import gzip
import os
import re
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.benchmark.events import MIXES, Source
from tests.benchmark.generate import make_logs
from tests.benchmark.records import row
from tests.sample_incident import HEADER

TIMES = 30
SMALL = 6  # blocks: numpy is imported for files of this size too
SIZE = 10_000_000  # bytes of a block
LIMIT = 150_000_000 // 1024  # KB, of the process and its helper
GROWTH = 20_000  # KB: results that wait for this process, and what is kept of denials and callers
MARK = "@@@@"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def block(mix, size=SIZE):
    """Return rows of one day. Ids end with MARK, and each block has others in its place."""
    source = Source(mix)

    def new_id():
        return source.new_id()[:-4] + MARK

    lines, written = [], 0
    events = iter(source)
    while written < size:
        event = next(events)
        request = event.request[:-4] + MARK if event.request else ""
        lines.append("\n" + row(event._replace(request=request), new_id))
        written += len(lines[-1])
    return "".join(lines).encode()


def blocks(content, times):
    """Return the block several times, each on an earlier day and with ids of its own."""
    for number in range(times):
        day = (date(2026, 5, 18) - timedelta(days=number)).isoformat().encode()
        yield content.replace(b"2026-05-18T", day + b"T").replace(MARK.encode(), b"%04x" % number)


@pytest.fixture(scope="module")
def export():
    """Return a block of a typical export."""
    return block(MIXES["typical"])


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Return the records of 10 MB of log files, without the list around them."""
    made = make_logs(tmp_path_factory.mktemp("logs"), 10)
    files = sorted(Path(made.path).rglob("*.json.gz"))
    texts = (gzip.decompress(file.read_bytes()) for file in files)
    return b",".join(text.removeprefix(b'{"Records":[').removesuffix(b"]}") for text in texts)


def csv(export, log, times):
    yield ",".join(HEADER).encode()
    yield from blocks(export, times)


def csv_gz(export, log, times):
    yield from (gzip.compress(part, 1) for part in csv(export, log, times))


def json(export, log, times):
    yield b'{"Records":[' + log
    yield from [b"," + log] * (times - 1)
    yield b"]}"


def lines(export, log, times):
    yield from [log.replace(b'},{"eventVersion"', b'}\n{"eventVersion"') + b"\n"] * times


def spaced(export, log, times):
    """Return records with a space that no trail writes. Each is decoded."""
    yield from json(None, log.replace(b'{"eventVersion":', b'{ "eventVersion":'), times)


# wait4 is of no use here: it also counts the memory of the process that starts the command.
RUN = """import re, resource, sys
from pathlib import Path
from ebs_kms_audit.cli.main import main
assert main(sys.argv[1:]) == 1  # denials were found
own = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"""


def peak(path, *options, stdin=None):
    """Return the most memory that the command and its helpers had on a file, in KB."""
    command = [sys.executable, "-c", RUN, *options, path]
    # Measuring the line coverage would take memory too.
    environment = {name: text for name, text in os.environ.items() if "COVERAGE" not in name}
    run = subprocess.run(
        command, stdin=stdin, capture_output=True, text=True, check=True, env=environment
    )
    return int(run.stderr.splitlines()[-1])


@LINUX
@pytest.mark.parametrize(
    ("content", "options"),
    [(csv, ()), (csv_gz, ()), (json, ("--records",)), (lines, ("--records",)),
     (spaced, ("--records",))],
)  # fmt: skip
def test_memory_does_not_grow_with_the_file(tmp_path, export, log, content, options):
    taken = []
    for times in (SMALL, TIMES):
        file = tmp_path / f"{times}"
        with file.open("wb") as out:
            out.writelines(content(export, log, times))
        taken.append(peak(file, *options))
        file.unlink()
    small, large = taken
    assert large < LIMIT
    assert large - small < GROWTH


@pytest.fixture(scope="module", params=["dense-0.5"])
def dense_export(request, tmp_path_factory):
    """Return an export of 300 MB in which every row is a KMS row."""
    file = tmp_path_factory.mktemp("dense") / "export.csv"
    with file.open("wb") as out:
        out.writelines(csv(block(MIXES[request.param]), None, TIMES))
    yield file
    file.unlink()


@LINUX
@pytest.mark.parametrize("format_", ["text", "json"])
def test_memory_is_limited_where_every_row_is_a_kms_row(dense_export, format_):
    assert peak(dense_export, "--format", format_) < LIMIT


@LINUX
def test_memory_is_limited_where_a_dense_export_comes_from_standard_input(dense_export):
    with dense_export.open("rb") as stdin:
        assert peak("-", stdin=stdin) < LIMIT


@LINUX
def test_memory_is_limited_where_a_dense_export_is_in_an_archive(dense_export, tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(dense_export, "event_history.csv")
    assert peak(path) < LIMIT


@LINUX
def test_memory_is_limited_where_many_calls_of_a_stream_are_kept(tmp_path):
    """A third of the rows are EC2 calls, whose texts are kept until all denials are known."""
    path = tmp_path / "export.csv"
    with path.open("wb") as out:
        out.writelines(csv(block(MIXES["busy"]), None, TIMES))
    with path.open("rb") as stdin:
        assert peak("-", stdin=stdin) < LIMIT


def with_offsets(content):
    return re.sub(rb"(T[0-9:]{8})Z", rb"\1+00:00", content)


def with_a_short_row_in_100(content):
    lines = content.splitlines(keepends=True)
    return b"".join(b"short\n" if at % 100 == 50 else line for at, line in enumerate(lines))


def with_accounts_of_a_spreadsheet(content):
    return re.sub(rb",[0-9]{12},Management", b",1.11122E+11,Management", content)


def with_blank_lines(content):
    return content[:10_000_000] + b"\n" * 5_000_000 + content[10_000_000:]


@LINUX
@pytest.mark.parametrize(
    "form",
    [with_offsets, with_a_short_row_in_100, with_accounts_of_a_spreadsheet, with_blank_lines],
)
def test_memory_is_limited_where_the_plain_reader_reads_much_of_a_large_file(
    tmp_path, export, form
):
    file = tmp_path / "export.csv"
    file.write_bytes(form(b"".join(csv(export, None, 3))))
    assert peak(file) < LIMIT
