"""Several processes that read a file give the report that one gives, and end with the reading."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import ebs_kms_audit
from ebs_kms_audit import InputError, UsageError
from ebs_kms_audit.reading import Reading, exports, processes, records, streams
from ebs_kms_audit.reading.exports.large import ranges, window
from ebs_kms_audit.reading.records import large as records_large
from ebs_kms_audit.reading.records import scan as records_scan
from tests.benchmark.events import LOG_MIXES
from tests.benchmark.generate import make_export, make_log_file, make_logs
from tests.exports import HEADER, denied, row
from tests.reading.exports.test_large import ENDS, FILES, export_of, line
from tests.reading.records.test_scan import FORGED, RECORDS, ordinary, written
from tests.reading.started_processes import ON_LINUX, children
from tests.records import log, record

pytestmark = [ON_LINUX, pytest.mark.usefixtures("nothing_stays")]


@pytest.fixture
def always(monkeypatch, tmp_path_factory):
    """Let others help with the smallest file, in small blocks, whatever threads there are.

    A helper that fails costs nothing but time. Here it fails the test.
    """
    failure = tmp_path_factory.mktemp("helper") / "failure"

    def helped(*args):
        try:
            help_(*args)
        except BrokenPipeError:  # the audit has ended
            raise
        except BaseException as error:
            failure.write_text(repr(error), encoding="utf-8")
            raise

    help_ = processes._help
    monkeypatch.setattr(processes, "_help", helped)
    monkeypatch.setattr(exports, "LARGE", 0)
    monkeypatch.setattr(records, "_LARGE", 0)
    monkeypatch.setattr(processes, "helper_count", lambda count: count - 1)

    def set_size(size):
        monkeypatch.setattr(ranges, "RANGE", size)
        monkeypatch.setattr(window, "BLOCK", max(64, size // 2))

    yield set_size
    assert not failure.exists(), failure.read_text(encoding="utf-8")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=FILES,
    end=ENDS,
    size=st.integers(200, 5000),
    final=st.booleans(),
    packed=st.booleans(),
    cut=st.sampled_from([0, 0, 9, 99]),
)
def test_two_processes_give_the_same_report(always, tmp_path, lines, end, size, final, packed, cut):
    always(size)
    rows = [(line(row()), None) for _ in range(60)]  # the header is looked for in so many lines
    path = tmp_path / "export.csv"
    data = export_of([*rows, *lines, (line(denied()), None if final else "")], end).encode()
    if packed:
        data = gzip.compress(data)
        data = data[: len(data) - cut]
    path.write_bytes(data)
    one, two = (ebs_kms_audit.audit(path, processes=count).to_dict() for count in (1, 2))
    assert one == two


@pytest.fixture
def large_logs(always, monkeypatch):
    """Let others help with the smallest log file, in small ranges that numpy indexes."""
    monkeypatch.setattr(records, "_VECTORISED", 1)
    monkeypatch.setattr(records_scan, "_LARGE_BLOCK", 0)
    monkeypatch.setattr(records_large, "LARGE", 0)

    def set_size(size):
        always(size)
        monkeypatch.setattr(records_large, "RANGE", size)
        monkeypatch.setattr(streams, "BLOCK", max(64, size // 2))

    return set_size


EXAMPLE = {"damage": "", "place": 0, "size": 500, "packed": False, "cut": 0}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    some=RECORDS,
    damage=st.sampled_from(["", "", '"', "{", "]", ",", "x", ',{"eventVersion":']),
    place=st.integers(0, 10_000),
    size=st.integers(200, 5000),
    packed=st.booleans(),
    cut=st.sampled_from([0, 0, 9, 99]),
)
@example(some=[ordinary(requestParameters=[{}, FORGED, FORGED])] * 9, **EXAMPLE)
@example(some=[ordinary(userAgent="x" * 3000), record()], **EXAMPLE)
@example(some=[record(), ordinary()], **EXAMPLE | {"damage": "x", "place": 2000})
@example(some=[record(), ordinary()], **EXAMPLE | {"packed": True, "cut": 9})
@example(some=[ordinary(requestParameters={"a": [[{}, FORGED]]})],
         **EXAMPLE | {"packed": True, "cut": 99, "damage": ",", "place": 57})  # fmt: skip
def test_two_processes_give_the_same_report_of_a_log(
    large_logs, tmp_path, some, damage, place, size, packed, cut
):
    large_logs(size)
    many = [ordinary(), *some, record(eventName="Decrypt", eventID="the last"), *some, ordinary()]
    text = written(many, "log")
    at = place % (len(text) + 1)
    data = (text[:at] + damage + text[at:]).encode("utf-8", "surrogatepass")
    data = gzip.compress(data) if packed else data
    path = tmp_path / "log.json"
    path.write_bytes(data[: len(data) - cut])
    one, two = (audited(path, count) for count in (1, 2))
    assert one == two


def audited(path, processes):
    """Return the report, or the error if the file cannot be read."""
    try:
        return ebs_kms_audit.audit(path, processes=processes).to_dict()
    except InputError as error:
        return str(error)


def three_processes_give_the_report_of_one(path, made):
    told = []
    one, three = (
        ebs_kms_audit.audit(path, processes=count, progress=told.append) for count in (1, 3)
    )
    assert one == three
    assert (three.coverage.rows_read, three.coverage.denials) == (made.events, made.denied)
    assert told[-1].bytes_read == told[-1].bytes_total == path.stat().st_size


@pytest.mark.parametrize("mix", LOG_MIXES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_generated_log(large_logs, tmp_path, pack, mix):
    large_logs(50_000)
    made = make_log_file(tmp_path, 0.5, mix)
    path = tmp_path / "log.json"
    path.write_bytes(pack(gzip.decompress(Path(made.path).read_bytes())))
    three_processes_give_the_report_of_one(path, made)


@pytest.mark.parametrize("folder", [False, True])
def test_none_stays_where_the_caller_keeps_what_it_raised(always, tmp_path, monkeypatch, folder):
    monkeypatch.setattr("ebs_kms_audit.progress._INTERVAL", 0.0)
    always(5000)
    made = (make_logs if folder else make_export)(tmp_path, 0.5)

    def stop(progress):
        if progress.bytes_read > 30_000:
            raise TimeoutError

    given = {"records": made.path} if folder else {"inputs": made.path}
    try:
        ebs_kms_audit.audit(**given, processes=2, progress=stop)
    except TimeoutError as error:
        kept = error
    assert kept.__traceback__
    assert children() == []


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_generated_export(always, tmp_path, mark, pack):
    always(5000)
    made = make_export(tmp_path, 0.5)
    path = tmp_path / "export.csv"
    path.write_bytes(pack(mark + Path(made.path).read_bytes()))
    three_processes_give_the_report_of_one(path, made)


def test_helpers_work_from_the_start_of_the_reading(always, tmp_path):
    always(5000)
    made = make_export(tmp_path, 0.5)
    reading, other = (Reading(made.path, processes=2) for _ in range(2))
    reading.start()
    assert len(children()) == 1
    assert len(list(reading.read())) == len(list(other.read())) > 0
    assert reading.files[0].rows == made.events
    assert children() == []
    assert len(list(reading.read())) == len(list(other.read()))  # they can be read again


def test_a_line_without_end_is_rejected(always, tmp_path, monkeypatch):
    always(1000)
    monkeypatch.setattr("ebs_kms_audit.reading.decoding._LONGEST_LINE", 50_000)
    path = tmp_path / "export.csv"
    rows = [line(row()) for _ in range(100)]
    path.write_text("\n".join([",".join(HEADER), *rows, "x" * 200_000]), encoding="utf-8")
    for count in (1, 2):
        with pytest.raises(InputError, match="a line is longer than"):
            ebs_kms_audit.audit(path, processes=count)


def test_generated_logs_among_other_files(always, tmp_path):
    made = make_logs(tmp_path / "logs", 0.5)
    folder = Path(made.path)
    (folder / "bad.json").write_text("User name,", encoding="utf-8")
    (folder / "empty.json").write_text("", encoding="utf-8")
    (folder / "none.json").write_text("[1]", encoding="utf-8")
    cut = gzip.compress(log(record(), record(eventID="x")).read().encode())
    (folder / "cut.json.gz").write_bytes(cut[:-9])
    (folder / "large.jsonl").write_text(json.dumps(record(eventID="large")), encoding="utf-8")
    one, two = (ebs_kms_audit.audit(records=folder, processes=count) for count in (1, 2))
    assert one == two
    assert two.coverage.denials == made.denied + 3
    assert len(two.failed_inputs) == 3


def test_large_files_are_read_in_their_turn(always, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "_SMALL", 3000)
    made = make_logs(tmp_path / "logs", 0.3)
    folder = Path(made.path)
    assert any(file.stat().st_size > 3000 for file in folder.rglob("*.json.gz"))
    one, two = (ebs_kms_audit.audit(records=folder, processes=count) for count in (1, 2))
    assert one == two
    assert two.coverage.rows_read == made.events


@pytest.mark.parametrize("processes", [0, -1, 1.5, "2"])
def test_a_number_of_processes_that_makes_no_sense(processes):
    with pytest.raises(UsageError, match="processes"):
        ebs_kms_audit.audit("x.csv", processes=processes)
