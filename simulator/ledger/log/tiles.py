"""Tiles of a transparency log: its Merkle tree and its entries cut into static files (c2sp.org/tlog-tiles)."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.ledger.record.merkle import leaf_hash, node_hash

TILE_WIDTH = 256
"""Hashes of a full tile, and entries of a full bundle (C2SP tlog-tiles, section "Merkle Tree")."""

LENGTH_BYTES = 2
"""Bytes of the length before each entry of a bundle (C2SP tlog-tiles, section "Log entries")."""

ENTRIES = "entries"
"""The word in the place of a level in the names of bundles of entries."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile or a bundle: its name when it is full, its rows in bytes, and whether it is."""

    name: str
    rows: tuple[bytes, ...]

    @property
    def is_full(self) -> bool:
        """Tell whether nothing is ever added to it."""
        return len(self.rows) == TILE_WIDTH

    def file(self, width: int) -> tuple[str, bytes]:
        """Return name and content of the file that it was when it had so many rows."""
        suffix = "" if width == TILE_WIDTH else f".p/{width}"
        return self.name + suffix, b"".join(self.rows[:width])


class Tiles:
    """The tiles of a tree that grows entry by entry; only those that are not full yet are kept."""

    def __init__(self) -> None:
        self._bundle: list[bytes] = []
        self._levels: list[list[bytes]] = [[]]
        self._full: list[int] = [0]

    def add(self, entry: bytes) -> Iterator[Tile]:
        """Append an entry, and yield what becomes full by it."""
        self._bundle.append(len(entry).to_bytes(LENGTH_BYTES) + entry)
        self._levels[0].append(leaf_hash(entry))
        if len(self._bundle) == TILE_WIDTH:
            yield Tile(tile_name(ENTRIES, self._full[0]), tuple(self._bundle))
            self._bundle = []
        level = 0
        while len(row := self._levels[level]) == TILE_WIDTH:
            yield Tile(tile_name(level, self._full[level]), tuple(row))
            self._full[level] += 1
            self._levels[level] = []
            level += 1
            if level == len(self._levels):
                self._levels.append([])
                self._full.append(0)
            self._levels[level].append(_root(row))

    def rest(self) -> Iterator[Tile]:
        """Yield what is not full yet; nothing of it is empty."""
        if self._bundle:
            yield Tile(tile_name(ENTRIES, self._full[0]), tuple(self._bundle))
        for level, row in enumerate(self._levels):
            if row:
                yield Tile(tile_name(level, self._full[level]), tuple(row))


def tile_name(level: int | str, index: int) -> str:
    """Return the name of a full tile: its index in groups of three digits, all but the last after an x."""
    digits = str(index)
    digits = digits.zfill(-len(digits) // 3 * -3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join(["tile", str(level), *(f"x{group}" for group in groups[:-1]), groups[-1]])


def partial_tiles(size: int) -> dict[str, int]:
    """Return the width of each tile and bundle that is not full in a tree of so many entries, by its full name."""
    found: dict[str, int] = {}
    for level in range(-(-size.bit_length() // 8)):
        index, width = divmod(size >> 8 * level, TILE_WIDTH)
        names = [tile_name(level, index), *([tile_name(ENTRIES, index)] if level == 0 else [])]
        found |= dict.fromkeys(names, width) if width else {}
    return found


def block_name(root: bytes) -> str:
    """Return the name of the file of a block; the first byte of its root is a folder, so that none gets too large."""
    return f"block/{root[:1].hex()}/{root.hex()}"


def _root(hashes: list[bytes]) -> bytes:
    """Return the hash of a perfect subtree from those of its parts, which are a power of two."""
    while len(hashes) > 1:
        halves = iter(hashes)
        hashes = [node_hash(left, right) for left, right in zip(halves, halves, strict=True)]
    return hashes[0]
