"""Power, emissions, intensity and the day's budget over time."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import COMPONENTS, FAINT, GRID, PLAIN, SCOPES
from grafana.device_carbon.names import GRAMS_PER_HOUR, GRAMS_PER_KWH, NO_BUDGET, NO_DATA
from grafana.device_carbon.now import power_targets
from grafana.panels import LIMIT, Facts, Series, Target, by_label, coloured, lines, stacked
from grafana.promql import rate, select, total
from prometheus.data_quality_alerts import HIGHEST_GRAMS_PER_KWH
from prometheus.recording import INTENSITY


def row() -> Row:
    """Build the row of power twice (by component, with its band), emission rate, intensity, and today in grams."""
    panels = (_components(), _band(), _emissions(), _intensity(), _today())
    return Row(title="Trends", panels=panels)


def _components() -> dashboard.Panel:
    facts = Facts(
        title="Power by component",
        description=(
            "The host's power, split into parts that do not overlap, so the stack is the machine. Baseline is what it "
            "draws when idle. Where no sensor exists the parts come from a model: the row Data quality says which."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=(by_label("sum", "component", select("ecotrack_power_watts", scope="host")),),
        series=coloured(COMPONENTS),
        width=12,
        minimum=0,
    )
    return stacked(facts)


def _band() -> dashboard.Panel:
    facts = Facts(
        title="Power and its uncertainty",
        description=(
            "The host's power as estimated, inside the band that its sources state: sum over components of estimate x "
            "(1 ∓ uncertainty). The band shows how far the estimate may be off in level; changes over time are "
            "usually more reliable than the level itself."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=power_targets(),
        series=(
            Series(name="at least", colour=FAINT),
            Series(name="estimate", colour=PLAIN),
            Series(name="at most", colour=FAINT, below="at least"),
        ),
        width=12,
        minimum=0,
    )
    return lines(facts)


def _emissions() -> dashboard.Panel:
    grams = total(rate("ecotrack_emissions_grams_total"), "scope")
    facts = Facts(
        title="Emission rate",
        description=(
            "Grams of carbon dioxide equivalent per hour, by scope: increase of the emission counters per second x "
            "3600. Host is this machine's electricity, network the electricity that its traffic uses elsewhere, by "
            "an amount per byte; the two are stacked, so the top is what the budgets count."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NO_DATA,
        targets=(
            Target(expr=f"3600 * {grams}", legend="{{scope}}"),
            Target(expr=f"3600 * {total(select('ecotrack_ecoguard_limit_grams_per_second'))}", legend="limit"),
        ),
        series=(*coloured(SCOPES), LIMIT),
        width=8,
        minimum=0,
    )
    return stacked(facts)


def _intensity() -> dashboard.Panel:
    in_force = select("ecotrack_grid_carbon_intensity_grams_per_kwh")
    facts = Facts(
        title="Grid carbon intensity",
        description=(
            "Grams of carbon dioxide equivalent per kilowatt hour of electricity. The value in force is the one that "
            "turns energy into grams now, with its zone and source; a static source is a yearly average and stays "
            "flat. Energy-weighted is grams / kWh actually used over the last hour."
        ),
        unit=GRAMS_PER_KWH,
        no_value=NO_DATA,
        targets=(
            Target(
                expr=f"max by (grid_zone, source) ({in_force})",
                legend="{{grid_zone}} ({{source}})",
            ),
            Target(expr=f"avg({select(INTENSITY)})", legend="energy-weighted, 1 h"),
        ),
        series=(Series(name="energy-weighted, 1 h", colour=PLAIN),),
        colour=GRID,
        limit=HIGHEST_GRAMS_PER_KWH,
        width=8,
        minimum=0,
    )
    return lines(facts)


def _today() -> dashboard.Panel:
    facts = Facts(
        title="Today in grams",
        description=(
            "Emitted since midnight in the configured time zone, what that becomes by the end of the day if it goes "
            "on like the device's usual week, scaled by how today compares with it, and the day's limit. Host and "
            "network count; several devices are added up."
        ),
        unit="massg",
        no_value=NO_BUDGET,
        targets=tuple(
            Target(expr=total(select(f"ecotrack_budget_{name}_grams", period="day")), legend=name)
            for name in ("used", "projected", "limit")
        ),
        series=(
            Series(name="used", colour=PLAIN),
            Series(name="projected", colour=FAINT, dashed=True),
            LIMIT,
        ),
        width=8,
        minimum=0,
    )
    return lines(facts)
