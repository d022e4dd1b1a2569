"""Errors of a ledger file that is damaged or cannot be used, each one line that begins with its path."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DamagedError(Exception):
    """A ledger file that is not as it was written; the text says where the first fault is."""


class StoreError(Exception):
    """A ledger file that cannot be used now: it is in use, is not there, cannot be written, or the disk is full."""


_UNUSABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""Answers of SQLite that tell of the system around a file and not of the file."""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Let what SQLite and the system say of a file end in one line. Raises DamagedError and StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        # The lowest byte of a code is the answer, the rest says more of it.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNUSABLE:
            raise StoreError(f"{path}: cannot be used: {error}") from error
        raise DamagedError(f"{path}: is no good ledger: {error}") from error
    except UnicodeDecodeError as error:
        raise DamagedError(f"{path}: holds text that is none") from error
    except OSError as error:
        raise StoreError(f"{path}: cannot be used: {error.strerror}") from error
