"""The change: this week against the last, by energy and by grid, and the last two weeks by day."""

from grafana_foundation_sdk.models import barchart, dashboard

from grafana.board import Row
from grafana.colours import FAINT, PLAIN
from grafana.home.names import TO_BUDGET, TO_DEVICE, TO_FLEET, together
from grafana.home.now import grams_of_a_day
from grafana.panels import Facts, Series, Target, differences, events, number
from grafana.promql import rounded, select
from prometheus.weeks import GRAMS, JOULES, week

HEIGHT = 7
WIDEST = 0.5
"""Change at which the axis ends at least, so that there is room for a figure beside each bar."""
NO_WEEKS = "not known before two weeks of history"
NO_DAYS = "no day has ended yet, by UTC"


def row() -> Row:
    """Build the row of the change with its two causes, both weeks in grams, and the days."""
    return Row(title="Is it getting better?", panels=(_changes(), _weeks(), _days()))


def _of_week(quantity: str) -> str:
    return together(select(week(quantity)))


def _of_week_before(quantity: str) -> str:
    """Add up the week before, of the devices of this week."""
    both = f"{select(week(quantity, before=True))} and on (job, instance) {select(week(quantity))}"
    return together(f"({both})")


def _times(quantity: str) -> str:
    """Return how many times as much as the week before this one has."""
    return f"{_of_week(quantity)} / ({_of_week_before(quantity)} > 0)"


def _change(times: str) -> str:
    """Return the change of what is that many times as much."""
    return rounded(f"{times} - 1", 0.001)


def _changes() -> dashboard.Panel:
    facts = Facts(
        title="This week against the last",
        description=(
            "Change from the seven days before to the last seven. Emissions are energy x grams per kWh, so their "
            "change has two causes: energy, that less or more was used; and grid, that each kWh was cleaner or dirtier "
            "when it was used. (1 + energy) x (1 + grid) = 1 + emissions. Left of zero is less. Devices that were not "
            "known for two weeks are left out."
        ),
        unit="percentunit",
        no_value=NO_WEEKS,
        targets=(
            Target(expr=_change(_times(GRAMS)), legend="emissions"),
            Target(expr=_change(_times(JOULES)), legend="energy"),
            Target(expr=_change(f"({_times(GRAMS)}) / ({_times(JOULES)} > 0)"), legend="grid"),
        ),
        links=(TO_BUDGET, TO_FLEET),
        width=8,
        height=HEIGHT,
        decimals=1,
    )
    panel = differences(facts)
    if panel.field_config is not None:
        panel.field_config.defaults.custom = barchart.FieldConfig(
            line_width=0, fill_opacity=80, axis_soft_min=-WIDEST, axis_soft_max=WIDEST
        )
    return panel


def _weeks() -> dashboard.Panel:
    facts = Facts(
        title="Both weeks",
        description=(
            "Grams of carbon dioxide equivalent of the last seven days and of the seven before, of machines and "
            "networks that were known in both: the increase of the exporter's lifetime total."
        ),
        unit="massg",
        no_value=NO_WEEKS,
        targets=(
            Target(expr=_of_week(GRAMS), legend="this week"),
            Target(expr=_of_week_before(GRAMS), legend="last week"),
        ),
        series=(Series(name="this week", colour=PLAIN), Series(name="last week", colour=FAINT)),
        links=(TO_BUDGET,),
        width=6,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _days() -> dashboard.Panel:
    facts = Facts(
        title="CO₂ of each day",
        description=(
            "Grams of carbon dioxide equivalent of each of the last 14 days, of machines and networks together, "
            "whatever time the board shows. Columns end at midnight UTC; the day that runs is not shown yet."
        ),
        unit="massg",
        no_value=NO_DAYS,
        targets=(Target(expr=together(grams_of_a_day()), legend="grams"),),
        links=(TO_DEVICE,),
        width=10,
        height=HEIGHT,
        minimum=0,
        shown="14d",
        step="1d",
    )
    return events(facts)
