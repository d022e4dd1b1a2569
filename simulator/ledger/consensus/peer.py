"""A validator as an actor: it knows only what it has received, proposes and votes when it is its turn, and remembers
what it has signed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from simulator.ledger.consensus.fork_choice import View
from simulator.ledger.consensus.proposal import Identity, build_block, build_vote, is_safe_to_sign, select_body
from simulator.ledger.consensus.randomness import RevealChain
from simulator.ledger.consensus.state import Member, State, get_block_proposer, get_voting_slot
from simulator.ledger.consensus.transition import ProcessMessages, process_slots
from simulator.ledger.record.codec import digest
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Attestation,
    AttestationData,
    Block,
    Body,
    RevealRenewal,
    Signable,
    SignedMessage,
    StakeChange,
)

BLOCKS_OF_AN_ANSWER = 256
"""Most blocks with which a validator answers a request."""

CHAINS_KEPT = 16
"""Chains of reveals that a validator keeps beside the present one: their renewals may still become final."""


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
    """An honest validator. Its view, and what it has signed last, survive a crash."""

    def __init__(
        self,
        identity: Identity,
        trusted: State,
        process_messages: ProcessMessages,
        choose_messages: Callable[[State], Sequence[SignedMessage]] = lambda _: (),
    ) -> None:
        """Begin from a trusted state. `choose_messages` tells what a block that it proposes on a state shall hold."""
        self.identity = identity
        self.view = View(trusted, process_messages)
        self.rejected: list[Rule] = []
        self._chain_id = trusted.chain_id
        self._process_messages = process_messages
        self._choose_messages = choose_messages
        self.archive: dict[bytes, Block] = {}
        self._orphans: dict[bytes, Block] = {}
        self._pool: dict[tuple[int, int], Attestation] = {}
        self._chains = [identity.reveals]
        self._proposed = trusted.slot
        self._voted: AttestationData | None = None

    def on_slot(self, slot: int) -> list[Sent]:
        """Propose a block where it is this validator's turn."""
        state = self._state_at(slot)
        if state is None or slot <= self._proposed:
            return []
        index = self.identity.index
        chain = self._get_chain(state.members[index])
        if get_block_proposer(state) != index or state.members[index].slashed or chain is None or slot > chain.last:
            return []
        self._proposed = slot
        body = self.select_body(state)
        if self._needs_renewal(state, chain) and not any(isinstance(one.message, StakeChange) for one in body.messages):
            body = replace(body, messages=(*body.messages, self._renew(state, chain)))
        block = build_block(self._process_messages, state, chain.reveal(slot), body, self.sign)
        self._take(block, slot, needed=False)
        return [Sent(block)]

    def on_vote_time(self, slot: int) -> list[Sent]:
        """Vote, a while after a slot began, where this validator's turn in the epoch has come and it may still."""
        state = self._state_at(slot)
        if state is None or slot < get_voting_slot(state, self.identity.index):
            return []
        vote = build_vote(state, self.identity.index, self.sign)
        if not is_safe_to_sign(vote.data, self._voted):
            return []
        self._voted = vote.data
        self._count(vote, slot)
        return [Sent(vote)]

    def on_letter(self, sender: int, letter: Letter, slot: int) -> list[Sent]:
        """Take what another validator has sent, refuse what breaks a rule, and answer where that is asked for."""
        match letter:
            case Attestation():
                self._count(letter, slot)
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

    def _get_chain(self, member: Member) -> RevealChain | None:
        """Return the chain of reveals to which the validator is bound at present."""
        return next((one for one in self._chains if one.leads_to(member.reveal, member.revealed)), None)

    def _needs_renewal(self, state: State, chain: RevealChain) -> bool:
        """Tell whether less than a quarter of a chain is left, and no other one is on its way."""
        waiting = any(one.validator == self.identity.index for one in state.renewals)
        return not waiting and 4 * (chain.last - state.slot) < chain.last - chain.first

    def _renew(self, state: State, chain: RevealChain) -> SignedMessage:
        """Return the message that binds the validator to a new chain of reveals."""
        index, after = self.identity.index, chain.renewed(state.slot)
        self._chains = [chain, *[one for one in self._chains if one is not chain][-CHAINS_KEPT:], after]
        order = RevealRenewal(
            validator=index,
            sequence=state.members[index].changes + 1,
            slot=state.slot,
            commitment=after.commitment,
        )
        return SignedMessage(chain_id=self._chain_id, message=order, signature=self.sign(order))

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

    def _take(self, block: Block, slot: int, *, needed: bool) -> Rule | None:
        """Add a block to the view, and return the rule that it breaks, if any."""
        try:
            self.view.add_block(block, slot, needed=needed)
        except RuleError as error:
            self.rejected.append(error.rule)
            return error.rule
        self.archive[digest(block.signed_header.header)] = block
        for vote in block.body.attestations:
            self._keep(vote)
        return None

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
