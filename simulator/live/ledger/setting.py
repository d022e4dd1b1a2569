"""The beginning of a live run's chain: figures, validators and devices, all of which follow from the run."""

import hashlib
from dataclasses import dataclass
from functools import cache
from math import ceil

import msgspec
import numpy as np

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.assembly.layout import Layout
from simulator.energy.interface import WEATHER_STEP
from simulator.ledger.booking.ownership import MAX_MILLIWATTS
from simulator.ledger.booking.verification import Executor
from simulator.ledger.consensus.proposal import Identity
from simulator.ledger.consensus.randomness import MOST_LINKS, RevealChain
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.types import Capacity, ChainConfig, Genesis, Project, Validator
from simulator.live.ledger.claiming import Kind
from simulator.models.integer import executor, train
from simulator.run.engine import Engine
from simulator.scenario.schema import Scenario

MOST_VALIDATORS = 32
"""Most validators of a live run: those of its first nodes. Each votes in every step, so their cost grows with them."""

STAKE = 100
"""Stake of each validator; that of the published model, in which all have the same."""

HASHES = 1 << 21
"""Hashes in which the reveals of all validators are made when the run starts, under a second of 2026: four validators
get half a million slots, which are five simulated years. Each makes as many again before they end."""

HEADROOM = 2.0
"""Ratio of the power with which a device is registered to that of its parts. A registration bounds what a false meter
gains; a true one is never to be refused for a gust above the rating, or for the power that it takes to wake up."""

MILLI = 1000
"""Milliwatts of a watt, and millijoules of a joule."""

MICROGRAMS_PER_GRAM = 1_000_000
"""Definition of a microgram."""

PARTS_PER_MILLION = 1_000_000
"""Definition of the unit of an efficiency."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """All that a live ledger begins with. Keys are made from the run's seed: they protect a simulated cluster."""

    genesis: Genesis
    identities: tuple[Identity, ...]
    names: tuple[str, ...]
    owner: SecretKey
    devices: tuple[SecretKey, ...]
    capacities: tuple[Capacity, ...]
    kinds: tuple[Kind, ...]
    sources: tuple[bytes, ...]
    bus_of_node: np.typing.NDArray[np.integer]
    execute: Executor


def setting_of(scenario: Scenario, seed: int, layout: Layout, engine: Engine, *, hashes: int = HASHES) -> Setting:
    """Return the setting of a run. The same run has the same chain: one of another scenario, seed or step has not.

    `hashes` are those of the first reveals of all validators together.
    """
    run = hashlib.sha256(msgspec.json.encode((scenario, seed, float(engine.plant.step)))).digest()
    names = engine.plant.cluster.names[:MOST_VALIDATORS]
    owner = _key(run, "owner", 0)
    identities = tuple(
        Identity(index=number, key=_key(run, "validator", number), reveals=_reveals(run, number, hashes // len(names)))
        for number in range(len(names))
    )
    genesis = Genesis(
        config=ChainConfig(
            name=run,
            benchmarks=benchmarks_of(scenario, engine),
            slot_seconds=round(WEATHER_STEP),
            slots_per_epoch=1,
            claim_seconds=round(WEATHER_STEP),
        ),
        validators=tuple(
            Validator(key=one.key.public, stake=STAKE, commitment=one.reveals.commitment) for one in identities
        ),
        projects=(Project(owner=owner.public, sponsor=0),),
    )
    models = {kind.model: _integer_model(kind.model) for kind in scenario.workload.classes}
    buses = range(len(layout.buses))
    return Setting(
        genesis=genesis,
        identities=identities,
        names=names,
        owner=owner,
        devices=tuple(_key(run, "device", bus) for bus in buses),
        capacities=tuple(capacity_of(layout, engine, bus) for bus in buses),
        # Devices and validators each execute an item once: what a device keeps is not what it is checked by.
        kinds=tuple(
            Kind(model=models[one.model].digest, run=cache(models[one.model].run)) for one in scenario.workload.classes
        ),
        sources=tuple(
            hashlib.sha256(msgspec.json.encode(layout.places[bus.place].grid)).digest() for bus in layout.buses
        ),
        bus_of_node=engine.plant.cluster.bus,
        execute=cache(executor(models.values())),
    )


def benchmarks_of(scenario: Scenario, engine: Engine) -> tuple[int, ...]:
    """Return the micrograms that a task on time is allowed to emit, by class.

    They are those of the same cluster without supply of its own: its nodes at full frequency, in the mean of all
    nodes, and its idle power in equal parts for the tasks of an hour, all from the grid at the intensity that is
    expected for the first day. The hours of a trace have no known number of tasks: it counts no idle power.
    """
    cluster, arrivals = engine.plant.cluster, scenario.workload.arrivals
    steps = (np.arange(HOURS_PER_DAY) * SECONDS_PER_HOUR / engine.plant.step).astype(np.int64)
    intensity = float(engine.plant.grid.expected(0, steps).mean())
    per_hour = arrivals.rate_per_hour if arrivals.kind != "trace" else 0.0
    idle = float(cluster.idle_watts.sum()) * SECONDS_PER_HOUR / per_hour if per_hour > 0.0 else 0.0
    watts = cluster.extra_watts[:, -1]
    kinds = range(len(scenario.workload.classes))
    joules = [idle + float(cluster.work[kind] * (cluster.service[:, kind, -1] * watts).mean()) for kind in kinds]
    return tuple(round(one * intensity * MICROGRAMS_PER_GRAM) for one in joules)


def capacity_of(layout: Layout, engine: Engine, bus: int) -> Capacity:
    """Return with what a bus is registered. What a battery holds is rounded up by up to two joules."""
    plant, supply = engine.plant, layout.buses[bus].supply
    cluster, batteries = plant.cluster, plant.batteries
    load = (cluster.idle_watts + cluster.extra_watts.max(axis=1))[cluster.bus == bus].sum()
    generation = supply.solar_peak_watts + supply.wind_rated_watts
    charge, discharge = batteries.charge_limit[bus], batteries.discharge_limit[bus]
    efficiency = batteries.charge_efficiency[bus] * batteries.discharge_efficiency[bus]
    return Capacity(
        generation=_milliwatts(generation),
        load=_milliwatts(load),
        grid=_milliwatts(max(load + charge, generation)),
        charge=_milliwatts(charge),
        discharge=_milliwatts(discharge),
        storage=_millijoules(batteries.capacity[bus]),
        stored=_millijoules(batteries.initial[bus]),
        # Rounded up, but not for what a product of floats has at its end.
        efficiency_ppm=ceil(round(float(efficiency) * PARTS_PER_MILLION, 3)),
    )


def _milliwatts(watts: float) -> int:
    return min(MAX_MILLIWATTS, ceil(watts * HEADROOM * MILLI))


def _millijoules(joules: float) -> int:
    return (ceil(joules) + 1) * MILLI if joules > 0.0 else 0


def _key(run: bytes, role: str, number: int) -> SecretKey:
    return SecretKey(_secret(run, role, number))


def _reveals(run: bytes, number: int, slots: int) -> RevealChain:
    return RevealChain(_secret(run, "reveals", number), min(MOST_LINKS, slots))


def _secret(run: bytes, role: str, number: int) -> bytes:
    return hashlib.sha256(run + f"{role} {number}".encode()).digest()


_integer_model = cache(train)
