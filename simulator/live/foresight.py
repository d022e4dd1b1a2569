"""Forecasters of a live run, learnt by a child process that ends once it has told.

To learn takes pvlib, pandas and scipy, and trees scikit-learn, whose memory the live job is spared. The child computes
a year of the cloudless sky, which stands for every year: a date has nearly the same sun in each.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from exporter.core.config import ConfigError
from simulator.arrays import FloatArray
from simulator.assembly.layout import layout_of
from simulator.energy.interface import POINTS_PER_DAY, WeatherError
from simulator.grid.series import GridError
from simulator.run.forecasts import Foresight, foresight_of
from simulator.run.job import full_method
from simulator.scenario.schema import Scenario

SKY_DAYS = 365
"""Days of sky, after which they begin anew; the calendar is a day off after four years."""


class YearOfSky:
    """The power (288, B) of the panels of each bus on a day under a cloudless sky; of `known` buses alone."""

    def __init__(self, power: FloatArray, known: list[int], buses: int) -> None:
        """Take the power (365, 288, K) of the known buses."""
        self._power = power
        self._known = known
        self._buses = buses

    def __call__(self, day: int) -> FloatArray:
        """Return a day of the simulated clock."""
        power = np.zeros((POINTS_PER_DAY, self._buses))
        power[:, self._known] = self._power[day % SKY_DAYS]
        return power


def learnt_in_child(scenario: Scenario, seed: int) -> Foresight:
    """Return what the forecasters of a scenario rest on. Raises ConfigError for a file that cannot be used."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as executor:
        found = executor.submit(learnt, scenario, seed).result()
    if not isinstance(found, Foresight):
        raise ConfigError(found)
    return found


def learnt(scenario: Scenario, seed: int) -> Foresight | list[str]:
    """Learn, in the child; mistakes are returned as lines."""
    layout = layout_of(scenario, seed)
    try:
        found = foresight_of(scenario, full_method(scenario), layout)
    except ConfigError as error:
        return error.mistakes
    except (WeatherError, GridError) as error:
        return [str(error)]
    known = sorted({bus for source in found.sources for bus in source.buses[:1]})
    days = range(SKY_DAYS if known else 0)
    power = np.array([found.sky(day)[:, known] for day in days])
    return Foresight(sources=found.sources, zones=found.zones, sky=YearOfSky(power, known, len(layout.buses)))
