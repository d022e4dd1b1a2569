"""Only drawn records are opened, each once and in time."""

from simulator.ledger.booking.transition import process_messages
from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import (
    DRAWN,
    DUE,
    EPOCH,
    VALIDATORS,
    apply,
    begin,
    broken,
    included,
    serve,
    signed,
    surroundings,
)


def test_invalid_opening_too_late() -> None:
    served = serve(10, 5)
    state = included(served)
    opening = signed(state, served.opening(state.pending[0, 1].drawn[0]), VALIDATORS[0])
    assert broken(state, opening, slot=DUE) is Rule.NOT_DRAWN


def test_invalid_opening_before_the_draw() -> None:
    """Until then nobody knows which, the device least of all."""
    served = serve(2, 1)
    state = apply(begin(), served.claim(1), slot=EPOCH).state
    opening = signed(state, served.opening(0), VALIDATORS[0])
    assert broken(state, opening, slot=DRAWN - 1) is Rule.NOT_DRAWN


def test_invalid_opening_of_another_record_or_twice() -> None:
    served = serve(100, 0)
    state = included(served)
    drawn = state.pending[0, 1].drawn
    other = min(set(range(100)) - set(drawn))
    assert broken(state, signed(state, served.opening(other), VALIDATORS[0]), slot=DRAWN) is Rule.NOT_DRAWN
    openings = [signed(state, served.opening(index), VALIDATORS[0]) for index in drawn]
    result = process_messages(state, openings, surroundings(DRAWN)).state
    again = served.opening(drawn[0], validator=1)
    assert broken(result, signed(state, again, VALIDATORS[1]), slot=DRAWN) is Rule.NOT_DRAWN
