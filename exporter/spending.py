"""The energy that one sample spent, with all that is needed to say what it was spent on."""

from dataclasses import dataclass

from exporter.core.carbon import emissions
from exporter.core.units import Grams, GramsPerKwh, Joules
from exporter.power.allocation import Allocation
from exporter.power.model import HostPowerModel, NetworkPowerModel
from exporter.sources.reading import HostReading
from exporter.usage.between import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Energy of a sample, and the reading, the use and the models that it comes from.

    `host` has the overhead of a machine room, `pue`, in it. `network` is None where no traffic was read, `intensity`
    where no carbon intensity was known.
    """

    reading: HostReading
    usage: Usage
    host: Allocation
    network: Joules | None
    intensity: GramsPerKwh | None
    machine: HostPowerModel
    line: NetworkPowerModel
    pue: float

    def grams(self, energy: Joules) -> Grams:
        """Return the emissions of an energy that are counted: none while the intensity is unknown."""
        return Grams(0.0) if self.intensity is None else emissions(energy, self.intensity)
