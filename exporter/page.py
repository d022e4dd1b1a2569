"""The exporter's page: one server-rendered document that needs no script, made from a summary and the last hour.

Text that comes from the system or the configuration is untrusted and escaped here, where it enters HTML. Figures stand
in `<data value>` elements with their full precision, so that what is shown can be compared with `/metrics`.
"""

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files

from exporter import projection
from exporter.core.units import BYTES_PER_DECIMAL_GB, BytesPerSecond, megabits_per_second
from exporter.sparkline import power_chart
from exporter.summary import BudgetView, ComponentView, PointView, Summary

UNKNOWN = "unknown"

FACTOR_LABELS = {"grid": "Clean grid", "power": "Low power", "network": "Light traffic", "budget": "Within budget"}


@cache
def style_sheet() -> str:
    """The page's style sheet."""
    return files("exporter").joinpath("page.css").read_text(encoding="utf-8")


@cache
def content_security_policy() -> str:
    """A policy that admits the page's own style sheet, by its hash, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style_sheet().encode()).digest()).decode()
    closed = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return f"{closed}; style-src 'sha256-{digest}'"


def render_page(summary: Summary, points: list[PointView]) -> str:
    """The HTML document; it asks the browser to load it again after the next sample."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{max(5, round(summary.interval_seconds))}">
