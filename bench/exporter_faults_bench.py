"""Hours of the exporter by seed: what failed in them, what they cost, and whether a law was broken.

`python -m bench.exporter_faults_bench --record` writes `bench/results/exporter-faults.md`. Times are CPU times.
"""

from collections.abc import Sequence
from pathlib import Path

from bench.record import record, table
from tests.exporter.by_seed.laws import Law
from tests.exporter.by_seed.many import Ran, Size, all_kept, asked, options, totals
from tests.exporter.by_seed.plan import OF_A_RUN, REAL_SHARE, Kind

TEXT = (
    f"A seed draws what fails. {len(Law)} laws are checked at every sample, in {len(Kind)} kinds of trouble. State and "
    "journal are files in memory, and sources a simulated machine; of one seed in "
    f"{1.0 / REAL_SHARE:.0f} they are files on a disk, which the shipped readers take apart."
)
"""The sizes of a record: that which all runs have in common."""


def main() -> None:
    """Print the tables, and record them if asked."""
    parser = options(__doc__)
    parser.add_argument("--record", action="store_true", help="write bench/results/exporter-faults.md")
    parser.add_argument("--of", type=Path, help="run nothing: tell of this file of results, whatever sizes it has")
    wanted = parser.parse_args()
    found = [asked(wanted)[0]] if wanted.of is None else by_size(wanted.of)
    parts = [part for runs in found for part in tables(runs)]
    print("\n\n".join(parts))
    if wanted.record:
        record("exporter-faults", ["Hours of the exporter by seed", TEXT, *parts])


def by_size(results: Path) -> list[list[Ran]]:
    """Return the runs of a file, those of each size together and in order."""
    found: dict[Size, list[Ran]] = {}
    for one in all_kept(results):
        found.setdefault(Size(hours=one.hours, interval=one.interval), []).append(one)
    return [sorted(runs, key=lambda one: one.seed) for runs in found.values()]


def tables(found: Sequence[Ran]) -> list[str]:
    """Return the paragraphs of some runs of one size."""
    hours, interval = found[0].hours, found[0].interval
    samples, seconds = sum(one.samples for one in found), sum(one.seconds for one in found)
    simulated = len(found) * hours
    figures = [
        ("seeds", f"{len(found)}, of {found[0].seed} to {found[-1].seed}"),
        ("runs that broke a law", str(sum(bool(one.broken) for one in found))),
        ("samples", f"{samples:,}"),
        ("starts of the exporter", f"{sum(one.starts for one in found):,}"),
        ("lines of the log, an hour", f"{sum(one.lines for one in found) / simulated:.1f}"),
        ("CPU seconds of a seed", f"{seconds / len(found):.1f}"),
        ("CPU seconds of a simulated hour", f"{seconds / simulated:.2f}"),
        ("CPU milliseconds of a sample", f"{1e3 * seconds / samples:.2f}"),
    ]
    hits = totals(found)
    return [
        f"## {hours:g} simulated hours with a sample every {interval:g} s",
        table(["", "figure"], figures),
        table(
            ["what failed", "times"], [(str(kind), f"{hits[kind]:,}{' seeds' * (kind in OF_A_RUN)}") for kind in Kind]
        ),
        *(f"Seed {one.seed}: {one.broken}" for one in found if one.broken),
    ]


if __name__ == "__main__":
    main()
