"""The disk of one validator: a ledger file and the memory of what was signed, and what may happen to both.

SQLite promises that a transaction is on the disk once its commit returns, and asks the disk for it by `fsync`. Until
then each sector of what it writes may be there or not, in any order: so a power cut leaves, of all sectors that a
write has changed, some that are old and some that are new.
"""

import random
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.ledger.file.reading import Head
from simulator.ledger.file.seal import log_of
from simulator.ledger.file.store import Records, Store, create_store, open_store
from simulator.ledger.file.wal import HEADER_BYTES
from simulator.ledger.node.signed_file import SignedFile, create_signed, open_signed
from simulator.ledger.record.types import Block, Genesis

SECTOR_BYTES = 512
"""Bytes that a disk writes as a whole or not at all."""

FULLY_SYNCHRONOUS = 2
"""SQLite's `synchronous = FULL`, with which every commit in a log is followed by an `fsync` of it."""


class PowerCutError(Exception):
    """The power is gone: nothing that is in memory goes on."""


class Disk:
    """The files of one validator. What was acknowledged last is noted here, as somebody elsewhere would note it."""

    def __init__(self, folder: Path, genesis: Genesis, chain_id: bytes, index: int, chance: random.Random) -> None:
        self._folder, self._genesis, self._chain_id, self._index = folder, genesis, chain_id, index
        self.chance = chance
        self._generation = 0
        self._is_new = True
        self.acknowledged = Head(0, b"")
        self.possible: dict[Head, int] = {}
        self.ever: set[Head] = set()
        self.earlier = self.acknowledged
        self.final = 0
        self.cuts_power = False
        self.limit: int | None = None
        self._old: Path | None = None
        self.path.parent.mkdir(parents=True)

    @property
    def path(self) -> Path:
        """The ledger file."""
        return self._folder / str(self._generation) / "ledger.db"

    @property
    def signed_path(self) -> Path:
        """The memory of what was signed."""
        return self._folder / "signed"

    def begin(self) -> "WatchedStore":
        """Begin a ledger."""
        self._generation += 1
        self.path.parent.mkdir()
        store = WatchedStore(create_store(self.path, self._genesis), self)
        self.earlier = store.head()
        self.note(self.earlier, 0)
        return store

    def open(self) -> "WatchedStore":
        """Open the ledger that is there."""
        return WatchedStore(open_store(self.path), self)

    def memory(self) -> SignedFile:
        """Return the memory of what was signed, which is begun once, with the first ledger."""
        if self._is_new:
            self._is_new = False
            return create_signed(self.signed_path, self._chain_id, self._index)
        return open_signed(self.signed_path, self._chain_id, self._index)

    def note(self, head: Head, final: int) -> None:
        """Note what a write that returned has promised: a head, and the number of the last block final by its chain."""
        if head != self.acknowledged:
            self.earlier = self.acknowledged
        self.acknowledged, self.final, self.possible = head, final, {head: final}
        self.ever.add(head)

    def files(self) -> dict[str, bytes]:
        """Return the bytes of the ledger and of its log."""
        return {one.name: one.read_bytes() for one in (self.path, log_of(self.path)) if one.exists()}

    def leave(self, store: Store, files: dict[str, bytes] | None = None) -> None:
        """End a writer in the middle of whatever it did, and leave these files, or those that lie there now."""
        left = self.files() if files is None else files
        store.close()
        shutil.rmtree(self.path.parent)
        self._generation += 1
        self.path.parent.mkdir()
        for name, content in left.items():
            self.path.with_name(name).write_bytes(content)

    def torn(self, before: dict[str, bytes], after: dict[str, bytes]) -> dict[str, bytes]:
        """Return what a power cut leaves of a write."""
        log = log_of(self.path).name
        if before.get(self.path.name) != after[self.path.name]:
            # The log was on the disk before it was brought into the file.
            return {log: after[log], self.path.name: self._mixed(before[self.path.name], after[self.path.name])}
        # A log that is used anew has its header on the disk before its first frame is written.
        begun = after[log][:HEADER_BYTES] + before.get(log, b"")[HEADER_BYTES:]
        return {self.path.name: after[self.path.name], log: self._mixed(begun, after[log])}

    def unsynced(self, after: dict[str, bytes]) -> dict[str, bytes]:
        """Return what a power cut leaves where nothing of the log was ever asked to be on the disk."""
        log = log_of(self.path).name
        return {**after, log: after[log][: self.chance.randint(0, len(after[log]))]}

    def _mixed(self, before: bytes, after: bytes) -> bytes:
        """Return the old content with some of the new sectors: the first ones, or any."""
        places = range(0, len(after), SECTOR_BYTES)
        changed = [one for one in places if before[one : one + SECTOR_BYTES] != after[one : one + SECTOR_BYTES]]
        written = changed[: self.chance.randint(0, len(changed))]
        if self.chance.random() < 0.5:
            written = [one for one in changed if self.chance.random() < 0.7]
        mixed = bytearray(before)
        for one in written:
            mixed.extend(bytes(max(0, one - len(mixed))))
            mixed[one : one + SECTOR_BYTES] = after[one : one + SECTOR_BYTES]
        return bytes(mixed)

    def flip(self) -> str:
        """Flip a bit of one of the files, and say which."""
        path = self.chance.choice([self.path, *(one for one in (log_of(self.path),) if one.exists())])
        content = bytearray(path.read_bytes())
        place = self.chance.randrange(max(1, len(content)))
        content[place : place + 1] = bytes(one ^ 1 << self.chance.randrange(8) for one in content[place : place + 1])
        path.write_bytes(content)
        return f"byte {place} of {path.name}"

    def copy(self) -> None:
        """Put a copy of the ledger aside, as it is."""
        self._old = self._folder / "old"
        shutil.rmtree(self._old, ignore_errors=True)
        self._old.mkdir()
        for name, content in self.files().items():
            (self._old / name).write_bytes(content)

    def put_back(self) -> bool:
        """Put the copy in the place of the ledger, and tell whether there was one."""
        if self._old is None:
            return False
        shutil.rmtree(self.path.parent)
        shutil.copytree(self._old, self.path.parent)
        return True

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let nothing grow beyond the limit, where the disk is full."""
        if self.limit is None:
            yield
            return
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def fill(self) -> None:
        """Let there be room for a few pages more."""
        self.limit = max(map(len, self.files().values())) + self.chance.randint(0, 30_000)


class WatchedStore(Store):
    """The store as it is shipped, on a disk that can fail while it writes."""

    def __init__(self, store: Store, disk: Disk) -> None:
        super().__init__(store._database, store.path, store._lock)
        self._disk = disk

    def append(self, block: Block, records: Records, *, finalized: int | None = None, snapshot: bytes = b"") -> int:
        """Write a block, unless the power fails."""
        before = self._disk.files() if self._disk.cuts_power else {}
        number = super().append(block, records, finalized=finalized, snapshot=snapshot)
        if before:
            self._disk.cuts_power = False
            self._disk.possible[self.head()] = self.finalized
            after = self._disk.files()
            self._disk.leave(self, self._disk.torn(before, after) if self.is_durable else self._disk.unsynced(after))
            raise PowerCutError
        self._disk.note(self.head(), self.finalized)
        return number

    def finalize(self, number: int) -> None:
        """Note the last final block."""
        super().finalize(number)
        self._disk.note(self.head(), self.finalized)

    @property
    def is_durable(self) -> bool:
        """True where SQLite promises that what is committed is on the disk."""
        (level,) = self._row((int,), "PRAGMA synchronous") or (0,)
        return bool(level >= FULLY_SYNCHRONOUS)
