"""Blocks of claims on the chain: proposed by elected validators, with slashing that costs stake."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from simulator.ledger.application import Application
from simulator.ledger.consensus.proposal import build_block
from simulator.ledger.consensus.state import State, get_block_proposer, get_genesis_state
from simulator.ledger.consensus.transition import process_slots, state_transition
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Block, Body, Genesis, Project, SignedMessage
from tests.simulator.ledger.cases import (
    CONFIG,
    DEVICES,
    OWNERS,
    Served,
    claim,
    execute,
    registration,
    serve,
    signed,
)
from tests.simulator.ledger.consensus import cluster
from tests.simulator.ledger.consensus.chain import altered, signer

EPOCH = CONFIG.slots_per_epoch
SPONSOR = 1


def genesis() -> Genesis:
    """Return the beginning of a chain of three validators, of which one answers for the only project."""
    config = replace(CONFIG, crediting_epochs=3)
    return replace(
        cluster.genesis([100, 100, 100]), config=config, projects=(Project(owner=OWNERS[0].public, sponsor=SPONSOR),)
    )


class Chain:
    """A chain, and whoever proposes its blocks."""

    def __init__(self) -> None:
        self.application = Application(genesis(), execute)
        self.state = get_genesis_state(genesis(), self.application.root)

    def propose(self, slot: int, messages: Sequence[SignedMessage]) -> Block:
        """Return the elected proposer's block of a slot."""
        state = process_slots(self.state, slot)
        proposer = get_block_proposer(state)
        reveal = cluster.identity(proposer).reveals.reveal(slot)
        sign = signer(state.chain_id, proposer)
        return build_block(self.application.process_messages, state, reveal, Body(messages=tuple(messages)), sign)

    def take(self, block: Block) -> State:
        """Take a block as every validator does."""
        self.state = state_transition(self.application.process_messages, self.state, block)
        return self.state

    def extend(self, slot: int, messages: Sequence[SignedMessage] = ()) -> None:
        """Propose a block and take it."""
        self.take(self.propose(slot, messages))

    def begin(self, served: Served) -> None:
        """Register a device and include its claim, then wait until its records are drawn."""
        ledger = self.application.states[self.state.application]
        self.extend(1, [signed(ledger, registration(ledger, 0), OWNERS[0])])
        self.extend(EPOCH, [signed(ledger, served.claim(1), DEVICES[0])])
        self.extend(3 * EPOCH)

    def openings(self, served: Served) -> list[SignedMessage]:
        """Return the drawn records of the claim, opened by the first validator."""
        ledger = self.application.states[self.state.application]
        key = cluster.identity(0).key
        return [signed(ledger, served.opening(index), key) for index in ledger.pending[0, 1].drawn]


def test_true_tasks_earn_credits_on_the_chain() -> None:
    """200 tasks of 20 mg less a gram of emissions are 3 g."""
    chain, served = Chain(), serve(0, 200)
    chain.begin(served)
    chain.extend(3 * EPOCH + 1, chain.openings(served))
    ledger = chain.application.states[chain.state.application]
    idle = [claim(number, load=0, grid_import=0) for number in range(2, 7)]
    chain.extend(7 * EPOCH, [signed(ledger, one, DEVICES[0]) for one in idle])
    chain.extend(9 * EPOCH)
    assert chain.application.states[chain.state.application].totals[1].held == 3_000_000
    assert [one.slashed for one in chain.state.members] == [False, False, False]


def test_invalid_output_costs_the_sponsor_its_stake() -> None:
    chain, served = Chain(), serve(5, 0, false=frozenset(range(5)))
    chain.begin(served)
    assert chain.state.burnt == 0
    chain.extend(3 * EPOCH + 1, chain.openings(served)[:1])
    assert [one.slashed for one in chain.state.members] == [False, True, False]
    assert chain.state.burnt > 0


def test_invalid_state_root_of_a_proposer_who_books_for_itself() -> None:
    """A header that promises another ledger is refused, though its signature is good."""
    chain = Chain()
    block = chain.propose(1, [])
    forged = altered(block, process_slots(chain.state, 1), state_root=bytes(32))
    with pytest.raises(RuleError) as caught:
        chain.take(forged)
    assert caught.value.rule is Rule.WRONG_STATE_ROOT


def test_invalid_message_in_a_block() -> None:
    """No proposer can put a message into a block that the ledger refuses."""
    chain = Chain()
    ledger = chain.application.states[chain.application.root]
    with pytest.raises(RuleError) as caught:
        chain.propose(60, [signed(ledger, claim(1), DEVICES[0])])
    assert caught.value.rule is Rule.UNKNOWN_SIGNER


def test_two_branches_have_their_own_states_until_one_is_forgotten() -> None:
    chain = Chain()
    begun = chain.state
    ledger = chain.application.states[chain.application.root]
    empty = chain.take(chain.propose(1, []))
    chain.state = begun
    full = chain.take(chain.propose(1, [signed(ledger, registration(ledger, 0), OWNERS[0])]))
    assert empty.application == chain.application.root
    assert not chain.application.states[empty.application].devices
    assert list(chain.application.states[full.application].devices) == [0]
    chain.application.keep_only(full.application)
    with pytest.raises(KeyError):
        chain.application.states[empty.application]
