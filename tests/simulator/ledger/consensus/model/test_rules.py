"""The branches of the model are those of real blocks, and leave out nothing that a rule asks for."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.ledger.consensus.proposal import build_vote
from simulator.ledger.consensus.state import State, compute_start_slot, get_block_proposer, get_epoch
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.consensus.votes import note_vote
from simulator.ledger.record.types import Attestation, Body, Checkpoint, DoubleVote, Evidence
from tests.simulator.ledger.consensus.chain import extend, signer, vote
from tests.simulator.ledger.consensus.cluster import first_state
from tests.simulator.ledger.consensus.model.check import Check, Order
from tests.simulator.ledger.consensus.model.rules import PRESENT, PREVIOUS, SLOTS, Rules, in_order, is_accepted
from tests.simulator.ledger.consensus.model.settings import COMMON, LEFT, RIGHT, Setting, label

pytestmark = pytest.mark.slow

SETTING = Setting(stakes=(3, 2, 2, 2), faulty=frozenset({3}), checkpoints=4, forks_late=True, evidence=True)
NEVER, AT_ONCE, LATE = range(3)
CHOICES = st.lists(st.tuples(*[st.sampled_from([NEVER, AT_ONCE, AT_ONCE, LATE])] * 4), min_size=6, max_size=6)


class Pair:
    """One branch twice: as real blocks, and in the model. `names` has the real checkpoints by those of the model."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.real = first_state(SETTING.stakes, slots_per_epoch=SLOTS)
        self.number = rules.number(rules.start)
        self.bits: tuple[int, ...] = (0, 0, 0, 0)
        self.names = {rules.start.target: self.real.target}

    def go_on(self, side: int) -> None:
        """Let both go on to the next epoch, after one more block where a validator that is not slashed may make it."""
        epoch = get_epoch(self.real) + 1
        at = process_slots(self.real, compute_start_slot(self.real.config, epoch) - 1)
        if not at.members[get_block_proposer(at)].slashed:
            self.real = extend(self.real, at.slot)
        self.real = process_slots(self.real, compute_start_slot(self.real.config, epoch))
        self.number, broken = self.rules.advance(self.number, side, self.bits)
        self.bits = tuple(one << 1 & PREVIOUS for one in self.bits)
        self.names[Checkpoint(epoch=epoch, root=label(side, epoch))] = self.real.target
        assert broken == 0

    def hold(self, cast: list[Attestation], guilty: int | None) -> None:
        """Let a block of each hold votes, and evidence against a validator."""
        evidence: list[Evidence] = []
        if guilty is not None:
            data = build_vote(self.real, guilty, signer(self.real.chain_id, guilty)).data
            evidence = [DoubleVote(first=vote(data, self.real), second=vote(replace(data, head=bytes(32)), self.real))]
            self.number = self.rules.convict(self.number, guilty)
        slot = compute_start_slot(self.real.config, get_epoch(self.real)) + 1
        self.real = extend(self.real, slot, Body(attestations=tuple(cast), evidence=tuple(evidence)))
        for one in cast:
            index = one.data.validator
            bits = self.rules.include(self.number, index, self.bits[index], self.find(one))
            self.bits = (*self.bits[:index], bits, *self.bits[index + 1 :])

    def find(self, cast: Attestation) -> int:
        """Return the number of a real vote in the model."""
        models = {real: model for model, real in self.names.items()}
        source, target = models[cast.data.source], models[cast.data.target]
        found = [
            number
            for number, one in enumerate(self.rules.votes)
            if (one.source, one.target, one.slot // SLOTS) == (source, target, cast.data.slot // SLOTS)
        ]
        assert len(found) == 1
        return found[0]

    def compare(self) -> None:
        """See that both are the same but for the names of blocks, and accept the same votes."""
        model = self.rules.whole(self.number, self.bits)
        for name in ("stakes", "previous_stakes", "burnt", "justified_epochs", "voters", "previous_voters"):
            assert getattr(model, name) == getattr(self.real, name)
        for name in ("target", "previous_target", "justified", "previous_source", "finalized"):
            assert self.names[getattr(model, name)] == getattr(self.real, name)
        assert [(one.deposit, one.slashed) for one in model.members] == [
            (one.deposit, one.slashed) for one in self.real.members
        ]
        for index in range(len(SETTING.stakes)):
            assert self.rules.accepted(self.number, index, self.bits[index]) == self.accepted(index)

    def accepted(self, validator: int) -> int:
        """Return the mask of the votes that the real branch accepts, as far as their checkpoints are real."""
        at = process_slots(self.real, compute_start_slot(self.real.config, get_epoch(self.real)) + 1)
        real = (
            (number, replace(one, source=self.names[one.source], target=self.names[one.target]))
            for number, one in enumerate(self.rules.votes)
            if one.source in self.names and one.target in self.names
        )
        return sum(1 << number for number, data in real if is_accepted(at, data, validator))


RULES = Rules(SETTING)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([LEFT, RIGHT]), st.integers(0, 2), CHOICES, st.integers(0, 5), st.integers(0, 3))
def test_a_branch_of_the_model_is_one_of_real_blocks(
    side: int, common: int, choices: list[tuple[int, ...]], convicted_in: int, guilty: int
) -> None:
    """On any chain, with votes at once, late or never, and a validator slashed in any epoch."""
    pair, late = Pair(RULES), list[Attestation]()
    pair.compare()
    for epoch, choice in enumerate(choices):
        pair.go_on(COMMON if epoch < common else side)
        pair.compare()
        cast = [build_vote(pair.real, index, signer(pair.real.chain_id, index)) for index in range(4)]
        cast = cast if epoch < SETTING.checkpoints else []
        for one in cast:
            assert pair.find(one) == RULES.signed_on(pair.number)
        now = [*late, *(one for one in cast if choice[one.data.validator] == AT_ONCE)]
        out = guilty if epoch == convicted_in else None
        able = [one for one in now if one.data.validator != out and not pair.real.members[one.data.validator].slashed]
        pair.hold(able, out)
        pair.compare()
        late = [one for one in cast if choice[one.data.validator] == LATE]


def test_a_vote_asks_for_and_changes_the_bits_of_its_validator_alone() -> None:
    """So the model may ask for each validator by itself, and let votes of others come before or after."""
    check = Check(Setting(checkpoints=2, stakes=(1, 1, 1), faulty=frozenset({2})), Order.IN_TURN)
    check.run()
    rules = check.rules
    for branch, bits in product(range(len(rules.branches)), product(range(4), repeat=3)):
        state = rules.whole(branch, bits)
        for index in range(3):
            alone = rules.accepted(branch, index, bits[index])
            for number in in_order(alone):
                data = replace(rules.votes[number], validator=index)
                assert is_accepted(state, data, index)
                after = note_vote(state, data)
                expected = rules.include(branch, index, bits[index], number)
                assert after == rules.whole(branch, (*bits[:index], expected, *bits[index + 1 :]))


def test_a_state_of_a_branch_and_its_bits_are_told_apart() -> None:
    rules = Rules(Setting(checkpoints=1))
    branch, _ = rules.advance(rules.number(rules.start), LEFT, (0,) * 4)
    voted: State = rules.whole(branch, (PRESENT, PREVIOUS, PRESENT | PREVIOUS, 0))
    assert (voted.voters, voted.previous_voters) == (bytes([1, 0, 1, 0]), bytes([0, 1, 1, 0]))
    assert rules.number(voted) == branch
    assert rules.mirror(rules.mirror(branch)) == branch != rules.mirror(branch)
