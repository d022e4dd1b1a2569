"""The exporter's page: one server-rendered document, made from a summary and the last hour."""

import re
from html import escape

from exporter.core.html import (
    UNKNOWN,
    age,
    bar,
    big,
    card,
    data,
    document,
    footer_links,
    grams,
    kwh_text,
    moment,
    money,
    reloading,
    scrolling,
)
from exporter.core.printable import printable
from exporter.core.units import BYTES_PER_DECIMAL_GB
from exporter.equivalents import equivalents_text
from exporter.views.attestation import FILE_NAME, PATH, AttestationView
from exporter.views.processes import ProcessesView
from exporter.views.programs import programs_section
from exporter.views.score import score_section
from exporter.views.sparkline import power_chart, small_charts
from exporter.views.summary import BudgetView, ComponentView, PointView, Summary
from exporter.views.wording import (
    band_text,
    budget_scopes_text,
    emissions_text,
    rate_text,
    scopes_text,
    unknown_intensity_text,
)

ABOUT_PROOFS = "https://github.com/ecotrack/ecotrack/blob/main/docs/how-to/show-the-last-proof.md"
"""Page on what a proof proves, and how one is checked."""


def render_page(
    summary: Summary, points: list[PointView], told: ProcessesView, *, metrics_path: str, still: bool = False
) -> str:
    """Render the HTML document; unless it is `still`, it asks the browser to load it again after the next sample."""
    refresh, other = reloading(summary.interval_seconds, still=still)
    return document(
        title=_title(summary),
        refresh=refresh,
        header=f"<h1>EcoTrack</h1>{_sampled(summary)}{other}",
        main=f"""<div class="cards">
{_power_card(summary)}
{_emission_card(summary)}
{_today_card(summary)}
{_activity_card(summary)}
</div>
<section>{power_chart(points, summary.now)}</section>
<div class="cards small">{small_charts(points, summary.now)}</div>
<div class="halves">
<section><h2>Eco score, and why</h2>{score_section(summary)}</section>
<section><h2>Data quality</h2>{_flags(summary)}</section>
</div>
{programs_section(told)}<section><h2>Where the watts come from</h2>{_components(summary.components)}</section>
{_last_proof(summary.attestation, summary.now)}""",
        footer=_lifetime(summary) + footer_links("ecotrack", summary.version, metrics_path),
    )


def _title(summary: Summary) -> str:
    watts = UNKNOWN if summary.host_power_watts is None else f"{summary.host_power_watts:.1f} W"
    return f"{watts} - EcoTrack"


def _lifetime(summary: Summary) -> str:
    energy = data(summary.lifetime_energy_kwh, "lifetime-energy", kwh_text(summary.lifetime_energy_kwh))
    emissions = data(summary.lifetime_emissions_grams, "lifetime-emissions", grams(summary.lifetime_emissions_grams))
    scopes, since = scopes_text(summary.counted_scopes).capitalize(), moment(summary.lifetime_since)
    told = f"<p>{scopes}: {energy} and {emissions} CO\u2082e since {since}</p>\n"
    text = equivalents_text(summary.equivalents)
    return f"{told}<p>That is as much as {escape(text)}.</p>\n" if text else told


def _sampled(summary: Summary) -> str:
    if summary.sampled_at is None:
        return '<p class="state waiting">waiting for the first sample</p>'
    state, late = ("fresh", "") if summary.fresh else ("stale", ", which is too long ago")
    return f'<p class="state {state}">sampled {moment(summary.sampled_at)}{late}</p>'


def _power_card(summary: Summary) -> str:
    band = ""
    if summary.host_power_watts is not None:
        band = f"band {band_text(summary.host_power_low_watts, summary.host_power_high_watts)} W"
    cpu = summary.cpu_utilization_ratio
    busy = "CPU load unknown" if cpu is None else f"CPU {data(cpu, 'cpu', f'{cpu:.0%}')} busy"
    return card("This machine now", big(summary.host_power_watts, "power", "W", 1), band, busy, _cost(summary))


def _cost(summary: Summary) -> str:
    """Say what an hour at this power costs; nothing where no price is configured."""
    cost = summary.cost
    if cost is None or cost.per_hour is None:
        return ""
    amount = data(cost.per_hour, "cost", money(cost.per_hour, cost.currency))
    return f"costs {amount} an hour, at {escape(money(cost.price_per_kwh, cost.currency))} a kWh"


