"""Measurement of a ledger's operations on this host: their CPU time, and so their energy."""

import hashlib
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from simulator.ledger.cost.cost_profile import CostProfile

ROUNDS = 15
OPERATIONS = 400
"""Operations timed together in a round."""
ROOT_BYTES = 32
"""Size of a Merkle root, which validators sign."""
RECORD_BYTES = 200
"""Size of a record of avoided emissions: node, slot, energies, intensity, price, in canonical JSON."""
HEADER_BYTES = 160
"""Size of a block's header: parent, root, slot, proposer, signature."""


def measure_costs(*, host: str, core_watts: float, source: str, rounds: int = ROUNDS) -> CostProfile:
    """Measure signing, checking, recording and closing a block on a host.

    A busy core of the host draws `core_watts`, a figure that `source` gives. Raises ModuleNotFoundError without
    `cryptography`.
    """
    sign, verify = _signing()
    with tempfile.TemporaryDirectory() as folder, closing(_store(Path(folder))) as store:
        record, block = _storing(store)
        per_signature, per_check, per_record, per_block = (
            core_watts * _seconds(operation, rounds) for operation in (sign, verify, record, block)
        )
    return CostProfile(
        joules_per_signature=per_signature,
        joules_per_verification=per_check,
        joules_per_record=per_record,
        joules_per_block=per_block,
        method=(
            f"Median of {rounds} rounds of {OPERATIONS} operations on one core: CPU time, the kernel's included, times "
            f"{core_watts} W per core ({source}). Signatures are "
            f"Ed25519 over a {ROOT_BYTES}-byte root (cryptography); a record is SHA-256 of {RECORD_BYTES} bytes and an "
            f"SQLite row within a transaction; a block is SHA-256 of a {HEADER_BYTES}-byte header, a row and the "
            "commit (write-ahead log, one synchronisation per checkpoint). Disk and network are not counted."
        ),
        host=host,
    )


def _seconds(operation: Callable[[], object], rounds: int) -> float:
    """Return the median CPU time of one operation; a first round warms up."""
    spent = []
    for number in range(rounds + 1):
        begin = time.process_time()
        for _ in range(OPERATIONS):
            operation()
        if number:
            spent.append((time.process_time() - begin) / OPERATIONS)
    return median(spent)


def _signing() -> tuple[Callable[[], object], Callable[[], object]]:
    """Return two operations: signing a root, and checking the signature."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - only whoever measures has it
        Ed25519PrivateKey,
    )

    key = Ed25519PrivateKey.generate()
    root = hashlib.sha256(b"root").digest()
    signature = key.sign(root)
    public = key.public_key()
    return lambda: key.sign(root), lambda: public.verify(signature, root)


def _store(folder: Path) -> sqlite3.Connection:
    """Return an empty database as a ledger would keep it; transactions are opened by hand."""
    store = sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = NORMAL")
    store.execute("CREATE TABLE record (hash BLOB, data BLOB)")
    store.execute("CREATE TABLE block (hash BLOB, header BLOB)")
    store.execute("BEGIN")
    return store


def _storing(store: sqlite3.Connection) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return two operations: adding a record to the open transaction, and closing it with a block."""
    payload, header = b"r" * RECORD_BYTES, b"h" * HEADER_BYTES

    def record() -> None:
        store.execute("INSERT INTO record VALUES (?, ?)", (hashlib.sha256(payload).digest(), payload))

    def block() -> None:
        store.execute("INSERT INTO block VALUES (?, ?)", (hashlib.sha256(header).digest(), header))
        store.execute("COMMIT")
        store.execute("BEGIN")

    return record, block
