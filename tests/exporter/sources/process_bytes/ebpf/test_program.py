"""The counting program, run without a kernel: which bytes count, for whom, whatever the addresses are."""

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.process_bytes.ebpf import access
from exporter.sources.process_bytes.ebpf.addresses import ADDRESS_BYTES
from exporter.sources.process_bytes.ebpf.assembler import Assembler
from exporter.sources.process_bytes.ebpf.btf import Field
from exporter.sources.process_bytes.ebpf.call import NOTE, REGISTERS, Call, Direction, Family, Protocol, noting_program
from exporter.sources.process_bytes.ebpf.layout import Layout
from exporter.sources.process_bytes.ebpf.program import ENTRY, KEY, Maps, counting_program, counting_program_of_probe
from tests.exporter.sources.process_bytes.ebpf.machine import STACK_BYTES, Machine

LAYOUT = Layout(
    family=Field(8, 2),
    protocol=Field(10, 2),
    peer4=Field(0, 4),
    own4=Field(4, 4),
    peer6=Field(16, 16),
    own6=Field(32, 16),
    socket_sock=Field(8, 8),
    message_address=Field(0, 8),
    memory=Field(8, 8),
    leader=Field(16, 8),
    started=Field(24, 8),
    process=Field(32, 4),
    name=Field(40, 16),
)
MAPS = Maps(entries=3, lost=4)
NOTES = 5
ANY = {4: IPv4Address("0.0.0.0"), 6: IPv6Address("::")}

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A call on a socket: its addresses, protocol and result, its flags, and the address of its message."""

    own: Address
    peer: Address
    protocol: int = Protocol.TCP
    result: int = 100
    flags: int = 0
    message: Address | None = None


def kernel(room: int = 8, *, is_of_kernel: bool = False, name: bytes = b"program") -> Machine:
    machine = Machine(room=room, maps={MAPS.entries: {}, MAPS.lost: {}, NOTES: {}})
    machine.sizes = {MAPS.entries: (KEY.size, ENTRY.size), NOTES: (8, NOTE.size)}
    machine.maps[MAPS.lost][bytes(4)] = machine.put(bytes(8))
    task = machine.put(bytes(64))
    machine.thread = task
    content = struct.pack("<QQQQI4x16s", 7, 0 if is_of_kernel else 1, task, 5 * 10**9, 42, name)
    machine.memory[task : task + len(content)] = content
    return machine


def put_socket(machine: Machine, moved: Moved) -> tuple[int, int]:
    """Return the addresses of a `struct socket` and of its `struct sock`."""
    four = [one.packed if one.version == 4 else bytes(4) for one in (moved.peer, moved.own)]
    six = [one.packed if one.version == 6 else bytes(16) for one in (moved.peer, moved.own)]
    family = Family.IPV4 if moved.own.version == 4 else Family.IPV6
    head = b"".join(four) + struct.pack("<HH4x", family, moved.protocol)
    sock = machine.put(head + b"".join(six))
    return machine.put(struct.pack("<QQ", 0, sock)), sock


def put_message(machine: Machine, address: Address | None) -> int:
    if address is None:
        return machine.put(bytes(8))
    if address.version == 4:
        content = struct.pack("<HH4s", Family.IPV4, 0, address.packed)
    else:
        content = struct.pack("<HHI16s", Family.IPV6, 0, 0, address.packed)
    return machine.put(struct.pack("<Q", machine.put(content.ljust(32, b"\0"))))


CALL = Call(direction=Direction.RECEIVED, result=4, message=1, flags=3, is_socket=True)


def run_by_type(machine: Machine, moved: Moved, call: Call = CALL) -> None:
    one, _ = put_socket(machine, moved)
    arguments = (one, put_message(machine, moved.message), 0, moved.flags, moved.result & 0xFFFFFFFF)
    machine.run(counting_program(call, LAYOUT, MAPS), machine.put(struct.pack("<5Q", *arguments)))


def run_by_probe(machine: Machine, moved: Moved, call: Call = CALL, name: str = "x86_64") -> None:
    registers = REGISTERS[name]
    one, _ = put_socket(machine, moved)
    begin, end = bytearray(168), bytearray(168)
    arguments = (one, put_message(machine, moved.message), 0, moved.flags)
    for at, value in zip(registers.arguments, arguments, strict=True):
        begin[at : at + 8] = value.to_bytes(8, "little")
    end[registers.result : registers.result + 8] = (moved.result & 0xFFFFFFFF).to_bytes(8, "little")
    machine.run(noting_program(call, registers, NOTES), machine.put(bytes(begin)))
    machine.run(counting_program_of_probe(call, LAYOUT, MAPS, registers, NOTES), machine.put(bytes(end)))
    assert machine.maps[NOTES] == {}, "a call that has ended leaves no note"


def run_by_probe_of_arm(machine: Machine, moved: Moved) -> None:
    run_by_probe(machine, moved, name="aarch64")


Run = Callable[[Machine, Moved], None]

RUNS = pytest.mark.parametrize("run", [run_by_type, run_by_probe, run_by_probe_of_arm])


def entries(machine: Machine) -> list[tuple[int, int, int, int, bytes]]:
    """Return start, process, bytes received and sent, and name of each entry."""
    found = []
    for key, at in machine.maps[MAPS.entries].items():
        started, process, _ = KEY.unpack(key)
        found.append((started, process, *ENTRY.unpack(bytes(machine.memory[at : at + ENTRY.size]))))
    return found


def lost(machine: Machine) -> int:
    return machine.number(machine.maps[MAPS.lost][bytes(4)], 8)


def plain(address: Address) -> Address:
    """Return the address of IPv4 where one of IPv6 stands for it."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def stays_here(moved: Moved) -> bool:
    """Tell whether bytes stay within the machine, as far as the addresses show."""
    is_udp_message = moved.protocol == Protocol.UDP and moved.message is not None
    peer, own = plain(moved.message if is_udp_message and moved.message else moved.peer), plain(moved.own)
    if peer in ANY.values():
        return own.is_loopback
    return peer.is_loopback or peer == own


