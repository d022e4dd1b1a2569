"""The evaluation from end to end on a short course: it resumes, counts the scorings of a test, and writes files."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from simulator.experiments.write.medium import PLOTS
from simulator.forecast.evaluate import SCORED_FILE, UNITS, Fits, Unit, evaluate, outcomes, times_scored, units
from simulator.forecast.interface import Expected, ForecastError, Kind, Model, Series, State, Steps
from simulator.forecast.models.catalogue import references_of
from simulator.forecast.models.convex import Convex
from simulator.forecast.models.ensemble import Ensemble, FittedEnsemble
from simulator.forecast.models.persistence import Persistence
from simulator.forecast.models.ridge import Ridge
from simulator.forecast.report.figures import Evaluation, figures_of
from simulator.forecast.report.output import write_report
from simulator.forecast.report.tables import headline
from simulator.forecast.splits import fixed_split, period
from tests.simulator.forecast.courses import course


class Noisy:
    """A model that draws: persistence, and noise by the seed."""

    draws = True

    def __init__(self, name: str = "noisy") -> None:
        self.name = name

    def fit(self, series: Series, seed: int) -> "FittedNoisy":  # noqa: ARG002 - the protocol's
        """See `Model.fit`."""
        return FittedNoisy(seed)

    def restore(self, state: State) -> "FittedNoisy":
        """See `Model.restore`."""
        return FittedNoisy(int(state["seed"]))


class FittedNoisy:
    """Persistence, and noise by the seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        found = Persistence().expect(series, origins)
        return Expected(mean=found.mean + self.seed, spread=found.spread, quantiles=found.quantiles + self.seed)

    def state(self) -> State:
        """See `Fitted.state`."""
        return {"seed": np.array(float(self.seed))}


SERIES = {"here wind": course(Kind.WIND, 200), "there wind": course(Kind.WIND, 200, seed=1)}


def planned() -> list[Unit]:
    """Return the work of two sites, two splits, the references and two models, of which one draws, with two seeds."""
    return list(
        units(
            SERIES,
            lambda one: [*references_of(one.kind), Ridge(), Noisy()],
            lambda one: [fixed_split(one), period(one, 2)],
            {"ridge": 2, "noisy": 2},
        )
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evaluation]:
    folder = tmp_path_factory.mktemp("units")
    return folder, Evaluation(SERIES, outcomes(folder, planned(), lambda *_: None))


def test_a_model_that_draws_nothing_has_one_seed() -> None:
    seeds = [(unit.model.name, unit.seed) for unit in planned() if unit.label == "here wind"]
    assert seeds.count(("ridge", 1)) == 2
    assert ("ridge", 2) not in seeds
    assert seeds.count(("noisy", 2)) == 2


def test_a_model_has_its_own_number_of_seeds() -> None:
    models: list[Model] = [Convex(), Ridge(), Noisy("less"), Noisy()]
    seeds = {"ridge": 3, "less": 2, "noisy": 3}
    found = list(units({"here": SERIES["here wind"]}, lambda _: models, lambda one: [fixed_split(one)], seeds))
    told = {model.name: [unit.seed for unit in found if unit.model is model] for model in models}
    assert told == {"convex": [1], "ridge": [1], "less": [1, 2], "noisy": [1, 2, 3]}


@pytest.mark.slow
def test_what_is_done_is_not_done_again_and_every_scoring_is_counted(done: tuple[Path, Evaluation]) -> None:
    folder, first = done
    lines = (folder / SCORED_FILE).read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(planned())
    told: list[tuple[int, int]] = []
    again = outcomes(folder, planned(), lambda *one: told.append(one))
    assert told[-1] == (len(planned()), len(planned()))
    assert len((folder / SCORED_FILE).read_text(encoding="utf-8").splitlines()) == len(lines)
    for key, outcome in again.items():
        assert np.array_equal(outcome.scores.by_day, first.outcomes[key].scores.by_day)
    assert times_scored(folder) == {(label, split): 6 for label in SERIES for split in ("fixed", "period 3")}


def test_an_interrupted_evaluation_goes_on_and_a_damaged_file_is_done_again(tmp_path: Path) -> None:
    def interrupt(number: int, total: int) -> None:
        raise KeyboardInterrupt

    work = planned()[:10]
    with pytest.raises(KeyboardInterrupt):
        outcomes(tmp_path, work, interrupt)
    assert times_scored(tmp_path) == {("here wind", "fixed"): 5}
    (tmp_path / UNITS / work[0].file).write_bytes(b"damaged")
    found = outcomes(tmp_path, work, lambda *_: None)
    assert list(found) == [unit.key for unit in work]
    assert times_scored(tmp_path) == {("here wind", "fixed"): 6, ("here wind", "period 3"): 5}


