"""The ledger as the application of its consensus, which knows no more of it than the root of its state."""

from collections.abc import Sequence

from simulator.ledger.booking import transition
from simulator.ledger.booking.state import compute_state_root, get_genesis_state
from simulator.ledger.booking.verification import Executor
from simulator.ledger.consensus.transition import Outcome, Surroundings
from simulator.ledger.record.types import Genesis, SignedMessage


class Application:
    """States of the ledger by their roots: that of the genesis, and all that blocks led to until they are forgotten.

    Branches that have not been decided between each have their own. States share what does not differ.
    """

    def __init__(self, genesis: Genesis, execute: Executor) -> None:
        """Begin with the state before the first block. Raises RuleError for a genesis that breaks a rule."""
        first = get_genesis_state(genesis)
        self.root = compute_state_root(first)
        self.states = {self.root: first}
        self._execute = execute

    def surroundings(self, slot: int, mix: bytes) -> transition.Surroundings:
        """Return what messages of a block may know, for proposers to choose messages by."""
        return transition.Surroundings(slot=slot, randomness=mix, execute=self._execute)

    def process_messages(self, root: bytes, messages: Sequence[SignedMessage], around: Surroundings) -> Outcome:
        """Carry a block's messages out. Raises RuleError where one breaks a rule, KeyError for an unknown root."""
        return self._keep(
            transition.process_messages(self.states[root], messages, self.surroundings(around.slot, around.mix))
        )

    def admit_messages(
        self, root: bytes, messages: Sequence[SignedMessage], around: Surroundings
    ) -> tuple[transition.Admission, Outcome]:
        """Choose the messages that hold in their order, as a proposer does, and carry those out.

        Raises RuleError where units do not balance after them, KeyError for an unknown root.
        """
        admission = transition.admit(self.states[root], messages, self.surroundings(around.slot, around.mix))
        return admission, self._keep(admission.result)

    def _keep(self, result: transition.Result) -> Outcome:
        after = compute_state_root(result.state)
        self.states[after] = result.state
        return Outcome(root=after, convicted=result.convicted)

    def keep_only(self, *roots: bytes) -> None:
        """Forget all states but those of these roots, once the others can grow no more."""
        self.states = {root: self.states[root] for root in roots}
