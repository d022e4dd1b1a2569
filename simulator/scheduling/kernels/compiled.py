"""The choice between a plain kernel and the one compiled by numba, which is loaded only when asked for."""

import functools
import logging
from collections.abc import Callable
from enum import Enum
from types import FunctionType
from typing import Any, TypeVar, cast

_LOG = logging.getLogger(__name__)

KernelT = TypeVar("KernelT", bound=Callable[..., Any])


class Backend(Enum):
    """Ways to execute a kernel; the results are the same, bit for bit."""

    COMPILED = "compiled"
    PLAIN = "plain"


def kernel(function: KernelT, backend: Backend) -> KernelT:
    """Return a function of `simulator.scheduling.kernels.placement`, or of another such file, ready to be called."""
    return cast(KernelT, _compiled(function)) if backend is Backend.COMPILED else function


@functools.cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function on the first call with each kind of arguments.

    The code is kept beside the source, or in the user's cache folder where that cannot be written, or in
    $NUMBA_CACHE_DIR; where none can be written, for this process only.
    """
    import numba  # noqa: PLC0415 - takes longer to load than the whole command line may

    _tell_of_compiling()
    _admit_called(function)
    try:
        return cast(Callable[..., Any], numba.njit(function, cache=True, error_model="numpy"))
    except RuntimeError:  # numba found no folder for its cache
        return cast(Callable[..., Any], numba.njit(function, error_model="numpy"))


def _admit_called(function: Callable[..., Any]) -> None:
    """Let numba compile the plain functions that a kernel calls into it."""
    for name in function.__code__.co_names:
        if isinstance(called := function.__globals__.get(name), FunctionType):
            _admit(called)


@functools.cache
def _admit(function: Callable[..., Any]) -> None:
    from numba.extending import register_jitable  # noqa: PLC0415 - as above

    _admit_called(function)
    register_jitable(error_model="numpy")(function)


@functools.cache
def _tell_of_compiling() -> None:
    """Announce the first compilation of this process; code from the cache is not compiled."""
    from numba.core import event  # noqa: PLC0415 - as above

    class Announcer(event.Listener):
        """A listener that logs once, before the first compilation, that it takes a while."""

        said = False

        def on_start(self, event: Any) -> None:  # noqa: ARG002 - numba's signature
            if not self.said:
                self.said = True
                _LOG.info("compiling the kernels: some seconds, once; the result is cached")

        def on_end(self, event: Any) -> None:
            """Do nothing when a compilation ends."""

    event.register("numba:compile", Announcer())  # type: ignore[no-untyped-call]
