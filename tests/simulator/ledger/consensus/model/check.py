"""The exhaustive check of a setting: every state, every law, and how many states there are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache

from minicheck import Protocol, Verdict, check_safety, from_holds  # type: ignore[import-untyped]

from tests.simulator.ledger.consensus.model.columns import CONVICTED
from tests.simulator.ledger.consensus.model.events import ALONE, Event
from tests.simulator.ledger.consensus.model.moves import FIRST, Move, Moves, State
from tests.simulator.ledger.consensus.model.rules import Rules
from tests.simulator.ledger.consensus.model.settings import Setting, conflict
from tests.simulator.ledger.consensus.model.symmetry import Symmetry

ACCOUNTABLE = "conflicting checkpoints are final only where votes convict a third of the stake"
HONEST = "no votes of an honest validator convict it"
LAWFUL = "each step of a branch keeps its laws"

MAX_STATES = 8_000_000
"""States beyond which a check gives up, and says so: some 2.5 GB."""


class Order(Enum):
    """Order of the moves."""

    FREE = "free"
    IN_TURN = "in turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Result of a check: how many states there are, in how many there is a fork, and what became of each invariant.

    A trace is a shortest way to a state that breaks an invariant: the events, and the state after each move.
    """

    states: int
    forks: int
    verdicts: dict[str, Verdict]
    traces: dict[str, list[Move]]


class Check:
    """A setting with its moves, ready to be checked."""

    def __init__(self, setting: Setting, order: Order = Order.IN_TURN, *, is_reduced: bool = True) -> None:
        self.setting, self.order = setting, order
        self.rules = Rules(setting)
        self.moves = Moves(self.rules)
        self.symmetry = Symmetry(self.moves)
        self._is_reduced = is_reduced
        self.is_fork = cache(self._is_fork)

    def run(self, *, until: str | None = None, max_states: int = MAX_STATES) -> Result:
        """Step through all states, or `until` an invariant is broken.

        The verdicts are minicheck's: an invariant for which not all states were seen is undetermined, not proved.
        """
        self._forks, self._until, self._is_over = 0, until, False
        invariants = {ACCOUNTABLE: self._is_accountable, HONEST: self._spares_the_honest, LAWFUL: _is_lawful}
        protocol = Protocol(
            name="two branches of a chain",
            candidate=False,
            fields=("state",),
            initial=(self.moves.get_initial(),),
            transitions=self._transitions,
            invariants={name: self._watched(name, kept) for name, kept in invariants.items()},
        )
        found = check_safety(protocol, max_states=max_states)
        properties = found["properties"]
        return Result(
            states=found["reachable_states"],
            forks=self._forks,
            verdicts={
                name: from_holds(one["holds"], exhaustive=found["exhaustive"] and not self._is_over)
                for name, one in properties.items()
            },
            traces={
                name: [(step["label"] or (), step["state"]["state"]) for step in one["counterexample"]]
                for name, one in properties.items()
                if one["counterexample"]
            },
        )

    def get_successors(self) -> Callable[[State], Iterator[Move]]:
        """Return the function that yields the moves from a state."""
        return self.moves.free if self.order is Order.FREE else self.moves.in_turn

    def _watched(self, name: str, is_kept: Callable[[State], bool]) -> Callable[[dict[str, State]], bool]:
        def check(fields: dict[str, State]) -> bool:
            kept = is_kept(fields["state"])
            self._is_over = self._is_over or (not kept and name == self._until)
            return kept

        return check

    def _transitions(self, fields: tuple[State]) -> Iterator[tuple[tuple[Event, ...], tuple[State]]]:
        if self._is_over:
            return iter(())
        name = self.symmetry.canonical if self._is_reduced else _itself
        return ((events, (name(there),)) for events, there in self.get_successors()(fields[0]))

    def _is_fork(self, left: int, right: int) -> bool:
        branches = self.rules.branches
        return right != ALONE and conflict(branches[left].finalized, branches[right].finalized)

    def _is_accountable(self, state: State) -> bool:
        if not self.is_fork(state[1], state[2]):
            return True
        self._forks += 1
        stakes = self.setting.stakes
        guilty = sum(stakes[index] for index in get_convicted(state))
        return 3 * guilty >= sum(stakes)

    def _spares_the_honest(self, state: State) -> bool:
        return self.setting.faulty.issuperset(get_convicted(state))


def get_convicted(state: State) -> list[int]:
    """Return the validators whom votes convict, or evidence in a block."""
    return [index for index, column in enumerate(state[FIRST:]) if column & CONVICTED]


def _is_lawful(state: State) -> bool:
    return not state[0]


def _itself(state: State) -> State:
    return state
