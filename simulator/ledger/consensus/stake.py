"""Changes of stake: ordered in a block, in force from the bound of an epoch at which that block is final."""

from msgspec.structs import replace

from simulator.ledger.consensus.state import (
    PendingChange,
    State,
    compute_start_slot,
    get_epoch,
    get_member,
    with_member,
)
from simulator.ledger.keys import check
from simulator.ledger.rules import Rule, RuleError
from simulator.ledger.types import SignedMessage, StakeChange


def process_stake_change(state: State, signed: SignedMessage, order: StakeChange) -> State:
    """Return the state in which a change of stake waits for its epoch.

    Raises RuleError: wrong chain, unknown signer, slashed validator, sequence gap, stake mid epoch, insufficient stake
    where it would leave less than nothing or more than the deposit, or that of the signature.
    """
    member = get_member(state, order.validator)
    if signed.chain_id != state.chain_id:
        raise RuleError(Rule.WRONG_CHAIN, "a change of stake on another chain")
    if order.sequence != member.changes + 1:
        raise RuleError(Rule.SEQUENCE_GAP, f"change {order.sequence} after {member.changes}")
    if order.epoch <= get_epoch(state) + state.config.stake_delay_epochs:
        raise RuleError(Rule.STAKE_MID_EPOCH, f"from epoch {order.epoch}, ordered in epoch {get_epoch(state)}")
    waiting = [one.change for one in state.pending if one.validator == order.validator]
    if not 0 <= state.stakes[order.validator] + sum(waiting) + order.change <= member.deposit:
        raise RuleError(Rule.INSUFFICIENT_STAKE, f"a change by {order.change} within a deposit of {member.deposit}")
    check(member.key, state.chain_id, order, signed.signature)
    pending = PendingChange(slot=state.slot, validator=order.validator, epoch=order.epoch, change=order.change)
    counted = with_member(state, order.validator, replace(member, changes=order.sequence))
    return replace(counted, pending=(*state.pending, pending))


def is_due(state: State, change: PendingChange) -> bool:
    """Tell whether a change takes effect with the next epoch: it is time, and the block that holds it is final."""
    return change.epoch <= get_epoch(state) + 1 and is_final(state, change)


def is_final(state: State, change: PendingChange) -> bool:
    """Tell whether the block that holds a change is final."""
    return change.slot < compute_start_slot(state.config, state.finalized.epoch)


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
