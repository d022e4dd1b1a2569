"""A lock between processes: one works while the others wait, and none waits for one that is gone."""

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.scheduling.kernels.alone import alone
from tests.processes import ending, first_line, until

HOLD = """
import sys, time
from pathlib import Path
from simulator.scheduling.kernels.alone import alone
with alone(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(300)
"""


@contextlib.contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds a lock until the block ends."""
    argv = [sys.executable, "-c", HOLD, str(path)]
    with ending(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)) as process:
        yield process


def has_open(process: subprocess.Popen[str], path: Path) -> bool:
    """Return whether a process has a file open."""
    folder = Path(f"/proc/{process.pid}/fd")
    return any(os.path.realpath(one) == str(path) for one in folder.iterdir())


def test_one_enters_after_the_other_is_killed(tmp_path: Path) -> None:
    path = tmp_path.resolve() / "lock"
    with holder(path) as first:
        assert first_line(first) == "in"
        with holder(path) as second:
            until(lambda: has_open(second, path), "the second process")
            assert second.stdout is not None
            assert select.select([second.stdout], [], [], 0.5)[0] == []
            first.kill()
            assert first_line(second) == "in"


def test_nobody_waits_without_end(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as first:
        assert first_line(first) == "in"
        with alone(tmp_path / "lock", most_seconds=0.1):
            assert first.poll() is None


def test_where_no_lock_can_be_made_nobody_waits(tmp_path: Path) -> None:
    entered = []
    with alone(tmp_path / "absent" / "lock"):
        entered.append(True)
    assert entered == [True]


def test_a_lock_is_free_after_a_block_that_failed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), alone(tmp_path / "lock"):
        1 / 0  # noqa: B018
    with holder(tmp_path / "lock") as other:
        assert first_line(other) == "in"
