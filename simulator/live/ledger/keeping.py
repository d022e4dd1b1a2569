"""The ledger file of a live run: written block by block, and gone on with after a restart."""

import logging
from pathlib import Path

from exporter.core.config import ConfigError
from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.file.reading import ClaimName
from simulator.ledger.file.replay import Replay
from simulator.ledger.file.seal import log_of
from simulator.ledger.file.store import Store, create_store, open_store
from simulator.ledger.record.codec import decode
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import Block, Genesis
from simulator.live.ledger.validators import Added, Place, Validators

LOG = logging.getLogger(__name__)


class Keeping:
    """A ledger file. One that cannot be written any more is given up with one warning, and the run goes on."""

    def __init__(self, path: Path, genesis: Genesis) -> None:
        """Begin the file, or open that of an earlier start of the same run.

        Raises ConfigError where it cannot be made, is damaged, in use, or of another run.
        """
        self._path = path
        self._genesis = genesis
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
        places, messages = {store.genesis_root: Place(0, 0)}, 0
        for number, root, data in store.each_block():
            block = decode(data, Block)
            places[root] = Place(number, block.signed_header.header.slot)
            messages += len(block.body.messages)
        validators.take_up(replay.consensus, replay.ledger, places)
        return messages

    def append(self, added: Added, records: dict[tuple[int, int], list[bytes]]) -> None:
        """Write a block, with the task records of its claims by device and sequence."""
        if self._store is None:
            return
        try:
            named = {ClaimName(*name): data for name, data in records.items()}
            self._store.append(added.block, named, finalized=added.finalized, snapshot=added.snapshot())
        except StoreError as error:
            LOG.warning("%s; the ledger goes on without it", error)
            self.close()

    def close(self) -> None:
        """Seal the file and let go of it."""
        store, self._store = self._store, None
        if store is not None:
            store.close()
