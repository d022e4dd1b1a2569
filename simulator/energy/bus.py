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

# ruff: noqa: PLR0913, PLR0915, PLR0917 - one flat function, for the compiler's sake

from dataclasses import dataclass

from simulator.arrays import BoolArray, FloatArray

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


def settle_buses(
    generation: FloatArray,
    solar: FloatArray,
    load: FloatArray,
    charge_asked: FloatArray,
    stored: FloatArray,
    capacity: FloatArray,
    minimum: FloatArray,
    charge_limit: FloatArray,
    discharge_limit: FloatArray,
    charge_efficiency: FloatArray,
    discharge_efficiency: FloatArray,
    sells: BoolArray,
    flows: FloatArray,
    summary: FloatArray,
) -> None:
    """Balance a step of B buses; all arrays are (B,) and in joules, but for the efficiencies and `sells`.

    `solar` is the part of `generation` that the sun gave, the rest is of the wind. `charge_asked` is what a policy asks
    to charge from the grid. The limits are those of the step, at the terminals. `stored` is state, between `minimum`
    and `capacity`. A battery with an efficiency of 0 takes, or gives, nothing.

    Outputs are `flows` (B, 4, 5) by `SOURCES` and `SINKS`, and `summary` (B, 7) by `QUANTITIES`.
    """
    for b in range(len(generation)):
        net = generation[b] - load[b]
        surplus = net if net > 0.0 else 0.0
        deficit = surplus - net
        takes = 0.0
        if charge_efficiency[b] > 0.0:
            takes = (capacity[b] - stored[b]) / charge_efficiency[b]
            takes = takes if takes < charge_limit[b] else charge_limit[b]
        from_surplus = surplus if surplus < takes else takes
        from_grid = 0.0
        discharge = 0.0
        if charge_asked[b] > 0.0:
            from_grid = takes - from_surplus
            from_grid = from_grid if from_grid < charge_asked[b] else charge_asked[b]
        else:
            gives = (stored[b] - minimum[b]) * discharge_efficiency[b]
            gives = gives if gives < discharge_limit[b] else discharge_limit[b]
            discharge = deficit if deficit < gives else gives
        drawn = discharge / discharge_efficiency[b] if discharge > 0.0 else 0.0
        charge = from_surplus + from_grid
        charge = charge if charge < takes else takes
        rest = surplus - from_surplus
        export = rest if sells[b] else 0.0
        # The sum first and its parts from it, so that the sum does not depend on how it is divided.
        direct = generation[b] if generation[b] < load[b] else load[b]
        sun = solar[b] / generation[b] if solar[b] < generation[b] else 1.0

        flows[b, 0, 0] = direct * sun
        kept = from_surplus * sun * charge_efficiency[b]
        flows[b, 0, 1] = kept
        flows[b, 0, 2] = export * sun
        flows[b, 0, 3] = (rest - export) * sun
        flows[b, 0, 4] = from_surplus * sun - kept

        flows[b, 1, 0] = direct - direct * sun
        kept = (from_surplus - from_surplus * sun) * charge_efficiency[b]
        flows[b, 1, 1] = kept
        flows[b, 1, 2] = export - export * sun
        flows[b, 1, 3] = (rest - export) - (rest - export) * sun
        flows[b, 1, 4] = from_surplus - from_surplus * sun - kept

        flows[b, 2, 0] = discharge
        flows[b, 2, 1] = 0.0
        flows[b, 2, 2] = 0.0
        flows[b, 2, 3] = 0.0
        flows[b, 2, 4] = drawn - discharge

        kept = from_grid * charge_efficiency[b]
        flows[b, 3, 0] = deficit - discharge
        flows[b, 3, 1] = kept
        flows[b, 3, 2] = 0.0
        flows[b, 3, 3] = 0.0
        flows[b, 3, 4] = from_grid - kept

        summary[b, 0] = generation[b]
        summary[b, 1] = deficit - discharge + from_grid
        summary[b, 2] = discharge
        summary[b, 3] = load[b]
        summary[b, 4] = charge
        summary[b, 5] = export
        summary[b, 6] = rest - export

        after = stored[b] + charge * charge_efficiency[b] - drawn
        # Rounding may lead a hair past a bound, from where the next step would start with a negative allowance.
        after = after if after > minimum[b] else minimum[b]
        stored[b] = after if after < capacity[b] else capacity[b]
