"""The evaluation of models: each learns, is calibrated and is scored, on every split and with every seed.

A unit of work is one model on one series, split and seed. Its scores are kept in a file of its own, so that an
evaluation that was interrupted goes on where it stopped; and each time that a test part is scored, a line is added to
`scored.csv`, which nothing shortens.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulator.arrays import BoolArray, FloatArray
from simulator.forecast.archive import read_arrays, write_arrays
from simulator.forecast.conformal import calibrate
from simulator.forecast.dataset import fingerprint
from simulator.forecast.interface import Fitted, ForecastError, Model, Series, targets, truth
from simulator.forecast.scores import Scores, score
from simulator.forecast.splits import Split

SCORED_FILE = "scored.csv"
UNITS = "units"
SCORES = ("days", "by_day", "by_hour", "below")
EXAMPLE_STEPS = 120
"""Steps at the beginning of a test of which forecast and truth are kept, for a picture: five days of hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A model on a series, which `label` names, with a split and a seed."""

    label: str
    series: Series
    split: Split
    model: Model
    seed: int

    @property
    def file(self) -> str:
        """The name of the file of its scores."""
        return "_".join((self.label, self.split.name, self.model.name, str(self.seed))).replace(" ", "-") + ".npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Scores of a unit on its test, and its root mean squared errors (H,) on validation days.

    `example` (4, E) are truth, lower end, median and upper end of the 90% band, one step ahead. `busy` is CPU time.
    """

    scores: Scores
    validation: FloatArray
    example: FloatArray
    busy: float


def units(
    series: Mapping[str, Series],
    models: Callable[[Series], Sequence[Model]],
    chosen: Callable[[Series], Sequence[Split]],
    seeds: Sequence[int],
) -> Iterator[Unit]:
    """Yield all units; a model that draws nothing has the first seed alone."""
    for label, one in series.items():
        for split in chosen(one):
            for model in models(one):
                for seed in seeds if model.draws else seeds[:1]:
                    yield Unit(label=label, series=one, split=split, model=model, seed=seed)


def outcomes(
    folder: Path, work: Sequence[Unit], progress: Callable[[int, int], None]
) -> dict[tuple[str, str, str, int], Outcome]:
    """Return the outcome of every unit by label, split, model and seed, doing what the folder does not hold yet.

    Raises ForecastError for a folder that cannot be written to, and for a unit that cannot be done.
    """
    found = {}
    try:
        (folder / UNITS).mkdir(parents=True, exist_ok=True)
        for number, unit in enumerate(work):
            path = folder / UNITS / unit.file
            kept = _kept(path, fingerprint(unit.series))
            if kept is None:
                kept = evaluate(unit)
                with (folder / SCORED_FILE).open("a", encoding="utf-8") as scored:
                    scored.write(f"{unit.label},{unit.split.name},{unit.model.name},{unit.seed}\n")
                _keep(path, kept, fingerprint(unit.series))
            found[unit.label, unit.split.name, unit.model.name, unit.seed] = kept
            progress(number + 1, len(work))
    except OSError as error:
        raise ForecastError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
    return found


def times_scored(folder: Path) -> dict[tuple[str, str], int]:
    """Return how often the test of each label and split was scored, by any model and seed, ever."""
    counts: dict[tuple[str, str], int] = {}
    for line in (folder / SCORED_FILE).read_text(encoding="utf-8").splitlines():
        label, split, _, _ = line.rsplit(",", 3)
        counts[label, split] = counts.get((label, split), 0) + 1
    return counts


def evaluate(unit: Unit) -> Outcome:
    """Learn, calibrate and score. Raises ForecastError where the series does not suffice."""
    began = time.process_time()
    series, split = unit.series, unit.split
    early = unit.model.fit(series.only(split.fitting), unit.seed)
    # Forecasts of the test see what was observed before each of them, which no model has learnt from.
    validation = errors_of(early, series.only(split.training), split.validation)
    fitted = unit.model.fit(series.only(split.training), unit.seed)
    calibrated = calibrate(fitted, series.only(split.training | split.calibration), split.calibration)
    scores = score(calibrated, series, split.test)
    example = np.flatnonzero(split.test)[-EXAMPLE_STEPS:]
    bands = calibrated.quantiles(series, example - 1)[:, [0, -1, len(calibrated.moves) // 2], 0]
    low, high, median = bands.T
    return Outcome(
        scores=scores,
        validation=validation,
        example=np.stack([series.values[example], low, median, high]),
        busy=time.process_time() - began,
    )


def errors_of(fitted: Fitted, series: Series, part: BoolArray) -> FloatArray:
    """Return the root mean squared errors (H,) of the forecasts of `part` (T,); NaN where the model tells nothing."""
    padded = np.concatenate([part, np.zeros(series.horizons, dtype=np.bool_)])
    origins = np.arange(series.horizons - 1, len(part))
    origins = origins[padded[targets(series, origins)].any(axis=1)]
    steps = targets(series, origins)
    happened = truth(series, steps)
    usable = padded[steps] & np.isfinite(happened) & series.has_sun(steps)
    squared = np.where(usable, np.square(fitted.expect(series, origins).mean - happened), 0.0)
    errors: FloatArray = np.sqrt(squared.sum(axis=0) / usable.sum(axis=0))
    return errors


def banded(parts: Sequence[Outcome], ends: Sequence[int]) -> Outcome:
    """Return the outcome of models that serve a band of horizons each, up to its end; the example is the first's."""
    bands = [slice(begin, end) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    scores = [part.scores for part in parts]
    return Outcome(
        scores=Scores(
            days=scores[0].days,
            by_day=np.concatenate([one.by_day[:, band] for one, band in zip(scores, bands, strict=True)], axis=1),
            by_hour=np.concatenate([one.by_hour[:, band] for one, band in zip(scores, bands, strict=True)], axis=1),
            below=np.concatenate([one.below[:, band] for one, band in zip(scores, bands, strict=True)], axis=1),
        ),
        validation=np.concatenate([one.validation[band] for one, band in zip(parts, bands, strict=True)]),
        example=parts[0].example,
        busy=sum(one.busy for one in parts),
    )


def _keep(path: Path, outcome: Outcome, data: str) -> None:
    kept = {name: getattr(outcome.scores, name) for name in SCORES}
    kept |= {"validation": outcome.validation, "example": outcome.example}
    write_arrays(path, {"data": np.array(data), "busy": np.array(outcome.busy), **kept})


def _kept(path: Path, data: str) -> Outcome | None:
    """Return the outcome in a file; None where there is none, or one of other data."""
    if not path.exists():
        return None
    try:
        kept = read_arrays(path)
        scores = Scores(**{name: kept[name] for name in SCORES})
        found = Outcome(scores=scores, validation=kept["validation"], example=kept["example"], busy=float(kept["busy"]))
        return found if str(kept["data"]) == data else None
    except (ForecastError, KeyError):
        return None
