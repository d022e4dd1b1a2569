"""A ledger file as its readers see it: tables, rows and the Merkle nodes from which proofs are made."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Self

from simulator.ledger.file.faults import DamagedError, StoreError, told
from simulator.ledger.file.seal import check_closed, is_sealed, log_of, require_files
from simulator.ledger.file.snapshot import Snapshot
from simulator.ledger.file.wal import check_log
from simulator.ledger.record.codec import R, compute_chain_id, decode
from simulator.ledger.record.merkle import Node, Tree, root_at
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import Block, Claim, Genesis

FORMAT = b"ecochain ledger 3"

EARLIER_FORMATS = (b"ecochain ledger 1", b"ecochain ledger 2")
"""Formats that are refused by name. In 1, headers did not state the blocks before them; in 2, each opened task record
had a message and a signature of its own."""

SCHEMA = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE block (number INTEGER PRIMARY KEY, root BLOB NOT NULL, data BLOB NOT NULL) STRICT",
    "CREATE UNIQUE INDEX block_root ON block (root)",
    "CREATE TABLE claim (number INTEGER PRIMARY KEY, device INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " block INTEGER NOT NULL, place INTEGER NOT NULL, first_record INTEGER NOT NULL) STRICT",
    "CREATE UNIQUE INDEX claim_name ON claim (device, sequence)",
    "CREATE TABLE record (number INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT",
    "CREATE TABLE node (tree INTEGER, height INTEGER, place INTEGER, hash BLOB NOT NULL,"
    " PRIMARY KEY (tree, height, place)) STRICT, WITHOUT ROWID",
)
"""The tables. Blocks, claims and records are numbered from 1 without gaps; a claim's records follow one another.

`block.data` is the whole block; `claim` says where each claim lies; `node` repeats hashes of the Merkle trees from
height `LOWEST_STORED` on, so that a proof need not hash every record anew.
"""

META = ("finalized", "format", "genesis", "head", "state")
"""Names in `meta`: the last final block, the format, the genesis, the head that the last block made, and the latest
snapshot, empty where there is none."""

HISTORY = 0
"""The tree of the roots of all blocks, in `node`; that of a claim's records has the claim's number."""

LOWEST_STORED = 6
"""Height of the lowest Merkle nodes that are stored: one for every 64 records, so a proof hashes at most 64 anew."""


class ClaimName(NamedTuple):
    """The name of a claim: its device, and its number among the device's."""

    device: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.device}/{self.sequence}"


class Head(NamedTuple):
    """A state of the whole ledger: the number of its blocks, and the root of the tree of their roots."""

    blocks: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """Position of a claim: its block, its place among the leaves of the block's body, and its first record."""

    number: int
    name: ClaimName
    block: int
    place: int
    first_record: int


def open_reader(path: Path) -> "Reader":
    """Open a ledger to read it; one that was closed is checked byte by byte against its seal first.

    One that another process writes to is read as it is at the first question; the process that writes asks its `Store`,
    since closing a reader would give up the writer's locks. Raises DamagedError, which tells the first fault, and
    StoreError where the file cannot be used.
    """
    with told(path), ExitStack() as undo:
        require_files(path)
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        undo.callback(os.close, lock)
        is_alone = _may_share(lock)
        is_closed = is_alone and is_sealed(path)
        if is_closed:
            check_closed(path)
        elif is_alone:
            check_log(path)
        # Without a log there is nothing to recover, and SQLite would make one beside the file.
        mode = "immutable=1" if is_alone and not log_of(path).exists() else "mode=ro"
        database = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
        undo.callback(database.close)
        # All questions are of one state of the file, however many blocks are written between them.
        database.execute("BEGIN")
        reader = Reader(database, path, lock, is_sealed=is_closed)
        undo.pop_all()
    return reader


def _may_share(lock: int) -> bool:
    """Tell whether nobody writes to the file, and keep it so until it is closed."""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def claims_of(block: Block) -> Iterator[tuple[int, Claim]]:
    """Yield the claims of a block with their places among the leaves of its body."""
    first = len(block.body.attestations) + len(block.body.evidence)
    for place, signed in enumerate(block.body.messages, first):
        if isinstance(signed.message, Claim):
            yield place, signed.message


