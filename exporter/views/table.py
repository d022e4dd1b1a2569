"""The table that `ecotrack --once` prints."""

from exporter.core.html import UNKNOWN, gram_figures, grams
from exporter.core.units import BytesPerSecond, Grams, megabits_per_second
from exporter.equivalents import equivalents_of, equivalents_text
from exporter.views.processes import ProcessesView
from exporter.views.summary import BudgetView, Summary
from exporter.views.wording import (
    band_text,
    budget_scopes_text,
    emissions_text,
    scopes_text,
    unknown_intensity_text,
)

PROGRAMS = 3
"""Programs and busy processes that a line of a terminal has room for."""


def render_table(summary: Summary, origin: str, *, no_today: str, told: ProcessesView | None = None) -> str:
    """Render figure, value and source in three aligned columns.

    `origin` says who sampled, in the last line, and `no_today` what the grams of today need where they are not known.
    `told` are the programs, where an exporter tells them apart.
    """
    rows = [
        ("power of this machine", _host_power(summary), _sources(summary, "host")),
        ("power of the network", _network_power(summary), _sources(summary, "network")),
        _emissions(summary),
        *_embodied(summary),
        *_programs(told),
        *_today(summary, no_today),
        *_budgets(summary),
        ("activity", summary.activity or UNKNOWN, _traffic(summary)),
        ("eco score", _score(summary), _score_basis(summary)),
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{name:<{widths[0]}}  {value:<{widths[1]}}  {source}".rstrip() for name, value, source in rows]
    notes = [f"- {_as_much(summary)}"] if summary.equivalents and _as_much(summary) else []
    notes += [f"{'!' if flag.level == 'warning' else '-'} {flag.text}" for flag in summary.flags]
    return "\n".join([*lines, "", *notes, f"- {origin}"])


def _as_much(summary: Summary) -> str:
    """Say what today's grams come to in everyday terms, or an hour's where those are unknown; nothing for neither."""
    day = next((one.used_grams for one in summary.budgets if one.period == "day"), summary.today_grams)
    told = "Today so far" if day is not None else "An hour at this rate"
    amount = summary.emissions_grams_per_hour.host_and_network if day is None else day
    text = "" if amount is None else equivalents_text(equivalents_of(Grams(amount)))
    return f"{told} is as much as {text}." if text else ""


def _host_power(summary: Summary) -> str:
    band = band_text(summary.host_power_low_watts, summary.host_power_high_watts)
    return _power(summary.host_power_watts, band)


def _network_power(summary: Summary) -> str:
    band = band_text(summary.network_power_low_watts, summary.network_power_high_watts)
    return _power(summary.network_power_watts, band)


def _power(watts: float | None, band: str) -> str:
    return UNKNOWN if watts is None else f"{watts:.1f} W ({band})"


def _emissions(summary: Summary) -> tuple[str, str, str]:
    said = emissions_text(summary.emissions_grams_per_hour)
    value = UNKNOWN if said.host_and_network == UNKNOWN else f"{said.host_and_network} g CO2e/h"
    return "emissions", value, f"machine {said.host}, network {said.network}; {_intensity(summary)}"


def _sources(summary: Summary, scope: str) -> str:
    parts = [one for one in summary.components if one.scope == scope]
    kinds = dict.fromkeys(f"{one.source}: {one.model}" for one in parts)
    return f"{', '.join(kinds)}; {' + '.join(one.description for one in parts)}" if parts else "not estimated"


def _intensity(summary: Summary) -> str:
    if summary.intensity is None:
        return unknown_intensity_text(summary.intensity_troubles)
    told = f"{summary.intensity.grams_per_kwh:g} g/kWh, {summary.intensity.provider}: {summary.intensity.description}"
    return f"at this moment, by {told}"


def _today(summary: Summary, no_today: str) -> list[tuple[str, str, str]]:
    """Return the row of the day; none where a budget of the day has one."""
    if any(one.period == "day" for one in summary.budgets):
        return []
    if summary.today_grams is None:
        return [("today", UNKNOWN, no_today)]
    scopes = scopes_text(summary.counted_scopes)
    return [("today", f"{gram_figures(summary.today_grams)} g", f"{scopes}; budget.day_grams sets a limit")]


def _budgets(summary: Summary) -> list[tuple[str, str, str]]:
    return [
        (
            "today" if one.period == "day" else f"this {one.period}",
            _used(one),
            _projected(one, budget_scopes_text(summary.counted_scopes, one)),
        )
        for one in summary.budgets
    ]


def _embodied(summary: Summary) -> list[tuple[str, str, str]]:
    embodied = summary.embodied
    if embodied is None:
        return []
    rate, whole = embodied.grams_per_hour, grams(embodied.grams)
    share = UNKNOWN if rate is None else f"{rate:.1f} g CO2e/h"
    band = (
        ""
        if embodied.low_grams == embodied.high_grams
        else f" ({grams(embodied.low_grams)} to {grams(embodied.high_grams)})"
    )
    return [("embodied", share, f"of {whole}{band}; {embodied.source}")]


def _programs(told: ProcessesView | None) -> list[tuple[str, str, str]]:
    if told is None:
        return []
    if told.groups is None:
        return [("programs", UNKNOWN, "the flag --collector.processes of the exporter tells them")]
    most = [f"{one.group} {one.host_watts:.1f} W" for one in told.groups if one.program and one.host_watts is not None]
    busy = [f"{one.name} ({one.pid})" for one in told.processes or [] if one.busy]
    source = f"above half of a CPU: {', '.join(busy[:PROGRAMS])}" if busy else "no process has half of a CPU"
    if told.processes is None:
        source = "processes are not read"
    elif not told.groups:
        source = "known from the second reading of processes on"
    return [("programs", ", ".join(most[:PROGRAMS]) or UNKNOWN, source)]


def _used(budget: BudgetView) -> str:
    return f"{gram_figures(budget.used_grams)} of {budget.limit_grams:g} g"


def _projected(budget: BudgetView, scopes: str) -> str:
    if budget.used_grams >= budget.limit_grams:
        return f"used up; {_told(budget, scopes)}"
    return _told(budget, scopes)


def _told(budget: BudgetView, scopes: str) -> str:
    if budget.projected_grams is None:
        return f"{scopes}; projection unknown"
    told = f"{scopes}; {gram_figures(budget.projected_grams)} g projected for the whole {budget.period}"
    if budget.projection_learned_ratio < 1.0:
        known = f"{budget.projection_learned_ratio:.0%} of this device's week is known"
        return f"{told} at the mean so far (early: {known})"
    return f"{told}, if it goes on like its usual week"


def _traffic(summary: Summary) -> str:
    received, sent = summary.received_bytes_per_second, summary.sent_bytes_per_second
    if received is None or sent is None:
        return "throughput unknown"
    rates = (megabits_per_second(BytesPerSecond(rate)) for rate in (received, sent))
    return "{:.2f} Mbit/s in, {:.2f} Mbit/s out".format(*rates)


def _score(summary: Summary) -> str:
    value = summary.eco_score_ratio
    return UNKNOWN if value is None else f"{summary.eco_score_grade}, {value:.2f} of 1"


def _score_basis(summary: Summary) -> str:
    """Say what the score compares with what, and its factors, or why there is none."""
    basis = summary.eco_score_basis
    if basis.grams_per_hour is None or basis.reference is None:
        return basis.trouble or "nothing is sampled"
    factors = ", ".join(f"{factor} x {value:.2f}" for factor, value in summary.eco_score_factors.items())
    rates = f"{basis.grams_per_hour:.1f} g/h against {basis.reference.grams_per_hour:.2f}"
    return f"{rates} of a {basis.reference.description}; {factors}"
