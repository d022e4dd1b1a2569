"""Justification and finality: two thirds of the stake bind a chain to its checkpoints.

A checkpoint is justified once validators with two thirds of the stake or more have voted for the step to it from a
justified one. It is final once such a step leads from it to the next epoch's checkpoint, or to the one after where that
between them is justified as well. Two conflicting final checkpoints then need validators with a third of the stake that
signed two votes which evidence convicts (Buterin and Griffith, arXiv 1710.09437; Buterin and others, arXiv 2003.03052).
"""

from typing import NamedTuple

from msgspec.structs import replace

from simulator.ledger.consensus.state import State, get_epoch
from simulator.ledger.record.types import Checkpoint

REMEMBERED_EPOCHS = 4
"""Epochs whose justification the state remembers: those between which a step that makes final may lie."""

LONGEST_FINAL_STEP = 2
"""Epochs that a step which makes its source final may take. Longer ones would be as safe, and need a longer memory."""


class Step(NamedTuple):
    """Step from one checkpoint to a later one."""

    source: Checkpoint
    target: Checkpoint


def is_supermajority(weight: int, total: int) -> bool:
    """Tell whether a weight is two thirds of the total or more: with exactly a third offline the chain goes on."""
    return 3 * weight >= 2 * total > 0


def get_weight(state: State, voters: bytes, stakes: tuple[int, ...]) -> int:
    """Return the stake of all voters that are not slashed."""
    voting = zip(voters, stakes, state.members, strict=True)
    return sum(stake for voted, stake, member in voting if voted and not member.slashed)


def get_steps(state: State) -> list[Step]:
    """Return the steps of the last epoch and of the present one for which a supermajority has voted."""
    steps = (
        (Step(state.previous_source, state.previous_target), state.previous_voters, state.previous_stakes),
        (Step(state.justified, state.target), state.voters, state.stakes),
    )
    return [
        step
        for step, voters, stakes in steps
        if step.target.epoch > step.source.epoch and is_supermajority(get_weight(state, voters, stakes), sum(stakes))
    ]


def is_final_step(step: Step, justified_epochs: set[int]) -> bool:
    """Tell whether a step that a supermajority takes makes its source final."""
    between = range(step.source.epoch, step.target.epoch + 1)
    return len(between) <= LONGEST_FINAL_STEP + 1 and justified_epochs.issuperset(between)


def process_justification(state: State) -> State:
    """Return the state with all that the votes of the last two epochs justify and make final."""
    steps = get_steps(state)
    epochs = set(state.justified_epochs).union(step.target.epoch for step in steps)
    final = [step.source for step in steps if is_final_step(step, epochs)]
    return replace(
        state,
        justified=max([state.justified, *(step.target for step in steps)], key=_epoch_of),
        finalized=max([state.finalized, *final], key=_epoch_of),
        justified_epochs=tuple(sorted(one for one in epochs if one + REMEMBERED_EPOCHS > get_epoch(state))),
    )


def _epoch_of(checkpoint: Checkpoint) -> int:
    return checkpoint.epoch
