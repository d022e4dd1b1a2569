"""Forecasts of each site's supply and grid beside what came: figures, skill, coverage, and what is served and why."""

import math
from collections.abc import Callable, Iterator
from functools import partial

from exporter.core.metrics import Row, Sample
from simulator.forecast.interface import Kind
from simulator.live.course import BOUNDS, SUBJECTS, Band, CourseState
from simulator.live.exposition.families import counter, gauge, info
from simulator.live.snapshot import Snapshot

SUPPLIES = (Kind.SOLAR, Kind.WIND)

HORIZONS = "Horizon 1h is the next hour, 6h the second to sixth, 24h the seventh to last."

IN_LAST_HOUR = "in the simulated hour that ended last"

States = Callable[[Snapshot], Iterator[CourseState]]


def _fresh(snapshot: Snapshot) -> tuple[CourseState, ...]:
    return () if snapshot.readings is None else snapshot.forecasts


def _supplies(snapshot: Snapshot) -> Iterator[CourseState]:
    return (state for state in _fresh(snapshot) if state.kind in SUPPLIES)


def _grids(snapshot: Snapshot) -> Iterator[CourseState]:
    return (state for state in _fresh(snapshot) if state.kind is Kind.INTENSITY)


def _labels(state: CourseState) -> tuple[str, ...]:
    """Return the labels of a series in families of all kinds, in which the supply grid is carbon intensity."""
    return (state.site, SUBJECTS[state.kind])


def _of_grid(state: CourseState) -> tuple[str, ...]:
    """Return the labels of a series in families of the grid alone."""
    return (state.site,)


def _horizon(band: Band) -> str:
    return f"{band.standing.end}h"


def _told(snapshot: Snapshot, states: States, labels: Callable[[CourseState], tuple[str, ...]]) -> Iterator[Sample]:
    for state in states(snapshot):
        for band in state.bands:
            yield (*labels(state), _horizon(band)), _known(band.mean)


def _observed(snapshot: Snapshot) -> Iterator[Sample]:
    for state in _supplies(snapshot):
        yield _labels(state), _known(state.observed)


def _bounds(snapshot: Snapshot, states: States, labels: Callable[[CourseState], tuple[str, ...]]) -> Iterator[Sample]:
    for state in states(snapshot):
        for band in state.bands:
            for bound, value in zip(BOUNDS, band.bounds, strict=True):
                yield (*labels(state), _horizon(band), bound), _known(float(value))


def _error(snapshot: Snapshot, states: States, labels: Callable[[CourseState], tuple[str, ...]]) -> Iterator[Sample]:
    for state in states(snapshot):
        for band in state.bands:
            yield (*labels(state), _horizon(band), "model"), band.standing.model_error
            yield (*labels(state), _horizon(band), "reference"), band.standing.reference_error


def _skill(snapshot: Snapshot) -> Iterator[Sample]:
    for state in _fresh(snapshot):
        for band in state.bands:
            yield (*_labels(state), _horizon(band), band.reference), band.standing.skill


def _coverage(snapshot: Snapshot) -> Iterator[Sample]:
    for state in _fresh(snapshot):
        for band in state.bands:
            for level, share in band.standing.coverage.items():
                yield (*_labels(state), _horizon(band), f"{level}%"), share


def _model(snapshot: Snapshot) -> Iterator[Sample]:
    for state in snapshot.forecasts:
        for band in state.bands:
            yield (*_labels(state), _horizon(band), band.model, band.reference, band.reason), 1.0


def _in_use(snapshot: Snapshot) -> Iterator[Sample]:
    for state in snapshot.forecasts:
        for band in state.bands:
            yield (*_labels(state), _horizon(band)), float(band.standing.handed_over)


def _hand_overs(snapshot: Snapshot) -> Iterator[Sample]:
    for state in snapshot.forecasts:
        for band in state.bands:
            yield (*_labels(state), _horizon(band), "reference"), float(band.standing.hand_overs)
            yield (*_labels(state), _horizon(band), "model"), float(band.standing.returns)


def _fallbacks(snapshot: Snapshot) -> Iterator[Sample]:
    for state in snapshot.forecasts:
        for reason, count in state.fallbacks.items():
            yield (*_labels(state), str(reason)), float(count)


def _learnings(snapshot: Snapshot) -> Iterator[Sample]:
    for state in snapshot.forecasts:
        yield _labels(state), float(state.learnings)


def _refused(snapshot: Snapshot) -> Iterator[Sample]:
    for state in snapshot.forecasts:
        yield _labels(state), float(bool(state.refused))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


