"""Machines as they describe themselves: texts of `/proc/cpuinfo`, and identities around them."""

from exporter.core.units import Watts
from exporter.power.hardware import Hardware, Kind, hardware_of
from exporter.sources.identity import Disks, Identity


def cpuinfo(
    name: str,
    cpuid: tuple[str, int, int, int] = ("GenuineIntel", 6, 85, 4),
    *,
    chips: int = 1,
    cores: int = 28,
    smt: int = 2,
    flags: str = "",
) -> str:
    """Return a text of `/proc/cpuinfo` for `chips` sockets of `cores` cores."""
    vendor, family, model, stepping = cpuid
    block = (
        "processor\t: {number}\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\n"
        "model name\t: {name}\nstepping\t: {stepping}\nphysical id\t: {chip}\nsiblings\t: {siblings}\n"
        "cpu cores\t: {cores}\nflags\t\t: fpu {flags}\nbogomips\t: 5000.00\n\n"
    )
    return "".join(
        block.format(
            number=number,
            vendor=vendor,
            family=family,
            model=model,
            name=name,
            stepping=stepping,
            chip=number // (cores * smt),
            siblings=cores * smt,
            cores=cores,
            flags=flags,
        )
        for number in range(chips * cores * smt)
    )


def hardware(
    name: str,
    cpuid: tuple[str, int, int, int] = ("GenuineIntel", 6, 85, 4),
    *,
    chips: int = 1,
    cores: int = 28,
    smt: int = 2,
    flags: str = "",
    disks: Disks | None = None,
    gb: int | None = None,
    tdp: float | None = None,
    kind: Kind | None = None,
) -> Hardware:
    """Return the hardware of a machine that says so of itself; a guest where `flags` has `hypervisor`."""
    found = Identity(
        cpuinfo=cpuinfo(name, cpuid, chips=chips, cores=cores, smt=smt, flags=flags),
        disks=disks or Disks(),
        memory_bytes=None if gb is None else gb << 30,
        vcpus=chips * cores * smt,
    )
    return hardware_of(found, kind=kind, tdp=None if tdp is None else Watts(tdp))
