"""Bugs in the shipped functions, to see that the check finds them: in the rules of finality, votes and slashing."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from msgspec.structs import replace

from simulator.ledger.consensus import finality, proposal, slashing, transition, votes
from simulator.ledger.consensus.finality import (
    LONGEST_FINAL_STEP,
    Step,
    get_steps,
    get_weight,
    is_supermajority,
    process_justification,
)
from simulator.ledger.consensus.slashing import is_double_vote, is_surround_vote
from simulator.ledger.consensus.state import State, compute_epoch, get_epoch, get_member
from simulator.ledger.consensus.transition import process_epoch
from simulator.ledger.consensus.votes import check_vote, is_current
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Attestation, AttestationData, Checkpoint, DoubleVote, SurroundVote
from tests.simulator.ledger.consensus.model.check import ACCOUNTABLE, HONEST, LAWFUL
from tests.simulator.ledger.consensus.model.settings import Setting


@dataclass(frozen=True, slots=True)
class Mutant:
    """Bug: the name by which a module calls a function, what stands in its place, and the invariant that it breaks.

    `breaks` is empty for a change that the safety of votes survives.
    """

    module: ModuleType
    name: str
    stand_in: object
    breaks: str
    setting: Setting


FEW = Setting(checkpoints=2)
"""Four validators, one of them faulty: no fork at all may exist."""

FOUR_EPOCHS = Setting(stakes=(1, 1, 1), faulty=frozenset())
"""Three honest validators, for bugs that need no faulty one but time."""

THIRD = Setting(stakes=(1, 1, 1), faulty=frozenset({2}), checkpoints=2)
"""A third of the stake is faulty: forks exist, and have to convict it."""

ALMIGHTY = Setting(stakes=(1, 2), faulty=frozenset({1}))
"""A faulty validator decides alone, and has four epochs to find a way that convicts it of nothing."""

UNEQUAL = Setting(stakes=(3, 3, 1, 1), faulty=frozenset({2, 3}), checkpoints=2)
"""Two of four validators are faulty, with less than a third of the stake."""

SLASHING = Setting(stakes=(1, 1, 1), faulty=frozenset({2}), checkpoints=1, evidence=True)


def half_is_enough(weight: int, total: int) -> bool:
    return 2 * weight >= total > 0


def two_thirds_are_too_few(weight: int, total: int) -> bool:
    return 3 * weight > 2 * total


def slashed_weight_counts(state: State, voters: bytes, stakes: tuple[int, ...]) -> int:
    return sum(stake for voted, stake in zip(voters, stakes, strict=True) if voted)


def heads_are_counted(state: State, voters: bytes, stakes: tuple[int, ...]) -> int:
    return sum(stakes) * sum(voters) // len(voters)


def any_step_is_final(step: Step, justified_epochs: set[int]) -> bool:
    return True


def nothing_between_is_asked_for(step: Step, justified_epochs: set[int]) -> bool:
    return step.target.epoch - step.source.epoch <= LONGEST_FINAL_STEP


def steps_of_both_epochs_together(state: State) -> list[Step]:
    both = bytes(one | other for one, other in zip(state.voters, state.previous_voters, strict=True))
    steps = ((Step(state.previous_source, state.previous_target), both), (Step(state.justified, state.target), both))
    return [
        step
        for step, voters in steps
        if step.target.epoch > step.source.epoch
        and is_supermajority(get_weight(state, voters, state.stakes), sum(state.stakes))
    ]


def late_votes_count_from_the_present_source(state: State) -> list[Step]:
    """Take the last epoch's votes for a step from what is justified now."""
    return get_steps(replace(state, previous_source=state.justified))


def the_target_is_final(state: State) -> State:
    after = process_justification(state)
    return replace(after, finalized=after.justified)


def the_last_step_counts(state: State) -> State:
    """Return a state whose justified checkpoint may go back: that of the first step, not the latest."""
    after, steps = process_justification(state), get_steps(state)
    return replace(after, justified=steps[0].target if steps else after.justified)


def _check(state: State, vote: AttestationData, which: Callable[[Checkpoint, Checkpoint], bool]) -> None:
    """Check a vote as the shipped function does, but by another test of its step."""
    get_member(state, vote.validator)
    current = is_current(state, vote)
    source, target = (state.justified, state.target) if current else (state.previous_source, state.previous_target)
    voters = state.voters if current else state.previous_voters
    if not which(source, target) or voters[vote.validator]:
        raise RuleError(Rule.BAD_ATTESTATION, "a step that this chain does not take")


def any_source_will_do(state: State, vote: AttestationData) -> None:
    _check(state, vote, lambda _, target: vote.target == target)


def any_target_will_do(state: State, vote: AttestationData) -> None:
    _check(state, vote, lambda source, _: vote.source == source)


def a_second_vote_is_taken(state: State, vote: AttestationData) -> None:
    nobody = bytes(len(state.members))
    check_vote(replace(state, voters=nobody, previous_voters=nobody), vote)


def any_slot_will_do(state: State, vote: AttestationData) -> bool:
    return compute_epoch(state.config, vote.slot) == get_epoch(state)


