"""The seal of a closed ledger file: a digest of each page in the place that SQLite reserves at its end.

A database keeps bytes that none of its rows shows: its header, free space within pages, free pages. A seal covers every
byte. The last 32 bytes of each page are reserved (SQLite's file format, section 1.3.4: "for extensions"), and hold the
SHA-256 of the page's number and the rest of the page; those of the first page cover all other digests too. While a
ledger is open the first page's are zero, so a file that was never closed says so.

A seal finds damage. It does not find forgery, since whoever forges a ledger can seal it; signatures and votes do.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from exporter.core.regular_file import require_file
from simulator.ledger.file.faults import DamagedError

PAGE_BYTES = 4096
"""Bytes of a database page, SQLite's default since version 3.12.0 (2016)."""

SEAL_BYTES = 32
"""Bytes reserved at the end of each page: those of a SHA-256 digest."""

OPEN = bytes(SEAL_BYTES)

_BESIDE = ("-wal", "-shm", "-journal")
"""Endings of the names of files that SQLite opens beside a database (SQLite's file format, sections 3 and 4)."""

_USABLE = PAGE_BYTES - SEAL_BYTES


def empty_database() -> bytes:
    """Return a database without tables whose pages reserve the place of a seal, in WAL mode.

    SQLite has no statement that reserves it, so this follows its file format, sections 1.3 and 1.6.
    """
    page = bytearray(PAGE_BYTES)
    page[0:24] = b"SQLite format 3\x00" + PAGE_BYTES.to_bytes(2) + bytes([2, 2, SEAL_BYTES, 64, 32, 32])
    for offset, value in ((24, 1), (28, 1), (44, 4), (56, 1), (92, 1), (96, 3_007_000)):
        page[offset : offset + 4] = value.to_bytes(4)
    page[100:108] = bytes([13, 0, 0, 0, 0, *_USABLE.to_bytes(2), 0])
    return bytes(page)


def is_sealed(path: Path) -> bool:
    """Tell whether a file has a seal, be it broken. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        file.seek(_USABLE)
        return file.read(SEAL_BYTES) != OPEN


def seal(path: Path) -> None:
    """Write the digests, that of the first page last. Nobody may have the database open. Raises OSError."""
    others = sha256()
    with path.open("r+b") as file:
        first = file.read(PAGE_BYTES)
        for number, page in _further_pages(file):
            digest = _digest(number, page[:_USABLE])
            others.update(digest)
            if page[_USABLE:] != digest:
                _write_digest(file, number, digest)
        _sync(file)
        _write_digest(file, 1, _digest(1, first[:_USABLE] + others.digest()))
        _sync(file)


def unseal(path: Path) -> None:
    """Mark a file as open, before anything else of it changes. Raises OSError."""
    with path.open("r+b") as file:
        _write_digest(file, 1, OPEN)
        _sync(file)


def check_seal(path: Path) -> None:
    """Check every byte of a sealed file.

    Raises DamagedError, which tells the first page that is not as it was sealed, and OSError.
    """
    others = sha256()
    with path.open("rb") as file:
        first = file.read(PAGE_BYTES)
        if first[:21] != empty_database()[:21]:
            raise DamagedError(f"{path}: page 1 (bytes 0 to {PAGE_BYTES - 1}) is not the first page of a ledger")
        for number, page in _further_pages(file):
            digest = _digest(number, page[:_USABLE])
            others.update(digest)
            if page[_USABLE:] != digest:
                raise DamagedError(f"{path}: {_place(number)}")
    if first[_USABLE:] != _digest(1, first[:_USABLE] + others.digest()):
        raise DamagedError(f"{path}: {_place(1)}")


def log_of(path: Path) -> Path:
    """Return the path of the write-ahead log, which is there while a ledger is open and after it was killed."""
    return Path(f"{path}-wal")


def require_files(path: Path) -> None:
    """Raise OSError where a ledger, or what SQLite may open beside it, is a pipe or a device, or there is no ledger."""
    require_file(path)
    for ending in _BESIDE:
        with suppress(FileNotFoundError):
            require_file(Path(f"{path}{ending}"))


def check_closed(path: Path) -> None:
    """Check a file that has a seal: every byte of it, and that nothing is left to be written to it.

    Raises DamagedError and OSError.
    """
    check_seal(path)
    if log_of(path).exists():
        raise DamagedError(f"{path}: is closed, and yet {log_of(path).name} lies beside it")


def _further_pages(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 2
    while page := os.pread(file.fileno(), PAGE_BYTES, (number - 1) * PAGE_BYTES):
        yield number, page
        number += 1


def _digest(number: int, rest: bytes) -> bytes:
    return sha256(number.to_bytes(8) + rest).digest()


def _place(number: int) -> str:
    start = (number - 1) * PAGE_BYTES
    return f"page {number} (bytes {start} to {start + PAGE_BYTES - 1}) is not as it was sealed"


def _write_digest(file: BinaryIO, number: int, digest: bytes) -> None:
    os.pwrite(file.fileno(), digest, (number - 1) * PAGE_BYTES + _USABLE)


def _sync(file: BinaryIO) -> None:
    os.fsync(file.fileno())
