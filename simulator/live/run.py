"""A run that goes on day after day, with the figures that its views need beyond the engine's totals."""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime

import numpy as np

from exporter.core.clock import Clock
from exporter.core.config_load import ConfigLoad
from exporter.core.units import JOULES_PER_KWH, SECONDS_PER_DAY, SECONDS_PER_HOUR, Seconds
from simulator.arrays import FloatArray, IntArray
from simulator.assembly.credit_prices import CreditPrices
from simulator.energy.bus import SOURCES
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP
from simulator.ledger.record.types import Instrument
from simulator.live.dated_price import dated_price
from simulator.live.forecasts import LiveForecasts
from simulator.live.ledger.book import LiveLedger
from simulator.live.market import LiveMarket
from simulator.live.scheduling import scheduler_state
from simulator.live.snapshot import PowerPoint, Readings, RunFacts, Snapshot
from simulator.run.engine import Engine, StepRecord
from simulator.run.job import GRAMS_PER_TONNE, MICROGRAMS_PER_GRAM
from simulator.run.totals import Totals
from simulator.scheduling.decision import Decision

DAY = Seconds(SECONDS_PER_DAY)

LAST_MOMENT = datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp()


class LiveRun:
    """An engine with the totals of its last midnight, the power of its last day, forecasts and a ledger."""

    def __init__(
        self,
        engine: Engine,
        facts: RunFacts,
        forecasts: LiveForecasts | None = None,
        ledger: LiveLedger | None = None,
        prices: CreditPrices | None = None,
    ) -> None:
        self.facts = facts
        self.config: ConfigLoad | None = None
        self.market: LiveMarket | None = None
        self._ledger = ledger
        self._prices = prices
        self._revenue = 0.0
        self._issued = 0 if ledger is None else _issued(ledger)
        self._engine = engine
        self._forecasts = forecasts
        self._decision: Decision | None = None
        engine.watch()
        self._at_hour = engine.totals.flows.copy()
        self._record: StepRecord | None = None
        self._at_midnight = engine.totals.copy()
        self._at_point = engine.totals.copy()
        self._history: deque[PowerPoint] = deque(maxlen=POINTS_PER_DAY)

    @property
    def clock(self) -> Seconds:
        """Return the simulated seconds since the start."""
        return self._engine.clock

    def begin(self, at_once: Callable[[], AbstractContextManager[None]]) -> None:
        """Advance by the first step, which may wait for weather or compile for seconds: a signal still ends that.

        It does not end what is written to the ledger. Raises WeatherError.
        """
        with at_once():
            record = self._engine.step()
        self._book(record)

    def step(self) -> None:
        """Advance by one step. Raises WeatherError beyond the end of a recording."""
        self._book(self._engine.step())

    def _book(self, record: StepRecord) -> None:
        """Take note of a step that the engine has made."""
        self._record = record
        if self._ledger is not None:
            self._ledger.step(self._record)
            self._sell(self._ledger)
        if self.clock % WEATHER_STEP == 0.0:
            self._history.append(_point(self.clock, self._at_point, self._engine.totals))
            self._at_point = self._engine.totals.copy()
        if self._forecasts is not None and self.clock % SECONDS_PER_HOUR == 0.0:
            self._forecasts.hour(round(self.clock / SECONDS_PER_HOUR) - 1, self._observed(self._record))
        if self.clock % DAY == 0.0:
            self._at_midnight = self._engine.totals.copy()

    def close(self) -> None:
        """Let go of the ledger's file, if there is one."""
        if self._ledger is not None:
            self._ledger.close()

    def snapshot(self, clock: Clock, speed: float | None) -> Snapshot:
        """Return the run as it is now; before the first step, without readings and never fresh."""
        engine, record = self._engine, self._record
        totals = engine.totals.copy()
        if record is None:
            return Snapshot(
                facts=self.facts,
                config=self.config,
                clock=engine.clock,
                totals=totals,
                at_midnight=self._at_midnight,
            )
        return Snapshot(
            facts=self.facts,
            config=self.config,
            clock=engine.clock,
            totals=totals,
            at_midnight=self._at_midnight,
            waiting=engine.waiting,
            readings=self._readings(record, speed),
            published_at=clock.wall(),
            published_elapsed=clock.elapsed(),
            history=tuple(self._history),
            forecasts=() if self._forecasts is None else self._forecasts.states,
            ledger=None if self._ledger is None else self._ledger.figures(),
            revenue_dollars=None if self._prices is None else self._revenue,
            dated_price=None if self._prices is None else dated_price(self._prices, self._today()),
            market=None if self.market is None else self.market.state,
        )

    def _readings(self, record: StepRecord, speed: float | None) -> Readings:
        """Return the readings of the last step."""
        engine = self._engine
        scheduler = scheduler_state(engine, len(self.facts.classes), self._decision)
        self._decision = scheduler.decision
        return Readings(record=record, charge=_charge(engine), state=_state(engine), scheduler=scheduler, speed=speed)

    def _sell(self, ledger: LiveLedger) -> None:
        """Count what was issued with the last step at the price of its day, where there are prices."""
        before, self._issued = self._issued, _issued(ledger)
        if self._prices is not None and self._issued > before:
            tonnes = (self._issued - before) / MICROGRAMS_PER_GRAM / GRAMS_PER_TONNE
            self._revenue += tonnes * self._prices.on(self._today())

    def _today(self) -> date:
        """Return the simulated day; at the calendar's end, its last day for ever."""
        now = self.facts.start + self.facts.zone + self.clock
        return datetime.fromtimestamp(min(now, LAST_MOMENT), UTC).date()

    def _observed(self, record: StepRecord) -> FloatArray:
        """Return the mean solar and wind power of the last hour in watts, and the grid's g/kWh, by site (3, S)."""
        flows = self._engine.totals.flows
        watts = (flows - self._at_hour).sum(axis=2) / SECONDS_PER_HOUR
        self._at_hour = flows.copy()
        buses = np.array(self.facts.site_of_bus)
        observed = np.zeros((3, len(self.facts.sites)))
        for row, source in enumerate(("solar", "wind")):
            np.add.at(observed[row], buses, watts[:, SOURCES.index(source)])
        observed[2, buses] = record.grams_per_joule * JOULES_PER_KWH
        return observed


def _issued(ledger: LiveLedger) -> int:
    """Return the credits issued so far, in micrograms."""
    return ledger.books.totals[Instrument.CREDIT].issued


def _charge(engine: Engine) -> np.typing.NDArray[np.float64]:
    """Return the state of charge (B,), NaN where there is no battery."""
    capacity = engine.plant.batteries.capacity
    return np.divide(engine.stored, capacity, out=np.full_like(capacity, np.nan), where=capacity > 0.0)


def _state(engine: Engine) -> IntArray:
    """Return the number (N,) of each node's state."""
    sleep = engine.plant.sleep
    return np.zeros(len(engine.plant.cluster.names), np.int32) if sleep is None else sleep.state_at(engine.clock)


def _point(clock: Seconds, before: Totals, now: Totals) -> PowerPoint:
    """Return the mean power between two totals, a point of the weather apart."""

    def mean(name: str) -> float:
        return float((getattr(now, name) - getattr(before, name)).sum()) / WEATHER_STEP

    return PowerPoint(
        clock=clock,
        renewable=mean("renewable"),
        battery=mean("battery"),
        grid=mean("grid"),
        generation=mean("generation"),
    )
