"""The present: grams an hour, watts, the grams of the last day, and the budgets."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import SCOPES
from grafana.device import NO_DATA, NO_PERIODS
from grafana.home.names import TO_BUDGET, TO_DEVICE, TO_FLEET, TO_HOST_POWER, together
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, number, rows
from grafana.promql import SECONDS_PER_DAY, SECONDS_PER_HOUR, select
from prometheus.recording import POWER, SCOPE_RATE, emission_rate

HEIGHT = 5


def row() -> Row:
    """Build the row of grams an hour, watts, the last day, and the budgets."""
    return Row(title="What do I emit now?", panels=(_emissions(), _power(), _day(), _budgets()))


def grams_per_hour(grams_per_second: str) -> str:
    """Return a rate per hour."""
    return f"{SECONDS_PER_HOUR} * {grams_per_second}"


def grams_of_a_day() -> str:
    """Return the grams of the last 24 hours, of machine and network of each device."""
    return f"{SECONDS_PER_DAY} * {select(emission_rate('1d'))}"


def _emissions() -> dashboard.Panel:
    def of(scope: str) -> str:
        return grams_per_hour(together(select(SCOPE_RATE, scope=scope)))

    facts = Facts(
        title="Emissions",
        description=(
            "Carbon dioxide equivalent per hour, mean of the last 5 minutes: energy x the grid's carbon intensity. "
            "Machine is the electricity of the chosen devices, network what their traffic uses elsewhere, by a model "
            "of which published ones differ tenfold. Several devices are added up."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NO_DATA,
        targets=(
            Target(expr=grams_per_hour(together(select(emission_rate("5m")))), legend="together"),
            Target(expr=of("host"), legend="machine"),
            Target(expr=of("network"), legend="network"),
        ),
        series=(
            Series(name="machine", colour=SCOPES["host"]),
            Series(name="network", colour=SCOPES["network"]),
        ),
        links=(TO_DEVICE, TO_FLEET),
        width=9,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _power() -> dashboard.Panel:
    facts = Facts(
        title="Power",
        description=(
            "Electrical power of the chosen machines, mean of the last 5 minutes: the sum of their components. How far "
            "off it may be, and what of it is measured, is told in the last row."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=(Target(expr=together(select(POWER, scope="host")), legend="machine"),),
        colour=SCOPES["host"],
        links=(TO_HOST_POWER,),
        width=4,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts)


def _day() -> dashboard.Panel:
    facts = Facts(
        title="Last 24 hours",
        description=(
            "Grams of carbon dioxide equivalent in the last 24 hours, of machines and networks together: the mean rate "
            "x 86,400 s, where time without the exporter counts as none. Several devices are added up."
        ),
        unit="massg",
        no_value=NO_DATA,
        targets=(Target(expr=together(grams_of_a_day()), legend="last 24 hours"),),
        links=(TO_DEVICE, TO_BUDGET),
        width=4,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts)


def _budgets() -> dashboard.Panel:
    used, projected, limit = (
        together(select(f"ecotrack_budget_{name}_grams"), "period") for name in ("used", "projected", "limit")
    )
    facts = Facts(
        title="Budgets",
        description=(
            "Part of each carbon budget that is used since its period began, used / limit, in the calendar of the "
            "configured time zone; and what will be used at its end / limit, if the device goes on as usual. Red from "
            "100%. Several devices: their grams together / their limits together."
        ),
        unit="percentunit",
        no_value=NO_PERIODS,
        targets=(
            Target(expr=f"{used} / {limit}", legend="used"),
            Target(expr=f"{projected} / {limit}", legend="projected"),
        ),
        series=(Series(name="Used", unit="percentunit", bar=True, decimals=0), Series(name="At its end", decimals=0)),
        links=(TO_BUDGET,),
        limit=1,
        width=7,
        height=HEIGHT,
        decimals=0,
    )
    return rows(facts, columns={"period": "Budget", "used": "Used", "projected": "At its end"})
