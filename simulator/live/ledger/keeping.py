"""The ledger file of a live run: written block by block, and gone on with after a restart."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.core.config import ConfigError
from exporter.core.logs import Seldom
from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.file.reading import ClaimName
from simulator.ledger.file.replay import Replay
from simulator.ledger.file.seal import log_of
from simulator.ledger.file.store import Store, create_store, open_store
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import Block, Genesis, RevealRenewal
from simulator.live.ledger.validators import Added, Place, Validators

LOG = logging.getLogger(__name__)

MOST_WAITING_BYTES = 64 << 20
"""Bytes of blocks and task records that wait in memory at most until a file can be written again: those of a month of
the scenario `edge`."""

Records = Mapping[tuple[int, int], Sequence[bytes]]
"""The bytes of the task records of claims, by device and sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A block that is not in the file yet."""

    added: Added
    records: Records

    @property
    def size(self) -> int:
        return len(encode(self.added.block)) + sum(len(one) for records in self.records.values() for one in records)


class Keeping:
    """A ledger file. While it cannot be written, blocks wait in memory, and the run goes on."""

    def __init__(self, path: Path, genesis: Genesis, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin the file, or open that of an earlier start of the same run.

        Raises ConfigError where it cannot be made, is damaged, in use, or of another run.
        """
        self._path = path
        self._genesis = genesis
        self._waiting: list[_Waiting] = []
        self._monotonic = monotonic
        self._lines = Seldom()
        self.failures = 0
        try:
            self._store: Store | None = open_store(path) if path.exists() else create_store(path, genesis)
        except (DamagedError, StoreError) as error:
            raise ConfigError([str(error)]) from error
        if self._store.genesis != genesis:
            self._store.close()
            what = "is the ledger of another run: its scenario, seed, or step is another"
            raise ConfigError([f"{path}: {what}"])

    @property
    def size(self) -> int:
        """The size of the file in bytes, with what its log still holds."""
        return sum(one.stat().st_size for one in (self._path, log_of(self._path)) if one.exists())

    def take_up(self, validators: Validators) -> int:
        """Let validators go on where the file ends, and return how many messages its blocks hold.

        Raises ConfigError where a block breaks a rule.
        """
        store = self._store
        if store is None or (snapshot := store.snapshot) is None:
            return 0
        replay = Replay(self._genesis, validators.execute)
        try:
            replay.resume(snapshot, store.each_block())
        except RuleError as error:
            raise ConfigError([f"{self._path}: {error}"]) from error
        places, messages, renewals = {store.genesis_root: Place(0, 0)}, 0, []
        for number, root, data in store.each_block():
            block = decode(data, Block)
            places[root] = Place(number, block.signed_header.header.slot)
            messages += len(block.body.messages)
            renewals += [one.message for one in block.body.messages if isinstance(one.message, RevealRenewal)]
        validators.take_up(replay.consensus, replay.ledger, places, renewals)
        return messages

    def append(self, added: Added, records: Records) -> None:
        """Write a block, with the task records of its claims, after all that wait.

        A failure is counted. The first one in a row is logged, as is the first block that is written again; of a disk
        that flaps a line a minute.
        """
        if self._store is None:
            return
        self._waiting.append(_Waiting(added=added, records=records))
        try:
            self._write(self._store)
        except (DamagedError, StoreError) as error:
            self._fail(error)
        else:
            if self._lines.changes(self._monotonic(), ""):
                LOG.info("%s: written again, with the blocks that had waited", self._path)

    def _write(self, store: Store) -> None:
        """Write all blocks that wait, the oldest first. Raises StoreError and DamagedError."""
        while self._waiting:
            added, records = self._waiting[0].added, self._waiting[0].records
            named = {ClaimName(*name): data for name, data in records.items()}
            # Only the last one's state is still to be had.
            snapshot = added.snapshot() if len(self._waiting) == 1 else b""
            store.append(added.block, named, finalized=added.finalized, snapshot=snapshot)
            del self._waiting[0]

    def _fail(self, error: Exception) -> None:
        self.failures += 1
        if isinstance(error, DamagedError) or sum(one.size for one in self._waiting) > MOST_WAITING_BYTES:
            LOG.warning("%s; the ledger goes on without it until the next start", error)
            self._let_go()
        elif self._lines.changes(self._monotonic(), "fails"):
            LOG.warning("%s; blocks wait in memory until it can be written", error)

    def close(self) -> None:
        """Write what waits, seal the file and let go of it."""
        if self._store is not None and self._waiting:
            try:
                self._write(self._store)
            except (DamagedError, StoreError) as error:
                left = len(self._waiting)
                LOG.warning("%s; the last %d blocks are not in it, and are made again at the next start", error, left)
        self._let_go()

    def _let_go(self) -> None:
        store, self._store = self._store, None
        self._waiting.clear()
        if store is not None:
            try:
                store.close()
            except (DamagedError, StoreError) as error:
                LOG.warning("%s; the blocks in it are safe, and it has no seal", error)
