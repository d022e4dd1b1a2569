"""The last things that a validator has signed, in a small file beside its ledger.

It is on the disk before anything is sent. It is written whole beside the old one and takes its place in one step, so a
crash leaves the one or the other. Of two processes with one memory, the second to sign is refused. A disk that is put
back to an earlier state takes this memory back as well, and no file can tell: a validator whose disk was restored from
a copy needs another key.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from exporter.core.regular_file import read_file
from simulator.ledger.consensus.memory import Signed
from simulator.ledger.file.faults import DamagedError, StoreError, told
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import DIGEST_BYTES, Digest, Record, Unsigned

FORMAT = b"ecochain signed 1"
"""First bytes of the file, which tell its layout: they, then a digest of the rest, then the rest."""

MOST_BYTES = 4096
"""Bytes of the longest such file; a vote has less than 300."""


class _Kept(Record, frozen=True):
    """Content of the file: whose it is, and what was signed."""

    chain_id: Digest
    validator: Unsigned
    signed: Signed


class SignedFile:
    """The memory of one validator of one chain."""

    def __init__(self, path: Path, chain_id: bytes, validator: int, last: Signed, content: bytes | None) -> None:
        """Take up a file with this content, once `open_signed` has read it; None where there is none yet."""
        self.path = path
        self.last = last
        self._content = content
        self._chain_id = chain_id
        self._validator = validator

    def keep(self, signed: Signed) -> None:
        """Have it on the disk.

        Raises StoreError where the disk does not take it, or where the file is not as it was left here: then another
        process acts for the same validator, and only one of them may.
        """
        kept = encode(_Kept(chain_id=self._chain_id, validator=self._validator, signed=signed))
        content = FORMAT + sha256(kept).digest() + kept
        with told(self.path), _alone_in(self.path.parent) as folder:
            if self._content != (read_file(self.path, MOST_BYTES) if self.path.exists() else None):
                raise StoreError(f"{self.path}: is not as this process has left it, which so signs no more")
            _replace(self.path, content)
            self._content = content
            os.fsync(folder)
        self.last = signed


def create_signed(path: Path, chain_id: bytes, validator: int) -> SignedFile:
    """Begin the memory of a validator that has never signed. Raises StoreError where there is one already."""
    if path.exists():
        raise StoreError(f"{path}: there is a file already")
    memory = SignedFile(path, chain_id, validator, Signed(), None)
    memory.keep(memory.last)
    return memory


def open_signed(path: Path, chain_id: bytes, validator: int) -> SignedFile:
    """Take up the memory of a validator.

    Raises DamagedError where it is not as it was written or is that of another, and StoreError where it cannot be read:
    a validator that does not know what it has signed must not sign.
    """
    with told(path):
        content = read_file(path, MOST_BYTES)
    begin = len(FORMAT) + DIGEST_BYTES
    if content[: len(FORMAT)] != FORMAT or content[len(FORMAT) : begin] != sha256(content[begin:]).digest():
        raise DamagedError(f"{path}: is not as it was written, so nobody knows what was signed")
    try:
        kept = decode(content[begin:], _Kept)
    except RuleError as error:
        raise DamagedError(f"{path}: {error}") from error
    if (kept.chain_id, kept.validator) != (chain_id, validator):
        raise DamagedError(f"{path}: is the memory of another validator, or of another chain")
    return SignedFile(path, chain_id, validator, kept.signed, content)


@contextmanager
def _alone_in(folder: Path) -> Iterator[int]:
    """Open a folder, once no other process is in such a block. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Put a file that is on the disk in the place of another. Raises OSError."""
    beside = path.with_name(f"{path.name}-new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
