"""Getting work done: here, in processes of this machine, or on a Dask cluster. The results are the same."""

import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from exporter.core.config import ConfigError
from simulator.experiments.work import Figures, Refusal, Simulate, Work, code_digest, do

Take = Callable[[int, Figures], None]
"""Receives the index of a unit of work and its result, in order of completion."""

_CONNECT_SECONDS = 10


def execute(pending: Sequence[Work], simulate: Simulate, take: Take, executor: Executor | None) -> None:
    """Do all of it, handing over each result once it is there.

    Raises ConfigError where the work cannot be done. On KeyboardInterrupt what has been begun is finished and handed
    over, and the rest is cancelled.
    """
    if executor is None:
        for index, work in enumerate(pending):
            take(index, _accepted(do(work, code_digest(), simulate)))
        return
    futures = {executor.submit(do, work, code_digest(), simulate): index for index, work in enumerate(pending)}
    taken = set()
    try:
        for future in as_completed(futures):
            taken.add(future)
            take(futures[future], _accepted(future.result()))
    finally:
        for future in futures:
            future.cancel()
        executor.shutdown(wait=True)
        for future in futures.keys() - taken:
            _take_finished(future, futures[future], take)


def _take_finished(future: Future[Figures | Refusal], index: int, take: Take) -> None:
    """Hand over what was finished after the interruption."""
    if future.cancelled() or future.exception() is not None:
        return
    result = future.result()
    if not isinstance(result, Refusal):
        take(index, result)


def _accepted(result: Figures | Refusal) -> Figures:
    if isinstance(result, Refusal):
        raise ConfigError(result.mistakes)
    return result


@contextlib.contextmanager
def executor_for(workers: int, dask: str | None) -> Iterator[Executor | None]:
    """Where the work goes: a Dask cluster where an address is given, this process for one worker, else so many others.

    Raises ConfigError where there is no Dask cluster, or no Dask.
    """
    if dask is not None:
        with _dask_executor(dask) as executor:
            yield executor
    elif workers == 1:
        yield None
    else:
        # Fresh interpreters: threads of libraries that are loaded here do not survive a fork.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts) as executor:
            yield executor


def _leave_interrupts() -> None:
    """Ctrl-C reaches the whole process group, but only the parent acts on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def _dask_executor(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client  # noqa: PLC0415 - an optional extra, and slow to load
    except ImportError as error:
        raise ConfigError(["--dask: needs the package distributed: install ecotrack[dask]"]) from error
    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ConfigError([f'--dask: expected the address of a Dask scheduler, got "{address}": {error}']) from error
    with client:
        # Not pure: the keys of Dask would otherwise outlive the code that they were computed with.
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]
