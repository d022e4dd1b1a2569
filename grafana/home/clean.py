"""The grid: its intensity today, the cleanest hours of the next day, and the opportunities of the moment."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.carbon_budget.names import INTENSITY, NO_FORECAST
from grafana.colours import GRID, RENEWABLE
from grafana.device import NO_DATA
from grafana.home.names import TO_BUDGET, together
from grafana.home.why import MEAN_OF_ALL
from grafana.joined import by_number
from grafana.options import GRAMS_PER_KWH
from grafana.panels import Facts, Series, Target, lines, rows
from grafana.promql import firing_alerts, select
from prometheus.data_quality_alerts import HIGHEST_GRAMS_PER_KWH
from prometheus.opportunity_alerts import CLEAN_RATIO

HEIGHT = 8

SAYINGS = {"EcotrackGridClean": "clean now: do not wait", "EcotrackGridDirty": "cleaner later: wait"}
"""Alert on an opportunity -> what it says, in a few words."""

SAYING_PIXELS = 200
"""Width of the longest of them."""


def row() -> Row:
    """Build the row of the intensity today, the cleanest windows, and the opportunities."""
    return Row(title="When is it clean?", panels=(_today(), _windows(), _opportunities()))


def _today() -> dashboard.Panel:
    mean = MEAN_OF_ALL.replace("[1d:10m]", "[1d:10m] @ end()")
    facts = Facts(
        title="Grid today",
        description=(
            "Carbon intensity of electricity in force since midnight, and the line below which an hour is clean: "
            f"{1 - CLEAN_RATIO:.0%} below the mean of the last day, as in the alert EcotrackGridClean. The dashed red "
            "line, where it shows, is the most that a grid can have. Several devices: the mean of theirs."
        ),
        unit=GRAMS_PER_KWH,
        no_value=NO_DATA,
        targets=(
            Target(expr=f"avg({select(INTENSITY)})", legend="in force"),
            Target(expr=f"{CLEAN_RATIO} * {mean}", legend="clean below"),
        ),
        series=(
            Series(name="in force", colour=GRID),
            Series(name="clean below", colour=RENEWABLE, dashed=True),
        ),
        limit=HIGHEST_GRAMS_PER_KWH,
        links=(TO_BUDGET,),
        width=10,
        height=HEIGHT,
        minimum=0,
        decimals=0,
        shown="now/d",
        step="10m",
    )
    return lines(facts)


def _windows() -> dashboard.Panel:
    savings, starts = (select(f"ecotrack_clean_window_{name}") for name in ("savings_ratio", "start_timestamp_seconds"))
    best = f"topk by (hours) (1, {savings})"
    facts = Facts(
        title="Cleanest hours of the next day",
        description=(
            "When a job of so many hours should begin to emit least, by the provider's forecast, and the share of its "
            "grams that this saves against beginning now. Several devices: the one whose grid saves most."
        ),
        unit="percentunit",
        no_value=NO_FORECAST,
        targets=(
            Target(expr=f"1000 * max by (hours) ({starts} and on (job, instance, hours) {best})", legend="begins"),
            Target(expr=f"max by (hours) ({savings})", legend="saves"),
        ),
        series=(
            Series(name="Hours", unit="suffix:h"),
            Series(name="Begins", unit="dateTimeAsLocalNoDateIfToday", links=(TO_BUDGET,)),
        ),
        decimals=0,
        width=7,
        height=HEIGHT,
    )
    return by_number(rows(facts, columns={"hours": "Hours", "begins": "Begins", "saves": "Saves"}), "Hours")


def _opportunities() -> dashboard.Panel:
    expr = firing_alerts("ecotrack", ("opportunity",))
    for name, says in SAYINGS.items():
        expr = f'label_replace({expr}, "says", "{says}", "alertname", "{name}")'
    facts = Facts(
        title="Now or later?",
        description=(
            "Opportunities by the alerts that fire now, and for how many of the chosen devices: the grid is clean at "
            "present, or will be so much cleaner within a day that waiting pays. They need a provider with a forecast."
        ),
        unit="none",
        no_value="no opportunity: now is neither clean nor much dirtier than later, or no forecast is known",
        targets=(Target(expr=together(expr, "says"), legend="devices"),),
        series=(Series(name="The grid is", pixels=SAYING_PIXELS, links=(TO_BUDGET,)),),
        decimals=0,
        width=7,
        height=HEIGHT,
    )
    return rows(facts, columns={"says": "The grid is", "devices": "Devices"})
