"""Hours of a laptop, sampled and exposed by the exporter's own code under a clock that is moved, for a Prometheus."""

import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exporter.build import Paths, build_sampler
from exporter.config import Config, Power
from exporter.core.metrics import Representation
from exporter.core.web.publication import Publication
from exporter.snapshot import Snapshot
from exporter.sources.collector import BY_DEFAULT
from tests.fake_clock import FakeClock
from tests.processes import TOOL_SECONDS, program

LAPTOP = Path(__file__).parent / "exporter/sources/fixtures/laptop"

SAMPLE_SECONDS, SCRAPE_SECONDS = 5, 15

OPENMETRICS = Representation(openmetrics=True, gzipped=False)


@dataclass(frozen=True, slots=True)
class Scrape:
    """An exposition, and the Unix time at which it was asked for."""

    at: float
    lines: tuple[str, ...]

    def joules(self) -> float:
        """Return what the counters of the machine's own electricity say."""
        found = (line.rpartition(" ") for line in self.lines if line.startswith("ecotrack_energy_joules_total{"))
        return sum(float(value) for name, _, value in found if 'scope="host"' in name)


def scraped_past(folder: Path, start: float, end: float, seed: int) -> Iterator[Scrape]:
    """Yield the scrapes of a laptop that works by a seeded pattern, both ends included; `folder` is for its files."""
    laptop, chance = Path(shutil.copytree(LAPTOP, folder)), random.Random(seed)  # noqa: S311 - loads, not secrets
    clock = FakeClock(wall_at=start - SAMPLE_SECONDS)
    paths = Paths(procfs=laptop / "proc", sysfs=laptop / "sys")
    config = Config(power=Power(idle_watts=8.0, full_watts=45.0, machine="laptop"))
    sampler, publication = build_sampler(config, clock, paths, BY_DEFAULT, None)
    sampler.sample_once()
    while clock.wall() < end:
        clock.advance(SAMPLE_SECONDS)
        _work(laptop / "proc/stat", chance.random())
        sampler.sample_once()
        if (clock.wall() - start) % SCRAPE_SECONDS == 0:
            yield Scrape(clock.wall(), _exposed(publication))


def _work(stat: Path, utilization: float) -> None:
    """Let one CPU be busy for a share of the time between two samples; of its ticks there are a hundred a second."""
    head, *rest = stat.read_text(encoding="ascii").splitlines()
    name, user, nice, system, idle, *others = head.split()
    busy = round(100 * SAMPLE_SECONDS * utilization)
    times = [int(user) + busy, nice, system, int(idle) + 100 * SAMPLE_SECONDS - busy, *others]
    stat.write_text("\n".join((f"{name}  {' '.join(map(str, times))}", *rest, "")), encoding="ascii")


def _exposed(publication: Publication[Snapshot]) -> tuple[str, ...]:
    body = publication.latest()[1].body(OPENMETRICS).decode()
    return tuple(line for line in body.splitlines() if line and not line.startswith("#"))


def backfill(scrapes: Iterator[Scrape] | list[Scrape], instance: str, folder: Path) -> None:
    """Give a Prometheus that will run on a data folder what it would have stored of an instance."""
    target = f'job="ecotrack",instance="{instance}"'
    file = folder.with_suffix(".om")
    with file.open("w", encoding="utf-8") as output:
        for one in scrapes:
            for line in one.lines:
                if not line.startswith("process_"):
                    output.write(f"{_labelled(line, target)} {one.at:.3f}\n")
        output.write("# EOF\n")
    argv = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(file), str(folder)]
    subprocess.run(argv, check=True, capture_output=True, timeout=TOOL_SECONDS)


def _labelled(line: str, target: str) -> str:
    name, _, value = line.rpartition(" ")
    metric, brace, labels = name.partition("{")
    return f"{metric}{{{target},{labels} {value}" if brace else f"{metric}{{{target}}} {value}"
