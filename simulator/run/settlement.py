"""The energy of each step: what the nodes take, from where it comes, and what becomes of the rest."""

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.energy.battery import Batteries
from simulator.energy.bus import QUANTITIES, SINKS, SOURCES, settle_buses
from simulator.grid.course import GridPoint
from simulator.run.backlog import Queue
from simulator.run.kernels import book, load_buses
from simulator.run.totals import Totals
from simulator.scheduling.kernels.compiled import Backend, kernel


class Settlement:
    """The balance of B buses with N nodes. Its arrays are those of the last step, and the next one changes them.

    `flows` (B, 4, 5) and `summary` (B, 7) are as `settle_buses` gives them, `load` (N,) is the nodes' in joules. Of
    what the batteries hold, `stored` (B,), the part `grid_share` (B,) came from the grid.
    """

    def __init__(self, batteries: Batteries, sells: BoolArray, bus: IntArray, step: Seconds, backend: Backend) -> None:
        """Begin with the batteries' initial charge."""
        count = len(sells)
        self.stored = batteries.initial.copy()
        self.grid_share = np.zeros(count)
        self.flows = np.zeros((count, len(SOURCES), len(SINKS)))
        self.summary = np.zeros((count, len(QUANTITIES)))
        self.load = np.zeros(len(bus))
        self._bus = bus
        self._step = step
        self._sells = sells
        self._batteries = batteries
        self._limits = (batteries.charge_limit * step, batteries.discharge_limit * step)
        self._nothing_asked = np.zeros(count)
        self._bus_load, self._generation, self._solar = np.zeros(count), np.zeros(count), np.zeros(count)
        self._load_buses = kernel(load_buses, backend)
        self._settle = kernel(settle_buses, backend)
        self._book = kernel(book, backend)

    def load_nodes(
        self,
        queue: Queue,
        standing: FloatArray,
        ledger: float,
        generated: tuple[FloatArray, FloatArray],
        totals: Totals,
    ) -> None:
        """Sum up what a step takes and gives.

        Nodes take `standing` (N,) joules beside the tasks in the queue, and `ledger` each for the ledger. `generated`
        are watts (B,), all of them and those of the sun.
        """
        self._load_buses(
            queue.row,
            queue.joules,
            queue.seconds,
            standing,
            ledger,
            self._bus,
            *generated,
            self._step,
            self.load,
            self._bus_load,
            self._generation,
            self._solar,
            totals.busy_seconds,
            totals.idle,
            totals.ledger,
        )

    def balance(
        self, grid: GridPoint, dollars_per_tonne: float, totals: Totals, charge_asked: FloatArray | None = None
    ) -> tuple[int, float]:
        """Balance the step, and return the number of nodes that avoided emissions, and the grams.

        `charge_asked` (B,) joules are to be charged from the grid; None asks for nothing.
        """
        batteries = self._batteries
        self._settle(
            self._generation,
            self._solar,
            self._bus_load,
            self._nothing_asked if charge_asked is None else charge_asked,
            self.stored,
            batteries.capacity,
            batteries.minimum,
            *self._limits,
            batteries.charge_efficiency,
            batteries.discharge_efficiency,
            self._sells,
            self.flows,
            self.summary,
        )
        return self._book(
            self.flows,
            self.summary,
            self.stored,
            self.grid_share,
            self.load,
            self._bus,
            grid.grams_per_joule,
            grid.dollars_per_joule,
            dollars_per_tonne,
            totals.renewable,
            totals.battery,
            totals.stored_grid,
            totals.grid,
            totals.emissions,
            totals.avoided,
            totals.electricity_dollars,
            totals.credit_dollars,
            totals.generation,
            totals.charged,
            totals.exported,
            totals.curtailed,
            totals.charging_grams,
            totals.charging_dollars,
            totals.flows,
        )
