"""The experiments with a ledger that is kept block by block, beside those that account for it, on one core.

`python -m bench.ledger_suite_bench --record` writes `bench/results/ledger_suite.md`. The suite is that of
`bench.suite_bench`. Times are CPU times of this process. In the published model nothing claims, so its runs are the
same in both suites.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from bench.record import record, table
from bench.suite_bench import REPLICATIONS, SCENARIOS, SUITE, TASKS
from simulator.experiments.find.results import Results
from simulator.experiments.plan.request import Request
from simulator.experiments.runner import run_experiment
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario

MEASURED = (2, 6)
"""Runs of each method in the experiments in which devices claim; of the others all runs are measured."""
ASKED = 5.0
"""Most that the suite with the real ledger may take, relative to the suite with the profile."""


def seconds(experiment: str, scenario: str, replications: int, *, chain: bool) -> tuple[float, Results]:
    """Return the CPU time of an experiment into a fresh folder, and its results."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.process_time()
        _, results = run_experiment(
            Request(
                experiment=experiment,
                scenario=load_scenario(scenario),
                replications=replications,
                output=Path(folder),
                tasks=None if experiment == "scaling" else TASKS,
                chain=chain,
            ),
            lambda _done, _total: None,
        )
        return time.process_time() - begin, results


def whole(experiment: str, scenario: str, *, chain: bool, replications: tuple[int, int]) -> tuple[float, Results]:
    """Return the CPU time of an experiment with REPLICATIONS runs of each method, and the results of the longer one.

    It follows from two shorter ones, as what an experiment takes beside its runs is the same for any number of them.
    """
    few, many = replications
    short, _ = seconds(experiment, scenario, few, chain=chain)
    longer, results = seconds(experiment, scenario, many, chain=chain)
    return short + (longer - short) / (many - few) * (REPLICATIONS - few), results


def main() -> None:
    """Measure, print, and keep the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/ledger_suite.md")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for scenario in SCENARIOS:
        seconds("baseline", scenario, 2, chain=isinstance(load_scenario(scenario), Scenario))
    rows, profile, real = [], 0.0, 0.0
    for scenario in SCENARIOS:
        claims = isinstance(load_scenario(scenario), Scenario)
        for experiment in SUITE:
            # Where nothing claims, all runs are measured: they are few seconds, which noise would be a large part of.
            replications = MEASURED if claims else (MEASURED[0], REPLICATIONS)
            plain, expected = whole(experiment, scenario, chain=False, replications=replications)
            kept, found = plain, expected
            if claims:
                kept, found = whole(experiment, scenario, chain=True, replications=replications)
            assert found.estimates == expected.estimates
            assert found.further == expected.further
            rows.append([scenario, experiment, f"{plain:.1f}", f"{kept:.1f}", f"{kept / plain:.1f}"])
            profile, real = profile + plain, real + kept
            print(rows[-1], flush=True)
    rows.append(["all", "", f"{profile:.1f}", f"{real:.1f}", f"{real / profile:.1f}"])
    few, many = MEASURED
    parts = [
        "Experiments with the real ledger",
        f"CPU seconds on one core for {REPLICATIONS} runs of each method, on `edge` from what {few} and {many} runs "
        "take: `--ledger real` beside `--ledger profile`. All figures of both are equal, to the last bit. At most "
        f"{ASKED:g} times as long is asked for. Searches for saturation, most of scaling, last no whole days and claim "
        "nothing.",
        table(["scenario", "experiment", "profile, s", "real, s", "ratio"], rows),
    ]
    print("\n\n".join(parts))
    if options.record:
        record("ledger_suite", parts)


if __name__ == "__main__":
    main()
