"""How figures read: their headings, units and digits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.core.units import JOULES_PER_KWH
from simulator.experiments.outcomes import Estimate
from simulator.experiments.statistics import Interval

WATT_HOURS_PER_JOULE = 1000.0 / JOULES_PER_KWH
PERCENT = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A measure as people read it: figures in SI are multiplied by `factor` to get `unit`."""

    heading: str
    unit: str
    factor: float = 1.0

    @property
    def title(self) -> str:
        """Heading with the unit."""
        return f"{self.heading} ({self.unit})"


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        "energy_joules": Quantity(heading="Energy", unit="Wh", factor=WATT_HOURS_PER_JOULE),
        "emissions_grams": Quantity(heading="Carbon", unit="g CO2e"),
        "latency_seconds": Quantity(heading="Latency", unit="s"),
        "renewable_ratio": Quantity(heading="Renewable", unit="%", factor=PERCENT),
        "cost_dollars": Quantity(heading="Net cost", unit="$"),
        "deadline_miss_ratio": Quantity(heading="Late or dropped", unit="%", factor=PERCENT),
        "regret_ratio": Quantity(heading="Regret", unit="%", factor=PERCENT),
        "saturation_tasks_per_second": Quantity(heading="Saturation", unit="tasks/s"),
        "latency_p95_seconds": Quantity(heading="95th percentile of latency", unit="s"),
        "energy_per_task_joules": Quantity(heading="Energy per task", unit="J"),
        "throughput_tasks_per_hour": Quantity(heading="Throughput", unit="tasks/h"),
        "idle_joules": Quantity(heading="of it idle", unit="Wh", factor=WATT_HOURS_PER_JOULE),
        "ledger_joules": Quantity(heading="of it ledger", unit="Wh", factor=WATT_HOURS_PER_JOULE),
        "grid_joules": Quantity(heading="of it grid", unit="Wh", factor=WATT_HOURS_PER_JOULE),
        "stored_change_joules": Quantity(heading="Batteries, change", unit="Wh", factor=WATT_HOURS_PER_JOULE),
        "tasks_unfinished": Quantity(heading="Unfinished", unit="tasks"),
        "electricity_dollars": Quantity(heading="Electricity", unit="$"),
        "credit_dollars": Quantity(heading="Credits sold", unit="$"),
    }
)
"""By the name of the measure."""


def with_half_width(interval: Interval | Estimate, factor: float = 1.0) -> str:
    """Mean and half-width, both to the second significant digit of the half-width."""
    half = (interval.high - interval.low) / 2 * factor
    mean = interval.mean * factor
    if half < 1e-9 * max(abs(mean), 1e-12):
        return f"{plain(mean)} ± 0"
    digits = max(0, 1 - math.floor(math.log10(half)))
    return f"{_signless_zero(f'{mean:,.{digits}f}')} ± {half:,.{digits}f}"


def plain(value: float) -> str:
    """Four significant digits, without an exponent; what only rounding tells from zero is zero."""
    if abs(value) < 1e-12:
        return "0"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def p_text(value: float) -> str:
    """A p-value; below a thousandth only that it is."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _signless_zero(text: str) -> str:
    return text.lstrip("-") if not any(digit in text for digit in "123456789") else text