def _emission_card(summary: Summary) -> str:
    rates, said = summary.emissions_grams_per_hour, emissions_text(summary.emissions_grams_per_hour)
    unit = "" if rates.host_and_network is None else " <small>g CO\u2082e/h</small>"
    whole = f'<p class="big">{_rate_of(rates.host_and_network, "emissions", said.host_and_network)}{unit}</p>'
    host = _rate_of(rates.host, "emissions-host", said.host)
    parts = f"machine {host}, network {_rate_of(rates.network, 'emissions-network', said.network)}"
    intensity = summary.intensity
    if intensity is None:
        return card(
            "Emissions now",
            whole,
            parts,
            _embodied(summary),
            escape(unknown_intensity_text(summary.intensity_troubles)),
        )
    old = age(summary.now - intensity.described_at)
    value = data(intensity.grams_per_kwh, "intensity", f"{intensity.grams_per_kwh:.0f} g/kWh")
    return card(
        "Emissions now",
        whole,
        parts,
        _embodied(summary),
        f"at {value}, {escape(intensity.description)}",
        f"source {escape(intensity.provider)}, zone {escape(intensity.grid_zone)}, {old} old",
        _clean_hour(summary),
    )


def _embodied(summary: Summary) -> str:
    """Tell the embodied share of an hour, which is no part of the sum; nothing where it is not known."""
    embodied = summary.embodied
    if embodied is None or embodied.grams_per_hour is None:
        return ""
    share = data(embodied.grams_per_hour, "embodied", f"{embodied.grams_per_hour:.1f}")
    return f"and {share} embodied, of {grams(embodied.grams)} over its life"


def _clean_hour(summary: Summary) -> str:
    """Say when the next day is cleanest; nothing where no forecast tells."""
    found = summary.clean_hour
    if found is None:
        return ""
    if found.savings_ratio < 0.005:
        return "now is the cleanest hour of the forecast"
    return f"cleanest hour from {moment(found.start)}, {found.savings_ratio:.0%} less than now"


def _rate_of(value: float | None, name: str, text: str) -> str:
    return UNKNOWN if value is None else data(value, name, text)


def _today_card(summary: Summary) -> str:
    day = next((one for one in summary.budgets if one.period == "day"), None)
    others = [_other_budget(one) for one in summary.budgets if one is not day]
    if day is not None:
        used = f'<p class="big">{data(day.used_grams, "used", grams(day.used_grams))} '
        used += f"<small>of {data(day.limit_grams, 'limit', _limit(day.limit_grams))}</small></p>"
        return card(
            "Today against the budget",
            used,
            _budget_bar(day),
            _projection(day),
            *others,
            budget_scopes_text(summary.counted_scopes, day),
        )
    if not summary.fresh:
        return card("Today against the budget", big(None, "used", "g", 1))
    today, scopes = summary.today_grams, scopes_text(summary.counted_scopes)
    figure = UNKNOWN if today is None else data(today, "today", grams(today))
    return card(
        "Today",
        f'<p class="big">{figure}</p>',
        f"{scopes}; budget.day_grams sets a limit",
        *others,
        budget_scopes_text(summary.counted_scopes, summary.budgets[0]) if others else "",
    )


def _projection(day: BudgetView) -> str:
    """Describe the day's projected total, and whether the budget holds."""
    if day.projected_grams is None:
        return "projection not known yet"
    amount = data(day.projected_grams, "projected", grams(day.projected_grams))
    early = day.projection_learned_ratio < 1.0
    known = f"{day.projection_learned_ratio:.0%} of this device's week is known"
    basis = f"at the mean so far (early: {known})" if early else "if it goes on like its usual week"
    told = f"{amount} by midnight {basis}"
    if day.used_grams >= day.limit_grams:
        return f'{told}: <b class="red">the budget is used up</b>'
    if early:
        # The mean of a morning says little about a day: no verdict yet.
        return told
    verdict, level = ("within", "green") if day.projected_grams <= day.limit_grams else ("over", "red")
    return f'{told}: <b class="{level}">{verdict} budget</b>'


