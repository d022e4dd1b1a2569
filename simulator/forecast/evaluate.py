"""The evaluation of models: each learns, is calibrated and is scored, on every split and with every seed.

A unit of work is one model on one series, split and seed. Its scores are kept in a file of its own, so that an
evaluation that was interrupted goes on where it stopped; and each time that a test part is scored, a line is added to
`scored.csv`, which nothing shortens. Units of one series, split and seed are a lot, which one process does: there an
ensemble takes its members as they have been learnt.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.archive import read_arrays, write_arrays
from simulator.forecast.conformal import calibrate
from simulator.forecast.dataset import fingerprint
from simulator.forecast.interface import LEVELS, Fitted, ForecastError, Model, Series
from simulator.forecast.models.ensemble import Ensemble
from simulator.forecast.scores import Scores, score
from simulator.forecast.splits import Split

SCORED_FILE = "scored.csv"
UNITS = "units"
SCORES = ("days", "by_day", "by_hour", "below")
VALIDATION = "validation_by_day"
EXAMPLE_STEPS = 120
"""Steps at the end of a test of which forecast and truth are kept, for a picture: five days of hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A model on a series, which `label` names, with a split and a seed."""

    label: str
    series: Series
    split: Split
    model: Model
    seed: int

    @property
    def key(self) -> "Key":
        """Label, split, model and seed."""
        return self.label, self.split.name, self.model.name, self.seed

    @property
    def file(self) -> str:
        """The name of the file of its scores."""
        return "_".join((self.label, self.split.name, self.model.name, str(self.seed))).replace(" ", "-") + ".npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Scores of a unit on its test, and sums (D, H, M) of its scores by day of the validation part.

    `example` (4, E) are truth, lower end, median and upper end of the 90% band, one step ahead. `busy` is CPU time.
    """

    scores: Scores
    validation: FloatArray
    example: FloatArray
    busy: float


Key = tuple[str, str, str, int]
"""Label, split, model and seed of a unit."""


def units(
    series: Mapping[str, Series],
    models: Callable[[Series], Sequence[Model]],
    chosen: Callable[[Series], Sequence[Split]],
    seeds: Mapping[str, int],
) -> Iterator[Unit]:
    """Yield all units, seed by seed from 1 on, as many as a model's name has in `seeds`.

    A model that draws nothing, or has no number there, has the first seed alone.
    """
    for seed in range(1, max(seeds.values(), default=1) + 1):
        for label, one in series.items():
            for split in chosen(one):
                for model in models(one):
                    if seed == 1 or (model.draws and seed <= seeds.get(model.name, 1)):
                        yield Unit(label=label, series=one, split=split, model=model, seed=seed)


def outcomes(
    folder: Path, work: Sequence[Unit], progress: Callable[[int, int], None], executor: Executor | None = None
) -> dict[Key, Outcome]:
    """Return the outcome of every unit, doing what the folder does not hold yet, here or by the executor.

    Raises ForecastError for a folder that cannot be written to, and for a unit that cannot be done.
    """
    found: dict[Key, Outcome] = {}
    lots = [tuple(lot) for _, lot in itertools.groupby(work, lambda unit: (unit.label, unit.split.name, unit.seed))]
    try:
        (folder / UNITS).mkdir(parents=True, exist_ok=True)
        for done in _done(folder, lots, executor):
            found |= done
            progress(len(found), len(work))
    except OSError as error:
        raise ForecastError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
    return {unit.key: found[unit.key] for unit in work}


def _done(folder: Path, lots: Sequence[Sequence[Unit]], executor: Executor | None) -> Iterator[dict[Key, Outcome]]:
    """Yield the outcomes of each lot as it is done. An interruption leaves what has not begun."""
    if executor is None:
        yield from (do(folder, lot) for lot in lots)
        return
    futures = [executor.submit(do, folder, lot) for lot in lots]
    try:
        yield from (future.result() for future in as_completed(futures))
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def do(folder: Path, lot: Sequence[Unit]) -> dict[Key, Outcome]:
    """Return the outcomes of a lot, of which those are kept in the folder that were not there."""
    found, fits = {}, Fits()
    data = fingerprint(lot[0].series)
    for unit in lot:
        path = folder / UNITS / unit.file
        kept = _kept(path, data)
        if kept is None:
            kept = evaluate(unit, fits)
            with (folder / SCORED_FILE).open("a", encoding="utf-8") as scored:
                scored.write(f"{unit.label},{unit.split.name},{unit.model.name},{unit.seed}\n")
            _keep(path, kept, data)
        found[unit.key] = kept
    return found


