"""States of the model, and all moves from one to the next.

A state is the number of the law that the last move has broken, 0 for none, those of the two branches, of which the
right one is ALONE before the fork, and a column for each validator. There are two orders of moves:

- **free**: single events in any order. A validator signs, a block holds a vote, one branch goes on to its next epoch.
  The branches may be any number of epochs apart, as if clocks could not be trusted.
- **in turn**: the same events, but the branches go on together, and in each epoch the validators act one after the
  other, the first that has not yet acted. No outcome is lost. An honest validator votes for the epoch of a branch, and
  signs for one epoch after the other; so what it signs in a run, it also signs where both branches are always in the
  same epoch. And an event asks for and changes the column of one validator and the branches' knowledge of it, so that
  those of different validators in one epoch lead to the same state in either order.

`test_reductions.py` compares the outcomes of both orders.
"""

from collections.abc import Callable, Iterator

from tests.simulator.ledger.consensus.model.columns import ACTED, Column, Columns
from tests.simulator.ledger.consensus.model.events import ALONE, Event, Events, Place
from tests.simulator.ledger.consensus.model.rules import PREVIOUS, Rules
from tests.simulator.ledger.consensus.model.settings import COMMON, LEFT, RIGHT

FIRST = 3
"""Place of the first column in a state."""

State = tuple[int, ...]
Move = tuple[tuple[Event, ...], State]


class Moves:
    """States and moves of a setting."""

    def __init__(self, rules: Rules) -> None:
        self.rules, self.setting = rules, rules.setting
        self.columns = Columns()
        self.events = Events(rules, self.columns)
        self._forks_before = self.setting.checkpoints if self.setting.forks_late else 1

    def get_initial(self) -> State:
        """Return the state at genesis, in which nobody has signed anything."""
        unsigned = self.columns.pack(Column(0, 0, self.rules.allowed_after(None), 0, 0))
        return (0, self.rules.number(self.rules.start), ALONE, *[unsigned for _ in self.setting.stakes])

    def free(self, state: State) -> Iterator[Move]:
        """Yield single events in any order."""
        _, left, right, *columns = state
        for index, column in enumerate(columns):
            for event, place in self.events.find(index, Place(left, right, column)):
                yield (event,), _placed(state, index, place)
        yield from self._forks(state)
        for side in (COMMON,) if right == ALONE else (LEFT, RIGHT):
            yield from self._steps(state, (side,))

    def in_turn(self, state: State) -> Iterator[Move]:
        """Yield the turns of the first validator that has not acted; after the last one, the step of both branches."""
        return self._in_turn(state, lambda waiting: waiting[:1])

    def in_any_turn(self, state: State) -> Iterator[Move]:
        """Yield the turns of all validators that have not acted; after the last one, the step of both branches."""
        return self._in_turn(state, lambda waiting: waiting)

    def _in_turn(self, state: State, whose: Callable[[list[int]], list[int]]) -> Iterator[Move]:
        _, left, right, *columns = state
        epoch = self.rules.epoch(left)
        if epoch == self.setting.last_epoch:
            return
        waiting = [index for index, column in enumerate(columns) if epoch and not column & ACTED]
        for index in whose(waiting):
            for events, place in self.events.take_turn(index, Place(left, right, columns[index])):
                yield events, _placed(state, index, place)
        if not any(column & ACTED for column in columns):
            yield from self._forks(state)
        if not waiting:
            yield from self._steps(state, (COMMON,) if right == ALONE else (LEFT, RIGHT))

    def _forks(self, state: State) -> Iterator[Move]:
        """Yield the fork of the one chain, where it may be: all that stands in its blocks stands on both branches.

        It comes before the last checkpoint of the bound, so that the branches have one each.
        """
        _, left, right, *columns = state
        if right == ALONE and self.rules.epoch(left) < self._forks_before:
            yield (Event("fork", COMMON),), (0, left, left, *[one | (one & 3) << 2 for one in columns])

    def _steps(self, state: State, sides: tuple[int, ...]) -> Iterator[Move]:
        """Yield the step of one branch, or of both, to its next epoch."""
        _, left, right, *columns = state
        branches, broken = [left, right], 0
        if right == ALONE and self.rules.epoch(left) + 1 >= self._forks_before:
            return
        for side in sides:
            one, shift = side == RIGHT, 2 * (side == RIGHT)
            if self.rules.epoch(branches[one]) == self.setting.last_epoch:
                return
            bits = tuple(column >> shift & 3 for column in columns)
            branches[one], law = self.rules.advance(branches[one], side, bits)
            broken = broken or law
            columns = [column & ~(3 << shift) | (column >> shift << 1 & PREVIOUS) << shift for column in columns]
        renewed = (
            self.events.renew(index, Place(branches[0], branches[1], column & ~ACTED)).column
            for index, column in enumerate(columns)
        )
        yield tuple(Event("epoch", side) for side in sides), (broken, branches[0], branches[1], *renewed)


def _placed(state: State, index: int, place: Place) -> State:
    """Return the state after a validator's events."""
    at = FIRST + index
    return (0, place.left, place.right, *state[FIRST:at], place.column, *state[at + 1 :])
