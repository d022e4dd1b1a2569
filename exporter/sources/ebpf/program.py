"""The program that the kernel runs when a process has sent or received: it adds the bytes to the process's entry.

Left out are loopback, the machine's own addresses as far as a socket shows them, threads of the kernel, and whatever is
neither TCP nor UDP by IPv4 or IPv6. All addresses are compared as those of IPv6, into which IPv4 is mapped (RFC 4291).
"""

import struct
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from exporter.sources.ebpf.assembler import Assembler, Register, Shift, Test
from exporter.sources.ebpf.btf import Field
from exporter.sources.ebpf.layout import Layout

R0, R1, R2, R3, R4 = Register.R0, Register.R1, Register.R2, Register.R3, Register.R4
FP = Register.FP

SOCK = Register.R6
"""The socket; later the first thread of the process."""

BYTES = Register.R7
"""Result of the call: the number of bytes, or an error."""

MESSAGE = Register.R8
"""The message of the call, where there is one; later the thread that runs."""


class Family(IntEnum):
    """Family of addresses (include/linux/socket.h)."""

    IPV4 = 2
    IPV6 = 10


class Protocol(IntEnum):
    """Protocol of a socket (include/uapi/linux/in.h). Multipath TCP has a number of its own."""

    TCP = 6
    UDP = 17
    MPTCP = 262


class Helper(IntEnum):
    """A function of the kernel for such programs (include/uapi/linux/bpf.h)."""

    MAP_LOOKUP = 1
    MAP_UPDATE = 2
    READ_KERNEL = 113
    CURRENT_TASK = 158


class Direction(IntEnum):
    """Direction of the bytes; the value is their place in an entry."""

    RECEIVED = 0
    SENT = 8


NOT_CONSUMED = 0x2 | 0x2000
"""Flags of a call that receives what is received again, or was sent: MSG_PEEK and MSG_ERRQUEUE (socket.h)."""

ONLY_NEW = 1
"""Flag of an update that only adds an entry (BPF_NOEXIST, include/uapi/linux/bpf.h)."""

KEY = struct.Struct("=QII")
"""Key of an entry: start of the process in nanoseconds since boot, its number, nothing."""

ENTRY = struct.Struct("=QQ16s")
"""Entry of a process: bytes received and sent, and the name of its first thread."""

NAME_AT = 16
HALF = 8

MAPPED = struct.unpack("<I", b"\0\0\xff\xff")[0]
"""Third quarter of an IPv4 address as one of IPv6 (RFC 4291, section 2.5.5.2)."""

ONE = struct.unpack("<I", b"\0\0\0\1")[0]
"""Last quarter of the loopback address of IPv6 (RFC 4291, section 2.5.3)."""

LOOPBACK_NET = 127
"""First byte of every loopback address of IPv4 (RFC 1122, section 3.2.1.3)."""

PEER_AT = -16
OWN_AT = -32
KEY_AT = PEER_AT - 16 - KEY.size
ENTRY_AT = KEY_AT - ENTRY.size
ADDRESS_AT = ENTRY_AT - 32

ADDRESS_BYTES = 28
"""Size of an IPv6 address of a message (`struct sockaddr_in6`, include/uapi/linux/in6.h)."""

