"""The part of the summary on what the eco score rests on."""

from datetime import date

import msgspec

from exporter.core.units import SECONDS_PER_HOUR
from exporter.eco_score import WORLD, Reference, score_of
from exporter.last_hour import Emissions
from exporter.snapshot import Snapshot


class ScoreReferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """Machine at half load that the eco score compares with; `machine` is its kind as `power.machine` writes it."""

    machine: str
    title: str
    watts: float
    grams_per_kwh: float
    grams_per_hour: float
    description: str
    source: str


class ScoreWeekView(msgspec.Struct, frozen=True, kw_only=True):
    """Eco score of the calendar week that begins on a Monday, by the emissions and the time that were counted in it."""

    monday: date
    ratio: float
    grade: str
    grams_per_hour: float
    counted_seconds: float


class ScoreBasisView(msgspec.Struct, frozen=True, kw_only=True):
    """Basis of the eco score: `trouble` says why there is none, and `weeks` are a trend and no reference."""

    trouble: str | None
    grams_per_hour: float | None
    counted_seconds: float | None
    reference: ScoreReferenceView | None
    weeks: list[ScoreWeekView]


def score_basis(snapshot: Snapshot) -> ScoreBasisView:
    """Return what the score of a snapshot rests on."""
    score, reference = snapshot.readings.score, snapshot.reference
    return ScoreBasisView(
        trouble=snapshot.readings.no_score or None,
        grams_per_hour=None if score is None else score.rate * SECONDS_PER_HOUR,
        counted_seconds=None if score is None else score.counted,
        reference=None if reference is None else _reference(reference),
        weeks=[]
        if reference is None
        else [_week(monday, emissions, reference) for monday, emissions in snapshot.weeks],
    )


def _reference(reference: Reference) -> ScoreReferenceView:
    return ScoreReferenceView(
        machine=reference.machine,
        title=reference.title,
        watts=reference.watts,
        grams_per_kwh=WORLD.value,
        grams_per_hour=reference.rate * SECONDS_PER_HOUR,
        description=reference.description,
        source=reference.source,
    )


def _week(monday: date, emissions: Emissions, reference: Reference) -> ScoreWeekView:
    rate = emissions.rate
    ratio, grade = score_of(rate, reference)
    return ScoreWeekView(
        monday=monday,
        ratio=ratio,
        grade=grade,
        grams_per_hour=rate * SECONDS_PER_HOUR,
        counted_seconds=emissions.seconds,
    )
