"""The validators of a live run, in one process: each proposes, votes and signs for itself, and they check a block once.

They share one view of the chain, as there is no network between them that could divide it. Nothing of the chain's
rules is left out: each block passes the whole transition before it is the head.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from simulator.ledger.application import Application
from simulator.ledger.booking import transition
from simulator.ledger.booking.state import State as Books
from simulator.ledger.booking.verification import Executor
from simulator.ledger.consensus.proposal import Identity, build_block, build_vote, is_safe_to_sign, select_body
from simulator.ledger.consensus.randomness import compute_mix
from simulator.ledger.consensus.state import State, get_block_proposer, get_genesis_state
from simulator.ledger.consensus.transition import process_slots, state_transition
from simulator.ledger.file.snapshot import take_snapshot
from simulator.ledger.record.codec import encode
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Attestation, AttestationData, Block, Body, Genesis, SignedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A block that became the head: the number of the last final block after it, and the snapshot of its state."""

    block: Block
    finalized: int
    snapshot: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Place:
    """Place of a block: its number in the chain, and its slot."""

    number: int
    slot: int


class Validators:
    """All validators of a chain, and the chain as they know it."""

    def __init__(
        self, genesis: Genesis, identities: Sequence[Identity], execute: Executor, cpu: Callable[[], float]
    ) -> None:
        """Begin a chain. `cpu` tells the CPU time of this thread."""
        self.application = Application(genesis, execute)
        self.state: State = get_genesis_state(genesis, self.application.root)
        self.rejected: Counter[Rule] = Counter()
        self.verify_seconds = 0.0
        self.execute = execute
        self._identities = identities
        self._cpu = cpu
        self._votes: list[Attestation] = []
        self._last: dict[int, AttestationData] = {}
        self._places = {self.state.head: Place(0, 0)}

    @property
    def ledger(self) -> Books:
        """The state of what blocks record."""
        return self.application.states[self.state.application]

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return self._places[self.state.head].number

    @property
    def finalized(self) -> Place:
        """The place of the last final block."""
        return self._places[self.state.finalized.root]

    @property
    def last_slot(self) -> int:
        """The last slot for which all validators have a reveal."""
        return min(one.reveals.last for one in self._identities)

    def take_up(self, state: State, recorded: Books, places: Mapping[bytes, Place]) -> None:
        """Go on from a state of this chain that was kept; `places` are those of its blocks."""
        self.state = state
        self.application.states = {state.application: recorded}
        final = places[state.finalized.root].number
        self._places = {root: place for root, place in places.items() if place.number >= final}

    def propose(self, slot: int, messages: Sequence[SignedMessage]) -> Added | None:
        """Have the slot's block made, checked and voted for. None where its proposer has lost its stake.

        Messages that break a rule are left out of it, and counted.
        """
        before = process_slots(self.state, slot)
        index = get_block_proposer(before)
        if before.members[index].slashed:
            return None
        block = self._build(before, self._identities[index], messages)
        begin = self._cpu()
        after = state_transition(self.application.process_messages, self.state, block)
        self.verify_seconds = self._cpu() - begin
        earlier, self.state = self.state, after
        self.application.keep_only(after.application)
        number = self._places[earlier.head].number + 1
        self._places[after.head] = Place(number, slot)
        final = self.finalized.number
        self._places = {root: place for root, place in self._places.items() if place.number >= final}
        self._vote()

        def snapshot() -> bytes:
            return encode(take_snapshot(number, earlier, after, self.application.states[after.application]))

        return Added(block=block, finalized=final, snapshot=snapshot)

    def _build(self, state: State, proposer: Identity, messages: Sequence[SignedMessage]) -> Block:
        reveal = proposer.reveals.reveal(state.slot)
        process = self.application.process_messages

        def signed(body: Body) -> Block:
            return build_block(process, state, reveal, body, partial(proposer.key.sign, state.chain_id))

        votes = select_body(state, self._votes, ()).attestations
        try:
            return signed(Body(attestations=votes, messages=tuple(messages)))
        except RuleError:
            around = self.application.surroundings(state.slot, compute_mix(state.mix, reveal))
            admission = transition.admit(self.application.states[state.application], messages, around)
            self.rejected += admission.rejected
            return signed(Body(attestations=votes, messages=admission.accepted))

    def _vote(self) -> None:
        """Have each validator vote for the head that all have just seen."""
        self._votes = []
        for one in self._identities:
            vote = build_vote(self.state, one.index, partial(one.key.sign, self.state.chain_id))
            if not self.state.members[one.index].slashed and is_safe_to_sign(vote.data, self._last.get(one.index)):
                self._last[one.index] = vote.data
                self._votes.append(vote)
