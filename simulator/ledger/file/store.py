"""The durable store of a ledger: one SQLite file in WAL mode, written in one transaction per block.

A block is there with all its claims, records and Merkle nodes, or not at all, and is on the disk when `append` returns.
The file is checked whenever it is opened, and sealed when it is closed.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from simulator.ledger.file.contents import check_contents
from simulator.ledger.file.faults import StoreError, told
from simulator.ledger.file.reading import (
    FORMAT,
    HISTORY,
    LOWEST_STORED,
    SCHEMA,
    ClaimName,
    Head,
    Reader,
    claims_of,
    head_bytes,
)
from simulator.ledger.file.seal import (
    check_closed,
    empty_database,
    is_sealed,
    log_of,
    require_files,
    seal,
    unseal,
)
from simulator.ledger.file.wal import check_log
from simulator.ledger.record.codec import digest, encode
from simulator.ledger.record.merkle import Tree, peaks_at
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Block, Claim, Genesis

Records = Mapping[ClaimName, Sequence[bytes]]
"""The bytes of the task records of each claim of a block that has any."""


class Store(Reader):
    """A ledger file that grows by blocks. It has one writer at a time, and any number of readers."""

    def __init__(self, database: sqlite3.Connection, path: Path, lock: int) -> None:
        """Take up a file that is locked, once `open_store` or `create_store` has checked it."""
        super().__init__(database, path, lock, is_sealed=False)
        self._history = self._taken_up()

    def append(self, block: Block, records: Records, *, finalized: int | None = None, snapshot: bytes = b"") -> int:
        """Write a block and return its number.

        `finalized` is the number of the last block that is final by the votes in this block and those before it, which
        stays what it is without; `snapshot` is that of the state after it, and takes the place of the last one.

        Its parent is the last block, or another one that no final block follows: then the block takes the place of
        what follows there, and `finalized` may be lower than it was by the votes in that. A block that is there already
        is left as it is. Raises RuleError: wrong parent; head rollback, where the parent lies below a final block; bad
        proof, where records are not those that a claim has the root of. Raises StoreError where the disk is full or
        does not answer; then nothing has changed.
        """
        root = digest(block.signed_header.header)
        known = self._number_of(root)
        if known is not None:
            return known
        parent = self._parent(block.signed_header.header.parent_root)
        with self._transaction():
            is_branch = parent < self.blocks
            if is_branch:
                self._remove_after(parent)
            number = parent + 1
            self._database.execute("INSERT INTO block VALUES (?, ?, ?)", (number, root, encode(block)))
            self._write_nodes(HISTORY, self._history, [root])
            for place, claim in claims_of(block):
                self._write_claim(number, place, claim, records.get(ClaimName(claim.device, claim.sequence), ()))
            self._write("head", head_bytes(Head(number, self._history.root())))
            if finalized is not None:
                self._write_finalized(min(finalized, number), may_fall=is_branch)
            if snapshot:
                self._write("state", snapshot)
        return number

    def finalize(self, number: int) -> None:
        """Note the last final block, where no block is written. Raises StoreError."""
        with self._transaction():
            self._write_finalized(min(number, self.blocks))

    def close(self) -> None:
        """Bring all into one file, seal it and give it back. Where a reader still looks on, it stays unsealed.

        Raises StoreError where the disk is full; all blocks are safe even so.
        """
        try:
            with told(self.path):
                self._database.close()
                if not log_of(self.path).exists():
                    seal(self.path)
        finally:
            os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with told(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            is_done = False
            try:
                yield
                self._database.execute("COMMIT")
                is_done = True
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                if not is_done:
                    self._history = self._taken_up()

    def _taken_up(self) -> Tree:
        return Tree(self.blocks, peaks_at(self.blocks, self.nodes_of_history()))

    def _number_of(self, root: bytes) -> int | None:
        row = self._row((int,), "SELECT number FROM block WHERE root = ?", root)
        return None if row is None else int(row[0])

    def _parent(self, root: bytes) -> int:
        number = 0 if root == self.genesis_root else self._number_of(root)
        if number is None:
            raise RuleError(Rule.WRONG_PARENT, "the parent is no block of this ledger")
        if number < self.finalized:
            raise RuleError(Rule.HEAD_ROLLBACK, f"block {number + 1} is final and cannot be replaced")
        return number

    def _remove_after(self, number: int) -> None:
        run = self._database.execute
        first = "SELECT number, first_record FROM claim WHERE block > ? ORDER BY number"
        if (row := self._row((int, int), first, number)) is not None:
            claim, record = row
            run("DELETE FROM node WHERE tree >= ?", (claim,))
            run("DELETE FROM claim WHERE number >= ?", (claim,))
            run("DELETE FROM record WHERE number >= ?", (record,))
        run("DELETE FROM node WHERE tree = ? AND (place + 1) << height > ?", (HISTORY, number))
        run("DELETE FROM block WHERE number > ?", (number,))
        if (kept := self.snapshot) is not None and kept.number > number:
            self._write("state", b"")
        self._history = self._taken_up()

    def _write_claim(self, block: int, place: int, claim: Claim, records: Sequence[bytes]) -> None:
        name = ClaimName(claim.device, claim.sequence)
        if self.claim_row(name) is not None:
            raise RuleError(Rule.SEQUENCE_GAP, f"claim {name} is in this ledger already")
        tree = Tree()
        number, first = self._last("claim") + 1, self._last("record") + 1
        self._write_nodes(number, tree, records)
        if (tree.size, tree.root()) != (claim.records, claim.records_root):
            raise RuleError(Rule.BAD_PROOF, f"claim {name}: {len(records)} records are not those that it is about")
        row = (number, *name, block, place, first)
        self._database.execute("INSERT INTO claim VALUES (?, ?, ?, ?, ?, ?)", row)
        self._database.executemany("INSERT INTO record VALUES (?, ?)", enumerate(records, first))

    def _write_nodes(self, number: int, tree: Tree, records: Sequence[bytes]) -> None:
        before = tree.size
        rows = [
            (number, height, (before >> height) + offset, found)
            for height, hashes in enumerate(tree.extend(records))
            if height >= LOWEST_STORED
            for offset, found in enumerate(hashes)
        ]
        self._database.executemany("INSERT INTO node VALUES (?, ?, ?, ?)", rows)

    def _write_finalized(self, number: int, *, may_fall: bool = False) -> None:
        if may_fall or number > self.finalized:
            self._write("finalized", number.to_bytes(8))

    def _write(self, name: str, value: bytes) -> None:
        self._database.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))


def create_store(path: Path, genesis: Genesis) -> Store:
    """Begin a ledger. Raises StoreError where there is a file already, and where it cannot be written."""
    begun = path.with_name(f"{path.name}-new")
    with told(path):
        begun.write_bytes(empty_database())
        with closing(_connect(begun)) as database:
            database.execute("BEGIN")
            for statement in SCHEMA:
                database.execute(statement)
            rows = {
                "format": FORMAT,
                "genesis": encode(genesis),
                "head": head_bytes(Head(0, Tree().root())),
                "finalized": bytes(8),
                "state": b"",
            }
            database.executemany("INSERT INTO meta VALUES (?, ?)", rows.items())
            database.execute("COMMIT")
        seal(begun)
        try:
            # A link appears at once, so whoever is killed leaves a whole ledger or none, and replaces none.
            path.hardlink_to(begun)
        except FileExistsError as error:
            raise StoreError(f"{path}: there is a file already") from error
        finally:
            begun.unlink()
    return open_store(path)


def open_store(path: Path) -> Store:
    """Open a ledger to write to it, once it is found good.

    One that was closed is checked byte by byte against its seal, one that was not, block by block. Raises DamagedError,
    which tells the first fault, and StoreError where another process has it open or it cannot be used.
    """
    with told(path), ExitStack() as undo:
        require_files(path)
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        undo.callback(os.close, lock)
        _lock_alone(path, lock)
        was_closed = is_sealed(path)
        if was_closed:
            check_closed(path)
            _check_readable(path, lock)
            unseal(path)
        else:
            check_log(path)
        database = _connect(path)
        undo.callback(database.close)
        store = Store(database, path, lock)
        if not was_closed:
            check_contents(store)
        undo.pop_all()
    return store


def _check_readable(path: Path, lock: int) -> None:
    """Check that a closed file is a ledger of this version, and leave it as it is.

    Raises DamagedError and StoreError.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as database:
        Reader(database, path, lock, is_sealed=True)


def _lock_alone(path: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreError(f"{path}: another process has it open") from error


def _connect(path: Path) -> sqlite3.Connection:
    """Return a connection whose transactions are opened by hand, and are on the disk once they are committed."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")
    return database
