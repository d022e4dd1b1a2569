"""Benchmark of the energy that is attributed to programs, against their energy in runs of their own.

`python -m bench.attribution_error` runs mixes of programs on a processor that is simulated tick by tick, with two
threads to a core and a power that depends on how many of them are busy, and lets the exporter read its files: procfs,
cgroups and RAPL. `--record` writes the figures to `bench/results/attribution_error.md`.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.record import record, table
from exporter.sources.processes.grouping import OTHER, By
from tests.exporter.smt_attribution import MIXES, Change, Comparison, Run, as_read, unweighted
from tests.exporter.smt_physics import Physics

RULES: Mapping[str, Change] = {"threads beside a busy one count less": as_read, "all CPU time counts alike": unweighted}

PROCESSORS: Mapping[str, Physics] = {
    "+24% power, +20% work": Physics(),
    "+10% power, +20% work": Physics(watts_of_two=1.10),
    "+40% power, +20% work": Physics(watts_of_two=1.40),
    "+24% power, +40% work": Physics(work_of_two=1.40),
}
"""Processors by what a second thread adds to a core."""

IDLE: Sequence[float] = (0.5, 0.75, 1.0, 1.25, 1.5)
"""Idle power of the processor as the model has it, as multiples of what it is."""


def compared(mix: str, change: Change = as_read, by: By = By.CGROUP, **fields: object) -> Comparison:
    """Run a mix of programs in a folder of its own."""
    with TemporaryDirectory() as folder:
        return Run(Path(folder), programs=MIXES[mix], by=by, change=change, **fields).compared()  # type: ignore[arg-type]


def programs() -> str:
    """Return each program's energy by the shipped rule."""
    rows: list[tuple[str, ...]] = []
    for mix in MIXES:
        for by in (By.NAME, By.CGROUP):
            found = compared(mix, by=by)
            rows += [
                (mix, by, name, f"{attributed:.1f}", f"{alone:.1f}", f"{error:+.2f}")
                for name, attributed, alone, error in found.rows()
            ]
            rows.append((mix, by, f"({OTHER})", f"{found.attributed.get(OTHER, 0.0):.1f}", "", ""))
    head = ("mix", "by", "program", "attributed (J)", "alone (J)", "error (% of active energy)")
    return table(head, rows)


def rules() -> str:
    """Return the largest error of a program by rule and processor."""
    rows = [
        (mix, name, *(f"{100.0 * compared(mix, change, physics=physics).worst():.2f}" for change in RULES.values()))
        for mix in MIXES
        for name, physics in PROCESSORS.items()
    ]
    return table(("mix", "a core's second thread", *RULES), rows)


def idle() -> str:
    """Return the largest error of a program by how far off the idle power is."""
    rows = [
        (mix, *(f"{100.0 * compared(mix, idle_watts=Physics().idle_watts * off).worst():.2f}" for off in IDLE))
        for mix in MIXES
    ]
    return table(("mix", *(f"{off:g} x" for off in IDLE)), rows)


def report() -> list[str]:
    """Return the paragraphs of the record."""
    return [
        "Energy attributed to programs, against runs of their own",
        "Simulated, not measured: the files of a kernel are written from a processor that is simulated tick by tick, "
        "four cores of two threads each, without changes of frequency. The exporter reads them each 5 s over 80 s. "
        "Errors are shares of the active energy of the run, that beyond the processor's idle power.",
        "A machine with RAPL alone cannot show them: its counter tells the energy of all programs together, and "
        "frequencies, caches and temperatures differ in a run of one's own. Programs that draw different power at the "
        "same CPU time, as vector units do, are not told apart, here or there.",
        "Each program, by the rule of the exporter. Processes that nobody saw, since they came and went between two "
        "readings, are in their program's cgroup; by name they are in `other`, which their programs lack:",
        programs(),
        "Largest error of a program in %, by rule and by what a second thread does:",
        rules(),
        "Largest error of a program in %, where the model has another idle power of the processor than it is:",
        idle(),
    ]


def main() -> None:
    """Print the figures; record them if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write bench/results/attribution_error.md")
    parts = report()
    if parser.parse_args().record:
        record("attribution_error", parts)
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
