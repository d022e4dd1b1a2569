"""Changes of stake, and new chains of reveals: ordered in a block, in force from a bound of epochs at which that block
is final."""

from msgspec.structs import replace

from simulator.ledger.consensus.state import (
    PendingChange,
    PendingRenewal,
    State,
    compute_start_slot,
    get_epoch,
    get_member,
    with_member,
)
from simulator.ledger.record.keys import check
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import RevealRenewal, SignedMessage, StakeChange


def process_stake_change(state: State, signed: SignedMessage, order: StakeChange) -> State:
    """Return the state in which a change of stake waits for its epoch, behind all earlier ones of the validator.

    Raises RuleError: stake mid epoch where that is too early, insufficient stake where it would leave less than nothing
    or more than the deposit, or a rule of all orders.
    """
    counted = process_order(state, signed, order)
    waiting = [one for one in state.pending if one.validator == order.validator]
    earliest = max([get_epoch(state) + state.config.stake_delay_epochs + 1, *(one.epoch for one in waiting)])
    if order.epoch < earliest:
        raise RuleError(Rule.STAKE_MID_EPOCH, f"from epoch {order.epoch}, where {earliest} is the earliest")
    stake = state.stakes[order.validator] + sum(one.change for one in waiting) + order.change
    deposit = state.members[order.validator].deposit
    if not 0 <= stake <= deposit:
        raise RuleError(Rule.INSUFFICIENT_STAKE, f"a stake of {stake} within a deposit of {deposit}")
    pending = PendingChange(slot=state.slot, validator=order.validator, epoch=order.epoch, change=order.change)
    return replace(counted, pending=(*state.pending, pending))


def process_renewal(state: State, signed: SignedMessage, order: RevealRenewal) -> State:
    """Return the state in which a validator's new chain of reveals waits until it is final.

    Nobody knows then on what its reveals will act. Raises RuleError: wrong randomness where the link to which it binds
    itself is of a slot to come, or a rule of all orders.
    """
    counted = process_order(state, signed, order)
    if order.slot > state.slot:
        raise RuleError(Rule.WRONG_RANDOMNESS, f"a chain of reveals from slot {order.slot} on, in slot {state.slot}")
    renewal = PendingRenewal(
        included=state.slot, validator=order.validator, reveal=order.commitment, revealed=order.slot
    )
    return replace(counted, renewals=(*state.renewals, renewal))


def process_order(state: State, signed: SignedMessage, order: StakeChange | RevealRenewal) -> State:
    """Return the state in which an order of a validator is counted.

    Raises RuleError: wrong chain, unknown signer, slashed validator, sequence gap, or that of the signature.
    """
    member = get_member(state, order.validator)
    if signed.chain_id != state.chain_id:
        raise RuleError(Rule.WRONG_CHAIN, "an order on another chain")
    if order.sequence != member.changes + 1:
        raise RuleError(Rule.SEQUENCE_GAP, f"order {order.sequence} after {member.changes}")
    check(member.key, state.chain_id, order, signed.signature)
    return with_member(state, order.validator, replace(member, changes=order.sequence))


def is_due(state: State, change: PendingChange) -> bool:
    """Tell whether a change takes effect with the next epoch: it is time, and the block that holds it is final."""
    return change.epoch <= get_epoch(state) + 1 and is_final(state, change.slot)


def is_final(state: State, slot: int) -> bool:
    """Tell whether a block of a slot is final."""
    return slot < compute_start_slot(state.config, state.finalized.epoch)


def process_stakes(state: State) -> State:
    """Return the state with the stakes of the next epoch: those of due changes, and none of slashed validators."""
    stakes = list(state.stakes)
    for change in state.pending:
        if is_due(state, change):
            stakes[change.validator] += change.change
    return replace(
        state,
        stakes=tuple(0 if one.slashed else stake for one, stake in zip(state.members, stakes, strict=True)),
        pending=tuple(one for one in state.pending if not is_due(state, one)),
    )


def process_renewals(state: State) -> State:
    """Return the state in which validators are bound to those new chains of reveals that are final."""
    for renewal in state.renewals:
        if is_final(state, renewal.included):
            member = state.members[renewal.validator]
            renewed = replace(member, reveal=renewal.reveal, revealed=renewal.revealed)
            state = with_member(state, renewal.validator, renewed)
    return replace(state, renewals=tuple(one for one in state.renewals if not is_final(state, one.included)))
