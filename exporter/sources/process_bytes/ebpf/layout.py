"""The fields of the kernel's structures that the counting program reads, where this kernel has them."""

from dataclasses import dataclass

from exporter.sources.process_bytes.ebpf.btf import Field, Kind, Types
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError

STRUCTURES = ("sock", "sock_common", "socket", "msghdr", "task_struct")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Places of fields: of `struct sock`, `struct socket`, `struct msghdr` and `struct task_struct`."""

    family: Field
    protocol: Field
    peer4: Field
    own4: Field
    peer6: Field
    own6: Field
    socket_sock: Field
    message_address: Field
    memory: Field
    leader: Field
    started: Field
    process: Field
    name: Field


def wanted_types() -> list[tuple[Kind, str]]:
    """Return what `layout_of` asks for."""
    return [(Kind.STRUCT, name) for name in STRUCTURES]


def layout_of(types: Types) -> Layout:
    """Return where the fields are. Raises EbpfUnavailableError where one is missing, or has another size."""

    def field(structure: str, name: str, size: int) -> Field:
        found = types.field(structure, name)
        if found.size != size:
            raise EbpfUnavailableError(f"{name} in struct {structure} has {found.size} bytes in this kernel")
        return found

    start = types.field("sock", "__sk_common").offset

    def in_sock(name: str, size: int) -> Field:
        return Field(start + field("sock_common", name, size).offset, size)

    return Layout(
        family=in_sock("skc_family", 2),
        protocol=field("sock", "sk_protocol", 2),
        peer4=in_sock("skc_daddr", 4),
        own4=in_sock("skc_rcv_saddr", 4),
        peer6=in_sock("skc_v6_daddr", 16),
        own6=in_sock("skc_v6_rcv_saddr", 16),
        socket_sock=field("socket", "sk", 8),
        message_address=field("msghdr", "msg_name", 8),
        memory=field("task_struct", "mm", 8),
        leader=field("task_struct", "group_leader", 8),
        started=field("task_struct", "start_boottime", 8),
        process=field("task_struct", "tgid", 4),
        name=field("task_struct", "comm", 16),
    )
