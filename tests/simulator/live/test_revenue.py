"""The worth of the credits that a live ledger issues: each at the price of its day, and none of it on the ledger."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from exporter.core.units import Seconds, UnixSeconds
from simulator.assembly.credit_prices import CreditPrices
from simulator.ledger.booking.state import State, Totals
from simulator.ledger.record.types import ChainConfig, Instrument
from simulator.live.ledger.book import LiveLedger
from simulator.live.ledger.figures import LedgerFigures
from simulator.live.run import LiveRun
from simulator.run.engine import StepRecord
from simulator.run.simulate import build_engine
from simulator.scheduling.kernels.compiled import Backend
from tests.fake_clock import FakeClock
from tests.simulator.live.golden_snapshot import golden_facts, golden_ledger
from tests.simulator.scenario.scenarios import FULL, edge

CONFIG = ChainConfig(name=b"x", benchmarks=())
MICROGRAMS_PER_TONNE = 10**12


@dataclass
class Issuing:
    """A ledger that issues a tonne with every step, and has issued one before."""

    books: State = field(default_factory=lambda: State(config=CONFIG, chain_id=b"", validators=(), totals=issued(1)))

    def step(self, _record: StepRecord) -> None:
        """Issue a tonne."""
        tonnes = self.books.totals[Instrument.CREDIT].issued // MICROGRAMS_PER_TONNE
        self.books.totals = issued(tonnes + 1)

    def figures(self) -> LedgerFigures:
        """Return any figures."""
        return golden_ledger()


def issued(tonnes: int) -> dict[int, Totals]:
    return {Instrument.CREDIT: Totals(issued=tonnes * MICROGRAMS_PER_TONNE)}


def revenue(prices: CreditPrices | None, steps: int) -> float | None:
    """Return what is told after some steps from 23:45 of the 31st of May on."""
    midnight = datetime(2025, 6, 1, tzinfo=UTC).timestamp()
    facts = replace(golden_facts(), start=UnixSeconds(midnight - 900.0), zone=Seconds(0.0))
    engine = build_engine(edge(), FULL, 1, backend=Backend.PLAIN)
    run = LiveRun(engine, facts, ledger=cast(LiveLedger, Issuing()), prices=prices)
    for _ in range(steps):
        run.step()
    return run.snapshot(FakeClock(), None).revenue_dollars


def test_each_issue_counts_at_the_price_of_its_day() -> None:
    first = date(2025, 5, 31)
    prices = CreditPrices(path=Path("x"), days=(first, first + timedelta(days=1)), dollars_per_tonne=(10.0, 100.0))
    # Two steps end before midnight, one at midnight and one after; what was issued before the start counts nothing.
    assert [revenue(prices, steps) for steps in range(5)] == [None, *map(pytest.approx, (10.0, 20.0, 120.0, 220.0))]


def test_without_prices_credits_are_worth_nothing_that_is_known() -> None:
    assert revenue(None, 2) is None
