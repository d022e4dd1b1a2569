"""The energy of the host by who can have used it, and its division among groups by the time that each has had."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

from exporter.core.units import Grams, Joules, Seconds, Watts
from exporter.power.allocation import Allocation
from exporter.power.component import Component
from exporter.power.model import HostPowerModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Energy, and as much of its emissions as is known."""

    energy: Joules = Joules(0.0)  # noqa: RUF009 - a number
    emitted: Grams = Grams(0.0)  # noqa: RUF009 - a number

    def plus(self, more: "Spent") -> "Spent":
        """Return the sum of both."""
        return Spent(energy=Joules(self.energy + more.energy), emitted=Grams(self.emitted + more.emitted))

    def times(self, share: float) -> "Spent":
        """Return a share of both amounts."""
        return Spent(energy=Joules(self.energy * share), emitted=Grams(self.emitted * share))


NOTHING = Spent()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Energy of the host in a sample in four parts, which sum to it.

    `idle` is drawn whether anything runs or not. `cpu` is what processors draw on top, and `gpu` all that graphics
    cards draw: both belong to processes. `unexplained` is what no time of any process tells of.
    """

    idle: Joules
    cpu: Joules
    gpu: Joules
    unexplained: Joules


def parts_of(host: Allocation, model: HostPowerModel, pue: float) -> Parts:
    """Return the energy of a sample in parts; of `host`, a machine room's overhead `pue` is in every component.

    What is measured has the idle power that the model states of it, as far as it drew so much. Where the whole machine
    is measured and its processors are not, what it draws beyond idle is taken to be theirs.
    """
    idle = {one: min(spent, _idle_energy(one, spent, host, model, pue)) for one, spent in host.energies.items()}
    active = {one: Joules(spent - idle[one]) for one, spent in host.energies.items()}
    of_processors = [Component.CPU] if Component.CPU in host.measured else [Component.CPU, Component.REST]
    cpu = fsum(active.pop(one, 0.0) for one in of_processors)
    gpu = active.pop(Component.GPU, Joules(0.0))
    return Parts(idle=Joules(fsum(idle.values())), cpu=Joules(cpu), gpu=gpu, unexplained=Joules(fsum(active.values())))


def _idle_energy(component: Component, spent: Joules, host: Allocation, model: HostPowerModel, pue: float) -> Joules:
    """Return the energy that a component would have drawn at idle in the time of a sample; all of it where it does."""
    if component in host.measured:
        seconds = max(one.span.length for one in host.measured[component])
        return Joules(_idle_watts(component, host, model) * pue * seconds)
    # The modelled power of disks is constant, as that of the baseline.
    return spent if component in {Component.BASELINE, Component.DISK} else Joules(0.0)


def _idle_watts(component: Component, host: Allocation, model: HostPowerModel) -> Watts:
    """Return the idle power of a part that is measured; of the rest of a machine it is what other parts leave."""
    of_parts = {**model.idle_of, Component.DISK: model.disk or Watts(0.0)}
    if component is not Component.REST:
        return of_parts.get(component, Watts(0.0))
    return Watts(max(0.0, model.idle - sum(of_parts.get(one, 0.0) for one in host.measured)))


def gained(before: Mapping[str, Seconds], now: Mapping[str, Seconds]) -> Mapping[str, Seconds]:
    """Return the time that each group has had between two readings, without groups that had none."""
    return {group: Seconds(more) for group, time in now.items() if (more := time - before.get(group, 0.0)) > 0.0}


def shared(spent: Spent, times: Mapping[str, Seconds], *, nobody: str) -> Mapping[str, Spent]:
    """Return what each group has of an amount, in proportion to its time; all is of `nobody` where none had any."""
    if spent == NOTHING:
        return {}
    total = fsum(times.values())
    if total <= 0.0:
        return {nobody: spent}
    return {group: spent.times(time / total) for group, time in times.items()}
