"""The processor of a machine, from the text of `/proc/cpuinfo`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TELLING_FLAGS = frozenset({"avx512_bf16", "avx512_vnni", "avx512f", "avx_vnni", "hypervisor"})
"""Flags that an estimate rests on."""

FIRST_AMD_FAMILY_OF_2016 = 23
"""CPUID family of AMD's first Zen, of 2017: LLVM's table of hosts (`Host.cpp`)."""

MOST_CHIPS = 1024
"""More physical ids than this are no sockets; the largest machine of the published results has 64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """Facts about a machine's processors; an empty text or None where nothing is said.

    `vendor`, `family`, `model` and `stepping` are the CPUID's, as the first processor says. `chips` counts sockets, 1
    where none is told; `siblings` are the logical processors online of one.
    """

    name: str = ""
    vendor: str = ""
    family: int | None = None
    model: int | None = None
    stepping: int | None = None
    flags: frozenset[str] = frozenset()
    chips: int = 1
    cores_per_chip: int | None = None
    siblings: int | None = None

    @property
    def is_virtual(self) -> bool:
        """True for a virtual machine: a hypervisor runs it."""
        return "hypervisor" in self.flags

    @property
    def is_recent(self) -> bool:
        """True for what only processors of 2016 and later can do, as far as servers go."""
        if self.vendor in {"AuthenticAMD", "HygonGenuine"}:
            return self.family is not None and self.family >= FIRST_AMD_FAMILY_OF_2016
        return bool(self.flags & {"avx512f", "avx_vnni"})


def parse_cpuinfo(text: str) -> Processor:
    """Read what `/proc/cpuinfo` says on x86, and what little it says elsewhere. Text of no sense says nothing."""
    first: Mapping[str, str] = {}
    sockets: set[str] = set()
    for block in _blocks(text):
        if "processor" not in block:
            continue
        first = first or block
        if "physical id" in block and len(sockets) < MOST_CHIPS:
            sockets.add(block["physical id"])
    return Processor(
        name=first.get("model name", ""),
        vendor=first.get("vendor_id", ""),
        family=_number(first.get("cpu family")),
        model=_number(first.get("model")),
        stepping=_number(first.get("stepping")),
        flags=TELLING_FLAGS.intersection(first.get("flags", "").split()),
        chips=max(1, len(sockets)),
        cores_per_chip=_number(first.get("cpu cores")) or None,
        siblings=_number(first.get("siblings")) or None,
    )


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """Yield what is said of each logical processor, by name; an empty line ends it."""
    block: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            block[name.strip()] = value.strip()
        elif not line.strip():
            if block:
                yield block
            block = {}
    if block:
        yield block


def _number(text: str | None) -> int | None:
    """Return a number as the kernel prints it; None for anything else, and for what no CPUID can hold."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 6 else None
