"""Units that were issued are held, retired or cancelled, each once."""

import pytest
from msgspec.structs import replace

from simulator.ledger.booking.state import check_conservation
from simulator.ledger.booking.transition import admit, process_messages
from simulator.ledger.record.rules import Rule, RuleError
from tests.simulator.ledger.booking.units import generated
from tests.simulator.ledger.cases import surroundings


@pytest.mark.parametrize("field", ["issued", "held", "retired", "cancelled"])
def test_invalid_totals(field: str) -> None:
    """A unit more or less in any column is found, also where two columns cancel out."""
    state = generated()
    check_conservation(state)
    for instrument, totals in list(state.totals.items()):
        state.totals[instrument] = replace(totals, **{field: getattr(totals, field) + 1})
        with pytest.raises(RuleError) as caught:
            check_conservation(state)
        assert caught.value.rule is Rule.UNBALANCED
        state.totals[instrument] = totals


def test_invalid_balance_after_a_block() -> None:
    """A state whose units do not add up leads nowhere, whoever made it."""
    state = generated()
    state.totals[0] = replace(state.totals[0], held=state.totals[0].held + 1)
    for process in (process_messages, admit):
        with pytest.raises(RuleError) as caught:
            process(state, [], surroundings(601))
        assert caught.value.rule is Rule.UNBALANCED
