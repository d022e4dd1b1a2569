"""A second of a process with several threads counts by the CPUs of those, as far as looking at them stays cheap."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.sources.processes.siblings import Weights
from exporter.sources.processes.stat import Process
from exporter.sources.processes.thread_weights import LEAST_BUSY, MOST_THREADS, ThreadWeights
from tests.exporter.sources.processes.broken_procfs import Odd, show

TICKS = 500.0
WEIGHTS = Weights(by_cpu={0: 0.6, 1: 0.6, 2: 1.0, 3: 1.0}, mean=0.8)


def process(pid: int = 7, threads: int = 2) -> Process:
    return Process(pid=pid, started=1, name="x", parent=1, threads=threads, used=0, waited=0, cpu=0)


def show_threads(folder: Path, pid: int, threads: Mapping[int, tuple[int, int]]) -> None:
    """Show the clock ticks and the CPU of each thread."""
    for tid, (used, cpu) in threads.items():
        fields = ["S", "1", *["0"] * 9, str(used), "0", "0", "0", "20", "0", "2", "0", "1", *["0"] * 16, str(cpu)]
        show(folder / f"{pid}/task/{tid}/stat", f"{tid} (a) b) {' '.join(fields)} 0\n".encode())


def test_threads_count_by_what_each_had_since_the_last_look(tmp_path: Path) -> None:
    watch = ThreadWeights(tmp_path)
    show_threads(tmp_path, 7, {7: (1000, 0), 8: (3000, 2)})
    assert watch.weigh([(process(), 400.0)], WEIGHTS, TICKS)[7] == pytest.approx((0.6 + 3 * 1.0) / 4)
    show_threads(tmp_path, 7, {7: (1300, 0), 8: (3100, 2)})
    assert watch.weigh([(process(), 400.0)], WEIGHTS, TICKS)[7] == pytest.approx((3 * 0.6 + 1.0) / 4)


def test_a_thread_that_is_new_counts_for_its_life(tmp_path: Path) -> None:
    watch = ThreadWeights(tmp_path)
    show_threads(tmp_path, 7, {7: (1000, 0)})
    watch.weigh([(process(), 400.0)], WEIGHTS, TICKS)
    show_threads(tmp_path, 7, {7: (1100, 0), 9: (300, 3)})
    assert watch.weigh([(process(), 400.0)], WEIGHTS, TICKS)[7] == pytest.approx((0.6 + 3 * 1.0) / 4)


def test_what_is_hardly_busy_or_has_one_thread_or_no_siblings_is_not_looked_at(tmp_path: Path) -> None:
    show_threads(tmp_path, 7, {7: (1000, 0), 8: (3000, 2)})
    watch = ThreadWeights(tmp_path)
    assert watch.weigh([(process(), LEAST_BUSY * TICKS - 1.0)], WEIGHTS, TICKS) == {}
    assert watch.weigh([(process(threads=1), 400.0)], WEIGHTS, TICKS) == {}
    assert watch.weigh([(process(), 400.0)], Weights(), TICKS) == {}


def test_the_busiest_are_looked_at_as_far_as_their_threads_are_few_enough(tmp_path: Path) -> None:
    for pid in (7, 8, 9):
        show_threads(tmp_path, pid, {pid: (100, 2)})
    had = [(process(7, 2), 100.0), (process(8, MOST_THREADS), 200.0), (process(9, MOST_THREADS + 1), 300.0)]
    assert ThreadWeights(tmp_path).weigh(had, WEIGHTS, TICKS).keys() == {7, 8}


@pytest.mark.parametrize("broken", [Odd.MISSING, Odd.FOLDER, Odd.PIPE, Odd.LOOP, b"", b"8 (x) S", b"\xff" * 5000])
def test_a_thread_that_cannot_be_read_counts_as_the_others(tmp_path: Path, broken: bytes | Odd) -> None:
    show_threads(tmp_path, 7, {7: (100, 2), 8: (100, 0)})
    show(tmp_path / "7/task/8/stat", broken)
    assert ThreadWeights(tmp_path).weigh([(process(), 400.0)], WEIGHTS, TICKS) == {7: 1.0}


def test_a_process_that_has_ended_is_left_out(tmp_path: Path) -> None:
    assert ThreadWeights(tmp_path).weigh([(process(), 400.0)], WEIGHTS, TICKS) == {}
