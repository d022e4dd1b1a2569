"""The cost of a device to one Prometheus and one VictoriaMetrics, and from it that of ten thousand devices.

`python -m bench.remote_write_bench [--record] [--devices 50 100 150 200 250 300]` serves so many made-up devices from
this process, each with the series of a laptop (`tests/golden/laptop.prom`) whose values move. A real Prometheus
scrapes them as shipped, every 15 s with all rules of the exporter, and writes on to a real VictoriaMetrics; CPU time
and memory of both are read after a start that does not count. CPU is fitted by a line over the samples taken each
second, memory over the series, and both lines are followed to ten thousand devices, with the interval in which the
line lies with a probability of 95%: it says how well the line is known, and nothing about what changes on the way. A
size that a busy machine could not keep up with is left out. Bytes per sample are those of a database of one device,
closed and merged. Takes a quarter of an hour, most of it waiting.
"""

import argparse
import contextlib
import math
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families
from scipy import stats  # type: ignore[import-untyped]

from bench.record import record, table
from tests.grafana.victoria import WRITE, flush, running_victoria_metrics
from tests.processes import program, running_prometheus, series
from tests.prometheus import stack

EXPOSITION = Path(__file__).parent.parent / "tests/golden/laptop.prom"
SHIPPED = Path(__file__).parent.parent / "prometheus"
DEVICES = (50, 100, 150, 200, 250, 300)
WARM_SECONDS, MEASURED_SECONDS = 45, 90
"""Three scrapes in which series are made, then six that count. Of the rules that are evaluated every four or eight
minutes only some fall into that time; `bench.fleet_bench` has them all."""

SCRAPE_SECONDS = 15
AIM = 10_000

KEPT_UP = 0.97
"""Part of the samples of a quiet machine, from which on a size counts. Chosen."""

STORED_HOURS = 12
"""Length of the history whose bytes on the disk are counted: six of the blocks that Prometheus writes at first."""

TOOL_SECONDS = 600
MEBIBYTE = 2**20
JITTER = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A series of a made-up device: what stands before its value, its kind, and the value that it begins with."""

    prefix: str
    kind: str
    value: float

    def at(self, seconds: float, chance: random.Random) -> float:
        """Return a value so long after the beginning: counters rise, gauges wander, the rest holds."""
        if self.kind == "counter":
            return self.value + max(self.value, 1.0) / 3600 * seconds * (1 + JITTER * chance.random())
        if self.kind == "timestamp":
            return time.time() - 5
        return self.value * (1 + JITTER * chance.gauss(0, 1)) if self.kind == "gauge" else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The load of a program that served some devices: cores, and bytes of memory at the end.

    `answered` is the part of the scrapes that were, in the end.
    """

    program: str
    devices: int
    cores: float
    memory_bytes: float
    series: float
    samples_per_second: float
    answered: float