@pytest.mark.slow
def test_several_workers_find_the_same(done: tuple[Path, Evaluation], tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as executor:
        found = outcomes(tmp_path, planned(), lambda *_: None, executor)
    assert list(found) == list(done[1].outcomes)
    for key, outcome in found.items():
        assert np.array_equal(outcome.scores.by_day, done[1].outcomes[key].scores.by_day)
    assert times_scored(tmp_path) == times_scored(done[0])


def test_an_ensemble_takes_its_members_as_they_have_been_learnt() -> None:
    series, model = SERIES["here wind"], Ensemble(members=(Convex(), Ridge()))
    fits = Fits()
    member = fits.fit(Ridge(), "training", series, 1)
    found = fits.fit(model, "training", series, 1)
    assert isinstance(found, FittedEnsemble)
    assert found.members[1] is member
    alone = model.fit(series, 1).state()
    assert all(np.array_equal(value, alone[key]) for key, value in found.state().items())


def test_scores_of_other_data_are_not_taken(tmp_path: Path) -> None:
    unit = planned()[0]
    outcomes(tmp_path, [unit], lambda *_: None)
    other = Unit(label=unit.label, series=SERIES["there wind"], split=unit.split, model=unit.model, seed=unit.seed)
    outcomes(tmp_path, [other], lambda *_: None)
    assert times_scored(tmp_path) == {("here wind", "fixed"): 2}


def test_scores_do_not_depend_on_what_follows_the_test() -> None:
    """The days after the last one of the test are another world."""
    series = SERIES["here wind"]
    end = 24 * 197
    split = fixed_split(series)
    part = split.test & (np.arange(len(series.values)) < end)
    shortened = Unit(
        label="x",
        series=series,
        split=type(split)(
            name="x",
            training=split.training & (np.arange(len(series.values)) < end),
            validation=split.validation & (np.arange(len(series.values)) < end),
            calibration=split.calibration & (np.arange(len(series.values)) < end),
            test=part,
        ),
        model=Convex(),
        seed=1,
    )
    other = Unit(
        label="x",
        series=replace(series, values=np.concatenate([series.values[:end], 7 + series.values[end:]])),
        split=shortened.split,
        model=Convex(),
        seed=1,
    )
    assert np.array_equal(evaluate(shortened, Fits()).scores.by_day, evaluate(other, Fits()).scores.by_day)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ForecastError, match="cannot be written"):
        outcomes(tmp_path / "file", planned()[:1], lambda *_: None)


def test_a_test_without_a_step_to_score_is_refused_in_a_line(tmp_path: Path) -> None:
    """Twenty-two days of January reach neither the fixed test nor the last period's."""
    short = course(Kind.WIND, 22)
    unit = Unit(label="here wind", series=short, split=fixed_split(short), model=Convex(), seed=1)
    told = "^here wind: expected observed steps in the test of the split fixed, found none$"
    with pytest.raises(ForecastError, match=told):
        outcomes(tmp_path, [unit], lambda *_: None)
    assert outcomes(tmp_path, [replace(unit, split=period(short, 2))], lambda *_: None)


def test_a_line_of_the_scorings_that_was_cut_off_counts_for_nothing(tmp_path: Path) -> None:
    line = "here, there wind,fixed,ridge,1\n"
    for count in range(1, len(line)):
        (tmp_path / SCORED_FILE).write_text(2 * line + line[:-count], encoding="utf-8")
        assert times_scored(tmp_path) == {("here, there wind", "fixed"): 2}


def test_scorings_that_nobody_counted_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ForecastError, match=r"scored\.csv: cannot tell how often tests were scored"):
        times_scored(tmp_path)


def test_figures_are_those_of_the_scores(done: tuple[Path, Evaluation]) -> None:
    folder, evaluation = done
    figures = figures_of(evaluation, times_scored(folder))
    row = next(one for one in figures.errors if (one.label, one.splits, one.model) == ("here wind", "fixed", "ridge"))
    sums = evaluation.outcomes["here wind", "fixed", "ridge", 1].scores.by_day[:, 0].sum(axis=0)
    assert row.horizon == 1
    assert row.hours == sums[0]
    assert row.rmse == pytest.approx((sums[1] / sums[0]) ** 0.5)
    skill = next(
        one
        for one in figures.skills
        if (one.label, one.splits, one.model, one.reference, one.measure, one.horizon)
        == ("mean of wind", "rolled", "ridge", "convex", "rmse", 1)
    )
    alone = [
        one.skill
        for one in figures.skills
        if one.label != "mean of wind"
        and (one.splits, one.model, one.reference, one.measure, one.horizon) == ("rolled", "ridge", "convex", "rmse", 1)
    ]
    assert skill.skill == pytest.approx(np.mean(alone))
    assert skill.low < skill.skill < skill.high
    assert {one.horizons for one in figures.gates} == {"1", "2 to 6", "7 to 24"}
    assert "noisy" not in {one.model for one in figures.gates}
    assert figures.scored["here wind, fixed"] == 6
    assert "one hour ahead the served model" in headline(figures)


