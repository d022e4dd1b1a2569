"""The export of a ledger's final blocks as a transparency log, which only ever grows.

Everything that a checkpoint is about is on the disk before the checkpoint is. What is there already is compared with
the ledger to the byte, and written anew where it differs; nothing is written that was not checked. What was signed
before is remembered in the folder and beside the key, and a ledger that does not begin with it is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.ledger.file.contents import body_leaves, check_signature
from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.file.reading import Head, Reader
from simulator.ledger.log.checkpoint import MOST_CHECKPOINT_BYTES, Checkpoint, read_checkpoint
from simulator.ledger.log.folder import Folder
from simulator.ledger.log.page import page
from simulator.ledger.log.tiles import Tile, Tiles, block_name, partial_tiles
from simulator.ledger.record.codec import decode, digest, encode
from simulator.ledger.record.key_file import NoteKey
from simulator.ledger.record.merkle import Tree, root_of
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Block

CHECKPOINT, GENESIS, PAGE = "checkpoint", "genesis", "index.html"
"""Names of the files that are not numbered: the signed head, the first bytes of the chain, and the page for people."""

_BEGUN = {"block", "tile", GENESIS, f".{GENESIS}.new", f".{CHECKPOINT}.new"}
"""Contents of a folder without a checkpoint that may become a log: those of a first export that was cut short."""


@dataclass(frozen=True, slots=True)
class Published:
    """Outcome of an export: the head that is published now, the size of the one before, and the files that it wrote."""

    checkpoint: Checkpoint
    before: int
    files: int


@dataclass(frozen=True, slots=True)
class Memory:
    """The file beside a key that holds the checkpoint that it signed last."""

    folder: Folder
    name: str


def publish(reader: Reader, key: NoteKey, folder: Folder, memory: Memory) -> Published:
    """Bring a folder to the final blocks of a ledger.

    Raises DamagedError where the ledger or a checkpoint does not hold, or the ledger does not begin with what was
    signed, and StoreError where the folder cannot be used.
    """
    head = reader.head_at(reader.finalized)
    published = _signed_before(reader, key, folder, CHECKPOINT, head)
    remembered = _signed_before(reader, key, memory.folder, memory.name, head)
    _check_purpose(reader, folder, published)
    checkpoint = Checkpoint(key.name, *head)
    folder.put(GENESIS, encode(reader.genesis))
    full = _Export(reader, folder, [one.size for one in (published, remembered) if one]).run(head)
    content = checkpoint.signed(key)
    if remembered != checkpoint:
        memory.folder.put(memory.name, content)
        memory.folder.sync()
    # One that is the same stays: others may have added their signatures to it.
    if published != checkpoint:
        folder.put(CHECKPOINT, content)
        folder.sync()
    folder.put(PAGE, page(reader, checkpoint, key.verifier()).encode())
    folder.sync()
    for name in full:
        folder.remove(f"{name}.p")
    return Published(checkpoint, published.size if published else 0, folder.written)


def _signed_before(reader: Reader, key: NoteKey, folder: Folder, name: str, head: Head) -> Checkpoint | None:
    """Return a checkpoint that was signed before, which the ledger has to begin with; None where there is none."""
    content = folder.read(name, MOST_CHECKPOINT_BYTES)
    if content is None:
        return None
    path = folder.path / name
    found = read_checkpoint(content, key)
    if found is None:
        raise DamagedError(f"{path}: is no checkpoint that the key {key.name} signed, or a damaged one")
    if found.size > head.blocks:
        what = f"{head.blocks} blocks of {reader.path} are final, and {found.size} were published"
        raise DamagedError(f"{path}: {what}; a log never takes back a block")
    if reader.head_at(found.size).root != found.root:
        what = f"the first {found.size} blocks of {reader.path} are not those that were published"
        raise DamagedError(f"{path}: {what}; a key signs one log only")
    return found


def _check_purpose(reader: Reader, folder: Folder, signed: Checkpoint | None) -> None:
    """Check that a folder is that of this log, or free to become it."""
    if signed is None and (others := set(folder.names()) - _BEGUN):
        raise StoreError(f"{folder.path}: holds {min(others)} and no checkpoint; publish to a folder of its own")
    # An empty log begins every ledger, so its genesis has to tell.
    if signed is not None and not signed.size and not folder.holds(GENESIS, encode(reader.genesis)):
        raise DamagedError(f"{folder.path / GENESIS}: is not the genesis of {reader.path}")


class _Export:
    """The walk along the blocks of a ledger that writes their files."""

    def __init__(self, reader: Reader, folder: Folder, signed: Iterable[int]) -> None:
        """Begin with nothing. The tiles of checkpoints that were signed have to be there; `signed` are their sizes."""
        self._reader = reader
        self._signed = [partial_tiles(size) for size in signed]
        self._folder = folder
        self._parent = reader.genesis_root
        self._history = Tree()
        self._tiles = Tiles()
        self._full: list[str] = []

    def run(self, head: Head) -> list[str]:
        """Write everything up to a head but the checkpoint, and return the names of all full tiles."""
        for number, root, data in self._reader.each_block():
            if number > head.blocks:
                break
            if not self._folder.holds(name := block_name(root), data):
                self._check(number, root, data)
                self._folder.put(name, data)
            self._parent = root
            self._history.extend([root])
            for tile in self._tiles.add(root):
                self._put(tile)
        for tile in self._tiles.rest():
            self._put(tile)
        if Head(self._history.size, self._history.root()) != head:
            raise DamagedError(f"{self._reader.path}: its blocks are not those of its head")
        self._folder.sync()
        return self._full

    def _put(self, tile: Tile) -> None:
        self._folder.put(*tile.file(len(tile.rows)))
        if tile.is_full:
            self._full.append(tile.name)
            return
        # Earlier checkpoints name narrower ones, which begin this one.
        there = map(int, filter(str.isdecimal, self._folder.names(f"{tile.name}.p")))
        for width in sorted({*there, *(tiles.get(tile.name, 0) for tiles in self._signed)}):
            if 0 < width < len(tile.rows):
                self._folder.put(*tile.file(width))

    def _check(self, number: int, root: bytes, data: bytes) -> None:
        """Check a block by itself and by those before it; the rules of the chain are left to `verify`."""
        try:
            block = decode(data, Block)
            self._check_header(number, root, block)
            check_signature(block.signed_header, self._reader.genesis)
        except RuleError as error:
            raise DamagedError(f"{self._reader.path}: block {number}: {error}") from error

    def _check_header(self, number: int, root: bytes, block: Block) -> None:
        header = block.signed_header.header
        stated = (digest(header), header.number, header.parent_root, header.history_root, header.body_root)
        history = (self._history.size + 1, self._parent, self._history.root())
        if number != header.number or stated != (root, *history, root_of(body_leaves(block.body))):
            raise RuleError(Rule.WRONG_HISTORY, "it does not follow the blocks before it, or has another body")
