"""The Merkle tree against the recursive definition of RFC 9162, and the proofs that it must refuse."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.record.merkle import (
    HASH_BYTES,
    InvalidProofError,
    ProofFault,
    StoredNodes,
    Tree,
    check_consistency,
    check_inclusion,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_at,
    root_of,
)

RECORDS = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


def split(size: int) -> int:
    """Return the largest power of two below a size."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def defined_root(records: list[bytes]) -> bytes:
    """Return MTH of RFC 9162, section 2.1.1, word by word."""
    if not records:
        return sha256(b"").digest()
    if len(records) == 1:
        return sha256(b"\x00" + records[0]).digest()
    k = split(len(records))
    return sha256(b"\x01" + defined_root(records[:k]) + defined_root(records[k:])).digest()


def defined_path(m: int, records: list[bytes]) -> list[bytes]:
    """Return PATH of RFC 9162, section 2.1.3.1, word by word."""
    if len(records) == 1:
        return []
    k = split(len(records))
    if m < k:
        return [*defined_path(m, records[:k]), defined_root(records[k:])]
    return [*defined_path(m - k, records[k:]), defined_root(records[:k])]


def defined_proof(m: int, records: list[bytes], *, whole: bool = True) -> list[bytes]:
    """Return SUBPROOF of RFC 9162, section 2.1.4.1, word by word."""
    if m == len(records):
        return [] if whole else [defined_root(records)]
    k = split(len(records))
    if m <= k:
        return [*defined_proof(m, records[:k], whole=whole), defined_root(records[k:])]
    return [*defined_proof(m - k, records[k:], whole=False), defined_root(records[:k])]


def stored(records: list[bytes]) -> StoredNodes:
    nodes = StoredNodes()
    nodes.extend(records)
    return nodes


def many(size: int) -> list[bytes]:
    return [b"record %d" % number for number in range(size)]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    # RFC 9162, section 2.1.1; the digest is that of FIPS 180-4 for the empty message.
    assert Tree().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_at(0, stored([]).node) == Tree().root()


@given(st.lists(RECORDS, max_size=6))
def test_roots_are_as_defined_however_the_records_arrive(batches: list[list[bytes]]) -> None:
    tree, nodes, records = Tree(), StoredNodes(), list[bytes]()
    for batch in batches:
        tree.extend(batch)
        nodes.extend(batch)
        records += batch
        assert tree.root() == defined_root(records)
        assert len(tree.peaks) == tree.size.bit_count()
        tree = Tree(tree.size, tree.peaks)
    assert [root_at(size, nodes.node) for size in range(len(records) + 1)] == [
        defined_root(records[:size]) for size in range(len(records) + 1)
    ]
    assert root_of(records) == defined_root(records)


@given(RECORDS, st.data())
def test_a_path_is_as_defined_and_proves_its_record(records: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(records) - 1))
    path = inclusion_path(place, len(records), stored(records).node)
    assert path == defined_path(place, records)
    check_inclusion(leaf_hash(records[place]), place, len(records), path, defined_root(records))


@given(RECORDS, st.data())
def test_a_proof_of_growth_is_as_defined_and_proves_it(records: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(1, len(records)))
    path = consistency_path(old, len(records), stored(records).node)
    assert path == defined_proof(old, records)
    check_consistency(old, len(records), path, defined_root(records[:old]), defined_root(records))


def test_paths_of_all_small_trees_prove() -> None:
    for size in range(1, 34):
        records = many(size)
        node, root = stored(records).node, defined_root(records)
        for place in range(size):
            check_inclusion(leaf_hash(records[place]), place, size, inclusion_path(place, size, node), root)
        for old in range(1, size + 1):
            check_consistency(old, size, consistency_path(old, size, node), defined_root(records[:old]), root)


def test_a_path_of_a_million_records_is_under_a_kilobyte() -> None:
    def node(height: int, place: int) -> bytes:
        return leaf_hash(b"%d %d" % (height, place))

    longest = max(len(inclusion_path(place, 1_000_000, node)) for place in range(0, 1_000_000, 997))
    growth = max(len(consistency_path(old, 1_000_000, node)) for old in range(1, 1_000_000, 997))
    assert (longest * HASH_BYTES, growth * HASH_BYTES) == (640, 672)


@pytest.mark.parametrize(("size", "peaks"), [(1, []), (3, [b"x" * 32]), (-1, [b"x" * 32])])
def test_a_tree_is_taken_up_only_at_its_peaks(size: int, peaks: list[bytes]) -> None:
    with pytest.raises(ValueError, match="another number of peaks"):
        Tree(size, peaks)


def refused(leaf: bytes, place: int, size: int, path: list[bytes], root: bytes) -> ProofFault:
    with pytest.raises(InvalidProofError) as told:
        check_inclusion(leaf, place, size, path, root)
    return told.value.fault


def growth_refused(old: int, size: int, path: list[bytes], old_root: bytes, root: bytes) -> ProofFault:
    with pytest.raises(InvalidProofError) as told:
        check_consistency(old, size, path, old_root, root)
    return told.value.fault


@given(RECORDS, st.data())
def test_invalid_tampered_leaf(records: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(records) - 1))
    other = data.draw(st.binary(max_size=40).filter(lambda one: one != records[place]))
    path = inclusion_path(place, len(records), stored(records).node)
    assert refused(leaf_hash(other), place, len(records), path, defined_root(records)) is ProofFault.OTHER_ROOT


