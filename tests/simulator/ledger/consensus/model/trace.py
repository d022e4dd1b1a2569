"""Counterexamples for people: who signed what, which branch held what, and what it made justified and final."""

from collections.abc import Iterator

from simulator.ledger.record.types import Checkpoint
from tests.simulator.ledger.consensus.model.check import Check, Order, get_convicted
from tests.simulator.ledger.consensus.model.events import Event
from tests.simulator.ledger.consensus.model.laws import LAWS
from tests.simulator.ledger.consensus.model.moves import Move, State
from tests.simulator.ledger.consensus.model.settings import RIGHT, SIDES


def tell(check: Check, trace: list[Move]) -> str:
    """Return a trace as lines of text, in which each validator keeps its number."""
    lines, end = [], trace[0][1]
    for events, end in replay(check, trace):
        lines += [line for event in events for line in _tell_event(check, event, end)]
    lines += [f"broken: {LAWS[end[0]]}"] if end[0] else []
    guilty = [str(index) for index in get_convicted(end)]
    return "\n".join([*lines, f"convicted: {', '.join(guilty)}" if guilty else "nobody is convicted"])


def replay(check: Check, trace: list[Move]) -> Iterator[Move]:
    """Yield the moves of a trace without changes of names.

    Each state of a trace stands for all that differ from it by names. So at each move one is sought that leads to a
    state for which the next one stands.
    """
    moves, canonical = check.moves, check.symmetry.canonical
    successors = moves.free if check.order is Order.FREE else moves.in_any_turn
    here = trace[0][1]
    for _, stands in trace[1:]:
        events, here = next(move for move in successors(here) if canonical(move[1]) == canonical(stands))
        yield events, here


def _tell_event(check: Check, event: Event, after: State) -> Iterator[str]:
    side = SIDES[event.side]
    match event.name:
        case "fork":
            yield "the chain forks into left and right"
        case "epoch":
            yield _tell_branch(check, event.side, after)
        case "convicts":
            yield f"{side}: a block holds evidence against {event.validator}"
        case _:
            yield f"{side}: {_tell_vote(check, event)}"


def _tell_vote(check: Check, event: Event) -> str:
    vote = check.rules.votes[event.vote]
    step = f"{_tell_checkpoint(vote.source)} -> {_tell_checkpoint(vote.target)}"
    if event.name == "signs":
        return f"{event.validator} signs {step}"
    who = f"{event.validator}, who is faulty" if event.name == "forges" else str(event.validator)
    return f"a block holds the vote {step} of {who}"


def _tell_checkpoint(checkpoint: Checkpoint) -> str:
    return f"{SIDES[checkpoint.root[0]]} {checkpoint.epoch}" if checkpoint.epoch else "genesis"


def _tell_branch(check: Check, side: int, state: State) -> str:
    number = state[2] if side == RIGHT else state[1]
    branch = check.rules.branches[number]
    reached = f"{_tell_checkpoint(branch.justified)} justified, {_tell_checkpoint(branch.finalized)} final"
    return f"{SIDES[side]}: epoch {check.rules.epoch(number)}, {reached}"