FOURS = st.one_of(
    st.ip_addresses(v=4),
    st.sampled_from(["0.0.0.0", "127.0.0.1", "127.255.3.4", "128.0.0.1", "10.0.0.1"]).map(IPv4Address),
)
SIXES = st.one_of(
    st.ip_addresses(v=6),
    FOURS.map(lambda one: IPv6Address(f"::ffff:{one}")),
    st.sampled_from(["::", "::1", "::2", "::7f00:1", "1::1", "::fffe:127.0.0.1", "fd00::1"]).map(IPv6Address),
)
CALLS = st.sampled_from([FOURS, SIXES]).flatmap(
    lambda addresses: st.builds(
        Moved,
        own=addresses,
        peer=addresses,
        protocol=st.sampled_from(Protocol),
        message=st.one_of(st.none(), addresses),
    )
)


@RUNS
@given(moved=CALLS)
def test_bytes_count_where_they_leave_the_machine(run: Run, moved: Moved) -> None:
    machine = kernel()
    run(machine, moved)
    counted = [] if stays_here(moved) else [(5 * 10**9, 42, 100, 0, b"program".ljust(16, b"\0"))]
    assert (entries(machine), lost(machine)) == (counted, 0)


OUT = Moved(own=IPv4Address("10.0.0.1"), peer=IPv4Address("10.0.0.2"))


@RUNS
@given(result=st.integers(-(1 << 31), (1 << 31) - 1))
def test_an_error_is_no_bytes(run: Run, result: int) -> None:
    machine = kernel()
    run(machine, replace(OUT, result=result))
    assert [one[2] for one in entries(machine)] == ([result] if result > 0 else [])


