"""Devices keep their citations, and operating points their physics."""

import numpy as np
import pytest

from simulator.hardware.device import LEVELS, REFERENCE, Device
from simulator.hardware.dvfs import operating_points
from simulator.hardware.shipped import DEVICES, PROFILED
from simulator.models.profile import MODELS

CITED_WATTS = {
    "raspberry-pi-4": (2.7, 6.4),
    "raspberry-pi-5": (3.1, 11.0),
    "jetson-nano": (2.4, 10.0),
    "jetson-orin-nano": (7.0, 15.0),
    "intel-nuc": (10.5, 48.0),
    "amd-ryzen": (40.0, 95.0),
    "radxa-rock-5b": (3.6, 12.0),
}
"""Idle and full power as the sources that each device names give them."""

every_device = pytest.mark.parametrize("device", DEVICES.values(), ids=lambda device: device.name)


def test_every_device_has_a_citation_here() -> None:
    assert set(DEVICES) == set(CITED_WATTS)


def test_the_reference_device_has_speed_one() -> None:
    assert DEVICES[REFERENCE].speed == 1


@every_device
def test_power_is_within_two_percent_of_the_citation(device: Device) -> None:
    idle, full = CITED_WATTS[device.name]
    assert device.idle_watts == pytest.approx(idle, rel=0.02)
    assert operating_points(device).active_watts[-1] == pytest.approx(full, rel=0.02)


@every_device
def test_each_figure_has_a_source_with_a_year(device: Device) -> None:
    for figure in ("power", "frequency", "speed", "compression"):
        assert figure in device.source.lower()
    assert "(2025)" in device.source or any(f", {year})" in device.source for year in range(2010, 2027))


@every_device
def test_operating_points_trade_time_for_power(device: Device) -> None:
    points = operating_points(device)
    assert len(points.frequency_hertz) == len(points.time_factor) == len(points.active_watts) == LEVELS
    assert np.all(np.diff(points.frequency_hertz) > 0)
    assert np.all(np.diff(points.time_factor) < 0)
    assert np.all(np.diff(points.active_watts) > 0)
    assert np.all(points.active_watts > device.idle_watts)


@every_device
def test_the_last_point_is_full_frequency(device: Device) -> None:
    points = operating_points(device)
    assert points.frequency_hertz[0] == device.minimum_hertz
    assert points.frequency_hertz[-1] == device.maximum_hertz
    assert points.time_factor[-1] == 1
    assert points.active_watts[-1] == device.full_watts


@every_device
def test_no_point_is_slower_than_its_clock(device: Device) -> None:
    points = operating_points(device)
    assert np.all(points.time_factor <= device.maximum_hertz / points.frequency_hertz)


def test_the_most_frugal_point_may_lie_between_the_slowest_and_the_fastest() -> None:
    device = DEVICES["raspberry-pi-4"]
    points = operating_points(device)
    extra = (points.active_watts - device.idle_watts) * points.time_factor
    assert 0 < np.argmin(extra) < LEVELS - 1


def test_slowing_down_saves_power_faster_than_clocks_fall() -> None:
    # Lower voltage comes on top: that is why scaling saves energy at all.
    device = DEVICES["raspberry-pi-5"]
    points = operating_points(device)
    dynamic = points.active_watts - device.idle_watts
    steady = 0.3 * dynamic[-1]
    assert np.all(
        (dynamic - steady)[:-1] / (dynamic - steady)[-1] < (points.frequency_hertz / device.maximum_hertz)[:-1]
    )


@every_device
def test_figures_by_model_are_of_models_that_there_are(device: Device) -> None:
    assert set(device.speeds) | set(device.compression) <= set(MODELS)


def test_a_model_that_was_not_measured_runs_at_the_default_speed() -> None:
    device = DEVICES["jetson-orin-nano"]
    assert device.speed_of("cnn") == 5.3
    assert device.speed_of("lstm") == device.speed == 0.72


def test_a_device_has_compression_of_its_own_or_the_profile() -> None:
    assert set(PROFILED) <= set(DEVICES)
    assert not any(DEVICES[name].compression for name in PROFILED)
    for device in DEVICES.values():
        assert ("shipped profile" in device.source) == (device.name in PROFILED)
