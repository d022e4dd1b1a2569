"""A chain from its first block on: the transition of the consensus, and within it that of the ledger."""

from collections.abc import Iterable

from simulator.ledger.application import Application
from simulator.ledger.booking.state import State as LedgerState
from simulator.ledger.booking.verification import Executor
from simulator.ledger.consensus.state import State, get_genesis_state
from simulator.ledger.consensus.transition import state_transition
from simulator.ledger.file.snapshot import Snapshot, check_snapshot, restore_ledger, take_snapshot
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.types import Block, Genesis, ModelRecord


class Replay:
    """The state of a chain after the blocks that it was shown, each of which obeyed every rule.

    Of the task records that they open, `executed` were executed again and `believed` were not.
    """

    def __init__(self, genesis: Genesis, execute: Executor) -> None:
        """Begin before the first block.

        The output of a model that the executor does not know is taken to be the one that was opened. Raises RuleError
        for a genesis that is none.
        """
        self.executed = self.believed = 0
        self._genesis = genesis
        self._execute = execute
        self._opened: dict[tuple[bytes, int], int] = {}
        self.application = Application(genesis, self._execute_or_believe)
        self.consensus: State = get_genesis_state(genesis, self.application.root)
        self._before = self.consensus
        self._number = 0
        self._numbers = {self.consensus.head: 0}

    @property
    def ledger(self) -> LedgerState:
        """State of what blocks record."""
        return self.application.states[self.consensus.application]

    @property
    def finalized(self) -> int:
        """Number of the last final block."""
        return self._numbers[self.consensus.finalized.root]

    def see(self, number: int, block: Block) -> None:
        """Take the next block. Raises RuleError with the rule that it breaks."""
        messages = [one.message for one in block.body.messages if isinstance(one.message, ModelRecord)]
        opened = [opening.record for one in messages for opening in one.openings]
        self._opened = {(one.model, one.input_seed): one.output for one in opened}
        after = state_transition(self.application.process_messages, self.consensus, block)
        self._before, self.consensus, self._number = self.consensus, after, number
        self.application.keep_only(after.application)
        self._numbers[after.head] = number

    def _execute_or_believe(self, model: bytes, seed: int) -> int | None:
        output = self._execute(model, seed)
        if output is not None:
            self.executed += 1
            return output
        self.believed += 1
        return self._opened.get((model, seed))

    def snapshot(self) -> bytes:
        """Return the state after the last block, as a store keeps it. A block has to have been seen."""
        return encode(take_snapshot(self._number, self._before, self.consensus, self.ledger))

    def resume(self, snapshot: Snapshot, blocks: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Go on from a snapshot, given number, root and bytes of all blocks: only those after it are replayed.

        Raises RuleError where the snapshot is not that of its block, or a later block breaks a rule.
        """
        for number, root, data in blocks:
            if number > snapshot.number:
                self.see(number, decode(data, Block))
                continue
            self._numbers[root] = number
            if number == snapshot.number:
                header = decode(data, Block).signed_header.header
                self.consensus = check_snapshot(snapshot, self.consensus.chain_id, header)
                self.application.states = {self.consensus.application: restore_ledger(snapshot, self._genesis)}
