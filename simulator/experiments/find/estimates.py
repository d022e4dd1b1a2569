"""The estimates of an experiment, as its `results.json` keeps them and as dashboards show them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from exporter.core.config import ConfigError
from exporter.core.regular_file import read_file
from simulator.experiments.find.effects import Factorial
from simulator.experiments.find.front import Point
from simulator.experiments.find.statistics import Interval

ResultsT = TypeVar("ResultsT", bound=msgspec.Struct)

RESULTS_FILE = "results.json"

FORMAT = 2
"""Format of the file, which rises when an older program could not read the content, or would take it wrongly.

1 (that of files without a format) has one digest of code and environment in place of two.
"""


GRAMS = "emissions_grams"
MISSES = "deadline_miss_ratio"
"""The measures by which methods are judged: their emissions, and the service that these must not be paid with."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that experiments estimate; `name` ends in its unit, as in `ecochain_experiment_<name>`."""

    name: str
    unit: str
    help: str


MEASURES = (
    Measure(name="energy_joules", unit="joules", help="Energy that the cluster consumed in a run."),
    Measure(
        name=GRAMS,
        unit="grams",
        help="CO2e emissions of the electricity that the cluster took from the grid in a run.",
    ),
    Measure(
        name="latency_seconds",
        unit="seconds",
        help="Mean time from arrival to completion of completed tasks that are not deferrable.",
    ),
    Measure(name="renewable_ratio", unit="ratio", help="Share of the consumed energy that did not come from the grid."),
    Measure(
        name="cost_dollars",
        unit="dollars",
        help="Cost of the electricity bought in a run, less the worth of its credits where these have a price.",
    ),
    Measure(name=MISSES, unit="ratio", help="Share of the offered tasks that were completed late or dropped."),
    Measure(
        name="regret_ratio",
        unit="ratio",
        help="Emissions relative to the least possible emissions for the same work, less one.",
    ),
    Measure(
        name="gap_grams",
        unit="grams",
        help="Emissions in a run beyond the least for the same work (the bound).",
    ),
    Measure(
        name="gap_ratio",
        unit="ratio",
        help="Emissions beyond the bound, over the bound beyond the least possible without any task (the floor).",
    ),
    Measure(
        name="saturation_tasks_per_second",
        unit="",
        help="Greatest arrival rate at which at most one task in a hundred is late or dropped.",
    ),
)
"""All measures, in the order in which tables show them."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Mean over the replications, its 95% confidence interval, and the published figure where there is one."""

    mean: float
    low: float
    high: float
    published: float | None = None


class Estimates(msgspec.Struct, frozen=True, kw_only=True, rename={"by_measure": "metrics"}):
    """Estimates for one method of an experiment, by the name of the measure, without those that were not measured."""

    experiment: str
    scenario: str
    method: str
    by_measure: Mapping[str, Estimate]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Relative change of a measure against the reference, with its paired interval, and the published change.

    `relative` is None where the reference may be zero.
    """

    method: str
    measure: str
    relative: Estimate | None
    published: float | None = None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Both digests behind the figures; results of the first format have neither."""

    inputs: str = ""
    environment: str = ""


class ShownVariation(msgspec.Struct, frozen=True, kw_only=True):
    """Relative change of the headline with `parameter` times `factor`; None where the reference may be zero."""

    parameter: str
    factor: float
    difference: Interval | None


class ShownSensitivity(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a sensitivity that dashboards show; `unchanged` is the scenario itself."""

    unchanged: ShownVariation
    variations: list[ShownVariation]


class ShownResults(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"estimates": "outcomes", "changes": "comparisons", "origin": "provenance"},
):
    """The part of a results file that dashboards show.

    Of equal service there are the methods that serve less and those of which that is not shown; `serving_less` is None
    in results that do not tell.
    """

    format: int = 1
    experiment: str
    scenario: str
    reference: str | None
    estimates: list[Estimates]
    changes: list[Change]
    origin: Origin
    serving_less: list[str] | None = None
    service_not_shown: list[str] = []
    factorial: Factorial | None = None
    front: list[Point] = []
    sensitivity: ShownSensitivity | None = None


def load_shown_results(directory: Path) -> list[ShownResults]:
    """Return what dashboards show of the experiments whose results lie in `directory` or in its folders, by name.

    Raises ConfigError where there are none, or where a file is not what an experiment writes.
    """
    files = sorted([*directory.glob(RESULTS_FILE), *directory.glob(f"*/{RESULTS_FILE}")])
    if not files:
        raise ConfigError([f"{directory}: expected folders with a {RESULTS_FILE}, got none"])
    return [_read(file) for file in files]


def _read(file: Path) -> ShownResults:
    shown = read_results(file, ShownResults, origin=str(file))
    if shown.format > FORMAT:
        told = f"{file}: has format {shown.format} of a newer version of ecochain: run the experiment again here"
        raise ConfigError([told])
    return shown


def read_results(file: Path, kind: type[ResultsT], *, origin: str) -> ResultsT:
    """Return what is asked for of an experiment's results. Raises ConfigError, in a line that begins with `origin`."""
    try:
        return msgspec.json.decode(read_file(file), type=kind)
    except OSError as error:
        raise ConfigError([f"{origin}: cannot be read: {error.strerror}"]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError([f"{origin}: is not the result of an experiment: {error}"]) from error
