"""Physical units as types, and the only conversions between them.

Inside the program everything is SI: joules, watts, seconds, grams, bytes. Kilowatt hours appear only where people
read or write them, and only through this module.
"""

from typing import NewType

Watts = NewType("Watts", float)
Joules = NewType("Joules", float)
Seconds = NewType("Seconds", float)
Grams = NewType("Grams", float)
GramsPerSecond = NewType("GramsPerSecond", float)
GramsPerKwh = NewType("GramsPerKwh", float)
"""Carbon intensity of electricity, in the field's own unit."""
JoulesPerByte = NewType("JoulesPerByte", float)
BytesPerSecond = NewType("BytesPerSecond", float)
UnixSeconds = NewType("UnixSeconds", float)
"""A point in civil time: seconds since 1970-01-01T00:00:00Z. It can be stepped."""
MonotonicSeconds = NewType("MonotonicSeconds", float)
"""A point on a clock that never steps and stands still while the machine is suspended."""
Ratio = NewType("Ratio", float)
"""A dimensionless number, normally in [0, 1]."""

JOULES_PER_KWH = 3.6e6
GRAMS_PER_KILOGRAM = 1000.0
BYTES_PER_DECIMAL_GB = 10**9
BYTES_PER_BINARY_GB = 1024**3
SECONDS_PER_HOUR = 3600.0
SECONDS_PER_MINUTE = 60.0
HOURS_PER_DAY = 24
DAYS_PER_WEEK = 7
DAYS_PER_YEAR = 365.25
SECONDS_PER_DAY = HOURS_PER_DAY * SECONDS_PER_HOUR
BITS_PER_BYTE = 8
BITS_PER_MEGABIT = 1e6


def energy(power: Watts, duration: Seconds) -> Joules:
    """Return the energy of a constant power over a duration."""
    return Joules(power * duration)


def kwh_per_gb(value: float, bytes_per_gb: int) -> JoulesPerByte:
    """Convert an energy intensity of data from kWh per GB, whichever GB its source means."""
    return JoulesPerByte(value * JOULES_PER_KWH / bytes_per_gb)


def to_kwh(spent: Joules) -> float:
    """Convert joules to kilowatt hours."""
    return spent / JOULES_PER_KWH


def megabits_per_second(rate: BytesPerSecond) -> float:
    """Convert bytes per second to Mbit/s."""
    return rate * BITS_PER_BYTE / BITS_PER_MEGABIT