def main() -> None:
    """Measure all sizes, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    parser.add_argument("--devices", type=int, nargs="+", default=DEVICES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="remote-write-bench-") as folder:
        costs = [cost for count in options.devices for cost in measured(Path(folder) / str(count), count)]
        figures = [described(costs), extrapolated(costs), stored(Path(folder) / "stored")]
    print("\n\n".join(figures))
    if options.record:
        record("remote_write", ["Prometheus and VictoriaMetrics by the number of devices", *figures])


def rows() -> list[Row]:
    """Return the series of a device, by the golden exposition."""
    return [
        Row(prefix=_prefix(sample.name, sample.labels), kind=_kind(sample.name, family.type), value=sample.value)
        for family in text_string_to_metric_families(EXPOSITION.read_text(encoding="utf-8"))
        for sample in family.samples
    ]


def _prefix(name: str, labels: dict[str, str]) -> str:
    written = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{written}}}"


def _kind(name: str, kind: str) -> str:
    if name.endswith("_timestamp_seconds"):
        return "timestamp"
    return "constant" if re.search(r"_info$|_limit_|_state$|_ratio$", name) else kind


@contextlib.contextmanager
def serving_fleet(count: int) -> Iterator[list[dict[str, object]]]:
    """Serve so many devices from one address; yields them as a file of targets lists them."""
    template, began = rows(), time.time()

    def answer(path: str) -> str:
        chance = random.Random(f"{path}{time.time_ns()}")  # noqa: S311 - loads, not secrets
        seconds = time.time() - began + int(path.removeprefix("/device-"))
        return "".join(f"{row.prefix} {row.at(seconds, chance):.9g}\n" for row in template)

    with stack.answering(answer) as address:
        yield [
            {
                "targets": [address],
                "labels": {
                    "__metrics_path__": f"/device-{number}",
                    "instance": f"device-{number:05d}",
                    "team": f"team-{number % 10}",
                },
            }
            for number in range(count)
        ]


def measured(folder: Path, count: int) -> list[Cost]:
    """Return the cost of both programs for so many devices."""
    folder.mkdir()
    with serving_fleet(count) as targets, running_victoria_metrics(folder, "-retentionPeriod=400d") as victoria:
        config = write_shipped(folder, targets, [victoria + WRITE])
        with running_prometheus(config, folder) as prometheus:
            programs = {"Prometheus": prometheus, "VictoriaMetrics": victoria}
            time.sleep(WARM_SECONDS)
            before = {name: process_seconds(url) for name, url in programs.items()}
            began, appended = time.monotonic(), samples(prometheus)
            time.sleep(MEASURED_SECONDS)
            lasted = time.monotonic() - began
            rate = (samples(prometheus) - appended) / lasted
            [answered] = stack.values(prometheus, f'avg(avg_over_time(up{{job="ecotrack"}}[{MEASURED_SECONDS}s]))')
            active = exposed(prometheus, "prometheus_tsdb_head_series")
            return [
                Cost(
                    program=name,
                    devices=count,
                    cores=(process_seconds(url) - before[name]) / lasted,
                    memory_bytes=exposed(url, "process_resident_memory_bytes"),
                    series=active,
                    samples_per_second=rate,
                    answered=answered,
                )
                for name, url in programs.items()
            ]


def write_shipped(folder: Path, targets: list[dict[str, object]], receivers: Sequence[str]) -> Path:
    """Write the shipped configuration with these devices, which writes on to the receivers."""
    path = stack.write_shipped(folder, targets=targets, alertmanager="127.0.0.1:9")
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["remote_write"] = [{"url": url} for url in receivers]
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def exposed(url: str, name: str) -> float:
    """Return the sum of a metric of a program over its series."""
    values = series(requests.get(f"{url}/metrics", timeout=60).text)
    return sum(value for key, value in values.items() if key.partition("{")[0] == name)


def process_seconds(url: str) -> float:
    """Return the CPU time that a program says it has used."""
    return exposed(url, "process_cpu_seconds_total")


def samples(prometheus: str) -> float:
    """Return how many samples Prometheus has taken, scraped and recorded."""
    return exposed(prometheus, "prometheus_tsdb_head_samples_appended_total")


def described(costs: Sequence[Cost]) -> str:
    """Return the table of what was measured."""
    head = ("program", "devices", "series a device", "samples/s a device", "scrapes answered", "cores", "resident MiB")
    return table(
        head,
        (
            (
                one.program,
                str(one.devices),
                f"{one.series / one.devices:.0f}",
                f"{one.samples_per_second / one.devices:.1f}",
                f"{100 * one.answered:.0f}%",
                f"{one.cores:.3f}",
                f"{one.memory_bytes / MEBIBYTE:.0f}",
            )
            for one in costs
        ),
    )


def extrapolated(costs: Sequence[Cost]) -> str:
    """Return a line for each program and resource: what it begins with, what 100 devices add, and what `AIM` take."""
    samples_each = max(one.samples_per_second / one.devices for one in costs)
    series_each = max(one.series / one.devices for one in costs)
    lines = []
    for name in ("Prometheus", "VictoriaMetrics"):
        of_it = [one for one in costs if one.program == name and kept_up(one, samples_each)]
        cores = Line.through([one.samples_per_second for one in of_it], [one.cores for one in of_it])
        memory = Line.through([one.series for one in of_it], [one.memory_bytes / MEBIBYTE for one in of_it])
        lines += [(name, "cores", *cores.cells(samples_each)), (name, "resident MiB", *memory.cells(series_each))]
    head = ("program", "resource", "without devices", "each 100 more", f"{AIM} devices", "95% of the line")
    each = f"A device is {samples_each:.1f} samples each second and {series_each:.0f} series, recorded ones included."
    return f"{each}\n\n{table(head, lines)}"


def kept_up(cost: Cost, samples_each: float) -> bool:
    """Tell whether nearly all samples were taken and recorded: rules that are skipped cost nothing."""
    return cost.samples_per_second >= KEPT_UP * cost.devices * samples_each


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Least squares over a few points: value at 0, slope, and what tells how well it is known."""

    base: float
    slope: float
    points: int
    mean: float
    spread: float
    variance: float

    @classmethod
    def through(cls, x: Sequence[float], y: Sequence[float]) -> "Line":
        """Fit a line through at least three points."""
        fit = stats.linregress(x, y)
        mean = sum(x) / len(x)
        left = sum((b - fit.intercept - fit.slope * a) ** 2 for a, b in zip(x, y, strict=True))
        return cls(
            base=float(fit.intercept),
            slope=float(fit.slope),
            points=len(x),
            mean=mean,
            spread=sum((one - mean) ** 2 for one in x),
            variance=left / (len(x) - 2),
        )

    def cells(self, each: float) -> tuple[str, str, str, str]:
        """Return base, what 100 devices add, the value at `AIM` devices and its interval, a device being `each`."""
        far = AIM * each
        reached = self.base + self.slope * far
        known = math.sqrt(self.variance * (1 / self.points + (far - self.mean) ** 2 / self.spread))
        half = float(stats.t.ppf(0.975, self.points - 2)) * known
        interval = f"{max(0.0, reached - half):.3g} to {reached + half:.3g}"
        return f"{self.base:.3g}", f"{100 * each * self.slope:.3g}", f"{reached:.3g}", interval