PLACES = {Family.IPV4: 4, Family.IPV6: 8}
"""Place of the address in that of a message (`struct sockaddr_in` and `sockaddr_in6`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maps:
    """Descriptors of the entries of processes, and of the one number of bytes that had no room there."""

    entries: int
    lost: int


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


def counting_program(call: Call, layout: Layout, maps: Maps) -> bytes:
    """Return the instructions of the program for one point."""
    code = Assembler()
    _take_arguments(code, call, layout)
    _leave_other_protocols(code, call, layout)
    _fill_addresses(code, call, layout)
    if call.message is not None and Protocol.UDP in call.protocols:
        _take_address_of_message(code, layout)
    _leave_local_addresses(code)
    _find_entry(code, layout, maps)
    _count(code, call, layout, maps)
    code.label("end")
    code.move(R0, 0)
    code.exit()
    return code.assembled()


def _load(code: Assembler, to: Register, base: Register, field: Field) -> None:
    code.load(field.size, to, base, field.offset)


def _take_arguments(code: Assembler, call: Call, layout: Layout) -> None:
    """Set SOCK, BYTES and MESSAGE; end where nothing has moved."""
    if call.flags is not None:
        code.load(8, R2, R1, 8 * call.flags)
        code.jump_if(R2, Test.ANY_BIT, NOT_CONSUMED, "end")
    code.load(8, BYTES, R1, 8 * call.result)
    code.shift(Shift.LEFT, BYTES, 32)
    code.shift(Shift.RIGHT_WITH_SIGN, BYTES, 32)
    code.jump_if(BYTES, Test.SIGNED_AT_MOST, 0, "end")
    if call.message is not None:
        code.load(8, MESSAGE, R1, 8 * call.message)
    code.load(8, SOCK, R1, 0)
    if call.is_socket:
        _load(code, SOCK, SOCK, layout.socket_sock)
        code.jump_if(SOCK, Test.EQUAL, 0, "end")


def _leave_other_protocols(code: Assembler, call: Call, layout: Layout) -> None:
    _load(code, R2, SOCK, layout.protocol)
    for protocol in call.protocols:
        code.jump_if(R2, Test.EQUAL, protocol, "counted protocol")
    code.jump("end")
    code.label("counted protocol")


def _fill_addresses(code: Assembler, call: Call, layout: Layout) -> None:
    """Put the socket's own address and that of its peer on the stack; end at other families."""
    _load(code, R3, SOCK, layout.family)
    for family in call.families:
        code.jump_if(R3, Test.EQUAL, family, f"of {family.name}")
    code.jump("end")
    if Family.IPV4 in call.families:
        code.label("of IPV4")
        for at, field in ((PEER_AT, layout.peer4), (OWN_AT, layout.own4)):
            _load(code, R3, SOCK, field)
            _store_mapped(code, at, R3)
        code.jump("addresses known")
    if Family.IPV6 in call.families:
        code.label("of IPV6")
        for at, field in ((PEER_AT, layout.peer6), (OWN_AT, layout.own6)):
            for part in range(0, 16, 4):
                code.load(4, R3, SOCK, field.offset + part)
                code.store(4, FP, at + part, R3)
    code.label("addresses known")


def _store_mapped(code: Assembler, at: int, address: Register) -> None:
    code.store(8, FP, at, 0)
    code.move(R4, MAPPED - (1 << 32))
    code.store(4, FP, at + 8, R4)
    code.store(4, FP, at + 12, address)


def _take_address_of_message(code: Assembler, layout: Layout) -> None:
    """Take the peer from the message, where it is UDP and has one: a socket without a connection knows none."""
    code.jump_if(R2, Test.NOT_EQUAL, Protocol.UDP, "peer known")
    _load(code, R3, MESSAGE, layout.message_address)
    code.jump_if(R3, Test.EQUAL, 0, "peer known")
    code.move(R1, FP)
    code.add(R1, ADDRESS_AT)
    code.move(R2, ADDRESS_BYTES)
    code.call(Helper.READ_KERNEL)
    code.jump_if(R0, Test.NOT_EQUAL, 0, "peer known")
    code.load(2, R2, FP, ADDRESS_AT)
    code.jump_if(R2, Test.NOT_EQUAL, Family.IPV4, "no address of IPv4")
    code.load(4, R3, FP, ADDRESS_AT + PLACES[Family.IPV4])
    _store_mapped(code, PEER_AT, R3)
    code.label("no address of IPv4")
    code.jump_if(R2, Test.NOT_EQUAL, Family.IPV6, "peer known")
    for part in range(0, 16, 8):
        code.load(8, R3, FP, ADDRESS_AT + PLACES[Family.IPV6] + part)
        code.store(8, FP, PEER_AT + part, R3)
    code.label("peer known")