@RUNS
@given(flags=st.integers(0, (1 << 31) - 1))
def test_what_is_received_again_or_was_sent_does_not_count(run: Run, flags: int) -> None:
    machine = kernel()
    run(machine, replace(OUT, flags=flags))
    assert len(entries(machine)) == (0 if flags & (socket.MSG_PEEK | socket.MSG_ERRQUEUE) else 1)


@RUNS
@given(protocol=st.integers(0, 65_535))
def test_only_tcp_and_udp_count(run: Run, protocol: int) -> None:
    machine = kernel()
    run(machine, replace(OUT, protocol=protocol))
    assert len(entries(machine)) == (protocol in set(Protocol))


@RUNS
def test_a_thread_of_the_kernel_is_no_program(run: Run) -> None:
    machine = kernel(is_of_kernel=True)
    run(machine, OUT)
    assert (entries(machine), lost(machine)) == ([], 0)


@RUNS
@given(results=st.lists(st.integers(1, 1000), min_size=1, max_size=5))
def test_bytes_of_a_process_add_up_under_its_last_name(run: Run, results: list[int]) -> None:
    machine = kernel(name=b"shell")
    for number, result in enumerate(results):
        if number:
            machine.memory[machine.thread + 40 : machine.thread + 56] = b"program".ljust(16, b"\0")
        run(machine, replace(OUT, result=result))
    name = b"program" if len(results) > 1 else b"shell"
    assert entries(machine) == [(5 * 10**9, 42, sum(results), 0, name.ljust(16, b"\0"))]


@RUNS
def test_bytes_without_room_are_lost_in_sum_alone(run: Run) -> None:
    machine = kernel(room=1)
    run(machine, OUT)
    machine.memory[machine.thread + 32] += 1  # another process
    run(machine, OUT)
    run(machine, OUT)
    assert [(process, received) for _, process, received, _, _ in entries(machine)] == [(42, 100)]
    assert lost(machine) == 200


@pytest.mark.parametrize("family", Family)
def test_a_point_of_one_family_leaves_the_other_alone(family: Family) -> None:
    call = replace(CALL, direction=Direction.SENT, families=(family,), protocols=(Protocol.UDP,))
    counted = []
    for own, peer in ((IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")), (IPv6Address("fd00::1"), IPv6Address("::"))):
        machine = kernel()
        mapped = IPv6Address("::ffff:10.0.0.2") if own.version == 6 else None
        run_by_type(machine, Moved(own=own, peer=peer, protocol=Protocol.UDP, message=mapped), call)
        counted.append([one[3] for one in entries(machine)])
    assert counted == ([[100], []] if family is Family.IPV4 else [[], [100]])


def test_the_end_of_a_call_whose_beginning_was_not_seen_counts_nothing() -> None:
    machine, registers = kernel(), REGISTERS["x86_64"]
    end = bytearray(168)
    end[registers.result] = 100
    machine.run(counting_program_of_probe(CALL, LAYOUT, MAPS, registers, NOTES), machine.put(bytes(end)))
    assert (entries(machine), lost(machine)) == ([], 0)


ALWAYS = {access.SCRATCH_AT: 8}
OF_A_NOTE = {access.THREAD_AT: 8, access.NOTE_AT: NOTE.size}
OF_ADDRESSES = {access.PEER_AT: 16, access.OWN_AT: 16, access.ADDRESS_AT: ADDRESS_BYTES}
OF_AN_ENTRY = {access.KEY_AT: KEY.size, access.ENTRY_AT: ENTRY.size}


@pytest.mark.parametrize("places", [ALWAYS | OF_A_NOTE, ALWAYS | OF_ADDRESSES | OF_AN_ENTRY])
def test_what_lies_on_the_stack_at_the_same_time_lies_apart(places: dict[int, int]) -> None:
    at = -STACK_BYTES
    for place, size in sorted(places.items()):
        assert place >= at
        at = place + size
    assert at <= 0


def test_a_label_stands_once() -> None:
    code = Assembler()
    code.label("here")
    with pytest.raises(ValueError, match="two labels here"):
        code.label("here")
