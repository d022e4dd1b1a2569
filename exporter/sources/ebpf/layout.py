"""The fields of the kernel's structures that the counting program reads, where this kernel has them."""

from dataclasses import dataclass

from exporter.sources.ebpf.btf import Field, Kind, Types

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
    """Return where the fields are. Raises EbpfUnavailableError where one is missing."""

    def in_sock(name: str) -> Field:
        inner = types.field("sock_common", name)
        return Field(types.field("sock", "__sk_common").offset + inner.offset, inner.size)

    return Layout(
        family=in_sock("skc_family"),
        protocol=types.field("sock", "sk_protocol"),
        peer4=in_sock("skc_daddr"),
        own4=in_sock("skc_rcv_saddr"),
        peer6=in_sock("skc_v6_daddr"),
        own6=in_sock("skc_v6_rcv_saddr"),
        socket_sock=types.field("socket", "sk"),
        message_address=types.field("msghdr", "msg_name"),
        memory=types.field("task_struct", "mm"),
        leader=types.field("task_struct", "group_leader"),
        started=types.field("task_struct", "start_boottime"),
        process=types.field("task_struct", "tgid"),
        name=types.field("task_struct", "comm"),
    )
