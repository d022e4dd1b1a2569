"""Reductions lose nothing: a checker without them, a few lines long, finds the same on small bounds."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from minicheck import Verdict  # type: ignore[import-untyped]

from tests.simulator.ledger.consensus.model.check import ACCOUNTABLE, HONEST, LAWFUL, Check, Order
from tests.simulator.ledger.consensus.model.columns import ACTED
from tests.simulator.ledger.consensus.model.events import ALONE
from tests.simulator.ledger.consensus.model.moves import FIRST, Move, State
from tests.simulator.ledger.consensus.model.settings import Setting

pytestmark = pytest.mark.slow

Successors = Callable[[State], Iterator[Move]]

THIRD = frozenset({2})
SETTINGS = [
    Setting(checkpoints=1),
    Setting(stakes=(1, 1, 1), faulty=THIRD, checkpoints=1, evidence=True),
    Setting(stakes=(1, 1, 1), faulty=frozenset({1, 2}), checkpoints=1),
    Setting(stakes=(2, 1), faulty=frozenset({1}), checkpoints=2, forks_late=True),
]


def find_all(initial: State, successors: Successors, name: Callable[[State], State]) -> set[State]:
    """Return all states that can be reached, each under the name of the one that stands for it."""
    found = {initial}
    queue = [initial]
    for state in queue:
        new = {name(there) for _, there in successors(state)} - found
        found |= new
        queue += new
    return found


def itself(state: State) -> State:
    return state


def between_epochs(states: set[State]) -> set[State]:
    """Return the states in which no validator has had its turn."""
    return {state for state in states if not any(column & ACTED for column in state[FIRST:])}


@pytest.mark.parametrize("setting", SETTINGS)
def test_states_that_differ_by_names_are_as_many_as_without_this(setting: Setting) -> None:
    check = Check(setting, Order.FREE)
    initial, successors = check.moves.get_initial(), check.moves.free
    plain = find_all(initial, successors, itself)
    reduced = find_all(initial, successors, check.symmetry.canonical)
    orbits = [check.symmetry.orbit(state) for state in reduced]
    assert len(reduced) < len(plain)
    assert sum(len(orbit) for orbit in orbits) == len(plain)
    assert set().union(*orbits) == plain


@pytest.mark.parametrize("setting", SETTINGS)
def test_turns_reach_the_same_states_between_epochs_under_all_names(setting: Setting) -> None:
    check = Check(setting)
    initial, successors = check.moves.get_initial(), check.moves.in_turn
    plain = between_epochs(find_all(initial, successors, itself))
    reduced = between_epochs(find_all(initial, successors, check.symmetry.canonical))
    assert set().union(*(check.symmetry.orbit(state) for state in reduced)) == plain


@pytest.mark.parametrize("setting", [*SETTINGS, replace(SETTINGS[1], checkpoints=2, evidence=False, forks_late=True)])
def test_turns_lose_no_outcome_of_free_moves(setting: Setting) -> None:
    """The same states are reached at the end of both branches, whatever came before what."""
    check = Check(setting)
    initial, canonical = check.moves.get_initial(), check.symmetry.canonical

    def outcomes(successors: Successors) -> set[State]:
        last = setting.last_epoch
        return {
            state
            for state in find_all(initial, successors, canonical)
            if state[2] != ALONE and check.rules.epoch(state[1]) == check.rules.epoch(state[2]) == last
        }

    free, in_turn = outcomes(check.moves.free), outcomes(check.moves.in_turn)
    assert free
    assert in_turn == free


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_checker_counts_the_same_states(setting: Setting, order: Order) -> None:
    check = Check(setting, order)
    result = check.run()
    found = find_all(check.moves.get_initial(), check.get_successors(), check.symmetry.canonical)
    assert result.states == len(found)
    assert result.forks == sum(check.is_fork(state[1], state[2]) for state in found)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_verdict_is_the_same_under_all_names(setting: Setting, order: Order) -> None:
    assert Check(setting, order, is_reduced=False).run().verdicts == Check(setting, order).run().verdicts


def test_a_check_that_gives_up_proves_nothing() -> None:
    result = Check(Setting(checkpoints=1)).run(max_states=50)
    assert result.verdicts == dict.fromkeys((ACCOUNTABLE, HONEST, LAWFUL), Verdict.UNDETERMINED)
