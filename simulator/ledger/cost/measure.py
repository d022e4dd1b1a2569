"""Measurement of the ledger's own functions on this host: their CPU time, and so their energy."""

import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

from simulator.ledger.application import Application
from simulator.ledger.booking.state import State
from simulator.ledger.booking.transition import Surroundings, process_messages
from simulator.ledger.booking.verification import DRAW_EPOCHS, Executor
from simulator.ledger.consensus.proposal import build_block, build_vote
from simulator.ledger.consensus.randomness import RevealChain
from simulator.ledger.consensus.state import State as ConsensusState
from simulator.ledger.consensus.state import get_block_proposer, get_genesis_state
from simulator.ledger.consensus.transition import process_slots, state_transition
from simulator.ledger.consensus.votes import process_votes
from simulator.ledger.cost.cost_profile import CostProfile
from simulator.ledger.devices.recording import Interval, Producer, open_drawn
from simulator.ledger.file.store import create_store
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.merkle import StoredNodes
from simulator.ledger.record.types import (
    Attestation,
    Block,
    Body,
    Capacity,
    ChainConfig,
    Genesis,
    Project,
    SignedMessage,
    TaskRecord,
    Validator,
)

ROUNDS = 15
DEVICES = 40
"""Devices whose claims are checked together, so that what a block costs by itself hardly counts among them."""
VALIDATORS = 4
"""Validators, as many as `edge` has nodes."""
TASKS = 16
"""Task records of a claim."""
BLOCKS = 60
"""Blocks of a chain that is checked and stored, those of an epoch."""
TIMES = 50
"""Repetitions of a single operation in a round."""
PLENTY = 10**9
"""Power in milliwatts that no claim here comes near to."""
SECONDS = 300
"""Seconds of a claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The models on which task records are executed again, by their digests, and what executes them."""

    digests: tuple[bytes, ...]
    execute: Executor


def measure_costs(*, host: str, core_watts: float, source: str, models: Models, rounds: int = ROUNDS) -> CostProfile:
    """Measure what devices and validators do, with the functions by which the ledger does it.

    A busy core of the host draws `core_watts`, a figure that `source` gives.
    """

    def joules(operation: Callable[[], object], times: int) -> float:
        return core_watts * _seconds(operation, rounds) / times

    devices = _Devices(models)
    claims, openings = devices.claims, devices.openings
    chain = _Chain(devices.genesis, models.execute)
    key, root = devices.keys[0], devices.begun.chain_id
    body = encode(Body(messages=claims))
    opened = encode(Body(messages=openings))

    def check(state: State, slot: int, data: bytes) -> None:
        process_messages(state, decode(data, Body).messages, devices.around(slot))

    with tempfile.TemporaryDirectory() as folder:
        return CostProfile(
            joules_per_signature=joules(lambda: [key.sign(root, one.message) for one in claims], len(claims)),
            joules_per_claim=joules(lambda: check(devices.begun, devices.first_slot, body), len(claims)),
            joules_per_record=joules(devices.hash_records, DEVICES * TASKS),
            joules_per_opening=joules(lambda: check(devices.drawn, devices.draw_slot, opened), devices.opened),
            joules_per_attestation=joules(lambda: _repeat(chain.check_votes), TIMES * VALIDATORS),
            joules_per_block=joules(chain.check, BLOCKS),
            joules_per_append=joules(chain.storing_in(Path(folder)), BLOCKS),
            method=(
                f"Median of {rounds} rounds on one core: CPU time, the kernel's included, times {core_watts} W per "
                f"core ({source}). The functions are the ledger's own: signing a record (MessagePack, SHA-256, Ed25519 "
                "by libsodium); checking a claim, a vote, and a device's opened task records with their execution, "
                "each from its bytes or record and with its signature; encoding a task record and hashing it into a "
                "tree; checking a block without contents, with its signature and the state's root; and storing it "
                f"(SQLite, one synchronised transaction). {DEVICES} devices with {TASKS} tasks each, {VALIDATORS} "
                "validators. Disk and network are not counted."
            ),
            host=host,
        )


def _seconds(operation: Callable[[], object], rounds: int) -> float:
    """Return the median CPU time of an operation; a first round warms up."""
    spent = []
    for number in range(rounds + 1):
        begin = time.process_time()
        operation()
        if number:
            spent.append(time.process_time() - begin)
    return median(spent)


def _repeat(operation: Callable[[], object]) -> None:
    for _ in range(TIMES):
        operation()