@given(RECORDS.filter(lambda records: len(records) > 1), st.data())
def test_invalid_any_changed_bit_of_a_path(records: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(records) - 1))
    path = inclusion_path(place, len(records), stored(records).node)
    which = data.draw(st.integers(0, len(path) - 1))
    flipped = bytearray(path[which])
    flipped[data.draw(st.integers(0, HASH_BYTES - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path[which] = bytes(flipped)
    root = defined_root(records)
    assert refused(leaf_hash(records[place]), place, len(records), path, root) is ProofFault.OTHER_ROOT


def test_invalid_node_as_a_leaf() -> None:
    # Without prefixes the two hashes below a node, told as one record, would have its hash: a second preimage.
    records = many(4)
    left, right = leaf_hash(records[0]), leaf_hash(records[1])
    root, sibling = defined_root(records), node_hash(leaf_hash(records[2]), leaf_hash(records[3]))
    check_inclusion(node_hash(left, right), 0, 2, [sibling], root)
    assert leaf_hash(left + right) != node_hash(left, right)
    assert refused(leaf_hash(left + right), 0, 2, [sibling], root) is ProofFault.OTHER_ROOT
    # And a path of the real tree that stops at the node is too short for its size.
    assert refused(node_hash(left, right), 0, 4, [sibling], root) is ProofFault.TOO_SHORT


def test_invalid_duplicated_odd_leaf() -> None:
    # Trees that double an odd leaf have the same root for both lists (CVE-2012-2459).
    for size in range(1, 20, 2):
        records = many(size)
        doubled = [*records, records[-1]]
        assert root_of(records) != root_of(doubled)
        path = inclusion_path(size, size + 1, stored(doubled).node)
        last = leaf_hash(records[-1])
        assert refused(last, size, size + 1, path, root_of(records)) is ProofFault.OTHER_ROOT


@given(RECORDS, st.data())
def test_invalid_other_place(records: list[bytes], data: st.DataObject) -> None:
    records = [b"%d " % number + one for number, one in enumerate(records)]
    place = data.draw(st.integers(0, len(records) - 1))
    other = data.draw(st.integers(-2, len(records) + 2).filter(lambda one: one != place))
    path = inclusion_path(place, len(records), stored(records).node)
    assert refused(leaf_hash(records[place]), other, len(records), path, defined_root(records)) in ProofFault


@given(RECORDS, st.integers(0, 200), st.data())
def test_a_wrong_size_proves_nothing_of_the_other_leaves(records: list[bytes], size: int, data: st.DataObject) -> None:
    # A size that leaves the way to the root as it was proves the same leaf still; a size is bound by who signs it.
    place = data.draw(st.integers(0, len(records) - 1))
    path = inclusion_path(place, len(records), stored(records).node)
    root = defined_root(records)
    if place < size and way(place, size) == way(place, len(records)):
        check_inclusion(leaf_hash(records[place]), place, size, path, root)
    else:
        assert refused(leaf_hash(records[place]), place, size, path, root) in ProofFault


def way(place: int, size: int) -> tuple[bool, ...]:
    """Return on which side each sibling lies on the way from a leaf to the root."""
    if size == 1:
        return ()
    k = split(size)
    return (*way(place, k), True) if place < k else (*way(place - k, size - k), False)


@given(RECORDS, st.data())
def test_invalid_overlong_and_short_paths(records: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(records) - 1))
    path = inclusion_path(place, len(records), stored(records).node)
    leaf, root = leaf_hash(records[place]), defined_root(records)
    longer = [*path, data.draw(st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES))]
    assert refused(leaf, place, len(records), longer, root) is ProofFault.TOO_LONG
    if path:
        assert refused(leaf, place, len(records), path[:-1], root) is ProofFault.TOO_SHORT


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_invalid_hash_of_another_length(length: int) -> None:
    records = many(2)
    leaf, root, odd = leaf_hash(records[0]), defined_root(records), b"x" * length
    assert refused(leaf, 0, 2, [odd], root) is ProofFault.NOT_A_HASH
    assert refused(odd, 0, 2, [leaf], root) is ProofFault.NOT_A_HASH
    assert growth_refused(1, 2, [odd], leaf, root) is ProofFault.NOT_A_HASH


@given(RECORDS, st.data())
def test_invalid_rewritten_history(records: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(1, len(records)))
    changed = list(records)
    changed[data.draw(st.integers(0, old - 1))] += b"?"
    path = consistency_path(old, len(records), stored(changed).node)
    found = growth_refused(old, len(records), path, defined_root(records[:old]), defined_root(changed))
    assert found is ProofFault.OTHER_ROOT


@given(RECORDS, st.data())
def test_invalid_growth_of_wrong_length(records: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(1, len(records)))
    path = consistency_path(old, len(records), stored(records).node)
    roots = defined_root(records[:old]), defined_root(records)
    longer = [*path, data.draw(st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES))]
    assert growth_refused(old, len(records), longer, *roots) is ProofFault.TOO_LONG
    if path:
        assert growth_refused(old, len(records), path[:-1], *roots) is ProofFault.TOO_SHORT
    for other in (0, -1, len(records) + 1):
        assert growth_refused(other, len(records), path, *roots) is ProofFault.OUTSIDE
        with pytest.raises(InvalidProofError, match="outside the tree"):
            consistency_path(other, len(records), stored(records).node)


def test_there_is_no_proof_of_a_leaf_that_is_not_there() -> None:
    for place in (-1, 3):
        with pytest.raises(InvalidProofError, match="outside the tree"):
            inclusion_path(place, 3, stored(many(3)).node)
