"""The choice between a plain kernel and the one compiled by numba, which is loaded only when asked for."""

import contextlib
import functools
import gc
import logging
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

from simulator.scheduling.kernels.alone import alone
from simulator.scheduling.kernels.kept_code import kept_code

_LOG = logging.getLogger(__name__)

KERNEL = {"error_model": "numpy", "_nrt": False}
"""Options of numba for all kernels. They allocate nothing, so that nobody has to count references to arrays; without
that there is far less to compile."""

KernelT = TypeVar("KernelT", bound=Callable[..., Any])


class Backend(Enum):
    """Ways to execute a kernel; the results are the same, bit for bit."""

    COMPILED = "compiled"
    PLAIN = "plain"


def kernel(function: KernelT, backend: Backend) -> KernelT:
    """Return a function of `simulator.scheduling.kernels.placement`, or of another such file, ready to be called."""
    return cast(KernelT, _compiled(function, no_cfunc_wrapper=True)) if backend is Backend.COMPILED else function


def prepared(function: KernelT, backend: Backend, *arguments: object) -> KernelT:
    """Return a kernel for arguments of exactly the types of these. It does not look at the types again, which takes
    longer than a short call where the arguments are many."""
    if backend is Backend.PLAIN:
        return function
    return cast(KernelT, _compiled_for(function, arguments, no_cfunc_wrapper=True).entry_point)


def passed(function: KernelT, backend: Backend, *arguments: object) -> KernelT:
    """Return a kernel to be passed to another as an argument, which calls it with arguments of the types of these.

    What calls it is compiled once for all kernels with these types.
    """
    return function if backend is Backend.PLAIN else cast(KernelT, _pointer(function, arguments))


def promised(*arguments: object) -> object:
    """Return what is of the type that `passed` returns for all compiled kernels with arguments of the types of these.

    It stands for such a kernel before there is one, and must not be called.
    """
    from numba import types  # noqa: PLC0415 - takes longer to load than the whole command line may

    return _pointer_to(0, types.none(*_types_of(arguments)))


def is_lacking(function: Callable[..., Any], *arguments: object) -> bool:
    """Return whether `prepared` would compile a kernel for arguments of these types, and keep the code for others."""
    dispatcher, types = _compiled(function, no_cfunc_wrapper=True), _types_of(arguments)
    return types not in dispatcher.overloads and _is_lacking(dispatcher, types)


def _is_lacking(dispatcher: Any, types: tuple[Any, ...]) -> bool:
    """Return whether code has a folder to be kept in, and is not there."""
    kept = dispatcher._cache
    if not hasattr(kept, "lock"):
        return False
    kept_for = kept._cache_file._load_index()
    return kept._index_key(types, dispatcher.targetctx.codegen()) not in kept_for


@functools.cache
def _compiled(function: Callable[..., Any], **wrappers: bool) -> Any:
    """Compile a function on the first call with each kind of arguments.

    The code is kept in the user's cache folder, or beside the source where that cannot be written, or in
    $NUMBA_CACHE_DIR; where none can be written, for this process only. Of several processes that want it one compiles.
    Beside the source of an installed package it would outlive the package, and Python would take the folder for it.
    `wrappers` tell numba which it need not make.
    """
    import numba  # noqa: PLC0415 - takes longer to load than the whole command line may
    from numba.core.caching import FunctionCache  # noqa: PLC0415 - as above

    found: Any = FunctionCache._impl_class

    class Kept(FunctionCache):
        """The code that is kept of a function, until anything changes on which it rests."""

        class _impl_class(found):  # type: ignore[misc]  # noqa: N801 - numba's name
            _locator_classes = sorted(found._locator_classes, key=lambda one: "InTree" in one.__name__)

        def __init__(self, function: Callable[..., Any]) -> None:
            super().__init__(function)  # type: ignore[no-untyped-call]
            base = "-".join((self._impl.filename_base, *wrappers))
            self._cache_file = kept_code(self._cache_path, base, _rests_on(cast(FunctionType, function)))
            self.lock = Path(self._cache_path) / f"{base}.lock"

    _attend_compiling()
    _admit_called(function)
    dispatcher = cast(Any, numba.njit)(function, **KERNEL, **wrappers)
    compile_for = dispatcher.compile

    def compile_once(types: tuple[Any, ...]) -> Any:
        if not _is_lacking(dispatcher, types):
            return compile_for(types)
        with alone(dispatcher._cache.lock):
            return compile_for(types)

    # Without a folder for its cache numba raises RuntimeError.
    with contextlib.suppress(RuntimeError):
        dispatcher._cache = Kept(function)
        dispatcher.compile = compile_once
    return dispatcher


def _compiled_for(function: Callable[..., Any], arguments: tuple[object, ...], **wrappers: bool) -> Any:
    """Compile a function for the types of these arguments, and return what numba found."""
    types, dispatcher = _types_of(arguments), _compiled(function, **wrappers)
    dispatcher.compile(types)
    return dispatcher.overloads[types]


def _types_of(arguments: tuple[object, ...]) -> tuple[Any, ...]:
    from numba import typeof  # noqa: PLC0415 - as above

    return tuple(typeof(one) for one in arguments)  # type: ignore[no-untyped-call]


