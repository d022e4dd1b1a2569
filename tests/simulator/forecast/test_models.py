"""Laws of models that learn: none knows the future, each is the same after it was kept, and says when it cannot."""

import sys
from dataclasses import replace
from subprocess import run

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor  # type: ignore[import-untyped]

from simulator.arrays import FloatArray
from simulator.forecast.forest import Forest, grove_of, restore_forest
from simulator.forecast.interface import LEVELS, Fitted, ForecastError, Kind, Model, Series, targets, truth
from simulator.forecast.models.banded import Banded
from simulator.forecast.models.boosting import exported
from simulator.forecast.models.catalogue import LEARNING, MODELS, TORCH
from simulator.forecast.models.convex import Convex
from simulator.forecast.models.ensemble import FittedEnsemble
from simulator.forecast.models.mlp import answers, network
from simulator.forecast.models.persistence import Persistence
from simulator.forecast.models.ridge import Ridge
from simulator.forecast.network import learning_on
from tests.processes import TOOL_SECONDS
from tests.simulator.forecast.courses import course, series_of

EVERY = [pytest.param(one, id=one.name, marks=pytest.mark.slow) for one in LEARNING]

DAYS = 26
"""Days of training: of a day of each five, a network holds out; more only takes longer."""

fitted_models: dict[tuple[str, Kind], tuple[Series, Fitted]] = {}


def fitted_to(model: Model, kind: Kind) -> tuple[Series, Fitted]:
    """Return a course and the model that learnt from it, once for all tests."""
    if (model.name, kind) not in fitted_models:
        series = course(kind, DAYS)
        fitted_models[model.name, kind] = series, model.fit(series, 1)
    return fitted_models[model.name, kind]


def same(one: FloatArray, other: FloatArray) -> bool:
    return np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize("kind", Kind)
def test_another_future_changes_no_forecast(model: Model, kind: Kind) -> None:
    series, fitted = fitted_to(model, kind)
    origin = 24 * 12 + 14
    random = np.random.default_rng(5)
    other = replace(
        series,
        values=np.concatenate([series.values[: origin + 1], random.permutation(series.values[origin + 1 :])]),
        beside=np.concatenate([series.beside[: origin + 1], 0 * series.beside[origin + 1 :]]),
    )
    at = np.array([origin])
    told = fitted.expect(series, at)
    assert same(told.mean, fitted.expect(other, at).mean)
    assert same(told.quantiles, fitted.expect(other, at).quantiles)
    live = fitted.expect(series.observed_until(origin), at)
    assert np.allclose(told.mean, live.mean, rtol=1e-9, equal_nan=True)
    assert np.allclose(told.spread, live.spread, rtol=1e-9)


@pytest.mark.parametrize("model", EVERY)
def test_what_a_model_learns_does_not_depend_on_what_is_hidden(model: Model) -> None:
    series = course(Kind.SOLAR, DAYS)
    shown = np.arange(len(series.values)) < 24 * 20
    other = replace(series, values=np.where(shown, series.values, series.values[::-1]))
    one, two = (model.fit(each.only(shown), 1).state() for each in (series, other))
    assert one.keys() == two.keys()
    assert all(same(one[key], two[key]) for key in one)


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize("kind", Kind)
def test_a_model_is_the_same_after_it_was_kept(model: Model, kind: Kind) -> None:
    series, fitted = fitted_to(model, kind)
    again = model.restore({key: value.copy() for key, value in fitted.state().items()})
    origins = np.arange(24 * 8, 24 * 9)
    assert same(fitted.expect(series, origins).quantiles, again.expect(series, origins).quantiles)


@pytest.mark.parametrize("model", EVERY)
def test_forecasts_have_their_shapes_and_are_not_negative(model: Model) -> None:
    series, fitted = fitted_to(model, Kind.SOLAR)
    told = fitted.expect(series, np.array([100, 101, 102]))
    assert told.mean.shape == told.spread.shape == (3, 24)
    assert told.quantiles.shape == (3, len(LEVELS), 24)
    assert (np.nan_to_num(told.mean) >= 0).all()
    if model.name == "published LSTM":
        assert np.isnan(told.mean[:, 1:]).all()
        assert np.isfinite(told.mean[:, 0]).all()
    else:
        assert np.isfinite(told.mean).all()


