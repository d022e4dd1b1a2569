"""The floor of the errors of forecasts of a generated grid's intensity: what its own noise leaves to nobody.

`python -m bench.forecast_floor [--record]` knows the power systems and, at each origin, all of the weather, the habits
and the outages until then. From there it draws what may follow, and prints the root of the mean variance of the
intensity at each horizon: no forecast can have a smaller root mean squared error, and one that sees only the intensity
has a larger one.
"""

import argparse
import math
from collections.abc import Sequence

import numpy as np

from bench.record import record, table
from exporter.core.units import HOURS_PER_DAY
from simulator.arrays import FloatArray
from simulator.forecast.dataset import TYPICAL_DAYS
from simulator.forecast.grids import SEED, SYSTEMS, beginning
from simulator.grid.generator import carbon_intensity, dispatched, memories
from simulator.grid.power_system import PowerSystem
from simulator.grid.weather import Memory, processes
from simulator.streams import Stream, generator

HORIZONS = (1, 3, 6, 12, 24)
HOURS = TYPICAL_DAYS * HOURS_PER_DAY
DRAWS = 16
"""Hours ahead, hours of the year, and courses drawn from each origin: 140,000 for each figure."""

TITLE = "Floor of the errors of intensity forecasts"
EXPLANATION = """`python -m bench.forecast_floor --record`: root mean squared error, in g/kWh, that is left to who
knows a generated grid's power system and all of its weather, habits and outages until the hour of the forecast. The
years are those of `ecochain forecast evaluate --kind intensity`."""


def floors(name: str) -> list[float]:
    """Return the root mean squared error, in g/kWh, that nobody can fall below at each of HORIZONS."""
    system = SYSTEMS[name]
    drawn = processes(memories(system), HOURS, generator(SEED, Stream.GRID))
    random = generator(SEED, Stream.NOISE)
    return [_floor(system, drawn, horizon, random) for horizon in HORIZONS]


def _floor(system: PowerSystem, drawn: FloatArray, horizon: int, random: np.random.Generator) -> float:
    moments = [moments_of(one, drawn[:, place], horizon) for place, one in enumerate(memories(system))]
    means = np.stack([mean for mean, _ in moments], axis=1)
    deviations = np.array([deviation for _, deviation in moments])
    begins = beginning(system)
    # The hours before the horizon have no origin: their mean is what was drawn, and is left out.
    found = [
        carbon_intensity(dispatched(system, begins, means + deviations * random.standard_normal(means.shape)), system)
        for _ in range(DRAWS)
    ]
    return math.sqrt(float(np.var(found, axis=0, ddof=1)[horizon + 1 :].mean()))


def moments_of(memory: Memory, drawn: FloatArray, horizon: int) -> tuple[FloatArray, float]:
    """Return the means (H,) of a process, each known until `horizon` hours before, and their deviation.

    As in `simulator.grid.weather`, a process y smooths an AR(1) x: y' = f y + (1 - f) x', so y tells x.
    """
    slow, fast = math.exp(-1 / (memory.days * HOURS_PER_DAY)), math.exp(-1 / memory.hours)
    variance = (1 - fast) ** 2 * (1 + slow * fast) / ((1 - fast**2) * (1 - slow * fast))
    outer = drawn * math.sqrt(variance)
    inner = (outer - fast * np.concatenate([outer[:1], outer[:-1]])) / (1 - fast)
    # An innovation of x that is `age` hours old stands in y by the sum over the hours in which it was smoothed.
    ages = range(horizon)
    weights = np.array([(1 - fast) * sum(slow**old * fast ** (age - old) for old in range(age + 1)) for age in ages])
    known = np.maximum(np.arange(len(drawn)) - horizon, 0)
    means = (slow * weights[-1] * inner[known] + fast**horizon * outer[known]) / math.sqrt(variance)
    return means, math.sqrt((1 - slow**2) * float(weights @ weights) / variance)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the floors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write bench/results/forecast-floor.md")
    options = parser.parse_args(arguments)
    rows = [(name, *(f"{one:.1f}" for one in floors(name))) for name in SYSTEMS]
    text = table(("grid", *(f"{one} h" for one in HORIZONS)), rows)
    print(text)
    if options.record:
        record("forecast-floor", [TITLE, EXPLANATION, text])


if __name__ == "__main__":
    main()