def _pointer(function: Callable[..., Any], arguments: tuple[object, ...]) -> object:
    """Compile a function for the types of these arguments, and return what numba takes for a pointer to it."""
    found = _compiled_for(function, arguments, no_cpython_wrapper=True)
    return _pointer_to(found.library.get_pointer_to_function(found.fndesc.llvm_cfunc_wrapper_name), found.signature)


def _pointer_to(address: int, its_signature: Any) -> object:
    import numba.experimental.function_type  # noqa: F401, PLC0415 - tells numba of such types
    from numba.core.types import WrapperAddressProtocol  # noqa: PLC0415 - as above

    class Pointer(WrapperAddressProtocol):
        """The address of a function, with the types of its arguments."""

        def __wrapper_address__(self) -> int:
            return address

        def signature(self) -> Any:
            """Return the types of the arguments and of the result."""
            return its_signature

    return Pointer()


def _called(function: FunctionType) -> Iterator[FunctionType]:
    """Yield the plain functions that a kernel calls, and all that those call."""
    for name in function.__code__.co_names:
        if isinstance(one := function.__globals__.get(name), FunctionType):
            yield one
            yield from _called(one)


def _rests_on(function: FunctionType) -> tuple[object, ...]:
    """Return what tells whether the code of a kernel is still that of its source.

    It rests on the files of all functions that it calls and of the types that they know, such as named tuples, and on
    the values of the constants that they read: numba itself looks at one file.
    """
    functions = [function, *_called(function)]
    known: list[FunctionType | type] = [*functions]
    known += [value for one in functions for value in one.__globals__.values() if isinstance(value, type)]
    files = {path for one in known if (path := getattr(sys.modules[one.__module__], "__file__", None))}
    constants = {
        (one.__module__, name, value)
        for one in functions
        for name in one.__code__.co_names
        if isinstance(value := one.__globals__.get(name), int | float)
    }
    stats = [(path, Path(path).stat()) for path in sorted(files)]
    return (*((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats), *sorted(constants))


def _admit_called(function: Callable[..., Any]) -> None:
    """Let numba compile the plain functions that a kernel calls into it."""
    for called in _called(cast(FunctionType, function)):
        _admit(called)


@functools.cache
def _admit(function: Callable[..., Any]) -> None:
    from numba.extending import register_jitable  # noqa: PLC0415 - as above

    register_jitable(**KERNEL, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


@functools.cache
def announce() -> None:
    """Say, once in a process, that compiling takes a while."""
    _LOG.info("compiling the kernels: some seconds; they are cached for all runs of this kind")


@functools.cache
def _attend_compiling() -> None:
    """Announce the first compilation of this process, and let each have its way; code from the cache is not compiled.

    What numba makes on its way is nearly all in use until it is done: the garbage collector, which would look through
    it again and again, takes a tenth of the time. LLVM's attempts to make vectors of loops take as much, and find none
    that is faster for it: each round of these loops waits for the one before.
    """
    from numba.core import config, event  # noqa: PLC0415 - as above

    options = cast(Any, config)  # its names are made while it is loaded

    class Attendant(event.Listener):
        """A listener that announces the first compilation, and stops what prolongs each.

        To compile a kernel is to compile what it calls, too: these compilations lie within its own.
        """

        depth = 0
        collects = False
        vectorizes = 0

        def on_start(self, event: Any) -> None:  # noqa: ARG002 - numba's signature
            announce()
            # Counted first: what ends it from here on, such as Ctrl-C, finds the collector as it was, or is undone.
            self.depth += 1
            if self.depth == 1:
                self.collects = gc.isenabled()
                gc.disable()
                self.vectorizes, options.LOOP_VECTORIZE = options.LOOP_VECTORIZE, 0

        def on_end(self, event: Any) -> None:  # noqa: ARG002 - numba's signature
            self.depth -= 1
            if self.depth == 0:
                options.LOOP_VECTORIZE = self.vectorizes
                if self.collects:
                    gc.enable()

    event.register("numba:compile", Attendant())  # type: ignore[no-untyped-call]
    _compare_faster()


def _compare_faster() -> None:
    """Let numba compare target configurations without a look at each of their options.

    It looks one up some twenty thousand times for the kernels of a run, and each time sorts the names of all options
    for the hash, which holds no values and so is the same for all configurations of a kind, and then compares the
    values one by one. Hashes and results stay what they are.
    """
    from numba.core.targetconfig import TargetConfig  # noqa: PLC0415 - as above

    configuration = cast(Any, TargetConfig)
    hash_of, equals = configuration.__hash__, configuration.__eq__
    hashes: dict[type, int] = {}

    def remembered(config: Any) -> int:
        kind = type(config)
        if kind not in hashes:
            hashes[kind] = hash_of(config)
        return hashes[kind]

    def is_equal(config: Any, other: Any) -> Any:
        alike = config is other or (type(config) is type(other) and config._values == other._values)
        return alike or equals(config, other)

    configuration.__hash__ = remembered
    if hasattr(configuration, "_values"):
        configuration.__eq__ = is_equal
