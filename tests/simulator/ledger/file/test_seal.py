"""The seal of a closed file: whatever byte of it changes is found, and a file that was not closed is no damaged one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.ledger.file.faults import DamagedError
from simulator.ledger.file.seal import (
    PAGE_BYTES,
    SEAL_BYTES,
    check_seal,
    empty_database,
    is_sealed,
    seal,
    unseal,
)


def write_rows(path: Path, first: int, count: int) -> None:
    """Add rows as a ledger does, and remove some, which leaves free space in pages and free pages."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("CREATE TABLE IF NOT EXISTS record (number INTEGER PRIMARY KEY, data BLOB) STRICT")
        database.execute("BEGIN")
        rows = [(number, b"%d" % number * 40) for number in range(first, first + count)]
        database.executemany("INSERT INTO record VALUES (?, ?)", rows)
        database.execute("DELETE FROM record WHERE number % 7 = 0 OR number BETWEEN 200 AND 260")
        database.execute("COMMIT")


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "sealed.db"
    path.write_bytes(empty_database())
    write_rows(path, 0, 400)
    seal(path)
    return path


def test_an_empty_database_is_one_to_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(empty_database())
    assert not is_sealed(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA journal_mode").fetchall() == [("wal",)]


def test_a_seal_leaves_every_row_as_it_was(sealed: Path) -> None:
    with closing(sqlite3.connect(sealed)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = dict(database.execute("SELECT number, data FROM record"))
        assert len(rows) == 400 - 58 - 61 + 9
        assert all(data == b"%d" % number * 40 for number, data in rows.items())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.data())
def test_any_flipped_byte_is_found_in_its_page(sealed: Path, data: st.DataObject) -> None:
    kept = sealed.read_bytes()
    at, bits = data.draw(st.integers(0, len(kept) - 1)), data.draw(st.integers(1, 255))
    damaged = bytearray(kept)
    damaged[at] ^= bits
    try:
        sealed.write_bytes(damaged)
        with pytest.raises(DamagedError, match=f"sealed.db: page {at // PAGE_BYTES + 1} "):
            check_seal(sealed)
    finally:
        sealed.write_bytes(kept)
    check_seal(sealed)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.data())
def test_a_file_of_another_length_is_found(sealed: Path, data: st.DataObject) -> None:
    kept = sealed.read_bytes()
    length = data.draw(st.integers(0, len(kept) - 1))
    try:
        for damaged in (kept[:length], kept + bytes(length + 1), kept + kept[length:]):
            sealed.write_bytes(damaged)
            with pytest.raises(DamagedError):
                check_seal(sealed)
    finally:
        sealed.write_bytes(kept)


def test_pages_in_another_order_are_found(sealed: Path) -> None:
    kept = sealed.read_bytes()
    pages = [kept[start : start + PAGE_BYTES] for start in range(0, len(kept), PAGE_BYTES)]
    sealed.write_bytes(b"".join([pages[0], pages[2], pages[1], *pages[3:]]))
    with pytest.raises(DamagedError, match=r"sealed.db: page 2 \(bytes 4096 to 8191\) is not as it was sealed$"):
        check_seal(sealed)


def test_an_older_page_of_the_same_file_is_found(sealed: Path) -> None:
    older = sealed.read_bytes()
    unseal(sealed)
    write_rows(sealed, 400, 1)
    seal(sealed)
    newer = sealed.read_bytes()
    changed = [at for at in range(0, len(older), PAGE_BYTES) if older[at : at + PAGE_BYTES] != newer[at:][:PAGE_BYTES]]
    assert len(changed) > 1
    for start in changed:
        sealed.write_bytes(newer[:start] + older[start : start + PAGE_BYTES] + newer[start + PAGE_BYTES :])
        with pytest.raises(DamagedError):
            check_seal(sealed)


def test_a_file_is_open_until_it_is_sealed_again(sealed: Path) -> None:
    unseal(sealed)
    assert not is_sealed(sealed)
    write_rows(sealed, 400, 50)
    assert not is_sealed(sealed)
    seal(sealed)
    assert is_sealed(sealed)
    check_seal(sealed)
    assert len(sealed.read_bytes()) % PAGE_BYTES == 0 < SEAL_BYTES


@pytest.mark.full
def test_every_byte_is_covered(sealed: Path) -> None:
    kept = sealed.read_bytes()
    with sealed.open("r+b", buffering=0) as file:
        for at in range(len(kept)):
            file.seek(at)
            file.write(bytes([kept[at] ^ 1 << at % 8]))
            with pytest.raises(DamagedError, match=f"sealed.db: page {at // PAGE_BYTES + 1} "):
                check_seal(sealed)
            file.seek(at)
            file.write(kept[at : at + 1])
    check_seal(sealed)
