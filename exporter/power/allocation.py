"""Allocation of every joule of the machine to a component, whatever mixture of sensors and models is in force.

The components of scope `host` are disjoint. A sensor's energy is booked under the component that it covers; for the
awake time that it covers, that component's share of the model is left out, idle power included. While the whole
machine is measured nothing is modelled: what its parts do not explain is `rest`. ADR 11 gives the reasons.

CPU times are carried over a failed reading and sensors are not, so a model may have to cover a time of which sensors
have already measured a part. `Pending` remembers which.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from exporter.core.units import Joules, MonotonicSeconds, Ratio, Seconds, Watts
from exporter.power.component import PRECEDENCE, Component, Coverage
from exporter.power.model import HostPowerModel
from exporter.usage.between import Usage
from exporter.usage.cpu import CpuUsage
from exporter.usage.events import Event, EventKind
from exporter.usage.sensors import Measured
from exporter.usage.span import Span, uncovered, union

MOST_PENDING = 256
"""Gaps between sensors that are remembered while no CPU times can be read; each is one failure of a sensor."""

PARTS = (Coverage.PACKAGE, Coverage.MEMORY, Coverage.DISK, Coverage.GPU)
"""Coverages that are components of their own."""

Pending = Mapping[Coverage, tuple[Span, ...]]
"""Awake time that sensors have measured and the model has not been asked about yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """CPU utilization over a span of awake time."""

    utilization: Ratio
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Energy of a sample by component, and the seconds for which each was booked.

    `measured` names the sensors that a component's energy came from; what is not in it was modelled. `scaled` are the
    components whose sensors together measured more than the sensor of the whole machine, and were scaled down to it.
    `complete` says that the components are the whole machine, which they are not while a model waits for CPU times.
    """

    energies: Mapping[Component, Joules] = field(default_factory=dict)
    seconds: Mapping[Component, Seconds] = field(default_factory=dict)
    measured: Mapping[Component, tuple[Measured, ...]] = field(default_factory=dict)
    scaled: frozenset[Component] = frozenset()
    complete: bool = False
    pending: Pending = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    def powers(self) -> Mapping[Component, Watts]:
        """Return the mean power of each component over the time for which it was booked.

        While the whole machine is measured, a model that catches up with earlier samples is not part of it.
        """
        whole = Component.REST in self.measured
        return {
            component: Watts(energy / self.seconds[component])
            for component, energy in self.energies.items()
            if self.seconds[component] > 0.0 and (component in self.measured or not whole)
        }

    def times(self, factor: float) -> "Allocation":
        """Return the allocation with every component's energy multiplied, as a machine room's overhead does."""
        return replace(self, energies={one: Joules(spent * factor) for one, spent in self.energies.items()})


def allocation_of(usage: Usage, measured: Sequence[Measured], model: HostPowerModel, pending: Pending) -> Allocation:
    """Return the energy of the machine's use, by the sensors that are believed and by the model for the rest."""
    load = None
    if usage.cpu is not None and usage.cpu_since is not None:
        span = Span(start=usage.cpu_since, end=MonotonicSeconds(usage.cpu_since + usage.cpu.elapsed))
        load = Load(utilization=usage.cpu.utilization, span=span)
    return allocate(model, load, measured, pending, usage.cpu_since)


def allocate(
    model: HostPowerModel,
    load: Load | None,
    measured: Sequence[Measured],
    pending: Pending,
    since: MonotonicSeconds | None,
) -> Allocation:
    """Return the machine's energy by component since the last sample.

    `load` is None where CPU times were not read; the model then catches up with its next reading, for the time from
    `since` on (None where no CPU times were ever read). `pending` is that of the allocation before.
    """
    whole, parts = _by_coverage(measured)
    booked, events, scaled = _reconciled(whole, parts)
    told = _with_spans(pending, [*whole, *(one for ones in parts.values() for one in ones)], since)
    modelled = {} if load is None else _modelled(model, load, told)
    components = [one for one in Component if one in booked or one in modelled]
    evidence: dict[Component, tuple[Measured, ...]] = {
        component: parts[coverage] for coverage in PARTS if parts[coverage] and (component := coverage.component)
    }
    if whole:
        evidence[Component.REST] = whole
    return Allocation(
        energies={one: Joules(booked.get(one, 0.0) + modelled.get(one, NOTHING)[0]) for one in components},
        seconds={one: Seconds(_told(evidence.get(one, ())) + modelled.get(one, NOTHING)[1]) for one in components},
        measured=evidence,
        scaled=scaled,
        complete=load is not None or bool(whole),
        pending=told if load is None else _after(told, load.span.end),
        events=events,
    )


