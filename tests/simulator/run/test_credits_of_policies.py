"""The law of credits for every policy: none is issued beyond what the benchmark allows less what was emitted."""

from functools import cache

import msgspec
import pytest

from exporter.core.units import JOULES_PER_KWH
from simulator.run.job import MICROGRAMS_PER_GRAM, Job, Method
from simulator.run.simulate import bookkeeping, figures, prepared
from simulator.scenario.schema import RunSection, Scenario
from simulator.scheduling.names import single_node
from simulator.scheduling.policies import POLICIES
from tests.simulator.scenario.scenarios import shipped

INTENSITY_ROUNDING = 0.0005 / JOULES_PER_KWH
"""Rounding of a claim's intensity in grams per joule: half a mg/kWh."""

UNITS_ROUNDING = 4.0 / MICROGRAMS_PER_GRAM
"""Rounding of whole micrograms, and of the millijoules that are carried on at the end."""

WAYS = {
    "as the scenario says": Method(name="x", policy=""),
    "consolidated and shifted": Method(name="x", policy="", sleeping="consolidate", shift=True),
    "consolidated at home": Method(name="x", policy="", sleeping="consolidate", shift=False, move=False),
    "awake": Method(name="x", policy="", sleep=False, dvfs=False, compression=False),
}
"""Ways to run a policy, each with a ledger."""


@cache
def day_of(scenario: str) -> Scenario:
    """Return a scenario of which a run lasts a day, without one to warm up."""
    loaded = shipped(scenario)
    return msgspec.structs.replace(loaded, run=RunSection(days=1, warm_up_days=0, first_days=loaded.run.first_days))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("scenario", ["edge", "regions"])
def test_no_credit_is_issued_beyond_what_the_benchmark_allows_less_emissions(
    scenario: str, policy: str, way: str
) -> None:
    day = day_of(scenario)
    name = policy if single_node(policy) is None else f"single-node:{day.nodes[0].name}"
    job = Job(scenario=day, method=msgspec.structs.replace(WAYS[way], policy=name), seed=1)
    engine, _, steps = prepared(job)
    engine.begin()
    books = bookkeeping(job, engine)
    assert books is not None
    engine.run(steps)
    booked, run = books.booked(), figures(engine, job.seed)
    allowed = sum(map(int.__mul__, books.on_time(), books.config.benchmarks)) / MICROGRAMS_PER_GRAM
    rounding = INTENSITY_ROUNDING * run.grid_joules + UNITS_ROUNDING
    left = allowed - run.emissions_grams
    assert run.emissions_grams > 0.0
    assert booked.balance / MICROGRAMS_PER_GRAM == pytest.approx(left, abs=rounding)
    assert 0.0 <= booked.credits / MICROGRAMS_PER_GRAM <= max(0.0, left) + rounding
