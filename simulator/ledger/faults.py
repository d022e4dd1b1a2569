"""Errors of a ledger file that is damaged or cannot be used, each one line that begins with its path."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DamagedError(Exception):
    """A ledger file that is not as it was written; the text says where the first fault is."""


class StoreError(Exception):
    """A ledger file that cannot be used now: it is in use, is not there, cannot be written, or the disk is full."""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Let what SQLite and the system say of a file end in one line. Raises DamagedError and StoreError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreError(f"{path}: cannot be used: {error}") from error
    except sqlite3.Error as error:
        raise DamagedError(f"{path}: {error}") from error
    except UnicodeDecodeError as error:
        raise DamagedError(f"{path}: holds text that is none") from error
    except OSError as error:
        raise StoreError(f"{path}: cannot be used: {error.strerror}") from error
