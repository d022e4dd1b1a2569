"""The shipped rules on branches whose blocks are labels.

A branch is a shipped `State`. Two things are left out of it: digests of blocks, in whose place stand labels such as
"left, before epoch 3", and the bits that tell who has voted, which the model keeps by validator. Whatever happens to a
branch is done by the shipped functions to a whole state, with real signatures. Their answers are remembered, so that
each is asked once for the same arguments.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

from msgspec.structs import replace

from simulator.ledger.consensus import proposal, slashing, transition, votes
from simulator.ledger.consensus.state import State, compute_start_slot, get_epoch
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import Attestation, AttestationData, Checkpoint, DoubleVote
from tests.simulator.ledger.consensus.chain import signer
from tests.simulator.ledger.consensus.cluster import first_state
from tests.simulator.ledger.consensus.model.laws import find_broken_law
from tests.simulator.ledger.consensus.model.settings import COMMON, LEFT, RIGHT, Setting, label, mirrored

SLOTS = 4
"""Slots of an epoch in the model. Votes are of the first, blocks of the second."""

PRESENT, PREVIOUS = 1, 2
"""Bits of a validator on a branch: its vote of the present epoch is included, or that of the last one."""


def in_order(mask: int) -> list[int]:
    """Return the numbers of the bits that are set."""
    return [number for number in range(mask.bit_length()) if mask >> number & 1]


class Rules:
    """The shipped functions on small numbers: of branches without voters, and of votes whoever signs them."""

    def __init__(self, setting: Setting) -> None:
        """Number all votes that can be signed: any source, any target, and a slot of any epoch."""
        self.setting = setting
        start = first_state(setting.stakes, slots_per_epoch=SLOTS)
        origin = Checkpoint(epoch=0, root=label(COMMON, 0))
        self.start = replace(
            start,
            chain_id=origin.root,
            head=origin.root,
            target=origin,
            previous_target=origin,
            justified=origin,
            previous_source=origin,
            finalized=origin,
        )
        self.votes = tuple(self._all_votes(origin))
        self.numbers = {one: number for number, one in enumerate(self.votes)}
        self.branches: list[State] = []
        self._branches: dict[State, int] = {}
        self.signed_on = cache(self._signed_on)
        self.accepted = cache(self._accepted)
        self.include = cache(self._include)
        self.advance = cache(self._advance)
        self.convict = cache(self._convict)
        self.mirror = cache(self._mirror)
        self.mirror_votes = cache(self._mirror_votes)
        self.allowed_after = cache(self._allowed_after)
        self.offended_by = cache(self._offended_by)
        self.targets_from = cache(self._targets_from)

    def _all_votes(self, origin: Checkpoint) -> Iterator[AttestationData]:
        epochs = range(1, self.setting.checkpoints + 1)
        sides = (COMMON, LEFT, RIGHT) if self.setting.forks_late else (LEFT, RIGHT)
        places = [Checkpoint(epoch=epoch, root=label(side, epoch)) for side, epoch in product(sides, epochs)]
        for target, source, epoch in product(places, (origin, *places), epochs):
            yield AttestationData(validator=0, slot=epoch * SLOTS, head=target.root, source=source, target=target)

    def number(self, state: State) -> int:
        """Return the number of a branch, which is the same whoever has voted on it."""
        nobody = bytes(len(self.setting.stakes))
        bare = replace(state, voters=nobody, previous_voters=nobody)
        found = self._branches.get(bare)
        if found is None:
            found = self._branches[bare] = len(self.branches)
            self.branches.append(bare)
        return found

    def whole(self, branch: int, bits: tuple[int, ...]) -> State:
        """Return the shipped state of a branch on which these validators' votes are included."""
        return replace(
            self.branches[branch],
            voters=bytes(one & PRESENT for one in bits),
            previous_voters=bytes(one >> 1 & 1 for one in bits),
        )

    def epoch(self, branch: int) -> int:
        """Return the epoch that a branch has reached."""
        return get_epoch(self.branches[branch])

    def is_slashed(self, branch: int, validator: int) -> bool:
        """Tell whether a validator is slashed on a branch."""
        return self.branches[branch].members[validator].slashed

    def signed(self, vote: int, validator: int) -> Attestation:
        """Return a vote, signed by a validator."""
        data = replace(self.votes[vote], validator=validator)
        return Attestation(data=data, signature=signer(self.start.chain_id, validator)(data))

    def _signed_on(self, branch: int) -> int:
        """Return the vote that an honest validator builds who sees a branch (`build_vote`)."""
        state = self.branches[branch]
        built = proposal.build_vote(replace(state, slot=state.slot - 1), 0, signer(state.chain_id, 0))
        return self.numbers[built.data]

    def _accepted(self, branch: int, validator: int, bits: int) -> int:
        """Return the mask of a validator's votes that may stand in the next block of a branch (`check_vote`)."""
        state = self.whole(branch, self._alone(validator, bits))
        return sum(1 << number for number, one in enumerate(self.votes) if is_accepted(state, one, validator))

    def _include(self, branch: int, validator: int, bits: int, vote: int) -> int:
        """Return the validator's bits once a block of the branch holds its vote (`process_votes`)."""
        before = self.whole(branch, self._alone(validator, bits))
        after = votes.process_votes(before, [self.signed(vote, validator)])
        if self.number(after) != branch:
            raise AssertionError("a vote has changed more than who has voted")
        return after.voters[validator] | after.previous_voters[validator] << 1

    def _alone(self, validator: int, bits: int) -> tuple[int, ...]:
        return tuple(bits if index == validator else 0 for index in range(len(self.setting.stakes)))

    def _advance(self, branch: int, side: int, bits: tuple[int, ...]) -> tuple[int, int]:
        """Return the branch in its next epoch (`process_slots`), and the number of the law that broke on the way."""
        before, following = self.whole(branch, bits), self.epoch(branch) + 1
        headed = replace(before, head=label(side, following))
        after = transition.process_slots(headed, compute_start_slot(before.config, following) + 1)
        number = self.number(after)
        return number, find_broken_law(before, after)

    def _convict(self, branch: int, validator: int) -> int:
        """Return the branch once a block of it holds evidence against a validator (`process_evidence`)."""
        vote = replace(self.votes[0], validator=validator)
        sign = signer(self.start.chain_id, validator)
        first, second = (Attestation(data=one, signature=sign(one)) for one in (vote, replace(vote, head=bytes(32))))
        state = self.branches[branch]
        return self.number(slashing.process_evidence(state, DoubleVote(first=first, second=second)))

    def _mirror(self, branch: int) -> int:
        """Return the branch on which left and right have changed places."""
        state = self.branches[branch]
        return self.number(
            replace(
                state,
                head=mirrored(Checkpoint(epoch=0, root=state.head)).root,
                target=mirrored(state.target),
                previous_target=mirrored(state.previous_target),
                justified=mirrored(state.justified),
                previous_source=mirrored(state.previous_source),
                finalized=mirrored(state.finalized),
            )
        )

    def _mirror_votes(self, mask: int) -> int:
        """Return the mask of votes in which left and right have changed places."""
        return sum(1 << self._mirror_vote(number) for number in in_order(mask))

    def _mirror_vote(self, vote: int) -> int:
        data = self.votes[vote]
        target = mirrored(data.target)
        return self.numbers[replace(data, head=target.root, source=mirrored(data.source), target=target)]

    def _allowed_after(self, vote: int | None) -> int:
        """Return the mask of votes that an honest validator may sign after its last one (`is_safe_to_sign`)."""
        last = None if vote is None else self.votes[vote]
        return sum(1 << number for number, one in enumerate(self.votes) if proposal.is_safe_to_sign(one, last))

    def _offended_by(self, vote: int) -> int:
        """Return the mask of votes each of which, with this one, convicts who signed both (`find_vote_offence`)."""
        mine = Attestation(data=self.votes[vote], signature=bytes(64))
        return sum(
            1 << number
            for number, one in enumerate(self.votes)
            if slashing.find_vote_offence(mine, Attestation(data=one, signature=bytes(64)))
        )

    def _targets_from(self, epoch: int) -> int:
        """Return the mask of votes for targets of an epoch or later."""
        return sum(1 << number for number, one in enumerate(self.votes) if one.target.epoch >= epoch)


def is_accepted(state: State, vote: AttestationData, validator: int) -> bool:
    """Tell whether a block for the slot of a state may hold a validator's vote."""
    try:
        votes.check_vote(state, replace(vote, validator=validator))
    except RuleError:
        return False
    return True
