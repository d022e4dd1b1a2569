"""The greedy plans of `rolling-horizon` beside the linear programme, and what executing its plans instead would save.

A week of each scenario is run with both policies, seed by seed. Of every eighth plan of the greedy planner its expected
grams are compared with the least that any plan of the same rules emits, and with those of the programme's plan after
rounding to whole nodes in front. What work adds are the least grams, less those of the same hours without any task.
`python -m bench.horizon_bench --record` takes seven minutes of a processor, and writes
`bench/results/horizon.md`.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from bench.record import record, table
from exporter.core.units import SECONDS_PER_DAY
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.experiments.find.statistics import Interval, paired_difference
from simulator.run.job import Method, RunResult
from simulator.run.simulate import build_engine, figures
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario
from simulator.scheduling.horizon.fronts import demand_of
from simulator.scheduling.horizon.linear import Linear, least_plan
from simulator.scheduling.horizon.planner import Solver
from simulator.scheduling.horizon.problem import Plan, Prospect, expected_grams

SCENARIOS = ("regions", "edge")
SEEDS = 8
DAYS = 7
EACH = 8
"""One plan of so many is compared."""

LEAST_ADDED = 0.01
"""Share of the mean grams of plans that something has to have for others to be relative to it."""

GREEDY, LINEAR = "rolling-horizon", "rolling-horizon-lp"


@dataclass(slots=True)
class Compared:
    """The plans of some runs: grams (P, 4) expected of the greedy plan and of the rounded one, the least, and those
    without tasks; CPU seconds (P, 3) of the greedy planner, of the programme, and of solving and rounding it; and how
    many plans of the greedy planner leave work for later than it is due, and are left out."""

    grams: list[tuple[float, float, float, float]] = field(default_factory=list)
    seconds: list[tuple[float, float, float]] = field(default_factory=list)
    late: int = 0


class Beside:
    """A solver that compares some of the plans that another makes, and lets those be executed."""

    def __init__(self, solver: Solver, compared: Compared) -> None:
        self._solver = solver
        self._compared = compared
        self._count = 0

    def plan(self, prospect: Prospect, prompt: BoolArray, levels: IntArray) -> Plan:
        """See `Solver.plan`."""
        self._count += 1
        began = time.process_time()
        plan = self._solver.plan(prospect, prompt, levels)
        greedy = time.process_time() - began
        if self._count % EACH == 0:
            self._compare(prospect, plan, prompt, levels, greedy)
        return plan

    def _compare(self, prospect: Prospect, plan: Plan, prompt: BoolArray, levels: IntArray, greedy: float) -> None:
        serves, nothing = demand_of(prospect, prompt).serves, np.zeros_like(prospect.prompt)
        began = time.process_time()
        least = least_plan(prospect, serves)
        solved = time.process_time()
        rounded = Linear().plan(prospect, prompt, levels)
        ended = time.process_time()
        floor = least_plan(replace(prospect, prompt=nothing, arrived=nothing, due=nothing), serves)
        done = np.cumsum(plan.work.sum(axis=(1, 3)), axis=0)
        if least.undone > 1.0 or (done < prospect.due - 1.0)[:, ~prompt].any():
            self._compared.late += 1
            return
        grams = (expected_grams(prospect, plan), expected_grams(prospect, rounded), least.grams, floor.grams)
        self._compared.grams.append((float(grams[0]), float(grams[1]), float(grams[2]), float(grams[3])))
        self._compared.seconds.append((greedy, solved - began, ended - solved))


def main() -> None:
    """Run both policies on both scenarios, print the tables, and record them if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/horizon.md")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="replications of each run")
    options = parser.parse_args()
    plans, runs = [], []
    for name in SCENARIOS:
        scenario = week(name)
        compared, results = Compared(), []
        for seed in range(options.seeds):
            greedy = run(scenario, GREEDY, seed, compared)
            linear = run(scenario, LINEAR, seed, None)
            results.append((*greedy, *linear))
            print(name, seed, *(f"{grams.emissions_grams:.1f} g" for grams in (greedy[0], linear[0])), flush=True)
        plans.append(row_of_plans(name, compared))
        runs.append(row_of_runs(name, results))
    parts = [
        "## Plans",
        table(PLAN_HEAD, plans),
        "Gaps are grams beyond the least over the least, and over what work adds to it: of all plans in sum, then the "
        "median and the nine tenths of single ones. Of plans, all and those in which work adds a hundredth of the mean "
        "grams or more; where they are fewer than half, nothing is relative to it. Seconds are medians.",
        "## Weeks",
        table(RUN_HEAD, runs),
        f"Means over {options.seeds} seeds, in CPU seconds for a run; the difference is that of the same seed, with "
        "its 95% interval.",
    ]
    print("\n\n".join(parts))
    if options.record:
        told = " ".join((__doc__ or "").split("\n\n")[1].split("`python")[0].split())
        record("horizon", ["Greedy plans beside the linear programme", told, *parts])


