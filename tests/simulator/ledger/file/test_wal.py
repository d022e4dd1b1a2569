"""The log beside a ledger whose writer was killed: what SQLite would pass over in silence is told."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.ledger.file.faults import DamagedError
from simulator.ledger.file.reading import open_reader
from simulator.ledger.file.seal import log_of
from simulator.ledger.file.store import create_store, open_store
from simulator.ledger.file.wal import FRAME_BYTES, HEADER_BYTES
from tests.simulator.ledger.chains import Chain

BLOCKS = 16


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger as a kill leaves it: the file and its log, as they lie on the disk while it is open."""
    folder, chain = tmp_path_factory.mktemp("killed"), Chain()
    path = folder / "open.db"
    with create_store(path, chain.genesis) as store:
        for block, told in chain.blocks(BLOCKS, 20):
            store.append(block, told, finalized=block.signed_header.header.slot)
        left = folder / "left.db"
        shutil.copy(path, left)
        shutil.copy(log_of(path), log_of(left))
    return left


def copied(killed: Path, folder: Path) -> Path:
    path = folder / "a.db"
    for one in folder.iterdir():
        one.unlink()
    shutil.copy(killed, path)
    shutil.copy(log_of(killed), log_of(path))
    return path


def test_a_kill_leaves_a_good_log(killed: Path, tmp_path: Path) -> None:
    path = copied(killed, tmp_path)
    assert log_of(path).stat().st_size > 10 * FRAME_BYTES
    with open_reader(path) as reader:
        assert reader.blocks == BLOCKS
    with open_store(path) as store:
        assert store.blocks == BLOCKS


def last_transaction(content: bytes | bytearray) -> int:
    """Return where the last transaction of a log begins: behind the last frame but one that ends a transaction."""
    frames = range(HEADER_BYTES, len(content) - FRAME_BYTES + 1, FRAME_BYTES)
    return [at + FRAME_BYTES for at in frames if any(content[at + 4 : at + 8])][-2]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_any_flipped_byte_before_the_last_block_is_found(killed: Path, tmp_path: Path, data: st.DataObject) -> None:
    path = copied(killed, tmp_path)
    content = bytearray(log_of(path).read_bytes())
    last = last_transaction(content)
    at = data.draw(st.integers(0, last - 1) | st.integers(last - FRAME_BYTES, last - FRAME_BYTES + 23))
    content[at] ^= data.draw(st.integers(1, 255))
    log_of(path).write_bytes(content)
    with pytest.raises(DamagedError, match=r"a\.db-wal: (its header|frame \d+) is damaged$"):
        data.draw(st.sampled_from([open_reader, open_store]))(path)


def test_an_end_of_a_transaction_that_is_one_no_more_is_found(killed: Path, tmp_path: Path) -> None:
    """The last two blocks then look like one, and both would be gone."""
    path = copied(killed, tmp_path)
    content = bytearray(log_of(path).read_bytes())
    end = last_transaction(content) - FRAME_BYTES
    content[end + 4 : end + 8] = bytes(4)
    log_of(path).write_bytes(content)
    with pytest.raises(DamagedError, match=r"frame \d+ is damaged$"):
        open_store(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_a_power_cut_may_leave_any_sectors_of_the_last_transaction(
    killed: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """A disk writes in any order until it is asked to have written. The last block is there or it is not."""
    path = copied(killed, tmp_path)
    content = log_of(path).read_bytes()
    begin = last_transaction(content)
    places = range(begin - begin % 512, len(content), 512)
    missing = data.draw(st.sets(st.sampled_from(places)))
    left = bytearray(content)
    for one in missing:
        left[max(one, begin) : one + 512] = bytes(len(left[max(one, begin) : one + 512]))
    log_of(path).write_bytes(left)
    with open_store(path) as store:
        assert store.blocks == BLOCKS - (left != content)


@pytest.mark.parametrize("left", [0, 20, HEADER_BYTES, HEADER_BYTES + 10])
def test_a_log_that_was_just_begun_is_good(killed: Path, tmp_path: Path, left: int) -> None:
    path = copied(killed, tmp_path)
    log_of(path).write_bytes(log_of(path).read_bytes()[:left])
    with open_store(path) as store:
        assert store.blocks == 0


def test_an_unfinished_last_frame_is_what_a_kill_leaves(killed: Path, tmp_path: Path) -> None:
    path = copied(killed, tmp_path)
    content = log_of(path).read_bytes()
    log_of(path).write_bytes(content[:-100])
    with open_store(path) as store:
        assert store.blocks == BLOCKS - 1


@pytest.mark.slow
def test_frames_of_an_earlier_use_are_passed_over(tmp_path: Path) -> None:
    chain, path, left = Chain(), tmp_path / "open.db", tmp_path / "left.db"
    sizes = []
    with create_store(path, chain.genesis) as store:
        for block, told in chain.blocks(90, 500):
            number = store.append(block, told)
            sizes.append(log_of(path).stat().st_size)
            if number % 9 == 0:
                shutil.copy(path, left)
                shutil.copy(log_of(path), log_of(left))
                with open_reader(left) as reader:
                    assert reader.blocks == number
                left.with_name("left.db-shm").unlink(missing_ok=True)
    # The log no longer grows: it was used again from its beginning.
    assert sizes[-1] == sizes[-20] > 100 * FRAME_BYTES
