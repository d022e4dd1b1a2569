"""Checkpoints: a calibrated model in one file, with what it was made of.

The file is numpy's `.npz`, without pickle: arrays, and a heading in JSON. Nothing in it can be run, networks' weights
included, and reading it needs no other library.
"""

import importlib.metadata
from pathlib import Path

import msgspec
import numpy as np

from simulator.forecast.archive import Arrays, read_arrays, write_arrays
from simulator.forecast.conformal import Calibrated
from simulator.forecast.dataset import fingerprint
from simulator.forecast.interface import LEVELS, ForecastError, Kind, Model, Series, part_of, with_prefix
from simulator.forecast.models.catalogue import MODELS, TORCH

FORMAT = 1
"""Version of the layout of checkpoints."""


class Heading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Heading of a checkpoint: what its model is, and what it learnt from.

    `validation` is the root mean squared error of each horizon on validation days, of a model that learnt without them,
    with `seed`, None where it tells nothing; `data` is the digest of the series, of which `training` names the split.
    """

    format: int
    model: str
    kind: Kind
    step_seconds: float
    horizons: int
    seed: int
    data: str
    training: str
    validation: tuple[float | None, ...]
    versions: dict[str, str]


def versions(model: Model) -> dict[str, str]:
    """Return the versions of the libraries by which a model learns."""
    names = {"numpy"} | ({"torch"} if model.name in TORCH else set())
    names |= {"scikit-learn"} if model.name in {"boosting", "ensemble"} else set()
    return {name: importlib.metadata.version(name) for name in sorted(names)}


def save(path: Path, heading: Heading, calibrated: Calibrated) -> None:
    """Write a checkpoint. Raises ForecastError where it cannot be written."""
    told = np.array(msgspec.json.encode(heading).decode())
    write_arrays(path, {"heading": told, "moves": calibrated.moves, **with_prefix(calibrated.fitted.state(), "model")})


def load(path: Path) -> tuple[Heading, Calibrated]:
    """Read a checkpoint. Raises ForecastError, in one line, for a file that is none, is damaged, or does not fit."""
    arrays = read_arrays(path)
    try:
        heading = msgspec.json.decode(str(arrays.pop("heading")), type=Heading)
    except (KeyError, msgspec.DecodeError) as error:
        raise ForecastError(f"{path}: expected a checkpoint with a heading of format {FORMAT}") from error
    return heading, _restored(path, heading, arrays)


def _restored(path: Path, heading: Heading, arrays: Arrays) -> Calibrated:
    if heading.format != FORMAT or heading.model not in MODELS:
        raise ForecastError(
            f"{path}: expected format {FORMAT} and one of the models {', '.join(MODELS)}, "
            f"got format {heading.format} and {heading.model}"
        )
    numbers = {name: one for name, one in arrays.items() if one.dtype == np.float64 and np.isfinite(one).all()}
    strange = sorted(arrays.keys() - numbers.keys() - {"moves"})
    if strange:
        raise ForecastError(f"{path}: expected finite numbers, got others in {strange[0]}")
    try:
        # A model that tells nothing of a horizon has no move there.
        moves = arrays["moves"].astype(np.float64).reshape(len(LEVELS), heading.horizons)
        return Calibrated(MODELS[heading.model].restore(part_of(numbers, "model")), moves)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise ForecastError(f"{path}: its arrays do not fit the model {heading.model}") from error


def require_fit(path: Path, heading: Heading, series: Series) -> None:
    """Raise ForecastError where a checkpoint is of another kind, or of steps of another length."""
    if (heading.kind, heading.step_seconds) != (series.kind, series.step):
        raise ForecastError(
            f"{path}: expected a model of {series.kind} in steps of {series.step:g} s, "
            f"got one of {heading.kind} in steps of {heading.step_seconds:g} s"
        )


def require_same_data(path: Path, heading: Heading, series: Series) -> None:
    """Raise ForecastError where a checkpoint's model learnt from other data than this series."""
    if fingerprint(series) != heading.data:
        raise ForecastError(f"{path}: its model learnt from other data than these")
