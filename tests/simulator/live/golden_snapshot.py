"""A snapshot with something in every family, and the expositions of it that are kept in `tests/golden`.

`python -m tests.simulator.live.golden_snapshot` writes them anew after a change that is meant.
"""

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import numpy as np

from exporter.core.config_load import ConfigLoad
from exporter.core.metrics import Exposition, Representation
from exporter.core.units import Seconds, UnixSeconds
from exporter.core.web.refusal import Refusal
from exporter.core.web.validity import Validity
from simulator.energy.bus import Flows
from simulator.experiments.find.effects import Effect, Factorial
from simulator.experiments.find.estimates import (
    MEASURES,
    Change,
    Estimate,
    Estimates,
    Origin,
    ShownResults,
    ShownSensitivity,
    ShownVariation,
)
from simulator.experiments.find.front import Point
from simulator.experiments.find.statistics import Interval
from simulator.forecast.asking import Reason
from simulator.forecast.interface import Kind
from simulator.forecast.watch import Standing
from simulator.ledger.booking.state import Totals as Units
from simulator.ledger.record.rules import Rule
from simulator.live.course import Band, CourseState
from simulator.live.dated_price import DatedPrice
from simulator.live.exposition.rows import ROWS
from simulator.live.ledger.figures import LedgerFigures
from simulator.live.reasons import StateReason
from simulator.live.scheduling import SchedulerState
from simulator.live.snapshot import NodeFacts, PowerPoint, Readings, RunFacts, Snapshot
from simulator.market.exchange import Reason as Discard
from simulator.market.state import MarketState, Quote
from simulator.models.profile import Measurement
from simulator.run.backlog import NOTHING, Work
from simulator.run.engine import StepRecord
from simulator.run.totals import Totals
from simulator.scheduling.decision import Decision
from tests.fake_clock import NOON

FOLDER = Path(__file__).parents[2] / "golden"

FILES = {"simulator.prom": False, "simulator.openmetrics": True}
"""Name of the file, and whether it is OpenMetrics."""

HOSTILE = 'mi"ne\\0 \u00e9\n<b>'

CHANGE = Interval(mean=-0.5, low=-0.75, high=-0.25)

START = UnixSeconds(1_742_446_800.0)
"""2025-03-20 00:00 five hours west of UTC."""


def golden_facts() -> RunFacts:
    """Return the facts of two nodes and two task classes."""
    return RunFacts(
        version="1.2.3",
        python_version="3.11.2",
        scenario="edge",
        seed=7,
        policy="shifting",
        forecaster="persistence",
        ledger="accounted",
        compression_digest="0123456789ab",
        ledger_cost_digest="ba9876543210",
        start=START,
        zone=Seconds(-18_000.0),
        speed=60.0,
        step=Seconds(60.0),
        weights={"latency": 0.5, "energy": 0.25, "grid": 0.25, "carbon": 0.0, "load": 0.0},
        sites=("site",),
        site_of_bus=(0, 0),
        battery_joules=(900_000.0, 0.0),
        nodes=(
            NodeFacts(name="roof", site="site", device="raspberry-pi-4", supply="solar", bus=0, alone=True),
            NodeFacts(name="rack", site="site", device="intel-nuc", supply="grid", bus=1, alone=True),
        ),
        classes=("vision", "report"),
        models=(
            Measurement(
                model="cnn",
                precision="int8",
                size_bytes=250_000,
                latency_seconds=0.0005,
                energy_joules=0.002,
                agreement_ratio=0.995,
            ),
        ),
        shown=(golden_results(),),
        counts_life_cycle=True,
        reasons=(StateReason.WORKING, StateReason.KEPT_FOR_WORK, StateReason.NOT_NEEDED),
    )


def golden_results() -> ShownResults:
    """Return a method with every measure; only the energy and its change were published."""
    metrics = {one.name: Estimate(mean=2.0, low=1.5, high=2.5) for one in MEASURES}
    metrics["energy_joules"] = Estimate(mean=2.0, low=1.5, high=2.5, published=26_640.0)
    change = Estimate(mean=-0.5, low=-0.75, high=-0.25)
    return ShownResults(
        experiment="baseline",
        scenario="published",
        reference="standard",
        estimates=[Estimates(experiment="baseline", scenario="published", method="full", by_measure=metrics)],
        changes=[
            Change(method="full", measure="energy_joules", relative=change, published=-0.7),
            Change(method="full", measure="emissions_grams", relative=None),
        ],
        origin=Origin(inputs="0123", environment="4567"),
        serving_less=["full"],
        front=[Point(method="full", grams=2.0, misses=2.0, dollars=2.0, on_front=True)],
        factorial=golden_factorial(),
        sensitivity=ShownSensitivity(
            unchanged=ShownVariation(parameter="", factor=1.0, difference=CHANGE),
            variations=[
                ShownVariation(parameter="load", factor=0.5, difference=None),
                ShownVariation(parameter="load", factor=2.0, difference=CHANGE),
            ],
        ),
    )


