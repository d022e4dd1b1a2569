"""The forecasts that the policy of a live run is told: those of each site, shared among its buses.

A site's forecast of an hour is the sum over its buses and the mean over the hour. Panels share it by what each would
give at that moment under a cloudless sky, turbines by what each has given so far. Where nothing is told of a site,
supply stays as it is, and an hour of its grid is as it was a day before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, Seconds
from simulator.arrays import BoolArray, FloatArray
from simulator.assembly.layout import Layout
from simulator.energy.interface import WEATHER_STEP
from simulator.forecast.intensity import fill
from simulator.forecast.interface import SUN_SHARE, Kind
from simulator.forecast.references import PersistenceForecaster
from simulator.forecast.serving import POINTS_PER_HOUR, Parts, under_sky
from simulator.grid.course import GridPoint, HourlyGrid
from simulator.live.forecasts import LiveForecasts
from simulator.live.lessons import Skies, panels_of
from simulator.run.forecasts import (
    UNLEARNT_INTENSITY,
    UNLEARNT_SUPPLY,
    WITHOUT_SECTION,
    choices_of,
    require_readable,
)
from simulator.run.job import Method
from simulator.run.plant import Plant
from simulator.scenario.schema import Scenario

HOURS_TOLD = HOURS_PER_DAY + 1
"""Hours of which the policy is told from the one that has begun: a day from any step in it."""

MeansOf = Callable[[int, Kind], FloatArray | None]
"""Means (24,) that are in force for the hours of the clock from the present one on, of a site by its index and a kind,
in watts or g/kWh; None where nothing is told."""


def without_learning(scenario: Scenario, method: Method) -> Scenario:
    """Return a scenario whose run learns nothing, since it is told; what needs no history stays as it is.

    Raises ConfigError for a checkpoint that cannot be read.
    """
    section = scenario.forecast
    if section is None:
        return scenario
    require_readable(scenario)
    chosen = zip(choices_of(scenario, method), (UNLEARNT_SUPPLY, UNLEARNT_INTENSITY), WITHOUT_SECTION, strict=True)
    supply, intensity = (choice if choice in unlearnt else usual for choice, unlearnt, usual in chosen)
    plain = msgspec.structs.replace(section, supply=supply, intensity=intensity, checkpoints=())
    return msgspec.structs.replace(scenario, forecast=plain)


def told_plant(plant: Plant, scenario: Scenario, method: Method, layout: Layout, forecasts: LiveForecasts) -> Plant:
    """Return the plant of a run whose policy is told of forecasts what it would have learnt."""
    supply, intensity = choices_of(scenario, method)
    if supply not in UNLEARNT_SUPPLY:
        parts = plant.generation.parts_at
        forecaster = ToldForecaster(supply, layout, forecasts.told, forecasts.skies, parts, plant.step)
        plant = replace(plant, forecaster=forecaster)
    if intensity not in UNLEARNT_INTENSITY and isinstance(plant.grid, HourlyGrid):
        sites = range(len(layout.places))
        buses = [[number for number, bus in enumerate(layout.buses) if bus.place == site] for site in sites]
        plant = replace(plant, grid=ToldGrid(plant.grid, buses, forecasts.told, plant.step))
    return plant


class ToldForecaster:
    """A `Forecaster` of buses by what is told of their sites."""

    def __init__(
        self, name: str, layout: Layout, told: MeansOf, skies: Callable[[], Skies | None], parts: Parts, step: Seconds
    ) -> None:
        self.name = name
        self._told = told
        self._skies = skies
        self._parts = parts
        self._steps_per_point = round(WEATHER_STEP / step)
        self._site = np.array([bus.place for bus in layout.buses])
        self._solar_watts = np.array([bus.supply.solar_peak_watts for bus in layout.buses])
        # The power by the plate counts as so much of what a turbine has given: all share alike at the beginning.
        self._given = np.array([bus.supply.wind_rated_watts for bus in layout.buses])
        self._panel = panels_of(layout)
        self._persistence = PersistenceForecaster(len(layout.buses))
        self._last = 0, np.zeros(len(layout.buses)), np.zeros(len(layout.buses))
        self._asked = -1
        self._ahead: FloatArray | None = None

    def observe(self, step: int, watts: FloatArray) -> None:
        """See `Forecaster.observe`."""
        solar = self._parts(step)[1]
        self._last = step // self._steps_per_point, solar, watts - solar
        self._given += self._last[2] / self._steps_per_point
        self._persistence.observe(step, watts)

    def forecast(self, step: int, count: int) -> FloatArray:
        """See `Forecaster.forecast`; beyond HOURS_TOLD the last hour stays."""
        point = step // self._steps_per_point
        hour = point // POINTS_PER_HOUR
        if hour != self._asked:
            self._ahead, self._asked = self._ask(hour), hour
        if self._ahead is None:
            return self._persistence.forecast(step, count)
        points = np.arange(step, step + count) // self._steps_per_point - hour * POINTS_PER_HOUR
        watts = self._ahead[np.minimum(points, len(self._ahead) - 1)]
        watts[0] = self._present(point)
        return watts

    def _present(self, point: int) -> FloatArray:
        """Return what is expected (B,) of a point: what was observed of the last one, under the present sky."""
        before, solar, wind = self._last
        skies = self._skies()
        if skies is None:
            return solar + wind
        was, now = (skies.between(one, 1)[0].take(self._panel) for one in (before, point))
        return under_sky(solar, was, now, SUN_SHARE * self._solar_watts) + wind

    def _ask(self, hour: int) -> FloatArray | None:
        """Return the power (P, B) that is told of the points from an hour on; None where nothing is."""
        sun, wind = (self._means(kind) for kind in (Kind.SOLAR, Kind.WIND))
        if not (sun.of_bus.any() or wind.of_bus.any()):
            return None
        _, solar, turning = self._last
        power = np.empty((HOURS_TOLD, POINTS_PER_HOUR, len(self._site)))
        power[:] = np.where(sun.of_bus, 0.0, solar) + np.where(wind.of_bus, 0.0, turning)
        power += (wind.means * self._of_site(self._given))[:, np.newaxis]
        power += self._by_sky(hour, sun.means)
        return np.maximum(power, 0.0, out=power).reshape(-1, len(self._site))

    def _means(self, kind: Kind) -> "_SiteMeans":
        found = [self._told(site, kind) for site in range(int(self._site.max()) + 1)]
        means = np.zeros((HOURS_TOLD, len(found)))
        for site, told in enumerate(found):
            if told is not None:
                # An hour of a day on, the sun stands where it does now.
                means[:, site] = np.append(told, told[0 if kind is Kind.SOLAR else -1])
        known = np.array([told is not None for told in found])
        return _SiteMeans(means=means[:, self._site], of_bus=known[self._site])

    def _of_site(self, sizes: FloatArray) -> FloatArray:
        """Return the share (B,) of each bus in the sum over its site; nothing where that is nothing."""
        whole = np.bincount(self._site, sizes)[self._site]
        shares: FloatArray = np.divide(sizes, whole, out=np.zeros_like(sizes), where=whole > 0.0)
        return shares

    def _by_sky(self, hour: int, means: FloatArray) -> FloatArray:
        """Return the power (HOURS_TOLD, 12, B) of panels, of which their site gives such means (HOURS_TOLD, B).

        In an hour it goes by the sky above each; in a dark one, and without a sky, by the plates.
        """
        even = means * self._of_site(self._solar_watts)
        skies = self._skies()
        if skies is None:
            return even[:, np.newaxis]
        sky = skies.between(hour * POINTS_PER_HOUR, HOURS_TOLD * POINTS_PER_HOUR)
        own = sky.reshape(HOURS_TOLD, POINTS_PER_HOUR, -1).take(self._panel, axis=2)
        by_hour = own.mean(axis=1)
        whole = np.stack([np.bincount(self._site, one) for one in by_hour])[:, self._site]
        lit = whole > 0.0
        own *= np.divide(means, whole, out=np.zeros_like(whole), where=lit)[:, np.newaxis]
        own += np.where(lit, 0.0, even)[:, np.newaxis]
        return own


@dataclass(frozen=True, slots=True, kw_only=True)
class _SiteMeans:
    """The means (HOURS_TOLD, B) that are told of each bus's site, zeros where none are, and of which buses (B,)."""

    means: FloatArray
    of_bus: BoolArray


class ToldGrid:
    """A `Grid` that changes by the hour, with what is told of its sites."""

    def __init__(self, grid: HourlyGrid, buses: Sequence[Sequence[int]], told: MeansOf, step: Seconds) -> None:
        """Take the buses of each site."""
        self._grid = grid
        self._buses = buses
        self._told = told
        self._step = step

    def at(self, step: int) -> GridPoint:
        """See `Grid.at`. Raises GridError beyond the end of a series."""
        return self._grid.at(step)

    def expected(self, step: int, ahead: NDArray[np.int64]) -> FloatArray:
        """See `Grid.expected`; the hour that is running is known, and beyond a day the last hour stays."""
        now = int(step * self._step // SECONDS_PER_HOUR)
        hours = (ahead * self._step // SECONDS_PER_HOUR).astype(np.int64)
        grams = self._grid.expected(step, ahead)
        for site, buses in enumerate(self._buses):
            if (means := self._told(site, Kind.INTENSITY)) is not None:
                fill(grams, buses, means[1:], hours - now)
        return grams
