"""The part of the counting program that leaves out what stays within the machine.

All addresses are compared as those of IPv6, into which IPv4 is mapped (RFC 4291).
"""

import struct

from exporter.sources.process_bytes.ebpf.access import (
    ADDRESS_AT,
    FP,
    MESSAGE,
    OWN_AT,
    PEER_AT,
    R0,
    R1,
    R2,
    R3,
    R4,
    SOCK,
    Access,
    Helper,
    stack_address,
)
from exporter.sources.process_bytes.ebpf.assembler import Assembler, Register, Test
from exporter.sources.process_bytes.ebpf.call import Call, Family, Protocol
from exporter.sources.process_bytes.ebpf.layout import Layout

MAPPED = struct.unpack("<I", b"\0\0\xff\xff")[0]
"""Third quarter of an IPv4 address as one of IPv6 (RFC 4291, section 2.5.5.2)."""

ONE = struct.unpack("<I", b"\0\0\0\1")[0]
"""Last quarter of the loopback address of IPv6 (RFC 4291, section 2.5.3)."""

LOOPBACK_NET = 127
"""First byte of every loopback address of IPv4 (RFC 1122, section 3.2.1.3)."""

ADDRESS_BYTES = 28
"""Size of an IPv6 address of a message (`struct sockaddr_in6`, include/uapi/linux/in6.h)."""

PLACES = {Family.IPV4: 4, Family.IPV6: 8}
"""Place of the address in that of a message (`struct sockaddr_in` and `sockaddr_in6`)."""


def leave_out_local(code: Assembler, call: Call, layout: Layout, access: Access) -> None:
    """End where a socket of another family moved the bytes, or where they stay within the machine."""
    _fill_from_socket(code, call, layout, access)
    if call.message is not None and Protocol.UDP in call.protocols:
        _take_address_of_message(code, layout, access)
    _end_at_the_machine_itself(code)
    _end_at_loopback(code)


def _fill_from_socket(code: Assembler, call: Call, layout: Layout, access: Access) -> None:
    """Put the socket's own address and that of its peer on the stack; end at other families."""
    access.load(code, R3, SOCK, layout.family)
    for family in call.families:
        code.jump_if(R3, Test.EQUAL, family, f"of {family.name}")
    code.jump("end")
    if Family.IPV4 in call.families:
        code.label("of IPV4")
        for at, field in ((PEER_AT, layout.peer4), (OWN_AT, layout.own4)):
            access.load(code, R3, SOCK, field)
            _store_mapped(code, at, R3)
        code.jump("addresses known")
    if Family.IPV6 in call.families:
        code.label("of IPV6")
        for at, field in ((PEER_AT, layout.peer6), (OWN_AT, layout.own6)):
            access.copy(code, at, SOCK, field)
    code.label("addresses known")


def _store_mapped(code: Assembler, at: int, address: Register) -> None:
    code.store(8, FP, at, 0)
    code.move(R4, MAPPED - (1 << 32))
    code.store(4, FP, at + 8, R4)
    code.store(4, FP, at + 12, address)


def _take_address_of_message(code: Assembler, layout: Layout, access: Access) -> None:
    """Take the peer from the message, where it is UDP and has one: a socket without a connection knows none."""
    access.load(code, R2, SOCK, layout.protocol)
    code.jump_if(R2, Test.NOT_EQUAL, Protocol.UDP, "peer known")
    access.load(code, R3, MESSAGE, layout.message_address)
    code.jump_if(R3, Test.EQUAL, 0, "peer known")
    stack_address(code, R1, ADDRESS_AT)
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


def _end_at_the_machine_itself(code: Assembler) -> None:
    """End where both addresses are the same. Where there is no peer, the own address stands for it."""
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
    code.store(8, FP, PEER_AT, R3)
    code.store(8, FP, PEER_AT + 8, R4)
    code.jump("not the machine itself")
    code.label("a peer")
    code.jump_if(R1, Test.NOT_EQUAL, R3, "not the machine itself")
    code.jump_if(R2, Test.EQUAL, R4, "end")
    code.label("not the machine itself")


def _end_at_loopback(code: Assembler) -> None:
    code.load(8, R1, FP, PEER_AT)
    code.jump_if(R1, Test.NOT_EQUAL, 0, "by network")
    code.load(4, R2, FP, PEER_AT + 8)
    code.load(1, R3, FP, PEER_AT + 12)
    code.load(4, R4, FP, PEER_AT + 12)
    code.jump_if_32(R2, Test.NOT_EQUAL, MAPPED, "not mapped")
    code.jump_if(R3, Test.EQUAL, LOOPBACK_NET, "end")
    code.jump("by network")
    code.label("not mapped")
    code.jump_if_32(R2, Test.NOT_EQUAL, 0, "by network")
    code.jump_if_32(R4, Test.EQUAL, ONE, "end")
    code.label("by network")
