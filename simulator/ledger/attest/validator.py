"""The only validator of a chain of attestations: it makes each block, and votes for each epoch that it sees begin.

One party holds the key, so votes prove no agreement. They are cast all the same, because whoever reads a ledger, and a
public log, go by what is final.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from exporter.core.config import ConfigError
from simulator.ledger.application import Application
from simulator.ledger.booking.state import State as Books
from simulator.ledger.consensus.proposal import build_vote, seal_block, select_body
from simulator.ledger.consensus.randomness import RevealChain
from simulator.ledger.consensus.renewal import Reveals
from simulator.ledger.consensus.state import State, with_head
from simulator.ledger.consensus.transition import check_own_block, process_contents, process_slots
from simulator.ledger.file.replay import Replay
from simulator.ledger.file.snapshot import take_snapshot
from simulator.ledger.file.store import Store
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.types import Block, RevealRenewal, SignedMessage

SLOT_SECONDS = 300
"""Seconds of a slot, which is an epoch as well. Chosen: an hour is final five slots after its block, 25 min after its
end, before the next one ends; and an auditor who goes through ten years of epochs is done in 20 s of 2026."""

SLOTS_OF_REVEALS = 1 << 19
"""Slots of a chain of reveals, five years of them; it is made in half a second of 2026 whenever the ledger is opened.
A chain is renewed once three quarters of it are used."""


def no_model(_model: bytes, _seed: int) -> int | None:
    """Execute no model: hours of a measured device have no task records."""
    return None


@lru_cache(maxsize=1)
def reveals_of(secret: bytes) -> RevealChain:
    """Return the first chain of reveals; the last one that was made is kept, since a new ledger is opened at once."""
    return RevealChain(secret, SLOTS_OF_REVEALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Possessions of the validator: its key, and its first chain of reveals."""

    key: SecretKey
    reveals: RevealChain


class Validator:
    """The validator, where the blocks of a ledger file end."""

    def __init__(self, store: Store, secrets: Secrets) -> None:
        """Go on with a ledger file that was found good. Raises RuleError where its blocks break a rule."""
        self._store = store
        self._key = secrets.key
        self._reveals = Reveals(secrets.reveals)
        self._application = Application(store.genesis, no_model)
        replay = Replay(store.genesis, no_model)
        if (snapshot := store.snapshot) is not None:
            replay.resume(snapshot, store.each_block())
        self._application.states = {replay.consensus.application: replay.ledger}
        self._state: State = replay.consensus
        self._numbers = {store.genesis_root: 0, **{root: number for number, root, _ in store.each_block()}}
        if self._state.members[0].changes:
            for one in _renewals(store):
                self._reveals.follow(one)

    @property
    def slot(self) -> int:
        """Slot of the last block; 0 while there is none."""
        return self._state.head_slot

    @property
    def books(self) -> Books:
        """State of what the blocks record."""
        return self._application.states[self._state.application]

    def add(self, slot: int, messages: Sequence[SignedMessage] = ()) -> None:
        """Make the block of a slot with some messages, and write it to the file.

        Raises RuleError where a message breaks a rule, StoreError where the file cannot be written, and ConfigError
        where no reveal is left.
        """
        state, earlier = process_slots(self._state, slot), self._state
        sign = partial(self._key.sign, state.chain_id)
        reveal = self._reveals.get_reveal(state.members[0], slot)
        if reveal is None:
            raise ConfigError(
                [f"{self._store.path}: was left for years, and its reveals have ended: begin another one"]
            )
        renewal = self._reveals.renew(state, 0, sign)
        # The vote of the slot before: made after what was the head then, whether or not that slot has a block.
        vote = build_vote(process_slots(earlier, slot - 1), 0, sign)
        body = select_body(state, [vote], (), [*([] if renewal is None else [renewal]), *messages])
        after = process_contents(self._application.process_messages, state, reveal, body)
        block = seal_block(state, after, reveal, body, sign)
        check_own_block(state, block)
        self._state = with_head(after, block.signed_header.header)
        self._application.keep_only(self._state.application)
        self._numbers[self._state.head] = self._state.blocks
        snapshot = take_snapshot(self._state.blocks, earlier, self._state, self.books)
        self._store.append(block, {}, finalized=self._finalized, snapshot=encode(snapshot))

    def make_final(self, block: int, slot: int) -> None:
        """Add empty blocks, of slots up to one that has begun, until a block is final."""
        # The vote of the slot after a block is the first one for it, so its own next slot would bring none.
        following = self.slot + (2 if self._state.blocks == block else 1)
        while self._finalized < block and following <= slot:
            self.add(following)
            following += 1

    @property
    def _finalized(self) -> int:
        return self._numbers[self._state.finalized.root]


def _renewals(store: Store) -> Iterator[RevealRenewal]:
    for _, _, data in store.each_block():
        for one in decode(data, Block).body.messages:
            if isinstance(one.message, RevealRenewal):
                yield one.message
