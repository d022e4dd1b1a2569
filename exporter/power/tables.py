"""The tables of figures beside this file: one row at a time is read and kept, and only when a model is made.

Watts are those of whole servers at the wall. `docs/reference/accuracy.md` says where the figures come from.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.core.units import Watts


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuRow:
    """Median watts of the servers that were tested with one model of processor, for each of its chips.

    `gb` is the memory per chip that the watts include; None where it is not known.
    """

    cpu: str
    generation: str
    threads: int
    results: int
    year: int
    gb: float | None
    idle: Watts
    full: Watts


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRow:
    """Median watts of the servers of one microarchitecture, for each chip and for each hardware thread."""

    generation: str
    year_min: int
    threads_per_chip: int
    threads_per_core: int
    gb_per_chip: float
    idle_per_thread: Watts
    full_per_thread: Watts
    idle_per_chip: Watts
    full_per_chip: Watts


@dataclass(frozen=True, slots=True, kw_only=True)
class TdpFit:
    """Coefficients of ln(W) = intercept + a ln(TDP x chips) + b ln(GB + 1) at one load, and where they hold."""

    intercept: float
    per_ln_tdp: float
    per_ln_gb: float
    least_gb_per_chip: float
    most_gb_per_chip: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuId:
    """Numbers by which a processor names its kind."""

    vendor: str
    family: int
    model: int
    stepping: int | None


def cpu_row(key: str) -> CpuRow | None:
    """Return the row of a processor by its whole key: never by a part of it, never the nearest."""
    for row in read("server_watts_by_cpu"):
        if row["cpu"] == key:
            return CpuRow(
                cpu=key,
                generation=row["generation"],
                threads=int(row["threads_per_chip"]),
                results=int(row["results"]),
                year=int(row["year"]),
                gb=float(row["gb_per_chip"]) if row["gb_per_chip"] else None,
                idle=Watts(float(row["idle_w"])),
                full=Watts(float(row["full_w"])),
            )
    return None


def generation_row(generation: str) -> GenerationRow | None:
    """Return the row of a generation by its name."""
    for row in read("server_watts_by_generation"):
        if row["generation"] == generation:
            threads = int(row["threads_per_chip"])
            return GenerationRow(
                generation=generation,
                year_min=int(row["year_min"]),
                threads_per_chip=threads,
                threads_per_core=int(row["threads_per_core"]),
                gb_per_chip=float(row["gb_per_thread"]) * threads,
                idle_per_thread=Watts(float(row["idle_w_per_thread"])),
                full_per_thread=Watts(float(row["full_w_per_thread"])),
                idle_per_chip=Watts(float(row["idle_w_per_chip"])),
                full_per_chip=Watts(float(row["full_w_per_chip"])),
            )
    return None


def generation_of(cpuid: CpuId) -> str | None:
    """Return the generation that a CPUID belongs to; None where no row has it."""
    for row in read("server_watts_by_generation"):
        if (
            row["cpuid_vendor"] == cpuid.vendor
            and row["cpuid_family"] == str(cpuid.family)
            and _within(cpuid.model, row["cpuid_models"])
            and (not row["cpuid_steppings"] or _within(cpuid.stepping, row["cpuid_steppings"]))
        ):
            return row["generation"]
    return None


def tdp_fit(fit: str, load: str) -> TdpFit:
    """Return the coefficients of a fit at `idle` or `full` load."""
    row = next(row for row in read("server_watts_by_tdp") if (row["fit"], row["load"]) == (fit, load))
    return TdpFit(
        intercept=float(row["intercept"]),
        per_ln_tdp=float(row["ln_tdp_w_times_chips"]),
        per_ln_gb=float(row["ln_gb_plus_1"]),
        least_gb_per_chip=float(row["gb_per_chip_min"]),
        most_gb_per_chip=float(row["gb_per_chip_max"]),
    )


def read(table: str) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a table, each by the names of its columns."""
    with Path(__file__).with_name("figures").joinpath(f"{table}.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _within(number: int | None, ranges: str) -> bool:
    """Tell whether a number is in a list of numbers and inclusive ranges such as `0-4,7`."""
    if number is None:
        return False
    for part in ranges.split(","):
        least, _, most = part.partition("-")
        if int(least) <= number <= int(most or least):
            return True
    return False
