"""The points in the kernel where bytes are counted, by the means of getting there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from exporter.sources.process_bytes.ebpf.btf import Kind, Types
from exporter.sources.process_bytes.ebpf.call import Call, Direction, Family, Protocol
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError

OF_TRACEPOINT = "btf_trace_"
"""Beginning of the name by which the kernel's types have the arguments of a tracepoint (include/trace/bpf_probe.h)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A tracepoint, or the return of a function, that is understood with one of these numbers of arguments.

    A kernel may lack one that is not `needed`.
    """

    target: str
    call: Call
    arguments: Sequence[int]
    is_tracepoint: bool = False
    is_needed: bool = True

    @property
    def wanted(self) -> tuple[Kind, str]:
        """Kind and name of its type."""
        return (Kind.TYPEDEF, OF_TRACEPOINT + self.target) if self.is_tracepoint else (Kind.FUNCTION, self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A hook as the running kernel has it: the number of its type, and which of its arguments is what."""

    hook: Hook
    number: int
    call: Call


def point_of(hook: Hook, types: Types) -> Point | None:
    """Return the hook in this kernel, None where it may lack it and does.

    Raises EbpfUnavailableError where it is needed and missing, or has other arguments.
    """
    number = types.number(*hook.wanted)
    if number is None:
        if hook.is_needed:
            raise EbpfUnavailableError(f"the kernel has no {hook.target}")
        return None
    arguments = types.parameters(number)
    if arguments not in hook.arguments:
        raise EbpfUnavailableError(f"{hook.target} has {arguments} arguments in this kernel")
    if hook.is_tracepoint:
        return Point(hook=hook, number=number, call=hook.call)
    return Point(hook=hook, number=number, call=replace(hook.call, result=arguments))


SENT = Call(direction=Direction.SENT)
RECEIVED = Call(direction=Direction.RECEIVED)

TRACEPOINTS = (
    Hook(target="sock_send_length", call=replace(SENT, result=1), arguments=(4,), is_tracepoint=True),
    Hook(target="sock_recv_length", call=replace(RECEIVED, result=1, flags=2), arguments=(4,), is_tracepoint=True),
)
"""Tracepoints since Linux 6.3 (include/trace/events/sock.h): socket, result, flags. The type has one argument more."""

SOCKET_CALLS = (
    Hook(target="inet_sendmsg", call=replace(SENT, message=1, is_socket=True), arguments=(3,)),
    Hook(target="inet6_sendmsg", call=replace(SENT, message=1, is_socket=True), arguments=(3,)),
    Hook(target="inet_recvmsg", call=replace(RECEIVED, message=1, flags=3, is_socket=True), arguments=(4,)),
    Hook(target="inet6_recvmsg", call=replace(RECEIVED, message=1, flags=3, is_socket=True), arguments=(4,)),
    Hook(
        target="inet_sendpage",
        call=replace(SENT, is_socket=True, protocols=(Protocol.TCP, Protocol.UDP)),
        arguments=(5,),
        is_needed=False,
    ),
)
"""Functions by which sockets send and receive (net/ipv4/af_inet.c, net/ipv6/af_inet6.c); files went another way until
Linux 6.4, where multipath TCP called the first function from there. These see the address of a message."""


def _of_udp(function: str, call: Call, family: Family, arguments: Sequence[int]) -> Hook:
    return Hook(
        target=function,
        call=replace(call, message=1, families=(family,), protocols=(Protocol.UDP,)),
        arguments=arguments,
    )


RECEIVING = replace(RECEIVED, flags=3)

UDP_CALLS = (
    _of_udp("udp_sendmsg", SENT, Family.IPV4, (3,)),
    _of_udp("udpv6_sendmsg", SENT, Family.IPV6, (3,)),
    _of_udp("udp_recvmsg", RECEIVING, Family.IPV4, (4, 5)),
    _of_udp("udpv6_recvmsg", RECEIVING, Family.IPV6, (4, 5)),
)
"""Functions of UDP alone, with socket, message, size and flags (net/ipv4/udp.c, net/ipv6/udp.c). A socket of IPv6 that
sends to a mapped address calls that of IPv4 too, which therefore counts sockets of its own family alone. They go with
the tracepoints of Linux 6.3: until 5.19, flags stood elsewhere."""
