"""The answers of an exporter on a fake machine, without sockets."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from prometheus_client.parser import text_string_to_metric_families

from exporter.app import routes
from exporter.budget import Period
from exporter.core.units import Grams
from exporter.core.web.publication import Publication
from exporter.core.web.server import Handler, Request, Response
from exporter.embodied.carbon import EmbodiedCarbon
from exporter.exposition.rows import exposition
from exporter.intensity.reading import IntensityProvider
from exporter.intensity.window import Tariff
from exporter.power.model import HostPowerModel
from exporter.sampler import Sampler
from exporter.snapshot import Snapshot
from exporter.sources.reading import HostReading, Memory
from exporter.totals import Totals
from tests.exporter import hosts
from tests.exporter.fakes import Machine, initial_snapshot, rig
from tests.fake_clock import FakeClock

Series = tuple[str, frozenset[tuple[str, str]]]
"""Name and labels of a series."""

LIMITS = {Period.DAY: Grams(150.0), Period.WEEK: Grams(1000.0), Period.MONTH: Grams(4000.0)}

LAPTOP = hosts.configured_host(8.0, 45.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithMemory:
    """A machine, and memory that it shows as well."""

    machine: Machine

    def read(self) -> HostReading:
        """See `Source.read`."""
        memory = Memory(used=6_400_000_000, total=16_600_000_000)
        return replace(self.machine.read(), memory=memory, sockstat={("tcp", "inuse"): 15})


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A sampler on a fake laptop with budgets, and the handlers that show what it has published."""

    clock: FakeClock
    machine: Machine
    sampler: Sampler
    publication: Publication[Snapshot]
    handlers: Mapping[str, Handler] = field(repr=False)

    def get(self, path: str, **headers: str) -> Response:
        """Return the response to a request; header names are in lower case."""
        return self.handlers[path](Request(method="GET", path=path, query="", headers=headers))

    def sample_after(self, seconds: float, *, utilization: float = 0.5, bytes_per_second: float = 0.0) -> None:
        """Let time pass at a constant load, then take a sample."""
        self.machine.run(seconds, utilization=utilization, bytes_per_second=bytes_per_second)
        self.sampler.sample()

    def exposition(self) -> dict[Series, float]:
        """Return the values of `/metrics` by series, read by Prometheus's own parser."""
        families = text_string_to_metric_families(self.get("/metrics").body.decode())
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def work_for_an_hour(self) -> None:
        """Take 720 samples of a laptop at work: editing, a call to a build server, one build of its own."""
        noise = random.Random(1)  # noqa: S311 - a load, not a secret
        load = 0.1
        for number in range(720):
            wanted = 0.85 if 430 <= number < 470 else 0.5 if 200 <= number < 255 else 0.12
            load += 0.3 * (wanted + 0.05 * math.sin(number / 30) - load) + noise.gauss(0.0, 0.02)
            rate = 2e4 * (1.0 + math.sin(number / 25)) ** 3
            self.sample_after(5.0, utilization=min(1.0, max(0.02, load)), bytes_per_second=rate)


def make_site(
    limits: Mapping[Period, Grams] = LIMITS,
    nics: Mapping[str, int] | None = None,
    totals: Totals | None = None,
    host: HostPowerModel = LAPTOP,
    intensity: IntensityProvider | None = None,
    pue: float = 1.0,
    tariff: Tariff | None = None,
    *,
    embodied: EmbodiedCarbon | None = None,
) -> Site:
    """Return a site whose sampler has read once and sampled never."""
    clock = FakeClock()
    machine = Machine(clock, nics=dict(nics or {"eth0": 10**10}))
    publication = Publication(clock, initial_snapshot(host=host, pue=pue), exposition)
    sampled = rig(
        machine,
        host=host,
        intensity=intensity,
        limits=limits,
        totals=totals,
        source=WithMemory(machine=machine),
        publish=publication.publish,
        pue=pue,
        tariff=tariff,
        embodied=embodied,
    )
    return Site(
        clock=clock,
        machine=machine,
        sampler=sampled.sampler,
        publication=publication,
        handlers=routes(publication, clock),
    )


def series(name: str, **labels: str) -> Series:
    """Return the key of a series in `Site.exposition`."""
    return name, frozenset(labels.items())
