"""A small chain to try rules on: three validators, a project with two devices, and hands that sign for all of them."""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from simulator.ledger.booking.state import State, compute_state_root, get_genesis_state
from simulator.ledger.booking.transition import Result, Surroundings, process_messages
from simulator.ledger.record.codec import encode
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.merkle import StoredNodes, inclusion_path
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Capacity,
    ChainConfig,
    Claim,
    Genesis,
    KeyPossession,
    Message,
    ModelRecord,
    Opening,
    Project,
    Registration,
    SignedMessage,
    TaskRecord,
    Validator,
)

DIGEST = hashlib.sha256(b"something").digest()
MODEL = hashlib.sha256(b"a model").digest()
WATT = 1_000
"""A watt in milliwatts."""
WATT_HOUR = 3_600_000
"""A Wh in millijoules."""
CONFIG = ChainConfig(name=b"test", benchmarks=(5_000, 20_000), crediting_epochs=6)
CAPACITY = Capacity(
    generation=200 * WATT,
    load=100 * WATT,
    grid=400 * WATT,
    charge=100 * WATT,
    discharge=100 * WATT,
    storage=200 * WATT_HOUR,
    stored=0,
    efficiency_ppm=900_000,
)

EPOCH = 60
"""Slots of an epoch."""
DRAWN, DUE = 3 * EPOCH, 5 * EPOCH
"""Slots in which the records of a claim that epoch 1 includes are drawn, and in which its tasks are due."""

VALIDATORS = [SecretKey(bytes([1, number]) + bytes(30)) for number in range(3)]
OWNERS = [SecretKey(bytes([2, number]) + bytes(30)) for number in range(2)]
DEVICES = [SecretKey(bytes([3, number]) + bytes(30)) for number in range(2)]
STRANGER = SecretKey(bytes([4]) + bytes(31))


def execute(model: bytes, seed: int) -> int | None:
    """Return the class that the test's only model gives."""
    return seed % 10 if model == MODEL else None


def surroundings(slot: int, randomness: bytes = DIGEST) -> Surroundings:
    """Return what messages of a block in a slot may know."""
    return Surroundings(slot=slot, randomness=randomness, execute=execute)


def genesis(config: ChainConfig = CONFIG) -> Genesis:
    """Return the beginning of the test's chain: both projects are sponsored by validator 2."""
    return Genesis(
        config=config,
        validators=tuple(Validator(key=key.public, stake=100, commitment=DIGEST) for key in VALIDATORS),
        projects=tuple(Project(owner=key.public, sponsor=2) for key in OWNERS),
    )


def registration(state: State, device: int, *, project: int = 0, capacity: Capacity = CAPACITY) -> Registration:
    """Return the registration of a device with proof that it has its key."""
    key = DEVICES[device]
    shown = KeyPossession(device=device, project=project, key=key.public)
    return Registration(
        device=device,
        project=project,
        key=key.public,
        capacity=capacity,
        start=0,
        possession=key.sign(state.chain_id, shown),
    )


def signed(state: State, message: Message, key: SecretKey) -> SignedMessage:
    """Return a message for the state's chain, signed."""
    return SignedMessage(chain_id=state.chain_id, message=message, signature=key.sign(state.chain_id, message))


def begin(config: ChainConfig = CONFIG, capacity: Capacity = CAPACITY, devices: int = 1) -> State:
    """Return a chain on which devices of the first project are registered."""
    state = get_genesis_state(genesis(config))
    messages = [signed(state, registration(state, number, capacity=capacity), OWNERS[0]) for number in range(devices)]
    return process_messages(state, messages, surroundings(0)).state


def claim(number: int = 1, /, **changes: Any) -> Claim:
    """Return a claim of a device's interval by its number: 30 W from the grid at 400 g/kWh unless changed."""
    plain = Claim(
        device=0,
        sequence=number,
        start=300 * (number - 1),
        end=300 * number,
        generation=0,
        load=9_000_000,
        grid_import=9_000_000,
        export=0,
        charge=0,
        discharge=0,
        curtailed=0,
        intensity=400_000,
        intensity_source=DIGEST,
        tasks=(0, 0),
        records=0,
        records_root=DIGEST,
        models=DIGEST,
    )
    return replace(plain, **changes)


