"""Empty slots are skipped at once, and lead to the state to which each of them would lead by itself."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.ledger.consensus.slashing import slash
from simulator.ledger.consensus.state import State, compute_epoch, get_epoch, get_root
from simulator.ledger.consensus.transition import process_epoch, process_slots
from simulator.ledger.record.types import Body, RevealRenewal, StakeChange
from tests.simulator.ledger.consensus.chain import extend, grow, order, votes
from tests.simulator.ledger.consensus.cluster import first_state, identity


def slowly(state: State, slot: int) -> State:
    """Return the state at a slot, through every bound of epochs on the way."""
    while get_epoch(state) < compute_epoch(state.config, slot):
        state = process_epoch(state)
    return replace(state, slot=slot)


@cache
def history(epochs: int, voters: int, orders: tuple[int, ...], more: int, slashed: int) -> State:
    """Return a chain that is cut off in the middle of an epoch: not all votes and orders have had their effect."""
    state = grow(first_state((100, 100, 100, 100, 100)), epochs, range(voters))
    changes = tuple(
        order(state, StakeChange(validator=0, sequence=number, epoch=get_epoch(state) + later, change=-10))
        for number, later in enumerate(orders, start=1)
    )
    # The same chain of reveals again, so that its blocks stay good ones.
    link = identity(1).reveals.reveal(state.slot)
    renewal = order(state, RevealRenewal(validator=1, sequence=1, slot=state.slot, commitment=link))
    state = extend(state, state.slot + 1, Body(messages=(*changes, renewal)))
    state = grow(process_slots(state, 8 * epochs + 8), more, range(voters))
    state = extend(state, state.slot + 2, Body(attestations=votes(state, state.slot + 1, range(voters))))
    return slash(state, 4) if slashed else state


HISTORIES = st.builds(
    history,
    st.integers(0, 4),
    st.integers(0, 5),
    st.lists(st.integers(3, 40), max_size=2).map(sorted).map(tuple),
    st.integers(0, 4),
    st.integers(0, 1),
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(HISTORIES, st.integers(0, 700))
def test_empty_slots_lead_to_the_same_state_at_once_and_one_by_one(state: State, gap: int) -> None:
    assert get_root(process_slots(state, state.slot + gap)) == get_root(slowly(state, state.slot + gap))


@settings(max_examples=80, deadline=None)
@given(HISTORIES, st.integers(0, 300), st.integers(0, 300))
def test_empty_slots_may_be_skipped_in_parts(state: State, first: int, second: int) -> None:
    middle, end = state.slot + first, state.slot + first + second
    assert get_root(process_slots(process_slots(state, middle), end)) == get_root(process_slots(state, end))


def test_ages_of_empty_slots_pass_at_once() -> None:
    """As many as there are integers: through each bound of epochs it would take longer than the world is old."""
    state = process_slots(history(3, 5, (), 0, 0), 2**62)
    assert state.slot == 2**62
    assert get_root(state) != get_root(process_slots(state, 2**62 + 1))


def test_an_order_that_falls_due_far_ahead_is_not_skipped() -> None:
    final = history(3, 5, (30,), 4, 0)
    due = final.pending[0].epoch
    assert process_slots(final, 8 * due - 1).stakes[0] == 100
    assert process_slots(final, 8 * due).stakes[0] == 90
    assert process_slots(final, 8 * due + 4000).stakes[0] == 90
