"""The wait of the first run on a machine, which compiles the simulator's kernels.

`python -m bench.first_compile [--record]` runs a scenario's first day in processes of their own, with an empty cache
and then with a full one, and prints the difference: seconds that a user waits, and CPU seconds of all processes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.record import record, table
from exporter.core.units import SECONDS_PER_DAY
from simulator.run.job import Method
from simulator.run.simulate import build_engine
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario

RUNS = (("regions", "rolling-horizon"), ("regions", "shifting"), ("edge", "shifting"), ("edge", "joint"))
REPEATS = 5
GOAL_SECONDS = 5


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    return sum(os.times()[:4])


def first_day(name: str, policy: str) -> None:
    """Run the first day of a scenario, and print the figures of the wait as JSON."""
    begin = time.perf_counter()
    scenario = load_scenario(name)
    if not isinstance(scenario, Scenario):
        raise TypeError(f"{name} has no engine")
    engine = build_engine(scenario, Method(name="full", policy=policy), 1)
    engine.run(round(SECONDS_PER_DAY / engine.plant.step))
    print(json.dumps([time.perf_counter() - begin, cpu_seconds()]))


def waited(name: str, policy: str, cache: str) -> tuple[float, float]:
    """Return the seconds of a first day in a fresh process with a cache, and its CPU seconds."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.first_compile", "--day", name, policy],
        env=os.environ | {"NUMBA_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu = json.loads(done.stdout)
    return wall, cpu


def compiling(name: str, policy: str) -> tuple[float, float]:
    """Return what a first day takes longer with an empty cache than with a full one: seconds, and CPU seconds."""
    walls, cpus = [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            cold, warm = (waited(name, policy, str(Path(folder))) for _ in range(2))
        walls.append(cold[0] - warm[0])
        cpus.append(cold[1] - warm[1])
    return statistics.median(walls), statistics.median(cpus)


def main() -> None:
    """Measure, print, and keep the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/first-compile.md")
    parser.add_argument("--day", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.day:
        first_day(*options.day)
        return
    rows = []
    for name, policy in RUNS:
        wall, cpu = compiling(name, policy)
        rows.append([name, policy, f"{wall:.1f}", f"{GOAL_SECONDS}", f"{cpu:.1f}"])
    parts = [
        "The first compilation",
        "What the first day of a scenario takes longer with an empty cache than with a full one, each in a process of "
        f"its own: seconds that a user waits, and CPU seconds of the run and its child; medians of {REPEATS}. Two "
        "processes compile at once; with one processor a run compiles all by itself.",
        table(["scenario", "policy", "waited", "goal", "CPU seconds"], rows),
    ]
    print("\n\n".join(parts))
    if options.record:
        record("first-compile", parts)


if __name__ == "__main__":
    main()
