"""The report as one HTML file that loads nothing from elsewhere and needs no script."""

from collections.abc import Sequence
from datetime import tzinfo
from html import escape

from exporter.core.chart import HEIGHT, WIDTH, framed, round_top, steps
from exporter.core.html import bar, card, data, document, grams, money, scrolling
from exporter.core.units import GRAMS_PER_KILOGRAM
from exporter.eco_score import FACTOR_LABELS, ScoreFactor
from exporter.equivalents import equivalents_text
from exporter.journal.findings import BudgetFinding, CostFinding, Findings, PeriodSum, ScoreFinding
from exporter.journal.report_table import (
    WEEKDAYS,
    activity_text,
    busiest_text,
    cost_text,
    estimate_notes,
    origin_rows,
    span_text,
    trend_text,
    week_text,
)

SHOWN_WEEKS = 12
"""Weeks in the table of weeks: the latest."""

MOST_BARS = 400
"""Days drawn as bars of their own; a longer time is drawn by weeks."""


def render_html(found: Findings, zone: tzinfo, version: str) -> str:
    """Render the document."""
    return document(
        title=f"{grams(found.grams)} CO\u2082e - EcoTrack report",
        refresh=None,
        header=f"<h1>EcoTrack report</h1><p>{escape(span_text(found, zone))}</p>",
        main=f"""<div class="cards">
{_total_card(found)}
{_figure_card("Trend", *trend_text(found))}
{_figure_card("Last whole week", *week_text(found))}
{_score_card(found.eco_score)}
</div>
<section><h2>Emissions so far</h2>{_cumulative(found.days)}</section>
<section><h2>Emissions by {"day" if len(found.days) <= MOST_BARS else "week"}</h2>{_bars(found)}</section>
<section><h2>Usual week: grams in each hour, by the local clock</h2>{_heat(found)}</section>
<section><h2>Activities, by the network's grams</h2>{_activities(found)}</section>
<section><h2>Budgets</h2>{_budgets(found.budgets)}</section>
<section><h2>Weeks</h2>{_weeks(found)}</section>
<section><h2>Measured or estimated</h2>{_origins(found)}</section>""",
        footer=f"<p>{_damage(found)}</p><p>ecotrack {escape(version)}</p>",
    )


def _total_card(found: Findings) -> str:
    scaled = (f"{found.grams / GRAMS_PER_KILOGRAM:.2f}", "kg") if found.grams >= GRAMS_PER_KILOGRAM else None
    text, unit = scaled or (f"{found.grams:.1f}", "g")
    shown = f'<p class="big">{data(found.grams, "total", text)} <small>{unit} CO\u2082e</small></p>'
    parts = f"machine {grams(found.host_grams)}, network {grams(found.network_grams)}"
    unknown = found.kwh_of_unknown_grams
    told = f"emissions of {unknown:.3f} kWh are unknown" if unknown else ""
    equal = f"as much as {escape(equivalents_text(found.equivalents))}" if found.equivalents else ""
    energy = f"{found.host_kwh + found.network_kwh:.3f} kWh"
    return card("Emissions", shown, parts, energy, told, _cost(found.cost), equal)


def _cost(cost: CostFinding | None) -> str:
    if cost is None:
        return ""
    amount, source = cost_text(cost)
    return f"costs {data(cost.total, 'cost', escape(amount))}: {escape(source)}"


def _figure_card(title: str, value: str, source: str) -> str:
    number, _, unit = value.partition(" ")
    return card(title, f'<p class="big">{escape(number)} <small>{escape(unit)}</small></p>', escape(source))


def _score_card(score: ScoreFinding) -> str:
    if score.ratio is None:
        return card("Eco score", '<p class="big">unknown</p>', escape(score.basis))
    ratio = data(score.ratio, "score", f"{score.ratio:.2f}")
    factors = (f"{FACTOR_LABELS[ScoreFactor(name)]} \u00d7 {value:.2f}" for name, value in score.factors.items())
    shown = f'<p class="big">{score.grade} <small>{ratio} of 1</small></p>'
    return card("Eco score", shown, escape(score.basis), ", ".join(factors))


def _cumulative(days: Sequence[PeriodSum]) -> str:
    top = round_top(days[-1].cumulative_grams / GRAMS_PER_KILOGRAM)
    first = days[0].start.toordinal()
    span = max(1, days[-1].start.toordinal() + 1 - first)
    places = [(0, HEIGHT)]
    for one in days:
        right = WIDTH * (one.start.toordinal() + 1 - first) // span
        places.append((right, HEIGHT - round(HEIGHT * one.cumulative_grams / GRAMS_PER_KILOGRAM / top)))
    line = steps(places)
    paths = f'<path class="area" d="M0 {HEIGHT}{line}V{HEIGHT}z"/><path class="line" d="M0 {HEIGHT}{line}"/>'
    return framed(paths, top=top, unit="kg", label="cumulative emissions by day", times=_times(days))


