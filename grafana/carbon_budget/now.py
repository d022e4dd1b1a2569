"""The first screen: what is left, where it leads, the grid now, and when it is cleanest."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, leading_link
from grafana.carbon_budget.names import INTENSITY, MEAN_OF_A_DAY, NO_FORECAST, TO_DEVICE
from grafana.colours import FAINT, GRID
from grafana.device import DEVICE_CARBON, NO_DATA, NO_PERIODS
from grafana.joined import by_number
from grafana.options import GRAMS_PER_KWH
from grafana.panels import Facts, Series, Target, bars, number, rows
from grafana.promql import select, total
from prometheus.data_quality_alerts import HIGHEST_GRAMS_PER_KWH

HEIGHT = 6


def row() -> Row:
    """Build the row of what is left and projected, the intensity now, and the cleanest windows."""
    return Row(title="Now", panels=(_left(), _projected(), _intensity(), _windows()))


def _left() -> dashboard.Panel:
    def left(period: str) -> str:
        limit, used = (total(select(f"ecotrack_budget_{name}_grams", period=period)) for name in ("limit", "used"))
        return f"{limit} - {used}"

    facts = Facts(
        title="Left of the budgets",
        description=(
            "Grams that are left of today's and of this month's carbon budget: limit - used, in the calendar of the "
            "configured time zone. Machine and network count. Below zero, and red, a budget is overspent. Several "
            "devices are added up."
        ),
        unit="massg",
        no_value=NO_PERIODS,
        targets=(Target(expr=left("day"), legend="today"), Target(expr=left("month"), legend="this month")),
        links=(leading_link(DEVICE_CARBON, TO_DEVICE),),
        least=0,
        width=5,
        height=HEIGHT,
    )
    return number(facts, shown="value_and_name")


def _projected() -> dashboard.Panel:
    projected, limit = (total(select(f"ecotrack_budget_{name}_grams"), "period") for name in ("projected", "limit"))
    facts = Facts(
        title="Projected against the limit",
        description=(
            "What each budget will have used at the end of its period / its limit, if the device goes on like its "
            "usual week, scaled by how the period so far compares with it; in its first week it is the mean so far. "
            "Red from 100%. Several devices: their grams together / their limits together."
        ),
        unit="percentunit",
        no_value=NO_PERIODS,
        targets=(Target(expr=f"{projected} / {limit}", legend="{{period}}"),),
        links=(leading_link(DEVICE_CARBON, TO_DEVICE),),
        width=6,
        height=HEIGHT,
        limit=1,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return bars(facts)


def _intensity() -> dashboard.Panel:
    facts = Facts(
        title="Grid now",
        description=(
            "Carbon intensity of electricity in force, and its mean over the last day, in grams of carbon dioxide "
            "equivalent per kilowatt hour. It turns energy into grams. Several devices: the mean of theirs. Red from "
            "where no grid is."
        ),
        unit=GRAMS_PER_KWH,
        no_value=NO_DATA,
        targets=(
            Target(expr=f"avg({select(INTENSITY)})", legend="in force"),
            Target(expr=f"avg({MEAN_OF_A_DAY})", legend="mean of a day"),
        ),
        series=(Series(name="in force", colour=GRID), Series(name="mean of a day", colour=FAINT)),
        limit=HIGHEST_GRAMS_PER_KWH,
        width=6,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts, shown="value_and_name")


def _windows() -> dashboard.Panel:
    def asked(name: str) -> str:
        return f"by (instance, hours) ({select(f'ecotrack_clean_window_{name}')})"

    facts = Facts(
        title="Cleanest windows of the next day",
        description=(
            "When a job of so many hours should begin to emit least, by the provider's forecast, and the share of its "
            "grams that this saves against beginning now. `ecotrack clean-window` tells it for any length and power, "
            "in grams."
        ),
        unit="percentunit",
        no_value=NO_FORECAST,
        targets=(
            Target(expr=f"1000 * min {asked('start_timestamp_seconds')}", legend="begins"),
            Target(expr=f"max {asked('savings_ratio')}", legend="saves"),
        ),
        series=(Series(name="Hours", unit="suffix:h"), Series(name="Begins", unit="dateTimeAsLocalNoDateIfToday")),
        decimals=0,
        width=7,
        height=HEIGHT,
    )
    columns = {"hours": "Hours", "begins": "Begins", "saves": "Saves"}
    return by_number(rows(facts, columns=columns, hidden=("instance",)), "Hours")