def late_votes_are_for_the_present(state: State, vote: AttestationData) -> State:
    voters = bytearray(state.voters)
    voters[vote.validator] = 1
    return replace(state, voters=bytes(voters))


def all_votes_stay(state: State) -> State:
    """Count the votes of an epoch in the next one too."""
    return replace(process_epoch(state), voters=state.voters)


def anything_is_safe(vote: AttestationData, last: AttestationData | None) -> bool:
    return True


def a_second_vote_is_safe(vote: AttestationData, last: AttestationData | None) -> bool:
    return last is None or (last.target.epoch <= vote.target.epoch and last.source.epoch <= vote.source.epoch)


def a_source_may_go_back(vote: AttestationData, last: AttestationData | None) -> bool:
    return last is None or last.target.epoch < vote.target.epoch


def never(first: AttestationData, second: AttestationData) -> bool:
    return False


def behind_in_both(first: AttestationData, second: AttestationData) -> bool:
    return first.source.epoch < second.source.epoch and first.target.epoch < second.target.epoch


def from_the_same_source(first: AttestationData, second: AttestationData) -> bool:
    return first.source.epoch <= second.source.epoch and second.target.epoch < first.target.epoch


def in_one_order_alone(one: Attestation, other: Attestation) -> DoubleVote | SurroundVote | None:
    if is_double_vote(one.data, other.data):
        return DoubleVote(first=one, second=other)
    return SurroundVote(first=one, second=other) if is_surround_vote(one.data, other.data) else None


MUTANTS = {
    "half the stake justifies": Mutant(finality, "is_supermajority", half_is_enough, ACCOUNTABLE, FEW),
    "exactly two thirds do not justify": Mutant(finality, "is_supermajority", two_thirds_are_too_few, LAWFUL, THIRD),
    "heads are counted, not stake": Mutant(finality, "get_weight", heads_are_counted, ACCOUNTABLE, UNEQUAL),
    "slashed weight counts": Mutant(finality, "get_weight", slashed_weight_counts, LAWFUL, SLASHING),
    "any step is final": Mutant(finality, "is_final_step", any_step_is_final, ACCOUNTABLE, FOUR_EPOCHS),
    "a final step may leave something out": Mutant(
        finality, "is_final_step", nothing_between_is_asked_for, ACCOUNTABLE, FOUR_EPOCHS
    ),
    "a vote counts in two epochs": Mutant(finality, "get_steps", steps_of_both_epochs_together, ACCOUNTABLE, FEW),
    "a step begins at what is justified later": Mutant(
        finality, "get_steps", late_votes_count_from_the_present_source, ACCOUNTABLE, FOUR_EPOCHS
    ),
    "a target is final at once": Mutant(transition, "process_justification", the_target_is_final, ACCOUNTABLE, FEW),
    "what is justified goes back": Mutant(transition, "process_justification", the_last_step_counts, LAWFUL, FEW),
    "votes are counted again in the next epoch": Mutant(transition, "process_epoch", all_votes_stay, LAWFUL, FEW),
    "the source of a vote is not checked": Mutant(votes, "check_vote", any_source_will_do, ACCOUNTABLE, ALMIGHTY),
    "the target of a vote is not checked": Mutant(votes, "check_vote", any_target_will_do, ACCOUNTABLE, FOUR_EPOCHS),
    "a late vote counts for the present epoch": Mutant(
        votes, "note_vote", late_votes_are_for_the_present, ACCOUNTABLE, FOUR_EPOCHS
    ),
    "anything is safe to sign": Mutant(proposal, "is_safe_to_sign", anything_is_safe, HONEST, FEW),
    "a second vote is safe to sign": Mutant(proposal, "is_safe_to_sign", a_second_vote_is_safe, HONEST, FEW),
    "a source may go back": Mutant(proposal, "is_safe_to_sign", a_source_may_go_back, HONEST, FOUR_EPOCHS),
    "double votes are not seen": Mutant(slashing, "is_double_vote", never, ACCOUNTABLE, THIRD),
    "surround votes are not seen": Mutant(slashing, "is_surround_vote", never, ACCOUNTABLE, ALMIGHTY),
    "surround votes are seen the wrong way round": Mutant(slashing, "is_surround_vote", behind_in_both, HONEST, FEW),
    "votes from one source surround each other": Mutant(
        slashing, "is_surround_vote", from_the_same_source, HONEST, FEW
    ),
    "evidence is sought in one order of votes": Mutant(
        slashing, "find_vote_offence", in_one_order_alone, ACCOUNTABLE, ALMIGHTY
    ),
}
"""Bugs by what they do. Each breaks an invariant."""

HARMLESS = {
    "a second vote is taken": Mutant(votes, "check_vote", a_second_vote_is_taken, "", FEW),
    "any slot will do": Mutant(votes, "is_current", any_slot_will_do, "", FEW),
    "a final step may take three epochs": Mutant(finality, "LONGEST_FINAL_STEP", 3, "", FOUR_EPOCHS),
}
"""Changes that safety survives. A vote is one bit, however often it comes; its target is compared with that of the
branch, whatever its slot; and a longer step is as safe, where all that lies between is justified."""
