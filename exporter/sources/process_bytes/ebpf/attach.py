"""Attaching the counting program to the points of the kernel, by the best means that it has."""

import errno
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from exporter.sources.process_bytes.ebpf.btf import Types
from exporter.sources.process_bytes.ebpf.call import NOTE, REGISTERS, Protocol, noting_program
from exporter.sources.process_bytes.ebpf.hooks import SOCKET_CALLS, TRACEPOINTS, UDP_CALLS, Hook, Point, point_of
from exporter.sources.process_bytes.ebpf.layout import Layout
from exporter.sources.process_bytes.ebpf.probes import AT_RETURN, probe
from exporter.sources.process_bytes.ebpf.program import Maps, counting_program, counting_program_of_probe
from exporter.sources.process_bytes.ebpf.syscalls import (
    AttachType,
    MapType,
    ProgramType,
    Purpose,
    RefusedError,
    attach,
    create_map,
    load_program,
)
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError

NAME = "ecotrack"
"""Name of everything of ours in the kernel, where `bpftool` shows it."""

WITHOUT_UDP = tuple(protocol for protocol in Protocol if protocol is not Protocol.UDP)

THREAD_BYTES = 8

PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")

MOST_PARANOID = 2
"""Setting of `PARANOID` up to which CAP_PERFMON suffices for probes. Debian's kernels have 3 by default, with which
Linux 6.1 was found to ask for CAP_SYS_ADMIN; kernel.org's know no more than 2."""


class Means(StrEnum):
    """Means of getting to where bytes move, from the best one down.

    Tracepoints are there for that, and cost least. The ends of functions see the same where the kernel can patch its
    functions. Probes interrupt it there; of a call that waits they see only ten at once, or twice the processors.
    """

    TRACEPOINT = "tracepoint"
    FUNCTION_EXIT = "fexit"
    PROBE = "kprobe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """The running kernel: its types, places of fields, and the maps that it counts in, with their room."""

    types: Types
    layout: Layout
    maps: Maps
    room: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """Means by which the kernel counts.

    `sees_messages` says that the address of each message of UDP is seen. Where it is not, a socket without a connection
    moves bytes within the machine only if its own address is of loopback.
    """

    means: Means
    sees_messages: bool


def attach_best(means: Iterable[Means], kernel: Kernel, held: ExitStack) -> Attached:
    """Attach by the first means that this kernel has. Raises EbpfUnavailableError, which says why it has none."""
    reasons = []
    for one in means:
        with ExitStack() as attached:
            try:
                sees_messages = _BY_MEANS[one](kernel, attached)
            except EbpfUnavailableError as error:
                reasons.append(f"{one}: {error}")
                continue
            held.push(attached.pop_all())
            return Attached(means=one, sees_messages=sees_messages)
    raise EbpfUnavailableError("; ".join(reasons))


def _attach_to_tracepoints(kernel: Kernel, held: ExitStack) -> bool:
    """Attach to tracepoints; to the functions of UDP too where that can be, since they see the address of a message."""
    try:
        with ExitStack() as attached:
            _attach_by_types(UDP_CALLS, kernel, attached)
            held.push(attached.pop_all())
    except EbpfUnavailableError:
        # Those that had been attached are gone by now: beside the tracepoints they would count twice.
        _attach_by_types(TRACEPOINTS, kernel, held)
        return False
    rest = [replace(one, call=replace(one.call, protocols=WITHOUT_UDP)) for one in TRACEPOINTS]
    _attach_by_types(rest, kernel, held)
    return True


def _attach_to_ends(kernel: Kernel, held: ExitStack) -> bool:
    _attach_by_types(SOCKET_CALLS, kernel, held)
    return True


def _attach_probes(kernel: Kernel, held: ExitStack) -> bool:
    """Attach two probes to each function: the first one notes the arguments for the second one, which counts."""
    registers = REGISTERS[platform.machine()]
    points = _points(SOCKET_CALLS, kernel)
    try:
        notes = create_map(MapType.RECENTLY_USED, NAME, (THREAD_BYTES, NOTE.size), kernel.room)
        held.callback(os.close, notes)
        for point in points:
            counting = counting_program_of_probe(point.call, kernel.layout, kernel.maps, registers, notes)
            for code, place in ((counting, AT_RETURN), (noting_program(point.call, registers, notes), 0)):
                program = load_program(code, NAME, Purpose(program_type=ProgramType.PROBE))
                held.callback(os.close, program)
                held.callback(os.close, probe(point.hook.target, program, place))
    except OSError as error:
        paranoid = f" (kernel.perf_event_paranoid is above {MOST_PARANOID})" if is_too_paranoid() else ""
        raise EbpfUnavailableError(in_words(error) + paranoid) from error
    return True


def is_too_paranoid(setting: Path = PARANOID) -> bool:
    """Tell whether only CAP_SYS_ADMIN may open perf events, as on Debian unless it is told otherwise."""
    try:
        return int(setting.read_bytes()) > MOST_PARANOID
    except (OSError, ValueError):
        return False


def _attach_by_types(hooks: Iterable[Hook], kernel: Kernel, held: ExitStack) -> None:
    for point in _points(hooks, kernel):
        code = counting_program(point.call, kernel.layout, kernel.maps)
        kind = AttachType.RAW_TRACEPOINT if point.hook.is_tracepoint else AttachType.FUNCTION_EXIT
        purpose = Purpose(program_type=ProgramType.TRACING, attach_type=kind, target=point.number)
        try:
            program = load_program(code, NAME, purpose)
            held.callback(os.close, program)
            held.callback(os.close, attach(program))
        except RefusedError as refused:
            raise EbpfUnavailableError(f"{point.hook.target} cannot be attached to: {in_words(refused)}") from refused


def _points(hooks: Iterable[Hook], kernel: Kernel) -> Sequence[Point]:
    return [point for hook in hooks if (point := point_of(hook, kernel.types)) is not None]


def in_words(error: OSError) -> str:
    """Return in one line what the kernel refuses, and what is missing where that is a privilege."""
    if error.errno in (errno.EPERM, errno.EACCES) and not getattr(error, "said", ""):
        return "the kernel does not allow it (a container, a filter of system calls, or a kernel that is locked down)"
    said = getattr(error, "said", "") or error.filename
    return f"{error.strerror} ({said})" if said else str(error.strerror)


_BY_MEANS: Mapping[Means, Callable[[Kernel, ExitStack], bool]] = {
    Means.TRACEPOINT: _attach_to_tracepoints,
    Means.FUNCTION_EXIT: _attach_to_ends,
    Means.PROBE: _attach_probes,
}
