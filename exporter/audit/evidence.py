"""All that an audit has seen: the exporter's samples, its own readings around them, and what Prometheus stored."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from exporter.audit.figures import Figures, Labels
from exporter.audit.finding import NotCheckedError
from exporter.audit.stored import Stored
from exporter.audit.witness import Bracket
from exporter.power.model import HostPowerModel, NetworkPowerModel
from exporter.views.summary import Summary

SAMPLED_AT = "ecotrack_last_sample_timestamp_seconds"

SAMPLES = "ecotrack_samples_total"

PUE = "ecotrack_power_usage_effectiveness_ratio"

BESIDE = frozenset(
    {"connections", "grid", "journal", "memory", "optimize", "process_bytes", "processes", "sockstat", "state"}
)
"""Sources that neither power nor traffic rests on: what goes wrong with them leaves a sample good for its time."""


STEP_SECONDS = 0.05
"""Seconds by which the wall clock may gain or lose on the steady one between two samples. Chosen: above what slewing
does in a minute and a half (500 ppm at most, adjtimex(2)), and within the tolerance of an audit of a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A sample as the exporter told of it, once as an exposition and once as JSON, with the audit's own readings.

    `ahead` is how far the wall clock of the audit was ahead of its steady one, where that is known.
    """

    figures: Figures
    at: float
    summary: Summary | None = None
    own: Bracket | None = None
    ahead: float | None = None

    @property
    def spread(self) -> float:
        """Seconds after `at` within which the exporter read its sources."""
        return self.spread_of(None)

    def spread_of(self, collector: str | None) -> float:
        """Return the seconds after `at` within which one source was read: they are exposed in the order of reading."""
        durations = self.figures.by("ecotrack_collector_duration_seconds", "collector")
        if not durations:
            return self.figures.of("ecotrack_sample_duration_seconds") or 0.0
        names = list(durations)
        count = names.index(collector) + 1 if collector in names else len(names)
        return sum(list(durations.values())[:count])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two samples of one run of the exporter, with nothing lost between them."""

    before: Moment
    after: Moment

    @property
    def seconds(self) -> float:
        """Time between the samples."""
        return self.after.at - self.before.at

    def moved(self, read: Callable[[Figures], float | None]) -> float | None:
        """Return the change of a figure; None where it is missing in either sample."""
        first, last = read(self.before.figures), read(self.after.figures)
        return None if first is None or last is None else last - first


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedModels:
    """Models of power that the configuration of the audit makes, to be compared with those that are published."""

    host: HostPowerModel
    network: NetworkPowerModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Evidence of one audit; a part that could not be had is None, and its reason stands in `lacking`."""

    moments: tuple[Moment, ...]
    seconds: float = 0.0
    models: PublishedModels | None = None
    stored: Stored | None = None
    lacking: Mapping[str, str] = field(default_factory=dict)

    @property
    def last(self) -> Moment:
        """The last sample that was seen. Raises NotCheckedError where there was none: an exporter may take none."""
        if not self.moments:
            raise NotCheckedError("no sample was seen")
        return self.moments[-1]

    def published_pues(self) -> list[float]:
        """Return each power usage effectiveness that the exporter published, in the order of the samples."""
        found = (one.figures.of(PUE) for one in self.moments)
        return list(dict.fromkeys(one for one in found if one is not None))

    def pairs(self) -> list[Pair]:
        """Return what happened between samples of one run, in which no counter fell. Raises NotCheckedError."""
        found = [Pair(before=one, after=two) for one, two in pairwise(self.moments) if _is_one_run(one, two)]
        if not found:
            raise NotCheckedError("fewer than two samples of one run were seen")
        return found

    def steps(self) -> list[Pair]:
        """Return the pairs of samples that follow one another and met no trouble. Raises NotCheckedError."""
        found = [one for one in self.pairs() if _is_step(one)]
        if not found:
            raise NotCheckedError("no two samples were seen that follow one another")
        return found


def _is_one_run(one: Moment, two: Moment) -> bool:
    """Tell whether two samples are of one process, and of totals that were saved, and that did not begin anew."""
    before, after = one.figures, two.figures
    same = ("process_start_time_seconds", "ecotrack_lifetime_start_timestamp_seconds")
    if any(before.of(name) != after.of(name) for name in same):
        return False
    goes_on = (before.of(SAMPLES) or 0.0) <= (after.of(SAMPLES) or 0.0)
    return goes_on and _is_saved(one) and _is_saved(two)


def _is_saved(moment: Moment) -> bool:
    """Tell whether the counters are those of the sample: while they cannot be saved, older ones are published."""
    saved_at = moment.figures.of("ecotrack_state_save_timestamp_seconds")
    return saved_at is None or saved_at >= moment.at


def _is_step(pair: Pair) -> bool:
    """Tell whether a sample followed the other at once, by a clock that went on, and everything was read in both."""
    before, after = pair.before.figures, pair.after.figures
    return (
        pair.moved(lambda one: one.of(SAMPLES)) == 1.0
        and pair.seconds > 0.0
        and not _is_stepped(pair)
        and _troubles(before) == _troubles(after)
        and all(
            value == 1.0
            for labels, value in before.family("ecotrack_collector_success").items()
            if dict(labels)["collector"] not in BESIDE
        )
        and before.family("ecotrack_power_source_info") == after.family("ecotrack_power_source_info")
    )


def _is_stepped(pair: Pair) -> bool:
    """Tell whether the clock was set by so little that the exporter does not tell of it."""
    before, after = pair.before.ahead, pair.after.ahead
    return before is not None and after is not None and abs(after - before) > STEP_SECONDS


def _troubles(figures: Figures) -> dict[tuple[str, Labels], float]:
    """Return the counts of what went wrong with samples, and with the readings that power and traffic rest on."""
    events = ("ecotrack_sample_gaps_total", "ecotrack_discarded_readings_total", "ecotrack_resets_total")
    return {
        (name, labels): value
        for name in events
        for labels, value in figures.family(name).items()
        if value and dict(labels).get("source") not in BESIDE
    }


def total(pairs: Iterable[Pair], read: Callable[[Figures], float | None]) -> float | None:
    """Return the sum of a figure's changes over pairs; None where it is missing in any of them."""
    moved = [one.moved(read) for one in pairs]
    known = [one for one in moved if one is not None]
    return sum(known) if known and len(known) == len(moved) else None


def runs(steps: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Yield the longest series of steps, each of which begins where the one before it ends."""
    current: list[Pair] = []
    for step in steps:
        if current and current[-1].after is not step.before:
            yield current
            current = []
        current.append(step)
    if current:
        yield current
