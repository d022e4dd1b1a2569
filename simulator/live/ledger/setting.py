"""The beginning of a live run's chain: figures, validators and devices, all of which follow from the run."""

import hashlib
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np

from simulator.assembly.layout import Layout
from simulator.energy.interface import WEATHER_STEP
from simulator.ledger.booking.verification import Executor
from simulator.ledger.consensus.proposal import Identity
from simulator.ledger.consensus.randomness import MOST_LINKS, RevealChain
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.types import Capacity, ChainConfig, Genesis, Project, Validator
from simulator.live.ledger.claiming import Kind
from simulator.models.integer import executor, train
from simulator.run.engine import Engine
from simulator.run.registration import benchmarks_of, capacity_of
from simulator.scenario.schema import Scenario

MOST_VALIDATORS = 32
"""Most validators of a live run: those of its first nodes. Each votes in every step, so their cost grows with them."""

STAKE = 100
"""Stake of each validator; that of the published model, in which all have the same."""

HASHES = 1 << 18
"""Hashes in which the first reveals of all validators are made, a tenth of a second of 2026 when a run starts: four
validators get 65,536 slots, which are seven simulated months. Each makes as many again before they end."""


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
    arrivals = scenario.workload.arrivals
    rate = None if arrivals.kind == "trace" else arrivals.rate_per_hour
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
            benchmarks=benchmarks_of(scenario, layout, engine.plant, rate),
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
        capacities=tuple(capacity_of(layout, engine.plant, bus, engine.plant.batteries.initial) for bus in buses),
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


def _key(run: bytes, role: str, number: int) -> SecretKey:
    return SecretKey(_secret(run, role, number))


def _reveals(run: bytes, number: int, slots: int) -> RevealChain:
    return RevealChain(_secret(run, "reveals", number), min(MOST_LINKS, slots))


def _secret(run: bytes, role: str, number: int) -> bytes:
    return hashlib.sha256(run + f"{role} {number}".encode()).digest()


_integer_model = cache(train)
