"""The simulator's page: one server-rendered document, made from a summary and the last simulated day."""

from html import escape

from exporter.core.html import UNKNOWN, bar, big, card, data, document, footer_links, grams, moment, reloading
from exporter.core.units import SECONDS_PER_DAY, Joules, to_kwh
from simulator.live.chart import power_chart
from simulator.live.flow_picture import flow_picture
from simulator.live.forecast_table import forecast_section
from simulator.live.ledger.view import ledger_section
from simulator.live.scheduler_table import scheduler_section
from simulator.live.summary import PointView, Summary, Today
from simulator.live.tables import flow_table, node_table, site_table


def render_page(summary: Summary, points: list[PointView], *, metrics_path: str, still: bool = False) -> str:
    """Return the HTML document; unless it is `still`, it has the browser load it again after the next snapshot."""
    refresh, other = reloading(summary.interval_seconds, still=still)
    return document(
        title=_title(summary),
        refresh=refresh,
        header=f"<h1>EcoChain</h1>{_published(summary)}{other}",
        main=f"""{_clock(summary)}
<div class="cards">
{_power_card(summary)}
{_renewable_card(summary.today)}
{_emission_card(summary)}
{_task_card(summary)}
</div>
<section>{power_chart(points)}</section>
{scheduler_section(summary.scheduler)}
{_flows(summary)}
<section><h2>Sites</h2>{site_table(summary.sites)}</section>
{forecast_section(summary.forecasts)}
{ledger_section(summary.chain, summary.worth)}
<section><h2>Nodes</h2>{node_table(summary.nodes, with_sites=len(summary.sites) > 1)}</section>""",
        footer=f"<p>{_setting(summary)}</p>\n{footer_links('ecochain', summary.version, metrics_path)}",
    )


def _title(summary: Summary) -> str:
    watts = UNKNOWN if summary.power_watts is None else f"{summary.power_watts:.1f} W"
    return f"{watts} - EcoChain, simulated"


def _published(summary: Summary) -> str:
    if summary.published_at is None:
        return '<p class="state waiting">waiting for the first step</p>'
    state, late = ("fresh", "") if summary.fresh else ("stale", ", which is too long ago")
    return f'<p class="state {state}">as of {moment(summary.published_at)}{late}</p>'


def _clock(summary: Summary) -> str:
    """Show the simulated time, so that nobody takes these figures for a real cluster's."""
    day = int(summary.clock_seconds // SECONDS_PER_DAY) + 1
    shown = summary.clock_time[:16].replace("T", " ")
    clock = data(summary.clock_seconds, "clock", shown)
    return (
        f'<section class="clock"><p><b>Simulated</b> cluster, day {day}: it is <b>{clock}</b> there. '
        f"{_speed(summary)}</p></section>"
    )


def _speed(summary: Summary) -> str:
    if summary.speed is None:
        return "How fast time passes there is not known yet."
    wanted = f" of {summary.wanted_speed} wanted" if _lags(summary) else ""
    return f"{data(summary.speed, 'speed', f'{summary.speed:,.0f}')} simulated seconds pass in each second{wanted}."


def _lags(summary: Summary) -> bool:
    """Return whether the clock is clearly slower than it should be."""
    if summary.speed is None or summary.wanted_speed == "max":
        return False
    return summary.speed < 0.9 * float(summary.wanted_speed)


def _power_card(summary: Summary) -> str:
    if summary.power_watts is None or summary.generation_watts is None or summary.grid_watts is None:
        return card("Power now", big(None, "power", "W", 1))
    return card(
        "Power now",
        big(summary.power_watts, "power", "W", 1),
        f"{data(summary.generation_watts, 'generation', f'{summary.generation_watts:.1f} W')} generated",
        f"{data(summary.grid_watts, 'grid', f'{summary.grid_watts:.1f} W')} from the grid",
    )


def _renewable_card(today: Today) -> str:
    share = today.renewable_ratio
    if share is None:
        return card("Renewable today", big(None, "renewable", "%", 0))
    energy = data(today.energy_joules, "energy", f"{to_kwh(Joules(today.energy_joules)):.3f} kWh")
    figure = f'<p class="big">{data(share, "renewable", f"{share:.0%}")}</p>'
    return card("Renewable today", figure, bar(share, f"{share:.0%} of the energy"), f"of {energy} consumed")


def _emission_card(summary: Summary) -> str:
    today = summary.today
    avoided = data(today.avoided_grams, "avoided", grams(today.avoided_grams))
    rate, intensity = summary.emission_grams_per_hour, summary.grid_grams_per_kwh
    now = ""
    if rate is not None and intensity is not None:
        now = f"{data(rate, 'emissions', f'{rate:.1f} g/h')} now, at {intensity:.0f} g/kWh"
    amount, unit = grams(today.emissions_grams).split()
    figure = f'<p class="big">{data(today.emissions_grams, "today", amount)} <small>{unit} CO\u2082e</small></p>'
    return card("Emissions today", figure, now, f"own supply avoided {avoided}")


def _task_card(summary: Summary) -> str:
    today = summary.today
    done = today.on_time + today.late
    missed = "no task has ended yet"
    if today.miss_ratio is not None:
        late = data(today.late, "late", f"{today.late:,}")
        dropped = data(today.dropped, "dropped", f"{today.dropped:,}")
        share = data(today.miss_ratio, "missed", f"{today.miss_ratio:.2%}")
        missed = f"{late} late, {dropped} dropped: {share}"
    held = ""
    if summary.held_tasks is not None:
        held = f"{data(summary.held_tasks, 'held', f'{summary.held_tasks:,}')} wait for greener supply"
    figure = f'<p class="big">{data(done, "completed", f"{done:,}")} <small>completed</small></p>'
    return card("Tasks today", figure, missed, held)


def _flows(summary: Summary) -> str:
    """Draw and list the flows; energy that a battery took and gave back is on both sides twice."""
    picture, table = flow_picture(summary.flows), flow_table(summary.flows)
    about = '<p class="dim">Energy that went through a battery counts when it is stored and again when it is used.</p>'
    parts = f'<div class="halves"><div>{picture}</div><div>{table}{about}</div></div>' if table else picture
    return f"<section><h2>Flows of energy today, from source to sink</h2>{parts}</section>"


def _setting(summary: Summary) -> str:
    return (
        f"scenario {escape(summary.scenario)}, policy {escape(summary.policy)}, seed {summary.seed}, "
        f"forecaster {escape(summary.forecaster)}, ledger {escape(summary.ledger)}"
    )
