"""A model in use and the reference that stands behind it, band by band of horizons."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from simulator.forecast.archive import Arrays
from simulator.forecast.checkpoint import FORMAT, Heading, Kept, packed, unpacked, versions
from simulator.forecast.conformal import Calibrated, calibrate
from simulator.forecast.dataset import fingerprint
from simulator.forecast.gate import BAND_ENDS, REFERENCE, band_ends
from simulator.forecast.interface import Kind, Model, Series, part_of, with_prefix
from simulator.forecast.learnt import parts
from simulator.forecast.models.banded import Banded
from simulator.forecast.models.catalogue import MODELS
from simulator.forecast.training import train

BEHIND_CONVEX = {
    Kind.SOLAR: ("smart persistence",) * len(BAND_ENDS),
    Kind.WIND: ("persistence",) * len(BAND_ENDS),
    Kind.INTENSITY: ("persistence", "persistence", "yesterday"),
}
"""The references behind the convex one, where that is served itself, by band: the best that need no history."""

ALONE = "the default, with which no other was asked to compete"
"""Reason for a model that is served without a choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A calibrated model and its calibrated reference.

    In each band, up to the horizon in `ends`, `models` are served, `references` stand behind them, and `reasons` say
    why these are served.
    """

    model: Calibrated
    reference: Calibrated
    heading: Heading
    ends: tuple[int, ...]
    references: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models that are served, by band."""
        return self.heading.models

    def arrays(self) -> Arrays:
        """Return both as arrays, without the reasons."""
        behind = msgspec.structs.replace(self.heading, models=self.references)
        return {
            **with_prefix(dict(packed(self.heading, self.model)), "model"),
            **with_prefix(dict(packed(behind, self.reference)), "reference"),
            "ends": np.array(self.ends, dtype=np.float64),
        }


def pair_of(arrays: Arrays, reasons: tuple[str, ...]) -> Pair:
    """Return the pair that was made arrays. Raises ForecastError, KeyError or ValueError for what is none."""
    heading, model = unpacked("model", part_of(dict(arrays), "model"))
    behind, reference = unpacked("reference", part_of(dict(arrays), "reference"))
    return Pair(
        model=model,
        reference=reference,
        heading=heading,
        ends=tuple(int(one) for one in arrays["ends"]),
        references=behind.models,
        reasons=reasons,
    )


def learn_pair(models: Sequence[Model], series: Series, seed: int) -> Pair:
    """Return the best of some models in each band, and what stands behind it. Raises ForecastError for too few days."""
    heading, model, choices = train(models, series, parts(series), seed, _quietly)
    ends = tuple(one.end for one in choices)
    reasons = tuple(one.why if len(models) > 1 else ALONE for one in choices)
    return _with_reference(heading, model, ends, reasons, series)


def sole_pair(model: Model, why: str, series: Series, seed: int) -> Pair:
    """Return a model without any choice, and what stands behind it. Raises ForecastError for too few days."""
    split, count = parts(series), len(BAND_ENDS)
    fitted = model.fit(series.only(split.training), seed)
    ends = band_ends(series.horizons)
    calibrated = calibrate(
        Banded((fitted,) * count, ends), series.only(split.training | split.calibration), split.calibration
    )
    heading = Heading(
        format=FORMAT,
        models=(model.name,) * count,
        candidates=(model.name,),
        kind=series.kind,
        step_seconds=series.step,
        horizons=series.horizons,
        seed=seed,
        data=fingerprint(series),
        training=split.name,
        validation=(),
        versions=versions((model.name,)),
    )
    return _with_reference(heading, calibrated, ends, (why,) * count, series)


def kept_pair(kept: Kept, series: Series) -> Pair:
    """Return the model of a checkpoint, and what a series of its kind teaches of the references behind it.

    Raises ForecastError for too few days.
    """
    ends = band_ends(kept.heading.horizons)
    return _with_reference(kept.heading, kept.calibrated, ends, (kept.why,) * len(ends), series)


def _with_reference(
    heading: Heading, model: Calibrated, ends: tuple[int, ...], reasons: tuple[str, ...], series: Series
) -> Pair:
    names = tuple(
        behind if model == REFERENCE else REFERENCE
        for model, behind in zip(heading.models, BEHIND_CONVEX[series.kind], strict=True)
    )
    split = parts(series)
    fitted = {name: MODELS[name].fit(series.only(split.training), heading.seed) for name in set(names)}
    banded = Banded(tuple(fitted[name] for name in names), ends)
    reference = calibrate(banded, series.only(split.training | split.calibration), split.calibration)
    return Pair(model=model, reference=reference, heading=heading, ends=ends, references=names, reasons=reasons)


def _quietly(done: int, of: int) -> None:
    """Tell nobody how far training is."""
