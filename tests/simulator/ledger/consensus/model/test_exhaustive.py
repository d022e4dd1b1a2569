"""Every state of a bound keeps the promises of the consensus."""

import pytest
from minicheck import Verdict  # type: ignore[import-untyped]

from tests.simulator.ledger.consensus.model.bounds import LARGE, SMALL
from tests.simulator.ledger.consensus.model.check import Check, Order
from tests.simulator.ledger.consensus.model.settings import Setting


def exhaust(setting: Setting, order: Order) -> None:
    """Check a bound, and that it has forks where the faulty can make some, so that the check says something."""
    result = Check(setting, order).run()
    print(f"{result.states:,} states, {result.forks:,} with a fork")  # noqa: T201 - asked for beside the verdict
    assert set(result.verdicts.values()) == {Verdict.PROVED}
    assert (result.forks > 0) is setting.is_accountable


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_every_state_keeps_the_promises(name: str) -> None:
    exhaust(*SMALL[name])


@pytest.mark.full
@pytest.mark.parametrize("name", LARGE)
def test_every_state_of_the_largest_bounds_keeps_the_promises(name: str) -> None:
    exhaust(*LARGE[name])
