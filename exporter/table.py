"""The table that `ecotrack --once` prints."""

from exporter.core.html import UNKNOWN
from exporter.core.units import BytesPerSecond, megabits_per_second
from exporter.summary import BudgetView, Summary
from exporter.wording import band_text


def render_table(summary: Summary, origin: str) -> str:
    """Figure, value and where it comes from, in three aligned columns; `origin` says who sampled."""
    rows = [
        ("power of this machine", _power(summary), _sources(summary, "host")),
        ("power of the network", _network(summary), _sources(summary, "network")),
        ("emissions", _amount(summary.emission_grams_per_hour, "g CO2e/h"), _intensity(summary)),
        *_budgets(summary),
        ("activity", summary.activity or UNKNOWN, _traffic(summary)),
        ("eco score", _amount(summary.eco_score_ratio, "of 1", 2), _factors(summary)),
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{name:<{widths[0]}}  {value:<{widths[1]}}  {source}".rstrip() for name, value, source in rows]
    notes = [f"{'!' if flag.level == 'warning' else '-'} {flag.text}" for flag in summary.flags]
    return "\n".join([*lines, "", f"- {origin}", *notes])


def _amount(value: float | None, unit: str, digits: int = 1) -> str:
    return UNKNOWN if value is None else f"{value:.{digits}f} {unit}"


def _power(summary: Summary) -> str:
    if summary.power_watts is None:
        return UNKNOWN
    return f"{summary.power_watts:.1f} W ({band_text(summary.power_low_watts, summary.power_high_watts)})"


def _network(summary: Summary) -> str:
    known = [one.watts for one in summary.components if one.scope == "network" and one.watts is not None]
    return _amount(sum(known), "W") if known else UNKNOWN


def _sources(summary: Summary, scope: str) -> str:
    parts = [one for one in summary.components if one.scope == scope]
    kinds = dict.fromkeys(f"{one.source}: {one.model}" for one in parts)
    return f"{', '.join(kinds)}; {' + '.join(one.description for one in parts)}"


def _intensity(summary: Summary) -> str:
    if summary.intensity is None:
        return "carbon intensity unknown"
    return f"{summary.intensity.grams_per_kwh:g} g/kWh, {summary.intensity.provider}: {summary.intensity.description}"


def _budgets(summary: Summary) -> list[tuple[str, str, str]]:
    if not summary.budgets:
        return [("today", UNKNOWN, "needs budget.day_grams and a running exporter")]
    return [
        ("today" if one.period == "day" else f"this {one.period}", _used(one), _projected(one))
        for one in summary.budgets
    ]


def _used(budget: BudgetView) -> str:
    return f"{budget.used_grams:.1f} of {budget.limit_grams:g} g"


def _projected(budget: BudgetView) -> str:
    if budget.projected_grams is None:
        return "projection unknown"
    return f"{budget.projected_grams:.1f} g projected for the whole {budget.period}"


def _traffic(summary: Summary) -> str:
    received, sent = summary.received_bytes_per_second, summary.sent_bytes_per_second
    if received is None or sent is None:
        return "throughput unknown"
    rates = (megabits_per_second(BytesPerSecond(rate)) for rate in (received, sent))
    return "{:.2f} Mbit/s in, {:.2f} Mbit/s out".format(*rates)


def _factors(summary: Summary) -> str:
    return ", ".join(f"{factor} {value:.2f}" for factor, value in summary.eco_score_factors.items())
