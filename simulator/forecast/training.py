"""Training of a model for use: validated, then learnt anew from all days but those that calibrate it."""

from collections.abc import Callable, Sequence

import numpy as np

from simulator.forecast.checkpoint import FORMAT, Heading, versions
from simulator.forecast.conformal import Calibrated, calibrate
from simulator.forecast.dataset import fingerprint
from simulator.forecast.evaluate import errors_of
from simulator.forecast.gate import Choice, choose
from simulator.forecast.interface import Model, Series
from simulator.forecast.splits import Split


def train(model: Model, series: Series, split: Split, seed: int) -> tuple[Heading, Calibrated]:
    """Return a calibrated model and its heading. Its test is no part of it. Raises ForecastError for too few days."""
    early = model.fit(series.only(split.fitting), seed)
    errors = errors_of(early, series.only(split.training), split.validation)
    fitted = model.fit(series.only(split.training), seed)
    calibrated = calibrate(fitted, series.only(split.training | split.calibration), split.calibration)
    return (
        Heading(
            format=FORMAT,
            model=model.name,
            kind=series.kind,
            step_seconds=series.step,
            horizons=series.horizons,
            seed=seed,
            data=fingerprint(series),
            training=split.name,
            validation=tuple(float(one) if np.isfinite(one) else None for one in errors),
            versions=versions(model),
        ),
        calibrated,
    )


def train_best(
    models: Sequence[Model], series: Series, split: Split, seed: int, progress: Callable[[int, int], None]
) -> tuple[Heading, Calibrated, Choice]:
    """Return the model that the gate chooses among these, and why. The convex reference has to be among them."""
    found: dict[str, tuple[Heading, Calibrated]] = {}
    for number, model in enumerate(models):
        found[model.name] = train(model, series, split, seed)
        progress(number + 1, len(models))
    chosen = choose({name: np.array(heading.validation, dtype=np.float64) for name, (heading, _) in found.items()})
    return (*found[chosen.model], chosen)
