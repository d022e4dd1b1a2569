"""The cost of electricity, and the amounts of times in which nobody counted."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.carbon_budget.names import NO_PRICE
from grafana.colours import COMPONENTS, SCOPES
from grafana.device import NO_DATA
from grafana.panels import Facts, Series, Target, events, number
from grafana.promql import SECONDS_PER_DAY, select, shown, total
from prometheus.budget import seconds
from prometheus.recording import COST, POWER_INTERVAL

PRICE = "ecotrack_electricity_price_per_kwh"
HEIGHT = 7


def row() -> Row:
    """Build the row of the cost now, the cost of each day, and the time without exporter."""
    return Row(title="Cost, and time that was not counted", panels=(_cost(), _each_day(), _gaps()))


def _paid(window: str) -> str:
    """Take a value of every interval after the window's first moment: earlier versions recorded one each minute."""
    values = f"sum_over_time({select(COST)}[{window}:{POWER_INTERVAL}] offset -1ms)"
    return f"{seconds(POWER_INTERVAL):.0f} * sum by (currency) ({values})"


def _cost() -> dashboard.Panel:
    per_day = f"{SECONDS_PER_DAY} * sum by (currency) ({select(COST)})"
    facts = Facts(
        title="Cost of electricity",
        description=(
            "Price of a kilowatt hour in force, as configured; what the machine's own electricity cost in the time "
            "shown, every two minutes at its price; and what a day costs at the present power and price. The network's "
            "electricity is paid by those who run it. Nothing is converted: each currency has figures of its own. "
            "Several devices are added up, and their price is the mean."
        ),
        unit="none",
        no_value=NO_PRICE,
        targets=(
            Target(expr=f"avg by (currency) ({select(PRICE)})", legend="{{currency}} a kWh"),
            Target(expr=_paid("$__range"), legend="{{currency}} in this time"),
            Target(expr=per_day, legend="{{currency}} a day"),
        ),
        colour=SCOPES["host"],
        width=8,
        height=HEIGHT,
    )
    return number(facts, shown="value_and_name")


def _each_day() -> dashboard.Panel:
    facts = Facts(
        title="Cost of each day",
        description=(
            "What the machine's own electricity cost in each whole day of the last 30 days, whatever time the board "
            "shows: power x price x time. Columns end at the full day; the day that runs is not shown yet."
        ),
        unit="none",
        no_value=NO_PRICE,
        targets=(Target(expr=_paid("1d"), legend="{{currency}}"),),
        colour=SCOPES["host"],
        width=8,
        height=HEIGHT,
        minimum=0,
        decimals=2,
        shown="30d",
        step="1d",
    )
    return events(facts)


def _gaps() -> dashboard.Panel:
    facts = Facts(
        title="While the exporter did not run",
        description=(
            "Energy, emissions and traffic of the machine in the time shown, of times in which the exporter did not "
            "run and the kernel's counters prove what happened: increase of the gap counters, which are in no other "
            "figure, and in budgets only with budget.include_gaps. A time that begins before the time shown is in it "
            "whole. Grams are reckoned with the intensity of the next start."
        ),
        unit="watth",
        no_value=NO_DATA,
        targets=(
            Target(expr=f"{total(shown('ecotrack_gap_joules_total'))} / 3600", legend="energy"),
            Target(expr=total(shown("ecotrack_gap_emissions_grams_total")), legend="CO₂"),
            Target(expr=total(shown("ecotrack_gap_bytes_total")), legend="traffic"),
        ),
        series=(
            Series(name="energy", colour=SCOPES["host"]),
            Series(name="CO₂", unit="massg"),
            Series(name="traffic", colour=COMPONENTS["network"], unit="decbytes"),
        ),
        width=8,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")
