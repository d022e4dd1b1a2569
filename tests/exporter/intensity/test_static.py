"""Fixed carbon intensities: every country's average, what is said of a zone that is none, and the shape of a day."""

import csv
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.build import intensity_provider
from exporter.config import Config
from exporter.core.config import ConfigError, convert
from exporter.core.units import SECONDS_PER_HOUR, UnixSeconds
from exporter.intensity.reading import HIGHEST
from exporter.intensity.zones import zone_average

NOW = UnixSeconds(1.75e9)


def configured(grid: dict[str, object]) -> Config:
    return convert({"grid": grid, "budget": {"time_zone": "Europe/Paris"}}, Config, origin="file")


def table() -> list[dict[str, str]]:
    with files("exporter.intensity").joinpath("figures/countries.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_zone_alone_is_enough() -> None:
    reading = intensity_provider(configured({"zone": "FR"}), NOW).at(NOW)
    assert (reading.value, reading.zone, reading.method) == (56.0, "FR", "static")
    assert reading.description == "average of France in 2023"
    assert reading.basis == "average production life-cycle"


def test_every_row_of_the_table_is_a_figure_that_a_grid_can_have() -> None:
    rows = table()
    assert len(rows) > 200
    assert len({row["zone"] for row in rows}) == len(rows)
    for row in rows:
        average = zone_average(row["zone"].lower())
        assert len(average.zone) == 2
        assert average.country
        assert 0.0 < average.value <= HIGHEST
        assert 2020 <= average.year <= 2026


@pytest.mark.parametrize(("written", "meant"), [("UK", "GB"), ("EL", "GR"), (" fr ", "FR")])
def test_zones_as_people_write_them(written: str, meant: str) -> None:
    assert zone_average(written).zone == meant


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("Germany", "DE (Germany)"), ("Grmany", "DE (Germany)"), ("FRA", "FR (France)"), ("united kingdom", "GB")],
)
def test_a_wrong_zone_names_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured({"zone": wrong})
    assert str(caught.value).startswith(f'file: grid.zone: expected the two letters of a country, got "{wrong}"')
    assert near in str(caught.value)


@given(zone=st.text(min_size=1, max_size=64))
def test_any_text_is_a_zone_or_is_refused_with_others(zone: str) -> None:
    try:
        assert zone_average(zone).value > 0.0
    except ValueError as error:
        assert "the nearest are " in str(error)


@given(profile=st.lists(st.floats(0.0, 100.0), min_size=24, max_size=24).filter(any))
@example(profile=[0.0] * 23 + [5e-324])
def test_a_daily_profile_keeps_the_mean_of_a_day(profile: list[float]) -> None:
    provider = intensity_provider(configured({"zone": "FR", "daily_profile": profile}), NOW)
    values = [provider.at(UnixSeconds(NOW + hour * SECONDS_PER_HOUR)).value for hour in range(24)]
    assert sum(values) / 24 == pytest.approx(zone_average("FR").value)


def test_a_daily_profile_follows_the_clock_of_the_budgets() -> None:
    profile = [1.0] * 24
    profile[18] = 25.0
    provider = intensity_provider(configured({"intensity_grams_per_kwh": 100, "daily_profile": profile}), NOW)
    evening = UnixSeconds(1751388300.0)  # 2025-07-01 16:45 UTC
    assert provider.at(evening).value == pytest.approx(1250.0)
    assert provider.at(UnixSeconds(evening - SECONDS_PER_HOUR)).value == pytest.approx(50.0)
