"""Days of the ledger by seed: what failed in them, what they cost, and whether a law was broken.

`python -m bench.ledger_replay_bench --record` writes `bench/results/ledger-replay.md`. Times are CPU times. Ctrl-C ends
it with the days that are over.
"""

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import mean, median

from bench.record import record, table
from tests.simulator.ledger.by_seed.folder import memory_folder
from tests.simulator.ledger.by_seed.plan import DAY, Kind, plan_of
from tests.simulator.ledger.by_seed.run import run

WORKERS = 2

TOLD = 50
"""Days after each of which a line says how many are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A seed's day: the kinds of faults that were on, its CPU time, and the law that it broke, if any."""

    seed: int
    kinds: frozenset[Kind]
    restarts: int
    seconds: float
    broken: str


def main() -> None:
    """Print the tables, and record them if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/ledger-replay.md")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--seeds", type=int, default=100, help="number of seeds")
    options = parser.parse_args()
    parts = ["Days of the ledger by seed", *tables(days(range(options.first, options.first + options.seeds)))]
    print("\n\n".join(parts[1:]))
    if options.record:
        record("ledger-replay", parts)


def days(seeds: Sequence[int]) -> list[Day]:
    """Run all seeds, or those that are over at Ctrl-C, and tell of a broken law at once."""
    found: list[Day] = []
    with ProcessPoolExecutor(WORKERS, initializer=_leave_interrupts) as pool:
        try:
            for one in pool.map(day, seeds):
                found.append(one)
                if one.broken:
                    print(f"seed {one.seed}: {one.broken}", file=sys.stderr, flush=True)
                if len(found) % TOLD == 0:
                    print(f"{len(found)} of {len(seeds)} days", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            if not found:
                raise
    return found


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the process that gave the work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def day(seed: int) -> Day:
    """Run the day of a seed."""
    plan, begin = plan_of(seed, DAY), time.process_time()
    with memory_folder() as folder:
        told = run(plan, folder)
    restarts = sum(" goes on from block " in one or " begins another one" in one for one in told.events)
    seconds = time.process_time() - begin
    return Day(seed=seed, kinds=plan.kinds, restarts=restarts, seconds=seconds, broken=told.broken)


def tables(found: Sequence[Day]) -> list[str]:
    """Return the paragraphs of some days."""
    seconds, broken = [one.seconds for one in found], [one for one in found if one.broken]
    figures = [
        ("seeds", f"{found[0].seed} to {found[-1].seed}"),
        ("days that broke a law", str(len(broken))),
        ("CPU seconds of a day, mean", f"{mean(seconds):.1f}"),
        ("the same, median", f"{median(seconds):.1f}"),
        ("the same, longest", f"{max(seconds):.1f}"),
        ("restarts of validators from their files", str(sum(one.restarts for one in found))),
    ]
    counts = Counter(kind for one in found for kind in one.kinds)
    text = (
        f"Each day has {DAY} slots of 300 s, 4 to 6 validators with a ledger file each, and a claim of 2 or 3 devices "
        "in each slot. A seed draws what fails; from slot 208 on nothing does. The check of all files is counted."
    )
    return [
        text,
        table(["", "figure"], figures),
        table(["on in a day", "days"], [(str(kind), str(counts[kind])) for kind in Kind]),
        *(f"Seed {one.seed}: {one.broken}" for one in broken),
    ]


if __name__ == "__main__":
    main()
