"""Checks of what Prometheus stored against what the audit saw of the same samples."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from exporter.audit.check import Check
from exporter.audit.evidence import SAMPLED_AT, Evidence, Moment
from exporter.audit.figures import Labels, shown_labels
from exporter.audit.finding import Comparison, NotCheckedError
from exporter.audit.parts import EMISSIONS, ENERGY
from exporter.audit.stored import Stored
from exporter.core.prometheus import Points

SHOWN_AGAIN = (
    "ecotrack_collector_",
    "ecotrack_config_",
    "ecotrack_discarded_readings_total",
    "ecotrack_source_state",
    "ecotrack_state_save_timestamp_seconds",
)
"""Beginnings of families that may change between two samples, when one fails or the configuration is read again."""


def _scrapes(evidence: Evidence) -> list[tuple[float, Moment]]:
    """Return the times of scrapes with the samples that they found, of those that the audit saw.

    Raises NotCheckedError.
    """
    stored = require_stored(evidence)
    times = Counter(moment.at for moment in evidence.moments)
    # By a clock that was set back, two samples may bear the same time.
    moments = {moment.at: moment for moment in evidence.moments if times[moment.at] == 1}
    points = stored.family(SAMPLED_AT).get((), ())
    found = [(scraped, moments[sampled]) for scraped, sampled in points if sampled in moments]
    if not found:
        raise NotCheckedError("no scrape found a sample that was seen; more --minutes see more of them")
    return found


def require_stored(evidence: Evidence) -> Stored:
    """Return what Prometheus stored. Raises NotCheckedError where none was asked, or it did not answer."""
    if reason := evidence.lacking.get("prometheus"):
        raise NotCheckedError(reason)
    if evidence.stored is None:
        raise NotCheckedError("no Prometheus was asked; name one with --prometheus")
    return evidence.stored


def _series(moment: Moment) -> Iterator[tuple[str, Labels, float]]:
    for name, family in moment.figures.families.items():
        if name.startswith("ecotrack_"):
            yield from ((name, labels, value) for labels, value in family.items())


def _values(evidence: Evidence) -> Iterator[Comparison]:
    """Compare each value that was stored with the one that was seen."""
    scrapes, stored = _scrapes(evidence), require_stored(evidence)
    at: dict[tuple[str, Labels], dict[float, float]] = {
        (name, labels): dict(points) for name, family in stored.series.items() for labels, points in family.items()
    }
    for scraped, moment in scrapes:
        for name, labels, value in _series(moment):
            told = at.get((name, labels), {}).get(scraped)
            if told is not None and not name.startswith(SHOWN_AGAIN):
                yield Comparison(what=f"{name}{shown_labels(labels)}", told=told, found=value)


def _once(evidence: Evidence) -> Iterator[Comparison]:
    """Count the stored series for each that was seen: none is lost on the way, and none stored under more labels."""
    scrapes, stored = _scrapes(evidence), require_stored(evidence)
    scraped, moment = scrapes[-1]
    for name, labels, _ in _series(moment):
        copies = sum(
            1
            for own, points in stored.family(name).items()
            if set(labels) <= set(own) and any(abs(at - scraped) < _distance(points) for at, _ in points)
        )
        yield Comparison(what=f"{name}{shown_labels(labels)}", told=copies, found=1.0)


def _distance(points: Points) -> float:
    """Return the mean distance of samples, within which there is one of any time; a second where there is but one."""
    return max((points[-1][0] - points[0][0]) / max(len(points) - 1, 1), 1.0)


def _increase(evidence: Evidence) -> Iterator[Comparison]:
    """Compare what the stored counters rose by, from scrape to scrape, with what was seen.

    Where a counter began anew, what it gained after the scrape before is in no store, and the time is left out.
    """
    scrapes, stored = _scrapes(evidence), require_stored(evidence)
    for name in (ENERGY, EMISSIONS):
        for labels, points in stored.family(name).items():
            values = dict(points)
            told = found = 0.0
            for (begin, first), (end, last) in pairwise(scrapes):
                seen = [last.figures.family(name).get(labels), first.figures.family(name).get(labels)]
                if begin in values and end in values and None not in seen and _is_whole(evidence, first, last):
                    told += values[end] - values[begin]
                    found += (seen[0] or 0.0) - (seen[1] or 0.0)
            yield Comparison(what=f"{name}{shown_labels(labels)}", told=told, found=found)


def _is_whole(evidence: Evidence, first: Moment, last: Moment) -> bool:
    """Tell whether the exporter went on counting from one sample to another."""
    between = [one for one in evidence.moments if first.at <= one.at <= last.at]
    counts = [one.figures.of(ENERGY) or 0.0 for one in between]
    return all(one <= two for one, two in pairwise(counts))


CHECKS: tuple[Check, ...] = (
    Check(
        name="stored_values",
        exact=True,
        unit="",
        about="values that Prometheus stored, and those seen",
        compare=_values,
    ),
    Check(name="stored_once", exact=True, unit="", about="stored copies of each series, and one", compare=_once),
    Check(
        name="stored_increase",
        exact=True,
        unit="",
        about="rise of stored counters, and of those seen",
        compare=_increase,
    ),
)
"""Checks of a Prometheus."""
