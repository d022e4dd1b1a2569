"""The budget alerts that a machine can reach, and the load of each."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.budget import Period
from exporter.config import load_config
from exporter.core.units import BytesPerSecond, Grams, GramsPerSecond
from prometheus.budget import BURN_ALERTS, seconds
from prometheus.files import alert_groups
from prometheus.reach import (
    Load,
    Machine,
    emission_rate,
    highest_rate,
    is_reachable,
    load_for,
    machine,
    reach_table,
    threshold,
)

ROOT = Path(__file__).parents[2]
EXAMPLE = machine(load_config(ROOT / "docs/examples/laptop.yml"), BytesPerSecond(100e6 / 8))


FACTORS = {
    "EcotrackDailyBudgetFastBurn": 6.0,
    "EcotrackDailyBudgetSlowBurn": 2.0,
    "EcotrackMonthlyBudgetFastBurn": 3.0,
    "EcotrackMonthlyBudgetSlowBurn": 1.0,
}


def generated_names(machine: Machine = EXAMPLE) -> set[str]:
    return {alert.name for group in alert_groups(machine) for alert in group.alerts}


def test_factors_are_the_fraction_of_the_budget_by_the_fraction_of_the_period() -> None:
    assert {row.name: pytest.approx(row.factor) for row in BURN_ALERTS} == FACTORS


def test_the_example_machine_reaches_every_burn_rate_alert() -> None:
    assert all(is_reachable(EXAMPLE, row) for row in BURN_ALERTS)
    assert set(FACTORS) <= generated_names()


def test_an_alert_that_cannot_be_reached_is_not_generated() -> None:
    # 45 W at 475 g/kWh are 3.4 times 150 g a day, so without a network a factor of 6 is out of reach.
    offline = replace(EXAMPLE, link=BytesPerSecond(0.0))
    assert set(FACTORS) - generated_names(offline) == {"EcotrackDailyBudgetFastBurn"}


@pytest.mark.parametrize("kilograms", [100, 1000])
def test_what_an_embodied_share_leaves_brings_alerts_into_reach(tmp_path: Path, kilograms: int) -> None:
    """A limit of which less is left is burnt faster; of one that is spoken for, no alert is left out."""
    file = tmp_path / "ecotrack.yml"
    text = (ROOT / "docs/examples/laptop.yml").read_text()
    assert text.count("\nbudget:\n") == 1
    counted = text.replace("\nbudget:\n", "\nbudget:\n  include_embodied: true\n")
    file.write_text(f"{counted}\nembodied: {{kilograms: {kilograms}, purchased: 2024-03-01}}\n")
    found = machine(load_config(file), BytesPerSecond(0.0))
    share = kilograms * 1000.0 / (4.0 * 365.25)
    assert set(FACTORS) <= generated_names(found)
    assert threshold(found, BURN_ALERTS[0]) * 86400.0 == pytest.approx(6.0 * max(0.0, 150.0 - share))
    assert f"less {share:.1f} g embodied a day" in reach_table(found, BURN_ALERTS)


def test_without_a_monthly_budget_there_are_no_monthly_burn_rate_alerts() -> None:
    daily = replace(EXAMPLE, budgets={Period.DAY: Grams(150.0)})
    assert set(FACTORS) & generated_names(daily) == {"EcotrackDailyBudgetFastBurn", "EcotrackDailyBudgetSlowBurn"}


def test_the_fast_burn_needs_full_power_and_traffic() -> None:
    fast = BURN_ALERTS[0]
    load = load_for(EXAMPLE, threshold(EXAMPLE, fast))
    # 37.5 g/h are 78.9 W at 475 g/kWh: 45 W of host and 33.9 W of network, at 60 Wh per 1024^3 bytes.
    assert load.power == 45.0
    assert load.throughput * 8 / 1e6 == pytest.approx(33.9474 / 60 * 1024**3 / 3600 * 8 / 1e6, rel=1e-4)


def configured(folder: Path, grid: str) -> Machine:
    """Return a machine of the example's power and budgets on another grid."""
    (folder / "ecotrack.yml").write_text(
        f"power: {{idle_watts: 8, full_watts: 45}}\nbudget: {{day_grams: 150}}\ngrid: {grid}\n"
    )
    return machine(load_config(folder / "ecotrack.yml"), BytesPerSecond(0.0))


def test_the_fixed_figure_below_a_live_grid_leaves_no_alert_out(tmp_path: Path) -> None:
    fixed = configured(tmp_path, "{zone: FR}")
    live = configured(tmp_path, "{zone: FR, live: {provider: energy-charts}}")
    assert not any(is_reachable(fixed, row) for row in BURN_ALERTS)
    reached = [row for row in BURN_ALERTS if is_reachable(live, row)]
    assert {row.name for row in reached} == {"EcotrackDailyBudgetFastBurn", "EcotrackDailyBudgetSlowBurn"}
    table = reach_table(live, tuple(reached))
    assert f"{fixed.intensity:g} g/kWh of up to 1500" in table
    # 37.5 g/h at 45 W are 833 g/kWh.
    assert "| 37.5 g/h | full load from 833 g/kWh on | - |" in table


def test_what_is_reached_does_not_depend_on_the_hour_at_which_the_rules_are_made(tmp_path: Path) -> None:
    profile = [1] * 18 + [4] + [1] * 5
    shaped = configured(tmp_path, f"{{intensity_grams_per_kwh: 270, daily_profile: {profile}}}")
    assert shaped.intensity == pytest.approx(270)
    assert shaped.highest_intensity == pytest.approx(270 * 4 / (27 / 24))


@given(st.floats(0.01, 1.0))
def test_a_load_for_a_rate_emits_that_rate(share: float) -> None:
    idle_share = EXAMPLE.idle * EXAMPLE.intensity / 3.6e6 / highest_rate(EXAMPLE)
    rate = GramsPerSecond(highest_rate(EXAMPLE) * max(share, idle_share))
    assert emission_rate(EXAMPLE, load_for(EXAMPLE, rate)) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["", "5", "m", "1h30m", "-5m", "5w"])
def test_a_duration_without_one_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        seconds(text)


def test_the_runbooks_figures_for_the_example_hold() -> None:
    limit = load_for(EXAMPLE, GramsPerSecond(5 / 60))
    full = emission_rate(EXAMPLE, Load(power=EXAMPLE.full, throughput=BytesPerSecond(0.0)))
    idle = emission_rate(EXAMPLE, Load(power=EXAMPLE.idle, throughput=BytesPerSecond(0.0)))
    ecoguard = (ROOT / "docs/runbooks/ecoguard.md").read_text()
    assert f"{full * 60:.2f} g/min from its own electricity" in ecoguard
    assert f"about {limit.throughput * 8 / 1e6:.0f} Mbit/s" in ecoguard
    assert f"the example laptop emits {idle * 86400:.0f} g," in (ROOT / "docs/runbooks/budget.md").read_text()
