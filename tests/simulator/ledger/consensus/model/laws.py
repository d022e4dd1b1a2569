"""Laws that the step of a branch to its next epoch keeps, told apart from the functions that are checked."""

from collections.abc import Sequence

from simulator.ledger.consensus.state import State

LAWS = (
    "all laws are kept",
    "what is justified or final stays so",
    "what is final was justified before",
    "a vote counts for the epoch of its target alone",
    "what is justified has the votes of two thirds of the stake, without the slashed",
    "what has the votes of two thirds of the stake, without the slashed, is justified",
)
"""Laws by number."""


def find_broken_law(before: State, after: State) -> int:
    """Return the number of the law that a step from one epoch to the next breaks; 0 where all are kept."""
    supported = {before.justified}
    if _has_two_thirds(before, before.voters, before.stakes):
        supported.add(before.target)
    if _has_two_thirds(before, before.previous_voters, before.previous_stakes):
        supported.add(before.previous_target)
    kept = (
        True,
        after.justified.epoch >= before.justified.epoch and after.finalized.epoch >= before.finalized.epoch,
        after.finalized.epoch <= before.justified.epoch,
        (after.voters, after.previous_voters) == (bytes(len(before.voters)), before.voters),
        after.justified in supported,
        after.justified.epoch >= max(one.epoch for one in supported),
    )
    return (*kept, False).index(False) % len(LAWS)


def _has_two_thirds(state: State, voters: bytes, stakes: Sequence[int]) -> bool:
    """Tell whether voters that are not slashed hold two thirds of the stake, counted by hand."""
    counted = [
        stake for stake, voted, one in zip(stakes, voters, state.members, strict=True) if voted and not one.slashed
    ]
    return 3 * sum(counted) >= 2 * sum(stakes)
