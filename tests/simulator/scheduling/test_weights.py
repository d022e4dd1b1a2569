"""Weights give a direction, or are refused."""

import math

import pytest

from simulator.scenario.schema import WeightsSection
from simulator.scheduling.weights import TERMS, Weights


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
@pytest.mark.parametrize("term", TERMS)
def test_a_weight_is_finite_and_not_negative(term: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"^weights\.{term}: expected a finite number >= 0, got"):
        Weights(**{"latency": 1.0, term: value})


def test_all_zero_is_no_direction() -> None:
    with pytest.raises(ValueError, match="expected a finite sum > 0, got 0"):
        Weights()


def test_a_sum_beyond_all_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a finite sum > 0, got inf"):
        Weights(latency=1.7e308, energy=1.7e308)


def test_normalised_weights_sum_to_one_and_keep_their_proportions() -> None:
    weights = Weights(latency=0.4, energy=0.3, grid=0.3, load=0.1).normalised()
    assert weights.values() == pytest.approx([0.4 / 1.1, 0.3 / 1.1, 0.3 / 1.1, 0.0, 0.1 / 1.1])


def test_a_scenario_weighs_the_terms_of_the_score_in_their_order() -> None:
    assert WeightsSection.__struct_fields__ == TERMS
