"""The display of figures: headings, units and digits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.core.units import JOULES_PER_KWH
from simulator.experiments.find.estimates import Estimate
from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import Interval

WATT_HOURS_PER_JOULE = 1000.0 / JOULES_PER_KWH
PERCENT = 100.0

UNDEFINED_CHANGE = "interval of the reference includes 0"
"""Text in place of a change in percent."""

LESS_MARK = "*"
"""Sign behind the name of a method that serves fewer tasks on time than the reference."""

OPEN_MARK = "?"
"""Sign behind the name of a method of which the runs do not show whether it serves as many tasks on time."""

CERTAIN = 0.05
"""Adjusted p-value below which reports and plots take a difference for certain."""

MOST_DECIMALS = 6
"""Most decimals; figures that need more are shown with a power of ten."""

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """A measure for people: figures in SI are multiplied by `factor` to get `unit`.

    `scope` names the tasks that the measure covers, where not all. Only a `signed` measure can be below zero.
    """

    heading: str
    unit: str
    factor: float = 1.0
    scope: str = ""
    signed: bool = False

    @property
    def title(self) -> str:
        """Return the heading with the unit."""
        return f"{self.heading} ({self.unit})"

    @property
    def axis(self) -> str:
        """Return the title for a plot's axis, which has no other text beside it."""
        return f"{self.title}\n{self.scope}".rstrip()

    @property
    def is_share(self) -> bool:
        """Return whether differences of the measure are percentage points."""
        return self.unit == "%"

    @property
    def difference_unit(self) -> str:
        """Return the unit of differences of the measure."""
        return "points" if self.is_share else self.unit


PROMPT_TASKS = "of tasks that are not deferrable"


DISPLAYS: Mapping[str, Display] = MappingProxyType(
    {
        "energy_joules": Display(heading="Energy", unit="Wh", factor=WATT_HOURS_PER_JOULE),
        "emissions_grams": Display(heading="Carbon emissions", unit="g CO\u2082e"),
        "latency_seconds": Display(heading="Latency", unit="s", scope=PROMPT_TASKS),
        "renewable_ratio": Display(heading="Renewable share", unit="%", factor=PERCENT),
        "cost_dollars": Display(heading="Net cost", unit="$", signed=True),
        "deadline_miss_ratio": Display(heading="Late or dropped tasks", unit="%", factor=PERCENT),
        "regret_ratio": Display(heading="Regret", unit="%", factor=PERCENT),
        "gap_grams": Display(heading="Gap to the bound", unit="g CO\u2082e"),
        "gap_ratio": Display(heading="Gap above the floor", unit="%", factor=PERCENT),
        "saturation_tasks_per_second": Display(heading="Saturation rate", unit="tasks/s"),
        "latency_p95_seconds": Display(heading="95th percentile of latency", unit="s", scope=PROMPT_TASKS),
        "energy_per_task_joules": Display(heading="Energy per task", unit="J"),
        "throughput_tasks_per_hour": Display(heading="Throughput", unit="tasks/h"),
        "idle_joules": Display(heading="Idle energy", unit="Wh", factor=WATT_HOURS_PER_JOULE),
        "ledger_joules": Display(heading="Ledger energy", unit="Wh", factor=WATT_HOURS_PER_JOULE),
        "grid_joules": Display(heading="Grid energy", unit="Wh", factor=WATT_HOURS_PER_JOULE),
        "bound_grams": Display(heading="Bound", unit="g CO\u2082e"),
        "floor_grams": Display(heading="Floor", unit="g CO\u2082e"),
        "stored_change_joules": Display(
            heading="Change in stored energy", unit="Wh", factor=WATT_HOURS_PER_JOULE, signed=True
        ),
        "tasks_unfinished": Display(heading="Unfinished tasks", unit="per run"),
        "life_cycle_grams": Display(heading="Life-cycle emissions", unit="g CO\u2082e"),
        "electricity_dollars": Display(heading="Electricity cost", unit="$"),
        "credits_grams": Display(heading="Credits", unit="g CO\u2082e"),
        "balance_grams": Display(heading="Balance against the benchmark", unit="g CO\u2082e", signed=True),
        "certificates_watt_hours": Display(heading="Certificates of generation", unit="Wh"),
        "credit_dollars": Display(heading="Worth of the credits", unit="$"),
        "matching_euros_per_mwh": Display(heading="Cost of matched supply", unit="euros/MWh"),
        "panel_kilowatts": Display(heading="Panels", unit="kW per kW of load"),
        "turbine_kilowatts": Display(heading="Turbines", unit="kW per kW of load"),
        "storage_kilowatt_hours": Display(heading="Batteries", unit="kWh per kW of load"),
    }
)
"""Displays by the name of the measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounded:
    """A mean and its half-width as text, both times ten to the power `power`."""

    mean: str
    half: str
    power: int = 0


def rounded(interval: Interval | Estimate, factor: float = 1.0) -> Rounded:
    """Round mean and half-width to the second significant digit of the half-width."""
    half = (interval.high - interval.low) / 2 * factor
    mean = interval.mean * factor
    if half < 1e-9 * max(abs(mean), 1e-12):
        return Rounded(mean=plain(mean), half="0")
    digits = max(0, 1 - math.floor(math.log10(half)))
    if digits > MOST_DECIMALS:
        power = math.floor(math.log10(max(abs(mean), half)))
        return _fixed(mean / 10.0**power, half / 10.0**power, digits + power, power)
    return _fixed(mean, half, digits, 0)


def with_half_width(interval: Interval | Estimate, factor: float = 1.0) -> str:
    """Format mean and half-width, both to the second significant digit of the half-width."""
    found = rounded(interval, factor)
    told = f"{found.mean} ± {found.half}"
    return f"({told}) \u00d7 10{_raised(found.power)}" if found.power else told


def subject(results: Results) -> str:
    """Return the experiment and its scenario, with which titles begin."""
    return f"Experiment {results.experiment}, scenario {results.scenario}"


def marked(results: Results, method: str) -> str:
    """Return the name of a method, with the mark where it is not shown to serve as many tasks on time."""
    if method in results.serving_less:
        return f"{method} {LESS_MARK}"
    return f"{method} {OPEN_MARK}" if method in results.service_not_shown else method


def percent_change(relative: Interval | None) -> str:
    """Format a relative difference in percent with its half-width, or say why there is none."""
    return UNDEFINED_CHANGE if relative is None else with_half_width(relative, PERCENT)


def plain(value: float) -> str:
    """Format with four significant digits, without an exponent; values within rounding of zero are zero."""
    if abs(value) < 1e-12:
        return "0"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def p_text(value: float) -> str:
    """Format a p-value, as "< 0.001" below that."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _fixed(mean: float, half: float, digits: int, power: int) -> Rounded:
    return Rounded(mean=_signless_zero(f"{mean:,.{digits}f}"), half=f"{half:,.{digits}f}", power=power)


def _raised(power: int) -> str:
    return str(power).translate(_SUPERSCRIPTS)


def _signless_zero(text: str) -> str:
    return text.lstrip("-") if not any(digit in text for digit in "123456789") else text
