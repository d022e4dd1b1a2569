"""Execution of work: here, in processes of this machine, or on a Dask cluster. The results are the same."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from multiprocessing.resource_tracker import ensure_running
from typing import TYPE_CHECKING, cast

from exporter.core.config import ConfigError
from simulator.experiments.plan.work import Work
from simulator.experiments.run.dask_executor import DaskExecutor
from simulator.experiments.run.provenance import Program, program
from simulator.experiments.run.work import Figures, Refusal, Simulate, do
from simulator.run.child import end_with
from simulator.run.forecasts import lacking_of

if TYPE_CHECKING:
    from distributed import Client

Take = Callable[[int, Figures], None]
"""Receiver of the index of a unit of work and its result, in order of completion."""

_CONNECT_SECONDS = 10

_WORKER_SECONDS = 10
"""Seconds for which a scheduler may be without workers, which need a few to start."""


class RefusalError(ConfigError):
    """Work that cannot be done, in the words of the process that refused it."""


def execute(pending: Sequence[Work], simulate: Simulate, take: Take, executor: Executor | None) -> None:
    """Do all the work, and hand over each result once it is there.

    Raises RefusalError where the work cannot be done. On KeyboardInterrupt the work in progress is finished and handed
    over, and the rest is cancelled.
    """
    if executor is None:
        for index, work in enumerate(pending):
            take(index, _accepted(do(work, simulate)))
        return
    futures: dict[Future[Figures | Refusal], int] = {}
    taken = set()
    try:
        with _put_off():
            for index, work in enumerate(pending):
                futures[executor.submit(do_alike, work, program(), _lacking(work), simulate)] = index
        for future in as_completed(futures):
            taken.add(future)
            take(futures[future], _accepted(future.result()))
    finally:
        for future in futures:
            future.cancel()
        executor.shutdown(wait=True)
        for future in futures.keys() - taken:
            _take_finished(future, futures[future], take)


@contextlib.contextmanager
def _put_off() -> Iterator[None]:
    """Put Ctrl-C off until the end of the block. Workers that begin in it are not ended by it before they can tell."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def do_alike(work: Work, asking: Program, lacking: Sequence[str], simulate: Simulate) -> Figures | Refusal:
    """Do the work, unless this process differs from the asking one in its code, its environment, or the libraries that
    the work's forecasters lack."""
    if asking.code != program().code:
        return Refusal(mistakes=["workers: expected the same version of ecochain on every worker, got another one"])
    if asking.environment != program().environment or lacking != _lacking(work):
        return Refusal(mistakes=["workers: expected the same Python and libraries on every worker, got others"])
    return do(work, simulate)


def _lacking(work: Work) -> Sequence[str]:
    return lacking_of(work.scenario, work.method)


def _take_finished(future: Future[Figures | Refusal], index: int, take: Take) -> None:
    """Hand over a result that was finished after the interruption."""
    if future.cancelled() or future.exception() is not None:
        return
    result = future.result()
    if not isinstance(result, Refusal):
        take(index, result)


def _accepted(result: Figures | Refusal) -> Figures:
    if isinstance(result, Refusal):
        raise RefusalError(result.mistakes)
    return result


@contextlib.contextmanager
def executor_for(workers: int, dask: str | None) -> Iterator[Executor | None]:
    """Yield the executor: a Dask cluster at an address, this process (None) for one worker, else so many processes.

    Raises ConfigError where there is no Dask cluster, or no Dask.
    """
    if dask is not None:
        with _dask_executor(dask) as executor:
            yield executor
    elif workers == 1:
        yield None
    else:
        _start_tracker()
        # Fresh interpreters: threads of libraries that are loaded here do not survive a fork.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_serve_parent) as executor:
            yield executor


def _start_tracker() -> None:
    """Start the process that removes the semaphores of an experiment that is killed, without its warning that it does.

    Its warnings are those of its environment.
    """
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (before, "ignore:resource_tracker:UserWarning")))
    try:
        ensure_running()
    finally:
        del os.environ["PYTHONWARNINGS"]
        if before is not None:
            os.environ["PYTHONWARNINGS"] = before


def _serve_parent() -> None:
    """End with the parent, and ignore Ctrl-C, which reaches the whole process group: only the parent acts on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    end_with(cast(BaseProcess, parent_process()).sentinel)


@contextlib.contextmanager
def _dask_executor(address: str) -> Iterator[Executor]:
    from distributed import Client, KilledWorker  # noqa: PLC0415 - an optional extra, and slow to load

    # Messages about the end of a connection are replaced by one line, below.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        asyncio.run(_answers(address))
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ConfigError([f'--dask: expected the address of a Dask scheduler, got "{address}": {error}']) from error
    with client:
        try:
            _await_worker(client)
            yield DaskExecutor(client)
        except TimeoutError as error:
            told = f"expected workers with ecochain, found none in {_WORKER_SECONDS} s"
            raise ConfigError([f"--dask: {address}: {told}"]) from error
        except RefusalError as error:
            raise ConfigError([f"--dask: on a worker: {mistake}" for mistake in error.mistakes]) from error
        except (ImportError, RuntimeError) as error:
            told = f"expected ecochain on scheduler and workers: {error.__cause__ or error}"
            raise ConfigError([f"--dask: {address}: {told}"]) from error
        except (KilledWorker, CancelledError) as error:
            raise ConfigError([f"--dask: {address}: workers or scheduler ended before the work did"]) from error


def _await_worker(client: "Client") -> None:
    """Wait until a worker has run code of this package. Raises TimeoutError where there is none for some seconds.

    A worker that lacks the package may die of the attempt; the probe then waits for the next worker.
    """
    client.wait_for_workers(1, timeout=_WORKER_SECONDS)
    probe = client.submit(program, pure=False)
    while not probe.done():  # type: ignore[no-untyped-call]
        with contextlib.suppress(TimeoutError):
            probe.result(timeout=_WORKER_SECONDS)
        client.wait_for_workers(1, timeout=_WORKER_SECONDS)
    probe.result()


async def _answers(address: str) -> None:
    """Check that a Dask scheduler answers. Raises OSError or ValueError.

    A `Client` that finds none would log a second complaint when it is collected as garbage.
    """
    from distributed.comm.core import connect  # noqa: PLC0415 - as above
    from distributed.security import Security  # noqa: PLC0415 - as above

    arguments = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    comm = await connect(address, timeout=_CONNECT_SECONDS, **arguments)  # type: ignore[no-untyped-call]
    await comm.close()
