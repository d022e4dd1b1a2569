"""The durable store: what it keeps, what it refuses, and what it finds when it is opened."""

import contextlib
import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.imports import ROOT
from simulator.ledger.file.contents import check_contents
from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.file.reading import ClaimName, open_reader
from simulator.ledger.file.seal import is_sealed, log_of, seal, unseal
from simulator.ledger.file.store import create_store, open_store
from simulator.ledger.record.codec import digest, encode
from simulator.ledger.record.merkle import check_inclusion, inclusion_path, leaf_hash, root_of
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Block
from tests.simulator.ledger.chains import Chain, task_records


def filled(path: Path, blocks: int = 6, records: int = 3) -> list[Block]:
    """Write a ledger, close it, and return its blocks."""
    chain = Chain()
    written: list[Block] = []
    with create_store(path, chain.genesis) as store:
        for block, told in chain.blocks(blocks, records):
            store.append(block, told, finalized=max(0, len(written) - 1))
            written.append(block)
    return written


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    blocks = filled(path, 6, 200)
    assert is_sealed(path)
    with open_reader(path) as reader:
        check_contents(reader)
        assert [data for _, _, data in reader.each_block()] == [encode(one) for one in blocks]
        assert reader.finalized == 4
        assert reader.head() == (6, root_of([digest(one.signed_header.header) for one in blocks]))
        row = reader.claim_row(ClaimName(1, 3))
        assert row is not None
        assert (row.block, row.place) == (5, 1)
        expected = task_records(1, 3, 201)
        assert reader.records(row.first_record, 201) == expected
        path_up = inclusion_path(150, 201, reader.nodes_of_claim(row))
        check_inclusion(leaf_hash(expected[150]), 150, 201, path_up, root_of(expected))


def test_a_ledger_goes_on_where_it_was_closed(tmp_path: Path) -> None:
    chain, path = Chain(), tmp_path / "a.db"
    create_store(path, chain.genesis).close()
    for block, told in chain.blocks(9, 70):
        with open_store(path) as store:
            assert not is_sealed(path)
            assert store.append(block, told) == block.signed_header.header.slot
        assert is_sealed(path)
        assert not log_of(path).exists()
    with open_reader(path) as reader:
        check_contents(reader)
        assert reader.blocks == 9


def test_a_block_that_comes_again_is_not_written_again(tmp_path: Path) -> None:
    chain, path = Chain(), tmp_path / "a.db"
    with create_store(path, chain.genesis) as store:
        for block, told in chain.blocks(5):
            numbers = {store.append(block, told) for _ in range(3)}
            assert numbers == {block.signed_header.header.slot}
        check_contents(store)


def test_a_branch_takes_the_place_of_blocks_that_are_not_final(tmp_path: Path) -> None:
    chain, path = Chain(), tmp_path / "a.db"
    with create_store(path, chain.genesis) as store:
        written = [block for block, told in chain.blocks(140, 65) if store.append(block, told)]
        store.finalize(70)
        root = digest(written[99].signed_header.header)
        records = task_records(2, 999, 130)
        branch = chain.block(root, 500, [chain.claim(2, 999, records)])
        assert store.append(branch, {ClaimName(2, 999): records}) == 101
        assert store.blocks == 101
        check_contents(store)
        for block, told in list(chain.blocks(140, 65))[100:]:
            store.append(block, told)
        check_contents(store)
        assert store.blocks == 140


def test_invalid_head_rollback(tmp_path: Path) -> None:
    chain, path = Chain(), tmp_path / "a.db"
    with create_store(path, chain.genesis) as store:
        written = [block for block, told in chain.blocks(6) if store.append(block, told)]
        store.finalize(4)
        for number in (1, 3):
            with pytest.raises(RuleError, match=rf"block {number + 1} is final") as told_rule:
                store.append(chain.block(digest(written[number - 1].signed_header.header), 99), {})
            assert told_rule.value.rule is Rule.HEAD_ROLLBACK
        store.finalize(2)
        assert store.finalized == 4
        assert store.append(chain.block(digest(written[3].signed_header.header), 99), {}) == 5
        assert store.finalized == 4


