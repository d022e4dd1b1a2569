"""A header states how many blocks lie before it and the root of their tree, so that it signs the head that it goes on
with."""

import pytest

from simulator.ledger.consensus.state import State, get_history
from simulator.ledger.record.codec import digest
from simulator.ledger.record.merkle import root_of
from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.consensus.chain import altered, apply, extend, propose, refused_by
from tests.simulator.ledger.consensus.cluster import first_state

STATE = extend(extend(first_state((100, 100, 100, 100)), 1), 2)


def test_each_header_has_the_root_of_all_blocks_before_it() -> None:
    state, roots = first_state((100, 100, 100, 100)), list[bytes]()
    for slot in (1, 2, 5, 7, 8, 40, 41):
        block = propose(state, slot)
        header = block.signed_header.header
        assert (header.number, header.history_root) == (len(roots) + 1, root_of(roots))
        state = apply(state, block)
        roots.append(digest(header))
    assert (state.blocks, get_history(state).root()) == (7, root_of(roots))


@pytest.mark.parametrize("number", [1, 2, 4])
def test_invalid_number(number: int) -> None:
    assert refused_by(STATE, altered(propose(STATE, 3), STATE, number=number)) is Rule.WRONG_HISTORY


def other_histories(state: State) -> list[bytes]:
    """Return the roots of a shorter history, of a longer one, of one in another order, and of none."""
    first, second = state.peaks[0], state.head
    return [root_of([]), root_of([second]), root_of([first, second]), root_of([second, second]), state.head]


def test_invalid_history() -> None:
    for root in other_histories(STATE):
        assert refused_by(STATE, altered(propose(STATE, 3), STATE, history_root=root)) is Rule.WRONG_HISTORY
