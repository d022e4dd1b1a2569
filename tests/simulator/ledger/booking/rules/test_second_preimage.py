"""An inner node of a claim's tree is no record, though its two hashes may be the bytes of one."""

import pytest

from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.merkle import HASH_BYTES, StoredNodes, Tree, leaf_hash, node_hash
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import ModelRecord, Opening, TaskRecord
from tests.simulator.ledger.cases import DRAWN, MODEL, VALIDATORS, Served, broken, included, serve, signed, task

PAIR = TaskRecord(
    task=2**40,
    task_class=0,
    arrived=2**20,
    finished=2**20,
    deadline=2**20,
    model=MODEL,
    input_seed=2**7,
    output=0,
)
"""A record of as many bytes as two hashes have."""


def test_invalid_node_as_a_record() -> None:
    """A device claims two tasks under the root of a tree of four: the first "record" is the node above two leaves."""
    content, other = encode(PAIR), node_hash(bytes(32), bytes(32))
    assert len(content) == 2 * HASH_BYTES
    above = node_hash(content[:HASH_BYTES], content[HASH_BYTES:])
    nodes = StoredNodes()
    nodes.tree = Tree(2, [node_hash(above, other)])
    state = included(Served(tasks=(2, 0), records=(PAIR, task(1)), nodes=nodes))
    opening = Opening(sequence=1, index=0, record=PAIR, path=(other,))
    forged = ModelRecord(validator=0, device=0, openings=(opening,))
    assert broken(state, signed(state, forged, VALIDATORS[0]), slot=DRAWN) is Rule.SECOND_PREIMAGE


def test_invalid_hashes_of_a_node_as_the_bytes_of_a_record() -> None:
    """The hashes of honest records are the bytes of no record, so no message can hold them."""
    left, right = (leaf_hash(encode(one)) for one in serve(3, 2).records[:2])
    with pytest.raises(RuleError) as refused:
        decode(left + right, TaskRecord)
    assert refused.value.rule is Rule.NON_CANONICAL
    assert leaf_hash(left + right) != node_hash(left, right)