def test_a_branch_tells_what_is_final_by_its_own_votes(tmp_path: Path) -> None:
    """The votes for a final block may be left with a branch: a file claims no more than its blocks prove."""
    chain, path = Chain(), tmp_path / "a.db"
    with create_store(path, chain.genesis) as store:
        written = [block for block, told in chain.blocks(6) if store.append(block, told, finalized=4)]
        branch = chain.block(digest(written[4].signed_header.header), 99)
        assert store.append(branch, {}, finalized=2) == 6
        assert store.finalized == 2
        after = chain.block(digest(branch.signed_header.header), 100)
        assert store.append(after, {}, finalized=1) == 7
        assert store.finalized == 2


def test_invalid_parent(tmp_path: Path) -> None:
    chain, other = Chain(), Chain(name=b"other")
    with create_store(tmp_path / "a.db", chain.genesis) as store:
        for block, told in other.blocks(1):
            with pytest.raises(RuleError) as refused:
                store.append(block, told)
            assert refused.value.rule is Rule.WRONG_PARENT
        assert store.blocks == 0


@pytest.mark.parametrize("change", [lambda one: one[:-1], lambda one: [*one, one[-1]], lambda one: one[::-1]])
def test_invalid_records_of_a_claim_change_nothing(tmp_path: Path, change: "object") -> None:
    chain = Chain()
    with create_store(tmp_path / "a.db", chain.genesis) as store:
        first, second, third = chain.blocks(3)
        store.append(*first)
        store.append(*second)
        before = store.head()
        wrong = {name: change(leaves) for name, leaves in third[1].items()}  # type: ignore[operator]
        with pytest.raises(RuleError, match="records are not those") as refused:
            store.append(third[0], wrong)
        assert refused.value.rule is Rule.BAD_PROOF
        assert store.head() == before
        assert store.append(*third) == 3
        check_contents(store)


def test_a_ledger_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    chain = Chain()
    with create_store(path, chain.genesis):
        with pytest.raises(StoreError, match=r"a\.db: another process has it open$"):
            open_store(path)
        with pytest.raises(StoreError, match=r"a\.db: there is a file already$"):
            create_store(path, chain.genesis)
    open_store(path).close()
    with pytest.raises(StoreError, match=r"gone\.db: cannot be used: No such file or directory$"):
        open_store(tmp_path / "gone.db")


def test_a_reader_sees_a_ledger_that_is_written_to(tmp_path: Path) -> None:
    path, chain = tmp_path / "a.db", Chain()
    with create_store(path, chain.genesis) as store:
        for number, (block, told) in enumerate(chain.blocks(4), 1):
            store.append(block, told)
            with open_reader(path) as reader:
                check_contents(reader)
                assert reader.blocks == number


def test_a_reader_sees_one_state_of_a_ledger_while_blocks_are_written(tmp_path: Path) -> None:
    path, chain = tmp_path / "a.db", Chain()
    with create_store(path, chain.genesis) as store:
        blocks = list(chain.blocks(300, 3))
        for block, told in blocks[:127]:
            store.append(block, told)
        with open_reader(path) as reader:
            for block, told in blocks[127:]:
                store.append(block, told, finalized=reader.blocks)
            check_contents(reader)
            assert (reader.blocks, reader.finalized) == (127, 0)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + bytes(5000)])
def test_what_is_no_ledger_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(content)
    for open_it in (open_store, open_reader):
        with pytest.raises((DamagedError, StoreError)) as told:
            open_it(path)
        assert str(told.value).startswith(f"{path}: ")
        assert "\n" not in str(told.value)
    with closing(sqlite3.connect(tmp_path / "b.db")) as database:
        database.execute("CREATE TABLE other (a)")
    with pytest.raises((DamagedError, StoreError)):
        open_reader(tmp_path / "b.db")


def test_a_ledger_of_an_earlier_format_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    kept = (ROOT / "tests/fixtures/formats/ledger-v1.db").read_bytes()
    path.write_bytes(kept)
    for open_it in (open_store, open_reader):
        with pytest.raises(StoreError, match=r"ledger\.db: is a ledger of format 1, .*: begin another file$"):
            open_it(path)
    assert path.read_bytes() == kept
    assert [one.name for one in tmp_path.iterdir()] == ["ledger.db"]


