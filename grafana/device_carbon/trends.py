"""Power and emissions over time, and beside those of other hours and days."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, leading_link
from grafana.colours import COMPONENTS, FAINT, PLAIN, SCOPES
from grafana.device import HOST_POWER, NO_DATA, power_by_component
from grafana.device_carbon.names import TO_HOST_POWER
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import LIMIT, Facts, Series, Target, coloured, events, lines, stacked
from grafana.promql import rate, select, total
from prometheus.budget import seconds
from prometheus.recording import BASE_INTERVAL, SCOPE_RATE, emission_rate

LIMIT_RATE = Target(expr=f"3600 * {total(select('ecotrack_ecoguard_limit_grams_per_second'))}", legend=LIMIT.name)


def row() -> Row:
    """Build the row of power, emission rate, today beside other days, and the grams of each hour and day."""
    power = power_by_component(leading_link(HOST_POWER, TO_HOST_POWER))
    panels = (power, _emissions(), _beside(), _each("hour", shown="2d"), _each("day", shown="30d"))
    return Row(title="Trends", panels=panels)


def _emissions() -> dashboard.Panel:
    grams = total(rate("ecotrack_emissions_grams_total"), "scope")
    facts = Facts(
        title="Emission rate",
        description=(
            "Grams of carbon dioxide equivalent per hour, by scope: increase of the emission counters per second x "
            "3600. Host is this machine's electricity, network the electricity that its traffic uses elsewhere, by "
            "an amount per byte; the two are stacked, so the top is what the budgets count. The line is the limit "
            "above which an alert warns, ecoguard.limit_grams_per_minute x 60."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NO_DATA,
        targets=(
            Target(expr=f"3600 * {grams}", legend="{{scope}}"),
            LIMIT_RATE,
        ),
        series=(*coloured(SCOPES), LIMIT),
        width=12,
        height=10,
        minimum=0,
    )
    return stacked(facts)


def _beside() -> dashboard.Panel:
    ago = {"today": "", "yesterday": " offset 1d", "a week ago": " offset 1w"}
    facts = Facts(
        title="Today beside other days",
        description=(
            "Grams per hour of machine and network since midnight, as means of half an hour; beside them the same "
            "hours of yesterday and of the same weekday a week ago. Over a change to or from summer time the others "
            "are an hour off."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NO_DATA,
        targets=(
            *(
                Target(expr=f"3600 * {total(select(emission_rate('30m')) + offset)}", legend=name)
                for name, offset in ago.items()
            ),
            LIMIT_RATE,
        ),
        series=(
            Series(name="today", colour=PLAIN),
            Series(name="yesterday", colour=COMPONENTS["cpu"], dashed=True),
            Series(name="a week ago", colour=FAINT, dashed=True),
            LIMIT,
        ),
        width=8,
        minimum=0,
        shown="now/d",
    )
    return lines(facts)


def _each(unit: str, *, shown: str) -> dashboard.Panel:
    step = f"1{unit[0]}"
    facts = Facts(
        title=f"CO₂ of each {unit}",
        description=(
            f"Grams of carbon dioxide equivalent in each whole {unit} of the last {shown.replace('d', ' days')}, by "
            "scope, whatever time the board shows: the mean rate x the time that the device was on. Columns end at the "
            f"full {unit}; the {unit} that runs is not shown yet."
        ),
        unit="massg",
        no_value=NO_DATA,
        targets=(
            Target(
                expr=f"{seconds(BASE_INTERVAL):.0f} * {total(f'sum_over_time({select(SCOPE_RATE)}[{step}])', 'scope')}",
                legend="{{scope}}",
            ),
        ),
        series=coloured(SCOPES),
        width=8,
        minimum=0,
        shown=shown,
        step=step,
    )
    return events(facts)
