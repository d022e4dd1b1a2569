"""Verification of a ledger file from its beginning: bytes, rows, signatures and the rules of the chain."""

from dataclasses import dataclass
from pathlib import Path

from simulator.ledger.booking.verification import Executor
from simulator.ledger.file.contents import check_contents
from simulator.ledger.file.faults import DamagedError, told
from simulator.ledger.file.reading import Head, Reader, open_reader
from simulator.ledger.file.replay import Replay
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import Genesis


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Contents of a good ledger file; `is_sealed` says whether every byte was checked, or every row.

    Of the task records that validators opened, `executed` were executed again, and `believed` were not.
    """

    head: Head
    finalized: int
    claims: int
    records: int
    executed: int
    believed: int
    is_sealed: bool
    genesis: Genesis


def verify(path: Path, execute: Executor, trusted: Head | None = None) -> Verified:
    """Check a ledger file from its first block on, and that it begins with the blocks of a head that is trusted.

    `execute` executes models again; outputs of those that it does not know are taken to be what was opened. Raises
    DamagedError, which tells the first fault, and StoreError where the file cannot be read.
    """
    with told(path), open_reader(path) as reader:
        replay = _begun(reader, execute)
        check_contents(reader, replay.see)
        if reader.finalized != replay.finalized:
            what = f"block {reader.finalized} is said to be the last final one, and is block {replay.finalized}"
            raise DamagedError(f"{path}: {what}")
        _check_trusted(reader, trusted)
        return Verified(
            head=reader.head(),
            finalized=reader.finalized,
            claims=reader.count("claim"),
            records=reader.count("record"),
            executed=replay.executed,
            believed=replay.believed,
            is_sealed=reader.is_sealed,
            genesis=reader.genesis,
        )


def _begun(reader: Reader, execute: Executor) -> Replay:
    try:
        return Replay(reader.genesis, execute)
    except RuleError as error:
        raise DamagedError(f"{reader.path}: genesis: {error}") from error


def _check_trusted(reader: Reader, trusted: Head | None) -> None:
    if trusted is None:
        return
    if trusted.blocks > reader.blocks:
        what = f"has {reader.blocks} blocks, and had {trusted.blocks} at the trusted head"
    elif reader.head_at(trusted.blocks) != trusted:
        what = f"its first {trusted.blocks} blocks are not those of the trusted head"
    else:
        return
    raise DamagedError(f"{reader.path}: {what}")
