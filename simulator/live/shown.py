"""Amounts as the simulator's page writes them."""

from exporter.core.units import SECONDS_PER_HOUR, Joules

UNITS_OF_DATA = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
"""Decimal units of data with their bytes, the greatest first."""

MOST_SMALL = 10_000.0
"""Watts and watt hours from which on power and energy are written in thousands of them, which is shorter."""


def watts_text(watts: float) -> str:
    """Write a power in watts, a large one in kilowatts."""
    return f"{_short(watts)}W"


def energy_text(energy: Joules) -> str:
    """Write an energy in watt hours, a large one in kilowatt hours."""
    return f"{_short(energy / SECONDS_PER_HOUR)}Wh"


def _short(amount: float) -> str:
    return f"{amount:,.1f} " if amount < MOST_SMALL else f"{amount / 1000.0:,.1f} k"


def share_text(share: float) -> str:
    """Write a share in percent, and one that would read as nothing as less than the least figure, as HTML."""
    return "&lt;0.1%" if 0.0 < share < 0.0005 else f"{share:.1%}"


def bytes_text(amount: float) -> str:
    """Write an amount of data in decimal units."""
    return next((f"{amount / size:,.1f} {unit}" for unit, size in UNITS_OF_DATA if amount >= size), f"{amount:.0f} B")
