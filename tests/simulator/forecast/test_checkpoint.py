"""Checkpoints: they come back as they were, and whatever is wrong with a file is said in one line."""

import json
from pathlib import Path

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from simulator.forecast.checkpoint import TRAINED, Heading, load, require_fit, require_same_data, save, versions
from simulator.forecast.conformal import Calibrated
from simulator.forecast.evaluate import validated
from simulator.forecast.gate import choose
from simulator.forecast.interface import ForecastError, Kind, Model, Series
from simulator.forecast.models.banded import Banded
from simulator.forecast.models.boosting import Boosting
from simulator.forecast.models.convex import Convex
from simulator.forecast.models.lstm import Lstm
from simulator.forecast.models.published_lstm import PublishedLstm
from simulator.forecast.models.ridge import Ridge
from simulator.forecast.scores import COLUMN
from simulator.forecast.splits import fixed_split
from simulator.forecast.training import train
from tests.simulator.forecast.courses import course

YEAR = course(Kind.WIND, 150)


@pytest.fixture(scope="module")
def trained() -> tuple[Heading, Calibrated]:
    return trained_from(Convex())


def trained_from(*models: Model, series: Series = YEAR) -> tuple[Heading, Calibrated]:
    """Train models on the fixed split of a series."""
    return train(models, series, fixed_split(YEAR), 1, lambda *_: None)[:2]


def forced(model: Model) -> tuple[Heading, Calibrated]:
    """Return a checkpoint of this model for the next hour, whatever the gate would say, and of the reference beyond."""
    heading, calibrated = trained_from(Convex())
    assert isinstance(calibrated.fitted, Banded)
    reference = calibrated.fitted.fitted[0]
    served = Banded((model.fit(YEAR, 1), reference, reference), (1, 6, 24))
    names = (model.name, "convex", "convex")
    heading = msgspec.structs.replace(heading, models=names, versions=versions(names))
    return heading, Calibrated(served, calibrated.moves)


def refusal(path: Path) -> str:
    """Load a file that is to be refused, and return the line."""
    with pytest.raises(ForecastError) as refused:
        load(path)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize("model", [Convex(), Boosting(), Lstm(), PublishedLstm()], ids=lambda one: one.name)
def test_a_checkpoint_comes_back_as_it_was(model: Model, tmp_path: Path) -> None:
    heading, calibrated = forced(model)
    save(tmp_path / "one.npz", heading, calibrated)
    again, back = load(tmp_path / "one.npz")
    assert again == heading
    assert ("torch" in heading.versions) == (model.name in {"LSTM", "published LSTM"})
    origins = np.arange(100, 130)
    assert np.array_equal(back.quantiles(YEAR, origins), calibrated.quantiles(YEAR, origins), equal_nan=True)
    assert [path.name for path in tmp_path.iterdir()] == ["one.npz"]


def test_the_test_part_is_no_part_of_a_checkpoint(trained: tuple[Heading, Calibrated]) -> None:
    split = fixed_split(YEAR)
    other, calibrated = trained_from(Convex(), series=YEAR.only(~split.test))
    assert other.validation == trained[0].validation
    assert np.array_equal(calibrated.moves, trained[1].moves)


def test_the_best_on_validation_days_is_kept() -> None:
    told: list[tuple[int, int]] = []
    split = fixed_split(YEAR)
    heading, _, choices = train([Convex(), Ridge()], YEAR, split, 1, lambda *done: told.append(done))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert heading.candidates == ("convex", "ridge")
    assert heading.models == tuple(one.model for one in choices)
    assert [(one.begin, one.end) for one in choices] == [(0, 1), (1, 6), (6, 24)]
    scores = {one.name: validated(one.fit(YEAR.only(split.fitting), 1), YEAR, split) for one in (Convex(), Ridge())}
    assert choices == choose(scores)
    for one in choices:
        sums = scores[one.model][:, one.begin : one.end].sum(axis=0)
        rooted = np.sqrt(sums[:, COLUMN["squared"]] / sums[:, COLUMN["count"]])
        assert np.allclose(heading.validation[one.begin : one.end], rooted)


