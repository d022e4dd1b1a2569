"""The transition of the ledger: a state and the messages of a block make the next state, or a rule says why not.

It knows nothing of consensus but the slot of a block and randomness. Whoever keeps the stakes slashes the validators
that it names. Prices are not here either: what a credit is worth is nobody's business on the chain.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simulator.ledger.booking.claims import process_claim
from simulator.ledger.booking.credits import settle_all
from simulator.ledger.booking.ownership import (
    process_cancellation,
    process_registration,
    process_retirement,
    process_transfer,
)
from simulator.ledger.booking.state import State, check_conservation, get_copy
from simulator.ledger.booking.verification import (
    DRAW_EPOCHS,
    Executor,
    get_draw_epoch,
    get_due_epoch,
    process_draws,
    process_due,
    process_model_record,
)
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Cancellation,
    ChainConfig,
    Claim,
    ModelRecord,
    Registration,
    Retirement,
    SignedMessage,
    Transfer,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Facts that messages may know of their block: its slot, the randomness of all reveals so far, and the executor."""

    slot: int
    randomness: bytes
    execute: Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The state after a block's messages, and the validators that a false output convicts."""

    state: State
    convicted: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The messages that a proposer can put into a block, and how many were rejected by which rule.

    For false outputs those are claims that earlier blocks hold, and that earn nothing now.
    """

    accepted: tuple[SignedMessage, ...]
    rejected: Counter[Rule]
    result: Result


def process_messages(state: State, messages: Iterable[SignedMessage], around: Surroundings) -> Result:
    """Return the state after a block's messages.

    Raises RuleError where one of them breaks a rule, and where units do not balance after all of them.
    """
    after = get_copy(state)
    process_epochs(after, around)
    convicted = [process_message(after, message, around) for message in messages]
    check_conservation(after)
    return Result(state=after, convicted=tuple(one for one in convicted if one is not None))


def admit(state: State, messages: Sequence[SignedMessage], around: Surroundings) -> Admission:
    """Choose the messages that hold in their order, as a proposer does, and count the others by the rule they break.

    A claim that one of them convicts of a false output counts as well. Raises RuleError where units do not balance
    afterwards.
    """
    after = get_copy(state)
    process_epochs(after, around)
    accepted: list[SignedMessage] = []
    convicted: list[int] = []
    rejected: Counter[Rule] = Counter()
    for message in messages:
        try:
            offender = process_message(after, message, around)
        except RuleError as error:
            rejected[error.rule] += 1
            continue
        accepted.append(message)
        if offender is not None:
            convicted.append(offender)
            rejected[Rule.FALSE_OUTPUT] += 1
    check_conservation(after)
    result = Result(state=after, convicted=tuple(convicted))
    return Admission(accepted=tuple(accepted), rejected=rejected, result=result)


def process_message(state: State, signed: SignedMessage, around: Surroundings) -> int | None:
    """Carry one message out, and return the validator that it convicts, if any.

    Raises RuleError, and leaves the state as it was.
    """
    message, signature = signed.message, signed.signature
    if signed.chain_id != state.chain_id:
        raise RuleError(Rule.WRONG_CHAIN, "a message for another chain")
    match message:
        case Claim():
            process_claim(state, message, signature, around.slot * state.config.slot_seconds)
        case ModelRecord():
            return process_model_record(state, message, signature, around.execute)
        case Registration():
            process_registration(state, message, signature)
        case Transfer():
            process_transfer(state, message, signature)
        case Retirement():
            process_retirement(state, message, signature)
        case Cancellation():
            process_cancellation(state, message, signature)
        case _:
            raise RuleError(Rule.UNKNOWN_SIGNER, "stake is the business of the consensus")
    return None


def process_epochs(state: State, around: Surroundings) -> None:
    """Begin all epochs up to that of the block.

    Only bounds at which something can happen are visited: draws, credits that are due, and the settlement after each.
    So a year without a block takes no longer than a day.
    """
    config, epoch = state.config, around.slot // state.config.slots_per_epoch
    is_settled = False
    while state.epoch < epoch:
        settlement = (state.epoch // config.crediting_epochs + 1) * config.crediting_epochs
        state.epoch = min([epoch, *_get_bounds(state), *([] if is_settled else [settlement])])
        process_draws(state, state.epoch, around.randomness)
        process_due(state, state.epoch)
        is_settled = is_settled and not state.pending
        if state.epoch % config.crediting_epochs == 0:
            settle_all(state, compute_settled_seconds(config, state.epoch))
            is_settled = not state.pending


def compute_settled_seconds(config: ChainConfig, epoch: int) -> int:
    """Return until when a project's devices must have claimed to be settled with the beginning of an epoch."""
    settled = epoch - DRAW_EPOCHS - config.opening_epochs
    return max(0, settled) * config.slots_per_epoch * config.slot_seconds


def _get_bounds(state: State) -> list[int]:
    """Return the next epochs with whose beginning something happens to a claim's tasks."""
    draws = (get_draw_epoch(pending) for pending in state.pending.values())
    dues = (get_due_epoch(pending, state.config) for pending in state.pending.values())
    return [bound for bound in {*draws, *dues} if bound > state.epoch]
