"""The eco score, its letter and its factors, and what it compares with."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.eco_score import Grade
from exporter.exposition.family import gauge, one
from exporter.snapshot import Snapshot


def _score_factors(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings.score is not None:
        for factor, value in snapshot.readings.score.factors.items():
            yield (factor,), value


def _grades(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings.score is not None:
        for grade in Grade:
            yield (grade,), float(grade is snapshot.readings.score.grade)


def _reference(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.reference is not None:
        yield (snapshot.reference.machine,), snapshot.reference.rate


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_eco_score_ratio",
        unit="ratio",
        help="Eco score, where 1 is best: 1 / (1 + grams / reference), with the grams of host and network in the last "
        "hour. The reference is a machine of the same kind at half load.",
        read=one(lambda snapshot: None if (score := snapshot.readings.score) is None else score.value),
    ),
    gauge(
        name="ecotrack_eco_score_factor_ratio",
        unit="ratio",
        labels=("factor",),
        help="Factors of grams / reference, which is their product: 1 is as the reference, less is better.",
        read=_score_factors,
    ),
    gauge(
        name="ecotrack_eco_score_grade",
        labels=("grade",),
        help="Letter of the eco score, from A, the best, to F: 1 for the one in force, 0 for the others.",
        read=_grades,
    ),
    gauge(
        name="ecotrack_eco_score_counted_seconds",
        unit="seconds",
        help="Part of the last hour whose emissions were counted and scaled to an hour for the eco score.",
        read=one(lambda snapshot: None if (score := snapshot.readings.score) is None else score.counted),
    ),
    gauge(
        name="ecotrack_eco_score_reference_grams_per_second",
        unit="grams_per_second",
        labels=("machine",),
        help="Emissions of a machine of this kind and size at half load and the world's average carbon intensity: the "
        "reference of the eco score.",
        read=_reference,
    ),
)
