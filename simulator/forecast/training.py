"""Training of a forecaster for use: models compete on validation days, and learn anew from all days but those that
calibrate."""

from collections.abc import Callable, Sequence

import numpy as np

from simulator.forecast.checkpoint import FORMAT, Heading, versions
from simulator.forecast.conformal import Calibrated, calibrate
from simulator.forecast.dataset import fingerprint
from simulator.forecast.evaluate import Fits, validated
from simulator.forecast.gate import Choice, choose
from simulator.forecast.interface import Model, Series
from simulator.forecast.models.banded import Banded
from simulator.forecast.scores import COLUMN
from simulator.forecast.splits import Split


def train(
    models: Sequence[Model], series: Series, split: Split, seed: int, progress: Callable[[int, int], None]
) -> tuple[Heading, Calibrated, tuple[Choice, ...]]:
    """Return the calibrated models that the gate chooses for each band of horizons, their heading, and the choices.

    The convex reference has to be among the models. The split's test is no part of it. Raises ForecastError for too few
    days.
    """
    fits = Fits()
    scores = {}
    for number, model in enumerate(models):
        early = fits.fit(model, "fitting", series.only(split.fitting), seed)
        scores[model.name] = validated(early, series, split)
        progress(number + 1, len(models) + 1)
    choices = choose(scores)
    by_name = {model.name: model for model in models}
    whole = series.only(split.training)
    fitted = tuple(fits.fit(by_name[one.model], "training", whole, seed) for one in choices)
    served = Banded(fitted, tuple(one.end for one in choices))
    calibrated = calibrate(served, series.only(split.training | split.calibration), split.calibration)
    progress(len(models) + 1, len(models) + 1)
    names = tuple(one.model for one in choices)
    sums = np.concatenate([scores[one.model][:, one.begin : one.end].sum(axis=0) for one in choices])
    found = np.sqrt(sums[:, COLUMN["squared"]] / sums[:, COLUMN["count"]])
    heading = Heading(
        format=FORMAT,
        models=names,
        candidates=tuple(by_name),
        kind=series.kind,
        step_seconds=series.step,
        horizons=series.horizons,
        seed=seed,
        data=fingerprint(series),
        training=split.name,
        validation=tuple(float(one) for one in found),
        versions=versions(names),
    )
    return heading, calibrated, choices
