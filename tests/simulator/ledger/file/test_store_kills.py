"""A ledger whose writer is killed: all that it said to be stored is there, once, and the file is good."""

import itertools
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from simulator.ledger.file.contents import check_contents
from simulator.ledger.file.reading import open_reader
from simulator.ledger.file.store import open_store
from simulator.ledger.record.codec import encode
from tests.processes import ending
from tests.simulator.ledger.chains import Chain
from tests.simulator.ledger.writer import BLOCKS

LONGEST = 240.0
"""Seconds after which a writer that says nothing is ended, and the test with it."""


def killed(path: Path, draw: random.Random) -> int:
    """Let a process write, kill it at a random point, and return the last block that it said to be stored."""
    command = [sys.executable, "-m", "tests.simulator.ledger.writer", str(path)]
    after, wait = draw.randrange(0, 14), draw.choice([0.0, draw.uniform(0, 0.004), draw.uniform(0, 0.02)])
    last = 0
    with ending(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
        assert process.stdout is not None
        limit = threading.Timer(LONGEST, process.kill)
        limit.start()
        try:
            for line in itertools.islice(process.stdout, after):
                last = int(line)
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            last = max([last, *(int(line) for line in process.stdout if line.endswith("\n"))])
        finally:
            limit.cancel()
        assert process.wait(LONGEST) in (-signal.SIGKILL, 0)
    return last


def kills(folder: Path, count: int, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - where to kill
    expected = [encode(block) for block, _ in Chain().blocks(BLOCKS, 70)]
    path, stored = folder / "0.db", 0
    for number in range(count):
        said = killed(path, draw)
        if not path.exists():
            assert said == 0
            continue
        with open_reader(path) as reader:
            check_contents(reader)
            stored, before = reader.blocks, stored
            assert stored >= max(said, before)
            assert reader.finalized in (stored - 1, 0)
            assert [data for _, _, data in reader.each_block()] == expected[:stored]
        if draw.random() < 0.3:
            with open_store(path) as store:
                assert store.blocks == stored
        if stored > BLOCKS - 40:
            path, stored = folder / f"{number + 1}.db", 0


@pytest.mark.slow
def test_a_killed_writer_loses_and_doubles_nothing(tmp_path: Path) -> None:
    kills(tmp_path, 12, seed=1)


@pytest.mark.full
def test_two_hundred_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    kills(tmp_path, 200, seed=2)
