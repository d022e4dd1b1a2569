"""Prices of credits: a file with history, one clear line for each mistake in it, and none of it on the ledger."""

from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.config import ConfigError
from simulator.assembly.credit_prices import CreditPrices, load_prices
from simulator.assembly.recordings import recording_mistakes
from simulator.run.job import Job, Method
from simulator.run.simulate import simulate
from simulator.scenario.load import load_scenario, with_prices
from simulator.scenario.schema import RunSection, Scenario
from tests.simulator.scenario.scenarios import FULL, edge
from tests.simulator.scenario.test_load import SHIPPED

HEADER = "date,dollars_per_tonne\n"
FIRST = date(2025, 1, 1)


def written(folder: Path, text: str) -> Path:
    file = folder / "prices.csv"
    file.write_text(text, encoding="utf-8")
    return file


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0, 1e6)), min_size=1, max_size=8), st.integers(0, 4000))
def test_a_price_is_in_force_until_the_next(gaps: list[tuple[int, float]], later: int) -> None:
    days, day = [], FIRST
    for gap, _ in gaps:
        day += timedelta(days=gap)
        days.append(day)
    prices = CreditPrices(path=Path("x"), days=tuple(days), dollars_per_tonne=tuple(price for _, price in gaps))
    asked = days[0] + timedelta(days=later)
    begun = [price for day, (_, price) in zip(days, gaps, strict=True) if day <= asked]
    assert prices.on(asked) == begun[-1]
    with pytest.raises(ConfigError, match=r"^x: expected a price on or before "):
        prices.on(days[0] - timedelta(days=1))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ['line 1: expected the columns date,dollars_per_tonne, got ""']),
        ("day,price\n", ['line 1: expected the columns date,dollars_per_tonne, got "day,price"']),
        (HEADER, ["expected at least one price, got none"]),
        (HEADER + "2025-01-01\n", ["line 2: expected 2 values, got 1"]),
        (HEADER + "1.1.2025,80\n", ['line 2: expected a date as 2025-03-20, got "1.1.2025"']),
        (HEADER + "2025-01-01,-1\n", ['line 2: expected dollars per tonne >= 0, got "-1"']),
        (HEADER + "2025-01-01,nan\n2025-01-02,inf\n", ["line 2: ", "line 3: "]),
        (HEADER + "2025-01-01,€80\n", ['line 2: expected dollars per tonne >= 0, got "€80"']),
        (HEADER + "2025-01-02,80\n2025-01-02,81\n", ["line 3: expected a day after 2025-01-02, got 2025-01-02"]),
        (HEADER + "x,1\n2025-01-01,y\n", ["line 2: expected a date", "line 3: expected dollars"]),
    ],
)
def test_each_mistake_is_one_line(tmp_path: Path, text: str, told: list[str]) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load_prices(file)
    assert len(raised.value.mistakes) == len(told)
    assert all(line.startswith(f"{file}: {start}") for line, start in zip(raised.value.mistakes, told, strict=True))


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for file in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(ConfigError, match=f"^{file}: cannot be read: "):
            load_prices(file)
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"date,dollars_per_tonne\n2025-01-01,\xff\n")
    with pytest.raises(ConfigError, match=f"^{broken}: expected a CSV file in UTF-8: "):
        load_prices(broken)


def test_the_price_of_the_published_model_is_one_that_is_warned_of(tmp_path: Path) -> None:
    file = written(tmp_path, HEADER + "2025-01-01,80\n2026-01-01,50000\n")
    assert list(load_prices(file).warnings()) == [
        f"{file}: $50,000 per tonne is above any carbon price in force, of which the highest was $167 in 2024"
    ]
    (tmp_path / "usual").mkdir()
    assert list(load_prices(written(tmp_path / "usual", HEADER + "2025-01-01,80\n")).warnings()) == []


def test_credits_are_worth_the_price_of_the_day_on_which_a_run_ends(tmp_path: Path) -> None:
    """The warm-up lasts until the 21st, the run until the 22nd; the same credits are worth less or more by the file."""
    scenario = edge(run=RunSection(days=1, warm_up_days=1))
    job = Job(scenario=scenario, method=Method(name="x", policy="joint"), seed=1)
    plain = simulate(job)
    file = written(tmp_path, HEADER + "2025-03-01,40\n2025-03-22,60\n2025-03-23,1000\n")
    priced = simulate(msgspec.structs.replace(job, scenario=with_prices(scenario, file)))
    assert (plain.credit_dollars, plain.cost_dollars) == (None, plain.electricity_dollars)
    assert priced.credits_grams is not None
    assert priced.credit_dollars is not None
    assert priced.credits_grams == plain.credits_grams
    assert priced.credit_dollars == pytest.approx(priced.credits_grams / 1e6 * 60)
    assert priced.cost_dollars == pytest.approx(priced.electricity_dollars - priced.credit_dollars)
    assert priced.emissions_grams == plain.emissions_grams


def test_a_scenario_names_its_prices_beside_it(tmp_path: Path) -> None:
    written(tmp_path, HEADER + "2026-01-01,80\n")
    file = tmp_path / "mine.yaml"
    source = (SHIPPED / "edge.yaml").read_text(encoding="utf-8")
    file.write_text(f"name: mine\n{source}\nledger: {{prices: prices.csv}}\n", encoding="utf-8")
    scenario = load_scenario(str(file))
    assert isinstance(scenario, Scenario)
    assert scenario.ledger.prices == str(tmp_path / "prices.csv")
    told = f"{tmp_path / 'prices.csv'}: expected a price on or before 2025-03-20, got none before 2026-01-01"
    assert list(recording_mistakes(scenario)) == [told]


def test_the_published_model_has_its_own_price(tmp_path: Path) -> None:
    published = load_scenario("published")
    assert with_prices(published, None) is published
    with pytest.raises(ConfigError, match=r"^--credit-prices: expected none with the published model, whose price is "):
        with_prices(published, tmp_path / "prices.csv")


def test_a_price_is_no_part_of_the_figures_of_a_run_without_a_ledger(tmp_path: Path) -> None:
    file = written(tmp_path, HEADER + "2025-01-01,80\n")
    scenario = with_prices(edge(run=RunSection(days=1, warm_up_days=0)), file)
    run = simulate(Job(scenario=scenario, method=msgspec.structs.replace(FULL, ledger=False), seed=1))
    assert (run.credit_dollars, run.cost_dollars) == (None, run.electricity_dollars)