@pytest.mark.parametrize("model", EVERY)
def test_the_same_seed_gives_the_same_model(model: Model) -> None:
    series, fitted = fitted_to(model, Kind.WIND)
    again = model.fit(series, 1).state()
    assert all(same(value, again[key]) for key, value in fitted.state().items())
    if model.draws:
        other = model.fit(series, 2).state()
        assert not all(same(value, other[key]) for key, value in fitted.state().items() if key in other)


@pytest.mark.parametrize("model", LEARNING, ids=lambda one: one.name)
@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.full(24 * 30, np.nan), id="nothing"),
        pytest.param(np.arange(20.0), id="too short"),
        pytest.param(np.where(np.arange(24 * 30) % 20, 1.0, np.nan), id="gaps in every day"),
    ],
)
def test_too_little_is_refused_in_one_line(model: Model, values: FloatArray) -> None:
    with pytest.raises(ForecastError) as refused:
        model.fit(series_of(values), 0)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("model", EVERY)
def test_a_constant_stays_what_it_is(model: Model) -> None:
    series = series_of(np.full(24 * DAYS, 40.0))
    mean = model.fit(series, 0).expect(series, np.array([200])).mean
    assert np.nanmax(np.abs(mean - 40.0)) < (15.0 if model.name == "published LSTM" else 0.5)


@pytest.mark.parametrize("name", ["ridge", *(pytest.param(one, marks=pytest.mark.slow) for one in ("boosting", "MLP"))])
def test_what_can_be_learnt_is_learnt(name: str) -> None:
    """The other supply tells of the next hour here, which no reference looks at."""
    random = np.random.default_rng(2)
    news = random.uniform(0, 100, 24 * 120)
    series = series_of(np.concatenate([[50.0], news[:-1]]), beside=news)
    origins = np.arange(24 * 8, 24 * 118)
    steps = targets(series, origins)

    def error(model: Model) -> float:
        missed = (model.fit(series, 0).expect(series, origins).mean - truth(series, steps))[:, 0]
        return float(np.sqrt(np.square(missed).mean()))

    assert error(MODELS[name]) < 0.5 * error(Convex())


def test_layers_as_arrays_equal_those_of_torch() -> None:
    import torch  # noqa: PLC0415 - takes seconds to load

    torch.manual_seed(0)
    inputs, start = np.random.default_rng(0).normal(size=(50, 3, 7)), np.linspace(-1.0, 1.0, len(LEVELS))
    built = network(7, start).double().eval()
    torch.nn.init.normal_(built.get_parameter("last.weight"))
    layers = {name: tensor.numpy() for name, tensor in built.state_dict().items()}
    with torch.inference_mode():
        expected = built(torch.tensor(inputs)).numpy()
    assert np.abs(answers([layers, layers], inputs) - expected).max() < 1e-12


def test_trees_as_arrays_equal_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    inputs = random.normal(size=(3000, 6))
    values = inputs[:, 0] * inputs[:, 1] + np.sin(3 * inputs[:, 2]) + random.normal(0, 0.1, 3000)
    for nodes in (2, 4, 31):
        learner = HistGradientBoostingRegressor(max_iter=50, max_leaf_nodes=nodes, random_state=0).fit(inputs, values)
        forest = exported(learner)
        fresh = random.normal(size=(1000, 6)) * 2
        told = forest.predict(fresh)
        assert np.abs(told - learner.predict(fresh)).max() < 1e-12
        again = restore_forest(forest.state(), 6)
        assert np.array_equal(again.predict(fresh), told)
        assert forest.predict(fresh[:0]).shape == (0,)


