"""Comparison of the generations' figures with CPU names that they do not know, as far as the tables allow it.

The tables hold medians by name and by generation, not the single results behind them. A generation's figures without
one name are taken as the medians of its other names, each weighted by its number of results; error and coverage count
each name by its results as well, as the study does that the factors come from.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from exporter.core.units import Ratio
from exporter.power.band import band_of
from exporter.power.hardware import Hardware, Kind
from exporter.power.ladder import host_estimate
from exporter.power.processor import Processor
from exporter.power.tables import read

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watts:
    """Idle and full watts for one chip."""

    idle: float
    full: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Mean errors at idle and full load over names, and the share of them that the bands hold."""

    results: int
    idle: float
    full: float
    held: float


def known_generations() -> Iterator[tuple[Row, Row]]:
    """Yield each row of a CPU name whose generation is known, with its generation's row."""
    generations = {row["generation"]: row for row in read("server_watts_by_generation")}
    for row in read("server_watts_by_cpu"):
        if row["generation"]:
            yield row, generations[row["generation"]]


def by_the_ladder(kind: Kind) -> HeldOut:
    """Compare names with the estimate that the exporter makes of them under a name that it does not know.

    The generation's figures have these names in them.
    """
    pairs = []
    for row, generation in known_generations():
        estimate = host_estimate(_unknown(row, generation, kind))
        if estimate.source == "generation":
            pairs.append((row, Watts(idle=estimate.idle, full=estimate.full)))
    return _compared(pairs, kind)


def without_the_name(kind: Kind) -> HeldOut:
    """Compare each name with the medians of the other names of its generation."""
    rows = [row for row, _ in known_generations()]
    pairs = []
    for row in rows:
        others = [one for one in rows if one["generation"] == row["generation"] and one["cpu"] != row["cpu"]]
        if others:
            pairs.append((row, _of_others(int(row["threads_per_chip"]), others, kind)))
    return _compared(pairs, kind)


def _unknown(row: Row, generation: Row, kind: Kind) -> Hardware:
    """Return one chip of this name, misspelt so that no row has it, with a CPUID of its generation."""
    cores = int(row["cores_per_chip"])
    processor = Processor(
        name=f"{row['cpu']} held back",
        vendor=generation["cpuid_vendor"],
        family=_first(generation["cpuid_family"]),
        model=_first(generation["cpuid_models"]),
        stepping=_first(generation["cpuid_steppings"]),
        cores_per_chip=cores,
    )
    threads = int(row["threads_per_chip"])
    if kind is Kind.VM:
        processor = replace(processor, flags=frozenset({"hypervisor"}))
    return Hardware(kind=kind, processor=processor, vcpus=threads)


def _of_others(threads: int, others: list[Row], kind: Kind) -> Watts:
    def middle(value: Callable[[Row], float]) -> float:
        return _weighted_median([(value(one), int(one["results"])) for one in others])

    if kind is Kind.VM:
        return Watts(
            idle=threads * middle(lambda one: float(one["idle_w"]) / int(one["threads_per_chip"])),
            full=threads * middle(lambda one: float(one["full_w"]) / int(one["threads_per_chip"])),
        )
    usual = middle(lambda one: float(one["threads_per_chip"]))
    return Watts(
        idle=middle(lambda one: float(one["idle_w"])),
        full=middle(lambda one: float(one["full_w"])) * math.sqrt(threads / usual),
    )


def _compared(pairs: list[tuple[Row, Watts]], kind: Kind) -> HeldOut:
    band = band_of("thread" if kind is Kind.VM else "generation")
    results = sum(int(row["results"]) for row, _ in pairs)
    idle = full = held = 0.0
    for row, told in pairs:
        weight = int(row["results"]) / results
        for load, estimate in ((Ratio(0.0), told.idle), (Ratio(1.0), told.full)):
            true = float(row["full_w" if load else "idle_w"])
            error = weight * abs(estimate - true) / true
            idle, full = (idle, full + error) if load else (idle + error, full)
            held += weight / 2 * (estimate / band.at(load) <= true <= estimate * band.at(load))
    return HeldOut(results=results, idle=idle, full=full, held=held)


def _weighted_median(values: list[tuple[float, int]]) -> float:
    half = sum(weight for _, weight in values) / 2
    for value, weight in sorted(values):
        half -= weight
        if half <= 0:
            return value
    raise ValueError("expected at least one value")


def _first(numbers: str) -> int | None:
    """Return the first number of a list of numbers and ranges."""
    return int(numbers.split(",", maxsplit=1)[0].partition("-")[0]) if numbers else None