def golden_factorial() -> Factorial:
    """Return a factorial with one lever, and an interaction of which nothing relative is known."""
    main = Effect(
        factors=["sleep"],
        aliases=[],
        measure="emissions_grams",
        difference=Interval(mean=-2.0, low=-2.5, high=-1.5),
        relative=CHANGE,
        p_value=0.001,
        adjusted=0.007,
    )
    pair = msgspec.structs.replace(main, factors=["sleep", "move"], aliases=[["place", "dvfs"]], relative=None)
    return Factorial(
        design="2^(7-3)",
        factors=["place", "sleep", "move", "dvfs"],
        generators=[],
        relation=[],
        effects=[main, pair],
        higher=[],
    )


def golden_totals() -> Totals:
    """Return the totals of a day and a half."""
    return replace(
        Totals.zero(nodes=2, buses=2, sites=1, classes=2),
        renewable=np.array([4000.0, 0.0]),
        battery=np.array([1000.0, 0.0]),
        grid=np.array([500.0, 90_000.5]),
        ledger=np.array([0.125, 0.125]),
        generation=np.array([9000.0, 0.0]),
        curtailed=np.array([2500.0, 0.0]),
        emissions=np.array([0.0625, 10.0]),
        life_cycle=np.array([0.25, 0.0]),
        avoided=np.array([0.5, 0.0]),
        electricity_dollars=np.array([0.0, 0.003]),
        busy_seconds=np.array([1800.25, 90_000.0]),
        class_tasks=np.array([[900, 30, 4], [50, 0, 0]]),
        node_tasks=np.array([[300, 10], [650, 20]]),
        placements=np.array([[10, 20, 30, 40, 200], [0, 0, 50, 0, 600]]),
        latency=np.array([[450.5, 300.0], [9000.0, 2e6]]),
        histogram=np.array([[0, 100, 200, 300, 200, 90, *[1] * 10, 0, 0], [*[0] * 13, 20, 30, 0, 0, 0]]),
        placed=np.array([952]),
        terms=np.array([95.2, 190.4, 476.0, 0.0, 9.52]),
    )


def golden_snapshot() -> Snapshot:
    """Return the snapshot of the evening of the second day."""
    midnight = replace(
        Totals.zero(nodes=2, buses=2, sites=1, classes=2),
        grid=np.array([0.0, 60_000.0]),
        emissions=np.array([0.0, 6.5]),
        class_tasks=np.array([[600, 10, 0], [30, 0, 0]]),
        placed=np.array([632]),
    )
    return Snapshot(
        facts=golden_facts(),
        clock=Seconds(129_600.0),
        totals=golden_totals(),
        at_midnight=midnight,
        waiting=3,
        readings=golden_readings(),
        config=ConfigLoad(is_good=True, good_at=NOON),
        certificate=Validity(start=UnixSeconds(NOON - 86_400.0), expiry=UnixSeconds(NOON + 31_449_600.0)),
        refused_logins={Refusal.MISSING: 1, Refusal.WRONG: 3, Refusal.UNCHECKED: 0, Refusal.CERTIFICATE: 2},
        published_at=NOON,
        published_elapsed=Seconds(1000.0),
        history=tuple(
            PowerPoint(
                clock=Seconds(129_600.0 - 300.0 * ago),
                renewable=2.0 + math.sin(ago / 9.0),
                battery=1.0,
                grid=25.0,
                generation=float(max(0, 40 - ago)),
            )
            for ago in reversed(range(288))
        ),
        forecasts=(golden_forecast(Kind.SOLAR, 8.0), golden_forecast(Kind.INTENSITY, 200.0)),
        ledger=golden_ledger(),
        revenue_dollars=0.000125,
        dated_price=DatedPrice(since=date(2025, 1, 1), age_days=79, dollars_per_tonne=64.0),
        market=golden_market(),
    )


def golden_market() -> MarketState:
    """Return a market whose last question failed, with a price of the evening before."""
    return MarketState(
        name="carbon exchange",
        currency="EUR",
        method="settlement",
        source="http",
        quote=Quote(per_tonne=75.0, at=UnixSeconds(NOON - 64_800.0)),
        is_up=False,
        trouble="market.example answers with status 503",
        discarded=dict.fromkeys(map(str, Discard), 0) | {"failed": 2, "old": 1},
    )


