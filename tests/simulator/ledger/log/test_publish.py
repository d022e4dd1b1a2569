"""Laws of published logs: programs that are not ours verify them, they only grow, and no two of them fork."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash

from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.file.reading import open_reader
from simulator.ledger.file.seal import seal
from simulator.ledger.file.store import create_store, open_store
from simulator.ledger.log.folder import Folder
from simulator.ledger.record.merkle import root_of
from tests.simulator.ledger.chains import Chain
from tests.simulator.ledger.log.published import (
    KEY,
    OTHER_KEY,
    checked,
    contents,
    publish_to,
    write,
)
from tests.simulator.ledger.story import story

ALL = 15
"""Final blocks of the whole story."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a published log in `log`, and its ledger beside it."""
    folder = tmp_path_factory.mktemp("good")
    publish_to(folder / "log", write(folder / "ledger.db"))
    return folder


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "copy"))


def refused(work: Callable[[], object], kind: type[Exception] = DamagedError) -> str:
    """Return the one line with which something is refused."""
    with pytest.raises(kind) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def other_ledger(path: Path) -> Path:
    """Write the ledger of another chain, of 20 blocks, all of them final."""
    chain = Chain()
    with create_store(path, chain.genesis) as store:
        for block, records in chain.blocks(20):
            store.append(block, records, finalized=block.signed_header.header.number)
    return path


