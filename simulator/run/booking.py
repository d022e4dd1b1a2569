"""Bookings of the ledger for a run: the claims of its devices, its certificates and its credits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray
from simulator.assembly.layout import Layout
from simulator.energy.interface import WEATHER_STEP
from simulator.ledger.booking.ownership import MAX_MILLIWATTS
from simulator.ledger.devices.recording import compute_intensity
from simulator.ledger.devices.unsigned import Booked, UnsignedBooks
from simulator.ledger.record.types import Capacity, ChainConfig
from simulator.run.engine import Engine, Stretch
from simulator.run.registration import benchmarks_of, capacity_of
from simulator.run.totals import by_kind
from simulator.scenario.schema import Scenario

NETWORK = Capacity(generation=0, load=MAX_MILLIWATTS, grid=MAX_MILLIWATTS)
"""Registration of the network between sites, which only takes from the grid."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims of all devices for one interval: joules (D, 7) by the flows of a claim, and grams per joule (D,).

    There is a device for each bus, and with several sites a last one for the network between them.
    """

    joules: FloatArray
    grams_per_joule: FloatArray


class Bookkeeping:
    """Follows an engine from now on, and books what it did."""

    def __init__(self, scenario: Scenario, layout: Layout, engine: Engine, rate_per_hour: float | None) -> None:
        self._engine = engine
        self._kinds = len(scenario.workload.classes)
        self.config = ChainConfig(
            name=scenario.name.encode(), benchmarks=benchmarks_of(scenario, layout, engine.plant, rate_per_hour)
        )
        buses = range(len(layout.buses))
        registered = [capacity_of(layout, engine.plant, bus, engine.stored) for bus in buses]
        self.capacities = (*registered, *([NETWORK] if len(layout.places) > 1 else []))
        self._course = engine.trace()

    def on_time(self) -> list[int]:
        """Return the number of tasks on time so far, by kind."""
        done = by_kind(self._engine.totals.class_tasks, self._kinds)
        return [int(one) for one in done[:, 0] - done[:, 1]]

    def claims(self) -> Iterator[Claims]:
        """Yield what is claimed of each interval so far; the last one may be short."""
        steps_per_claim = round(WEATHER_STEP / self._engine.plant.step)
        yield from intervals(self._course, steps_per_claim, has_network=len(self.capacities) > len(self._engine.stored))

    def booked(self) -> Booked:
        """Return the units of the run so far, as the ledger's rules have them. Raises RuleError for a bad claim."""
        books = UnsignedBooks(self.config, self.capacities)
        for one in self.claims():
            intensities = map(compute_intensity, one.grams_per_joule.tolist())
            for device, (joules, intensity) in enumerate(zip(one.joules.tolist(), intensities, strict=True)):
                books.claim(device, joules, intensity)
        return books.settled(self.on_time())


def intervals(course: Sequence[Stretch], steps: int, *, has_network: bool) -> Iterator[Claims]:
    """Yield the claims of so many steps each, within which a grid stays as it is, and of what is left at the end.

    The network claims with the interval in which a stretch ends.
    """
    pending, count, moved, grams = None, 0, np.zeros(2), np.zeros(0)
    for stretch in course:
        total, grams = np.array([stretch.moved_joules, stretch.moved_grams]), stretch.grams_per_joule
        flows = claimed_flows(stretch.flows)
        for number, row in enumerate(flows, start=1):
            pending, count = row if pending is None else pending + row, count + 1
            if count == steps:
                now = total if number == len(flows) else moved
                yield _with_network(pending, grams, now - moved) if has_network else Claims(pending, grams)
                pending, count, moved = None, 0, now
    if pending is not None:
        yield _with_network(pending, grams, total - moved) if has_network else Claims(pending, grams)


def _with_network(joules: FloatArray, grams: FloatArray, moved: FloatArray) -> Claims:
    """Return the claims of all buses with that of the network, which took joules with grams (2,) from the grid."""
    taken, emitted = moved.tolist()
    network = (0.0, 0.0, 0.0, 0.0, 0.0, taken, 0.0)
    return Claims(np.vstack([joules, network]), np.append(grams, emitted / taken if taken > 0.0 else 0.0))


def claimed_flows(matrix: FloatArray) -> FloatArray:
    """Return the flows (..., B, 7) of claims, charge and discharge at the battery's terminals, from (..., B, 4, 5)."""
    own, battery, grid = matrix[..., 0, :] + matrix[..., 1, :], matrix[..., 2, :], matrix[..., 3, :]
    stored, bought = own[..., 1] + own[..., 4], grid[..., 1] + grid[..., 4]
    columns = (own[..., 0], stored, own[..., 2], own[..., 3], battery[..., 0], grid[..., 0], bought)
    return np.stack(columns, axis=-1)
