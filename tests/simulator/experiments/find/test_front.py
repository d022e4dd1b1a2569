"""The Pareto front, held against its definition by brute force."""

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulator.experiments.find.front import Point, front_of

means = st.lists(st.tuples(*[st.integers(0, 3).map(float)] * 3), max_size=8).map(
    lambda values: {f"method-{place}": value for place, value in enumerate(values)}
)


@given(means)
def test_a_method_is_on_the_front_unless_another_is_as_good_everywhere_and_better_somewhere(
    given_: dict[str, tuple[float, float, float]],
) -> None:
    table = np.array(list(given_.values())).reshape(-1, 3)
    as_good = (table[None, :, :] <= table[:, None, :]).all(axis=2)
    same = (table[None, :, :] == table[:, None, :]).all(axis=2)
    found = front_of(given_)
    assert [one.on_front for one in found] == (~(as_good & ~same).any(axis=1)).tolist()
    assert [(one.grams, one.misses, one.dollars) for one in found] == list(given_.values())


@given(means)
def test_what_is_off_the_front_is_beaten_from_it(given_: dict[str, tuple[float, float, float]]) -> None:
    found = front_of(given_)
    front = [one for one in found if one.on_front]
    assert bool(front) == bool(given_)
    for one in found:
        beaten = [
            other
            for other in front
            if other.grams <= one.grams and other.misses <= one.misses and other.dollars <= one.dollars
        ]
        assert bool(beaten)


def test_the_order_of_methods_is_nothing_and_equal_methods_stand_together() -> None:
    given_ = {"cheap": (2.0, 0.1, 1.0), "green": (1.0, 0.1, 2.0), "twin": (1.0, 0.1, 2.0), "worse": (2.0, 0.1, 2.0)}
    for order in permutations(given_):
        found = {one.method: one.on_front for one in front_of({name: given_[name] for name in order})}
        assert found == {"cheap": True, "green": True, "twin": True, "worse": False}
    assert front_of({"only": (1.0, 0.0, 0.0)}) == [
        Point(method="only", grams=1.0, misses=0.0, dollars=0.0, on_front=True)
    ]
