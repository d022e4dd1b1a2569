"""The reasons: the activity, the component and the program that weigh most, and the grid."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.carbon_budget.names import INTENSITY
from grafana.colours import ACTIVITIES, COMPONENTS, FAINT, GRID, SCOPES
from grafana.device import NO_DATA
from grafana.home.names import TO_BUDGET, TO_DEVICE, TO_HOST_POWER, together
from grafana.home.now import grams_per_hour
from grafana.host_power.programs import NOT_TOLD, OF_PROGRAMS
from grafana.options import GRAMS_PER_HOUR, GRAMS_PER_KWH
from grafana.panels import Facts, Series, Target, coloured, number, texts
from grafana.promql import select
from prometheus.data_quality_alerts import HIGHEST_GRAMS_PER_KWH
from prometheus.recording import GROUP_EMISSIONS

HEIGHT = 4
MEAN_OF_ALL = f"avg(avg_over_time({select(INTENSITY)}[1d:10m]))"
"""Mean of the intensity in force in the last day, looked at every ten minutes: cheap where there are many devices."""


def row() -> Row:
    """Build the row of activity, component, program and grid."""
    return Row(title="Why?", panels=(_activity(), _component(), _program(), _grid()))


def programs() -> str:
    """Return the grams per hour of each program, of machine and network."""
    return grams_per_hour(together(select(GROUP_EMISSIONS, OF_PROGRAMS), "group"))


def _activity() -> dashboard.Panel:
    state = "ecotrack_activity_state"
    most = f"scalar(max({together(select(state), 'activity')}))"
    terms = (
        f"{index} + 0 * ({together(select(state, activity=activity))} == {most})"
        for index, activity in enumerate(ACTIVITIES, start=1)
    )
    facts = Facts(
        title="Activity",
        description=(
            "What the network is used for, judged by throughput alone, so it is a guess. Several devices: the activity "
            "that most of them have now."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=f"max({' or '.join(terms)})", legend="activity"),),
        mappings=texts(dict(enumerate(ACTIVITIES.items(), start=1))),
        links=(TO_DEVICE,),
        width=5,
        height=HEIGHT,
    )
    return number(facts)


def _component() -> dashboard.Panel:
    watts = select("ecotrack_power_watts")
    share = f"{together(watts, 'component')} / on () group_left () ({together(watts)} > 0)"
    facts = Facts(
        title="Component with the most",
        description=(
            "The component that draws most, and its part of the watts of machine and network. Baseline is what a "
            "machine draws with nothing running; network is what others' equipment draws for the traffic."
        ),
        unit="percentunit",
        no_value=NO_DATA,
        targets=(Target(expr=f"topk(1, {share})", legend="{{component}}"),),
        series=coloured(COMPONENTS),
        links=(TO_HOST_POWER,),
        width=6,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts, shown="value_and_name")


def _program() -> dashboard.Panel:
    facts = Facts(
        title="Program with the most",
        description=(
            "The program that emits most beyond what the machines draw idle, and its grams per hour of machine and "
            "network, mean of the last 5 minutes. How processes are grouped is attribution.by in the configuration."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NOT_TOLD,
        targets=(Target(expr=f"topk(1, {programs()})", legend="{{group}}"),),
        colour=SCOPES["host"],
        links=(TO_HOST_POWER,),
        width=6,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _grid() -> dashboard.Panel:
    facts = Facts(
        title="Grid",
        description=(
            "Carbon intensity of electricity in force, which turns energy into grams, and its mean over the last day. "
            "Both are equal where a fixed figure is configured. Several devices: the mean of theirs. Red from where no "
            "grid is."
        ),
        unit=GRAMS_PER_KWH,
        no_value=NO_DATA,
        targets=(
            Target(expr=f"avg({select(INTENSITY)})", legend="in force"),
            Target(expr=MEAN_OF_ALL, legend="mean of a day"),
        ),
        series=(Series(name="in force", colour=GRID), Series(name="mean of a day", colour=FAINT)),
        limit=HIGHEST_GRAMS_PER_KWH,
        links=(TO_BUDGET,),
        width=7,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts, shown="value_and_name")