<title>{escape(_title(summary))}</title>
<style>{style_sheet()}</style>
</head>
<body>
<header><h1>EcoTrack</h1>{_sampled(summary)}</header>
<main>
<div class="cards">
{_power_card(summary)}
{_emission_card(summary)}
{_today_card(summary)}
{_activity_card(summary)}
</div>
<section>{power_chart(points, summary.now)}</section>
<div class="halves">
<section><h2>Eco score, and why</h2>{_score(summary)}</section>
<section><h2>Data quality</h2>{_flags(summary)}</section>
</div>
<section><h2>Where the watts come from</h2>{_components(summary.components)}</section>
</main>
<footer><p>{_data(summary.lifetime_energy_kwh, "lifetime-energy", f"{summary.lifetime_energy_kwh:.3f} kWh")} and
{_data(summary.lifetime_emissions_grams, "lifetime-emissions", _grams(summary.lifetime_emissions_grams))} CO\u2082e
since {_moment(summary.lifetime_since)}</p>
<p><a href="/metrics">metrics</a> &middot; <a href="/api/v1/summary">summary</a> &middot;
<a href="/api/v1/history">history</a> &middot; ecotrack {escape(summary.version)}</p></footer>
</body>
</html>
"""


def _title(summary: Summary) -> str:
    watts = UNKNOWN if summary.power_watts is None else f"{summary.power_watts:.1f} W"
    return f"{watts} - EcoTrack"


def _sampled(summary: Summary) -> str:
    if summary.sampled_at is None:
        return '<p class="state waiting">waiting for the first sample</p>'
    state, late = ("fresh", "") if summary.fresh else ("stale", ", which is too long ago")
    return f'<p class="state {state}">sampled {_moment(summary.sampled_at)}{late}</p>'


def _power_card(summary: Summary) -> str:
    band = ""
    if summary.power_low_watts is not None and summary.power_high_watts is not None:
        band = f"between {summary.power_low_watts:.0f} and {summary.power_high_watts:.0f} W"
    cpu = summary.cpu_utilization_ratio
    busy = "CPU load unknown" if cpu is None else f"CPU {_data(cpu, 'cpu', f'{cpu:.0%}')} busy"
    return _card("This machine now", _big(summary.power_watts, "power", "W", 1), band, busy)


def _emission_card(summary: Summary) -> str:
    rate = _big(summary.emission_grams_per_hour, "emissions", "g CO\u2082e/h", 1)
    intensity = summary.intensity
    if intensity is None:
        return _card("Emissions now", rate, "carbon intensity unknown")
    value = _data(intensity.grams_per_kwh, "intensity", f"{intensity.grams_per_kwh:.0f} g/kWh")
    age = _age(summary.now - intensity.described_at)
    return _card(
        "Emissions now",
        rate,
        f"at {value}, {escape(intensity.description)}",
        f"source {escape(intensity.provider)}, zone {escape(intensity.grid_zone)}, {age} old",
    )


def _today_card(summary: Summary) -> str:
    day = next((one for one in summary.budgets if one.period == "day"), None)
    others = [_other_budget(one) for one in summary.budgets if one is not day]
    if day is not None:
        used = f'<p class="big">{_data(day.used_grams, "used", _grams(day.used_grams))} '
        used += f"<small>of {_data(day.limit_grams, 'limit', _limit(day.limit_grams))}</small></p>"
        return _card(
            "Today against the budget",
            used,
            _budget_bar(day),
            _projection(day, summary.now - summary.lifetime_since),
            *others,
        )
    if not summary.fresh:
        return _card("Today against the budget", _big(None, "used", "g", 1))
    return _card("Today", '<p class="big">no budget</p>', "Set budget.day_grams to have one.", *others)


def _projection(day: BudgetView, counted: float) -> str:
    """What the day will come to; `counted` is the time since counting began, in seconds."""
    if day.projected_grams is None:
        return "projection not known yet"
    amount = _data(day.projected_grams, "projected", _grams(day.projected_grams))
    early = counted < projection.WINDOW
    basis = f"if it goes on as in the {_age(counted)} since counting began" if early else "at the last hour's rate"
    told = f"{amount} by midnight {basis}"
    if day.used_grams >= day.limit_grams:
        return f'{told}: <b class="red">the budget is used up</b>'
    if early:
        # Minutes say little about a day: no verdict yet.
        return told
    verdict, level = ("within", "green") if day.projected_grams <= day.limit_grams else ("over", "red")
    return f'{told}: <b class="{level}">{verdict} budget</b>'


def _other_budget(one: BudgetView) -> str:
    used = _data(one.used_grams, f"used-{escape(one.period)}", _grams(one.used_grams))
    return f"this {escape(one.period)} {used} of {_limit(one.limit_grams)}"


def _budget_bar(day: BudgetView) -> str:
    """Used as a bar and a projection within the limit as a mark, on a scale that ends at the limit."""
    share = day.used_grams / day.limit_grams
    colour = " red" if share >= 1.0 else " amber" if share >= 0.8 else ""
    mark = ""
    if day.projected_grams is not None and day.projected_grams < day.limit_grams:
        mark = f'<rect class="mark" x="{200 * day.projected_grams / day.limit_grams:.1f}" width="1.5" height="10"/>'
    return _bar(share, f"{share:.0%} of the budget used", colour, mark)


def _activity_card(summary: Summary) -> str:
    received, sent = summary.received_bytes_per_second, summary.sent_bytes_per_second
    traffic = "throughput unknown"
    if received is not None and sent is not None:
        traffic = f"{_data(received, 'received', _rate(received))} in<br>{_data(sent, 'sent', _rate(sent))} out"
    memory = ""
    if summary.memory_used_bytes is not None and summary.memory_total_bytes is not None:
        used, total = (
            summary.memory_used_bytes / BYTES_PER_DECIMAL_GB,
            summary.memory_total_bytes / BYTES_PER_DECIMAL_GB,
        )
        memory = f"memory {used:.1f} of {total:.1f} GB"
    bases = {None: "", UNKNOWN: "known after the first 20 seconds"}
    basis = bases.get(summary.activity, "judged over the last minute")
    activity = escape(summary.activity or UNKNOWN)
    return _card("Network activity", f'<p class="big">{activity}</p>', basis, traffic, memory)


def _card(title: str, *parts: str) -> str:
    """A card; parts that are not HTML blocks of their own become dim lines."""
    body = "".join(part if part.startswith(("<p", "<svg")) else f'<p class="dim">{part}</p>' for part in parts if part)
    return f"<section><h2>{title}</h2>{body}</section>"


def _big(value: float | None, name: str, unit: str, digits: int) -> str:
    if value is None:
        return f'<p class="big">{UNKNOWN}</p>'
    return f'<p class="big">{_data(value, name, f"{value:.{digits}f}")} <small>{unit}</small></p>'


def _data(value: float, name: str, text: str) -> str:
    """A figure with its full precision beside what is shown."""
    return f'<data id="{name}" value="{value!r}">{text}</data>'


def _score(summary: Summary) -> str:
    if summary.eco_score_ratio is None:
        return f'<p class="big">{UNKNOWN}</p>'
    rows = "".join(
        f"<tr><td>{escape(FACTOR_LABELS.get(factor, factor))}</td><td>{_bar(value, f'{value:.2f}')}</td>"
        f'<td class="num">{_data(value, f"factor-{escape(factor)}", f"{value:.2f}")}</td></tr>'
        for factor, value in summary.eco_score_factors.items()
    )
    return _big(summary.eco_score_ratio, "score", "of 1", 2) + f'<table class="factors">{rows}</table>'


def _bar(share: float, label: str, colour: str = "", mark: str = "") -> str:
    return (
        f'<svg class="bar{colour}" viewBox="0 0 200 10" preserveAspectRatio="none" role="img" aria-label="{label}">'
        '<rect class="track" width="200" height="10"/>'
        f'<rect width="{200 * min(1.0, share):.1f}" height="10"/>{mark}</svg>'
    )


def _flags(summary: Summary) -> str:
    if not summary.flags:
        return '<ul><li class="good">All readings are good.</li></ul>'
    rows = (f'<li class="{escape(flag.level)}">{escape(flag.text)}</li>' for flag in summary.flags)
    return f"<ul>{''.join(rows)}</ul>"


def _components(components: list[ComponentView]) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.component)}</td><td>{escape(one.scope)}</td>"
        f'<td class="num">{_watts(one)}</td><td class="num">&plusmn;{one.uncertainty_ratio:.0%}</td>'
        f"<td>{escape(one.source)}: {escape(one.model)}</td><td>{escape(one.description)}</td></tr>"
        for one in components
    )
    head = '<th>Component</th><th>Scope</th><th class="num">Watts</th><th class="num">Band</th>'
    return f'<div class="scroll"><table><tr>{head}<th>Source</th><th>How</th></tr>{rows}</table></div>'


def _watts(one: ComponentView) -> str:
    return UNKNOWN if one.watts is None else _data(one.watts, f"power-{escape(one.component)}", f"{one.watts:.2f}")


def _grams(grams: float) -> str:
    return f"{grams / 1000:.2f} kg" if grams >= 1000 else f"{grams:.1f} g"


def _limit(grams: float) -> str:
    return f"{grams / 1000:g} kg" if grams >= 1000 else f"{grams:g} g"


def _rate(rate: float) -> str:
    return f"{megabits_per_second(BytesPerSecond(rate)):.2f} Mbit/s"


def _moment(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f'<time datetime="{moment.isoformat(timespec="seconds")}">{moment:%Y-%m-%d %H:%M:%S} UTC</time>'


def _age(seconds: float) -> str:
    for size, name in ((31_557_600.0, "years"), (86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{max(0.0, seconds):.0f} s"
