"""The state after a block: projects, devices, what they claimed, and who holds what was issued.

A state is changed only by the functions named `process_`, on a copy: a block that breaks a rule leaves no trace. Its
root is a digest over the roots of its parts, each over canonical bytes in the order of the keys.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from simulator.ledger.booking.holdings import Series, count_by_status, issued
from simulator.ledger.record.codec import compute_chain_id
from simulator.ledger.record.keys import is_key
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Capacity,
    ChainConfig,
    Digest,
    Genesis,
    Instrument,
    PublicKey,
    Record,
    Unsigned,
)

_ENCODER = msgspec.msgpack.Encoder()


class Device(Record, frozen=True):
    """A registered device. One that gave a false output is struck off: its tasks earn nothing any more."""

    project: Unsigned
    key: PublicKey
    capacity: Capacity
    struck: bool = False


class Meter(Record, frozen=True):
    """Readings of a device as its claims have brought them, in millijoules where nothing else is said.

    `remainder` is less than a Wh, certified but not yet issued. Into the battery went `total_in`, the initial charge
    included, of which `certified_in` was the device's own generation; `certified_out` of `total_out` was certified.
    """

    sequence: Unsigned
    end: Unsigned
    remainder: Unsigned
    total_in: Unsigned
    total_out: Unsigned = 0
    certified_in: Unsigned = 0
    certified_out: Unsigned = 0


class Account(Record, frozen=True):
    """Account of a project: what it emitted and what its benchmark allows, in micrograms, since genesis.

    `parts` are millijoules at 1 mg/kWh, of which 3.6e6 make a microgram. `credited` is the balance as of the last
    settlement, never below 0; of it, `owed` micrograms had left the project when a deficit took them back.
    """

    owner: PublicKey
    sponsor: Unsigned
    emitted: Unsigned = 0
    parts: Unsigned = 0
    allowed: Unsigned = 0
    credited: Unsigned = 0
    owed: Unsigned = 0


class Opened(Record, frozen=True):
    """A record that was opened and found true: its place in its claim, and the number of its task."""

    index: Unsigned
    task: Unsigned


class Pending(Record, frozen=True):
    """A claim's tasks on time between inclusion and credit: which records were drawn, and which of them opened."""

    epoch: Unsigned
    start: Unsigned
    end: Unsigned
    tasks: tuple[Unsigned, ...]
    records: Unsigned
    records_root: Digest
    drawn: tuple[Unsigned, ...] = ()
    opened: tuple[Opened, ...] = ()

    def is_opened(self, index: int) -> bool:
        """Tell whether the record at a place was opened."""
        return any(one.index == index for one in self.opened)


ClaimKey = tuple[int, int]
"""Device and sequence of a claim."""

SeriesKey = tuple[int, int]
"""Instrument and number of a series."""


class Totals(Record, frozen=True):
    """Units of an instrument since genesis, or changes of them."""

    issued: int = 0
    held: int = 0
    retired: int = 0
    cancelled: int = 0


@dataclass(slots=True, kw_only=True)
class State:
    """The state; whoever holds one beside the transition treats it as frozen.

    `epoch` is the last one that began. Keys in `used` are those of validators, owners and devices: no new device may
    have one. They follow from the rest.
    """

    config: ChainConfig
    chain_id: bytes
    validators: tuple[PublicKey, ...]
    epoch: int = 0
    accounts: dict[int, Account] = field(default_factory=dict)
    devices: dict[int, Device] = field(default_factory=dict)
    meters: dict[int, Meter] = field(default_factory=dict)
    pending: dict[ClaimKey, Pending] = field(default_factory=dict)
    series: dict[SeriesKey, Series] = field(default_factory=dict)
    holders: dict[PublicKey, int] = field(default_factory=dict)
    totals: dict[int, Totals] = field(default_factory=dict)
    used: set[PublicKey] = field(default_factory=set)


def get_genesis_state(genesis: Genesis) -> State:
    """Return the state before the first block.

    Raises RuleError for a key that stands twice or is none, and for a project whose sponsor is no validator.
    """
    keys = [one.key for one in genesis.validators] + [one.owner for one in genesis.projects]
    if len(set(keys)) < len(keys):
        raise RuleError(Rule.KEY_REUSE, "a key stands twice in the genesis")
    if not all(map(is_key, keys)):
        raise RuleError(Rule.SMALL_ORDER_KEY, "a key of the genesis is no good public key")
    if any(one.sponsor >= len(genesis.validators) for one in genesis.projects):
        raise RuleError(Rule.BAD_REGISTRATION, "a project's sponsor is no validator")
    return State(
        config=genesis.config,
        chain_id=compute_chain_id(genesis),
        validators=tuple(one.key for one in genesis.validators),
        accounts={number: Account(owner=one.owner, sponsor=one.sponsor) for number, one in enumerate(genesis.projects)},
        totals={int(one): Totals() for one in Instrument},
        used=set(keys),
    )


def get_copy(state: State) -> State:
    """Return a state that can be changed without the other one; all that its parts hold is frozen."""
    return State(
        config=state.config,
        chain_id=state.chain_id,
        validators=state.validators,
        epoch=state.epoch,
        accounts=state.accounts.copy(),
        devices=state.devices.copy(),
        meters=state.meters.copy(),
        pending=state.pending.copy(),
        series=state.series.copy(),
        holders=state.holders.copy(),
        totals=state.totals.copy(),
        used=state.used.copy(),
    )


def encode_parts(state: State) -> tuple[bytes, ...]:
    """Return the canonical bytes of all that the ledger knows: its epoch, then each part in the order of its keys."""
    parts: tuple[Iterable[tuple[Any, Any]], ...] = (
        state.accounts.items(),
        state.devices.items(),
        state.meters.items(),
        state.pending.items(),
        state.series.items(),
        state.holders.items(),
        state.totals.items(),
    )
    return (_ENCODER.encode(state.epoch), *(_ENCODER.encode(sorted(items)) for items in parts))


def compute_root_of_parts(chain_id: bytes, parts: Sequence[bytes]) -> bytes:
    """Return the root of a state of a chain from the bytes of its parts."""
    epoch, *rest = parts
    roots = [hashlib.sha256(chain_id + epoch).digest(), *(hashlib.sha256(part).digest() for part in rest)]
    return hashlib.sha256(b"".join(roots)).digest()


def compute_state_root(state: State) -> bytes:
    """Return the digest of all that the ledger knows."""
    return compute_root_of_parts(state.chain_id, encode_parts(state))


def count_units(state: State, instrument: int, change: Totals) -> None:
    """Add changes to the totals of an instrument."""
    before = state.totals[instrument]
    state.totals[instrument] = Totals(
        issued=before.issued + change.issued,
        held=before.held + change.held,
        retired=before.retired + change.retired,
        cancelled=before.cancelled + change.cancelled,
    )


def check_conservation(state: State) -> None:
    """Count every unit of both instruments again: what is issued is held, retired or cancelled.

    Raises RuleError (unbalanced) where the lots tell otherwise than the totals.
    """
    for instrument, totals in state.totals.items():
        series = [lots for (kind, _), lots in state.series.items() if kind == instrument]
        counted = [sum(column) for column in zip((0, 0, 0), *map(count_by_status, series), strict=True)]
        found = Totals(issued=sum(map(issued, series)), held=counted[0], retired=counted[1], cancelled=counted[2])
        if found != totals or sum(counted) != totals.issued:
            raise RuleError(Rule.UNBALANCED, f"instrument {instrument}: {found} by its lots, {totals} by its totals")