def test_errors_of_seeds_are_averaged(done: tuple[Path, Evaluation]) -> None:
    _, evaluation = done
    days, sums = evaluation.by_day("here wind", ["fixed"], "noisy")
    both = [evaluation.outcomes["here wind", "fixed", "noisy", seed].scores.by_day for seed in (1, 2)]
    assert np.allclose(sums, np.mean(both, axis=0))
    assert (np.diff(days) > 0).all()


def test_a_model_with_fewer_seeds_counts_by_its_own(done: tuple[Path, Evaluation]) -> None:
    _, whole = done
    fewer = Evaluation(SERIES, {key: one for key, one in whole.outcomes.items() if key[2:] != ("noisy", 2)})
    alone = fewer.outcomes["here wind", "fixed", "noisy", 1].scores.by_day
    assert np.array_equal(fewer.by_day("here wind", ["fixed"], "noisy")[1], alone)
    assert (fewer.seeds_of("noisy"), whole.seeds_of("noisy")) == ((1,), (1, 2))


@pytest.mark.slow
def test_the_headline_names_what_has_fewer_seeds_unless_it_draws_nothing(done: tuple[Path, Evaluation]) -> None:
    folder, evaluation = done
    figures = figures_of(evaluation, times_scored(folder))
    assert headline(figures).endswith("Seeds 1, 2.")
    fewer = msgspec.structs.replace(figures, seeds_of={"ridge": (1,), "MLP": (1, 2), "LSTM": (1,)})
    assert headline(fewer).endswith("Seeds 1, 2; of LSTM 1.")


@pytest.mark.slow
def test_the_headline_tells_what_is_lost_for_certain_at_any_horizon(done: tuple[Path, Evaluation]) -> None:
    folder, evaluation = done
    figures = figures_of(evaluation, times_scored(folder))
    (other,) = (
        one
        for one in figures.skills
        if (one.label, one.splits, one.model, one.reference, one.measure, one.horizon)
        == ("here wind", "rolled", "served", "convex", "rmse", 24)
    )
    lost, unsure = (msgspec.structs.replace(other, skill=-0.02, low=-0.04, high=high) for high in (-0.01, 0.01))
    line = "here wind, rolled: 24 hours ahead it loses -2.0 (-4.0 to -1.0) percent of the RMSE. Seeds"
    assert line in headline(msgspec.structs.replace(figures, skills=(*figures.skills, lost)))
    assert line not in headline(msgspec.structs.replace(figures, skills=(*figures.skills, unsure)))


@pytest.mark.slow
def test_the_report_has_every_file_and_the_same_bytes(done: tuple[Path, Evaluation], tmp_path: Path) -> None:
    folder, evaluation = done
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_report(tmp_path / name, evaluation, times_scored(folder), PLOTS["paper"])
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(
        [
            *("errors.csv", "skills.csv", "table.tex", "report.md", "results.json"),
            *(
                f"{site}-wind-{what}{ending}"
                for site in ("here", "there")
                for what in ("skill", "reliability", "course")
                for ending in (".png", ".pdf", "-wide.pdf")
            ),
        ]
    )
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)
    results = json.loads((tmp_path / "one" / "results.json").read_text(encoding="utf-8"))
    with (tmp_path / "one" / "skills.csv").open(encoding="utf-8") as lines:
        assert len(list(csv.DictReader(lines))) == len(results["skills"])
    page = (tmp_path / "one" / "report.md").read_text(encoding="utf-8")
    assert "- here wind, fixed: 6" in page
    assert ".pdf" not in page
    assert "| ridge |" in page
    (skill,) = (
        one
        for one in results["skills"]
        if (one["label"], one["splits"], one["model"], one["reference"], one["measure"], one["horizon"])
        == ("mean of wind", "rolled", "served", "persistence", "crps", 1)
    )
    (row,) = (line for line in page.splitlines() if line.startswith("| mean of wind | rolled | persistence |"))
    assert f"{100 * skill['skill']:+.1f} (" in row
