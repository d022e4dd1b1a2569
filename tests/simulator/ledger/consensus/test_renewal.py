"""Chains of reveals end, and validators bind themselves to new ones in time."""

import hashlib
import weakref

import pytest
from msgspec.structs import replace

from simulator.ledger.consensus.network import Conditions, Network
from simulator.ledger.consensus.peer import Peer
from simulator.ledger.consensus.randomness import RevealChain
from simulator.ledger.consensus.renewal import Reveals
from simulator.ledger.consensus.slashing import slash
from simulator.ledger.consensus.state import State, get_genesis_state
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


def test_a_chain_is_kept_until_a_reveal_of_the_one_after_it_is_final_and_then_forgotten() -> None:
    first = RevealChain(hashlib.sha256(b"short").digest(), 64)
    old, reveals, sign = weakref.ref(first), Reveals(first), signer(BEFORE.chain_id, 0)

    def at(slot: int, chain: RevealChain, revealed: int, final_epoch: int) -> State:
        member = replace(BEFORE.members[0], reveal=chain.reveal(revealed), revealed=revealed)
        finalized = replace(BEFORE.finalized, epoch=final_epoch)
        return replace(BEFORE, slot=slot, members=(member, *BEFORE.members[1:]), finalized=finalized)

    assert reveals.renew(at(50, first, 40, 6), 0, sign) is not None
    after, branch = first.renewed(50), at(60, first, 51, 6)
    # Bound to the new chain, and with a reveal of it that is not final: another branch may know nothing of either.
    for revealed, final_epoch in ((50, 9), (70, 8)):
        assert reveals.renew(at(72, after, revealed, final_epoch), 0, sign) is None
        assert reveals.get_reveal(branch.members[0], 61) == first.reveal(61)
    assert reveals.renew(at(80, after, 70, 9), 0, sign) is None
    assert reveals.get_reveal(branch.members[0], 61) is None
    assert reveals.get_reveal(at(80, after, 70, 9).members[0], 81) == after.reveal(81)
    del first
    assert old() is None


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
