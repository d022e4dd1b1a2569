"""A run whose ledger is not accounted for but kept: signed claims, blocks, votes, openings, and what they lead to."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from msgspec.structs import replace as with_changes

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.assembly.layout import layout_of
from simulator.energy.interface import WEATHER_STEP
from simulator.ledger.application import Application
from simulator.ledger.booking.credits import compute_balance
from simulator.ledger.booking.state import check_conservation
from simulator.ledger.booking.verification import DRAW_EPOCHS, Executor
from simulator.ledger.consensus.transition import Outcome, Surroundings
from simulator.ledger.devices.recording import Producer, open_drawn
from simulator.ledger.devices.unsigned import Booked
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Instrument, SignedMessage
from simulator.live.ledger.claiming import Kind, Metering
from simulator.live.ledger.setting import Setting, setting_of
from simulator.live.ledger.validators import Validators
from simulator.models.integer import executor, train
from simulator.run.backlog import Work
from simulator.run.booking import Bookkeeping
from simulator.run.engine import Engine, StepRecord
from simulator.run.job import Job, RunResult, with_units
from simulator.run.simulate import bookkeeping, figures, prepared, price_of, with_bound
from simulator.scenario.schema import Scenario

STEP = round(WEATHER_STEP)
"""Seconds of a claim, and of a slot."""

SLOTS_PER_EPOCH = round(SECONDS_PER_HOUR / WEATHER_STEP)
"""Slots of an epoch, an hour: each validator votes once in it."""


def simulate_on_chain(job: Job) -> RunResult:
    """Run a job as `simulate` does, with its ledger kept block by block; the figures are the same.

    Raises as `simulate` does, TypeError for a run without a ledger or that lasts no whole days, and RuleError where the
    ledger refuses what an honest device claims, or has no block for it.
    """
    engine, warm_up, steps = prepared(job)
    engine.run(warm_up)
    engine.begin()
    scenario, books = job.scenario, bookkeeping(job, engine)
    if books is None or not isinstance(scenario, Scenario):
        raise TypeError("a run without a ledger has no chain")
    chain = Chain(setting(job, scenario, engine, books, steps), engine.clock)
    course = []
    for left in range(steps, 0, -1):
        record = engine.step(left)
        chain.step(record)
        course.append(record)
    found = figures(engine, job.seed)
    return with_units(with_bound(found, engine, course) if job.bound else found, chain.settled(), price_of(job))


def setting(job: Job, scenario: Scenario, engine: Engine, books: Bookkeeping, steps: int) -> Setting:
    """Return the beginning of a run's chain, which settles once, with the last claim that is due."""
    layout = layout_of(scenario, job.seed, job.nodes)
    epochs = -(-round(steps * engine.plant.step) // (SLOTS_PER_EPOCH * STEP))
    found = setting_of(scenario, job.seed, layout, engine, hashes=2 * len(layout.nodes) * epochs * SLOTS_PER_EPOCH)
    config = found.genesis.config
    config = with_changes(
        config,
        benchmarks=books.config.benchmarks,
        slots_per_epoch=SLOTS_PER_EPOCH,
        crediting_epochs=epochs + DRAW_EPOCHS + config.opening_epochs,
    )
    kinds, execute = _models(tuple(kind.model for kind in scenario.workload.classes))
    genesis = with_changes(found.genesis, config=config)
    return replace(found, genesis=genesis, capacities=books.capacities, kinds=kinds, execute=execute)


@cache
def _models(names: tuple[str, ...]) -> tuple[tuple[Kind, ...], Executor]:
    """Return the integer models of task classes as devices and as validators know them, which execute an item once."""
    models = {name: train(name) for name in names}
    kinds = tuple(Kind(model=models[name].digest, run=cache(models[name].run)) for name in names)
    return kinds, cache(executor(models.values()))


class OnceApplication(Application):
    """The ledger as validators of one process check it: what they all would compute, the same as its proposer, once."""

    _before: tuple[bytes, list[SignedMessage], Surroundings] | None = None
    _outcome: Outcome | None = None

    def process_messages(self, root: bytes, messages: Sequence[SignedMessage], around: Surroundings) -> Outcome:
        """Carry a block's messages out, or give the outcome where they are those of the last call on the same state.

        Raises RuleError where one breaks a rule, KeyError for an unknown root.
        """
        asked = (root, list(messages), around)
        if self._outcome is None or asked != self._before:
            self._outcome = super().process_messages(root, messages, around)
            self._before = asked
        return self._outcome


class Chain:
    """The chain of one run from its beginning: a slot for each supply step, and a block in it."""

    def __init__(self, begin: Setting, clock: Seconds) -> None:
        """Begin at a time of the simulated clock, which is the chain's zero."""
        self._begin = begin
        self._clock = clock
        self._validators = Validators(
            begin.genesis,
            begin.identities,
            begin.execute,
            lambda: 0.0,
            OnceApplication(begin.genesis, begin.execute),
        )
        self._metering = Metering(begin.bus_of_node, begin.kinds, begin.sources)
        chain_id = self._validators.state.chain_id
        self._producers = {bus: Producer(bus, key, chain_id) for bus, key in enumerate(begin.devices)}
        self._slot = 0
        self._waiting = [
            producer.register(0, begin.owner, begin.capacities[bus]) for bus, producer in self._producers.items()
        ]

    def step(self, record: StepRecord) -> None:
        """Take note of a step of the run; with the end of a supply step, claim it and close it with a block."""
        start = Seconds(record.start - self._clock)
        self._metering.step(replace(record, start=start, work=_later(record.work, -self._clock)))
        end = start + record.seconds
        if end % WEATHER_STEP == 0.0:
            slot = self._slot + 1
            intervals = self._metering.read(self._slot * STEP, slot * STEP)
            claims = [self._producers[bus].claim(interval) for bus, interval in enumerate(intervals)]
            self._close(slot, claims)

    def settled(self) -> Booked:
        """Return the units of the run once all that was claimed is credited, or not."""
        last = self._begin.genesis.config.crediting_epochs
        while self._slot < last * SLOTS_PER_EPOCH:
            self._close((self._slot // SLOTS_PER_EPOCH + 1) * SLOTS_PER_EPOCH, [])
        state = self._validators.ledger
        check_conservation(state)
        account, units = state.accounts[0], state.totals[Instrument.CREDIT]
        return Booked(
            claims=sum(one.sequence for one in state.meters.values()),
            certificates=state.totals[Instrument.CERTIFICATE].issued,
            credits=units.issued - units.cancelled - account.owed,
            balance=compute_balance(account),
        )

    def _close(self, slot: int, claims: list[SignedMessage]) -> None:
        """Make the block of a slot. Raises RuleError where a message breaks a rule, or is in no block."""
        validators, identities = self._validators, self._begin.identities
        opener = identities[slot % len(identities)]
        openings = open_drawn(validators.ledger, self._producers, opener.index, opener.key)
        self._slot = slot
        messages = [*openings, *self._waiting, *claims]
        added = validators.propose(slot, messages)
        if validators.rejected:
            raise RuleError(next(iter(validators.rejected)), "of an honest device")
        if added is None:
            raise RuleError(Rule.WRONG_RANDOMNESS, f"the proposer of slot {slot} has no link left to reveal")
        if added.taken < len(messages):
            raise RuleError(Rule.OVERSIZED_BLOCK, f"slot {slot} has room for {added.taken} of {len(messages)} messages")
        self._waiting = []


def _later(work: Work, seconds: float) -> Work:
    """Return the work of a step with its times on the chain's clock, on which nothing is before zero."""
    done = work.completed
    completed = replace(
        done,
        arrival=np.maximum(done.arrival + seconds, 0.0),
        deadline=np.maximum(done.deadline + seconds, 0.0),
        start=done.start + seconds,
        finish=done.finish + seconds,
    )
    return replace(work, completed=completed)