def week(name: str) -> Scenario:
    """Return a scenario that lasts a week."""
    scenario = load_scenario(name)
    assert isinstance(scenario, Scenario)
    return msgspec.structs.replace(scenario, run=msgspec.structs.replace(scenario.run, days=DAYS, warm_up_days=1))


def run(scenario: Scenario, policy: str, seed: int, compared: Compared | None) -> tuple[RunResult, float]:
    """Return the figures of a run and its CPU seconds, those of comparing its plans included."""
    engine = build_engine(scenario, Method(name=policy, policy=policy, ledger=False), seed)
    planner = engine.plant.planner
    assert planner is not None
    if compared is not None:
        planner.planner.solver = Beside(planner.planner.solver, compared)
    per_day = round(SECONDS_PER_DAY / engine.plant.step)
    began = time.process_time()
    engine.run(scenario.run.warm_up_days * per_day)
    engine.begin()
    engine.run(scenario.run.days * per_day)
    return figures(engine, seed), time.process_time() - began


PLAN_HEAD = (
    "scenario",
    "plans",
    "late",
    "greedy",
    "rounded",
    "greedy, of what work adds",
    "rounded, of what work adds",
    "s greedy",
    "s programme",
    "s rounded",
)


def row_of_plans(name: str, compared: Compared) -> list[str]:
    """Return the row of a scenario's plans."""
    grams, seconds = np.array(compared.grams), np.median(compared.seconds, axis=0)
    least, added = grams[:, 2], grams[:, 2] - grams[:, 3]
    some = added > LEAST_ADDED * least.mean()

    def gap(which: int, base: FloatArray, chosen: BoolArray) -> str:
        more = (grams[:, which] - least)[chosen]
        middle, most = np.quantile(more / base[chosen], (0.5, 0.9))
        return f"{more.sum() / base[chosen].sum():.1%} ({middle:.1%}, {most:.1%})"

    enough = some.sum() >= len(grams) / 2
    of_work = [gap(which, added, some) if enough else "-" for which in (0, 1)]
    of_all = [gap(which, least, least > LEAST_ADDED * least.mean()) for which in (0, 1)]
    times = [f"{one:.4f}" if one < 0.01 else f"{one:.2f}" for one in seconds]
    return [name, f"{len(grams)}, {some.sum()}", str(compared.late), *of_all, *of_work, *times]


RUN_HEAD = (
    "scenario",
    f"{GREEDY}, g",
    f"{LINEAR}, g",
    "difference, g",
    "missed, both",
    f"CPU s of a {LINEAR} run",
)


def row_of_runs(name: str, results: Sequence[tuple[RunResult, float, RunResult, float]]) -> list[str]:
    """Return the row of a scenario's runs."""
    greedy, linear = [one[0].emissions_grams for one in results], [one[2].emissions_grams for one in results]
    missed = [
        np.mean([one.deadline_miss_ratio for one in column])
        for column in zip(*((r[0], r[2]) for r in results), strict=True)
    ]
    return [
        name,
        f"{np.mean(greedy):.1f}",
        f"{np.mean(linear):.1f}",
        _interval(paired_difference(greedy, linear)),
        " and ".join(f"{one:.3%}" for one in missed),
        f"{np.mean([one[3] for one in results]):.0f}",
    ]


def _interval(found: Interval) -> str:
    return f"{found.mean:+.1f} ({found.low:+.1f} to {found.high:+.1f})"


if __name__ == "__main__":
    main()
