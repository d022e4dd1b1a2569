"""The model that a run serves: the one that was asked for, fitted to a history, or one that stands in, and why."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from simulator.forecast.checkpoint import first_of
from simulator.forecast.gate import REFERENCE
from simulator.forecast.interface import Fitted, ForecastError, Kind, Model, Series
from simulator.forecast.models.catalogue import CANDIDATES, LEARNS_BY_TORCH, MODELS, TREES
from simulator.forecast.models.climatology import hour_of_week
from simulator.forecast.models.persistence import SmartPersistence
from simulator.forecast.splits import Split
from simulator.forecast.training import train

ServedT = TypeVar("ServedT")

BEST = "best"
"""The choice of the gate, or of a checkpoint, in place of a model by its name."""

SEED = 1
"""Seed of what a model draws while it learns: a history has one model, the same in every run."""

PART_ENDS = (20, 25, 31)
"""Last days of the month of fitting, validation and calibration in a history. Nothing is scored by it, so that no part
tests: the rest of the month is divided about as in the fixed split."""

BY_CHOICE: Mapping[str, str] = MappingProxyType(
    {
        "smart-persistence": "smart persistence",
        "climatology": "climatology",
        "convex": REFERENCE,
        "published-lstm": "published LSTM",
    }
)
"""Models by the names that scenarios use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A fitted forecaster of a series of this kind and rated power: the model's name, and why it is this one."""

    kind: Kind
    rated: float
    model: str
    why: str
    fitted: Fitted


def learn(choice: str, series: Series, checkpoints: Sequence[Path] = ()) -> Learnt:
    """Return what serves a series by a choice, one of BY_CHOICE or BEST; a checkpoint of its kind is the best.

    A model that cannot learn here, for lack of a library or of observations, gives way to the convex reference, and
    that to smart persistence; a checkpoint that cannot be used gives way to what the gate chooses.
    """
    kept, refused = first_of(checkpoints if choice == BEST else (), series)
    if kept is not None:
        return _served(series, dict.fromkeys(kept.heading.models), kept.why, kept.calibrated.fitted)
    try:
        learnt = _best(series) if choice == BEST else as_asked(choice, series.kind, partial(_fitted, series))
    except ForecastError as error:
        learnt = unlearnt(series.kind, series.rated, str(error))
    return replace(learnt, why=f"{refused}; {learnt.why}" if refused else learnt.why)


def unlearnt(kind: Kind, rated: float, why: str) -> Learnt:
    """Return what serves where there is too little to learn from."""
    return Learnt(kind=kind, rated=rated, model="smart persistence", why=why, fitted=SmartPersistence())


def _fitted(series: Series, model: Model, why: str) -> Learnt:
    return _served(series, [model.name], why, model.fit(series, SEED))


def _served(series: Series, models: Iterable[str], why: str, fitted: Fitted) -> Learnt:
    return Learnt(kind=series.kind, rated=series.rated, model=" and ".join(models), why=why, fitted=fitted)


def as_asked(choice: str, kind: Kind, serve: Callable[[Model, str], ServedT]) -> ServedT:
    """Return what `serve` makes of the model of a choice, one of BY_CHOICE, or of the reference where it cannot learn.

    It is given the reason too. Raises ForecastError where the reference cannot learn either.
    """
    name = BY_CHOICE[choice]
    if missing := _lacking([name]):
        return serve(MODELS[REFERENCE], f"{name} needs {missing[0]}, which is not installed")
    # What is usual of a grid's intensity goes by the hour of the week.
    model = hour_of_week() if choice == "climatology" and kind is Kind.INTENSITY else MODELS[name]
    try:
        return serve(model, "as asked for")
    except ForecastError as error:
        return serve(MODELS[REFERENCE], str(error))


def candidates() -> list[Model]:
    """Return the reference, and the models that compete with it as far as the libraries are there to learn them."""
    return [MODELS[name] for name in (REFERENCE, *CANDIDATES) if not _lacking([name])]


def lacking(choice: str) -> list[str]:
    """Return the libraries that are not installed, and without which models of a choice give way to others."""
    return _lacking(CANDIDATES if choice == BEST else [BY_CHOICE[choice]] if choice in BY_CHOICE else [])


def _lacking(names: Collection[str]) -> list[str]:
    """Return the libraries that are not installed, and without which some of these models cannot learn."""
    libraries = {"torch": ("torch", LEARNS_BY_TORCH), "scikit-learn": ("sklearn", TREES)}
    return [one for one, (package, those) in libraries.items() if those & {*names} and not find_spec(package)]


def _best(series: Series) -> Learnt:
    """Return what the gate chooses for each band of horizons. Raises ForecastError for a history that is too short."""
    _, calibrated, choices = train(candidates(), series, parts(series), SEED, lambda _done, _all: None)
    why = "; ".join(f"hours ahead {one.horizons}: {one.why}" for one in choices)
    return _served(series, dict.fromkeys(one.model for one in choices), why, calibrated.fitted)


def parts(series: Series) -> Split:
    """Return the parts of a history by the day of the month, none of which tests."""
    days = series.day_of_month(np.arange(len(series.values)))
    part = np.searchsorted(np.array(PART_ENDS), days)
    return Split(
        name="history", training=part <= 1, validation=part == 1, calibration=part == 2, test=np.zeros(len(part), bool)
    )
