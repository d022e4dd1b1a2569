"""Panels in the weather of typical years: what tilt, direction, reflection and losses are worth."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pvlib  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pvlib import irradiance

from simulator.energy.interface import WeatherDay
from simulator.energy.solar import GROUND_ALBEDO, SolarArray
from tests.simulator.energy.typical_years import STATIONS

PLAIN = SolarArray(
    area_square_metres=1.0,
    efficiency=0.2,
    tilt_degrees=0.0,
    azimuth_degrees=180.0,
    system_losses_ratio=0.0,
    incidence_coefficient=0.0,
)


@cache
def days(station: str) -> list[WeatherDay]:
    """Return every eighth day of a station's typical year."""
    return STATIONS[station].days()[::8]


def taken_in(panel: SolarArray) -> float:
    """Return the mean irradiance in W/m2 that enters the panel."""
    return float(np.mean([panel.irradiance(day) for day in days("greensboro")]))


def test_a_horizontal_panel_takes_in_what_falls_on_the_ground() -> None:
    for day in days("greensboro"):
        assert (PLAIN.irradiance(day) == day.ghi_watts_per_square_metre).all()


def test_a_panel_that_is_hardly_tilted_is_all_but_horizontal() -> None:
    # Division into disc and sky, and their sum, lose nothing; but for the last minutes before sunset.
    assert taken_in(replace(PLAIN, tilt_degrees=1e-6)) == pytest.approx(taken_in(PLAIN), rel=1e-3)


def test_a_horizontal_panel_loses_a_tenth_at_36_degrees_north() -> None:
    # 9% by PVWatts for the same station.
    lost = 1 - taken_in(PLAIN) / taken_in(replace(PLAIN, tilt_degrees=30.0))
    assert lost == pytest.approx(0.09, abs=0.02)


def test_reflection_takes_some_three_percent() -> None:
    tilted = replace(PLAIN, tilt_degrees=30.0)
    lost = 1 - taken_in(replace(tilted, incidence_coefficient=0.05)) / taken_in(tilted)
    assert lost == pytest.approx(0.027, abs=0.005)
    flat = 1 - taken_in(replace(PLAIN, incidence_coefficient=0.05)) / taken_in(PLAIN)
    assert lost < flat < 0.05


def test_losses_take_their_share_of_every_moment() -> None:
    lossy = replace(PLAIN, system_losses_ratio=0.141)
    for day in days("greensboro"):
        assert lossy.watts(day) == pytest.approx(0.859 * PLAIN.watts(day))


def test_the_equator_is_the_best_direction_and_east_sees_the_morning() -> None:
    towards = {azimuth: replace(PLAIN, tilt_degrees=30.0, azimuth_degrees=azimuth) for azimuth in (0.0, 90.0, 180.0)}
    assert taken_in(towards[0.0]) < taken_in(towards[90.0]) < taken_in(towards[180.0])
    mean = np.mean([towards[90.0].irradiance(day) for day in days("greensboro")], axis=0)
    assert mean[:144].sum() > mean[144:].sum()


def test_tilted_irradiance_is_that_of_the_measured_parts() -> None:
    # The station tells direct and diffuse light apart; here they are estimated from their sum.
    station = STATIONS["greensboro"]
    table = pd.read_csv(station.file, skiprows=1)
    middles = pd.date_range("2025-01-01 00:30", periods=8760, freq="h", tz="Etc/GMT+5")
    sun = pvlib.solarposition.get_solarposition(middles, station.site.latitude, station.site.longitude)
    theirs = irradiance.get_total_irradiance(
        30.0,
        180.0,
        sun["apparent_zenith"].to_numpy(),
        sun["azimuth"].to_numpy(),
        table["DNI (W/m^2)"].to_numpy(),
        table["GHI (W/m^2)"].to_numpy(),
        table["DHI (W/m^2)"].to_numpy(),
        dni_extra=irradiance.get_extra_radiation(80),
        albedo=GROUND_ALBEDO,
        model="haydavies",
    )["poa_global"]
    ours = np.mean([replace(PLAIN, tilt_degrees=30.0).irradiance(day) for day in station.days()])
    assert ours == pytest.approx(np.nanmean(theirs), rel=0.03)


@settings(max_examples=40, deadline=None)
@given(
    tilt=st.floats(0, 90),
    azimuth=st.floats(0, 360),
    coefficient=st.floats(0, 0.2),
    losses=st.floats(0, 0.99),
    station=st.sampled_from(sorted(STATIONS)),
    index=st.integers(0, 45),
)
def test_no_panel_gives_more_than_the_sun(
    tilt: float, azimuth: float, coefficient: float, losses: float, station: str, index: int
) -> None:
    panel = replace(
        PLAIN,
        tilt_degrees=tilt,
        azimuth_degrees=azimuth,
        incidence_coefficient=coefficient,
        system_losses_ratio=losses,
    )
    watts = panel.watts(days(station)[index])
    assert np.isfinite(watts).all()
    assert watts.min() >= 0.0
    assert watts.max() <= 1500.0 * PLAIN.efficiency * 1.2