def forest_of(random: np.random.Generator, trees: int) -> tuple[Forest, FloatArray]:
    """Return trees that learnt a bend in noise, and inputs for them."""
    inputs = random.normal(size=(600, 3))
    learner = HistGradientBoostingRegressor(max_iter=trees, max_leaf_nodes=int(random.integers(2, 9)), random_state=0)
    return exported(learner.fit(inputs, np.abs(inputs[:, 0]) + random.normal(0, 0.1, 600))), inputs


def test_in_a_grove_each_row_walks_through_the_forests_of_its_group() -> None:
    random = np.random.default_rng(3)
    (one, inputs), (two, _), (three, _), (four, _) = (forest_of(random, 20) for _ in range(4))
    group = random.integers(0, 2, len(inputs))
    told = grove_of([(one, two), (three, four)]).predict(inputs, group)
    expected = [[one.predict(inputs), two.predict(inputs)], [three.predict(inputs), four.predict(inputs)]]
    assert np.array_equal(told, np.where(group, expected[1], expected[0]))
    with pytest.raises(ValueError, match="forests of as many trees"):
        grove_of([(one, forest_of(random, 19)[0])])


def test_models_that_correct_one_reference_tell_together_what_each_tells_alone() -> None:
    """So they may share its answer, which is its own too, and their inputs; models of several references may not."""
    series, later = course(Kind.SOLAR, DAYS), course(Kind.SOLAR, DAYS, seed=4)
    origins = np.arange(24 * 8, 24 * 9)
    one, other = Ridge().fit(series, 0), Ridge().fit(later, 0)
    reference = Convex().fit(series, 0)
    same = replace(one, reference=reference)
    shared, apart = ((one, same), (reference, one)), ((one, other), (Persistence(), one))
    for members, is_shared in (*((found, True) for found in shared), *((found, False) for found in apart)):
        together = FittedEnsemble(members)
        assert (together.reference is not None) is is_shared
        alone = [member.expect(series, origins).mean for member in members]
        assert np.array_equal(together.expect(series, origins).mean, np.mean(alone, axis=0))
        banded = Banded((together, members[0]), (6, 24)).expect(series, origins).mean
        assert np.array_equal(banded, np.concatenate([np.mean(alone, axis=0)[:, :6], alone[0][:, 6:]], axis=1))


def test_networks_learn_on_the_device_that_is_asked_for() -> None:
    import torch  # noqa: PLC0415 - takes seconds to load

    with learning_on("meta"):
        assert torch.zeros(1).device.type == "meta"
    assert torch.zeros(1).device.type == "cpu"
    with pytest.raises(ForecastError, match="there is no abacus here"), learning_on("abacus"):
        pass


@pytest.mark.parametrize(
    "damage",
    [
        {"feature": np.full((1, 3), 9.0)},
        {"left": np.full((1, 3), -1.0)},
        {"right": np.full((1, 3), 3.0)},
        {"value": np.zeros((1, 2))},
        {"threshold": np.zeros(3)},
    ],
)
def test_arrays_that_are_no_forest_are_refused(damage: dict[str, FloatArray]) -> None:
    tables = {name: np.zeros((1, 3)) for name in ("feature", "left", "right", "threshold", "value")}
    good = {**tables, "start": np.array(1.0), "depth": np.array(1.0)}
    assert restore_forest(good, 2).predict(np.zeros((1, 2))).tolist() == [1.0]
    with pytest.raises(ValueError, match="expected trees"):
        restore_forest({**good, **damage}, 2)


def test_serving_loads_nothing_that_only_learning_needs() -> None:
    code = (
        "import sys\nfrom simulator.forecast.models import catalogue\nfrom simulator.forecast import conformal\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    ended = run([sys.executable, "-c", code], capture_output=True, text=True, timeout=TOOL_SECONDS, check=True)
    assert {"torch", "sklearn", "scipy", "pandas", "pvlib", "matplotlib"} & set(ended.stdout.split()) == set()
    assert {one.name for one in LEARNING} >= TORCH
