"""Laws of tiles, each held against another implementation of c2sp.org/tlog-tiles: tlog-scales reads what we cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tlog_scales import tiles as foreign
from tlog_scales.reader import TilesReader

from simulator.ledger.log.tiles import ENTRIES, TILE_WIDTH, Tiles, partial_tiles, tile_name
from simulator.ledger.record.merkle import root_of


class Files:
    """Files in memory, as a log's reader asks for them."""

    def __init__(self, entries: list[bytes]) -> None:
        tiles = Tiles()
        cut = [tile for entry in entries for tile in tiles.add(entry)]
        self.files = dict(tile.file(len(tile.rows)) for tile in [*cut, *tiles.rest()])

    def get(self, *path: str) -> bytes | None:
        return self.files.get("/".join(path))


def entries(size: int) -> list[bytes]:
    return [number.to_bytes(32) for number in range(size)]


def read(files: Files, size: int) -> TilesReader:
    reader = TilesReader(files)
    reader.set_size(size)
    return reader


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537])
def test_another_reader_finds_the_root_entries_and_proofs(size: int) -> None:
    told, root = entries(size), root_of(entries(size))
    reader = read(Files(told), size)
    assert reader.calculate_root_hash() == root
    for place in {0, 1, 254, 255, 256, 257, size // 2, size - 2, size - 1} & set(range(size)):
        assert reader.get_entry(place) == told[place]
        reader.get_inclusion_proof(place, size).check(foreign.leaf_hash(told[place]), root)
    for old in {1, 2, 255, 256, 257, size // 3, size - 1} & set(range(1, size)):
        reader.get_consistency_proof(old, size).check(root_of(told[:old]), root)


@given(st.lists(st.binary(max_size=300), max_size=600))
@settings(max_examples=30)
def test_entries_of_any_length_are_read_again(told: list[bytes]) -> None:
    reader = read(Files(told), len(told))
    assert reader.calculate_root_hash() == root_of(told)
    assert [reader.get_entry(place) for place in range(len(told))] == told


def test_the_files_are_those_of_the_example_in_the_specification() -> None:
    files = Files(entries(70_000)).files
    names = [tile_name(0, number) for number in range(273)] + [tile_name(1, 0)]
    full = names + [tile_name(ENTRIES, number) for number in range(273)]
    partial = ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"]
    assert sorted(files) == sorted([*full, *partial])
    assert {len(files[name]) for name in names} == {8192}
    assert sorted(f"{name}.p/{width}" for name, width in partial_tiles(70_000).items()) == sorted(partial)
    assert partial_tiles(0) == {}
    assert partial_tiles(256) == {"tile/1/000": 1}
    assert [len(files[name]) // 32 for name in partial[:3]] == [112, 17, 1]
    assert tile_name(0, 1_234_067) == "tile/0/x001/x234/067"


@given(st.integers(0, 63), st.integers(0, 10**12))
def test_another_implementation_gives_tiles_the_same_names(level: int, index: int) -> None:
    assert tile_name(level, index) == "/".join(foreign.tile_path(level, index))
    assert tile_name(ENTRIES, index) == "/".join(foreign.tile_path(-1, index))


@given(st.integers(1, 1500), st.integers(1, 1500))
@settings(max_examples=20)
def test_full_tiles_never_change_and_partial_ones_begin_later_ones(one: int, another: int) -> None:
    small, large = sorted((one, another))
    before, after = Files(entries(small)).files, Files(entries(large)).files
    for name, content in before.items():
        full, _, width = name.partition(".p/")
        if width:
            assert 0 < int(width) < TILE_WIDTH
            later = [rest for found, rest in after.items() if found.partition(".p/")[0] == full]
            assert later
            assert later[0].startswith(content)
        else:
            assert after[name] == content
