"""Validators that keep the ledger over a network which loses and cuts off: one set of books, whoever proposes."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from simulator.ledger.application import Application
from simulator.ledger.booking.state import State as Ledger
from simulator.ledger.booking.state import check_conservation
from simulator.ledger.booking.transition import admit
from simulator.ledger.consensus.network import Conditions, Network, Partition
from simulator.ledger.consensus.peer import Peer
from simulator.ledger.consensus.state import State, get_genesis_state
from simulator.ledger.devices.recording import Interval, Producer, open_drawn
from simulator.ledger.record.codec import compute_chain_id
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import ChainConfig, Claim, Genesis, Project, SignedMessage
from tests.simulator.ledger.cases import CAPACITY, DIGEST, OWNERS, execute, task_until
from tests.simulator.ledger.consensus import cluster
from tests.simulator.ledger.consensus.nodes import fork, run_without_forks

EPOCH_SECONDS = 40
CLAIMS = 12
TASKS = 3
"""Tasks on time in each claim, all of which are drawn."""
VALIDATORS = 4
SPONSOR = 3
CONFIG = ChainConfig(
    name=b"net", benchmarks=(50_000,), slots_per_epoch=8, claim_seconds=EPOCH_SECONDS, crediting_epochs=2
)


def genesis() -> Genesis:
    """Return the beginning of a chain of four validators, of which the last one answers for the project."""
    return Genesis(
        config=CONFIG,
        validators=cluster.genesis((100,) * VALIDATORS).validators,
        projects=(Project(owner=OWNERS[0].public, sponsor=SPONSOR),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device with all messages that it will ever send, and its records."""

    producer: Producer
    messages: tuple[SignedMessage, ...]


def device(*, is_lying: bool) -> Device:
    """Return a device that emits 0.1 g in each interval and serves three tasks; one that lies guesses its outputs."""
    producer = Producer(0, SecretKey(hashlib.sha256(b"a device").digest()), compute_chain_id(genesis()))
    messages = [producer.register(0, OWNERS[0], CAPACITY)]
    for number in range(CLAIMS):
        end = EPOCH_SECONDS * (number + 1)
        records = tuple(task_until(TASKS * number + place, end, is_lying) for place in range(TASKS))
        joules = (500.0, 0.0, 0.0, 0.0, 0.0, 900.0, 0.0)
        interval = Interval(end=end, joules=joules, grams_per_joule=1e-4, intensity_source=DIGEST, on_time=(records,))
        messages.append(producer.claim(interval))
    return Device(producer=producer, messages=tuple(messages))


def chooser(application: Application, index: int, one: Device) -> Callable[[State], Sequence[SignedMessage]]:
    """Return how a validator fills its blocks: with all that holds of what the device sent and what is drawn."""

    def choose(state: State) -> Sequence[SignedMessage]:
        ledger = application.states[state.application]
        now = state.slot * CONFIG.slot_seconds
        sent = [signed for signed in one.messages if not isinstance(signed.message, Claim) or signed.message.end <= now]
        opened = open_drawn(ledger, {0: one.producer}, index, cluster.identity(index).key)
        return admit(ledger, [*sent, *opened], application.surroundings(state.slot, state.mix)).accepted

    return choose


class Books:
    """Validators with the ledger of each."""

    def __init__(self, conditions: Conditions, *, is_lying: bool = False) -> None:
        one = device(is_lying=is_lying)
        self.applications = [Application(genesis(), execute) for _ in range(VALIDATORS)]
        self.actors = [
            Peer(
                cluster.identity(index),
                get_genesis_state(genesis(), application.root),
                application.process_messages,
                chooser(application, index, one),
            )
            for index, application in enumerate(self.applications)
        ]
        self.network = Network(self.actors, conditions)

    def final(self, index: int) -> tuple[State, Ledger]:
        """Return what is final for a validator: its consensus and its ledger."""
        view = self.actors[index].view
        state = view.blocks[view.finalized.root].state
        return state, self.applications[index].states[state.application]


CUT = Partition(begin=30, end=70, groups=(frozenset({0, 1}), frozenset({2, 3})))


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(seed=1),
        Conditions(seed=2, loss_per_mille=200),
        Conditions(seed=3, partitions=[CUT]),
        Conditions(seed=4, latency_milliseconds=(1000, 4000)),
    ],
    ids=["quiet", "loss", "partition", "slow"],
)
def test_all_validators_come_to_one_set_of_books(conditions: Conditions) -> None:
    """12 claims of 3 tasks are 1.8 g allowed, and 12 times 90 mg emitted: 720 mg of credits, once."""
    books = Books(conditions)
    run_without_forks(books.network, books.actors, 240)
    for index in range(VALIDATORS):
        state, ledger = books.final(index)
        account = ledger.accounts[0]
        assert (account.allowed, account.emitted) == (1_800_000, 1_080_000)
        assert ledger.meters[0].sequence == CLAIMS
        assert ledger.totals[1].issued - ledger.totals[1].cancelled == account.credited == 720_000
        check_conservation(ledger)
        assert not any(one.slashed for one in state.members)
    # One may know of a later final block than another, and then only the epoch differs.
    kept = [(one.accounts, one.meters, one.series, one.totals) for _, one in map(books.final, range(VALIDATORS))]
    assert all(one == kept[0] for one in kept)
    assert Rule.WRONG_STATE_ROOT not in {rule for one in books.actors for rule in one.rejected}


def test_invalid_outputs_are_found_by_all_validators() -> None:
    """Whoever proposes next opens a drawn record, and the sponsor is slashed on every validator's chain."""
    books = Books(Conditions(seed=5), is_lying=True)
    run_without_forks(books.network, books.actors, 120)
    assert not fork(books.actors)
    for index in range(VALIDATORS):
        state, ledger = books.final(index)
        assert [one.slashed for one in state.members] == [False, False, False, True]
        assert ledger.devices[0].struck
        assert (ledger.accounts[0].allowed, ledger.totals[1].issued) == (0, 0)
        assert ledger.accounts[0].emitted > 0
