"""Figures of an evaluation: errors, skills with intervals, coverage, and the choice of the gate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.comparison import Losses, diebold_mariano, share_interval, skill_of
from simulator.forecast.evaluate import Outcome, banded
from simulator.forecast.gate import REFERENCE, Choice, choose
from simulator.forecast.interface import Series, Steps
from simulator.forecast.models.catalogue import REFERENCES
from simulator.forecast.scores import COLUMN, NOMINAL

SHOWN = (1, 3, 6, 12, 24)
"""Horizons in tables."""

SERVED = "served"
"""Name of the model that the gate chose, split by split and seed by seed."""

SEASONS = ("December to February", "March to May", "June to August", "September to November")

LOSSES = {"rmse": ("squared", 0.5), "mae": ("absolute", 1.0), "crps": ("crps", 1.0)}
"""Sum that each measure of error compares, and the power to which the ratio of means is raised."""


class Errors(msgspec.Struct, frozen=True, kw_only=True):
    """Errors of a model on the tests of a group of splits, at one horizon, in the unit of the series."""

    label: str
    splits: str
    model: str
    horizon: int
    hours: int
    rmse: float
    mae: float
    bias: float
    crps: float
    coverage_80: float
    coverage_90: float
    width_80: float
    width_90: float


class SkillFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Skill of a model against a reference at a horizon, with its 95% interval; over several labels, their mean.

    `dm` and `p_value` are those of the test of Diebold and Mariano, where it is one label.
    """

    label: str
    splits: str
    model: str
    reference: str
    measure: str
    horizon: int
    skill: float
    low: float
    high: float
    dm: float | None = None
    p_value: float | None = None


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """Share of observations within a band of nominal coverage in percent, with its 95% interval over days."""

    label: str
    splits: str
    model: str
    nominal: int
    season: str
    share: float
    low: float
    high: float


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """The model that is served at a band of horizons, and why."""

    label: str
    split: str
    seed: int
    horizons: str
    model: str
    why: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an evaluation found. `scored` is how often the test of each label and split was ever scored."""

    seeds: tuple[int, ...]
    seeds_of: dict[str, tuple[int, ...]]
    scored: dict[str, int]
    busy_seconds: dict[str, float]
    gates: tuple[Gate, ...]
    errors: tuple[Errors, ...]
    by_hour: dict[str, dict[str, tuple[float, ...]]]
    skills: tuple[SkillFigure, ...]
    coverage: tuple[Coverage, ...]
    reliability: dict[str, dict[str, tuple[float, ...]]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Outcomes by label, split, model and seed, and the series by label."""

    series: Mapping[str, Series]
    outcomes: Mapping[tuple[str, str, str, int], Outcome]

    @property
    def seeds(self) -> tuple[int, ...]:
        """All seeds in order."""
        return tuple(sorted({seed for _, _, _, seed in self.outcomes}))

    def seeds_of(self, model: str) -> tuple[int, ...]:
        """Return the seeds of a model in order; of what is served, all."""
        return self.seeds if model == SERVED else tuple(sorted({key[3] for key in self.outcomes if key[2] == model}))

    def splits(self, label: str) -> dict[str, list[str]]:
        """Return the splits of a label by group: the fixed one, and all periods as `rolled`."""
        names = list(dict.fromkeys(split for one, split, _, _ in self.outcomes if one == label))
        grouped = {
            "fixed": [one for one in names if one == "fixed"],
            "rolled": [one for one in names if one != "fixed"],
        }
        return {group: found for group, found in grouped.items() if found}

    def models(self, label: str) -> list[str]:
        """Return the models of a label, and the one that is served."""
        return [*dict.fromkeys(model for one, _, model, _ in self.outcomes if one == label), SERVED]

    def outcome(self, label: str, split: str, model: str, seed: int) -> Outcome:
        """Return an outcome; where a model has none of a seed, that of its first seed."""
        if model == SERVED:
            chosen = self.choices(label, split, seed)
            return banded([self.outcome(label, split, one.model, seed) for one in chosen], [one.end for one in chosen])
        found = self.outcomes.get((label, split, model, seed))
        return self.outcomes[label, split, model, self.seeds[0]] if found is None else found

    def choices(self, label: str, split: str, seed: int) -> tuple[Choice, ...]:
        """Return the choice of the gate for each band of horizons."""
        names = [name for name in self.models(label) if name != SERVED]
        return choose({name: self.outcome(label, split, name, seed).validation for name in names})

    def by_day(self, label: str, splits: Sequence[str], model: str) -> tuple[Steps, FloatArray]:
        """Return the days (D,) of the tests in order, and the sums (D, H, M) in the mean over the model's seeds."""
        days: list[Steps] = []
        sums: list[FloatArray] = []
        for split in splits:
            found = [self.outcome(label, split, model, seed).scores for seed in self.seeds_of(model)]
            days.append(found[0].days)
            sums.append(np.mean([one.by_day for one in found], axis=0))
        order = np.argsort(np.concatenate(days), kind="stable")
        return np.concatenate(days)[order], np.concatenate(sums)[order]


