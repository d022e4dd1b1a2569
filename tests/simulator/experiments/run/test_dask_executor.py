"""Work on a cluster is cancelled or fetched, and never both."""

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from simulator.experiments.run.dask_executor import DaskExecutor

if TYPE_CHECKING:
    from distributed import Client


@dataclass(slots=True, eq=False)
class Asked:
    """A future of Dask's, which ends when a test says so; `fetching` is called while its result is on its way."""

    value: object = None
    failure: BaseException | None = None
    lost: bool = False
    fetching: Callable[[], object] = lambda: None
    told: list[Callable[["Asked"], None]] = field(default_factory=list)

    def add_done_callback(self, callback: Callable[["Asked"], None]) -> None:
        self.told.append(callback)

    def cancelled(self) -> bool:
        return self.lost

    def result(self) -> object:
        self.fetching()
        if self.failure is not None:
            raise self.failure
        return self.value

    def end(self) -> None:
        for callback in self.told:
            callback(self)


@dataclass(slots=True)
class Cluster:
    """A client of Dask's whose futures a test holds."""

    asked: list[Asked] = field(default_factory=list)
    cancelled: list[list[Asked]] = field(default_factory=list)

    def submit(self, fn: Callable[..., object], *args: object, pure: bool) -> Asked:
        assert not pure
        self.asked.append(Asked(value=fn(*args)))
        return self.asked[-1]

    def cancel(self, asked: Sequence[Asked]) -> None:
        self.cancelled.append(list(asked))
        for one in asked:
            one.lost = True
            one.end()


def work(count: int) -> tuple[Cluster, DaskExecutor, list[Future[Any]]]:
    """Return a cluster with so much work."""
    cluster = Cluster()
    executor = DaskExecutor(cast("Client", cluster))
    return cluster, executor, [executor.submit(abs, -number) for number in range(count)]


def test_work_whose_result_is_on_its_way_is_not_cancelled() -> None:
    """Dask logs a traceback for such work, and its future never ends."""
    cluster, executor, told = work(3)
    refused: list[bool] = []
    cluster.asked[1].fetching = lambda: refused.append(not told[1].cancel())
    cluster.asked[1].end()
    assert refused == [True]
    assert told[1].result(timeout=240.0) == 1
    told[0].cancel()
    told[2].cancel()
    executor.shutdown()
    assert cluster.cancelled == [[cluster.asked[0], cluster.asked[2]]]
    assert (told[0].cancelled(), told[2].cancelled()) == (True, True)


def test_all_that_is_left_is_cancelled_in_one_request() -> None:
    cluster, executor, told = work(4)
    cluster.asked[0].end()
    executor.shutdown(cancel_futures=True)
    assert cluster.cancelled == [cluster.asked[1:]]
    assert [one.cancelled() for one in told] == [False, True, True, True]


@pytest.mark.parametrize("failure", [ValueError("no"), CancelledError("lost"), SystemExit(3)])
def test_a_failure_is_raised_where_the_result_is_asked_for(failure: BaseException) -> None:
    cluster, _, told = work(1)
    cluster.asked[0].failure = failure
    cluster.asked[0].end()
    assert told[0].exception(timeout=240.0) is failure


def test_work_that_a_cluster_has_lost_is_cancelled() -> None:
    cluster, _, told = work(1)
    cluster.asked[0].lost = True
    cluster.asked[0].end()
    with pytest.raises(CancelledError):
        told[0].result(timeout=240.0)
