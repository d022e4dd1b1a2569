"""The provenance of each component's power in a sample."""

from collections.abc import Collection
from dataclasses import replace

from exporter.power.allocation import PARTS, Allocation
from exporter.power.component import Component, Provenance
from exporter.power.model import HostPowerModel
from exporter.usage.sensors import Measured

MEASURED = "measured"
"""Value of `model` for a component that sensors measured."""


def in_force(allocation: Allocation, model: HostPowerModel, known: Collection[Provenance]) -> tuple[Provenance, ...]:
    """Return the provenance of the host's components: sensors that measured most of the time, else the model.

    `known` is the model's provenance of each component that is estimated at all: a component whose reading failed keeps
    it. While the whole machine is measured, components that only a model knows are left out.
    """
    measured = {
        component: _of_sensors(component, evidence, scaled=component in allocation.scaled)
        for component, evidence in allocation.measured.items()
        if _share(allocation, component) >= 0.5
    }
    modelled = {one.component: one for one in known}
    if Component.REST in measured:
        modelled = {}
    elif Component.BASELINE in modelled:
        modelled[Component.BASELINE] = _reduced(modelled[Component.BASELINE], model, measured.keys())
    found = modelled | measured
    return tuple(found[component] for component in Component if component in found)


def _share(allocation: Allocation, component: Component) -> float:
    """Return the share of a component's time that sensors measured."""
    told = max(one.span.length for one in allocation.measured[component])
    whole = allocation.seconds[component]
    return told / whole if whole > 0.0 else 0.0


def _of_sensors(component: Component, evidence: tuple[Measured, ...], *, scaled: bool) -> Provenance:
    sensors = [one.sensor for one in evidence]
    described = " + ".join(dict.fromkeys(sensor.description for sensor in sensors))
    return Provenance(
        component=component,
        source="+".join(dict.fromkeys(sensor.source for sensor in sensors)),
        model=MEASURED,
        factor=max(sensor.factor for sensor in sensors),
        description=f"{described}, scaled down to the whole machine" if scaled else described,
    )


def _reduced(baseline: Provenance, model: HostPowerModel, measured: Collection[Component]) -> Provenance:
    covered = sum(
        model.idle_of.get(component, 0.0)
        for coverage in PARTS
        if (component := coverage.component) is not None and component in measured
    )
    if not covered:
        return baseline
    return replace(baseline, description=f"{baseline.description}, less {covered:g} W that sensors cover")