def head_bytes(head: Head) -> bytes:
    """Return a head as `meta` keeps it."""
    return head.blocks.to_bytes(8) + head.root


class Reader:
    """A view of the rows of a ledger file."""

    def __init__(self, database: sqlite3.Connection, path: Path, lock: int, *, is_sealed: bool) -> None:
        """Take up a connection and the open file that holds the lock; `is_sealed` says that it agrees with its seal.

        Raises DamagedError where the file does not say that it is a ledger, StoreError for one of an earlier format.
        """
        self._database = database
        self._lock = lock
        self.is_sealed = is_sealed
        self.path = path
        if (found := self.meta("format")) in EARLIER_FORMATS:
            what = "which only the version that wrote it can read: begin another file"
            raise StoreError(f"{path}: is a ledger of format {found[-1:].decode()}, {what}")
        if found != FORMAT:
            raise DamagedError(f"{path}: is no ledger of this version")
        self.genesis = self.decoded(self.meta("genesis"), Genesis)
        self.genesis_root = compute_chain_id(self.genesis)

    def meta(self, name: str) -> bytes:
        """Return a value of the table `meta`. Raises DamagedError where it is not there."""
        row = self._row((bytes,), "SELECT value FROM meta WHERE name = ?", name)
        if row is None:
            raise DamagedError(f"{self.path}: says nothing of its {name}")
        value: bytes = row[0]
        return value

    @property
    def finalized(self) -> int:
        """Number of the last final block; 0 while there is none."""
        return int.from_bytes(self.meta("finalized"))

    @property
    def snapshot(self) -> Snapshot | None:
        """Latest snapshot of the state, if one is kept."""
        data = self.meta("state")
        return self.decoded(data, Snapshot) if data else None

    @property
    def blocks(self) -> int:
        """Number of the last block; 0 while there is none."""
        return self._last("block")

    def decoded(self, data: bytes, kind: type[R]) -> R:
        """Return the record of some bytes of the file. Raises DamagedError where they are none of this kind."""
        try:
            return decode(data, kind)
        except RuleError as error:
            raise DamagedError(f"{self.path}: {error}") from error

    def block(self, number: int) -> Block | None:
        """Return a block, or None where there is none of this number."""
        row = self._row((bytes,), "SELECT data FROM block WHERE number = ?", number)
        return None if row is None else self.decoded(row[0], Block)

    def each_block(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield number, root and bytes of every block, the first one first."""
        yield from self._rows((int, bytes, bytes), "SELECT number, root, data FROM block ORDER BY number")

    def each_claim(self) -> Iterator[ClaimRow]:
        """Yield where every claim lies, the first one first."""
        yield from map(_claim_row, self._rows((int,) * 6, f"{_CLAIMS} ORDER BY number"))

    def claim_row(self, name: ClaimName) -> ClaimRow | None:
        """Return where a claim lies, or None where the ledger has no claim of this name."""
        row = self._row((int,) * 6, f"{_CLAIMS} WHERE device = ? AND sequence = ?", *name)
        return None if row is None else _claim_row(row)

    def block_and_claim(self, row: ClaimRow) -> tuple[Block, Claim]:
        """Return a claim and its block. Raises DamagedError where the claim does not lie where its row says."""
        block = self.block(row.block)
        claim = None if block is None else dict(claims_of(block)).get(row.place)
        if block is None or claim is None or (claim.device, claim.sequence) != row.name or row.block < 1:
            raise DamagedError(f"{self.path}: block {row.block} has no claim {row.name} in place {row.place}")
        return block, claim

    def records(self, first: int, count: int) -> list[bytes]:
        """Return the bytes of the records of these numbers that are there."""
        statement = "SELECT data FROM record WHERE number >= ? AND number < ? ORDER BY number"
        return [data for (data,) in self._rows((bytes,), statement, first, first + count)]

    def stored_nodes(self, tree: int) -> list[tuple[int, int, bytes]]:
        """Return height, place and hash of every stored Merkle node of a tree."""
        statement = "SELECT height, place, hash FROM node WHERE tree = ? ORDER BY height, place"
        return [(height, place, one) for height, place, one in self._rows((int, int, bytes), statement, tree)]

    def count(self, table: str) -> int:
        """Return the number of rows of one of the tables."""
        (found,) = self._row((int,), f"SELECT count(*) FROM {table}") or (0,)  # noqa: S608 - one of our own tables
        return int(found)

    def nodes_of_claim(self, row: ClaimRow) -> Node:
        """Return the nodes of the tree of a claim's records."""
        return self._nodes(row.number, lambda place, count: self.records(row.first_record + place, count))

    def nodes_of_history(self) -> Node:
        """Return the nodes of the tree of the blocks' roots."""
        return self._nodes(HISTORY, self._roots)

    def head(self) -> Head:
        """Return the present state of the ledger."""
        return self.head_at(self.blocks)

    def head_at(self, blocks: int) -> Head:
        """Return the state of the ledger when it had this number of blocks."""
        return Head(blocks, root_at(blocks, self.nodes_of_history()))

    def integrity(self) -> list[str]:
        """Return what SQLite finds wrong with its own structures."""
        found = [text for (text,) in self._database.execute("PRAGMA integrity_check")]
        return [] if found == ["ok"] else found

    def schema(self) -> list[str]:
        """Return the statements that made the tables, as the file keeps them."""
        return [text for (text,) in self._database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]

    def close(self) -> None:
        """Let go of the file."""
        # In this order: closing any descriptor of a file gives up all locks of this process on it, SQLite's too.
        self._database.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _roots(self, place: int, count: int) -> list[bytes]:
        statement = "SELECT root FROM block WHERE number > ? AND number <= ? ORDER BY number"
        return [root for (root,) in self._rows((bytes,), statement, place, place + count)]

    def _nodes(self, tree: int, leaves: Callable[[int, int], list[bytes]]) -> Node:
        @lru_cache(maxsize=2)
        def lowest(chunk: int) -> list[list[bytes]]:
            return Tree().extend(leaves(chunk << LOWEST_STORED, 1 << LOWEST_STORED))

        def node(height: int, place: int) -> bytes:
            if height < LOWEST_STORED:
                chunk, within = divmod(place, 1 << (LOWEST_STORED - height))
                found = lowest(chunk)
                if height < len(found) and within < len(found[height]):
                    return found[height][within]
            else:
                statement = "SELECT hash FROM node WHERE tree = ? AND height = ? AND place = ?"
                for (one,) in self._rows((bytes,), statement, tree, height, place):
                    return bytes(one)
            raise DamagedError(f"{self.path}: tree {tree} has no node {place} at height {height}")

        return node

    def _last(self, table: str) -> int:
        """Return the number of the last row of a table; 0 where it has none."""
        (found,) = self._row((int,), f"SELECT coalesce(max(number), 0) FROM {table}") or (0,)  # noqa: S608 - ours
        return int(found)

    def _row(self, types: tuple[type, ...], statement: str, *values: str | int | bytes) -> tuple[Any, ...] | None:
        """Return the first of the rows that `_rows` yields, or None."""
        return next(self._rows(types, statement, *values), None)

    def _rows(self, types: tuple[type, ...], statement: str, *values: str | int | bytes) -> Iterator[tuple[Any, ...]]:
        """Yield the rows that a statement finds; none where a value is larger than any number of a row.

        Raises DamagedError where a row has values of other types, which SQLite reads out of damaged bytes.
        """
        try:
            found = self._database.execute(statement, values)
        except OverflowError:
            return
        for row in found:
            if tuple(map(type, row)) != types:
                raise DamagedError(f"{self.path}: holds a row with values that are not of their column's type")
            yield row


_CLAIMS = "SELECT number, device, sequence, block, place, first_record FROM claim"


def _claim_row(row: tuple[Any, ...]) -> ClaimRow:
    number, device, sequence, block, place, first_record = row
    return ClaimRow(
        number=number, name=ClaimName(device, sequence), block=block, place=place, first_record=first_record
    )
