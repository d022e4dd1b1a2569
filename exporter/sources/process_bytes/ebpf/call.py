"""A point in the kernel where bytes have moved, and how a program there gets to know what the call was about."""

import struct
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from exporter.sources.process_bytes.ebpf.access import (
    BYTES,
    FP,
    MESSAGE,
    NOTE_AT,
    R0,
    R1,
    R2,
    R3,
    R4,
    SOCK,
    THREAD_AT,
    Helper,
    look_up,
    stack_address,
)
from exporter.sources.process_bytes.ebpf.assembler import Assembler, Shift, Test


class Family(IntEnum):
    """Family of addresses (include/linux/socket.h)."""

    IPV4 = 2
    IPV6 = 10


class Protocol(IntEnum):
    """Protocol of a socket (include/uapi/linux/in.h). Multipath TCP has a number of its own."""

    TCP = 6
    UDP = 17
    MPTCP = 262


class Direction(IntEnum):
    """Direction of the bytes; the value is their place in an entry."""

    RECEIVED = 0
    SENT = 8


NOT_CONSUMED = 0x2 | 0x2000
"""Flags of a call that receives what is received again, or was sent: MSG_PEEK and MSG_ERRQUEUE (socket.h)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A point in the kernel where bytes have moved, and which argument is what.

    `is_socket` says that the first argument is a `struct socket` instead of a `struct sock`. Sockets of other
    `families` and `protocols` are left to another point.
    """

    direction: Direction
    result: int = 0
    flags: int | None = None
    message: int | None = None
    is_socket: bool = False
    families: Collection[Family] = tuple(Family)
    protocols: Collection[Protocol] = tuple(Protocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """Places in `struct pt_regs` of the arguments of a function and of its result."""

    arguments: tuple[int, ...]
    result: int


REGISTERS = {
    "x86_64": Registers(arguments=(112, 104, 96, 88), result=80),
    "aarch64": Registers(arguments=(0, 8, 16, 24), result=0),
}
"""Registers by machine (arch/x86/include/uapi/asm/ptrace.h, arch/arm64/include/uapi/asm/ptrace.h)."""

NOTE = struct.Struct("=QQQ")
"""Note of a call that has begun: its first argument, its message and its flags."""


def take_from_context(code: Assembler, call: Call) -> None:
    """Set SOCK, BYTES and MESSAGE from arguments and result, which lie side by side; end where nothing has moved."""
    if call.flags is not None:
        code.load(8, R2, R1, 8 * call.flags)
        code.jump_if(R2, Test.ANY_BIT, NOT_CONSUMED, "end")
    code.load(8, BYTES, R1, 8 * call.result)
    _end_without_bytes(code)
    if call.message is not None:
        code.load(8, MESSAGE, R1, 8 * call.message)
    code.load(8, SOCK, R1, 0)


def noting_program(call: Call, registers: Registers, notes: int) -> bytes:
    """Return the program for the beginning of a function: it notes the arguments, which are gone at the end."""
    code = Assembler()
    for place, argument in enumerate((0, call.message, call.flags)):
        if argument is None:
            code.store(8, FP, NOTE_AT + 8 * place, 0)
        else:
            code.load(8, R2, R1, registers.arguments[argument])
            code.store(8, FP, NOTE_AT + 8 * place, R2)
    _note_thread(code)
    code.map(R1, notes)
    stack_address(code, R2, THREAD_AT)
    stack_address(code, R3, NOTE_AT)
    code.move(R4, 0)
    code.call(Helper.MAP_UPDATE)
    code.move(R0, 0)
    code.exit()
    return code.assembled()


def take_from_note(code: Assembler, call: Call, registers: Registers, notes: int) -> None:
    """Set SOCK, BYTES and MESSAGE at the end of a function, and remove the note; end where nothing has moved."""
    code.load(8, BYTES, R1, registers.result)
    _note_thread(code)
    look_up(code, notes, THREAD_AT)
    code.jump_if(R0, Test.EQUAL, 0, "end")
    code.load(8, SOCK, R0, 0)
    code.load(8, MESSAGE, R0, 8)
    code.load(8, R2, R0, 16)
    code.store(8, FP, NOTE_AT, R2)
    code.map(R1, notes)
    stack_address(code, R2, THREAD_AT)
    code.call(Helper.MAP_DELETE)
    if call.flags is not None:
        code.load(8, R2, FP, NOTE_AT)
        code.jump_if(R2, Test.ANY_BIT, NOT_CONSUMED, "end")
    _end_without_bytes(code)


def _note_thread(code: Assembler) -> None:
    code.call(Helper.CURRENT_IDS)
    code.store(8, FP, THREAD_AT, R0)


def _end_without_bytes(code: Assembler) -> None:
    """End where the result, which has 32 bits, is an error or nothing."""
    code.shift(Shift.LEFT, BYTES, 32)
    code.shift(Shift.RIGHT_WITH_SIGN, BYTES, 32)
    code.jump_if(BYTES, Test.SIGNED_AT_MOST, 0, "end")
