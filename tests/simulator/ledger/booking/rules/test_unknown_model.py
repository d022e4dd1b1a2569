"""A model that nobody can execute again proves nothing."""

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import DRAWN, VALIDATORS, broken, claimed, included, serve, signed, task


def test_invalid_unknown_model() -> None:
    honest = serve(2, 0)
    served = claimed(honest.tasks, (honest.records[0], task(1, model=bytes(32))))
    state = included(served)
    opening = signed(state, served.opening(1), VALIDATORS[0])
    assert broken(state, opening, slot=DRAWN) is Rule.UNKNOWN_MODEL
