"""Benchmark of the time that `ecotrack report` takes for a million rows of a journal, and of its memory.

`python -m bench.report_bench [--record]` writes the rows, two for each minute of 500 days in which a laptop is awake,
and reports on them in a process of its own. A machine that does other things meanwhile takes longer: the time of the
processor is told beside.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.record import record, table
from tests.exporter.journal.logs import months, write_journal
from tests.fake_clock import NOON

MINUTES = 720_000
"""Length of the journal, of which the laptop sleeps for seven hours of each day."""


def figures(folder: Path) -> tuple[str, ...]:
    """Return rows, bytes, seconds and memory of a report."""
    path = write_journal(folder / "journal.csv", months(NOON, MINUTES))
    with path.open("rb") as file:
        rows = sum(1 for _ in file) - 1
    began = time.monotonic()
    command = [sys.executable, "-m", "exporter", "report", f"--html={folder / 'report.html'}", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (
        f"{rows:,}",
        f"{path.stat().st_size / 1e6:.0f} MB",
        f"{seconds:.2f} s",
        f"{used.ru_utime + used.ru_stime:.2f} s",
        f"{used.ru_maxrss / 1024:.0f} MiB",
    )


def main() -> None:
    """Print the table, and keep it on demand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/report.md")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        shown = table(("rows", "size", "time", "processor time", "largest memory"), [figures(Path(folder))])
    print(shown)
    if options.record:
        record("report", ["A report on a million rows", __doc__.partition("\n\n")[2].strip(), shown])


if __name__ == "__main__":
    main()
