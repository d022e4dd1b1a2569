"""The whole state after a block, kept beside the blocks: so nobody replays a chain to go on with it or to audit it.

A header states the root of the state, so a snapshot is as trustworthy as the signatures on the header.
"""

import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from simulator.ledger.booking import state as ledger
from simulator.ledger.booking.holdings import Lot
from simulator.ledger.consensus.state import State, with_head
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import BlockHeader, Genesis, PublicKey, Record, Unsigned


class Snapshot(Record, frozen=True):
    """State after the block of a number: that of the consensus whose digest the header has, and the ledger's parts."""

    number: Unsigned
    consensus: bytes
    parts: Annotated[tuple[bytes, ...], Meta(min_length=8, max_length=8)]


def take_snapshot(number: int, before: State, after: State, recorded: ledger.State) -> Snapshot:
    """Return the snapshot of a block from the states of the consensus before and after it, and that of the ledger."""
    # The header has the root of the state in which its own block is not the head yet.
    stated = replace(after, head=before.head, head_slot=before.head_slot, blocks=before.blocks, peaks=before.peaks)
    return Snapshot(number=number, consensus=encode(stated), parts=ledger.encode_parts(recorded))


def check_snapshot(snapshot: Snapshot, chain_id: bytes, header: BlockHeader) -> State:
    """Return the state of the consensus in a snapshot of the block of a header.

    Raises RuleError: wrong state root, non-canonical.
    """
    state = decode(snapshot.consensus, State)
    if hashlib.sha256(snapshot.consensus).digest() != header.state_root:
        raise RuleError(Rule.WRONG_STATE_ROOT, "the state that is kept is not the one of the header")
    if ledger.compute_root_of_parts(chain_id, snapshot.parts) != state.application:
        raise RuleError(Rule.WRONG_STATE_ROOT, "the accounts that are kept are not those of the header")
    return with_head(state, header)


def restore_ledger(snapshot: Snapshot, genesis: Genesis) -> ledger.State:
    """Return the state of the ledger in a snapshot that was checked."""
    read = msgspec.msgpack.decode
    epoch, accounts, devices, meters, pending, series, holders, totals = snapshot.parts
    state = ledger.get_genesis_state(genesis)
    state.epoch = read(epoch, type=int)
    state.accounts = dict(read(accounts, type=list[tuple[int, ledger.Account]]))
    state.devices = dict(read(devices, type=list[tuple[int, ledger.Device]]))
    state.meters = dict(read(meters, type=list[tuple[int, ledger.Meter]]))
    state.pending = dict(read(pending, type=list[tuple[ledger.ClaimKey, ledger.Pending]]))
    state.series = dict(read(series, type=list[tuple[ledger.SeriesKey, tuple[Lot, ...]]]))
    state.holders = dict(read(holders, type=list[tuple[PublicKey, int]]))
    state.totals = dict(read(totals, type=list[tuple[int, ledger.Totals]]))
    state.used |= {device.key for device in state.devices.values()}
    return state
