"""The execution of a unit of work."""

import math
from collections.abc import Callable, Mapping

import msgspec

from exporter.core.config import ConfigError
from exporter.core.units import SECONDS_PER_HOUR
from simulator.energy.interface import WeatherError
from simulator.experiments.plan.work import Procurement, Saturation, Work
from simulator.experiments.run.chained import simulate_on_chain
from simulator.experiments.run.procured import procured
from simulator.experiments.run.saturation import find_saturation
from simulator.grid.series import GridError
from simulator.procurement.matching import MatchingError
from simulator.published.model import run_published
from simulator.run.job import Job, RunResult
from simulator.run.simulate import simulate
from simulator.scenario.published import PublishedScenario

Figures = Mapping[str, float]
"""Figures by name; a missing one has no entry."""

Simulate = Callable[[Job], RunResult]

REGRET_DIGITS = 6
"""Digits of the regret: the solver's tolerance is 1e-7 (HiGHS, primal and dual feasibility)."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Work that cannot be done: one line for each mistake. A value, because it travels between processes."""

    mistakes: list[str]


def simulate_job(job: Job) -> RunResult:
    """Run a job by the model of its scenario. The same job gives the same result, wherever and whenever it runs.

    Raises ConfigError or WeatherError for files that cannot be used.
    """
    scenario = job.scenario
    if job.chain:
        return simulate_on_chain(job)
    if isinstance(scenario, PublishedScenario):
        return run_published(
            scenario, job.method, job.seed, nodes=job.nodes, rate_per_hour=job.rate_per_hour, tasks=job.tasks
        )
    return simulate(job)


def do(work: Work, run: Simulate) -> Figures | Refusal:
    """Do the work. Mistakes in its files or figures are returned as a value, which can travel between processes."""
    try:
        if isinstance(work, Saturation):
            return {"saturation_tasks_per_second": find_saturation(work, run) / SECONDS_PER_HOUR}
        if isinstance(work, Procurement):
            return procured(work)
        return figures_of(run(work))
    except ConfigError as error:
        return Refusal(mistakes=error.mistakes)
    except (WeatherError, GridError, MatchingError) as error:
        return Refusal(mistakes=[str(error)])


def figures_of(result: RunResult) -> Figures:
    """Return a run's figures by field, and those that follow from them."""
    found = msgspec.structs.asdict(result) | {
        "regret_ratio": _regret(result),
        "gap_grams": _gap(result),
        "energy_per_task_joules": _ratio(result.energy_joules, result.tasks_completed),
        "throughput_tasks_per_hour": _ratio(result.tasks_completed * SECONDS_PER_HOUR, result.simulated_seconds),
    }
    del found["seed"]
    return {name: value for name, value in found.items() if value is not None and math.isfinite(value)}


def _regret(result: RunResult) -> float | None:
    """Return emissions over the bound, less one; None where the bound is missing or zero."""
    if not result.bound_grams:
        return None
    # Adding zero turns a rounded -0.0 into 0.0.
    return round(result.emissions_grams / result.bound_grams - 1.0, REGRET_DIGITS) + 0.0


def _gap(result: RunResult) -> float | None:
    """Return emissions less the bound, to the digits of the regret; None where the bound is missing.

    It is negative where the bound is none: that has to show.
    """
    if result.bound_grams is None:
        return None
    least = 10.0**-REGRET_DIGITS * max(result.emissions_grams, 1.0)
    above = result.emissions_grams - result.bound_grams
    return above if abs(above) > least else 0.0


def _ratio(part: float, whole: float) -> float | None:
    """Return the ratio; None where the whole is zero."""
    return part / whole if whole else None
