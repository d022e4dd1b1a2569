"""Panels and turbines at points that can be worked out by hand."""

import numpy as np
import pytest

from simulator.energy.interface import POINTS_PER_DAY, Supply
from simulator.energy.solar import SolarArray
from simulator.energy.supply import LocalSupply
from simulator.energy.wind import WindTurbine
from tests.simulator.energy.places import uniform_day

PANEL = SolarArray(
    area_square_metres=2.0,
    efficiency=0.2,
    tilt_degrees=0.0,
    azimuth_degrees=180.0,
    system_losses_ratio=0.0,
    incidence_coefficient=0.0,
)
TURBINE = WindTurbine(
    rotor_square_metres=1.0,
    rated_watts=300.0,
    power_coefficient=0.3,
    hub_height_metres=10.0,
    reference_height_metres=10.0,
    cut_in=3.0,
    rated=12.0,
    cut_out=25.0,
)


@pytest.mark.parametrize(
    ("irradiance", "celsius", "watts"),
    [
        (1000.0, 25.0 - 31.25, 400.0),  # standard test conditions: cells at 25 degrees Celsius
        (800.0, 20.0, 0.92 * 320.0),  # nominal conditions: cells at 45 degrees Celsius, 20 x 0.4% less
        (0.0, 20.0, 0.0),
        (100.0, 300.0, 0.0),  # so hot that the linear correction falls below nothing
    ],
)
def test_a_panel_by_hand(irradiance: float, celsius: float, watts: float) -> None:
    assert PANEL.watts(uniform_day(irradiance=irradiance, celsius=celsius)) == pytest.approx(
        np.full(POINTS_PER_DAY, watts)
    )


@pytest.mark.parametrize(
    ("speed", "watts"),
    [
        (0.0, 0.0),
        (2.999, 0.0),
        (3.0, 0.5 * 1.225 * 27 * 0.3),
        (6.0, 0.5 * 1.225 * 216 * 0.3),
        (11.99, 300.0),  # 317 W by the cube of the speed
        (12.0, 300.0),
        (25.0, 300.0),
        (25.001, 0.0),
    ],
)
def test_a_turbine_by_hand(speed: float, watts: float) -> None:
    # At 15 degrees Celsius and sea level the standard atmosphere has 1.225 kg/m3.
    assert TURBINE.watts(uniform_day(wind=speed))[0] == pytest.approx(watts, rel=1e-4)


def test_from_its_rated_speed_on_a_turbine_gives_its_rated_power() -> None:
    feeble = WindTurbine(
        rotor_square_metres=0.1,
        rated_watts=300.0,
        power_coefficient=0.3,
        hub_height_metres=10.0,
        reference_height_metres=10.0,
        cut_in=3.0,
        rated=12.0,
        cut_out=25.0,
    )
    assert feeble.watts(uniform_day(wind=11.9))[0] < 40.0
    assert feeble.watts(uniform_day(wind=12.0))[0] == 300.0


def test_wind_grows_with_height() -> None:
    tall = WindTurbine(
        rotor_square_metres=1.0,
        rated_watts=300.0,
        power_coefficient=0.3,
        hub_height_metres=20.0,
        reference_height_metres=10.0,
        cut_in=3.0,
        rated=12.0,
        cut_out=25.0,
    )
    assert tall.hub_speed(np.array([10.0])) == pytest.approx([11.042], rel=1e-4)
    assert tall.watts(uniform_day(wind=2.8))[0] > 0.0
    assert TURBINE.watts(uniform_day(wind=2.8))[0] == 0.0


def test_thin_air_drives_less() -> None:
    sea, mountain = uniform_day(wind=6.0), uniform_day(wind=6.0, pascals=101_325.0 / 2)
    assert TURBINE.watts(mountain) == pytest.approx(TURBINE.watts(sea) / 2)


def test_a_hybrid_has_the_power_of_its_parts() -> None:
    day = uniform_day(irradiance=500.0, wind=6.0)
    power = LocalSupply(solar=PANEL, wind=TURBINE).power(day)
    assert (power.solar == PANEL.watts(day)).all()
    assert (power.wind == TURBINE.watts(day)).all()
    assert not LocalSupply(solar=PANEL).power(day).wind.any()
    assert not LocalSupply(wind=TURBINE).power(day).solar.any()


def test_without_a_supply_nothing_is_generated() -> None:
    power = LocalSupply().power(uniform_day(irradiance=1000.0, wind=12.0))
    assert power.solar.shape == power.wind.shape == (POINTS_PER_DAY,)
    assert not power.solar.any()
    assert not power.wind.any()


def test_supplies_say_what_they_are() -> None:
    supplies: list[Supply] = [
        LocalSupply(solar=PANEL),
        LocalSupply(wind=TURBINE),
        LocalSupply(solar=PANEL, wind=TURBINE),
        LocalSupply(),
    ]
    assert [one.kind for one in supplies] == ["solar", "wind", "hybrid", "grid"]
