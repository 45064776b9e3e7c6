"""Memory stays flat: a file thirty times as large takes no more of it."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmark.generate import make_export, make_logs

TIMES = 30
LIMIT = 200_000  # KB, of the whole process; what it takes is a fraction of that
GROWTH = 15_000  # KB: blocks, and what is remembered of denials and callers


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """Return the header and the rows of an export of 10 MB."""
    made = make_export(tmp_path_factory.mktemp("export"), 10)
    with Path(made.path).open("rb") as file:
        header = file.readline()
        return header, file.read() + b"\n"


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Return the records of 10 MB of log files, as they stand in a list."""
    made = make_logs(tmp_path_factory.mktemp("logs"), 10)
    files = sorted(Path(made.path).rglob("*.json.gz"))
    texts = (gzip.decompress(file.read_bytes()) for file in files)
    return b",".join(text.removeprefix(b'{"Records":[').removesuffix(b"]}") for text in texts)


def csv(export, log, times):
    yield export[0]
    yield from [export[1]] * times


def csv_gz(export, log, times):
    yield gzip.compress(export[0])
    yield from [gzip.compress(export[1], 1)] * times


def json(export, log, times):
    yield b'{"Records":[' + log
    yield from [b"," + log] * (times - 1)
    yield b"]}"


def lines(export, log, times):
    yield from [log.replace(b'},{"eventVersion"', b'}\n{"eventVersion"') + b"\n"] * times


def spaced(export, log, times):
    """Give the records as no trail writes them: each is decoded."""
    yield from json(None, log.replace(b'{"eventVersion":', b'{ "eventVersion":'), times)


# Not what wait4 tells: that counts what the process that starts a command holds, as well.
RUN = """import re, resource, sys
from pathlib import Path
from ebs_kms_audit.cli.main import main
assert main(sys.argv[1:]) == 1  # denials were found
own = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"""


def peak(path, *options):
    """Return the most memory that the command and its helpers had on a file, in KB."""
    command = [sys.executable, "-c", RUN, *options, path]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(run.stderr.splitlines()[-1])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is told in other units")
@pytest.mark.parametrize(
    ("content", "options"),
    [(csv, ()), (csv_gz, ()), (json, ("--records",)), (lines, ("--records",)),
     (spaced, ("--records",))],
)  # fmt: skip
def test_memory_does_not_grow_with_the_file(tmp_path, export, log, content, options):
    taken = []
    for times in (1, TIMES):
        file = tmp_path / f"{times}"
        with file.open("wb") as out:
            out.writelines(content(export, log, times))
        taken.append(peak(file, *options))
        file.unlink()
    small, large = taken
    assert large < LIMIT
    assert large - small < GROWTH