def figures_of(evaluation: Evaluation, scored: Mapping[tuple[str, str], int]) -> Figures:
    """Return all figures of an evaluation."""
    busy: dict[str, float] = {}
    for (_, _, model, _), one in evaluation.outcomes.items():
        busy[model] = busy.get(model, 0.0) + one.busy
    labels = list(evaluation.series)
    groups = [(label, group, names) for label in labels for group, names in evaluation.splits(label).items()]
    return Figures(
        seeds=evaluation.seeds,
        seeds_of={model: evaluation.seeds_of(model) for model in busy},
        scored={f"{label}, {split}": count for (label, split), count in scored.items()},
        busy_seconds=busy,
        gates=tuple(_gates(evaluation)),
        errors=tuple(row for one in groups for row in _errors(evaluation, *one)),
        by_hour={label: _by_hour(evaluation, label) for label in labels},
        skills=(*(row for one in groups for row in _skills(evaluation, *one)), *_means(evaluation)),
        coverage=tuple(row for one in groups for row in _coverage(evaluation, *one)),
        reliability={label: _reliability(evaluation, label) for label in labels},
    )


def _gates(evaluation: Evaluation) -> Iterator[Gate]:
    for label, split, seed in dict.fromkeys((label, split, seed) for label, split, _, seed in evaluation.outcomes):
        for one in evaluation.choices(label, split, seed):
            yield Gate(label=label, split=split, seed=seed, horizons=one.horizons, model=one.model, why=one.why)


def _errors(evaluation: Evaluation, label: str, group: str, splits: Sequence[str]) -> Iterator[Errors]:
    for model in evaluation.models(label):
        sums = evaluation.by_day(label, splits, model)[1].sum(axis=0).tolist()
        for horizon, (count, squared, absolute, error, crps, in_80, in_90, width_80, width_90) in enumerate(sums, 1):
            if count:
                yield Errors(
                    label=label,
                    splits=group,
                    model=model,
                    horizon=horizon,
                    hours=round(count),
                    rmse=(squared / count) ** 0.5,
                    mae=absolute / count,
                    bias=error / count,
                    crps=crps / count,
                    coverage_80=in_80 / count,
                    coverage_90=in_90 / count,
                    width_80=width_80 / count,
                    width_90=width_90 / count,
                )


def _by_hour(evaluation: Evaluation, label: str) -> dict[str, tuple[float, ...]]:
    """Return the root mean squared error one step ahead by hour of day, over all splits; 0 where nothing counts."""
    names = [name for found in evaluation.splits(label).values() for name in found]
    told = {}
    for model in evaluation.models(label):
        sums = np.sum(
            [
                evaluation.outcome(label, name, model, seed).scores.by_hour
                for name in names
                for seed in evaluation.seeds_of(model)
            ],
            axis=0,
        )[:, 0]
        mean = sums[:, COLUMN["squared"]] / np.maximum(sums[:, COLUMN["count"]], 1)
        told[model] = tuple(float(one) for one in np.sqrt(mean))
    return told


def _losses(
    evaluation: Evaluation, place: tuple[str, Sequence[str]], models: tuple[str, str], measure: str
) -> FloatArray:
    """Return the losses (H, 2, D) of a model and of its reference."""
    column = COLUMN[LOSSES[measure][0]]
    both = [evaluation.by_day(*place, model)[1][..., column] for model in models]
    return np.stack([one.T for one in both], axis=1)


