"""A machine whose exporter was scraped: its raw samples, made by hand, as any Prometheus could have stored them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporter.core.prometheus import Series

INSTANCE, JOB = "laptop:10110", "ecotrack"

COMPONENTS = ("cpu", "memory", "rest")

HOUR = 3600.0

NOON = 1_772_452_800.0
"""2026-03-02 12:00 UTC."""

Labels = tuple[tuple[str, str], ...]


@dataclass
class Machine:
    """A machine that draws the same watts all the time, of which the CPU, the memory and the rest take a third each."""

    watts: float = 12.0
    grams_per_kwh: float = 400.0
    instance: str = INSTANCE
    job: str = JOB
    joules: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COMPONENTS, 0.0))
    grams: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COMPONENTS, 0.0))
    stored: dict[Labels, list[tuple[float, float]]] = field(default_factory=dict, repr=False)
    extra: dict[str, str] = field(default_factory=dict)
    at: float = 0.0

    def run(self, start: float, end: float, every: float = 15.0) -> "Machine":
        """Scrape the machine from a time on until another, both included if they fit."""
        self.at = start
        self.scrape()
        while self.at + every <= end:
            self.draw(every)
            self.scrape()
        return self

    def draw(self, seconds: float) -> None:
        """Let time pass, and count the energy and emissions of it."""
        self.at += seconds
        for name in self.joules:
            joules = self.watts * seconds / len(self.joules)
            self.joules[name] += joules
            self.grams[name] += joules / 3.6e6 * self.grams_per_kwh

    def restart(self) -> None:
        """Let the exporter begin anew, with counters at zero."""
        self.joules, self.grams = (dict.fromkeys(self.joules, 0.0) for _ in range(2))

    def scrape(self) -> None:
        """Store a sample of everything."""
        for name, joules in self.joules.items():
            self.store("ecotrack_energy_joules_total", joules, component=name, scope="host")
            self.store("ecotrack_emissions_grams_total", self.grams[name], component=name, scope="host")
            self.store("ecotrack_power_source_info", 1.0, component=name, source="average", model="laptop")
        self.store("ecotrack_energy_joules_total", 10.0 * self.at, component="network", scope="network")
        self.store("ecotrack_emissions_grams_total", self.at, component="network", scope="network")
        labels = {"grid_zone": "DE", "basis": "lifecycle", "method": "average", "provider": "static"}
        self.store("ecotrack_grid_carbon_intensity_info", 1.0, **labels)
        self.store("ecotrack_last_sample_timestamp_seconds", self.at - 2.0)

    def store(self, name: str, value: float, **labels: str) -> None:
        """Store a sample of one series."""
        target = {"job": self.job, "instance": self.instance, **self.extra}
        key = tuple(sorted({"__name__": name, **labels, **target}.items()))
        self.stored.setdefault(key, []).append((self.at, value))

    def series(self, start: float = 0.0, end: float = 1e12) -> list[Series]:
        """Return what is stored of a time, its ends included."""
        found = {key: tuple(one for one in points if start <= one[0] <= end) for key, points in self.stored.items()}
        return [Series(labels=dict(key), points=points) for key, points in found.items() if points]

    def drop(self, start: float, end: float) -> None:
        """Forget all samples of a time, its ends left out."""
        for points in self.stored.values():
            points[:] = [one for one in points if not start < one[0] < end]

    def total(self) -> float:
        """Return what the counters of the host say now, in joules."""
        return sum(self.joules.values())


def write_openmetrics(machines: Iterable[Machine], path: Path) -> None:
    """Write all samples as a file from which promtool makes blocks."""
    families: dict[str, list[str]] = {}
    for machine in machines:
        for key, points in machine.stored.items():
            labels = dict(key)
            name = labels.pop("__name__")
            families.setdefault(name, []).extend(_lines(name, labels, points))
    body = "".join(f"# TYPE {name} unknown\n{''.join(lines)}" for name, lines in families.items())
    path.write_text(f"{body}# EOF\n", encoding="utf-8")


def _lines(name: str, labels: Mapping[str, str], points: Iterable[tuple[float, float]]) -> Iterator[str]:
    told = ",".join(f'{key}="{value}"' for key, value in labels.items())
    for at, value in points:
        yield f"{name}{{{told}}} {value!r} {at:.3f}\n"
