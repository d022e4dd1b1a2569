"""The part of a sample in the emissions that the eco score is made of, and the score of the hour up to a sample."""

from collections.abc import Collection, Mapping

from exporter.core.units import Grams, Joules, Seconds, Watts
from exporter.eco_score import EcoScore, Reference, eco_score
from exporter.last_hour import Counted, Emissions
from exporter.power.allocation import Allocation
from exporter.power.component import Component, Scope
from exporter.snapshot import Readings
from exporter.sources.reading import HostReading
from exporter.usage.between import Usage


def counted(
    host: Allocation,
    usage: Usage,
    reading: HostReading,
    energies: Mapping[Component, Joules],
    grams: Mapping[Component, Grams],
) -> Emissions:
    """Return what a sample counted, each scope over its own time; a network that is not there emits nothing.

    The machine's time is that of its model and of a sensor of all of it, which share no moment.
    """
    whole = Seconds(sum(host.seconds.get(one, 0.0) for one in (Component.BASELINE, Component.REST)))
    linked = Seconds(0.0) if usage.network is None else usage.network.elapsed

    def of(scope: Scope, seconds: Seconds) -> Counted:
        return Counted(
            seconds=seconds,
            energy=Joules(sum(spent for one, spent in energies.items() if one.scope is scope)),
            grams=Grams(sum(emitted for one, emitted in grams.items() if one.scope is scope)),
        )

    return Emissions(
        host=of(Scope.HOST, whole),
        network=of(Scope.NETWORK, whole if reading.is_absent("network") else linked),
    )


def score(
    readings: Readings, hour: Emissions, reference: Reference | None, idle: Watts, scopes: Collection[Scope]
) -> EcoScore | str:
    """Return the score of the last hour, or why there is none.

    `idle` is the machine's power at idle, and `scopes` are those that are counted: half of the emissions would read as
    all of them. A reading that is missing now leaves no score, whatever the hour tells.
    """
    if reference is None:
        return "the kind of machine is unknown, and power.machine is not set"
    if not {Scope.HOST, Scope.NETWORK} <= set(scopes):
        return f"only the emissions of {' and '.join(scopes) or 'nothing'} are counted"
    if readings.intensity is None:
        return "the carbon intensity is unknown"
    if readings.emission_rates.host is None:
        return "the power of this machine is unknown"
    if readings.emission_rates.network is None:
        return "the traffic of the network is unknown"
    return eco_score(hour, reference, idle)
