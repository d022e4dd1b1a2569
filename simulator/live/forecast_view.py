"""The forecasts of a snapshot, as the page and the JSON show them. What is not known is null, never zero."""

import math
from collections.abc import Iterable

import msgspec

from simulator.forecast.interface import Kind
from simulator.live.course import BOUNDS, SUBJECTS, Band, CourseState
from simulator.live.snapshot import Snapshot


class BandView(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts up to a horizon from the one before: the model and why it was chosen, what is in force, and how it is.

    Errors are root mean squares over seven simulated days, in the unit of the series.
    """

    horizon_hours: int
    model: str
    reference: str
    why: str
    in_force: str
    hand_overs: int
    skill_ratio: float | None
    model_error: float | None
    reference_error: float | None
    coverage_80_ratio: float | None
    coverage_90_ratio: float | None


class HourView(msgspec.Struct, frozen=True, kw_only=True):
    """An hour: what came, and what was told of it, as mean and ends of the bands. `came` is null for hours to come."""

    came: float | None
    mean: float | None
    p05: float | None
    p10: float | None
    p90: float | None
    p95: float | None


class ForecastView(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts of the solar or wind supply of a site in watts, or of its grid's carbon intensity in g/kWh.

    `past` is the last simulated day, told one hour ahead, `ahead` the day to come. `fallbacks` counts the hours in
    which the reference answered because the model had better not be asked.
    """

    site: str
    subject: str
    unit: str
    bands: list[BandView]
    past: list[HourView]
    ahead: list[HourView]
    fallbacks: int
    checkpoint_refused: str


def forecasts_of(snapshot: Snapshot) -> list[ForecastView]:
    """Return the forecasts of all series; none of a snapshot that is stale."""
    states = () if snapshot.readings is None else snapshot.forecasts
    return [_forecast(state) for state in states]


def _forecast(state: CourseState) -> ForecastView:
    return ForecastView(
        site=state.site,
        subject=SUBJECTS[state.kind],
        unit="g/kWh" if state.kind is Kind.INTENSITY else "W",
        bands=[_band(band) for band in state.bands],
        past=[_hour(hour) for hour in state.past.T.tolist()],
        ahead=[_hour((math.nan, *hour)) for hour in state.ahead.T.tolist()],
        fallbacks=sum(state.fallbacks.values()),
        checkpoint_refused=state.refused,
    )


def _band(band: Band) -> BandView:
    standing = band.standing
    return BandView(
        horizon_hours=standing.end,
        model=band.model,
        reference=band.reference,
        why=band.reason,
        in_force=band.reference if standing.handed_over else band.model,
        hand_overs=standing.hand_overs,
        skill_ratio=standing.skill,
        model_error=standing.model_error,
        reference_error=standing.reference_error,
        coverage_80_ratio=standing.coverage[80],
        coverage_90_ratio=standing.coverage[90],
    )


def _hour(figures: Iterable[float]) -> HourView:
    came, mean, *bounds = (one if math.isfinite(one) else None for one in figures)
    return HourView(came=came, mean=mean, **dict(zip(BOUNDS, bounds, strict=True)))
