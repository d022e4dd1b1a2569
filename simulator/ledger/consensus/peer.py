"""A validator as an actor: it knows only what it has received, proposes and votes when it is its turn, and remembers
what it has signed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from simulator.ledger.consensus.fork_choice import View
from simulator.ledger.consensus.memory import Memory, Volatile
from simulator.ledger.consensus.proposal import Identity, build_block, build_vote_data, is_safe_to_sign, select_body
from simulator.ledger.consensus.renewal import Reveals
from simulator.ledger.consensus.state import State, get_block_proposer, get_voting_slot
from simulator.ledger.consensus.transition import ProcessMessages, process_slots
from simulator.ledger.record.codec import digest
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Attestation,
    Block,
    Body,
    RevealRenewal,
    Signable,
    SignedMessage,
    StakeChange,
)

BLOCKS_OF_AN_ANSWER = 256
"""Most blocks with which a validator answers a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Request for a missing block and what lies between it and the slot of the last final block of whoever asks."""

    root: bytes
    above: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Blocks that were asked for, the oldest first."""

    blocks: tuple[Block, ...]


Letter = Block | Attestation | Request | Answer


@dataclass(frozen=True, slots=True)
class Sent:
    """Letter to one validator, or to all others."""

    letter: Letter
    to: int | None = None


