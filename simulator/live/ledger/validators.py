"""The validators of a live run, in one process: each proposes, votes and signs for itself, and they check a block once.

They share one view of the chain, as there is no network between them that could divide it. Nothing of the chain's
rules is left out: contents are carried out as the block is made, and its header is checked before it is the head.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from exporter.core.logs import Seldom
from simulator.ledger.application import Application
from simulator.ledger.booking.state import State as Books
from simulator.ledger.booking.transition import Admission
from simulator.ledger.booking.verification import Executor
from simulator.ledger.consensus.proposal import Identity, build_vote, is_safe_to_sign, seal_block, select_body
from simulator.ledger.consensus.renewal import Reveals
from simulator.ledger.consensus.state import State, get_block_proposer, get_genesis_state, with_head
from simulator.ledger.consensus.transition import (
    Outcome,
    Surroundings,
    check_own_block,
    process_contents,
    process_slots,
)
from simulator.ledger.file.snapshot import take_snapshot
from simulator.ledger.record.codec import encode
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Attestation,
    AttestationData,
    Block,
    Genesis,
    RevealRenewal,
    SignedMessage,
)

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A block that became the head: the number of the last final block after it, and the snapshot of its state.

    Of the messages that were offered, the first `taken` are in it or were refused. The snapshot can be had until the
    next block.
    """

    block: Block
    taken: int
    finalized: int
    snapshot: Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A block, the state after it, and how many of the messages that were offered had room."""

    block: Block
    after: State
    taken: int


@dataclass(frozen=True, slots=True)
class Place:
    """Place of a block: its number in the chain, and its slot."""

    number: int
    slot: int


class Validators:
    """All validators of a chain, and the chain as they know it."""

    def __init__(
        self,
        genesis: Genesis,
        identities: Sequence[Identity],
        execute: Executor,
        cpu: Callable[[], float],
        application: Application | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin a chain. `cpu` tells the CPU time of this thread; an `application` takes the place of the usual one."""
        self.application = Application(genesis, execute) if application is None else application
        self.state: State = get_genesis_state(genesis, self.application.root)
        self.rejected: Counter[Rule] = Counter()
        self.verify_seconds = 0.0
        self.execute = execute
        self._identities = identities
        self._reveals = [Reveals(one.reveals) for one in identities]
        self._cpu = cpu
        self._votes: list[Attestation] = []
        self._last: dict[int, AttestationData] = {}
        self._places = {self.state.head: Place(0, 0)}
        self._monotonic = monotonic
        self._lines = Seldom()

    @property
    def ledger(self) -> Books:
        """The state of what blocks record."""
        return self.application.states[self.state.application]

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return self.state.blocks

    @property
    def finalized(self) -> Place:
        """The place of the last final block."""
        return self._places[self.state.finalized.root]

    def take_up(
        self, state: State, recorded: Books, places: Mapping[bytes, Place], renewals: Iterable[RevealRenewal]
    ) -> None:
        """Go on from a state of this chain that was kept; `places` and `renewals` are those of its blocks.

        Votes for its head are made again, the same as before: no block has them yet.
        """
        self.state = state
        self.application.states = {state.application: recorded}
        final = places[state.finalized.root].number
        self._places = {root: place for root, place in places.items() if place.number >= final}
        for one in renewals:
            self._reveals[one.validator].follow(one)
        self._vote()

    def propose(self, slot: int, messages: Sequence[SignedMessage]) -> Added | None:
        """Have the slot's block made, checked and voted for.

        Messages that break a rule are left out of it, and counted. None where the proposer has lost its stake, and
        where no block can be made; then the rule is counted, and logged at the first time, as is the next block.
        """
        begin = self._cpu()
        try:
            made = self._make(process_slots(self.state, slot), messages)
        except RuleError as error:
            self.rejected[error.rule] += 1
            if self._lines.changes(self._monotonic(), error.rule):
                LOG.warning("the ledger makes no block: %s", error)
            return None
        if self._lines.changes(self._monotonic(), ""):
            LOG.info("the ledger makes blocks again")
        return None if made is None else self._add(made, self._cpu() - begin)

    def _add(self, made: _Made, seconds: float) -> Added:
        """Let a block be the head, and all validators vote for it."""
        earlier, after, slot = self.state, made.after, made.block.signed_header.header.slot
        self.state, self.verify_seconds = after, seconds
        self.application.keep_only(after.application)
        self._places[after.head] = Place(after.blocks, slot)
        final = self.finalized.number
        self._places = {root: place for root, place in self._places.items() if place.number >= final}
        self._vote()

        def snapshot() -> bytes:
            return encode(take_snapshot(after.blocks, earlier, after, self.application.states[after.application]))

        return Added(block=made.block, taken=made.taken, finalized=final, snapshot=snapshot)

    def _make(self, state: State, messages: Sequence[SignedMessage]) -> _Made | None:
        """Return the block of the state's slot with what holds of some messages; None without a proposer.

        Raises RuleError where a block of them breaks a rule.
        """
        index = get_block_proposer(state)
        member, sign = state.members[index], partial(self._identities[index].key.sign, state.chain_id)
        reveal = self._reveals[index].get_reveal(member, state.slot)
        if member.slashed or reveal is None:
            return None
        renewal = self._reveals[index].renew(state, index, sign)
        orders = () if renewal is None else (renewal,)
        body = select_body(state, self._votes, (), (*orders, *messages))
        chosen: list[Admission] = []

        def admit(root: bytes, offered: Sequence[SignedMessage], around: Surroundings) -> Outcome:
            admission, outcome = self.application.admit_messages(root, offered, around)
            chosen.append(admission)
            return outcome

        after = process_contents(admit, state, reveal, body)
        (admission,) = chosen
        body, taken = replace(body, messages=(*orders, *admission.accepted)), len(body.messages) - len(orders)
        block = seal_block(state, after, reveal, body, sign)
        check_own_block(state, block)
        self.rejected += admission.rejected
        return _Made(block=block, after=with_head(after, block.signed_header.header), taken=taken)

    def _vote(self) -> None:
        """Have each validator that has not voted in the epoch yet vote for the head that all have just seen."""
        self._votes = []
        for one in self._identities:
            last = self._last.get(one.index)
            is_early = last is not None and last.target.epoch >= self.state.target.epoch
            if is_early or self.state.voters[one.index]:
                continue
            vote = build_vote(self.state, one.index, partial(one.key.sign, self.state.chain_id))
            if not self.state.members[one.index].slashed and is_safe_to_sign(vote.data, self._last.get(one.index)):
                self._last[one.index] = vote.data
                self._votes.append(vote)