def _other_budget(one: BudgetView) -> str:
    used = data(one.used_grams, f"used-{escape(one.period)}", grams(one.used_grams))
    return f"this {escape(one.period)} {used} of {_limit(one.limit_grams)}"


def _budget_bar(day: BudgetView) -> str:
    """Draw the used share as a bar and a projection within the limit as a mark, on a scale that ends at the limit."""
    share = day.used_grams / day.limit_grams
    colour = " red" if share >= 1.0 else " amber" if share >= 0.8 else ""
    mark = ""
    if day.projected_grams is not None and day.projected_grams < day.limit_grams:
        mark = f'<rect class="mark" x="{200 * day.projected_grams / day.limit_grams:.1f}" width="1.5" height="10"/>'
    return bar(share, f"{share:.0%} of the budget used", colour, mark)


def _activity_card(summary: Summary) -> str:
    received, sent = summary.received_bytes_per_second, summary.sent_bytes_per_second
    traffic = "throughput unknown"
    if received is not None and sent is not None:
        traffic = f"{data(received, 'received', rate_text(received))} in<br>{data(sent, 'sent', rate_text(sent))} out"
    memory = ""
    if summary.memory_used_bytes is not None and summary.memory_total_bytes is not None:
        used, total = (
            summary.memory_used_bytes / BYTES_PER_DECIMAL_GB,
            summary.memory_total_bytes / BYTES_PER_DECIMAL_GB,
        )
        memory = f"memory {used:.1f} of {total:.1f} GB"
    bases = {None: "", UNKNOWN: "known after the first 20 seconds"}
    basis = bases.get(summary.activity, "judged over the last minutes")
    activity = escape(summary.activity or UNKNOWN)
    return card("Network activity", f'<p class="big">{activity}</p>', basis, traffic, memory)


def _flags(summary: Summary) -> str:
    if not summary.flags:
        return '<ul><li class="good">All readings are good.</li></ul>'
    rows = (f'<li class="{escape(flag.level)}">{_with_code(flag.text)}</li>' for flag in summary.flags)
    return f"<ul>{''.join(rows)}</ul>"


def _with_code(text: str) -> str:
    """Show what stands between two backticks as code; one alone stays as it is."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _components(components: list[ComponentView]) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.component)}</td><td>{escape(one.scope)}</td>"
        f'<td class="num">{_watts(one)}</td><td class="num">{band_text(one.low_watts, one.high_watts)}</td>'
        f"<td>{escape(one.source)}: {escape(one.model)}</td><td>{escape(one.description)}</td></tr>"
        for one in components
    )
    head = '<th>Component</th><th>Scope</th><th class="num">Watts</th><th class="num">Band</th>'
    table = f"<table><tr>{head}<th>Source</th><th>How</th></tr>{rows}</table>"
    return scrolling("Watts by component", table)


def _last_proof(told: AttestationView | None, now: float) -> str:
    """Build the part on the last attested hour; nothing where no proof can be read."""
    if told is None:
        return ""
    energy = data(told.energy_kwh, "attested-energy", f"{told.energy_kwh * 1000:.1f} Wh")
    emissions = data(told.emissions_grams, "attested-emissions", grams(told.emissions_grams))
    until, ago = moment(told.end), age(now - told.end)
    link = f'<a href="{PATH}" download="{FILE_NAME}">Download the proof</a>'
    about = f'<a href="{ABOUT_PROOFS}">What it proves</a>'
    return f"""<section><h2>Last proof</h2>
<p><b>{energy}</b> and {emissions} CO\u2082e in the hour until {until}, {ago} ago. {link}</p>
<p class="dim">Whoever holds a secret key says so of {escape(printable(told.instance))}, by what Prometheus had
stored. The signature in the proof shows who that is, and that nobody changed it since. This page has not checked it;
<b>ecochain ledger check {FILE_NAME}</b> does. {about}.</p></section>"""


def _watts(one: ComponentView) -> str:
    return UNKNOWN if one.watts is None else data(one.watts, f"power-{escape(one.component)}", f"{one.watts:.2f}")


def _limit(grams: float) -> str:
    return f"{grams / 1000:g} kg" if grams >= 1000 else f"{grams:g} g"