def _bars(found: Findings) -> str:
    by_day = len(found.days) <= MOST_BARS
    sums, length = (found.days, 1) if by_day else (found.weeks, 7)
    top = round_top(max(one.grams for one in sums))
    first = sums[0].start.toordinal()
    span = sums[-1].start.toordinal() + length - first
    bars = ""
    for one in sums:
        left = WIDTH * (one.start.toordinal() - first) / span
        width, height = WIDTH * length / span, HEIGHT * one.grams / top
        bars += f"M{left:.2f} {HEIGHT}v-{height:.2f}h{width * 0.85:.2f}v{height:.2f}z"
    limit = next((one.limit_grams for one in found.budgets if one.period == ("day" if by_day else "week")), None)
    drawn = f'<path class="bars" d="{bars}"/>'
    if limit is not None and limit <= top:
        drawn += f'<path class="limit" d="M0 {HEIGHT * (1.0 - limit / top):.2f}h{WIDTH}"/>'
    label = "emissions of each day" if by_day else "emissions of each week"
    return framed(drawn, top=top, unit="g", label=label, times=_times(sums))


def _times(sums: Sequence[PeriodSum]) -> tuple[str, str, str]:
    first, last = sums[0].start, sums[-1].start
    middle = first + (last - first) / 2
    return (str(first), str(middle) if first < middle < last else "", str(last) if first < last else "")


def _heat(found: Findings) -> str:
    top = max((amount for day in found.hourly_grams for amount in day), default=0.0) or 1.0
    rows = []
    for name, day in zip(WEEKDAYS, found.hourly_grams, strict=True):
        cells = "".join(
            f'<td><svg viewBox="0 0 10 10" preserveAspectRatio="none" role="img" aria-label="{hour}:00 {amount:.2f} g">'
            f'<title>{name} {hour:02d}:00, {amount:.2f} g</title><rect width="9.4" height="9.4" rx="1" '
            f'fill-opacity="{0.06 + 0.94 * amount / top:.2f}"/></svg></td>'
            for hour, amount in enumerate(day)
        )
        rows.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    hours = "".join(f'<td class="num">{hour if hour % 3 == 0 else ""}</td>' for hour in range(24))
    table = f'<table class="heat">{"".join(rows)}<tr><td></td>{hours}</tr></table>'
    value, source = busiest_text(found)
    return (
        f"{scrolling('Grams by weekday and hour', table)}"
        f'<p class="dim">Strongest colour: {top:.2f} g in an hour. Busiest hour {value}, {source}.</p>'
    )


def _activities(found: Findings) -> str:
    if not found.activities:
        return '<p class="dim">The logs tell of no traffic.</p>'
    whole = sum(one.grams for one in found.activities) or 1.0
    rows = "".join(
        f'<tr><th scope="row">{escape(one.activity) or "not told"}</th>'
        f"<td>{bar(one.grams / whole, f'{one.grams / whole:.0%} of the grams')}</td>"
        f'<td class="num">{grams(one.grams)}</td><td class="dim">{activity_text(one)}</td></tr>'
        for one in found.activities
    )
    return scrolling("Grams by activity", f'<table class="factors">{rows}</table>')


def _budgets(budgets: Sequence[BudgetFinding]) -> str:
    if not budgets:
        return '<p class="dim">No budget in the configuration.</p>'
    rows = "".join(
        f"<tr><td>{one.period.capitalize()}</td><td>{one.over} of {one.periods} over</td>"
        f'<td class="num">{grams(one.limit_grams)}</td><td class="num">{grams(one.mean_grams)}</td>'
        f'<td class="num">{grams(one.worst_grams)}</td><td class="num">{one.worst_start}</td></tr>'
        for one in budgets
    )
    columns = "".join(f'<th class="num">{name}</th>' for name in ("Limit", "Mean", "Worst", "from"))
    return scrolling("Budgets", f"<table><tr><th>Period</th><th>Over</th>{columns}</tr>{rows}</table>")


def _weeks(found: Findings) -> str:
    weeks, rows = found.weeks, []
    for number in range(max(0, len(weeks) - SHOWN_WEEKS), len(weeks)):
        one, before = weeks[number], weeks[number - 1] if number else None
        change = ""
        if before is not None and one.whole and before.whole and before.grams:
            change = f"{one.grams / before.grams - 1.0:+.0%}"
        cost = "" if found.cost is None else f'<td class="num">{_money(one.cost, found.cost)}</td>'
        rows.append(
            f'<tr><td>{one.start}{"" if one.whole else " (not whole)"}</td><td class="num">{grams(one.grams)}</td>'
            f'<td class="num">{one.kwh:.3f} kWh</td>{cost}<td class="num">{change}</td></tr>'
        )
    headings = ("CO\u2082e", "Energy", *(("Cost",) if found.cost is not None else ()), "Change")
    columns = "".join(f'<th class="num">{name}</th>' for name in headings)
    head = f"<tr><th>Week from</th>{columns}</tr>"
    return scrolling("Weeks", f"<table>{head}{''.join(reversed(rows))}</table>")


def _origins(found: Findings) -> str:
    rows = "".join(
        f'<tr><th scope="row">{name.capitalize()}</th><td class="num">{escape(value)}</td>'
        f'<td class="dim">{escape(source)}</td></tr>'
        for name, value, source in origin_rows(found)
    )
    notes = "".join(f'<p class="dim">{escape(one[0].upper() + one[1:])}.</p>' for one in estimate_notes(found))
    return scrolling("Measured or estimated", f'<table class="factors">{rows}</table>') + notes


def _money(amount: float | None, cost: CostFinding) -> str:
    return "" if amount is None else escape(money(amount, cost.currency))


def _damage(found: Findings) -> str:
    return f"{found.damaged_rows} damaged rows are left out" if found.damaged_rows else "no row is damaged"