def _compared(evaluation: Evaluation, label: str) -> Iterator[tuple[str, str, str, Sequence[int]]]:
    """Yield each pair of model and reference, with each measure of error and the horizons to compare.

    Against the convex reference those are all, against the others the horizons that tables show.
    """
    every = range(1, evaluation.series[label].horizons + 1)
    references = [name for name in evaluation.models(label) if name in {one.name for one in REFERENCES}]
    for model in evaluation.models(label):
        for reference in references:
            if model != reference:
                horizons = every if reference == REFERENCE else SHOWN
                yield from ((model, reference, measure, horizons) for measure in LOSSES)


def _skills(evaluation: Evaluation, label: str, group: str, splits: Sequence[str]) -> Iterator[SkillFigure]:
    for model, reference, measure, horizons in _compared(evaluation, label):
        losses = _losses(evaluation, (label, splits), (model, reference), measure)
        for horizon in horizons:
            own, other = losses[horizon - 1]
            if own.sum() > 0 and other.sum() > 0:
                found = skill_of([Losses(own, other, LOSSES[measure][1])])
                statistic, p_value = diebold_mariano(own, other)
                yield SkillFigure(
                    label=label,
                    splits=group,
                    model=model,
                    reference=reference,
                    measure=measure,
                    horizon=horizon,
                    skill=found.skill,
                    low=found.low,
                    high=found.high,
                    dm=statistic,
                    p_value=p_value,
                )


def _means(evaluation: Evaluation) -> Iterator[SkillFigure]:
    """Yield the mean skills over all labels of a kind, where there are several."""
    for kind in dict.fromkeys(one.kind for one in evaluation.series.values()):
        labels = [label for label, one in evaluation.series.items() if one.kind is kind]
        if len(labels) < 2:
            continue
        for group in evaluation.splits(labels[0]):
            for model, reference, measure, horizons in _compared(evaluation, labels[0]):
                sites = [
                    _losses(evaluation, (label, evaluation.splits(label)[group]), (model, reference), measure)
                    for label in labels
                ]
                for horizon in horizons:
                    pairs = [site[horizon - 1] for site in sites]
                    if all(own.sum() > 0 and other.sum() > 0 for own, other in pairs):
                        found = skill_of([Losses(own, other, LOSSES[measure][1]) for own, other in pairs])
                        yield SkillFigure(
                            label=f"mean of {kind}",
                            splits=group,
                            model=model,
                            reference=reference,
                            measure=measure,
                            horizon=horizon,
                            skill=found.skill,
                            low=found.low,
                            high=found.high,
                        )


def _coverage(evaluation: Evaluation, label: str, group: str, splits: Sequence[str]) -> Iterator[Coverage]:
    """Yield the coverage of both bands over all horizons, by season and in all."""
    series = evaluation.series[label]
    for model in evaluation.models(label):
        days, sums = evaluation.by_day(label, splits, model)
        season = series.season(days * series.horizons)
        totals = sums.sum(axis=1)
        parts = [("all", np.ones(len(days), dtype=np.bool_)), *((one, season == n) for n, one in enumerate(SEASONS))]
        for nominal in NOMINAL:
            for name, chosen in parts:
                if totals[chosen, COLUMN["count"]].sum() > 0:
                    share, low, high = share_interval(
                        totals[chosen, COLUMN[f"in {nominal}"]], totals[chosen, COLUMN["count"]]
                    )
                    yield Coverage(
                        label=label,
                        splits=group,
                        model=model,
                        nominal=nominal,
                        season=name,
                        share=share,
                        low=low,
                        high=high,
                    )


def _reliability(evaluation: Evaluation, label: str) -> dict[str, tuple[float, ...]]:
    """Return the share of observations below each level, over all splits, horizons and seeds."""
    names = [name for found in evaluation.splits(label).values() for name in found]
    told = {}
    for model in evaluation.models(label):
        seeds = evaluation.seeds_of(model)
        scores = [evaluation.outcome(label, name, model, seed).scores for name in names for seed in seeds]
        below = np.sum([one.below.sum(axis=1) for one in scores], axis=0)
        told[model] = tuple(float(one) for one in below / sum(one.by_day[..., 0].sum() for one in scores))
    return told
