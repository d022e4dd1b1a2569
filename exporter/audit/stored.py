"""Raw samples that a Prometheus has stored of an exporter and its rules, by name and the series' own labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from exporter.audit.figures import Labels, labels_of
from exporter.core.config import ConfigError
from exporter.core.printable import printable
from exporter.core.prometheus import LOOK_BACK_SECONDS, Points, Prometheus, decoded, quoted
from exporter.core.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, SECONDS_PER_MINUTE

BUILD = "ecotrack_build_info"

EARLIER_SECONDS = 10.0 * SECONDS_PER_MINUTE
"""Time before an audit whose evaluations of rules are computed anew as well. Chosen: the rarest rule is evaluated every
eight minutes, so that each has an evaluation in it."""

OWN = {"__name__", "version", "python"}
"""Labels of the build's series that are the exporter's own; the others are those of the target."""


class _Series(msgspec.Struct):
    metric: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Arithmetic in which versions of Prometheus differ.

    The `closed` window of version 2 holds a sample at its very beginning; `zero_first` limits the extrapolation by the
    counter's zero before anything else does, as early versions do.
    """

    closed: bool = True
    zero_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Raw samples by name and own labels. From the time `since` on, rules find all that they were evaluated on."""

    series: Mapping[str, Mapping[Labels, Points]]
    since: float
    dialect: Dialect = Dialect()

    def family(self, name: str) -> Mapping[Labels, Points]:
        """Return the samples of a family; none where it is missing."""
        return self.series.get(name, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An exporter as a Prometheus knows it: the labels that are on all of its series."""

    labels: Mapping[str, str]

    @property
    def matchers(self) -> str:
        """The labels as PromQL chooses by them."""
        return ",".join(f"{name}={quoted(self.labels.get(name, ''))}" for name in ("job", "instance"))


def find_target(prometheus: Prometheus, job: str | None, instance: str | None) -> Target:
    """Return the only target that is an exporter, of this job and instance where they are named.

    Raises ConfigError where there is none, or more than one.
    """
    found = [decoded(one, _Series).metric for one in prometheus.query(BUILD)]
    if not found:
        raise ConfigError([f"--prometheus: no series {BUILD} is stored there: does it scrape the exporter?"])
    for flag, name, value in (("--job", "job", job), ("--instance", "instance", instance)):
        there = sorted({one.get(name, "") for one in found})
        chosen = [one for one in found if value in {None, one.get(name, "")}]
        if not chosen:
            raise ConfigError([f"{flag}: expected one of {_listed(there)}, got {printable(value or '')}"])
        if len(there) > 1 and value is None and name == "instance":
            raise ConfigError(
                [f"--prometheus: several exporters are stored there; name one by {flag}: {_listed(there)}"]
            )
        found = chosen
    jobs = sorted({one.get("job", "") for one in found})
    if len(jobs) > 1:
        raise ConfigError([f"--prometheus: it is scraped by several jobs; name one by --job: {_listed(jobs)}"])
    return Target(labels={name: value for name, value in found[0].items() if name not in OWN})


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(printable, names))


def fetch(prometheus: Prometheus, target: Target, *, began: float, ended: float) -> Stored:
    """Return the samples between two times, with those before that rates over hours and days are made of.

    Raises ConfigError.
    """
    seconds = ended - began + EARLIER_SECONDS + LOOK_BACK_SECONDS
    matchers = target.matchers
    hourly = "ecotrack_(energy_joules|emissions_grams|discarded_readings|process_group_.+)_total"
    rates, power = "instance:ecotrack_emissions_grams:rate5m", "instance_scope:ecotrack_power_watts:rate5m"
    asked = (
        (f'__name__=~"ecotrack_.+",__name__!~"{hourly}"', seconds),
        (f'__name__=~"{hourly}"', seconds + SECONDS_PER_HOUR),
        (f'__name__=~".+:(ecotrack|process_group)_.+",__name__!~"{rates}|{power}"', seconds),
        (f'__name__="{power}"', seconds + SECONDS_PER_HOUR),
        (f'__name__="{rates}"', seconds + 3.0 * SECONDS_PER_DAY),
        ('__name__="scrape_duration_seconds"', seconds),
    )
    found: dict[str, dict[Labels, Points]] = {}
    for chosen, span in asked:
        for one in prometheus.samples(f"{chosen},{matchers}", seconds=span, until=ended):
            labels = {key: value for key, value in one.labels.items() if target.labels.get(key) != value}
            name = labels.pop("__name__", "")
            own = labels_of(labels)
            # The target's labels may have changed within the time.
            family = found.setdefault(name, {})
            family[own] = tuple(sorted((*family.get(own, ()), *one.points)))
    return Stored(series=found, since=began - EARLIER_SECONDS)
