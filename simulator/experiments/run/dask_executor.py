"""An executor on a Dask cluster whose work can be cancelled at any moment.

Dask's own fetches results in callbacks of its event loop. Where work is cancelled while its result is on its way, such
a callback logs a traceback, and its future never ends.
"""

from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Executor, Future
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Asked

P = ParamSpec("P")
T = TypeVar("T")


class DaskExecutor(Executor):
    """An executor of a client's cluster. Work can be cancelled until its result is fetched, and not while it is."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._asked: dict[Future[Any], Asked[Any]] = {}

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """See `Executor.submit`. Not pure: the keys of Dask would otherwise outlive the code that computed them."""
        told: Future[T] = Future()
        asked = self._client.submit(fn, *args, pure=False, **kwargs)
        self._asked[told] = asked
        asked.add_done_callback(partial(_fetch, told))  # type: ignore[no-untyped-call]
        return told

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - inherited
        """See `Executor.shutdown`: the cluster is told of all cancelled work at once, and the rest may end."""
        if cancel_futures:
            for told in self._asked:
                told.cancel()
        cancelled = [asked for told, asked in self._asked.items() if told.cancelled()]
        self._client.cancel(cancelled)  # type: ignore[no-untyped-call]
        if wait:
            futures.wait([told for told in self._asked if not told.cancelled()])


def _fetch(told: Future[Any], asked: "Asked[Any]") -> None:
    """Fetch the result of work that has ended, in a thread of the client's; a failure is a result too."""
    if asked.cancelled():  # type: ignore[no-untyped-call]
        told.cancel()
    if told.set_running_or_notify_cancel():
        try:
            told.set_result(asked.result())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            told.set_exception(error)