def _secret(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


class _Devices:
    """A chain of devices that have claimed an interval, and whose records have been drawn."""

    def __init__(self, models: Models) -> None:
        self._execute = models.execute
        owner, self.keys = SecretKey(_secret("owner")), [SecretKey(_secret(f"device {one}")) for one in range(DEVICES)]
        self.genesis = _genesis(owner)
        application = Application(self.genesis, models.execute)
        (empty,) = application.states.values()
        config = empty.config
        producers = {one: Producer(one, key, empty.chain_id) for one, key in enumerate(self.keys)}
        capacity = Capacity(generation=PLENTY, load=PLENTY, grid=PLENTY)
        registrations = [one.register(0, owner, capacity) for one in producers.values()]
        self.first_slot = config.slots_per_epoch
        self.draw_slot = (1 + DRAW_EPOCHS) * config.slots_per_epoch
        self.begun = process_messages(empty, registrations, self.around(0)).state
        intervals = [_interval(models, models.digests[one % len(models.digests)]) for one in producers]
        self._records = [interval.on_time[0] for interval in intervals]
        self.claims: tuple[SignedMessage, ...] = tuple(
            one.claim(interval) for one, interval in zip(producers.values(), intervals, strict=True)
        )
        claimed = process_messages(self.begun, self.claims, self.around(self.first_slot)).state
        self.drawn = process_messages(claimed, [], self.around(self.draw_slot)).state
        self.openings = tuple(open_drawn(self.drawn, producers, 0, _validator_key(0)))
        self.opened = sum(len(one.drawn) for one in self.drawn.pending.values())

    def around(self, slot: int) -> Surroundings:
        """Return what messages of a block in a slot may know."""
        return Surroundings(slot=slot, randomness=_secret("mix"), execute=self._execute)

    def hash_records(self) -> None:
        """Make the tree of each device's task records."""
        for records in self._records:
            StoredNodes().extend(map(encode, records))


class _Chain:
    """A chain of blocks without contents, and the votes of all validators on its first one."""

    def __init__(self, genesis: Genesis, execute: Executor) -> None:
        self._genesis = genesis
        self._application = Application(genesis, execute)
        self._begin = state = get_genesis_state(genesis, self._application.root)
        self.blocks: list[Block] = []
        for slot in range(1, BLOCKS + 1):
            here = process_slots(state, slot)
            self.blocks.append(self._block(here, get_block_proposer(here)))
            state = state_transition(self._application.process_messages, state, self.blocks[-1])
        self._encoded = list(map(encode, self.blocks))
        self._later, self._votes = self._voted(state)

    def check(self) -> None:
        """Check all blocks from their bytes."""
        state = self._begin
        for data in self._encoded:
            state = state_transition(self._application.process_messages, state, decode(data, Block))

    def check_votes(self) -> None:
        """Check a vote of each validator."""
        process_votes(self._later, self._votes)

    def storing_in(self, folder: Path) -> Callable[[], None]:
        """Return the operation that stores all blocks, in a file of its own each time."""
        numbers = count()

        def store() -> None:
            kept = create_store(folder / f"{next(numbers)}.db", self._genesis)
            try:
                for block in self.blocks:
                    kept.append(block, {})
            finally:
                kept.close()

        return store

    def _block(self, state: ConsensusState, proposer: int) -> Block:
        reveal = _reveals(proposer).reveal(state.slot)
        sign = partial(_validator_key(proposer).sign, state.chain_id)
        return build_block(self._application.process_messages, state, reveal, Body(), sign)

    @staticmethod
    def _voted(state: ConsensusState) -> tuple[ConsensusState, tuple[Attestation, ...]]:
        votes = tuple(
            build_vote(state, one, partial(_validator_key(one).sign, state.chain_id)) for one in range(VALIDATORS)
        )
        return process_slots(state, state.slot + 1), votes


def _genesis(owner: SecretKey) -> Genesis:
    validators = (
        Validator(key=_validator_key(one).public, stake=1, commitment=_reveals(one).commitment)
        for one in range(VALIDATORS)
    )
    return Genesis(
        config=ChainConfig(name=b"cost", benchmarks=(1,)),
        validators=tuple(validators),
        projects=(Project(owner=owner.public, sponsor=0),),
    )


def _validator_key(number: int) -> SecretKey:
    return SecretKey(_secret(f"validator {number}"))


def _reveals(number: int) -> RevealChain:
    return RevealChain(_secret(f"reveals {number}"), slots=2 * BLOCKS)


def _interval(models: Models, model: bytes) -> Interval:
    """Return an interval with tasks of a model. Raises ValueError where the executor does not know it."""
    end = 1000 * SECONDS
    output = models.execute(model, 0)
    if output is None:
        raise ValueError("the executor does not know the model")
    records = tuple(
        TaskRecord(
            task=number,
            task_class=0,
            arrived=end - 1000,
            finished=end,
            deadline=end,
            model=model,
            input_seed=0,
            output=output,
        )
        for number in range(TASKS)
    )
    return Interval(
        end=SECONDS,
        joules=(1000.0, 0.0, 200.0, 300.0, 0.0, 400.0, 0.0),
        grams_per_joule=1e-4,
        intensity_source=_secret("source"),
        on_time=(records,),
    )
