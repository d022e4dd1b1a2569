"""Progress for people: a bar on a terminal, and a line now and then anywhere else."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from simulator.experiments.runner import ReportProgress

SECONDS_BETWEEN_LINES = 30.0


@contextlib.contextmanager
def progress_on(stream: TextIO, clock: Callable[[], float] = time.monotonic) -> Iterator[ReportProgress]:
    """A function for `run_experiment` that shows progress on `stream`; `clock` tells seconds."""
    if not stream.isatty():
        yield _lines(stream, clock)
        return
    from tqdm import tqdm  # type: ignore[import-untyped]  # noqa: PLC0415 - only where there is a terminal

    with tqdm(file=stream, unit="run", dynamic_ncols=True) as bar:

        def report(done: int, total: int) -> None:
            if bar.total is None:
                # What was finished before does not count towards the speed.
                bar.reset(total)
                bar.initial = done
            bar.n = done
            bar.refresh() if done == total else bar.update(0)

        yield report


def _lines(stream: TextIO, clock: Callable[[], float]) -> ReportProgress:
    last: float | None = None

    def report(done: int, total: int) -> None:
        nonlocal last
        if last is None or done == total or clock() - last >= SECONDS_BETWEEN_LINES:
            last = clock()
            stream.write(f"{done} of {total} runs\n")
            stream.flush()

    return report
