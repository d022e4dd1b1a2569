"""A drawn record counts only with the path that leads from it, at its place, to the root that its claim stated."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from simulator.ledger.booking.transition import process_messages
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import ModelRecord, Opening
from tests.simulator.ledger.cases import DRAWN, VALIDATORS, broken, included, serve, signed, surroundings

SERVED = serve(3, 2)
"""Five tasks: the last leaf of their tree has no neighbour."""


def test_a_true_path_is_accepted() -> None:
    state = included(SERVED)
    drawn = state.pending[0, 1].drawn
    for count in (1, len(drawn)):
        message = signed(state, SERVED.opening(*drawn[:count]), VALIDATORS[0])
        after = process_messages(state, [message], surroundings(DRAWN)).state
        assert [one.index for one in after.pending[0, 1].opened] == [*drawn[:count]]


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
def test_invalid_tampered_leaf_or_path(forge: Callable[[Opening], Opening]) -> None:
    state = included(SERVED)
    first, *others = SERVED.opening(*state.pending[0, 1].drawn).openings
    for openings in ([forge(first)], [forge(first), *others]):
        message = ModelRecord(validator=0, device=0, openings=tuple(openings))
        assert broken(state, signed(state, message, VALIDATORS[0]), slot=DRAWN) is Rule.BAD_PROOF


def test_invalid_record_of_another_place() -> None:
    state = included(SERVED)
    first, second = SERVED.opening(*state.pending[0, 1].drawn[:2]).openings
    for openings in (
        (replace(second, index=first.index),),
        (replace(second, index=first.index), replace(first, index=second.index)),
    ):
        message = ModelRecord(validator=0, device=0, openings=openings)
        assert broken(state, signed(state, message, VALIDATORS[0]), slot=DRAWN) is Rule.BAD_PROOF