def apply(state: State, *claims: Claim, slot: int = 600) -> Result:
    """Return what follows from claims, each signed by its device, in a block."""
    messages = [signed(state, one, DEVICES[one.device]) for one in claims]
    return process_messages(state, messages, surroundings(slot))


def broken(state: State, message: SignedMessage, slot: int = 600) -> Rule:
    """Return the rule that a message breaks, and check that it left no trace."""
    before = compute_state_root(state)
    with pytest.raises(RuleError) as refused:
        process_messages(state, [message], surroundings(slot))
    assert compute_state_root(state) == before
    return refused.value.rule


def broken_by(state: State, one: Claim, slot: int = 600) -> Rule:
    """Return the rule that a claim breaks, which its device signed."""
    return broken(state, signed(state, one, DEVICES[one.device]), slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Tasks that were served, for a claim: their number on time by class, their records and the tree of those."""

    tasks: tuple[int, ...]
    records: tuple[TaskRecord, ...]
    nodes: StoredNodes

    def claim(self, number: int = 1, /, **changes: Any) -> Claim:
        """Return a claim of the tasks."""
        root = self.nodes.tree.root()
        return claim(number, tasks=self.tasks, records=len(self.records), records_root=root, **changes)

    def opening(self, *indices: int, sequence: int = 1, device: int = 0, validator: int = 0) -> ModelRecord:
        """Return records of the claim, opened by a validator."""
        openings = (
            Opening(
                sequence=sequence,
                index=index,
                record=self.records[index],
                path=tuple(inclusion_path(index, len(self.records), self.nodes.node)),
            )
            for index in indices
        )
        return ModelRecord(validator=validator, device=device, openings=tuple(openings))


def task(number: int, task_class: int = 0, *, claimed_in: int = 1, **changes: object) -> TaskRecord:
    """Return the record of a task on time in a claim's interval whose output is that of the model, unless changed."""
    begin_of_claim = 300_000 * (claimed_in - 1)
    plain = TaskRecord(
        task=number,
        task_class=task_class,
        arrived=begin_of_claim + 1_000,
        finished=begin_of_claim + 2_000,
        deadline=begin_of_claim + 3_000,
        model=MODEL,
        input_seed=number,
        output=number % 10,
    )
    return replace(plain, **changes)


@cache
def task_until(number: int, end: int, is_lying: bool) -> TaskRecord:
    """Return the record of a task just before the end of an interval, with a guessed output where the device lies."""
    return TaskRecord(
        task=number,
        task_class=0,
        arrived=1000 * end - 10,
        finished=1000 * end - 5,
        deadline=1000 * end,
        model=MODEL,
        input_seed=number,
        output=(number + is_lying) % 10,
    )


def serve(*tasks: int, false: frozenset[int] = frozenset(), claimed_in: int = 1) -> Served:
    """Return so many tasks by class, of which those at the indices `false` have another output than the model's."""
    classes = [one for one, count in enumerate(tasks) for _ in range(count)]
    records = tuple(
        task(number, one, claimed_in=claimed_in, output=(number + (number in false)) % 10)
        for number, one in enumerate(classes)
    )
    return claimed(tasks, records)


def claimed(tasks: tuple[int, ...], records: tuple[TaskRecord, ...]) -> Served:
    """Return records under the root of a claim of so many tasks on time by class."""
    nodes = StoredNodes()
    nodes.extend(map(encode, records))
    return Served(tasks=tasks, records=records, nodes=nodes)


def included(served: Served) -> State:
    """Return the state after a claim of tasks, once its records are drawn."""
    state = apply(begin(), served.claim(1), slot=EPOCH).state
    return process_messages(state, [], surroundings(DRAWN)).state
