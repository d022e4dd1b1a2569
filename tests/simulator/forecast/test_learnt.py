"""The model that is served: the one that was asked for, or the next best with a reason."""

import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.forecast.checkpoint import TRAINED
from simulator.forecast.interface import Kind
from simulator.forecast.learnt import BEST, BY_CHOICE, learn, parts
from simulator.forecast.models.persistence import SmartPersistence
from tests.simulator.forecast.courses import course

SHIPPED = TRAINED / "greensboro-solar.npz"
SUN, GRID = course(Kind.SOLAR, 90, 1), course(Kind.INTENSITY, 90, 2)


@pytest.mark.parametrize("choice", [choice for choice in BY_CHOICE if choice != "published-lstm"])
def test_what_is_asked_for_is_served(choice: str) -> None:
    learnt = learn(choice, SUN)
    assert (learnt.model, learnt.why) == (BY_CHOICE[choice], "as asked for")
    assert np.isfinite(learnt.fitted.expect(SUN, np.array([500])).mean).all()


def test_what_is_usual_of_a_grid_goes_by_the_hour_of_the_week() -> None:
    assert learn("climatology", GRID).model == "hour of week"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no trees learn, which takes long where other programs are at work."""
    monkeypatch.setitem(sys.modules, "sklearn", None)


@pytest.mark.usefixtures("quick")
def test_the_best_is_chosen_on_days_that_calibrate_nothing_and_none_tests() -> None:
    split = parts(SUN)
    assert (split.training ^ split.calibration).all()
    assert (split.training >= split.validation).all()
    assert split.validation.any()
    assert not split.test.any()


@pytest.mark.usefixtures("quick")
def test_a_checkpoint_of_the_kind_is_the_best_and_serves_no_other() -> None:
    learnt = learn(BEST, SUN, [SHIPPED])
    assert learnt.model == "MLP and ridge"
    assert learnt.why == "it won on validation days of fixed, in greensboro-solar.npz"
    assert "greensboro" not in learn(BEST, GRID, [SHIPPED]).why
    assert learn("convex", SUN, [SHIPPED]).model == "convex"


@pytest.mark.usefixtures("quick")
def test_a_checkpoint_that_cannot_be_read_gives_way_to_the_next_and_the_last_to_the_gate(tmp_path: Path) -> None:
    none = tmp_path / "none.npz"
    assert learn(BEST, SUN, [none, SHIPPED]).why == learn(BEST, SUN, [SHIPPED]).why
    learnt, own = learn(BEST, SUN, [none]), learn(BEST, SUN)
    assert learnt.model == own.model
    assert learnt.why == f"{none}: cannot be read: No such file or directory; {own.why}"


def test_without_torch_the_next_best_is_served_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    learnt = learn("published-lstm", SUN)
    assert (learnt.model, learnt.why) == ("convex", "published LSTM needs torch, which is not installed")


@pytest.mark.usefixtures("quick")
def test_without_scikit_learn_the_gate_chooses_among_the_others() -> None:
    assert set(learn(BEST, SUN).model.split(" and ")) <= {"convex", "ridge", "MLP"}


@pytest.mark.usefixtures("quick")
def test_too_short_a_history_is_served_by_what_learns_nothing() -> None:
    dark = course(Kind.SOLAR, 1).only(np.zeros(24, dtype=np.bool_))
    for choice in ("convex", BEST):
        learnt = learn(choice, dark)
        assert learnt.model == "smart persistence"
        assert "expected" in learnt.why
        assert isinstance(learnt.fitted, SmartPersistence)
