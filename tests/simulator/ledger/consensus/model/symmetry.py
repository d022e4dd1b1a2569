"""States that differ by names alone are one state.

Nothing in the rules depends on which of two honest validators with the same stake is which, nor on which branch is
called left. So with a state, all those can be reached in which such validators have changed places, or the branches,
and a law breaks in one of them where it breaks in all. The check steps through one of them. Where a law tells names
apart, or a rule does, the counts of `test_reductions.py` differ: the states that stand for others, each counted with
those for which it stands, are as many as there are without this.
"""

from collections.abc import Iterator
from functools import cache
from itertools import permutations, product

from tests.simulator.ledger.consensus.model.events import ALONE
from tests.simulator.ledger.consensus.model.moves import FIRST, Moves, State


class Symmetry:
    """Changes of names in the states of some moves."""

    def __init__(self, moves: Moves) -> None:
        self._rules, self._columns, self._groups = moves.rules, moves.columns, moves.setting.groups()
        self._equals = [(FIRST + first, FIRST + end) for first, end in self._groups if end > first + 1]
        self._mirror_column = cache(self._mirrored_column)

    def canonical(self, state: State) -> State:
        """Return the state that stands for a state, and for all that differ from it by names alone."""
        _, left, right, *_ = state
        # The branch on the left decides which of both is less, unless it is its own mirror image on the right.
        mirrored = left + 1 if right == ALONE else self._rules.mirror(right)
        if left < mirrored:
            return self._sorted(state)
        if left > mirrored:
            return self._sorted(self.swapped(state))
        return min(self._sorted(state), self._sorted(self.swapped(state)))

    def orbit(self, state: State) -> set[State]:
        """Return all states that differ from a state by names alone, itself included."""
        sides = [state] if state[2] == ALONE else [state, self.swapped(state)]
        return {permuted for side in sides for permuted in self._permuted(side)}

    def swapped(self, state: State) -> State:
        """Return the state in which left and right have changed places."""
        broken, left, right, *columns = state
        return (broken, self._rules.mirror(right), self._rules.mirror(left), *map(self._mirror_column, columns))

    def _sorted(self, state: State) -> State:
        for first, end in self._equals:
            state = (*state[:first], *sorted(state[first:end]), *state[end:])
        return state

    def _permuted(self, state: State) -> Iterator[State]:
        columns = state[FIRST:]
        for orders in product(*(permutations(columns[first:end]) for first, end in self._groups)):
            yield (state[0], state[1], state[2], *(column for order in orders for column in order))

    def _mirrored_column(self, packed: int) -> int:
        column, mirror = self._columns.unpack(packed), self._rules.mirror_votes
        return self._columns.pack(
            column._replace(
                bits=column.get_bits(2) | column.get_bits(0) << 2,
                allowed=mirror(column.allowed),
                convicting=mirror(column.convicting),
                waiting=mirror(column.waiting),
            )
        )
