"""Laws of the eco score, and its formula recomputed from what is exported."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from exporter.budget import Period
from exporter.core.metrics import Representation
from exporter.core.units import Grams
from exporter.eco_score import ScoreFactor, eco_score
from exporter.metrics import exposition
from tests.fakes import FakeClock, Machine, rig

quantities = st.fixed_dictionaries(
    {factor: st.one_of(st.none(), st.floats(min_value=0, max_value=1e12)) for factor in ScoreFactor}
)


@given(quantities)
def test_score_and_factors_are_between_zero_and_one_and_the_score_is_their_mean(
    given_quantities: dict[ScoreFactor, float | None],
) -> None:
    score = eco_score(given_quantities)
    known = {factor for factor, quantity in given_quantities.items() if quantity is not None}
    if score is None:
        assert not known
        return
    assert score.factors.keys() == known
    assert all(0.0 < factor <= 1.0 for factor in score.factors.values())
    assert min(score.factors.values()) <= score.value + 1e-12
    assert score.value == pytest.approx(sum(score.factors.values()) / len(known))


@given(quantities, st.sampled_from(list(ScoreFactor)), st.tuples(*[st.floats(min_value=0, max_value=1e9)] * 2))
def test_the_score_never_rises_with_a_load(
    others: dict[ScoreFactor, float | None], factor: ScoreFactor, loads: tuple[float, float]
) -> None:
    low, high = (eco_score(others | {factor: load}) for load in sorted(loads))
    assert low is not None
    assert high is not None
    assert high.factors[factor] <= low.factors[factor]
    assert high.value <= low.value + 1e-12


@given(st.floats(min_value=0, max_value=1e4))
def test_the_score_is_smooth(load: float) -> None:
    """A small step in a load is a small step in the score, with no threshold anywhere."""
    before, after = (eco_score({ScoreFactor.POWER: watts}) for watts in (load, load + 0.05))
    assert before is not None
    assert after is not None
    assert 0.0 < before.value - after.value <= 0.001


@pytest.mark.parametrize(
    ("factor", "half"),
    [
        (ScoreFactor.GRID, 475.0),
        (ScoreFactor.POWER, 50.0),
        (ScoreFactor.NETWORK, 1e6),
        (ScoreFactor.BUDGET, 1.0),
    ],
)
def test_factors_are_one_at_no_load_and_a_half_where_the_documentation_says(factor: ScoreFactor, half: float) -> None:
    nothing, at_half, thrice = (eco_score({factor: load}) for load in (0.0, half, 3 * half))
    assert nothing is not None
    assert at_half is not None
    assert thrice is not None
    assert (nothing.value, at_half.value, thrice.value) == (1.0, 0.5, 0.25)


def test_the_exported_series_are_enough_to_work_out_the_score() -> None:
    sampling = rig(Machine(FakeClock()), limits={Period.DAY: Grams(700.0)})
    for _ in range(20):
        sampling.sample_after(5.0, utilization=0.3, bytes_per_second=4e5)
    text = exposition(sampling.now).body(Representation(openmetrics=False, gzipped=False)).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def total(name: str, **labels: str) -> float:
        chosen = [one.value for one in samples if one.name == name and labels.items() <= one.labels.items()]
        assert chosen
        return sum(chosen)

    factors = {
        "grid": 1 / (1 + total("ecotrack_grid_carbon_intensity_grams_per_kwh") / 475),
        "power": 1 / (1 + total("ecotrack_power_watts", scope="host") / 50),
        "network": 1 / (1 + total("ecotrack_network_throughput_bytes_per_second") / 1e6),
        "budget": 1
        / (
            1
            + total("ecotrack_budget_projected_grams", period="day")
            / total("ecotrack_budget_limit_grams", period="day")
        ),
    }
    for name, value in factors.items():
        assert total("ecotrack_eco_score_factor_ratio", factor=name) == pytest.approx(value, rel=1e-12)
    assert total("ecotrack_eco_score_ratio") == pytest.approx(sum(factors.values()) / 4, rel=1e-12)
