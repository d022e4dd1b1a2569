"""The conversions, worked by hand."""

import pytest

from exporter.core.units import (
    BYTES_PER_BINARY_GB,
    BYTES_PER_DECIMAL_GB,
    BytesPerSecond,
    Joules,
    Seconds,
    Watts,
    energy,
    kwh_per_gb,
    megabits_per_second,
    to_kwh,
)


def test_a_kilowatt_for_an_hour_is_a_kilowatt_hour() -> None:
    assert to_kwh(energy(Watts(1000.0), Seconds(3600.0))) == 1.0


def test_the_two_gigabytes_differ_by_seven_percent() -> None:
    assert kwh_per_gb(0.06, BYTES_PER_BINARY_GB) * 1024**3 == pytest.approx(216_000.0)
    assert kwh_per_gb(0.06, BYTES_PER_DECIMAL_GB) * 1e9 == pytest.approx(216_000.0)
    ratio = kwh_per_gb(1.0, BYTES_PER_DECIMAL_GB) / kwh_per_gb(1.0, BYTES_PER_BINARY_GB)
    assert ratio == pytest.approx(1.073741824, rel=1e-12)


def test_a_byte_has_eight_bits_and_a_megabit_a_million() -> None:
    assert megabits_per_second(BytesPerSecond(1e6)) == 8.0


def test_joules_are_not_rounded() -> None:
    assert to_kwh(Joules(1.8)) == pytest.approx(5e-7, rel=1e-12)