@dataclass(frozen=True, slots=True)
class Fits:
    """The models that have learnt from the parts of one split with one seed, by part and name."""

    fitted: dict[tuple[str, str], Fitted] = field(default_factory=dict)

    def fit(self, model: Model, part: str, series: Series, seed: int) -> Fitted:
        """Return the model that learnt from the series of a part; an ensemble is made of its members."""
        if (part, model.name) not in self.fitted:
            self.fitted[part, model.name] = (
                model.of([self.fit(member, part, series, seed) for member in model.members])
                if isinstance(model, Ensemble)
                else model.fit(series, seed)
            )
        return self.fitted[part, model.name]


def times_scored(folder: Path) -> dict[tuple[str, str], int]:
    """Return how often the test of each label and split was scored, by any model and seed, ever.

    Raises ForecastError where nobody can tell.
    """
    counts: dict[tuple[str, str], int] = {}
    try:
        lines = (folder / SCORED_FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        told = "cannot tell how often tests were scored; begin anew in another folder"
        raise ForecastError(f"{folder / SCORED_FILE}: {told}") from error
    for line in lines:
        label, *rest = line.rsplit(",", 3)
        # A line may have been cut off as a disk became full.
        if len(rest) == 3 and line.endswith("\n"):
            counts[label, rest[0]] = counts.get((label, rest[0]), 0) + 1
    return counts


def evaluate(unit: Unit, fits: Fits) -> Outcome:
    """Learn, calibrate and score. Raises ForecastError where the series does not suffice."""
    began = time.process_time()
    series, split = unit.series, unit.split
    if not (split.test & np.isfinite(series.values) & series.has_sun(np.arange(len(split.test)))).any():
        raise ForecastError(f"{unit.label}: expected observed steps in the test of the split {split.name}, found none")
    early = fits.fit(unit.model, "fitting", series.only(split.fitting), unit.seed)
    # Forecasts of the test see what was observed before each of them, which no model has learnt from.
    validation = validated(early, series, split)
    fitted = fits.fit(unit.model, "training", series.only(split.training), unit.seed)
    calibrated = calibrate(fitted, series.only(split.training | split.calibration), split.calibration)
    scores = score(calibrated, series, split.test)
    example = np.flatnonzero(split.test)[-EXAMPLE_STEPS:]
    bands = calibrated.quantiles(series, example - 1)[:, [0, -1, len(LEVELS) // 2], 0]
    low, high, median = bands.T
    return Outcome(
        scores=scores,
        validation=validation,
        example=np.stack([series.values[example], low, median, high]),
        busy=time.process_time() - began,
    )


def validated(early: Fitted, series: Series, split: Split) -> FloatArray:
    """Return sums (D, H, M) of the scores by validation day of a model that learnt without them.

    It is calibrated as the one to be served.
    """
    calibrated = calibrate(early, series.only(split.training | split.calibration), split.calibration)
    return score(calibrated, series.only(split.training), split.validation).by_day


def banded(parts: Sequence[Outcome], ends: Sequence[int]) -> Outcome:
    """Return the outcome of models that serve a band of horizons each, up to its end; the example is the first's."""
    bands = [slice(begin, end) for begin, end in itertools.pairwise((0, *ends))]
    scores = [part.scores for part in parts]
    return Outcome(
        scores=Scores(
            days=scores[0].days,
            by_day=np.concatenate([one.by_day[:, band] for one, band in zip(scores, bands, strict=True)], axis=1),
            by_hour=np.concatenate([one.by_hour[:, band] for one, band in zip(scores, bands, strict=True)], axis=1),
            below=np.concatenate([one.below[:, band] for one, band in zip(scores, bands, strict=True)], axis=1),
        ),
        validation=np.concatenate([one.validation[:, band] for one, band in zip(parts, bands, strict=True)], axis=1),
        example=parts[0].example,
        busy=sum(one.busy for one in parts),
    )


def _keep(path: Path, outcome: Outcome, data: str) -> None:
    kept = {name: getattr(outcome.scores, name) for name in SCORES}
    kept |= {VALIDATION: outcome.validation, "example": outcome.example}
    write_arrays(path, {"data": np.array(data), "busy": np.array(outcome.busy), **kept})


def _kept(path: Path, data: str) -> Outcome | None:
    """Return the outcome in a file; None where there is none, or one of other data."""
    if not path.exists():
        return None
    try:
        kept = read_arrays(path)
        scores = Scores(**{name: kept[name] for name in SCORES})
        found = Outcome(scores=scores, validation=kept[VALIDATION], example=kept["example"], busy=float(kept["busy"]))
        return found if str(kept["data"]) == data else None
    except (ForecastError, KeyError):
        return None
