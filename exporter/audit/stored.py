"""Raw samples that a Prometheus has stored of an exporter and its rules, by name and the series' own labels."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from exporter.audit.figures import Labels, labels_of
from exporter.core.config import ConfigError
from exporter.core.printable import printable
from exporter.core.units import SECONDS_PER_DAY, SECONDS_PER_HOUR
from exporter.journal.prometheus import Prometheus, quoted

MOST_SKEW_SECONDS = 5.0
"""Difference of two clocks beyond which nothing can be compared by time. Judgement: clocks that are kept are far within
a second, and an answer on the way takes less than the rest."""

LOOK_BACK_SECONDS = 300.0
"""Age up to which a sample counts at a time: Prometheus's own default (--query.lookback-delta)."""

BUILD = "ecotrack_build_info"

OWN = {"__name__", "version", "python"}
"""Labels of the build's series that are the exporter's own; the others are those of the target."""

NO_PROMETHEUS = "--prometheus: what answers there is no Prometheus"

DecodedT = TypeVar("DecodedT")

Points = tuple[tuple[float, float], ...]
"""Times in Unix seconds, and values, the oldest first."""


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []


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
    found = [_decoded(one, _Series).metric for one in prometheus.query(BUILD)]
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


def _decoded(raw: msgspec.Raw, kind: type[DecodedT]) -> DecodedT:
    """Return a part of an answer. Raises ConfigError where it is none of a Prometheus."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError([NO_PROMETHEUS]) from error


def _number(raw: Sequence[msgspec.Raw]) -> float:
    """Return the value of an answer that has one. Raises ConfigError."""
    found = math.nan
    with suppress(ValueError):
        found = float(_decoded(raw[0], str)) if raw else math.nan
    if not math.isfinite(found):
        raise ConfigError([NO_PROMETHEUS])
    return found


def refuse_skew(prometheus: Prometheus, wall: Callable[[], float]) -> None:
    """Refuse a Prometheus whose clock differs from that of `wall`, which is this machine's. Raises ConfigError."""
    began = wall()
    there = _number(prometheus.query("time()")[-1:])
    ended = wall()
    skew = there - min(max(there, began), ended)
    if abs(skew) > MOST_SKEW_SECONDS:
        ahead = "ahead of" if skew > 0.0 else "behind"
        raise ConfigError(
            [f"--prometheus: its clock is {abs(skew):.0f} s {ahead} this machine's; set the clocks first"]
        )


def fetch(prometheus: Prometheus, target: Target, *, began: float, ended: float) -> Stored:
    """Return the samples between two times, with those before that rates over hours and days are made of.

    Raises ConfigError.
    """
    seconds = ended - began + 2.0 * LOOK_BACK_SECONDS
    matchers = target.matchers
    hourly = "ecotrack_(energy_joules|emissions_grams|discarded_readings|process_group_.+)_total"
    rates = "instance:ecotrack_emissions_grams:rate5m"
    asked = (
        (f'__name__=~"ecotrack_.+",__name__!~"{hourly}"', seconds),
        (f'__name__=~"{hourly}"', seconds + SECONDS_PER_HOUR),
        (f'__name__=~".+:(ecotrack|process_group)_.+",__name__!="{rates}"', seconds),
        (f'__name__="{rates}"', seconds + 3.0 * SECONDS_PER_DAY),
        ('__name__="scrape_duration_seconds"', seconds),
    )
    found: dict[str, dict[Labels, Points]] = {}
    for chosen, span in asked:
        for raw in prometheus.query(f"{{{chosen},{matchers}}}[{math.ceil(span)}s]", ended):
            one = _decoded(raw, _Series)
            name = one.metric.pop("__name__", "")
            own = labels_of({key: value for key, value in one.metric.items() if target.labels.get(key) != value})
            try:
                points = tuple((at, float(value)) for at, value in one.values)
            except ValueError as error:
                raise ConfigError([NO_PROMETHEUS]) from error
            # The target's labels may have changed within the time.
            family = found.setdefault(name, {})
            family[own] = tuple(sorted((*family.get(own, ()), *points)))
    return Stored(series=found, since=began - LOOK_BACK_SECONDS)
