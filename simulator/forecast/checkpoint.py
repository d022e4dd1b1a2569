"""Checkpoints: a calibrated model in one file, with what it was made of.

The file is numpy's `.npz`, without pickle: arrays, and a heading in JSON. Nothing in it can be run, networks' weights
included, and reading it needs no other library.
"""

import importlib.metadata
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np

from simulator.forecast.archive import Arrays, read_arrays, write_arrays
from simulator.forecast.conformal import Calibrated
from simulator.forecast.dataset import fingerprint
from simulator.forecast.gate import band_ends
from simulator.forecast.interface import LEVELS, MONTHS, ForecastError, Kind, Series, State, part_of, with_prefix
from simulator.forecast.models.banded import Banded
from simulator.forecast.models.catalogue import LEARNS_BY_TORCH, MODELS, TORCH, TREES

TRAINED = Path(__file__).parent / "trained"

FORMAT = 2
"""Version of the layout of checkpoints."""


class Heading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Heading of a checkpoint: its models, one for each band of horizons, and what they learnt from.

    `candidates` are the models among which the gate chose. `validation` is the root mean squared error of each horizon
    on validation days, of models that learnt without them, with `seed`. `data` is the digest of the series, of which
    `training` names the split.
    """

    format: int
    models: tuple[str, ...]
    candidates: tuple[str, ...]
    kind: Kind
    step_seconds: float
    horizons: int
    seed: int
    data: str
    training: str
    validation: tuple[float, ...]
    versions: dict[str, str]


def versions(models: Iterable[str]) -> dict[str, str]:
    """Return the versions of the libraries by which these models learn."""
    names = {"numpy"} | ({"torch"} if LEARNS_BY_TORCH.intersection(models) else set())
    names |= {"scikit-learn"} if TREES.intersection(models) else set()
    return {name: importlib.metadata.version(name) for name in sorted(names)}


def save(path: Path, heading: Heading, calibrated: Calibrated) -> None:
    """Write a checkpoint. Raises ForecastError where it cannot be written."""
    write_arrays(path, packed(heading, calibrated))


def load(path: Path) -> tuple[Heading, Calibrated]:
    """Read a checkpoint. Raises ForecastError, in one line, for a file that is none, is damaged, or does not fit."""
    return unpacked(str(path), read_arrays(path))


def packed(heading: Heading, calibrated: Calibrated) -> Arrays:
    """Return a checkpoint as arrays."""
    told = np.array(msgspec.json.encode(heading).decode())
    return {"heading": told, "moves": calibrated.moves, **with_prefix(calibrated.fitted.state(), "model")}


def unpacked(name: str, arrays: Arrays) -> tuple[Heading, Calibrated]:
    """Return the checkpoint that was packed; `name` is for the message of the ForecastError for one that is none."""
    try:
        heading = msgspec.json.decode(str(arrays["heading"]), type=Heading)
    except (KeyError, msgspec.DecodeError) as error:
        raise ForecastError(f"{name}: expected a checkpoint with a heading of format {FORMAT}") from error
    return heading, _restored(name, heading, {key: one for key, one in arrays.items() if key != "heading"})


def _restored(path: str, heading: Heading, arrays: Arrays) -> Calibrated:
    if heading.format != FORMAT:
        raise ForecastError(f"{path}: expected format {FORMAT}, got format {heading.format}: train it anew")
    unknown = sorted({*heading.models, *heading.candidates} - MODELS.keys())
    if unknown:
        raise ForecastError(f"{path}: expected models out of {', '.join(MODELS)}, got {', '.join(unknown)}")
    numbers = {name: one for name, one in arrays.items() if one.dtype == np.float64 and np.isfinite(one).all()}
    strange = sorted(arrays.keys() - numbers.keys() - {"moves"})
    if strange:
        raise ForecastError(f"{path}: expected finite numbers, got others in {strange[0]}")
    try:
        # A model that tells nothing of a horizon has no move there.
        moves = arrays["moves"].astype(np.float64).reshape(MONTHS, len(LEVELS), heading.horizons)
        return Calibrated(_banded(heading, part_of(numbers, "model")), moves)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise ForecastError(f"{path}: its arrays do not fit {', '.join(heading.models)}") from error


def _banded(heading: Heading, state: State) -> Banded:
    """Return the models of all bands. Raises KeyError, ValueError or IndexError for a state that does not fit."""
    ends, numbers = [int(one) for one in state["ends"]], [int(one) for one in state["owner"]]
    if len(ends) != len(heading.models) or ends[-1] != heading.horizons or sorted({0, *ends}) != [0, *ends]:
        raise ValueError("expected bands that end with the horizons")
    owned = {number: MODELS[heading.models[number]].restore(part_of(state, str(number))) for number in set(numbers)}
    return Banded(tuple(owned[number] for number in numbers), tuple(ends))


def require_fit(path: Path, heading: Heading, series: Series) -> None:
    """Raise ForecastError where a checkpoint is of another kind, of steps of another length, or of other bands."""
    if (heading.kind, heading.step_seconds) != (series.kind, series.step):
        raise ForecastError(
            f"{path}: expected a model of {series.kind} in steps of {series.step:g} s, "
            f"got one of {heading.kind} in steps of {heading.step_seconds:g} s"
        )
    bands = len(band_ends(heading.horizons))
    if len(heading.models) != bands:
        raise ForecastError(f"{path}: expected models of {bands} bands of horizons, got {len(heading.models)}")


def require_library(path: Path, heading: Heading) -> None:
    """Raise ForecastError where a checkpoint's models cannot be asked here, for lack of torch."""
    networks = sorted(TORCH.intersection(heading.models))
    if networks and find_spec("torch") is None:
        raise ForecastError(f"{path}: {', '.join(networks)} needs torch, which is not installed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A checkpoint that can serve, with the file that has it."""

    path: Path
    heading: Heading
    calibrated: Calibrated

    @property
    def why(self) -> str:
        """The reason for which it is served."""
        return f"it won on validation days of {self.heading.training}, in {self.path.name}"


def first_of(paths: Iterable[Path], series: Series) -> tuple[Kept | None, str]:
    """Return the first checkpoint that can serve a series, or None and the lines of those that were refused.

    One of another kind is none of the series' own, and nothing is said of it.
    """
    refused = []
    for path in paths:
        try:
            heading, calibrated = load(path)
            if heading.kind is series.kind:
                require_fit(path, heading, series)
                require_library(path, heading)
                return Kept(path=path, heading=heading, calibrated=calibrated), ""
        except ForecastError as error:
            refused.append(str(error))
    return None, "; ".join(refused)


def require_same_data(path: Path, heading: Heading, series: Series) -> None:
    """Raise ForecastError where a checkpoint's model learnt from other data than this series."""
    if fingerprint(series) != heading.data:
        raise ForecastError(f"{path}: its model learnt from other data than these")
