"""Hours of the exporter by seed: what failed in them, what they cost, and whether a law was broken.

`python -m bench.exporter_faults_bench --record` writes `bench/results/exporter-faults.md`. Times are CPU times.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from bench.record import record, table
from tests.exporter.by_seed.plan import HOUR, Kind, plan_of
from tests.exporter.by_seed.run import run
from tests.simulator.ledger.by_seed.folder import memory_folder

WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A seed's run: the faults that hit by kind, its samples, starts, log lines, CPU time, and the law that broke."""

    seed: int
    hits: Counter[Kind]
    samples: int
    starts: int
    lines: int
    seconds: float
    broken: str


def main() -> None:
    """Print the tables, and record them if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/exporter-faults.md")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--seeds", type=int, default=100, help="number of seeds")
    parser.add_argument("--hours", type=float, default=6.0, help="simulated hours of each")
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between samples")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    parts = tables(runs(seeds, options.hours, options.interval), options.hours, options.interval)
    print("\n\n".join(parts))
    if options.record:
        record("exporter-faults", ["Hours of the exporter by seed", *parts])


def runs(seeds: Sequence[int], hours: float, interval: float) -> list[Ran]:
    """Run all seeds, and tell of a broken law at once."""
    found = []
    with ProcessPoolExecutor(WORKERS) as pool:
        for one in pool.map(partial(ran, hours=hours, interval=interval), seeds):
            found.append(one)
            if one.broken:
                print(f"seed {one.seed}: {one.broken}", file=sys.stderr, flush=True)
    return found


def ran(seed: int, hours: float, interval: float) -> Ran:
    """Run a seed."""
    plan, begin = plan_of(seed, hours * HOUR, interval), time.process_time()
    with memory_folder() as folder:
        told = run(plan, folder)
    events = [one.partition(" s  ")[2] for one in told.events]
    hits = Counter({kind: sum(one.startswith(kind) for one in events) for kind in plan.kinds})
    return Ran(
        seed=seed,
        hits=hits,
        samples=told.samples,
        starts=sum(one.startswith("starts, ") for one in events),
        lines=told.lines,
        seconds=time.process_time() - begin,
        broken=told.broken,
    )


def tables(found: Sequence[Ran], hours: float, interval: float) -> list[str]:
    """Return the paragraphs of some runs."""
    samples, seconds = sum(one.samples for one in found), sum(one.seconds for one in found)
    simulated = len(found) * hours
    figures = [
        ("seeds", f"{found[0].seed} to {found[-1].seed}"),
        ("runs that broke a law", str(sum(bool(one.broken) for one in found))),
        ("samples", f"{samples:,}"),
        ("starts of the exporter", f"{sum(one.starts for one in found):,}"),
        ("lines of the log, an hour", f"{sum(one.lines for one in found) / simulated:.1f}"),
        ("CPU seconds of a simulated hour", f"{seconds / simulated:.2f}"),
        ("CPU milliseconds of a sample", f"{1e3 * seconds / samples:.2f}"),
    ]
    hits = sum((one.hits for one in found), Counter[Kind]())
    text = (
        f"Each run has {hours:g} simulated hours with a sample every {interval:g} s. A seed draws what fails. State "
        "and journal are files in memory; sources are read from a simulated machine, below which nothing is parsed."
    )
    return [
        text,
        table(["", "figure"], figures),
        table(["what failed", "times"], [(str(kind), str(hits[kind])) for kind in Kind]),
        *(f"Seed {one.seed}: {one.broken}" for one in found if one.broken),
    ]


if __name__ == "__main__":
    main()
