"""What a process has started and opened."""

import gc
import sys
from pathlib import Path

import pytest

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="one process reads elsewhere")


def children():
    """Return the processes that this one has started and that are still there, dead or not."""
    tasks = Path("/proc/self/task")
    return [one for task in tasks.iterdir() for one in (task / "children").read_text().split()]


def pipes():
    gc.collect()
    opened = Path("/proc/self/fd").iterdir()
    return [one.name for one in opened if one.is_fifo()]
