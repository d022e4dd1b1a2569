"""The energy of a common bus in a step: from which source it came, and where it went.

A bus joins the panels, the turbine, the battery and the load of one node or of a whole site. Generation serves the
load first, then charges the battery, and what is left is sold where the bus sells, and otherwise curtailed; sun and
wind have a part in each use in proportion to what they generate. A deficit is taken from the battery, and what that
cannot give from the grid. A policy may ask to charge from the grid: the battery then takes that much after the surplus,
as far as it can, and is not discharged in the same step, so that the grid serves the deficit too.

Charge and discharge count at the battery's terminals, and their losses are flows of their own: with generation G, load
L, import I, discharge D, charge C, export E, curtailment U and the battery's efficiencies c and d, a step keeps

    G + I + D = L + C + E + U                         at the bus
    solar row + wind row = G, grid row = I, load column = L, grid column = E, curtailed column = U
    battery column = C c, battery row = D / d         and their difference is what the battery's content gained
    loss column = C (1 - c) + D (1 / d - 1)

to within rounding. The kernel is plain Python over flat arrays, as those of scheduling are: interpreted or compiled, it
gives the same bits.
"""

# ruff: noqa: PLR0915 - one flat function, for the compiler's sake

from dataclasses import dataclass

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import BoolArray, FloatArray
from simulator.energy.battery import Batteries

SOURCES = ("solar", "wind", "battery", "grid")
"""The rows of a flow matrix."""

SINKS = ("load", "battery", "grid", "curtailed", "loss")
"""The columns of a flow matrix. What goes to the grid is sold; losses are those of the battery, in both directions."""

FLOWS = tuple(
    (source, sink)
    for source, sinks in (
        ("solar", SINKS),
        ("wind", SINKS),
        ("battery", ("load", "loss")),
        ("grid", ("load", "battery", "loss")),
    )
    for sink in sinks
)
"""The entries of a flow matrix that can be above 0, by source and sink."""

QUANTITIES = ("generation", "grid_import", "discharge", "load", "charge", "export", "curtailment")
"""The columns of a summary: the quantities of the balance, in joules, none below 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Energy in joules that flowed on B buses in a step: `matrix` (B, 4, 5) by `SOURCES` and `SINKS`.

    `summary` (B, 7) are the `QUANTITIES`, each of which is a property (B,) too.
    """

    matrix: FloatArray
    summary: FloatArray

    @property
    def generation(self) -> FloatArray:
        """Generation of the sun and the wind, whatever became of it."""
        return self.summary[:, 0]

    @property
    def grid_import(self) -> FloatArray:
        """Energy bought, for the load and for the battery."""
        return self.summary[:, 1]

    @property
    def load(self) -> FloatArray:
        """Consumption of the nodes."""
        return self.summary[:, 3]


STORED, ASKED, BUS_LOAD, BUS_GENERATION, BUS_SOLAR = range(5)
"""The rows of buses: what batteries hold, what a policy asks to charge from the grid, the load, the generation, and the
part of it that the sun gave; in joules."""

CAPACITY, MINIMUM, CHARGE_LIMIT, DISCHARGE_LIMIT, CHARGE_EFFICIENCY, DISCHARGE_EFFICIENCY = range(6)
"""The rows of batteries. The limits are those of a step, at the terminals; all but the efficiencies are in joules."""


def rows_of(batteries: Batteries, seconds: Seconds) -> FloatArray:
    """Return the rows (6, B) of batteries for steps of so many seconds."""
    limits = (batteries.charge_limit * seconds, batteries.discharge_limit * seconds)
    efficiencies = (batteries.charge_efficiency, batteries.discharge_efficiency)
    return np.array([batteries.capacity, batteries.minimum, *limits, *efficiencies])


def settle_buses(
    buses: FloatArray, batteries: FloatArray, sells: BoolArray, flows: FloatArray, summary: FloatArray
) -> None:
    """Balance a step of B buses, of which `buses` and `batteries` have the rows above, and maybe more after them.

    What batteries hold is state, between minimum and capacity. A battery with an efficiency of 0 takes, or gives,
    nothing. `sells` (B,) tells which buses sell.

    Outputs are `flows` (B, 4, 5) by `SOURCES` and `SINKS`, and `summary` (B, 7) by `QUANTITIES`.
    """
    for b in range(len(sells)):
        generation = buses[BUS_GENERATION, b]
        load = buses[BUS_LOAD, b]
        asked = buses[ASKED, b]
        stored = buses[STORED, b]
        sunny = buses[BUS_SOLAR, b]
        capacity = batteries[CAPACITY, b]
        minimum = batteries[MINIMUM, b]
        charge_efficiency = batteries[CHARGE_EFFICIENCY, b]
        discharge_efficiency = batteries[DISCHARGE_EFFICIENCY, b]
        net = generation - load
        surplus = net if net > 0.0 else 0.0
        deficit = surplus - net
        takes = 0.0
        if charge_efficiency > 0.0:
            limit = batteries[CHARGE_LIMIT, b]
            takes = (capacity - stored) / charge_efficiency
            takes = takes if takes < limit else limit
        from_surplus = surplus if surplus < takes else takes
        from_grid = 0.0
        discharge = 0.0
        if asked > 0.0:
            from_grid = takes - from_surplus
            from_grid = from_grid if from_grid < asked else asked
        else:
            limit = batteries[DISCHARGE_LIMIT, b]
            gives = (stored - minimum) * discharge_efficiency
            gives = gives if gives < limit else limit
            discharge = deficit if deficit < gives else gives
        drawn = discharge / discharge_efficiency if discharge > 0.0 else 0.0
        charge = from_surplus + from_grid
        charge = charge if charge < takes else takes
        rest = surplus - from_surplus
        export = rest if sells[b] else 0.0
        # The sum first and its parts from it, so that the sum does not depend on how it is divided.
        direct = generation if generation < load else load
        sun = sunny / generation if sunny < generation else 1.0

        uses = (direct, from_surplus, export, rest - export)
        for sink in range(len(uses)):
            flows[b, 0, sink] = uses[sink] * sun
            flows[b, 1, sink] = uses[sink] - uses[sink] * sun
            flows[b, 2, sink] = flows[b, 3, sink] = 0.0
        flows[b, 2, 0] = discharge
        flows[b, 3, 0] = deficit - discharge
        flows[b, 3, 1] = from_grid
        # What goes into the battery loses a part on its way.
        for source in range(flows.shape[1]):
            taken = flows[b, source, 1]
            flows[b, source, 1] = taken * charge_efficiency
            flows[b, source, 4] = taken - taken * charge_efficiency
        flows[b, 2, 4] = drawn - discharge

        summary[b, 0] = generation
        summary[b, 1] = deficit - discharge + from_grid
        summary[b, 2] = discharge
        summary[b, 3] = load
        summary[b, 4] = charge
        summary[b, 5] = export
        summary[b, 6] = rest - export

        after = stored + charge * charge_efficiency - drawn
        # Rounding may lead a hair past a bound, from where the next step would start with a negative allowance.
        after = after if after > minimum else minimum
        buses[STORED, b] = after if after < capacity else capacity
