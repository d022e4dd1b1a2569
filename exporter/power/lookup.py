"""Estimates for servers and virtual machines: by the processor's name, its generation, its TDP, or an average."""

import math

from exporter.core.units import Watts
from exporter.power.cpu_name import key_of
from exporter.power.estimate import Estimate, numbered
from exporter.power.generation import generation_by_cpuid, named_by_qemu
from exporter.power.hardware import Hardware, Kind
from exporter.power.presets import cloud_estimate
from exporter.power.tables import CpuRow, GenerationRow, cpu_row, generation_row, tdp_fit

FIRST_YEAR_OF_CURVES = 2016
"""Year from which servers draw less than a straight line between idle and full: of the published results with a load
curve, half load is at 0.43 of the way since then and at 0.48 before."""

SINGLE = 1
"""Number of results that say no more than the generation does: with one other result of the same name f90 is 1.88."""


def by_name(hardware: Hardware) -> Estimate | None:
    """Return the watts of servers with the same processor; a virtual machine has its share of the threads."""
    row = cpu_row(key_of(hardware.processor.name))
    if row is None:
        return None
    share, rung = float(hardware.processor.chips), "generation" if row.results <= SINGLE else "name"
    if hardware.kind is Kind.VM:
        share, rung = hardware.vcpus / row.threads, "thread"
    return Estimate(
        idle=Watts(share * row.idle),
        full=Watts(share * row.full),
        source="name",
        model=row.cpu,
        rung=rung,
        curved=_is_curved(row),
        counted=_counted(hardware),
        gb=None if row.gb is None else share * row.gb,
    )


def by_generation(hardware: Hardware) -> Estimate | None:
    """Return the watts of servers of the same generation, for each chip of a host or each thread of a guest."""
    named = named_by_qemu(hardware.processor) if hardware.kind is Kind.VM else None
    generation = named or generation_by_cpuid(hardware.processor)
    row = None if generation is None else generation_row(generation)
    if row is None:
        return None
    if hardware.kind is Kind.VM:
        idle, full, gb = hardware.vcpus * row.idle_per_thread, hardware.vcpus * row.full_per_thread, None
        rung = "thread" if named is None else "named_by_qemu"
    else:
        chips = hardware.processor.chips
        wider = math.sqrt(_threads_per_chip(hardware, row) / row.threads_per_chip)
        idle, full, gb = chips * row.idle_per_chip, chips * row.full_per_chip * wider, chips * row.gb_per_chip
        rung = "generation"
    return Estimate(
        idle=Watts(idle),
        full=Watts(max(idle, full)),
        source="generation",
        model=row.generation,
        rung=rung,
        curved=row.year_min >= FIRST_YEAR_OF_CURVES,
        counted=_counted(hardware),
        gb=gb,
    )


def by_tdp(hardware: Hardware) -> Estimate | None:
    """Return the watts of servers of the same TDP, and of the same memory where that and the age are known."""
    if hardware.tdp is None or hardware.kind is not Kind.SERVER:
        return None
    chips = hardware.processor.chips
    with_memory = hardware.gb is not None and hardware.processor.is_recent
    name = "tdp_and_memory_2016" if with_memory else "tdp_only_2012"
    watts = {}
    for load in ("idle", "full"):
        fit = tdp_fit(name, load)
        per_chip = min(max((hardware.gb or 0.0) / chips, fit.least_gb_per_chip), fit.most_gb_per_chip)
        exponent = fit.intercept + fit.per_ln_tdp * math.log(hardware.tdp * chips)
        watts[load] = math.exp(exponent + fit.per_ln_gb * math.log(per_chip * chips + 1.0))
    return Estimate(
        idle=Watts(watts["idle"]),
        full=Watts(max(watts.values())),
        source="tdp",
        model=name,
        rung="tdp",
        curved=True,
        counted=_counted(hardware),
        gb=hardware.gb if with_memory else None,
    )


def by_average(hardware: Hardware) -> Estimate | None:
    """Return a cloud's average for each thread, without a term for memory: it is in there; AWS's where no cloud shows.

    Of the three AWS's is nearest to the published results at full load.
    """
    if hardware.kind not in {Kind.SERVER, Kind.VM}:
        return None
    recent = hardware.processor.is_recent
    return cloud_estimate(hardware.cloud or "aws", hardware.vcpus, recent=recent, curved=recent)


def _counted(hardware: Hardware) -> str:
    if hardware.kind is Kind.VM:
        return numbered(hardware.vcpus, "virtual CPU")
    return numbered(hardware.processor.chips, "processor")


def _is_curved(row: CpuRow) -> bool:
    """Tell by the generation: results of old machines were published up to 2023."""
    generation = generation_row(row.generation) if row.generation else None
    return (row.year if generation is None else generation.year_min) >= FIRST_YEAR_OF_CURVES


def _threads_per_chip(hardware: Hardware, row: GenerationRow) -> float:
    """Return the threads of a chip with SMT on: where it is off threads halve, and watts do not.

    Linux counts a Bulldozer's modules as cores of two threads, its makers as two cores.
    """
    processor = hardware.processor
    if processor.cores_per_chip is not None:
        return float(max(processor.cores_per_chip * row.threads_per_core, processor.siblings or 0))
    return hardware.vcpus / processor.chips