def without_narrow(files: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out the tiles that only earlier checkpoints name."""
    widths: dict[str, int] = {}
    for name in files:
        full, _, width = name.partition(".p/")
        widths[full] = max(widths.get(full, 0), int(width or 256))
    return {
        name: content
        for name, content in files.items()
        if ".p/" not in name or int(name.partition(".p/")[2]) == widths[name.partition(".p/")[0]]
    }


def test_a_checker_that_is_not_ours_finds_the_folder_good(good: Path) -> None:
    with open_reader(good / "ledger.db") as reader:
        head = reader.head_at(reader.finalized)
    assert head.blocks == ALL
    chain = story().chain_id.hex()
    assert checked(good / "log") == f"good: {ALL} blocks of the chain {chain}; head {ALL}:{head.root.hex()}"


def test_another_reader_proves_each_block_and_each_growth(good: Path) -> None:
    reader = TilesReader(LocalBackend(good / "log"))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(Vkey.from_string(KEY.verifier()))
    roots = [reader.get_entry(place) for place in range(ALL)]
    for place, root in enumerate(roots):
        reader.get_inclusion_proof(place, ALL).check(leaf_hash(root), checkpoint.root_hash)
        earlier = root_of(roots[: place + 1])
        reader.get_consistency_proof(place + 1, ALL).check(earlier, checkpoint.root_hash)
        header = story().blocks[place].signed_header.header
        assert (header.number, header.history_root) == (place + 1, root_of(roots[:place]))


@given(st.integers(0, 2**32), st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_every_flipped_bit_of_every_file_is_found(good: Path, seed: int, bit: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - which byte is damaged need be no secret
    # The page for people is covered by nothing, and says so.
    path = draw.choice(sorted(one for one in (good / "log").rglob("*") if one.is_file() and one.suffix != ".html"))
    before = path.read_bytes()
    changed = bytearray(before)
    changed[draw.randrange(len(changed))] ^= 1 << bit
    path.write_bytes(changed)
    try:
        assert checked(good / "log").startswith("wrong: ")
    finally:
        path.write_bytes(before)


def test_every_missing_file_is_found_and_written_again(copy: Path) -> None:
    whole = contents(copy / "log")
    for name in whole:
        (copy / "log" / name).unlink()
        assert name == "index.html" or checked(copy / "log").startswith("wrong: ")
        if name == "checkpoint":
            # It could be anybody's folder.
            refused(lambda: publish_to(copy / "log", copy / "ledger.db"), StoreError)
            (copy / "log" / name).write_bytes(whole[name])
        assert publish_to(copy / "log", copy / "ledger.db").files == (name != "checkpoint")
        assert contents(copy / "log") == whole


def test_every_damaged_file_is_written_again_but_a_checkpoint(copy: Path) -> None:
    whole = contents(copy / "log")
    for name, content in whole.items():
        (copy / "log" / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        if name == "checkpoint":
            assert "damaged" in refused(lambda: publish_to(copy / "log", copy / "ledger.db"))
            (copy / "log" / name).write_bytes(content)
        publish_to(copy / "log", copy / "ledger.db")
        assert contents(copy / "log") == whole


@pytest.mark.parametrize("name", ["tile/0/000.p/3", "tile/entries/000.p/3"])
def test_damaged_tiles_of_earlier_checkpoints_are_found_and_written_again(tmp_path: Path, name: str) -> None:
    for blocks in (12, None):
        publish_to(tmp_path / "log", write(tmp_path / "ledger.db", blocks))
    whole = contents(tmp_path / "log")
    (tmp_path / "log" / name).write_bytes(whole[name][:-1] + bytes([whole[name][-1] ^ 1]))
    assert checked(tmp_path / "log").endswith(f"{name} is not what it should be")
    assert publish_to(tmp_path / "log", tmp_path / "ledger.db").files == 1
    assert contents(tmp_path / "log") == whole


def test_publishing_in_steps_gives_the_same_as_at_once(good: Path, tmp_path: Path) -> None:
    sizes: list[int] = []
    for blocks in range(25):
        done = publish_to(tmp_path / "log", write(tmp_path / "ledger.db", blocks))
        assert done.before == (sizes[-1] if sizes else 0)
        sizes.append(done.checkpoint.size)
        assert checked(tmp_path / "log").startswith(f"good: {sizes[-1]} blocks")
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (0, ALL)
    kept = contents(tmp_path / "log")
    assert without_narrow(kept) == contents(good / "log")
    # Each checkpoint that was published still finds its tiles.
    assert {f"tile/0/000.p/{size}" for size in sizes if size} <= set(kept)


@pytest.mark.parametrize("is_lost", [False, True])
def test_tiles_of_the_last_checkpoint_are_there_again(tmp_path: Path, *, is_lost: bool) -> None:
    ledger = write(tmp_path / "ledger.db", 12)
    size = publish_to(tmp_path / "log", ledger).checkpoint.size
    narrow = [tmp_path / f"log/tile/{level}/000.p/{size}" for level in ("0", "entries")]
    whole = [path.read_bytes() for path in narrow]
    if is_lost:
        shutil.rmtree(tmp_path / "log")
    else:
        for path in narrow:
            path.unlink()
    publish_to(tmp_path / "log", write(ledger))
    assert [path.read_bytes() for path in narrow] == whole
    assert checked(tmp_path / "log").startswith(f"good: {ALL} blocks")


def test_what_somebody_laid_in_the_way_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "theirs").touch()
    (tmp_path / "log").mkdir()
    os.link(tmp_path / "theirs", tmp_path / "log/.checkpoint.new")
    (tmp_path / "log/.genesis.new").symlink_to(tmp_path / "theirs")
    publish_to(tmp_path / "log", write(tmp_path / "ledger.db"))
    assert (tmp_path / "theirs").read_bytes() == b""
    assert (tmp_path / "theirs").stat().st_nlink == 1
    assert "more files" not in checked(tmp_path / "log")


def test_what_a_kill_left_goes_with_the_narrow_tiles(tmp_path: Path) -> None:
    (tmp_path / "log/tile/0/000.p").mkdir(parents=True)
    for name in (".3.new", "7"):
        (tmp_path / "log/tile/0/000.p" / name).touch()
    with Folder(tmp_path / "log") as folder:
        folder.remove("tile/0/000.p")
    assert not (tmp_path / "log/tile/0/000.p").exists()


def test_publishing_again_changes_nothing(copy: Path) -> None:
    whole = contents(copy)
    assert publish_to(copy / "log", copy / "ledger.db").files == 0
    assert contents(copy) == whole


@pytest.mark.slow
def test_partial_tiles_go_once_the_full_one_is_there(tmp_path: Path) -> None:
    chain = Chain()
    with create_store(tmp_path / "ledger.db", chain.genesis):
        pass
    blocks = list(chain.blocks(515, 1))
    for end in (1, 250, 256, 257, 515):
        with open_store(tmp_path / "ledger.db") as store:
            # Nothing is asked of the disk here, and waiting for it takes longer than all else.
            store._database.execute("PRAGMA synchronous = OFF")
            for block, records in blocks[store.blocks : end]:
                store.append(block, records, finalized=block.signed_header.header.number)
        publish_to(tmp_path / "log", tmp_path / "ledger.db")
        assert checked(tmp_path / "log").startswith(f"good: {end} blocks")
        assert "more files" not in checked(tmp_path / "log")
        assert (tmp_path / "log/tile/0/000.p").exists() == (end < 256)
    publish_to(tmp_path / "once", tmp_path / "ledger.db", memory="another")
    assert without_narrow(contents(tmp_path / "log")) == contents(tmp_path / "once")


def test_signatures_of_witnesses_stay_while_the_log_does_not_grow(copy: Path) -> None:
    signed = (copy / "log/checkpoint").read_bytes() + "\u2014 witness.example AAAAAAAA\n".encode()
    (copy / "log/checkpoint").write_bytes(signed)
    publish_to(copy / "log", copy / "ledger.db")
    assert (copy / "log/checkpoint").read_bytes() == signed


@pytest.mark.parametrize("forgets", [False, True])
def test_another_ledger_is_refused(copy: Path, tmp_path: Path, *, forgets: bool) -> None:
    other, whole = other_ledger(tmp_path / "other.db"), contents(copy / "log")
    memory = "nothing" if forgets else "memory"
    told = refused(lambda: publish_to(copy / "log", other, memory=memory))
    assert f"the first {ALL} blocks of {other} are not those that were published" in told
    assert contents(copy / "log") == whole


def test_a_key_remembers_what_it_signed_in_another_folder(copy: Path, tmp_path: Path) -> None:
    other = other_ledger(tmp_path / "other.db")
    assert "a key signs one log only" in refused(lambda: publish_to(copy / "second", other))
    assert contents(copy / "second") == {}
    assert publish_to(copy / "second", other, OTHER_KEY, memory="another").checkpoint.size == 20


def test_a_ledger_that_was_cut_back_is_refused(tmp_path: Path) -> None:
    publish_to(tmp_path / "log", write(tmp_path / "long.db"))
    shorter = write(tmp_path / "short.db", 12)
    told = refused(lambda: publish_to(tmp_path / "log", shorter))
    assert f"3 blocks of {shorter} are final, and {ALL} were published; a log never takes back a block" in told
    shutil.rmtree(tmp_path / "log")
    assert "never takes back" in refused(lambda: publish_to(tmp_path / "log", shorter))


def test_a_folder_that_was_rolled_back_is_brought_forward(tmp_path: Path) -> None:
    publish_to(tmp_path / "log", write(tmp_path / "ledger.db", 12))
    shutil.copytree(tmp_path / "log", tmp_path / "older")
    publish_to(tmp_path / "log", write(tmp_path / "ledger.db"))
    whole = contents(tmp_path / "log")
    shutil.rmtree(tmp_path / "log")
    (tmp_path / "older").rename(tmp_path / "log")
    assert publish_to(tmp_path / "log", tmp_path / "ledger.db").checkpoint.size == ALL
    assert contents(tmp_path / "log") == whole


def test_another_key_does_not_go_on_with_a_log(copy: Path) -> None:
    assert "is no checkpoint that the key" in refused(
        lambda: publish_to(copy / "log", copy / "ledger.db", OTHER_KEY, memory="another")
    )


def test_an_empty_log_belongs_to_its_genesis(tmp_path: Path) -> None:
    publish_to(tmp_path / "log", write(tmp_path / "ledger.db", 0))
    assert checked(tmp_path / "log").startswith("good: 0 blocks")
    other = other_ledger(tmp_path / "other.db")
    assert "is not the genesis" in refused(lambda: publish_to(tmp_path / "log", other))


def test_a_folder_for_something_else_is_left_alone(copy: Path) -> None:
    (copy / "site").mkdir()
    (copy / "site/photo.jpg").touch()
    told = refused(lambda: publish_to(copy / "site", copy / "ledger.db"), StoreError)
    assert "holds photo.jpg and no checkpoint" in told
    (copy / "file").touch()
    assert "cannot be used" in refused(lambda: publish_to(copy / "file", copy / "ledger.db"), StoreError)


@pytest.mark.parametrize("link", ["tile", "tile/0", "block", "tile/entries/000.p", "checkpoint", "genesis", "block/x"])
def test_no_link_in_the_folder_is_followed(copy: Path, link: str) -> None:
    whole = contents(copy / "log")
    path = copy / "log" / link
    path = next((copy / "log/block").iterdir()) if link == "block/x" else path
    outside = copy / "outside"
    path.rename(outside)
    path.symlink_to(outside)
    before = contents(outside) if outside.is_dir() else outside.read_bytes()
    if link == "genesis":
        # A file is replaced as a whole, and so is what takes its place.
        publish_to(copy / "log", copy / "ledger.db")
        assert not path.is_symlink()
        assert contents(copy / "log") == whole
    else:
        assert "cannot be used" in refused(lambda: publish_to(copy / "log", copy / "ledger.db"), StoreError)
        assert path.is_symlink()
    assert (contents(outside) if outside.is_dir() else outside.read_bytes()) == before


@pytest.mark.parametrize(
    "change",
    [
        "data = CAST(data || x'00' AS BLOB)",
        "data = (SELECT data FROM block WHERE number = 6)",
        "root = zeroblob(32)",
    ],
)
def test_a_damaged_block_is_neither_published_nor_signed(tmp_path: Path, change: str) -> None:
    ledger = write(tmp_path / "ledger.db")
    with closing(sqlite3.connect(ledger, isolation_level=None)) as database:
        database.execute(f"UPDATE block SET {change} WHERE number = 7")  # noqa: S608 - our own text
    seal(ledger)
    assert f"{ledger}: block 7: " in refused(lambda: publish_to(tmp_path / "log", ledger))
    assert not (tmp_path / "log/checkpoint").exists()
    assert len(list((tmp_path / "log/block").rglob("*/*"))) == 6


def test_a_block_that_its_proposer_did_not_sign_is_refused(tmp_path: Path) -> None:
    chain = Chain()
    (block, records), *_ = chain.blocks(1)
    signed = replace(block.signed_header, signature=bytes(64))
    with create_store(tmp_path / "ledger.db", chain.genesis) as store:
        store.append(replace(block, signed_header=signed), records, finalized=1)
    assert "signature" in refused(lambda: publish_to(tmp_path / "log", tmp_path / "ledger.db"))


def test_the_lock_keeps_a_second_publisher_out(tmp_path: Path) -> None:
    with Folder(tmp_path / "log") as one, Folder(tmp_path / "log") as another:
        one.lock()
        assert "another process writes to it" in refused(another.lock, StoreError)
