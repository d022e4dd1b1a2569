"""Credits of runs of the simulator: the law of credits over all methods that experiments compare."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations

import msgspec
import numpy as np
import pytest

from simulator.experiments.plan.catalogue import EXPERIMENTS
from simulator.experiments.run.chained import SLOTS_PER_EPOCH, Chain, setting, simulate_on_chain
from simulator.experiments.run.work import simulate_job
from simulator.ledger.consensus.proposal import Identity
from simulator.ledger.consensus.randomness import RevealChain
from simulator.ledger.record.rules import Rule, RuleError
from simulator.live.ledger.setting import Setting
from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import bookkeeping, figures, prepared, simulate
from simulator.scenario.load import load_scenario
from tests.simulator.scenario.scenarios import shipped

SEEDS = (1, 2)
EXPERIMENTS_COMPARED = ("baseline", "ablation", "peers")
ROUNDING = 4e-6
"""Relative rounding of emissions on the ledger: half a mg/kWh, of intensities that are above 125 g/kWh."""


@dataclass(frozen=True, slots=True)
class Credited:
    """A run on the ledger: tasks on time by kind, its figures, and dollars for avoided grams as the old rule paid."""

    on_time: tuple[int, ...]
    run: RunResult
    avoided: float


def methods(scenario: str) -> list[Method]:
    """Return all methods of the comparisons, each once and with a ledger."""
    found = {}
    for name in EXPERIMENTS_COMPARED:
        for case in EXPERIMENTS[name].cases(load_scenario(scenario), None):
            assert isinstance(case.work, Job)
            found[case.label] = msgspec.structs.replace(case.work.method, ledger=True)
    return list(found.values())


@cache
def credited(scenario: str, method: Method, seed: int) -> Credited:
    """Return a run as the ledger credits it."""
    job = Job(scenario=load_scenario(scenario), method=method, seed=seed)
    engine, warm_up, steps = prepared(job)
    engine.run(warm_up)
    engine.begin()
    books = bookkeeping(job, engine)
    assert books is not None
    engine.run(steps)
    on_time, booked = books.on_time(), books.booked()
    run = msgspec.structs.replace(
        figures(engine, seed), credits_grams=booked.credits / 1e6, balance_grams=booked.balance / 1e6
    )
    allowed = sum(count * each for count, each in zip(on_time, books.config.benchmarks, strict=True)) / 1e6
    # The benchmark, and nothing of the method, stands between emissions and balance.
    assert run.balance_grams == pytest.approx(allowed - run.emissions_grams, abs=ROUNDING * run.emissions_grams + 2e-6)
    assert run.credits_grams == max(0.0, booked.balance / 1e6)
    return Credited(tuple(on_time), run, float(engine.totals.avoided.sum()))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["edge", "edge-2025", "grid-only"])
def test_of_two_methods_the_one_that_emits_more_for_no_more_tasks_gets_no_more_credits(scenario: str) -> None:
    """All pairs of all methods: whoever serves no class better and emits more is credited no more."""
    compared = 0
    for seed in SEEDS:
        runs = [credited(scenario, method, seed) for method in methods(scenario)]
        for one, other in permutations(runs, 2):
            emits_more = one.run.emissions_grams > other.run.emissions_grams * (1 + 2 * ROUNDING)
            if emits_more and all(np.array(one.on_time) <= np.array(other.on_time)):
                compared += 1
                assert one.run.credits_grams is not None
                assert other.run.credits_grams is not None
                assert one.run.credits_grams <= other.run.credits_grams
    assert compared >= 10


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["edge", "edge-2025"])
def test_the_method_that_emitted_more_and_earned_more_earns_less(scenario: str) -> None:
    """Avoided grams paid round robin more than the whole system, for all that it emitted; the ledger does not."""
    standard, full = (next(one for one in methods(scenario) if one.name == name) for name in ("standard", "full"))
    for seed in SEEDS:
        more, less = credited(scenario, standard, seed), credited(scenario, full, seed)
        assert more.run.emissions_grams > 1.3 * less.run.emissions_grams
        assert more.run.credits_grams is not None
        assert less.run.credits_grams is not None
        assert more.run.credits_grams < 0.8 * less.run.credits_grams
        if scenario == "edge-2025":
            assert more.avoided > less.avoided


@pytest.mark.parametrize("seed", SEEDS)
def test_the_published_comparison_is_mended(seed: int) -> None:
    """By the published rule Standard with the ledger earns half as much again, with hundreds of times the emissions."""
    scenario = load_scenario("published")
    runs = [simulate_job(Job(scenario=scenario, method=method, seed=seed)) for method in methods("published")]
    by_rule = {method.name: run for method, run in zip(methods("published"), runs, strict=True)}
    standard, full = by_rule["ledger-only"], by_rule["full"]
    assert standard.emissions_grams > 100 * full.emissions_grams
    assert standard.credit_dollars is not None
    assert full.credit_dollars is not None
    assert standard.credit_dollars > 1.3 * full.credit_dollars
    # All serve the same thousand tasks, so the order of credits is that of emissions, turned round.
    by_emissions = sorted(runs, key=lambda run: run.emissions_grams)
    credits = [run.credits_grams or 0.0 for run in by_emissions]
    assert credits == sorted(credits, reverse=True)
    assert all((run.certificates_watt_hours or 0.0) * 3600 <= run.energy_joules - run.grid_joules for run in runs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["full", "ledger-only", "without-batteries"])
def test_a_chain_of_signed_claims_books_what_is_accounted_for(name: str) -> None:
    """Every figure is the same to the last bit, certificates and credits among them."""
    scenario = load_scenario("edge")
    method = next(one for one in methods("edge") if one.name == name)
    job = Job(scenario=scenario, method=method, seed=3)
    assert simulate_on_chain(msgspec.structs.replace(job, chain=True)) == simulate(job)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda begin: _with_config(begin, max_block_bytes=1500), Rule.OVERSIZED_BLOCK),
        (lambda begin: replace(begin, identities=tuple(map(_ended, begin.identities))), Rule.WRONG_RANDOMNESS),
    ],
)
def test_invalid_claims_that_are_in_no_block(change: Callable[[Setting], Setting], rule: Rule) -> None:
    """A run whose claims are in no block ends, as their emissions would count as never emitted."""
    scenario = shipped("edge")
    job = Job(scenario=scenario, method=Method(name="x", policy="joint", ledger=True), seed=1, chain=True)
    engine, _, steps = prepared(job)
    engine.begin()
    books = bookkeeping(job, engine)
    assert books is not None
    chain = Chain(change(setting(job, scenario, engine, books, steps)), engine.clock)
    with pytest.raises(RuleError) as refused:
        for left in range(steps, steps - SLOTS_PER_EPOCH, -1):
            chain.step(engine.step(left))
    assert refused.value.rule is rule


def _with_config(begin: Setting, **changes: int) -> Setting:
    config = msgspec.structs.replace(begin.genesis.config, **changes)
    return replace(begin, genesis=msgspec.structs.replace(begin.genesis, config=config))


def _ended(one: Identity) -> Identity:
    """Return a validator that has no chain which leads to what the genesis binds it to."""
    return replace(one, reveals=RevealChain(bytes(32), slots=1))


def test_a_run_without_a_ledger_has_no_units() -> None:
    scenario = load_scenario("edge")
    run = simulate(Job(scenario=scenario, method=Method(name="x", policy="joint", ledger=False), seed=1))
    units = (run.claims, run.certificates_watt_hours, run.credits_grams, run.balance_grams, run.credit_dollars)
    assert units == (None,) * 5
    assert run.cost_dollars == run.electricity_dollars