def test_a_full_disk_ends_in_one_line_and_loses_nothing(tmp_path: Path) -> None:
    # A limit on the size of files stands for the disk: SQLite's log and file can grow no further.
    chain, path = Chain(), tmp_path / "a.db"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    store = create_store(path, chain.genesis)
    blocks = list(chain.blocks(40, 400))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        with pytest.raises(StoreError, match=rf"^{path}: cannot be used: (database or disk is full|disk I/O error)$"):
            for block, told in blocks:
                store.append(block, told)
        stored = store.blocks
        assert 1 < stored < 40
        check_contents(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for block, told in blocks[stored:]:
        store.append(block, told)
    store.close()
    with open_reader(path) as reader:
        check_contents(reader)
        assert reader.blocks == 40


def test_a_ledger_that_cannot_be_sealed_is_whole_all_the_same(tmp_path: Path) -> None:
    chain, path = Chain(), tmp_path / "a.db"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    store = create_store(path, chain.genesis)
    for block, told in chain.blocks(4, 50):
        store.append(block, told)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
        with contextlib.suppress(StoreError):
            store.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not is_sealed(path)
    with open_store(path) as again:
        assert again.blocks == 4


CHANGES = {
    "block": ("root", "data"),
    "claim": ("number", "device", "sequence", "block", "place", "first_record"),
    "record": ("number", "data"),
    "node": ("tree", "height", "place", "hash"),
}
"""Columns of the tables, all of whose values the blocks determine."""


@pytest.mark.parametrize(("table", "column"), [(table, column) for table, names in CHANGES.items() for column in names])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6)
@given(data=st.data())
def test_any_changed_value_of_a_table_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, table: str, column: str
) -> None:
    path = tmp_path_factory.mktemp("changed") / "a.db"
    filled(path, 4, 70)
    unseal(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        (value,) = data.draw(st.sampled_from(database.execute(f"SELECT {column} FROM {table}").fetchall()))  # noqa: S608
        change = f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {column} = ?"  # noqa: S608 - names of our own
        database.execute(change, (changed(value, data), value))
    assert_damaged(path)


def changed(value: int | bytes, data: st.DataObject) -> int | bytes:
    """Return another value; of a block, another byte of what its root is about."""
    if isinstance(value, int):
        return value + data.draw(st.sampled_from([-1, 1, 1000]))
    found = bytearray(value)
    # The proposer's signature is not under the root: a matter of `verify`, not of the contents.
    found[data.draw(st.integers(0, 31))] ^= data.draw(st.integers(1, 255))
    return bytes(found)


def assert_damaged(path: Path) -> None:
    with pytest.raises((DamagedError, StoreError)) as told, open_store(path):
        pass
    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM block WHERE number = 2",
        "DELETE FROM block WHERE number = 4",
        "DELETE FROM claim WHERE number = 1",
        "DELETE FROM record WHERE number = 7",
        "DELETE FROM record WHERE number = (SELECT max(number) FROM record)",
        "DELETE FROM node",
        "DELETE FROM meta WHERE name = 'finalized'",
        "DELETE FROM meta WHERE name = 'genesis'",
        "DELETE FROM meta WHERE name = 'head'",
        "UPDATE meta SET value = x'00' WHERE name = 'head'",
        "DROP TABLE record",
        "CREATE TABLE more (a)",
        "INSERT INTO meta VALUES ('more', x'00')",
        "INSERT INTO record VALUES (0, x'00')",
        "INSERT INTO record SELECT max(number) + 1, x'00' FROM record",
        "INSERT INTO claim SELECT max(number) + 1, 9, 9, 1, 0, 1 FROM claim",
        "INSERT INTO node VALUES (77, 6, 0, x'00')",
        "INSERT INTO block SELECT number + 1, x'00', data FROM block WHERE number = 4",
        "UPDATE meta SET value = x'0000000000000009' WHERE name = 'finalized'",
        "UPDATE meta SET value = x'00' WHERE name = 'format'",
    ],
)
def test_rows_too_many_or_too_few_are_found(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "a.db"
    filled(path, 4, 70)
    unseal(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(statement)
    assert_damaged(path)


def test_the_first_fault_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    filled(path, 5, 70)
    unseal(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE record SET data = x'00' WHERE number IN (300, 500)")
    with pytest.raises(DamagedError, match=r"a\.db: block 3: claim 1/2: its task records are not those"):
        open_store(path)


@pytest.mark.parametrize("name", ["genesis", "state"])
def test_a_value_that_is_no_record_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.db"
    filled(path)
    unseal(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE meta SET value = x'93ff' WHERE name = ?", (name,))
    assert_damaged(path)


def test_reading_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    filled(path)
    for make_it_so in (seal, unseal):
        make_it_so(path)
        with open_reader(path) as reader:
            check_contents(reader)
        assert [one.name for one in tmp_path.iterdir()] == ["a.db"]