def test_what_is_no_checkpoint_is_one_line(tmp_path: Path, trained: tuple[Heading, Calibrated]) -> None:
    path = tmp_path / "one.npz"
    assert refusal(path).endswith("cannot be read: No such file or directory")
    path.write_bytes(b"")
    assert "it is none, or damaged" in refusal(path)
    path.write_text("torch", encoding="utf-8")
    assert "it is none, or damaged" in refusal(path)
    np.savez(path, heading=np.array([{"a": 1}], dtype=object))
    assert "it is none, or damaged" in refusal(path)
    np.savez(path, other=np.zeros(3))
    assert "expected a checkpoint with a heading of format 2" in refusal(path)
    save(path, *trained)
    path.write_bytes(path.read_bytes()[:-200])
    assert "it is none, or damaged" in refusal(path)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", 1, "expected format 2, got format 1: train it anew"),
        ("models", ["oracle"], "got oracle"),
        ("models", ["ridge"] * 3, "its arrays do not fit ridge, ridge, ridge"),
        ("models", ["boosting"] * 3, "its arrays do not fit boosting"),
        ("models", ["LSTM"] * 3, "its arrays do not fit LSTM"),
        ("models", ["convex"], "its arrays do not fit convex"),
        ("horizons", 5, "its arrays do not fit convex"),
        ("kind", "tidal", "expected a checkpoint with a heading"),
        ("more", 1, "expected a checkpoint with a heading"),
    ],
)
def test_a_heading_that_does_not_fit_is_one_line(
    tmp_path: Path, trained: tuple[Heading, Calibrated], key: str, value: object, said: str
) -> None:
    path = tmp_path / "one.npz"
    save(path, *trained)
    with np.load(path) as kept:
        arrays = {name: kept[name] for name in kept.files}
    heading = {**json.loads(str(arrays.pop("heading"))), key: value}
    np.savez(path, heading=np.array(json.dumps(heading)), **arrays)
    assert said in refusal(path)


def test_numbers_that_are_none_are_refused(tmp_path: Path, trained: tuple[Heading, Calibrated]) -> None:
    path = tmp_path / "one.npz"
    save(path, *trained)
    with np.load(path) as kept:
        arrays = {name: kept[name] for name in kept.files}
    arrays["model.0.weights"] = arrays["model.0.weights"] * np.nan
    np.savez(path, **arrays)
    assert "expected finite numbers, got others in model.0.weights" in refusal(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(place=st.floats(0, 1), byte=st.integers(0, 255))
def test_any_damaged_byte_is_refused_or_harmless(
    tmp_path: Path, trained: tuple[Heading, Calibrated], place: float, byte: int
) -> None:
    path = tmp_path / "one.npz"
    save(path, *trained)
    data = bytearray(path.read_bytes())
    data[int(place * (len(data) - 1))] = byte
    path.write_bytes(bytes(data))
    try:
        load(path)[1].quantiles(YEAR, np.array([100]))
    except ForecastError as refused:
        assert "\n" not in str(refused)


def test_a_model_of_something_else_is_refused(tmp_path: Path, trained: tuple[Heading, Calibrated]) -> None:
    path = tmp_path / "one.npz"
    with pytest.raises(ForecastError, match="expected a model of solar in steps of 3600 s, got one of wind"):
        require_fit(path, trained[0], course(Kind.SOLAR, 2))
    require_fit(path, trained[0], YEAR)
    require_same_data(path, trained[0], YEAR)
    with pytest.raises(ForecastError, match="its model learnt from other data than these"):
        require_same_data(path, trained[0], course(Kind.WIND, 150, seed=2))


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, trained: tuple[Heading, Calibrated]) -> None:
    with pytest.raises(ForecastError, match=r"gone/one\.npz: cannot be written: No such file"):
        save(tmp_path / "gone" / "one.npz", *trained)


def test_what_is_shipped_is_small_and_can_be_asked() -> None:
    paths = sorted(TRAINED.glob("*.npz"))
    assert [path.name for path in paths] == ["greensboro-solar.npz"]
    for path in paths:
        assert path.stat().st_size < 2_000_000
        heading, calibrated = load(path)
        require_fit(path, heading, course(Kind.SOLAR, 2))
        quantiles = calibrated.quantiles(course(Kind.SOLAR, 10), np.array([24 * 10 - 1]))[0]
        assert np.isfinite(quantiles).all()
        assert (np.diff(quantiles, axis=0) >= 0).all()