def _by_coverage(measured: Sequence[Measured]) -> tuple[tuple[Measured, ...], Mapping[Coverage, tuple[Measured, ...]]]:
    """Return the sensors of the whole machine and of its parts: of each those that add up."""
    return _adding_up(measured, Coverage.MACHINE), {one: _adding_up(measured, one) for one in PARTS}


def _adding_up(measured: Sequence[Measured], coverage: Coverage) -> tuple[Measured, ...]:
    """Return the sensors that cover this, of the source that comes first; two sources would tell the same energy.

    Graphics cards are of different makers where they are of different sources: NVML knows NVIDIA's, hwmon the others.
    """
    covering = sorted(
        (one for one in measured if one.sensor.covers is coverage), key=lambda one: _rank(one.sensor.source)
    )
    if coverage is Coverage.GPU:
        return tuple(covering)
    first = min((_rank(one.sensor.source) for one in covering), default=None)
    return tuple(one for one in covering if _rank(one.sensor.source) == first)


def _rank(source: str) -> tuple[int, str]:
    return (PRECEDENCE.index(source) if source in PRECEDENCE else len(PRECEDENCE), source)


def _reconciled(
    whole: tuple[Measured, ...], parts: Mapping[Coverage, tuple[Measured, ...]]
) -> tuple[dict[Component, Joules], tuple[Event, ...], frozenset[Component]]:
    """Return the measured energy by component: the parts, and the rest of the machine where that is measured.

    Parts that add up to more than the whole are scaled to it, so that the sum stays the measured one.
    """
    booked = {
        component: Joules(sum(one.energy for one in ones))
        for coverage, ones in parts.items()
        if ones and (component := coverage.component)
    }
    if not whole:
        return booked, (), frozenset()
    total, explained = sum(one.energy for one in whole), sum(booked.values())
    if explained <= total:
        return booked | {Component.REST: Joules(total - explained)}, (), frozenset()
    scaled = {component: Joules(energy * total / explained) for component, energy in booked.items()}
    excess = Event(kind=EventKind.DISCARD, source=whole[0].sensor.source, reason="parts_exceed_whole")
    return scaled | {Component.REST: Joules(0.0)}, (excess,), frozenset(scaled)


NOTHING = (Joules(0.0), Seconds(0.0))
"""Share of a model in a component that sensors told of throughout."""


def _modelled(model: HostPowerModel, load: Load, told: Pending) -> dict[Component, tuple[Joules, Seconds]]:
    """Return the model's energy for the time that no sensor has measured.

    Components that sensors covered throughout are left out, and all of them while the whole machine was measured.
    """
    powers = dict(model.estimate(CpuUsage(utilization=load.utilization, elapsed=load.span.length)))
    machine = told.get(Coverage.MACHINE, ())
    baseline = powers.pop(Component.BASELINE)
    free = uncovered(load.span, machine)
    energies: dict[Component, tuple[Joules, Seconds]] = {}
    idle_elsewhere = baseline - sum(model.idle_of.values())
    spent = idle_elsewhere * free
    for coverage in PARTS:
        component = coverage.component
        if component is None:
            continue
        left = uncovered(load.span, (*machine, *told.get(coverage, ())))
        spent += model.idle_of.get(component, 0.0) * left
        if component in powers and left > 0.0:
            energies[component] = (Joules(powers[component] * left), left)
    if free > 0.0:
        energies[Component.BASELINE] = (Joules(spent), free)
    return energies


def _with_spans(pending: Pending, measured: Iterable[Measured], since: MonotonicSeconds | None) -> Pending:
    """Return the pending time with that of new measurements, as far as the model has yet to be asked about it."""
    told: dict[Coverage, tuple[Span, ...]] = dict(pending)
    for one in measured:
        told[one.sensor.covers] = union((*told.get(one.sensor.covers, ()), one.span))
    return {} if since is None else _after(told, since)


def _after(told: Pending, moment: MonotonicSeconds) -> Pending:
    left = {
        coverage: tuple(one for one in spans if one.end > moment)[-MOST_PENDING:] for coverage, spans in told.items()
    }
    return {coverage: spans for coverage, spans in left.items() if spans}


def _told(measured: tuple[Measured, ...]) -> Seconds:
    """Return the time that sensors which cover the same told of."""
    return Seconds(max((one.span.length for one in measured), default=0.0))
