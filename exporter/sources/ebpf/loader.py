"""Putting the counting into the kernel, by the best means that this kernel and this process have."""

import errno
import os
import platform
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.sources.ebpf.btf import VMLINUX, Types, kernel_types
from exporter.sources.ebpf.call import Protocol
from exporter.sources.ebpf.hooks import SOCKET_CALLS, TRACEPOINTS, UDP_CALLS, Hook, point_of
from exporter.sources.ebpf.layout import Layout, layout_of, wanted_types
from exporter.sources.ebpf.program import ENTRY, KEY, Maps, counting_program
from exporter.sources.ebpf.reading import EbpfUnavailableError
from exporter.sources.ebpf.syscalls import NUMBERS, AttachType, MapType, RefusedError, attach, create_map, load_program
from exporter.sources.ebpf.table import TOTAL
from exporter.sources.procfs import USUAL

NAME = "ecotrack"
"""Name of everything of ours in the kernel, where `bpftool` shows it."""

FIRST_PID_NAMESPACE = 0xEFFFFFFC
"""Inode of the machine's own namespace of process numbers (PID_NS_INIT_INO, include/uapi/linux/nsfs.h)."""

WITHOUT_UDP = tuple(protocol for protocol in Protocol if protocol is not Protocol.UDP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Everything of ours in the kernel, for as long as its descriptors are open: at most until this process ends.

    `sees_messages` says that the address of each message of UDP is seen. Where it is not, a socket without a connection
    moves bytes within the machine only if its own address is of loopback.
    """

    means: str
    sees_messages: bool
    maps: Maps
    held: ExitStack


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kernel:
    types: Types
    layout: Layout
    maps: Maps


def load(procfs: Path, room: int, types: Path = VMLINUX) -> Loaded:
    """Put the counting into the kernel, with room for so many processes.

    Raises EbpfUnavailableError, which says in one line why that cannot be.
    """
    _check_place(procfs)
    wanted = [*wanted_types(), *(hook.wanted for hook in (*TRACEPOINTS, *SOCKET_CALLS, *UDP_CALLS))]
    with ExitStack() as held, kernel_types(types, wanted) as known:
        kernel = _Kernel(types=known, layout=layout_of(known), maps=_create_maps(room, held))
        means, sees_messages = _attach_best(kernel, held)
        return Loaded(means=means, sees_messages=sees_messages, maps=kernel.maps, held=held.pop_all())


def _check_place(procfs: Path) -> None:
    if platform.machine() not in NUMBERS or sys.byteorder != "little" or sys.maxsize < 1 << 32:
        raise EbpfUnavailableError(f"not written for machines of the kind {platform.machine()}")
    if procfs == USUAL and os.stat("/proc/self/ns/pid").st_ino != FIRST_PID_NAMESPACE:  # noqa: PTH116 - a link
        raise EbpfUnavailableError("the exporter's container has process numbers of its own")


def _create_maps(room: int, held: ExitStack) -> Maps:
    try:
        entries = create_map(MapType.HASH, NAME, (KEY.size, ENTRY.size), room)
        held.callback(os.close, entries)
        lost = create_map(MapType.ARRAY, NAME, (4, TOTAL.size), 1)
        held.callback(os.close, lost)
    except RefusedError as refused:
        raise EbpfUnavailableError(f"the kernel gives no room to count: {_in_words(refused)}") from refused
    return Maps(entries=entries, lost=lost)


def _attach_best(kernel: _Kernel, held: ExitStack) -> tuple[str, bool]:
    """Attach to tracepoints, else to functions; return which, and whether that sees the address of each message.

    Raises EbpfUnavailableError.
    """
    reasons = []
    for means, attach_by in (("tracepoint", _attach_to_tracepoints), ("fexit", _attach_to_functions)):
        with ExitStack() as attached:
            try:
                sees_messages = attach_by(kernel, attached)
            except EbpfUnavailableError as error:
                reasons.append(f"{means}: {error}")
                continue
            held.push(attached.pop_all())
            return means, sees_messages
    raise EbpfUnavailableError("; ".join(reasons))


def _attach_to_tracepoints(kernel: _Kernel, held: ExitStack) -> bool:
    """Attach to tracepoints; to the functions of UDP too where that can be, since they see the address of a message."""
    with ExitStack() as attached:
        try:
            _attach_all(UDP_CALLS, kernel, attached)
        except EbpfUnavailableError:
            _attach_all(TRACEPOINTS, kernel, held)
            return False
        held.push(attached.pop_all())
    _attach_all((replace(one, call=replace(one.call, protocols=WITHOUT_UDP)) for one in TRACEPOINTS), kernel, held)
    return True


def _attach_to_functions(kernel: _Kernel, held: ExitStack) -> bool:
    _attach_all(SOCKET_CALLS, kernel, held)
    return True


def _attach_all(hooks: Iterable[Hook], kernel: _Kernel, held: ExitStack) -> None:
    """Attach to all hooks that this kernel has. Raises EbpfUnavailableError where one that is needed cannot be."""
    points = [point for hook in hooks if (point := point_of(hook, kernel.types)) is not None]
    for point in points:
        code = counting_program(point.call, kernel.layout, kernel.maps)
        kind = AttachType.RAW_TRACEPOINT if point.hook.is_tracepoint else AttachType.FUNCTION_EXIT
        try:
            program = load_program(code, NAME, kind, point.number)
            held.callback(os.close, program)
            held.callback(os.close, attach(program))
        except RefusedError as refused:
            raise EbpfUnavailableError(f"{point.hook.target} cannot be attached to: {_in_words(refused)}") from refused


def _in_words(refused: RefusedError) -> str:
    if refused.errno == errno.EPERM:
        return "it takes CAP_BPF and CAP_PERFMON, and a kernel that is not locked down"
    return f"{refused.strerror} ({refused.said})" if refused.said else str(refused.strerror)
