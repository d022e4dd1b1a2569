"""Messages of devices' owners and of holders: registration, transfer, retirement and cancellation."""

from simulator.ledger.booking.holdings import Status, reassign
from simulator.ledger.booking.state import Device, Meter, State, Totals, count_units
from simulator.ledger.record.keys import check, is_key
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    MAX_INTEGER,
    Cancellation,
    Capacity,
    KeyPossession,
    Registration,
    Retirement,
    Transfer,
)

MAX_MILLIWATTS = 10**9
"""Power in milliwatts that a device can be registered with at most, 1 MW: edge sites are far below."""

MAX_STORAGE = 10**15
"""Energy in millijoules that a battery can be registered with at most, 278 MWh, days of the largest power."""


def process_registration(state: State, registration: Registration, signature: bytes) -> None:
    """Register a device for good. Raises RuleError, and leaves the state as it was."""
    account = state.accounts.get(registration.project)
    if account is None:
        raise RuleError(Rule.UNKNOWN_SIGNER, f"no project {registration.project}")
    if registration.device in state.devices:
        raise RuleError(Rule.BAD_REGISTRATION, f"device {registration.device} is there already")
    if registration.key in state.used:
        raise RuleError(Rule.KEY_REUSE, "the key is one of a validator, an owner or another device")
    if not is_key(registration.key):
        raise RuleError(Rule.SMALL_ORDER_KEY, "the key is no point of the main subgroup")
    check_capacity(registration.capacity)
    check(account.owner, state.chain_id, registration, signature)
    shown = KeyPossession(device=registration.device, project=registration.project, key=registration.key)
    check(registration.key, state.chain_id, shown, registration.possession)
    state.devices[registration.device] = Device(
        project=registration.project, key=registration.key, capacity=registration.capacity
    )
    state.meters[registration.device] = Meter(
        sequence=0, end=registration.start, remainder=0, total_in=registration.capacity.stored
    )
    state.used.add(registration.key)


def check_capacity(capacity: Capacity) -> None:
    """Check that a device's limits are those of an edge site. Raises RuleError (bad registration)."""
    powers = (capacity.generation, capacity.load, capacity.grid, capacity.charge, capacity.discharge)
    if max(powers) > MAX_MILLIWATTS or capacity.storage > MAX_STORAGE or capacity.stored > capacity.storage:
        raise RuleError(Rule.BAD_REGISTRATION, "a capacity beyond what can be registered")


def process_transfer(state: State, transfer: Transfer, signature: bytes) -> None:
    """Give units to another holder. Raises RuleError, and leaves the state as it was."""
    _reassign(state, transfer, signature, transfer.to, Status.HELD)


def process_retirement(state: State, retirement: Retirement, signature: bytes) -> None:
    """Retire units for somebody's use. Raises RuleError, and leaves the state as it was."""
    _reassign(state, retirement, signature, retirement.holder, Status.RETIRED)


def process_cancellation(state: State, cancellation: Cancellation, signature: bytes) -> None:
    """Take units out of circulation. Raises RuleError, and leaves the state as it was."""
    _reassign(state, cancellation, signature, cancellation.holder, Status.CANCELLED)


def _reassign(
    state: State, order: Transfer | Retirement | Cancellation, signature: bytes, to: bytes, status: Status
) -> None:
    before = state.holders.get(order.holder, 0)
    if order.sequence != before + 1 or order.sequence > MAX_INTEGER:
        raise RuleError(Rule.SEQUENCE_GAP, f"message {order.sequence} of a holder after {before}")
    key = (int(order.lots.instrument), order.lots.series)
    span = (order.lots.first, order.lots.end)
    series = reassign(state.series.get(key, ()), span, order.holder, to, status)
    check(order.holder, state.chain_id, order, signature)
    state.series[key] = series
    state.holders[order.holder] = order.sequence
    count = span[1] - span[0]
    if status is Status.RETIRED:
        count_units(state, key[0], Totals(held=-count, retired=count))
    elif status is Status.CANCELLED:
        count_units(state, key[0], Totals(held=-count, cancelled=count))
