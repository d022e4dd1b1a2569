"""The Merkle tree of RFC 9162, section 2.1: roots, proofs that a record is in it, and that a tree only grew.

A tree of n records is cut at the largest power of two below n, again and again. So its left parts are perfect: they
never change as it grows, and one hash for each set bit of n, its peaks, is all that growing needs. Leaves and inner
nodes are hashed under different prefixes, and an odd leaf is never doubled.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from hashlib import sha256

HASH_BYTES = 32
"""Bytes of a SHA-256 digest (FIPS 180-4)."""

LEAF, NODE = b"\x00", b"\x01"

Node = Callable[[int, int], bytes]
"""Hash of the perfect subtree of 2^height leaves, by its height and its place from the left among those."""


class ProofFault(StrEnum):
    """The rules that a proof can break, each with what a reader is told."""

    OUTSIDE = "proof_outside_the_tree"
    TOO_SHORT = "proof_too_short"
    TOO_LONG = "proof_too_long"
    NOT_A_HASH = "proof_with_something_that_is_no_hash"
    OTHER_ROOT = "proof_of_another_root"


class InvalidProofError(Exception):
    """A proof that does not prove what it says, and the rule that it breaks."""

    def __init__(self, fault: ProofFault) -> None:
        super().__init__(str(fault).replace("_", " "))
        self.fault = fault


def leaf_hash(record: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(LEAF + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node from those of its children."""
    return sha256(NODE + left + right).digest()


class Tree:
    """A tree that only grows, known by its peaks: the hashes of its perfect subtrees, the largest first."""

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Take up a tree of `size` records at its peaks. Raises ValueError where there are not as many as it has."""
        if size < 0 or len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} records has another number of peaks than {len(peaks)}")
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """Number of records."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """Hashes of the perfect subtrees, the largest first."""
        return tuple(self._peaks)

    def root(self) -> bytes:
        """Return the hash of the tree; that of nothing where it is empty."""
        return _folded(self._peaks) if self._peaks else sha256().digest()

    def extend(self, records: Iterable[bytes]) -> list[list[bytes]]:
        """Append records, and return the hashes of the perfect subtrees that they complete, by height from 0 on.

        The first of those of a height follows the last of that height that the tree had.
        """
        sha = sha256
        grown = [sha(b"\x00" + record).digest() for record in records]
        size, completed = self._size, [grown]
        self._size += len(grown)
        lasting: list[bytes] = []
        while size or grown:
            # As in addition by hand: an odd one of this height waits for its neighbour, or finds the one that waited.
            if size & 1:
                grown = [self._peaks.pop(), *grown]
            if len(grown) & 1:
                lasting.append(grown[-1])
            halves = iter(grown)
            grown = [sha(b"\x01" + left + right).digest() for left, right in zip(halves, halves, strict=False)]
            completed.append(grown)
            size >>= 1
        self._peaks = [*self._peaks, *reversed(lasting)]
        return [one for one in completed if one]


class StoredNodes:
    """All perfect subtrees of a tree in memory, by height and from the left, from which proofs are made."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.heights: list[list[bytes]] = []

    def extend(self, records: Iterable[bytes]) -> None:
        """Append records to the tree."""
        for height, hashes in enumerate(self.tree.extend(records)):
            if height == len(self.heights):
                self.heights.append([])
            self.heights[height] += hashes

    def node(self, height: int, place: int) -> bytes:
        """Return the hash of a perfect subtree."""
        return self.heights[height][place]


def root_of(records: Iterable[bytes]) -> bytes:
    """Return the root of the tree of these records."""
    tree = Tree()
    tree.extend(records)
    return tree.root()


def peaks_at(size: int, node: Node) -> list[bytes]:
    """Return the peaks that the tree had at a size."""
    return _perfect(0, size, node)


def root_at(size: int, node: Node) -> bytes:
    """Return the root that the tree had at a size."""
    return Tree(size, peaks_at(size, node)).root()


def inclusion_path(place: int, size: int, node: Node) -> list[bytes]:
    """Return the siblings on the way from a leaf to the root of a tree of `size` records, the lowest first.

    Raises InvalidProofError where the tree has no such leaf.
    """
    if not 0 <= place < size:
        raise InvalidProofError(ProofFault.OUTSIDE)
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if place < middle:
            path.append(_folded(_perfect(middle, end, node)))
            end = middle
        else:
            path.append(_folded(_perfect(start, middle, node)))
            start = middle
    return path[::-1]