def _leave_local_addresses(code: Assembler) -> None:
    """End at loopback and where the peer is the machine itself. Without a peer, the own address decides."""
    code.load(8, R1, FP, PEER_AT)
    code.load(8, R2, FP, PEER_AT + 8)
    code.load(8, R3, FP, OWN_AT)
    code.load(8, R4, FP, OWN_AT + 8)
    code.jump_if(R1, Test.NOT_EQUAL, 0, "a peer")
    code.jump_if(R2, Test.EQUAL, 0, "no peer")
    code.jump_if_32(R2, Test.NOT_EQUAL, MAPPED, "a peer")
    code.load(4, R0, FP, PEER_AT + 12)
    code.jump_if(R0, Test.NOT_EQUAL, 0, "a peer")
    code.label("no peer")
    code.move(R1, R3)
    code.move(R2, R4)
    code.store(8, FP, PEER_AT, R1)
    code.store(8, FP, PEER_AT + 8, R2)
    code.jump("is it loopback")
    code.label("a peer")
    code.jump_if(R1, Test.NOT_EQUAL, R3, "is it loopback")
    code.jump_if(R2, Test.EQUAL, R4, "end")
    code.label("is it loopback")
    code.jump_if(R1, Test.NOT_EQUAL, 0, "by network")
    code.load(1, R3, FP, PEER_AT + 12)
    code.load(4, R4, FP, PEER_AT + 12)
    code.jump_if_32(R2, Test.NOT_EQUAL, MAPPED, "not mapped")
    code.jump_if(R3, Test.EQUAL, LOOPBACK_NET, "end")
    code.jump("by network")
    code.label("not mapped")
    code.jump_if_32(R2, Test.NOT_EQUAL, 0, "by network")
    code.jump_if_32(R4, Test.EQUAL, ONE, "end")
    code.label("by network")


def _find_entry(code: Assembler, layout: Layout, maps: Maps) -> None:
    """Set R0 to the entry of the process, a new one if need be; 0 where there is no room."""
    code.call(Helper.CURRENT_TASK)
    code.move(MESSAGE, R0)
    _load(code, R1, MESSAGE, layout.memory)
    code.jump_if(R1, Test.EQUAL, 0, "end")  # a thread of the kernel
    _load(code, SOCK, MESSAGE, layout.leader)
    _load(code, R1, SOCK, layout.started)
    code.store(8, FP, KEY_AT, R1)
    _load(code, R1, MESSAGE, layout.process)
    code.store(4, FP, KEY_AT + 8, R1)
    code.store(4, FP, KEY_AT + 12, 0)
    _look_up(code, maps)
    code.jump_if(R0, Test.NOT_EQUAL, 0, "entry known")
    for part in range(0, ENTRY.size, 8):
        code.store(8, FP, ENTRY_AT + part, 0)
    code.map(R1, maps.entries)
    code.move(R2, FP)
    code.add(R2, KEY_AT)
    code.move(R3, FP)
    code.add(R3, ENTRY_AT)
    code.move(R4, ONLY_NEW)
    code.call(Helper.MAP_UPDATE)
    _look_up(code, maps)  # another processor may have been faster
    code.label("entry known")


def _look_up(code: Assembler, maps: Maps) -> None:
    code.map(R1, maps.entries)
    code.move(R2, FP)
    code.add(R2, KEY_AT)
    code.call(Helper.MAP_LOOKUP)


def _count(code: Assembler, call: Call, layout: Layout, maps: Maps) -> None:
    code.jump_if(R0, Test.EQUAL, 0, "no room")
    code.atomic_add(R0, call.direction, BYTES)
    for part in range(0, layout.name.size, HALF):
        code.load(HALF, R1, SOCK, layout.name.offset + part)
        code.store(HALF, R0, NAME_AT + part, R1)
    code.jump("end")
    code.label("no room")
    code.map_value(R1, maps.lost)
    code.atomic_add(R1, 0, BYTES)
