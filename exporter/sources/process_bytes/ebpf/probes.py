"""Probes of functions of the kernel by perf_event_open(2), where programs can be attached to nothing better."""

import fcntl
import os
import platform
import struct
from pathlib import Path

from exporter.sources.process_bytes.ebpf.syscalls import Buffer, call_system

NUMBERS = {"x86_64": 298, "aarch64": 241}
"""Number of perf_event_open(2) by machine (arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h)."""

PROBES = Path("/sys/bus/event_source/devices/kprobe")

AT_RETURN = 1
"""Bit of the configuration by which a probe runs at the end (`format/retprobe` below `PROBES`)."""

ATTRIBUTES = struct.Struct("=IIQQQQQIIQQ")
"""First version of `struct perf_event_attr` that names a function (include/uapi/linux/perf_event.h)."""

CLOSE_ON_EXEC = 8
SET_PROGRAM = 0x40042408
ENABLE = 0x2400
"""Flag and requests of perf events: PERF_FLAG_FD_CLOEXEC, PERF_EVENT_IOC_SET_BPF and PERF_EVENT_IOC_ENABLE."""


def probe(function: str, program: int, configuration: int) -> int:
    """Run a program at the beginning of a function, or at its return, until the descriptor that it returns is closed.

    Raises OSError where this kernel has no such probes, or refuses.
    """
    kind = int((PROBES / "type").read_text())
    name = Buffer(function.encode() + b"\0")
    attributes = Buffer(ATTRIBUTES.pack(kind, ATTRIBUTES.size, configuration, 0, 0, 0, 0, 0, 0, name.address, 0))
    # Of every process; one processor stands for all.
    descriptor = call_system(NUMBERS[platform.machine()], attributes.address, -1, 0, -1, CLOSE_ON_EXEC)
    try:
        fcntl.ioctl(descriptor, SET_PROGRAM, program)
        fcntl.ioctl(descriptor, ENABLE, 0)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
