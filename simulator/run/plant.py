"""The parts of a run, which the engine puts to work."""

from dataclasses import dataclass

from exporter.core.units import Seconds
from simulator.arrays import BoolArray, FloatArray
from simulator.energy.battery import Batteries
from simulator.energy.life_cycle import LifeCycle
from simulator.forecast.references import Forecaster
from simulator.grid.course import Grid
from simulator.ledger.cost.accounting import Ledger
from simulator.run.generation import Generation
from simulator.run.sleep import SleepState
from simulator.scheduling.charging import Charging
from simulator.scheduling.horizon.by_name import PlannerByName
from simulator.scheduling.interface import Cluster, Policy, Shifting
from simulator.scheduling.kernels.compiled import Backend
from simulator.workload.generated import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """The parts of a run. The engine replaces none; workload, policies, forecaster and sleep have state.

    `batteries` and `sells` (B,) are those of the buses. `frequencies` (N, L) in hertz. `deferrable` (K,). `look_ahead`
    is how many points of the weather the shifting may look into the future. Without `charging` no battery is ever
    charged from the grid. A `planner` takes the place of shifting and charging, and says who sleeps. Without
    `life_cycle` no emissions of making things are counted.
    """

    cluster: Cluster
    batteries: Batteries
    sells: BoolArray
    frequencies: FloatArray
    generation: Generation
    workload: Workload
    deferrable: BoolArray
    policy: Policy
    shifting: Shifting | None
    forecaster: Forecaster
    sleep: SleepState | None
    charging: Charging | None = None
    planner: PlannerByName | None = None
    ledger: Ledger
    grid: Grid
    step: Seconds
    look_ahead: int
    backend: Backend
    life_cycle: LifeCycle | None