def golden_ledger() -> LedgerFigures:
    """Return a ledger after a day and a half, with a validator that was slashed and some units of each state."""
    return LedgerFigures(
        clock_slot=432,
        head_slot=432,
        finalized_slot=427,
        stakes={"roof": 100, "rack": 0},
        slashed=1,
        blocks=430,
        records=2_154,
        rejected={Rule.OVER_CAPACITY: 1, Rule.SEQUENCE_GAP: 12},
        certificates=Units(issued=20, held=14, retired=5, cancelled=1),
        credits=Units(issued=2_000_000, held=1_250_000, retired=500_000, cancelled=250_000),
        balance_micrograms=-125_000,
        cpu_seconds=1.5,
        verify_seconds=0.00125,
        size_bytes=4_096_000,
        write_failures=2,
    )


def golden_forecast(kind: Kind, size: float) -> CourseState:
    """Return a series that swings by the hour; its model fell behind for the later hours, and none was told of some."""
    hours = np.arange(24.0)
    course = size * (1.0 + np.cos((hours - 12.0) / 24.0 * 2.0 * np.pi))
    shares = np.array([[1.0], [0.5], [0.75], [1.25], [1.5]])
    past = np.concatenate([course[np.newaxis] * 1.125, course * shares])
    past[1:, :3] = np.nan
    return CourseState(
        site="site",
        kind=kind,
        bands=tuple(
            Band(
                model=model,
                reference=reference,
                reason=reason,
                standing=Standing(
                    begin=begin,
                    end=end,
                    model_error=error,
                    reference_error=2.0,
                    skill=1.0 - error / 2.0,
                    coverage={80: 0.75, 90: 0.875},
                    handed_over=error > 2.0,
                    hand_overs=int(error > 2.0),
                    returns=0,
                ),
                mean=size,
                bounds=size * shares[1:, 0],
            )
            for model, reference, reason, begin, end, error in (
                ("ridge", "convex", "error on validation days 2.5% below that of convex", 0, 1, 1.5),
                ("convex", "smart persistence", "no model is better", 1, 6, 1.75),
                ("convex", "smart persistence", "no model is better", 6, 24, 2.5),
            )
        ),
        ahead=course * shares,
        past=past,
        fallbacks=dict.fromkeys(Reason, 0) | {Reason.GAP: 26},
        refused="" if kind is Kind.SOLAR else "grid.npz: expected a model of intensity in steps of 3600 s",
        learnings=3,
    )


def golden_readings() -> Readings:
    """Return the last step: a minute in which the first node lived on sun and battery."""
    # In the order of QUANTITIES: the first bus lives on its generation and its battery, the second on the grid.
    summary = np.array([[150.0, 0.0, 60.0, 210.0, 0.0, 0.0, 0.0], [0.0, 1500.0, 0.0, 1500.0, 0.0, 0.0, 0.0]])
    matrix = np.zeros((2, 4, 5))
    matrix[:, :, 0] = [[150.0, 0.0, 60.0, 0.0], [0.0, 0.0, 0.0, 1500.0]]
    flows = Flows(matrix=matrix, summary=summary)
    record = StepRecord(
        start=Seconds(129_540.0),
        seconds=Seconds(60.0),
        flows=flows,
        load=flows.load,
        standing=np.array([190.0, 1500.0]),
        grams_per_joule=np.full(2, 400.0 / 3.6e6),
        frequencies=np.array([[1.0e9, 1.5e9], [2.0e9, 3.0e9]]),
        level=np.array([1, -1], dtype=np.int32),
        free_at=np.array([129_600.75, 129_000.0]),
        work=Work(joules=np.array([20.0, 0.0]), seconds=np.array([15.0, 0.0]), completed=NOTHING),
    )
    return Readings(
        record=record,
        charge=np.array([0.5, np.nan]),
        state=np.array([0, 1], np.int32),
        scheduler=golden_scheduler(),
        speed=59.5,
    )


def golden_scheduler() -> SchedulerState:
    """Return a scheduler that sent the last task to the node with less carbon, while two others wait there."""
    return SchedulerState(
        reasons=(StateReason.KEPT_FOR_WORK, StateReason.NOT_NEEDED),
        queued=np.array([2, 0]),
        slack=np.array([0.5, np.nan]),
        due=np.array([[2, 0], [0, 1]]),
        releases=np.array([1, 2, 0, 0]),
        decision=Decision(
            released=Seconds(129_590.0),
            task_class=0,
            chosen=0,
            level=1,
            second=1,
            term="grid",
            scores=np.array([[0.25, 0.125, 0.0, 0.0, 0.0], [0.125, 0.125, 0.25, 0.0, 0.0]]),
        ),
    )


def rendered(snapshot: Snapshot, *, openmetrics: bool) -> bytes:
    """Return an exposition without the cost of the process, which no two runs share."""
    return Exposition(ROWS, snapshot).body(Representation(openmetrics=openmetrics, gzipped=False))


if __name__ == "__main__":
    for file_name, is_openmetrics in FILES.items():
        (FOLDER / file_name).write_bytes(rendered(golden_snapshot(), openmetrics=is_openmetrics))