def consistency_path(old: int, size: int, node: Node) -> list[bytes]:
    """Return the hashes that show that a tree of `size` records begins with the one that had `old`.

    Raises InvalidProofError where the tree never had that size, or had nothing then.
    """
    if not 0 < old <= size:
        raise InvalidProofError(ProofFault.OUTSIDE)
    path, start, end = [], 0, size
    while end != old:
        middle = start + _largest_power_below(end - start)
        if old <= middle:
            path.append(_folded(_perfect(middle, end, node)))
            end = middle
        else:
            path.append(_folded(_perfect(start, middle, node)))
            start = middle
    # The verifier knows the old root, so what is all of the old tree need not be told.
    if start:
        path.append(_folded(_perfect(start, end, node)))
    return path[::-1]


def check_inclusion(leaf: bytes, place: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf of this hash stands at a place of the tree of this root (RFC 9162, section 2.1.3.2).

    Raises InvalidProofError.
    """
    if not 0 <= place < size:
        raise InvalidProofError(ProofFault.OUTSIDE)
    _check_hashes([leaf, *path, root])
    found = leaf
    for is_left, one in _with_sides(path, place, size - 1):
        found = node_hash(one, found) if is_left else node_hash(found, one)
    if found != root:
        raise InvalidProofError(ProofFault.OTHER_ROOT)


def check_consistency(old: int, size: int, path: Sequence[bytes], old_root: bytes, root: bytes) -> None:
    """Check that the tree of `root` begins with all records of that of `old_root` (RFC 9162, section 2.1.4.2).

    Raises InvalidProofError.
    """
    if not 0 < old <= size:
        raise InvalidProofError(ProofFault.OUTSIDE)
    _check_hashes([*path, old_root, root])
    if old == size:
        first, rest, place, last = old_root, path, 0, 0
    else:
        # The way up begins at the last perfect subtree of the old tree. Where that is all of it, nobody need tell it.
        height = (old & -old).bit_length() - 1
        told = [old_root, *path] if old == 1 << height else path
        if not told:
            raise InvalidProofError(ProofFault.TOO_SHORT)
        first, rest, place, last = told[0], told[1:], (old - 1) >> height, (size - 1) >> height
    before = after = first
    for is_left, one in _with_sides(rest, place, last):
        before = node_hash(one, before) if is_left else before
        after = node_hash(one, after) if is_left else node_hash(after, one)
    if (before, after) != (old_root, root):
        raise InvalidProofError(ProofFault.OTHER_ROOT)


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if {*map(len, hashes)} - {HASH_BYTES}:
        raise InvalidProofError(ProofFault.NOT_A_HASH)


def _with_sides(path: Sequence[bytes], place: int, last: int) -> Iterator[tuple[bool, bytes]]:
    """Yield the siblings on the way up, and whether each is a left one.

    The way begins at a place of a row whose last place is `last`. Raises InvalidProofError where the path has another
    length.
    """
    sides = []
    while last:
        is_left = place & 1 == 1 or place == last
        # The last of a row has no sibling to its right, and where its place is even, none at all.
        while is_left and place and not place & 1:
            place, last = place >> 1, last >> 1
        sides.append(is_left)
        place, last = place >> 1, last >> 1
    if len(path) != len(sides):
        raise InvalidProofError(ProofFault.TOO_LONG if len(path) > len(sides) else ProofFault.TOO_SHORT)
    yield from zip(sides, path, strict=True)


def _largest_power_below(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def _perfect(start: int, end: int, node: Node) -> list[bytes]:
    """Return the perfect subtrees of the leaves from `start` to `end`, the largest first.

    `start` is a multiple of the largest one's size, as it is wherever a tree is cut.
    """
    hashes = []
    while start < end:
        height = (end - start).bit_length() - 1
        hashes.append(node(height, start >> height))
        start += 1 << height
    return hashes


def _folded(peaks: Sequence[bytes]) -> bytes:
    found = peaks[-1]
    for one in reversed(peaks[:-1]):
        found = node_hash(one, found)
    return found
