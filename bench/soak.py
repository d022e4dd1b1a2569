"""Soak: a day of samples and 100,000 scrapes of the exporter and the live job, with a clock that leaps.

Both run as their users start them, with real sources and real clients on loopback, and all that comes and goes in a
day: programs, network devices, browsers, reloads, rotated logs. What they hold is measured every five minutes of the
clock, when all has been answered. `python -m bench.soak --record` writes `bench/results/soak-ecotrack.md`,
`soak-ecochain.md`, and data and a picture beside each; the exit status is 1 where something grows.

What else runs on the machine is sampled, too. `unshare --pid --fork --mount-proc --net sh -c "ip link set lo up; exec
python -m bench.soak"`, as root, keeps programs and connections of others out, which come and go as they like.
"""

import argparse
import csv
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from statistics import median

import numpy as np

from bench.record import RESULTS, commit, record, table
from bench.soak_course import STEP, SUBJECTS, Point, Soaked, soaking
from bench.soak_program import LEAKS
from bench.soak_trend import LEVEL, Trend, trend_of
from exporter.core.units import HOURS_PER_DAY

SETTLED_AFTER = 1.0
"""Hours after which nothing may grow; within them more programs and devices come and go than any table has room for."""

CROWD = 1200
"""Programs that come and go in the first hour: more than the groups that are counted (MOST_GROUPS, 1000)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bounds on what may seem to be gained in a day: bytes where the interval leaves zero out, blocks in any case."""

    memory: float
    blocks: float


A_DAY = Bounds(memory=50_000.0, blocks=8_000.0)
"""Bounds that a day's points can hold. Judgement: 50 kB a day is 18 MB a year, and a list that grows by one object with
each sample gains twice as many blocks. A collector of garbage lets their number rise and fall by some 4%."""

MEMORY: Mapping[str, Callable[[Point], float]] = {
    "resident memory (RSS)": lambda point: point.held.rss,
    "resident memory of no file": lambda point: point.held.anonymous,
    "in use, by malloc and Python": lambda point: point.held.in_use,
}
"""Sizes that may not grow. What is in use tells a leak from pages that an allocator keeps: it has none of them."""

NOT_JUDGED: Mapping[str, Callable[[Point], float]] = {
    "resident memory of files": lambda point: point.held.rss - point.held.anonymous,
    "proportional share (PSS)": lambda point: point.held.pss,
    "unshared (USS)": lambda point: point.held.uss,
}
"""Sizes that are shown and not judged by: pages of libraries, which are no possession of the process though they count
as resident, and what depends on other processes as well."""

BLOCKS = "blocks of Python's own"
COUNTS: Mapping[str, Callable[[Point], float]] = {
    "descriptors": lambda point: point.held.descriptors,
    "threads": lambda point: point.held.threads,
    "children": lambda point: point.held.children,
    "series": lambda point: point.series,
    "bytes of state and journal": lambda point: point.state,
    "files of state and journal": lambda point: point.files,
    "temporary files": lambda point: point.temporary,
}
ROOM = {"series": 0.05, "bytes of state and journal": 0.1}
"""Share by which the most of the second half may exceed that of the first, where it is not a number of single things.
Judgement: states of connections and reasons for discarded readings come and go, and a journal is rotated."""


