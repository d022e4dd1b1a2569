"""The eco score and its factors."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import gauge, one
from exporter.snapshot import Snapshot


def _score_factors(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings.score is not None:
        for factor, value in snapshot.readings.score.factors.items():
            yield (factor,), value


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_eco_score_ratio",
        unit="ratio",
        help="Eco score, where 1 is best: the mean of the known factors.",
        read=one(lambda snapshot: None if (score := snapshot.readings.score) is None else score.value),
    ),
    gauge(
        name="ecotrack_eco_score_factor_ratio",
        unit="ratio",
        labels=("factor",),
        help="Factors of the eco score, where 1 is best: each is 1 / (1 + x / half point) of a quantity x.",
        read=_score_factors,
    ),
)
