"""A validator with a ledger file of its own, from which it goes on after a crash.

It signs nothing before two things are on its disk: the chain on which it builds, and the memory of what it signs. So
after a crash it neither signs twice, nor is bound by a vote to a chain that it has lost. While its disk is full it
listens and signs nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from simulator.ledger.application import Application
from simulator.ledger.booking.state import State as LedgerState
from simulator.ledger.booking.verification import Executor
from simulator.ledger.consensus.memory import Memory, Signed
from simulator.ledger.consensus.peer import Letter, Peer, Sent
from simulator.ledger.consensus.proposal import Identity
from simulator.ledger.consensus.state import State
from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.file.reading import ClaimName, claims_of
from simulator.ledger.file.replay import Replay
from simulator.ledger.file.snapshot import take_snapshot
from simulator.ledger.file.store import Store
from simulator.ledger.record.codec import decode, digest, encode
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import Block, SignedMessage

Choose = Callable[[Application, State], Sequence[SignedMessage]]
"""Tells what a block on a state shall hold that this validator proposes."""

Told = Callable[[ClaimName], Sequence[bytes]]
"""Tells the bytes of a claim's task records, as its device gave them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Possessions of a validator beside its disk: its keys, how it checks outputs, and whom it asks for messages."""

    identity: Identity
    execute: Executor
    choose: Choose
    told: Told


class Node:
    """An honest validator on a disk, as an actor. `failures` counts writes that its disk did not take."""

    def __init__(self, role: Role, store: Store, memory: Memory) -> None:
        """Go on from a ledger file, which may be empty, and from what was signed.

        Raises DamagedError where a block of the file breaks a rule, or is final against the votes.
        """
        self.failures = 0
        self.store = store
        self._told = role.told
        self._chain = [store.genesis_root, *(root for _, root, _ in store.each_block())]
        self._numbers = {root: number for number, root in enumerate(self._chain)}
        trusted, ledger = _trusted(role, store)
        self.application = Application(store.genesis, role.execute)
        self.application.states = {trusted.application: ledger}
        self.peer = Peer(
            role.identity,
            trusted,
            self.application.process_messages,
            lambda state: role.choose(self.application, state),
            _OnDisk(memory, self._write),
        )
        self.peer.take_up([decode(data, Block) for _, _, data in store.each_block()])
        self._before: dict[bytes, State] = {}
        self._known = -1
        self._is_owed = False
        self._note()

    def on_slot(self, slot: int) -> list[Sent]:
        """Propose a block where it is this validator's turn."""
        return self._act(lambda: self.peer.on_slot(slot))

    def on_vote_time(self, slot: int) -> list[Sent]:
        """Vote where it is this validator's turn."""
        return self._act(lambda: self.peer.on_vote_time(slot))

    def on_letter(self, sender: int, letter: Letter, slot: int) -> list[Sent]:
        """Take what another validator has sent."""
        return self._act(lambda: self.peer.on_letter(sender, letter, slot))

    def close(self) -> None:
        """Seal the ledger file and let go of it. Raises StoreError, as `Store.close` does."""
        self.store.close()

    def _act(self, act: Callable[[], list[Sent]]) -> list[Sent]:
        """Act, and write what is new. Raises DamagedError where the file turns out to be damaged."""
        sent: list[Sent] = []
        try:
            sent = act()
            self._note()
            if self._is_owed:
                self._write()
        except StoreError:
            self.failures += 1
        return sent

    def _note(self) -> None:
        """Note from which states new blocks were made, and forget what can grow no more."""
        view = self.peer.view
        if len(self.peer.archive) == self._known:
            return
        self._known, self._is_owed = len(self.peer.archive), True
        self._before = {
            root: self._before.get(root) or view.blocks[known.parent].state for root, known in view.blocks.items()
        }
        self.application.keep_only(*{known.state.application for known in view.blocks.values()})

    def _write(self) -> None:
        """Bring the chain of the present head, and what of it is final, to the file. Raises StoreError."""
        view, path = self.peer.view, []
        root = head = view.get_head()
        while root not in self._numbers:
            path.append(self.peer.archive[root])
            root = path[-1].signed_header.header.parent_root
        final = self._number_of(view.blocks[head].state.finalized.root)
        snapshot = self._snapshot() if final > self.store.finalized else b""
        for block in reversed(path):
            self._append(block, snapshot if block is path[0] else b"")
        self._is_owed = False

    def _number_of(self, root: bytes) -> int:
        known = self._numbers.get(root)
        return self.peer.archive[root].signed_header.header.number if known is None else known

    def _append(self, block: Block, snapshot: bytes) -> None:
        """Write a block, and what is final by its chain: that of the branch that is left may have known more."""
        root = digest(block.signed_header.header)
        final = self._number_of(self.peer.made_final[root])
        names = [ClaimName(claim.device, claim.sequence) for _, claim in claims_of(block)]
        records = {name: self._told(name) for name in names}
        number = self.store.append(block, records, finalized=final, snapshot=snapshot)
        while len(self._chain) > number:
            del self._numbers[self._chain.pop()]
        self._chain.append(root)
        self._numbers[root] = number

    def _snapshot(self) -> bytes:
        """Return the snapshot of the last final block of the view; nothing where the state before it is not known."""
        view = self.peer.view
        state, before = view.blocks[view.finalized.root].state, self._before.get(view.finalized.root)
        if before is None or before.blocks + 1 != state.blocks:
            return b""
        return encode(take_snapshot(state.blocks, before, state, self.application.states[state.application]))


class _OnDisk:
    """The memory of a node, which writes down first on what chain it is about to sign."""

    def __init__(self, memory: Memory, write: Callable[[], None]) -> None:
        self._memory = memory
        self._write = write

    @property
    def last(self) -> Signed:
        return self._memory.last

    def keep(self, signed: Signed) -> None:
        self._write()
        self._memory.keep(signed)


def _trusted(role: Role, store: Store) -> tuple[State, LedgerState]:
    """Return the state of the consensus and of the ledger after the last final block of a file.

    Raises DamagedError where a block breaks a rule, or where its votes do not make that block final.
    """
    replay, snapshot = Replay(store.genesis, role.execute), store.snapshot
    rows = list(store.each_block())
    try:
        if snapshot is not None and snapshot.number <= store.finalized:
            replay.resume(snapshot, rows[: store.finalized])
        else:
            _show(replay, rows[: store.finalized])
        trusted, ledger = replay.consensus, replay.ledger
        _show(replay, rows[store.finalized :])
    except RuleError as error:
        raise DamagedError(f"{store.path}: {error}") from error
    if replay.finalized != store.finalized:
        what = f"block {store.finalized} is said to be the last final one, and is block {replay.finalized}"
        raise DamagedError(f"{store.path}: {what}")
    return trusted, ledger


def _show(replay: Replay, rows: Iterable[tuple[int, bytes, bytes]]) -> None:
    for number, _, data in rows:
        replay.see(number, decode(data, Block))
