"""Chains of reveals end, and validators bind themselves to new ones in time."""

import hashlib

import pytest
from msgspec.structs import replace

from simulator.ledger.consensus.network import Conditions, Network
from simulator.ledger.consensus.peer import Peer
from simulator.ledger.consensus.randomness import RevealChain
from simulator.ledger.consensus.slashing import slash
from simulator.ledger.consensus.state import get_genesis_state
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Body, RevealRenewal
from tests.simulator.ledger.consensus.chain import extend, grow, order, refuses_body, signer
from tests.simulator.ledger.consensus.cluster import COUNT_OF_NOTHING, count_messages, first_state, genesis, identity
from tests.simulator.ledger.consensus.nodes import final_epochs, run_without_forks

EVERYBODY = range(4)
BEFORE = grow(first_state((100, 100, 100, 100)), 3, EVERYBODY)
"""A chain at the beginning of epoch 3, in slot 24."""

CHAIN = RevealChain(hashlib.sha256(b"another").digest(), 4096, 20)
RENEWAL = RevealRenewal(validator=0, sequence=1, slot=20, commitment=CHAIN.commitment)


def test_a_new_chain_counts_from_the_bound_at_which_it_is_final() -> None:
    state = extend(BEFORE, 24, Body(messages=(order(BEFORE, RENEWAL),)))
    for _ in range(3):
        assert state.finalized.epoch < 4
        assert not CHAIN.leads_to(state.members[0].reveal, state.members[0].revealed)
        state = grow(state, 1, EVERYBODY)
    assert state.finalized.epoch == 4
    assert (state.members[0].reveal, state.members[0].revealed) == (CHAIN.commitment, 20)
    assert state.renewals == ()


def test_invalid_chain_of_a_slot_to_come() -> None:
    ahead = order(BEFORE, replace(RENEWAL, slot=25))
    assert refuses_body(BEFORE, 24, messages=[ahead]) is Rule.WRONG_RANDOMNESS


@pytest.mark.parametrize("sequence", [0, 2])
def test_invalid_number(sequence: int) -> None:
    renewal = order(BEFORE, replace(RENEWAL, sequence=sequence))
    assert refuses_body(BEFORE, 24, messages=[renewal]) is Rule.SEQUENCE_GAP


def test_invalid_signer() -> None:
    forged = replace(order(BEFORE, RENEWAL), signature=signer(BEFORE.chain_id, 1)(RENEWAL))
    assert refuses_body(BEFORE, 24, messages=[forged]) is Rule.BAD_SIGNATURE
    other = order(BEFORE, replace(RENEWAL, validator=1))
    assert refuses_body(slash(BEFORE, 1), 24, messages=[other]) is Rule.SLASHED_VALIDATOR


@pytest.mark.parametrize("seed", range(2))
def test_validators_go_on_when_their_first_chains_have_ended(seed: int) -> None:
    stakes, length = (100, 100, 100), 120
    state = get_genesis_state(genesis(stakes, slots=length), COUNT_OF_NOTHING)
    actors = [Peer(identity(index, length), state, count_messages) for index in range(3)]
    net = Network(actors, Conditions(seed=seed, loss_per_mille=50))
    run_without_forks(net, actors, 3 * length)
    assert min(final_epochs(actors)) > 3 * length // 8 - 6
    head = actors[0].view.blocks[actors[0].view.get_head()].state
    assert min(one.revealed for one in head.members) > 2 * length
    assert max(one.changes for one in head.members) <= 6
