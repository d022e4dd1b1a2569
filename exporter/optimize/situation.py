"""Facts that strategies are told beside what they read themselves."""

from dataclasses import dataclass

from exporter.activity.window import Activity
from exporter.core.units import Ratio, Watts
from exporter.optimize.processes import BusyProcess
from exporter.power.model import HostPowerModel, share_of_span


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The machine's power model, how busy its CPUs are, and what its network is used for; None where not known."""

    model: HostPowerModel | None = None
    cpus: int = 1
    utilization: Ratio | None = None
    busy: tuple[BusyProcess, ...] | None = None
    activity: Activity | None = None

    def watts_of(self, cpus: float) -> tuple[Watts, Watts] | None:
        """Return the band of what so many busy CPUs draw beyond what the machine would draw without their load."""
        if self.model is None or self.utilization is None:
            return None
        model, now = self.model, self.utilization
        without = Ratio(max(0.0, now - cpus / self.cpus))
        share = share_of_span(now, model.shape) - share_of_span(without, model.shape)
        watts, factor = (model.full - model.idle) * share, model.band.at(now)
        return Watts(watts / factor), Watts(watts * factor)
