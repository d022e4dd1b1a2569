"""A drawn record counts only with the path that leads from it, at its place, to the root that its claim stated."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from simulator.ledger.booking.state import State
from simulator.ledger.booking.transition import process_messages
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.merkle import leaf_hash, node_hash
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import ModelRecord, TaskRecord
from tests.simulator.ledger.cases import DRAWN, VALIDATORS, broken, included, serve, signed, surroundings

SERVED = serve(3, 2)
"""Five tasks: the last leaf of their tree has no neighbour."""


def opening(state: State) -> ModelRecord:
    """Return a drawn record, opened as it should be."""
    return SERVED.opening(state.pending[0, 1].drawn[0])


def test_a_true_path_is_accepted() -> None:
    state = included(SERVED)
    message = signed(state, opening(state), VALIDATORS[0])
    after = process_messages(state, [message], surroundings(DRAWN)).state
    assert len(after.pending[0, 1].opened) == 1


@pytest.mark.parametrize(
    "forge",
    [
        lambda one: replace(one, record=replace(one.record, output=(one.record.output + 1) % 10)),
        lambda one: replace(one, record=replace(one.record, finished=one.record.finished - 1)),
        lambda one: replace(one, path=one.path[:-1]),
        lambda one: replace(one, path=(*one.path, bytes(32))),
        lambda one: replace(one, path=one.path[::-1]),
        lambda one: replace(one, path=()),
        lambda one: replace(one, path=(bytes(32), *one.path[1:])),
    ],
)
def test_invalid_tampered_leaf_or_path(forge: Callable[[ModelRecord], ModelRecord]) -> None:
    state = included(SERVED)
    assert broken(state, signed(state, forge(opening(state)), VALIDATORS[0]), slot=DRAWN) is Rule.BAD_PROOF


def test_invalid_record_of_another_place() -> None:
    state = included(SERVED)
    first, second = state.pending[0, 1].drawn[:2]
    forged = replace(SERVED.opening(second), index=first)
    assert broken(state, signed(state, forged, VALIDATORS[0]), slot=DRAWN) is Rule.BAD_PROOF


def test_invalid_node_as_a_record() -> None:
    # Two hashes in a row are the content of a node. They are no record, and as a leaf they have another hash.
    left, right = (leaf_hash(encode(one)) for one in SERVED.records[:2])
    with pytest.raises(RuleError) as refused:
        decode(left + right, TaskRecord)
    assert refused.value.rule is Rule.NON_CANONICAL
    assert leaf_hash(left + right) != node_hash(left, right)
