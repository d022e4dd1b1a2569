"""Putting the counting into the kernel, by the best means that this kernel and this process have."""

import os
import platform
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from exporter.sources.process_bytes.ebpf.attach import NAME, Attached, Kernel, Means, attach_best, in_words
from exporter.sources.process_bytes.ebpf.btf import VMLINUX, kernel_types
from exporter.sources.process_bytes.ebpf.hooks import SOCKET_CALLS, TRACEPOINTS, UDP_CALLS
from exporter.sources.process_bytes.ebpf.layout import layout_of, wanted_types
from exporter.sources.process_bytes.ebpf.privileges import check_privileges
from exporter.sources.process_bytes.ebpf.program import ENTRY, KEY, Maps
from exporter.sources.process_bytes.ebpf.syscalls import NUMBERS, MapType, RefusedError, create_map
from exporter.sources.process_bytes.ebpf.table import TOTAL
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError
from exporter.sources.procfs import USUAL

FIRST_PID_NAMESPACE = 0xEFFFFFFC
"""Inode of the machine's own namespace of process numbers (PID_NS_INIT_INO, include/uapi/linux/nsfs.h)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Everything of ours in the kernel, for as long as its descriptors are open: at most until this process ends."""

    attached: Attached
    maps: Maps
    held: ExitStack


def load(procfs: Path, room: int, means: Sequence[Means]) -> Loaded:
    """Put the counting into the kernel, with room for so many processes, by the first of some means that it has.

    Raises EbpfUnavailableError, which says in one line why that cannot be.
    """
    _check_place(procfs)
    check_privileges()
    wanted = [*wanted_types(), *(hook.wanted for hook in (*TRACEPOINTS, *SOCKET_CALLS, *UDP_CALLS))]
    with ExitStack() as held, kernel_types(VMLINUX, wanted) as known:
        kernel = Kernel(types=known, layout=layout_of(known), maps=_create_maps(room, held), room=room)
        attached = attach_best(means, kernel, held)
        return Loaded(attached=attached, maps=kernel.maps, held=held.pop_all())


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
        raise EbpfUnavailableError(f"the kernel gives no room to count: {in_words(refused)}") from refused
    return Maps(entries=entries, lost=lost)
