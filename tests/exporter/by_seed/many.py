"""Many seeds, one after another, each told as it ends: `python -m tests.exporter.by_seed.many --help`.

With `--results FILE` a line of JSON is appended as each seed ends, and seeds that have one there are not run again, so
that a run that was ended goes on from where it was.
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.exporter.by_seed.plan import HOUR, OF_A_RUN, Kind, plan_of
from tests.exporter.by_seed.room import folder_of
from tests.exporter.by_seed.run import run
from tests.processes import TOOL_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Length of a run in simulated hours, and seconds between its samples."""

    hours: float
    interval: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A seed's run: faults that hit by kind, its samples, starts, log lines, CPU seconds, and the law that broke."""

    seed: int
    hours: float
    interval: float
    samples: int
    starts: int
    lines: int
    seconds: float
    digest: str
    broken: str
    hits: dict[str, int] = field(default_factory=dict)


def ran(seed: int, size: Size) -> Ran:
    """Run a seed."""
    plan, begin = plan_of(seed, size.hours * HOUR, size.interval), time.process_time()
    with folder_of(plan) as folder:
        told = run(plan, folder)
    events = [one.partition(" s  ")[2] for one in told.events]
    hits = {
        str(kind): 1 if kind in OF_A_RUN else sum(one.startswith(kind) for one in events)
        for kind in Kind
        if kind in plan.kinds
    }
    return Ran(
        seed=seed,
        hours=size.hours,
        interval=size.interval,
        samples=told.samples,
        starts=sum(one.startswith("starts, ") for one in events),
        lines=told.lines,
        seconds=time.process_time() - begin,
        digest=told.digest,
        broken=told.broken,
        hits=hits,
    )


def runs(seeds: Sequence[int], size: Size, *, workers: int = 2) -> Iterator[Ran]:
    """Run seeds in some processes, and yield each as it ends."""
    if workers == 1:
        yield from (ran(seed, size) for seed in seeds)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(partial(ran, seed, size)) for seed in seeds]
        yield from (one.result(timeout=TOOL_SECONDS) for one in as_completed(waiting))


def kept_runs(results: Path, size: Size) -> list[Ran]:
    """Return what a file of results has of a size."""
    return [one for one in all_kept(results) if (one.hours, one.interval) == (size.hours, size.interval)]


def all_kept(results: Path) -> list[Ran]:
    """Return what a file of results has; half a line, of a run that was killed, is none."""
    if not results.exists():
        return []
    whole = [one for one in results.read_text().splitlines(keepends=True) if one.endswith("}\n")]
    return [Ran(**json.loads(one)) for one in whole]


def code_digest() -> str:
    """Return a digest of the exporter and of its hours by seed: what ran of other code says nothing of this."""
    root, digest = Path(__file__).parents[3], hashlib.sha256()
    for folder in ("exporter", "tests/exporter/by_seed"):
        for path in sorted(root.joinpath(folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def resumed(seeds: Sequence[int], size: Size, *, workers: int, results: Path | None) -> Iterator[Ran]:
    """Yield the runs of seeds, those first that a file of results has already; append the others to it."""
    already = {} if results is None else {one.seed: one for one in kept_runs(results, size)}
    yield from (already[seed] for seed in seeds if seed in already)
    for one in runs([seed for seed in seeds if seed not in already], size, workers=workers):
        if results is not None:
            _append(results, json.dumps(asdict(one)))
        yield one


def _append(results: Path, line: str) -> None:
    """Append a line; after half a one, of a run that was killed, begin anew."""
    begun = results.exists() and not (b"\n" + results.read_bytes()).endswith(b"\n")
    with results.open("a") as file:
        file.write(f"\n{line}\n" if begun else f"{line}\n")


def command(seed: int, size: Size) -> str:
    """Return what shows the story of a seed."""
    return f"python -m tests.exporter.by_seed {seed} {size.hours:g} {size.interval:g}"


def told_of(all_runs: Iterator[Ran], size: Size, seeds: int) -> list[Ran]:
    """Return runs as they end, telling of each broken one at once and of each tenth of the way."""
    found: list[Ran] = []
    for one in all_runs:
        found.append(one)
        if one.broken:
            sys.stderr.write(f"{command(one.seed, size)}: {one.broken}\n")
        if len(found) % max(1, seeds // 10) == 0:
            broken = sum(bool(other.broken) for other in found)
            sys.stderr.write(f"{len(found)} of {seeds} seeds, {broken} broken\n")
        sys.stderr.flush()
    return sorted(found, key=lambda one: one.seed)


def totals(found: Sequence[Ran]) -> Counter[str]:
    """Return how often each kind of fault hit."""
    return sum((Counter(one.hits) for one in found), Counter())


def options(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of what is to be run."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--seeds", type=int, default=100, help="number of seeds")
    parser.add_argument("--hours", type=float, default=6.0, help="simulated hours of each")
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between samples")
    parser.add_argument("--workers", type=int, default=2, help="processes that share them")
    parser.add_argument("--results", type=Path, help="file that a line is appended to for each seed, to go on from")
    return parser


def asked(wanted: argparse.Namespace) -> tuple[list[Ran], Size]:
    """Run what is asked for, and return it in order."""
    size = Size(hours=wanted.hours, interval=wanted.interval)
    seeds = range(wanted.first, wanted.first + wanted.seeds)
    going = resumed(seeds, size, workers=wanted.workers, results=wanted.results)
    return told_of(going, size, len(seeds)), size


def main(arguments: list[str]) -> int:
    """Run seeds, and return 1 where a law was broken."""
    found, _ = asked(options(__doc__).parse_args(arguments))
    return 1 if any(one.broken for one in found) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