class Peer:
    """An honest validator. What it signs is kept in its memory first, so it does not sign twice after a crash.

    `archive` has all blocks that it has taken, and `made_final` the last block that is final by the chain of each.
    """

    def __init__(
        self,
        identity: Identity,
        trusted: State,
        process_messages: ProcessMessages,
        choose_messages: Callable[[State], Sequence[SignedMessage]] = lambda _: (),
        memory: Memory | None = None,
    ) -> None:
        """Begin from a trusted state. `choose_messages` tells what a block that it proposes on a state shall hold.

        Without a `memory`, what it has signed is forgotten with it.
        """
        self.identity = identity
        self.view = View(trusted, process_messages)
        self.rejected: list[Rule] = []
        self._chain_id = trusted.chain_id
        self._process_messages = process_messages
        self._choose_messages = choose_messages
        self.archive: dict[bytes, Block] = {}
        self.made_final: dict[bytes, bytes] = {}
        self._orphans: dict[bytes, Block] = {}
        self._pool: dict[tuple[int, int], Attestation] = {}
        self._reveals = Reveals(identity.reveals)
        self._memory: Memory = Volatile() if memory is None else memory
        self._begun = trusted.slot

    def take_up(self, blocks: Sequence[Block]) -> None:
        """Take blocks that were kept before a restart, the oldest first: those that are final already, to answer with.

        Each has been taken by its own slot, so the present one is not asked.
        """
        for block in blocks:
            header = block.signed_header.header
            self.archive[digest(header)] = block
            self._follow_renewals(block)
            if header.slot > self.view.blocks[self.view.finalized.root].state.slot:
                self._take(block, header.slot, needed=True)

    def on_slot(self, slot: int) -> list[Sent]:
        """Propose a block where it is this validator's turn."""
        state = self._state_at(slot)
        if state is None or slot <= max(self._begun, self._memory.last.proposed):
            return []
        index = self.identity.index
        is_turn = get_block_proposer(state) == index and not state.members[index].slashed
        reveal = self._reveals.get_reveal(state.members[index], slot) if is_turn else None
        if reveal is None:
            return []
        self._memory.keep(replace(self._memory.last, proposed=slot))
        body = self.select_body(state)
        # Orders of a validator are numbered, and one of its own may be among them.
        if not any(isinstance(one.message, StakeChange) for one in body.messages):
            renewal = self._reveals.renew(state, index, self.sign)
            body = body if renewal is None else replace(body, messages=(*body.messages, renewal))
        block = build_block(self._process_messages, state, reveal, body, self.sign)
        self._take(block, slot, needed=False)
        return [Sent(block)]

    def on_vote_time(self, slot: int) -> list[Sent]:
        """Vote, a while after a slot began, where this validator's turn in the epoch has come and it may still."""
        state = self._state_at(slot)
        if state is None or slot < get_voting_slot(state, self.identity.index):
            return []
        data = build_vote_data(state, self.identity.index)
        if not is_safe_to_sign(data, self._memory.last.vote):
            return []
        self._memory.keep(replace(self._memory.last, vote=data))
        vote = Attestation(data=data, signature=self.sign(data))
        self._count(vote, slot)
        return [Sent(vote)]

    def on_letter(self, sender: int, letter: Letter, slot: int) -> list[Sent]:
        """Take what another validator has sent, refuse what breaks a rule, and answer where that is asked for."""
        match letter:
            case Attestation():
                self._count(letter, slot)
                return self._ask_for_head(sender, letter)
            case Block():
                return self._receive(sender, letter, slot)
            case Answer(blocks):
                for block in blocks:
                    self._take(block, slot, needed=True)
                self._adopt_orphans(slot)
            case Request():
                return [Sent(Answer(self._find(letter)), to=sender)]
        return []

    def select_body(self, state: State) -> Body:
        """Return what a block on this state shall hold."""
        return select_body(state, self._pool.values(), self.view.evidence.values(), self._choose_messages(state))

    def sign(self, record: Signable) -> bytes:
        """Return the signature of a record on the chain."""
        return self.identity.key.sign(self._chain_id, record)

    def _state_at(self, slot: int) -> State | None:
        """Return the state of the head at a slot; None where the head itself is of that slot, or of a later one."""
        state = self.view.blocks[self.view.get_head()].state
        return process_slots(state, slot) if slot >= state.slot else None

    def _receive(self, sender: int, block: Block, slot: int) -> list[Sent]:
        """Take a block; where its parent is missing, keep it and ask the sender for what lies between."""
        fault = self._take(block, slot, needed=False)
        if fault is not Rule.WRONG_PARENT:
            self._adopt_orphans(slot)
            return []
        header = block.signed_header.header
        self._orphans[digest(header)] = block
        above = self.view.blocks[self.view.finalized.root].state.slot
        return [Sent(Request(root=header.parent_root, above=above), to=sender)]

    def _ask_for_head(self, sender: int, vote: Attestation) -> list[Sent]:
        """Ask for the head of a vote where it is unknown: nobody else may have what binds its voters."""
        state = self.view.blocks[self.view.finalized.root].state
        if vote.data.head in self.archive or vote.data.head == state.head:
            return []
        return [Sent(Request(root=vote.data.head, above=state.slot), to=sender)]

    def _take(self, block: Block, slot: int, *, needed: bool) -> Rule | None:
        """Add a block to the view, and return the rule that it breaks, if any."""
        try:
            state = self.view.add_block(block, slot, needed=needed)
        except RuleError as error:
            self.rejected.append(error.rule)
            return error.rule
        root = digest(block.signed_header.header)
        self.archive[root], self.made_final[root] = block, state.finalized.root
        self._follow_renewals(block)
        for vote in block.body.attestations:
            self._keep(vote)
        return None

    def _follow_renewals(self, block: Block) -> None:
        """Know the chains of reveals to which it has bound itself, those before a restart too."""
        for one in block.body.messages:
            if isinstance(one.message, RevealRenewal) and one.message.validator == self.identity.index:
                self._reveals.follow(one.message)

    def _adopt_orphans(self, slot: int) -> None:
        """Take the blocks whose parents have come; forget those that have become final history."""
        floor = self.view.blocks[self.view.finalized.root].state.slot
        for root, block in sorted(self._orphans.items(), key=lambda item: item[1].signed_header.header.slot):
            header = block.signed_header.header
            if header.parent_root in self.view.blocks or header.slot <= floor:
                del self._orphans[root]
                self._take(block, slot, needed=False)

    def _find(self, request: Request) -> tuple[Block, ...]:
        """Return the blocks that a request asks for, the oldest first; the oldest of them where they are too many."""
        found: list[Block] = []
        root = request.root
        while (block := self.archive.get(root)) and block.signed_header.header.slot > request.above:
            found.append(block)
            root = block.signed_header.header.parent_root
        return tuple(reversed(found))[:BLOCKS_OF_AN_ANSWER]

    def _count(self, vote: Attestation, slot: int) -> None:
        try:
            self.view.add_vote(vote, slot)
        except RuleError as error:
            self.rejected.append(error.rule)
        else:
            self._keep(vote)

    def _keep(self, vote: Attestation) -> None:
        """Keep a vote for the blocks of its epoch and the next."""
        epoch = vote.data.target.epoch
        if self._pool and epoch > max(known for known, _ in self._pool):
            self._pool = {key: one for key, one in self._pool.items() if key[0] >= epoch - 1}
        self._pool[epoch, vote.data.validator] = vote
