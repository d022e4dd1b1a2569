"""Published figures, and those of others with the same model: printed beside our results, never used in them."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from exporter.core.units import JOULES_PER_KWH
from simulator.run.job import MeasureName

PUBLISHED_SOURCE: Final = "EcoChain-ML (S. Mahmud, 2025), README, baseline comparison: one run of 1000 tasks, 4 nodes"
REPLICATION_SOURCE: Final = (
    "independent replication of the published model (2026, unpublished): means of 30 seeds, same tasks for every method"
)
ABLATION_SOURCE: Final = "EcoChain-ML (S. Mahmud, 2025), README, ablation: single runs, relative to the full method"
SCALING_SOURCE: Final = "EcoChain-ML (S. Mahmud, 2025), README, scalability results"

SCALING_REMARK: Final = (
    "The published scaling table is a formula applied after the run, not a simulation: simulated with the same "
    "equations, throughput stays at the arrival rate whatever the number of nodes."
)
"""Remark beside the published scaling figures, wherever they stand."""

LEDGER_REMARK: Final = (
    "The published effect of leaving out the ledger is the difference between two random streams: the published model "
    "gives the ledger no energy, so with the same tasks and weather the difference is exactly zero."
)
"""Remark beside the published ablation of the ledger."""

Figures = MappingProxyType[str, MappingProxyType[MeasureName, float]]
"""Values by method and measure."""


def _row(
    *,
    kwh: float | None = None,
    grams: float | None = None,
    seconds: float | None = None,
    percent: float | None = None,
    dollars: float | None = None,
) -> MappingProxyType[MeasureName, float]:
    """Return a table's row in the units of `RunResult`, without the figures that were not printed."""
    row: dict[MeasureName, float | None] = {
        "energy_joules": None if kwh is None else kwh * JOULES_PER_KWH,
        "emissions_grams": grams,
        "latency_seconds": seconds,
        "renewable_ratio": None if percent is None else round(percent / 100, 6),
        "cost_dollars": dollars,
    }
    return MappingProxyType({metric: value for metric, value in row.items() if value is not None})


PUBLISHED: Final[Figures] = MappingProxyType(
    {
        "standard": _row(kwh=0.0281, grams=6.79, seconds=0.5349, percent=39.53, dollars=0.002036),
        "energy-aware-only": _row(kwh=0.0073, grams=0.01, seconds=0.3319, percent=99.52, dollars=0.000004),
        "ledger-only": _row(kwh=0.0287, grams=6.88, seconds=0.5485, percent=40.12, dollars=-0.228454),
        "full": _row(kwh=0.0074, grams=0.02, seconds=0.3316, percent=99.40, dollars=-0.146888),
    }
)
"""Published baseline comparison; source: PUBLISHED_SOURCE."""

REPLICATION: Final[Figures] = MappingProxyType(
    {
        "standard": _row(kwh=0.02820, grams=6.869, seconds=0.5387, percent=39.1),
        "full": _row(kwh=0.00727, grams=0.0145, seconds=0.3347, percent=99.5),
        "compression-only": _row(kwh=0.00940, grams=2.236, seconds=0.2993, percent=40.5),
        "without-forecast": _row(kwh=0.00517, grams=1.322, percent=36.1),
        "without-dvfs": _row(kwh=0.00867),
        "without-compression": _row(kwh=0.02179),
        "single-node:Wind-without-dvfs": _row(kwh=0.00797, grams=0.045, percent=98.6),
    }
)
"""Findings of an independent replication; source: REPLICATION_SOURCE. Its wind node ran at full frequency."""

ABLATION: Final[Figures] = MappingProxyType(
    {
        "without-forecast": MappingProxyType({"energy_joules": -0.2968, "emissions_grams": 108.66}),
        "without-compression": MappingProxyType({"energy_joules": 2.00, "emissions_grams": 12.49}),
        "without-dvfs": MappingProxyType({"energy_joules": 0.18, "emissions_grams": 2.66}),
        "without-ledger": MappingProxyType({"energy_joules": 0.04, "emissions_grams": 0.49}),
    }
)
"""Published relative changes against the full method (0.18 is 18% more); source: ABLATION_SOURCE."""


def changes_to_standard() -> Figures:
    """Return published relative changes of energy and carbon against Standard (0.18 is 18% more); from PUBLISHED."""
    standard = PUBLISHED["standard"]
    measures: tuple[MeasureName, ...] = ("energy_joules", "emissions_grams")
    return MappingProxyType(
        {
            method: MappingProxyType({measure: row[measure] / standard[measure] - 1.0 for measure in measures})
            for method, row in PUBLISHED.items()
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingFigure:
    """A row of the published scaling table."""

    nodes: int
    latency_seconds: float
    tasks_per_hour: float
    renewable_ratio: float


SCALING: Final = (
    ScalingFigure(nodes=2, latency_seconds=0.335, tasks_per_hour=103.0, renewable_ratio=0.9923),
    ScalingFigure(nodes=8, latency_seconds=0.251, tasks_per_hour=134.0, renewable_ratio=0.9932),
    ScalingFigure(nodes=32, latency_seconds=0.131, tasks_per_hour=165.0, renewable_ratio=0.9959),
)
"""Published scaling table, never without SCALING_REMARK; source: SCALING_SOURCE."""
