"""The hardware that an estimate is made for, and which kind of machine it is."""

import re
from dataclasses import dataclass
from enum import StrEnum

from exporter.core.units import Watts
from exporter.power.cpu_name import key_of, names_a_server
from exporter.power.processor import Processor, parse_cpuinfo
from exporter.sources.identity import Disks, Identity

BYTES_PER_GIBIBYTE = 1024**3
"""Bytes of a GB of memory as memory is sold, and as the tested servers state it."""

MOST_WATTS_OF_A_MINI_PC = 15.0
"""TDP, in W, up to which a desktop counts as a mini PC: that of the mini PCs whose power is known."""


class Kind(StrEnum):
    """Kind of machine: each has figures of its own."""

    SERVER = "server"
    VM = "vm"
    LAPTOP = "laptop"
    DESKTOP = "desktop"
    MINI_PC = "mini_pc"
    WORKSTATION = "workstation"
    BOARD = "board"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """Facts that an estimate rests on; `kind` is None where nothing tells it. `tdp` is of each chip."""

    kind: Kind | None = None
    processor: Processor = Processor()  # noqa: RUF009 - immutable
    vcpus: int = 1
    gb: float | None = None
    disks: Disks = Disks()  # noqa: RUF009 - immutable
    tdp: Watts | None = None
    board: str = ""
    cloud: str | None = None


def hardware_of(found: Identity, *, kind: Kind | None = None, tdp: Watts | None = None) -> Hardware:
    """Return what an identity means; `kind` and `tdp` override what the machine says."""
    processor = parse_cpuinfo(found.cpuinfo)
    tdp = found.tdp if tdp is None else tdp
    return Hardware(
        kind=kind or _kind(found, processor, tdp),
        processor=processor,
        vcpus=found.vcpus,
        gb=None if found.memory_bytes is None else found.memory_bytes / BYTES_PER_GIBIBYTE,
        disks=found.disks,
        tdp=tdp,
        board=found.board,
        cloud=_cloud(found),
    )


_CHASSIS = {
    **dict.fromkeys((8, 9, 10, 11, 14, 30, 31, 32), Kind.LAPTOP),
    **dict.fromkeys((3, 4, 5, 6, 7, 13, 15, 16, 24), Kind.DESKTOP),
    **dict.fromkeys((17, 22, 23, 25, 28, 29), Kind.SERVER),
    **dict.fromkeys((33, 34, 35, 36), Kind.MINI_PC),
}
"""Kind by the number of the chassis: DMTF DSP0134 (SMBIOS 3.7), table 17."""

_MADE_BY_A_HYPERVISOR = (
    *("qemu", "kvm", "virtual machine", "vmware", "virtualbox", "google compute engine", "openstack", "xen"),
    *("bochs", "parallels", "amazon ec2", "vserver", "alibaba cloud", "digitalocean"),
)
"""Parts of the maker's and the product's name that a hypervisor writes into the DMI of a guest, in lower case."""

_GUEST_BOARDS = ("dummy-virt", "qemu", "xenvm")
"""Parts of the model and of what it is compatible with that a hypervisor writes into the device tree of a guest, in
lower case: QEMU (hw/arm/virt.c, which others follow; hw/riscv/virt.c, hw/ppc/spapr.c) and Xen (libxl_arm.c)."""

_SERVER_BOARDS = ("ibm,powernv", "ibm,pseries")
"""Parts of the same of IBM's Power servers (Linux, arch/powerpc/platforms), which are no boards."""

_WORKSTATIONS = re.compile(r"\b(?:precision|thinkstation|workstation|hp z\d|z\d+ (?:g\d|tower|sff))", re.IGNORECASE)
_APPLE = {"macbook": Kind.LAPTOP, "mac mini": Kind.MINI_PC, "imac": Kind.DESKTOP, "mac studio": Kind.DESKTOP}
_MINI_PC_CPU = re.compile(r"^(?:n\d{2,3}|(?:celeron|pentium)(?: silver)? [nj]\d{4}|atom .*)$")
_MINI_PCS = re.compile(r"\bnuc|\bmini\b|\bmacmini|\bmicro\b|\btiny\b", re.IGNORECASE)
_WORKSTATION_CPU = re.compile(r"\bxeon w|threadripper")


def _kind(found: Identity, processor: Processor, tdp: Watts | None) -> Kind | None:
    """Decide by the hypervisor, a laptop's or server's chassis, the device tree and the processor's name, in order."""
    if processor.is_virtual or _is_guest(found, processor):
        return Kind.VM
    by_chassis = _CHASSIS.get(found.chassis_type or 0)
    if by_chassis in {Kind.LAPTOP, Kind.SERVER}:
        return by_chassis
    if found.board:
        return _kind_of_a_board(found.board.lower())
    return _kind_of_a_pc(found, processor, tdp, by_chassis)


def _kind_of_a_board(board: str) -> Kind:
    if any(one in board for one in _SERVER_BOARDS):
        return Kind.SERVER
    return next((kind for name, kind in _APPLE.items() if name in board), Kind.BOARD)


def _kind_of_a_pc(found: Identity, processor: Processor, tdp: Watts | None, by_chassis: Kind | None) -> Kind | None:
    """Decide between desktop, mini PC, workstation and a server in a tower."""
    key = key_of(processor.name)
    if _WORKSTATION_CPU.search(key) or (by_chassis and _WORKSTATIONS.search(found.product)):
        return Kind.WORKSTATION
    if names_a_server(processor.name):
        return Kind.SERVER
    is_frugal = tdp is not None and tdp <= MOST_WATTS_OF_A_MINI_PC
    if by_chassis is Kind.DESKTOP and (is_frugal or _MINI_PC_CPU.match(key) or _MINI_PCS.search(found.product)):
        return Kind.MINI_PC
    return by_chassis


def _is_guest(found: Identity, processor: Processor) -> bool:
    """Tell a guest by its device tree or DMI where the processor has no flag for it: on Arm, not on x86."""
    if any(one in found.board.lower() for one in _GUEST_BOARDS):
        return True
    made = f"{found.vendor} {found.product}".lower()
    return not processor.vendor and ".metal" not in made and any(one in made for one in _MADE_BY_A_HYPERVISOR)


def _cloud(found: Identity) -> str | None:
    """Return the cloud that a machine runs in, by the name of its average; None where it is another or none."""
    made = f"{found.vendor} {found.product}".lower()
    clouds = {"amazon ec2": "aws", "google compute engine": "gcp", "microsoft corporation virtual machine": "azure"}
    return next((cloud for name, cloud in clouds.items() if name in made), None)
