"""Effects recovered from models that are planted."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t, ttest_1samp  # type: ignore[import-untyped]

from simulator.experiments.find.analysis import Row
from simulator.experiments.find.contrasts import EFFECT_MEASURES, factorial_of
from simulator.experiments.find.effects import Effect, Factorial
from simulator.experiments.find.statistics import holm
from simulator.experiments.plan.cases import Case
from simulator.experiments.plan.design import FRACTION, FULL_FACTORIAL, LEVERS, Design, Word, sign_of
from simulator.run.job import Job, Method
from tests.simulator.scenario.scenarios import edge

SEEDS = 5
GRAMS = "emissions_grams"
WORDS = (("place",), ("dvfs",), ("place", "dvfs"), ("shift", "compression"), ("dvfs", "move"))
"""A few effects, two of which the fraction mixes."""


def planted(design: Design, effects: Mapping[Word, Sequence[float]], level: float = 1000.0) -> list[Row]:
    """Return runs whose grams are a level, which differs by seed, and half of each effect with its sign."""
    rows = []
    for on in design.runs():
        name = design.label(on)
        runs = [
            {GRAMS: level + 100.0 * seed + sum(sign_of(word, on) * by[seed] / 2 for word, by in effects.items())}
            for seed in range(SEEDS)
        ]
        job = Job(scenario=edge(), method=Method(name=name, policy="joint"), seed=0)
        rows.append(Row(case=Case(label=name, work=job), label=name, runs=runs))
    return rows


def by_word(found: Factorial) -> dict[Word, Effect]:
    """Return effects of grams by each of their words."""
    return {frozenset(word): one for one in found.effects for word in (one.factors, *one.aliases)}


planted_effects = st.lists(
    st.lists(st.floats(-50.0, 50.0), min_size=SEEDS, max_size=SEEDS), min_size=len(WORDS), max_size=len(WORDS)
).map(lambda values: dict(zip(map(frozenset, WORDS), values, strict=True)))


@settings(max_examples=10)
@given(effects=planted_effects, design=st.sampled_from([FRACTION, FULL_FACTORIAL]))
def test_a_planted_model_is_recovered(effects: dict[Word, list[float]], design: Design) -> None:
    found = factorial_of(planted(design, effects), design)
    assert len(found.effects) == (14 if design is FRACTION else 28)
    for one in found.effects:
        expected = np.zeros(SEEDS)
        for word in (one.factors, *one.aliases):
            expected += effects.get(frozenset(word), np.zeros(SEEDS))
        assert one.difference.mean == pytest.approx(expected.mean(), abs=1e-12 * 1000)
        half = t.ppf(0.975, SEEDS - 1) * expected.std(ddof=1) / np.sqrt(SEEDS)
        assert one.difference.high - one.difference.mean == pytest.approx(half, abs=1e-9)
        assert one.relative is not None
        assert one.relative.mean == pytest.approx(expected.mean() / 1200.0, abs=1e-12)
        if expected.std() > 1e-3:
            assert one.p_value == pytest.approx(ttest_1samp(expected, 0.0).pvalue, rel=1e-6)
    assert [one.adjusted for one in found.effects] == holm([one.p_value for one in found.effects])


def test_the_fraction_shows_mixed_interactions_as_their_sum_and_the_full_design_each() -> None:
    effects = {
        frozenset({"place", "dvfs"}): [4.0, 5.0, 6.0, 5.0, 5.0],
        frozenset({"sleep", "move"}): [-4.0, -5.0, -6.0, -5.0, -5.0],
    }
    mixed = by_word(factorial_of(planted(FRACTION, effects), FRACTION))
    one = mixed[frozenset({"place", "dvfs"})]
    assert one is mixed[frozenset({"sleep", "move"})]
    assert one.name == "place \u00d7 dvfs + compression \u00d7 shift + sleep \u00d7 move"
    assert (one.difference.mean, one.p_value) == (0.0, 1.0)
    apart = by_word(factorial_of(planted(FULL_FACTORIAL, effects), FULL_FACTORIAL))
    for word, values in effects.items():
        assert apart[word].aliases == []
        assert apart[word].difference.mean == pytest.approx(np.mean(values))


def test_interactions_of_three_levers_are_no_effect_where_they_are_told_apart() -> None:
    three = frozenset({"place", "dvfs", "batteries"})
    rows = {design.name: planted(design, {three: [5.0, 6.0, 5.0, 6.0, 5.0]}) for design in (FRACTION, FULL_FACTORIAL)}
    for design in (FRACTION, FULL_FACTORIAL):
        found = factorial_of(rows[design.name], design)
        assert {one.difference.mean for one in found.effects} == {0.0}
        (higher,) = [one for one in found.higher if set(one.factors) == three]
        assert higher.difference.mean == pytest.approx(5.4)
        assert higher.adjusted < 0.05


def test_a_lever_that_changes_nothing_has_no_effect_alone_or_with_others() -> None:
    random = np.random.default_rng(3)
    live = [lever for lever in LEVERS if lever != "compression"]
    words = [frozenset({one, other}) for one in live for other in live]
    effects = {word: random.normal(0.0, 7.0, SEEDS).tolist() for word in words}
    found = by_word(factorial_of(planted(FULL_FACTORIAL, effects, level=0.1), FULL_FACTORIAL))
    for word, one in found.items():
        if "compression" in word:
            assert (one.difference.mean, one.difference.low, one.difference.high) == (0.0, 0.0, 0.0)
            assert (one.p_value, one.adjusted) == (1.0, 1.0)
        else:
            assert one.difference.mean != 0.0


def test_a_measure_that_a_run_lacks_has_no_effects() -> None:
    found = factorial_of(planted(FRACTION, {}), FRACTION)
    assert {one.measure for one in (*found.effects, *found.higher)} == {GRAMS} < set(EFFECT_MEASURES)
    assert found.generators[0] == ["shift", "place", "dvfs", "compression"]
    assert found.relation[0] == ["place", "dvfs", "compression", "shift"]
