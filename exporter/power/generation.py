"""The generation of a server's processor: by CPUID, by the word that QEMU writes, or by its model number."""

import re

from exporter.power.cpu_name import key_of, names_a_server, words_in_brackets
from exporter.power.processor import Processor
from exporter.power.tables import CpuId, generation_of

_NAMED_BY_QEMU = {
    "cascadelake": "Cascade Lake",
    "cooperlake": "Cooper Lake",
    "icelake": "Ice Lake SP",
    "ivy bridge": "Ivy Bridge EP",
    "sandy bridge": "Sandy Bridge EP",
    "sapphirerapids": "Sapphire Rapids",
    "skylake": "Skylake SP",
}
"""Generation by the word that QEMU (`target/i386/cpu.c`) writes into brackets after Xeon."""

_NUMBERED = (
    (r"xeon (?:platinum|gold|silver|bronze) \d1\d\d", "Skylake SP"),
    (r"xeon (?:platinum|gold|silver|bronze) \d2\d\d", "Cascade Lake"),
    (r"xeon (?:platinum|gold) \d3\d\dhl?$", "Cooper Lake"),
    (r"xeon (?:platinum|gold|silver|bronze) \d3\d\d", "Ice Lake SP"),
    (r"xeon (?:platinum|gold|silver|bronze) \d4\d\d", "Sapphire Rapids"),
    (r"xeon (?:platinum|gold|silver|bronze) \d5\d\d", "Emerald Rapids"),
    (r"epyc 7\d\d1", "Zen (Naples)"),
    (r"epyc 7\d\d2", "Zen 2 (Rome)"),
    (r"epyc 7\d\d3", "Zen 3 (Milan)"),
    (r"epyc 8\d\d4", "Zen 4c (Siena)"),
    (r"epyc 97\d4", "Zen 4c (Bergamo)"),
    (r"epyc 9\d\d4", "Zen 4 (Genoa)"),
    (r"epyc 9\d\d5", "Zen 5 (Turin)"),
)
"""Generation by the makers' model numbers."""

_SKYLAKE_SERVER = 85
"""CPUID model that Skylake SP, Cascade Lake and Cooper Lake share (Linux, `intel-family.h`)."""

_STEPPING_BY_FLAGS = {"cascade": 7, "cooper": 11}
"""A stepping of each generation of that model, for one that shows by its flags (Linux, `mapfile.csv`)."""


def named_by_qemu(processor: Processor) -> str | None:
    """Return the generation that QEMU names in a guest; the host may be a newer one."""
    if not (processor.is_virtual and names_a_server(processor.name)):
        return None
    return next((found for one in words_in_brackets(processor.name) if (found := _NAMED_BY_QEMU.get(one))), None)


def generation_by_cpuid(processor: Processor) -> str | None:
    """Return the generation of a server's processor; None for any other, though desktops share its CPUID."""
    if not names_a_server(processor.name):
        return None
    key = key_of(processor.name)
    if processor.family is None or processor.model is None:
        return next((generation for pattern, generation in _NUMBERED if re.search(pattern, key)), None)
    found = generation_of(
        CpuId(
            vendor=processor.vendor,
            family=processor.family,
            model=processor.model,
            stepping=_stepping(processor),
        )
    )
    if found == "Zen 4c (Bergamo)" and re.search(r"epyc 8\d\d4", key):
        return "Zen 4c (Siena)"
    return found


def _stepping(processor: Processor) -> int | None:
    """Return the stepping; a hypervisor may show another, and what the processor can do tells more."""
    is_shared = (processor.vendor, processor.family, processor.model) == ("GenuineIntel", 6, _SKYLAKE_SERVER)
    if is_shared and "avx512_vnni" in processor.flags:
        return _STEPPING_BY_FLAGS["cooper" if "avx512_bf16" in processor.flags else "cascade"]
    return processor.stepping
