"""A model and the reference behind it: each band has both, and a checkpoint that cannot be asked is refused."""

from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from simulator.forecast.checkpoint import first_of, save
from simulator.forecast.interface import Kind
from simulator.forecast.models.climatology import Climatology
from simulator.forecast.models.convex import Convex
from simulator.forecast.models.ridge import Ridge
from simulator.forecast.pair import BEHIND_CONVEX, Pair, kept_pair, learn_pair, pair_of, sole_pair
from tests.simulator.forecast.courses import course


@cache
def learnt() -> Pair:
    return learn_pair([Convex(), Ridge()], course(Kind.WIND, 90), 1)


@pytest.mark.parametrize("kind", Kind)
def test_behind_the_convex_reference_stands_the_best_that_needs_no_history(kind: Kind) -> None:
    pair = learn_pair([Convex()], course(kind, 60), 1)
    assert pair.models == ("convex",) * 3
    assert pair.references == BEHIND_CONVEX[kind]


def test_behind_any_other_model_stands_convex() -> None:
    pair = learnt()
    assert set(pair.models) <= {"convex", "ridge"}
    behind = dict(zip(pair.models, pair.references, strict=True))
    assert behind == {name: "persistence" if name == "convex" else "convex" for name in pair.models}
    assert len(pair.reasons) == len(pair.ends) == 3


def test_a_pair_survives_as_arrays() -> None:
    pair, series, origin = learnt(), course(Kind.WIND, 10), np.array([200])
    again = pair_of(pair.arrays(), pair.reasons)
    assert (again.models, again.references, again.ends) == (pair.models, pair.references, pair.ends)
    for one, other in ((pair.model, again.model), (pair.reference, again.reference)):
        assert np.array_equal(one.quantiles(series, origin), other.quantiles(series, origin))


def test_the_model_of_a_checkpoint_is_served(tmp_path: Path) -> None:
    path, pair = tmp_path / "mine.npz", learnt()
    save(path, pair.heading, pair.model)
    series = course(Kind.WIND, 90, seed=4)
    found, refused = first_of([path], series)
    assert found is not None
    kept = kept_pair(found, series)
    assert kept.models == pair.models
    assert kept.reasons == ("it won on validation days of history, in mine.npz",) * 3
    assert refused == ""


def test_a_checkpoint_of_another_kind_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    save(path, learnt().heading, learnt().model)
    assert first_of([path], course(Kind.SOLAR, 60)) == (None, "")


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"step_seconds": 1800.0}, "expected a model of wind in steps of 3600 s, got one of wind in steps of 1800 s"),
        ({"kind": Kind.SOLAR}, ""),
    ],
)
def test_a_checkpoint_that_cannot_serve_is_refused_in_a_line(
    changed: dict[str, object], line: str, tmp_path: Path
) -> None:
    damaged, other = tmp_path / "damaged.npz", tmp_path / "other.npz"
    damaged.write_text("nothing")
    save(other, msgspec.structs.replace(learnt().heading, **changed), learnt().model)
    found, refused = first_of([damaged, other], course(Kind.WIND, 60))
    assert found is None
    told = f"{damaged}: expected arrays in an .npz file: it is none, or damaged"
    assert refused == (f"{told}; {other}: {line}" if line else told)


def test_a_model_that_was_asked_for_competes_with_nobody() -> None:
    pair = sole_pair(Climatology(), "as asked for", course(Kind.WIND, 60), 1)
    assert (pair.models, pair.references, pair.reasons) == (
        ("climatology",) * 3,
        ("convex",) * 3,
        ("as asked for",) * 3,
    )
