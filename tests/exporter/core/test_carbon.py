"""Energy times intensity, worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.carbon import GRID_FACTORS, emission_rate, emissions
from exporter.core.units import GramsPerKwh, Joules, Seconds, UnixSeconds, Watts, energy
from exporter.intensity.static import configured_intensity, preset_intensity

NEW_YEAR_2019 = 1_546_300_800.0
"""2019-01-01T00:00:00Z, when the year 2018 of the IEA's average is over."""


def test_a_kilowatt_hour_emits_its_intensity() -> None:
    assert emissions(Joules(3.6e6), GramsPerKwh(475.0)) == 475.0


def test_a_hundred_watts_at_475_emit_47_and_a_half_grams_an_hour() -> None:
    assert emission_rate(Watts(100.0), GramsPerKwh(475.0)) * 3600 == pytest.approx(47.5, rel=1e-12)


@given(
    power=st.floats(min_value=0, max_value=1e6).map(Watts),
    duration=st.floats(min_value=0, max_value=1e9).map(Seconds),
    intensity=st.floats(min_value=0, max_value=2000).map(GramsPerKwh),
)
def test_rate_times_time_is_the_emissions(power: Watts, duration: Seconds, intensity: GramsPerKwh) -> None:
    emitted = emissions(energy(power, duration), intensity)
    assert emission_rate(power, intensity) * duration == pytest.approx(emitted, rel=1e-9, abs=1e-300)


def test_a_preset_is_the_same_at_any_time_and_as_old_as_its_year() -> None:
    provider = preset_intensity("ecotrack")
    reading = provider.at(UnixSeconds(0.0))
    assert reading == provider.at(UnixSeconds(2e9))
    assert (reading.value, reading.zone, reading.described_at) == (475.0, "world", NEW_YEAR_2019)


def test_the_users_figure_describes_the_moment_it_was_loaded() -> None:
    reading = configured_intensity(GramsPerKwh(56.0), "FR", UnixSeconds(1e9)).at(UnixSeconds(2e9))
    assert (reading.value, reading.zone, reading.described_at) == (56.0, "FR", 1e9)


@pytest.mark.parametrize(("preset", "value"), [("ecotrack", 475.0), ("cep", 500.0)])
def test_the_documents_intensities(preset: str, value: float) -> None:
    assert GRID_FACTORS[preset].value == value
    assert GRID_FACTORS[preset].unit == "g/kWh"
