"""A vote counts once, in time, and for the step that the chain takes."""

import pytest
from msgspec.structs import replace

from simulator.ledger.consensus.state import State
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import AttestationData, Body, Checkpoint
from tests.simulator.ledger.consensus.chain import extend, grow, refuses_body, vote, votes
from tests.simulator.ledger.consensus.cluster import first_state

EVERYBODY = range(4)
STATE = extend(grow(first_state((100, 100, 100, 100)), 3, EVERYBODY), 25)
"""A chain in the second slot of epoch 3, whose epoch 2 is justified and epoch 1 final."""

GOOD = votes(STATE, 26, [0])[0].data


def test_valid_votes_count_in_their_epoch_and_in_the_next() -> None:
    late = votes(STATE, 26, [1])
    here = extend(STATE, 27, Body(attestations=votes(STATE, 26, [0])))
    there = extend(here, 33, Body(attestations=late))
    assert here.voters == b"\1\0\0\0"
    assert there.previous_voters == b"\1\1\0\0"


@pytest.mark.parametrize(
    "data",
    [
        replace(GOOD, slot=27),
        replace(GOOD, slot=28),
        replace(GOOD, slot=23),
        replace(GOOD, target=Checkpoint(epoch=4, root=GOOD.target.root)),
        replace(GOOD, slot=32, target=Checkpoint(epoch=4, root=GOOD.target.root)),
        replace(GOOD, slot=9, target=Checkpoint(epoch=1, root=STATE.finalized.root), source=STATE.finalized),
    ],
    ids=["of the block's slot", "of a later one", "of another epoch", "to another epoch", "of the next", "too old"],
)
def test_invalid_vote_out_of_time(data: AttestationData) -> None:
    assert refuses_body(STATE, 27, attestations=[vote(data, STATE)]) is Rule.BAD_ATTESTATION


@pytest.mark.parametrize(
    "data",
    [
        replace(GOOD, target=Checkpoint(epoch=3, root=bytes(32))),
        replace(GOOD, target=Checkpoint(epoch=3, root=STATE.head)),
        replace(GOOD, source=STATE.finalized),
        replace(GOOD, source=Checkpoint(epoch=2, root=bytes(32))),
        replace(GOOD, source=GOOD.target),
    ],
    ids=["unknown target", "head as target", "older source", "unknown source", "step to itself"],
)
def test_invalid_vote_for_another_step(data: AttestationData) -> None:
    assert refuses_body(STATE, 27, attestations=[vote(data, STATE)]) is Rule.BAD_ATTESTATION


def test_invalid_vote_twice_in_a_block() -> None:
    assert refuses_body(STATE, 27, attestations=votes(STATE, 26, [0, 0])) is Rule.BAD_ATTESTATION


def test_invalid_vote_twice_in_an_epoch() -> None:
    state = extend(STATE, 27, Body(attestations=votes(STATE, 26, [0])))
    assert refuses_body(state, 28, attestations=votes(STATE, 26, [0])) is Rule.BAD_ATTESTATION
    assert refuses_body(state, 29, attestations=votes(state, 28, [0])) is Rule.BAD_ATTESTATION


def test_invalid_vote_twice_across_epochs() -> None:
    state: State = process_slots(extend(STATE, 27, Body(attestations=votes(STATE, 26, [0]))), 32)
    assert refuses_body(state, 33, attestations=votes(STATE, 26, [0])) is Rule.BAD_ATTESTATION