def stored(folder: Path) -> str:
    """Return the bytes on the disk for each sample of one device, merged."""
    folder.mkdir()
    end = int(time.time()) // SCRAPE_SECONDS * SCRAPE_SECONDS - 3600
    times = range(end - STORED_HOURS * 3600, end, SCRAPE_SECONDS)
    chance = random.Random(1)  # noqa: S311 - loads, not secrets
    text, ours = folder / "samples.om", folder / "ours.txt"
    template = rows()
    with text.open("w", encoding="utf-8") as out, ours.open("w", encoding="utf-8") as other:
        for row in template:
            for at in times:
                value = at - 5 if row.kind == "timestamp" else row.at(at - times.start, chance)
                out.write(f"{row.prefix} {value:.9g} {at}\n")
                other.write(f"{row.prefix} {value:.9g} {1000 * at}\n")
        out.write("# EOF\n")
    count = len(template) * len(times)
    argv = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "-q", str(text), str(folder / "blocks")]
    subprocess.run(argv, check=True, timeout=TOOL_SECONDS, stdout=subprocess.DEVNULL)
    with running_victoria_metrics(folder, "-retentionPeriod=400d") as victoria:
        with ours.open("rb") as body:
            requests.post(f"{victoria}/api/v1/import/prometheus", data=body, timeout=600).raise_for_status()
        flush(victoria)
        requests.get(f"{victoria}/internal/force_merge", timeout=600).raise_for_status()
        time.sleep(5)
    taken = {"Prometheus": size(folder / "blocks"), "VictoriaMetrics": size(folder / "victoria-data")}
    hours = f"{STORED_HOURS} h of one device, {count / 1e6:.2f} million samples"
    return table((hours, "bytes a sample"), ((name, f"{bytes_ / count:.2f}") for name, bytes_ in taken.items()))


def size(folder: Path) -> int:
    """Return the bytes of all files below the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
