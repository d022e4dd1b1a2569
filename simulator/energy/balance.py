"""The energy balance of a node: sources and uses of its energy in a step.

Generation serves the load first. Surplus charges the battery, and what that cannot take is sold or curtailed. A deficit
is taken from the battery, and what that cannot give from the grid. The grid never charges a battery.
"""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import BoolArray, FloatArray
from simulator.energy.battery import Batteries


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Energy (N,) in joules that flowed in a step, none below 0, and what the batteries hold afterwards.

    generation + grid_import + discharge = load + charge + export + curtailment. Charge and discharge count at the
    batteries' terminals, so that their losses are between the two.
    """

    generation: FloatArray
    grid_import: FloatArray
    discharge: FloatArray
    load: FloatArray
    charge: FloatArray
    export: FloatArray
    curtailment: FloatArray
    stored: FloatArray


def settle(
    batteries: Batteries,
    stored: FloatArray,
    generation: FloatArray,
    load: FloatArray,
    *,
    sells: BoolArray,
    seconds: Seconds,
) -> Flows:
    """Balance generation and load (N,) in joules over a step; `stored` (N,) is the batteries' content before it."""
    net = generation - load
    surplus = np.maximum(net, 0.0)
    deficit = surplus - net
    charge = np.minimum(surplus, batteries.chargeable(stored, seconds))
    discharge = np.minimum(deficit, batteries.dischargeable(stored, seconds))
    rest = surplus - charge
    export = rest * sells
    after = stored + charge * batteries.charge_efficiency - discharge / batteries.discharge_efficiency
    return Flows(
        generation=generation,
        grid_import=deficit - discharge,
        discharge=discharge,
        load=load,
        charge=charge,
        export=export,
        curtailment=rest - export,
        # Rounding may lead a hair past a bound, from where the next step would start with a negative allowance.
        stored=np.minimum(np.maximum(after, batteries.minimum), batteries.capacity),
    )
