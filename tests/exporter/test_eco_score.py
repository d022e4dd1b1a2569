"""Laws of the eco score, and its documented PromQL against what is exported."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from exporter.budget import Period
from exporter.core.units import Grams
from exporter.eco_score import ScoreFactor, eco_score
from exporter.eco_score import __doc__ as documentation
from tests.exporter.fakes import Machine, rig
from tests.exporter.golden_snapshot import rendered
from tests.fake_clock import FakeClock
from tests.processes import TOOL_SECONDS, program

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


def exported() -> list[Sample]:
    """Return the scraped samples of a machine with a budget after twenty samples."""
    sampling = rig(Machine(FakeClock()), limits={Period.DAY: Grams(700.0)})
    for _ in range(20):
        sampling.sample_after(5.0, utilization=0.3, bytes_per_second=4e5)
    text = rendered(sampling.now, openmetrics=False).decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def selector(labels: dict[str, str]) -> str:
    """Return labels as PromQL writes them."""
    return "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"


def documented_expressions() -> dict[str, str]:
    """Return the PromQL of the module's documentation, by the series that each works out."""
    *factors, score = re.findall(r"^ {4}(\S.*)$", documentation or "", re.MULTILINE)
    names = [f'ecotrack_eco_score_factor_ratio{{factor="{factor}"}}' for factor in ScoreFactor]
    return dict(zip([*names, "ecotrack_eco_score_ratio"], [*factors, score], strict=True))


@pytest.mark.servers
def test_prometheus_works_out_the_score_from_the_exported_series(tmp_path: Path) -> None:
    target = {"job": "ecotrack", "instance": "laptop:10110"}
    series = [
        {"series": sample.name + selector(sample.labels | target), "values": repr(sample.value)}
        for sample in exported()
    ]
    checks = [
        {
            "expr": f"abs(({expression}) - on (job, instance) {name}) < bool 1e-12",
            "eval_time": "0s",
            "exp_samples": [{"labels": selector(target), "value": 1}],
        }
        for name, expression in documented_expressions().items()
    ]
    file = tmp_path / "score.test.yml"
    file.write_text(json.dumps({"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": checks}]}))
    tested = subprocess.run(
        [program("promtool"), "test", "rules", str(file)],
        capture_output=True,
        text=True,
        timeout=TOOL_SECONDS,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