FORECAST: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecochain_forecast_watts",
        unit="watts",
        labels=("site", "supply", "horizon"),
        help=f"Mean generation of the site {IN_LAST_HOUR}, as forecast so many hours before the end of that hour.",
        read=partial(_told, states=_supplies, labels=_labels),
    ),
    gauge(
        name="ecochain_forecast_observed_watts",
        unit="watts",
        labels=("site", "supply"),
        help=f"Mean generation of the site {IN_LAST_HOUR}, as observed.",
        read=_observed,
    ),
    gauge(
        name="ecochain_forecast_interval_watts",
        unit="watts",
        labels=("site", "supply", "horizon", "bound"),
        help="Ends of the bands around that forecast: p05 and p95 of the 90% band, p10 and p90 of the 80% band.",
        read=partial(_bounds, states=_supplies, labels=_labels),
    ),
    gauge(
        name="ecochain_forecast_error_watts",
        unit="watts",
        labels=("site", "supply", "horizon", "forecaster"),
        help="Root mean squared error of the forecasts of the last seven simulated days by daylight, of the model and "
        f"of the reference. {HORIZONS}",
        read=partial(_error, states=_supplies, labels=_labels),
    ),
    gauge(
        name="ecochain_forecast_skill_ratio",
        unit="ratio",
        labels=("site", "supply", "horizon", "reference"),
        help="Skill of the model: 1 less the error of the model over that of the reference, below 0 where the "
        "reference is better. The supply grid stands for the carbon intensity of the grid.",
        read=_skill,
    ),
    gauge(
        name="ecochain_forecast_coverage_ratio",
        unit="ratio",
        labels=("site", "supply", "horizon", "band"),
        help="Share of the last seven simulated days that came within the band in force.",
        read=_coverage,
    ),
    info(
        name="ecochain_forecast_model_info",
        labels=("site", "supply", "horizon", "model", "reference", "why"),
        help=f"Model of the site, the reference behind that model, and the reason of the choice; always 1. {HORIZONS}",
        read=_model,
    ),
    gauge(
        name="ecochain_forecast_reference_in_use",
        labels=("site", "supply", "horizon"),
        help="State of the hand-over: 1 while the reference is in force, because the model fell behind for a simulated "
        "day; otherwise 0.",
        read=_in_use,
    ),
    counter(
        name="ecochain_forecast_handovers_total",
        labels=("site", "supply", "horizon", "to"),
        help="Hand-overs to the reference after a simulated day behind, and back to the model after a day ahead.",
        read=_hand_overs,
    ),
    counter(
        name="ecochain_forecast_fallbacks_total",
        labels=("site", "supply", "reason"),
        help="Hours in which the reference answered, since the model had better not be asked: less than a day was "
        "observed (short), a value cannot be (invalid) or is missing (gap), panels gave the same all day (constant), "
        "the sun did not rise (night), or the model's answer was no number (no_answer).",
        read=_fallbacks,
    ),
    counter(
        name="ecochain_forecast_learnings_total",
        labels=("site", "supply"),
        help="Times that models were learnt and chosen: once from the years before the run, then after each week of "
        "the simulated clock from what the run observed as well.",
        read=_learnings,
    ),
    gauge(
        name="ecochain_forecast_checkpoint_refused",
        labels=("site", "supply"),
        help="State of the checkpoints: 1 where a checkpoint of the scenario could not be used, so that what was "
        "learnt here is served; the log says why. Otherwise 0.",
        read=_refused,
    ),
    gauge(
        name="ecochain_site_grid_intensity_forecast_grams_per_kwh",
        unit="grams_per_kwh",
        labels=("site", "horizon"),
        help=f"Carbon intensity of the grid at the site {IN_LAST_HOUR}, as forecast so many hours before the "
        "end of that hour; missing for a grid that is known by the hour of the day.",
        read=partial(_told, states=_grids, labels=_of_grid),
    ),
    gauge(
        name="ecochain_site_grid_intensity_interval_grams_per_kwh",
        unit="grams_per_kwh",
        labels=("site", "horizon", "bound"),
        help="Ends of the bands around that forecast.",
        read=partial(_bounds, states=_grids, labels=_of_grid),
    ),
    gauge(
        name="ecochain_site_grid_intensity_error_grams_per_kwh",
        unit="grams_per_kwh",
        labels=("site", "horizon", "forecaster"),
        help="Root mean squared error of these forecasts of the last seven simulated days, of the model and of the "
        "reference.",
        read=partial(_error, states=_grids, labels=_of_grid),
    ),
)