def main() -> int:
    """Soak what is asked for, print the tables, and record them if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--record", action="store_true", help="write bench/results/soak-PROGRAM.md, and data and a picture beside")
    add("--hours", type=float, default=float(HOURS_PER_DAY), help="hours of the clock (default: %(default)g)")
    add("--scrapes", type=int, default=100_000, help="scrapes of each program (default: %(default)s)")
    add("--program", choices=tuple(SUBJECTS), help="only this one")
    add("--leaks", nargs="+", choices=tuple(LEAKS), default=(), help="put these leaks into it")
    options = parser.parse_args()
    if options.hours < 2 * SETTLED_AFTER:
        parser.error(f"--hours: expected {2 * SETTLED_AFTER:g} or more, got {options.hours:g}")
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell has its background jobs ignore the first
        signal.signal(number, signal.default_int_handler)
    grown, measured = [], commit()  # before any file of the results changes
    for name in [options.program] if options.program else SUBJECTS:
        with soaking(name, options.leaks) as course:
            found = course.run(options.hours, options.scrapes, CROWD, tell)
        if options.record:  # first of all: a day took long
            (RESULTS / f"soak-{name}.csv").write_text(rows(found.points), encoding="utf-8")
        parts = described(found)
        print("\n\n".join([f"# {name}", *parts]))
        if options.record:
            title = f"What {name} holds over {options.hours:g} hours"
            record(f"soak-{name}", [title, *parts, f"![Over time](soak-{name}.png)"], measured)
            (RESULTS / f"soak-{name}.png").write_bytes(picture(found))
        grown += [f"{name}: grows: {what}" for what in growth(found.points, SETTLED_AFTER, A_DAY)]
    print("".join(f"{line}\n" for line in grown), end="", file=sys.stderr)
    return 1 if grown else 0


def tell(line: str) -> None:
    """Show how far a run is, in place of what was shown before."""
    print(f"\r{line}\033[K", end="" if line else "\n", file=sys.stderr, flush=True)


def growth(points: Sequence[Point], settled_after: float, bounds: Bounds) -> list[str]:
    """Return the names of what grows once all is settled.

    Memory does whose slope's interval is above zero and reaches the bound; blocks, which hardly vary, whose interval
    reaches theirs. Counts do whose median in the second half is more than the most of the first.
    """
    settled = [one for one in points if one.hour >= settled_after]
    grown = [name for name, read in MEMORY.items() if grows(trend(settled, read), bounds.memory)]
    grown += [BLOCKS] if daily(trend(settled, blocks).high) > bounds.blocks else []
    return [*grown, *(name for name, read in COUNTS.items() if is_more(settled, read, ROOM.get(name, 0.0)))]


def grows(found: Trend, bound: float) -> bool:
    """Tell whether a trend leaves zero out, and reaches a bound a day."""
    return found.low > 0.0 and daily(found.high) > bound


def is_more(points: Sequence[Point], read: Callable[[Point], float], room: float) -> bool:
    """Tell whether the second half has as a rule more than ever the first, and room; what lingers is none."""
    middle = len(points) // 2
    return median(map(read, points[middle:])) > (1.0 + room) * max(map(read, points[:middle]))


def trend(points: Sequence[Point], read: Callable[[Point], float]) -> Trend:
    """Return the trend of something by the hour."""
    return trend_of(np.array([one.hour for one in points]), np.array([float(read(one)) for one in points]))


def blocks(point: Point) -> float:
    """Return the blocks that Python has allocated."""
    return point.held.blocks


def daily(slope: float) -> float:
    """Return what a slope by the hour comes to in a day."""
    return HOURS_PER_DAY * slope


def described(found: Soaked) -> list[str]:
    """Return the paragraphs of a run."""
    settled = [one for one in found.points if one.hour >= SETTLED_AFTER]
    first, last = settled[0], settled[-1]
    told = (
        f"It ran for {last.hour:g} hours of a clock that leaps, and was measured every {STEP / 60:g} minutes of it. "
        f"Slopes are those since hour {first.hour:g}, by Theil, with their intervals at {LEVEL:.0%}, by a "
        "bootstrap of blocks."
    )
    hours = f"hour {first.hour:g}", f"hour {last.hour:g}"
    sizes = [
        [
            name,
            *(f"{read(point) / 2**20:.2f} MiB" for point in (first, last)),
            *(f"{value / 1e3:+.2f} kB" for value in figures(trend(settled, read))),
        ]
        for name, read in {**MEMORY, **NOT_JUDGED}.items()
    ]
    counted = [f"{blocks(point):,.0f}" for point in (first, last)]
    sizes.append([BLOCKS, *counted, *(f"{value:+,.1f}" for value in figures(trend(settled, blocks)))])
    counts = [
        [name, *(f"{value:,.0f}" for value in (read(first), max(map(read, settled)), read(last)))]
        for name, read in COUNTS.items()
    ]
    went_on = [
        *((name, f"{count:,}") for name, count in found.counts.items()),
        ("CPU seconds", f"{last.held.cpu:,.0f}"),
    ]
    return [
        told,
        table(["", *hours, "slope an hour", "from", "to", "at most a day"], sizes),
        table(["", hours[0], "most since", hours[1]], counts),
        table(["what went on", "in all"], went_on),
    ]


def rows(points: Sequence[Point]) -> str:
    """Return the points as CSV."""
    columns = {"hour": lambda point: round(point.hour, 3), **MEMORY, **NOT_JUDGED, BLOCKS: blocks, **COUNTS}
    text = StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows([read(point) for read in columns.values()] for point in points)
    return text.getvalue()


def figures(found: Trend) -> tuple[float, float, float, float]:
    """Return the figures of a trend that are shown."""
    return found.slope, found.low, found.high, daily(found.high)


def picture(found: Soaked) -> bytes:
    """Return a PNG of memory and blocks over time."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only for the record

    figure = Figure(figsize=(8, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    hours = [point.hour for point in found.points]
    for name, read in {**MEMORY, **NOT_JUDGED}.items():
        upper.plot(hours, [read(point) / 2**20 for point in found.points], label=name, linewidth=1)
    lower.plot(hours, [blocks(point) / 1e3 for point in found.points], color="#1f5f8b", linewidth=1)
    for plot, quantity in ((upper, "MiB"), (lower, f"thousand {BLOCKS}")):
        plot.axvspan(0, SETTLED_AFTER, color="#eef1f4", zorder=0)
        plot.spines[["top", "right"]].set_visible(False)
        plot.set_ylim(bottom=0)
        plot.set_ylabel(quantity)
    upper.set_title(found.name)
    upper.legend(frameon=False, loc="lower right")
    lower.set_xlabel("hours of the clock")
    content = BytesIO()
    figure.savefig(content, format="png", dpi=100)
    return content.getvalue()


if __name__ == "__main__":
    sys.exit(main())
