"""Duration of the experiments on one core: baseline, ablation and scaling, 30 runs of 5,000 tasks for each method.

`python -m bench.suite_bench [--record]` prints seconds of wall time by experiment and scenario, from the request to the
written report. The kernel is compiled before, as it is once on every machine.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from bench.record import record, table
from simulator.experiments.plan.request import Request
from simulator.experiments.runner import run_experiment
from simulator.scenario.load import load_scenario

SUITE = ("baseline", "ablation", "scaling")
SCENARIOS = ("edge", "published")
REPLICATIONS = 30
TASKS = 5000
GOAL_SECONDS = 60.0


def seconds(experiment: str, scenario: str, replications: int = REPLICATIONS) -> float:
    """Return the wall time of an experiment into a fresh folder."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        run_experiment(
            Request(
                experiment=experiment,
                scenario=load_scenario(scenario),
                replications=replications,
                output=Path(folder),
                tasks=None if experiment == "scaling" else TASKS,
            ),
            _unseen,
        )
        return time.perf_counter() - begin


def _unseen(done: int, total: int) -> None:
    """Ignore the progress."""


def main() -> None:
    """Measure, print, and keep the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/suite.md")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for scenario in SCENARIOS:
        seconds("baseline", scenario, replications=2)
    taken = {scenario: [seconds(experiment, scenario) for experiment in SUITE] for scenario in SCENARIOS}
    rows = [[scenario, *(f"{one:.1f}" for one in (*row, sum(row)))] for scenario, row in taken.items()]
    rows[0].append(f"{GOAL_SECONDS:.0f}")
    rows[1].append("")
    parts = [
        "Experiments",
        f"Wall seconds on one core, {REPLICATIONS} runs of {TASKS:,} tasks for each method, from the request to the "
        "report. Scaling runs 1,000 to 20,000 tasks, and looks for the saturation of 2 to 128 nodes with 1,000 tasks "
        "per node.",
        table(["scenario", *SUITE, "together", "goal"], rows),
    ]
    print("\n\n".join(parts))
    if options.record:
        record("suite", parts)


if __name__ == "__main__":
    main()
