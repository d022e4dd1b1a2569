"""The components: their watts over time and now, where each figure comes from, and their energy."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, leading_link
from grafana.colours import COMPONENTS, PLAIN, SCOPES
from grafana.device import DEVICE_CARBON, NO_DATA, power_by_component
from grafana.panels import Facts, Series, Target, bars, coloured, events, lines, rows
from grafana.promql import select, total
from prometheus.recording import ORIGIN_POWER

HEIGHT = 8

ROW_PIXELS, INSTANCE_PIXELS = 184, 136
"""Widths of the name of a processor, and of an address with its port."""


def row() -> Row:
    """Build the row of power by component, power and load, origins, energy by source, and energy by hour."""
    power = power_by_component(leading_link(DEVICE_CARBON, "Its carbon and its budgets"))
    return Row(title="By component", panels=(power, _beside_load(), _origin(), _by_source(), _each_hour()))


def _origin() -> dashboard.Panel:
    info = select("ecotrack_power_source_info")
    watts = select("ecotrack_power_watts", scope="host")
    of_host = f"and on (job, instance, component) {watts}"
    values = {
        "Power": watts,
        "At least": f"({select('ecotrack_power_low_watts')} {of_host})",
        "At most": f"({select('ecotrack_power_high_watts')} {of_host})",
    }
    by = "instance, component, source, model"
    named = f"* on (job, instance, component) group_left (source, model) {info}"
    facts = Facts(
        title="Where the power comes from",
        description=(
            "Each component now, with the ends of its band, in which nine machines in ten lie. Source is the sensor, "
            "or else the rung of the ladder of estimates, from best to worst: calibrated, name, generation, tdp, "
            "average, cep. Row is the row of the table or the preset; measured where a sensor tells."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=tuple(Target(expr=f"sum by ({by}) ({expr} {named})", legend=name) for name, expr in values.items()),
        series=(Series(name="Row", pixels=ROW_PIXELS), Series(name="Instance", pixels=INSTANCE_PIXELS)),
        decimals=1,
        width=16,
        height=HEIGHT,
    )
    columns = {"component": "Component", "source": "Source", "model": "Row", **{name: name for name in values}}
    columns["instance"] = "Instance"
    return rows(facts, columns=columns, largest="Power")


def _by_source() -> dashboard.Panel:
    def energy(*labels: str) -> str:
        return total(f"sum_over_time({select(ORIGIN_POWER)}[$__range])", *labels)

    facts = Facts(
        title="Energy by source",
        description=(
            "Share of the machine's energy in the time shown by where the figure comes from: a sensor or meter "
            "(measured), or a rung of the ladder of estimates (modelled). From the power recorded every two minutes."
        ),
        unit="percentunit",
        no_value="no power was recorded in this time",
        targets=(
            Target(
                expr=f"{energy('source', 'origin')} / on () group_left () ({energy()} > 0)",
                legend="{{source}}, {{origin}}",
            ),
        ),
        colour=SCOPES["host"],
        width=8,
        height=HEIGHT,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return bars(facts)


def _beside_load() -> dashboard.Panel:
    facts = Facts(
        title="Power beside load",
        description=(
            "The machine's power, and the share of processor time that was not idle (mean of the chosen devices), on "
            "an axis of its own. Modelled power follows the load by construction. Measured power that does not follow "
            "it is drawn by something else: a graphics card, the memory, disks, a screen."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=(
            Target(expr=total(select("ecotrack_power_watts", scope="host")), legend="power"),
            Target(expr=f"avg({select('ecotrack_cpu_utilization_ratio')})", legend="load"),
        ),
        series=(
            Series(name="power", colour=SCOPES["host"]),
            Series(name="load", colour=PLAIN, unit="percentunit", dashed=True),
        ),
        width=12,
        height=10,
        minimum=0,
    )
    return lines(facts)


def _each_hour() -> dashboard.Panel:
    hourly = f"increase({select('ecotrack_energy_joules_total', scope='host')}[1h])"
    facts = Facts(
        title="Electricity of each hour",
        description=(
            "Watt hours in each whole hour of the last 2 days by component, whatever time the board shows: increase of "
            "the energy counters / 3600. Columns end at the full hour; the hour that runs is not shown yet."
        ),
        unit="watth",
        no_value=NO_DATA,
        targets=(Target(expr=f"{total(hourly, 'component')} / 3600", legend="{{component}}"),),
        series=coloured({name: colour for name, colour in COMPONENTS.items() if name != "network"}),
        width=24,
        height=HEIGHT,
        minimum=0,
        shown="2d",
        step="1h",
    )
    return events(facts)
