"""The program that the kernel runs when a process has sent or received: it adds the bytes to the process's entry.

Left out are loopback, the machine's own addresses as far as a socket shows them, threads of the kernel, and whatever is
neither TCP nor UDP by IPv4 or IPv6.
"""

import struct
from dataclasses import dataclass

from exporter.sources.process_bytes.ebpf.access import (
    BYTES,
    ENTRY_AT,
    ENTRY_OF_PROCESS,
    FP,
    KEY_AT,
    MESSAGE,
    R0,
    R1,
    R2,
    R3,
    R4,
    SOCK,
    Access,
    ByHelper,
    ByType,
    Helper,
    look_up,
    stack_address,
)
from exporter.sources.process_bytes.ebpf.addresses import leave_out_local
from exporter.sources.process_bytes.ebpf.assembler import Assembler, Test
from exporter.sources.process_bytes.ebpf.btf import Field
from exporter.sources.process_bytes.ebpf.call import Call, Registers, take_from_context, take_from_note
from exporter.sources.process_bytes.ebpf.layout import Layout

ONLY_NEW = 1
"""Flag of an update that only adds an entry (BPF_NOEXIST, include/uapi/linux/bpf.h)."""

KEY = struct.Struct("=QII")
"""Key of an entry: start of the process in nanoseconds since boot, its number, nothing."""

ENTRY = struct.Struct("=QQ16s")
"""Entry of a process: bytes received and sent, and the name of its first thread."""

NAME_AT = 16
"""Place of the name in an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maps:
    """Descriptors of the entries of processes, and of the one number of bytes that had no room there."""

    entries: int
    lost: int


def counting_program(call: Call, layout: Layout, maps: Maps) -> bytes:
    """Return the program for a tracepoint, or for the end of a function whose arguments have types."""
    code = Assembler()
    take_from_context(code, call)
    return _counted(code, call, layout, maps, ByType())


def counting_program_of_probe(call: Call, layout: Layout, maps: Maps, registers: Registers, notes: int) -> bytes:
    """Return the program for the end of a function of which only registers are known, and a note of its beginning."""
    code = Assembler()
    take_from_note(code, call, registers, notes)
    return _counted(code, call, layout, maps, ByHelper())


def _counted(code: Assembler, call: Call, layout: Layout, maps: Maps, access: Access) -> bytes:
    if call.is_socket:
        access.load(code, SOCK, SOCK, layout.socket_sock)
        code.jump_if(SOCK, Test.EQUAL, 0, "end")
    access.load(code, R2, SOCK, layout.protocol)
    for protocol in call.protocols:
        code.jump_if(R2, Test.EQUAL, protocol, "counted protocol")
    code.jump("end")
    code.label("counted protocol")
    leave_out_local(code, call, layout, access)
    _find_entry(code, layout, maps, access)
    _add(code, call, layout, maps, access)
    code.label("end")
    code.move(R0, 0)
    code.exit()
    return code.assembled()


def _find_entry(code: Assembler, layout: Layout, maps: Maps, access: Access) -> None:
    """Set R0 to the entry of the process, a new one if need be; 0 where there is no room."""
    code.call(access.current_task)
    code.move(MESSAGE, R0)
    access.load(code, R1, MESSAGE, layout.memory)
    code.jump_if(R1, Test.EQUAL, 0, "end")  # a thread of the kernel
    access.load(code, SOCK, MESSAGE, layout.leader)
    access.load(code, R1, SOCK, layout.started)
    code.store(8, FP, KEY_AT, R1)
    access.load(code, R1, MESSAGE, layout.process)
    code.store(4, FP, KEY_AT + 8, R1)
    code.store(4, FP, KEY_AT + 12, 0)
    look_up(code, maps.entries, KEY_AT)
    code.jump_if(R0, Test.NOT_EQUAL, 0, "entry known")
    for part in range(0, ENTRY.size, 8):
        code.store(8, FP, ENTRY_AT + part, 0)
    code.map(R1, maps.entries)
    stack_address(code, R2, KEY_AT)
    stack_address(code, R3, ENTRY_AT)
    code.move(R4, ONLY_NEW)
    code.call(Helper.MAP_UPDATE)
    look_up(code, maps.entries, KEY_AT)  # another processor may have been faster
    code.label("entry known")


def _add(code: Assembler, call: Call, layout: Layout, maps: Maps, access: Access) -> None:
    """Add to the entry, and renew the name there; without an entry, add to what is lost."""
    code.jump_if(R0, Test.EQUAL, 0, "no room")
    code.move(ENTRY_OF_PROCESS, R0)
    code.atomic_add(ENTRY_OF_PROCESS, call.direction, BYTES)
    for part in range(0, layout.name.size, 8):
        access.load(code, R1, SOCK, Field(layout.name.offset + part, 8))
        code.store(8, ENTRY_OF_PROCESS, NAME_AT + part, R1)
    code.jump("end")
    code.label("no room")
    code.map_value(R1, maps.lost)
    code.atomic_add(R1, 0, BYTES)
