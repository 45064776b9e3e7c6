"""Units of work in several processes: results in order; one that dies costs nothing."""

import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ebs_kms_audit import InputError
from ebs_kms_audit.reading import processes
from ebs_kms_audit.reading.processes import in_order
from tests.reading.started_processes import ON_LINUX

pytestmark = [ON_LINUX, pytest.mark.usefixtures("nothing_stays")]


@pytest.mark.parametrize("count", [1, 2, 3, 500])
@pytest.mark.parametrize("helpers", [0, 1, 3])
def test_results_come_in_order(count, helpers):
    assert list(in_order(lambda number: number**2, count, helpers)) == [n**2 for n in range(count)]


def test_the_others_do_a_part(tmp_path):
    def work(_):
        (tmp_path / str(os.getpid())).touch()
        for _ in range(10_000):  # until each process has a unit: a busy machine starts one late
            if len(list(tmp_path.iterdir())) == 3:
                break
            time.sleep(0.001)
        return os.getpid()

    assert len(set(in_order(work, 200, 2))) == 3


def test_results_may_be_larger_than_a_pipe():
    assert [len(one) for one in in_order(lambda n: bytes(n * 100_000), 30, 2)] == [
        n * 100_000 for n in range(30)
    ]


def test_one_waits_where_another_is_slow():
    here = os.getpid()

    def work(number):
        time.sleep(0.3 if os.getpid() != here and number == 1 else 0.001)
        return number

    assert list(in_order(work, 200, 1)) == list(range(200))


def test_what_a_process_that_dies_had_taken_is_done_again():
    here = os.getpid()

    def work(number):
        time.sleep(0.001)
        if os.getpid() != here and number > 5:
            os._exit(9)
        return number

    assert list(in_order(work, 300, 2)) == list(range(300))


@pytest.mark.parametrize("first", [0, 20])
@pytest.mark.parametrize("helpers", [1, 2])
def test_what_a_process_that_is_stopped_had_taken_is_done_again(monkeypatch, helpers, first):
    monkeypatch.setattr(processes, "_PATIENCE", 300)
    here = os.getpid()

    def work(number):
        time.sleep(0.001)
        if os.getpid() != here and number > first + 5:
            os.kill(os.getpid(), signal.SIGSTOP)
        return number

    assert list(in_order(work, 300, helpers, first)) == list(range(300))


def test_what_a_process_is_stopped_within_is_done_again(monkeypatch):
    """A pipe holds only a part of its result, and this process is not there to read the rest."""
    monkeypatch.setattr(processes, "_PATIENCE", 300)
    here = os.getpid()

    def work(number):
        if os.getpid() != here:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGSTOP)).start()
        elif number == 0:
            time.sleep(0.3)
        return bytes(4 << 20)

    assert [len(one) for one in in_order(work, 4, 1)] == [4 << 20] * 4


@pytest.mark.parametrize("helpers", [1, 2])
@pytest.mark.parametrize("first", [1, 20, 39])
def test_helpers_do_the_units_from_the_first_one_on(first, helpers):
    found = list(in_order(lambda number: (number, os.getpid()), 40, helpers, first))
    assert [number for number, _ in found] == list(range(40))
    here = [process == os.getpid() for _, process in found]
    assert here == [True] * first + [False] * (40 - first)


@pytest.mark.parametrize("first", [0, 1, 20, 39])
def test_helpers_end_where_there_is_no_more_work(first):
    assert list(in_order(lambda number: number if number < 25 else None, 40, 2, first)) == [
        *range(25), *[None] * 15
    ]  # fmt: skip


def test_units_of_helpers_that_die_are_done_here():
    here = os.getpid()

    def work(number):
        if os.getpid() != here and number > 25:
            os._exit(9)
        return number

    assert list(in_order(work, 40, 2, 20)) == list(range(40))


def test_a_result_is_used_while_others_have_more():
    here = os.getpid()
    done = mmap.mmap(-1, 1)

    def work(number):
        if os.getpid() != here and number > 30:
            while not done[0]:  # until the first result was used
                time.sleep(0.01)
        return number

    results = in_order(work, 40, 1, 20)
    assert [next(results) for _ in range(31)] == list(range(31))
    done[0] = 1
    assert list(results) == list(range(31, 40))


def test_the_others_end_with_this_one():
    code = (
        "import os, signal; from ebs_kms_audit.reading.processes import in_order;"
        "results = in_order(lambda n: bytes(50_000), 1000, 2); next(results);"
        "print(*open('/proc/self/task/%d/children' % os.getpid()).read().split(), flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    helpers = run.stdout.split()
    assert len(helpers) == 2
    until = time.monotonic() + 10
    while any(is_alive(one) for one in helpers) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [one for one in helpers if is_alive(one)]


def is_alive(process):
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_an_error_is_raised_in_its_turn():
    def work(number):
        if number == 150:
            raise InputError("this one")
        return number

    done = []
    with pytest.raises(InputError, match="this one"):
        done.extend(in_order(work, 300, 2))
    results = in_order(work, 300, 2)
    assert [next(results) for _ in range(150)] == list(range(150))
    results.close()


def test_without_a_second_process_one_does_all(monkeypatch):
    def refuse():
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", refuse)
    assert list(in_order(lambda number: number, 50, 2)) == list(range(50))


def test_no_process_is_started_beside_threads():
    code = (
        "import threading, time; from ebs_kms_audit.reading.processes import helper_count;"
        "a = helper_count(2);"
        "threading.Thread(target=time.sleep, args=(1,), daemon=True).start();"
        "print(a, helper_count(2))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "0"]


@pytest.fixture
def many_files():
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    yield
    for one in opened:
        os.close(one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_program_that_has_many_files_open(many_files):
    assert list(in_order(lambda number: number, 50, 2)) == list(range(50))
