"""The devices, teams and programs that emit most."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.device import NO_DATA
from grafana.home.names import MOST, TO_FLEET, TO_HOST_POWER, together
from grafana.home.now import grams_per_hour
from grafana.home.why import programs
from grafana.host_power.programs import NOT_TOLD
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, rows
from grafana.promql import EVERY_INSTANCE, select, total
from prometheus.fleet import WEIGHT
from prometheus.recording import POWER, emission_rate

HEIGHT = 7
NO_TEAM = "no team: no target has the label team"

NAME_PIXELS, WATTS_PIXELS = 144, 72
"""Widths of the address of a device, and of its power."""


def row() -> Row:
    """Build the row of devices, teams and programs."""
    return Row(title="Who?", panels=(_devices(), _teams(), _programs()))


def _devices() -> dashboard.Panel:
    watts = together(select(POWER, scope="host"), "instance")
    most = f"topk({MOST}, {grams_per_hour(together(select(emission_rate('5m')), 'instance'))})"
    facts = Facts(
        title="Devices that emit most",
        description=(
            f"The {MOST} devices with the most grams per hour of machine and network, and their own watts, means of "
            "the last 5 minutes. One that several addresses lead to is divided among them. A click leads to its board."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NO_DATA,
        targets=(
            Target(expr=most, legend="emissions"),
            Target(expr=f"{watts} and on (instance) {most}", legend="power"),
        ),
        series=(
            Series(name="Instance", pixels=NAME_PIXELS),
            Series(name="Emissions", bar=True, links=(TO_FLEET,)),
            Series(name="Power", unit="watt", pixels=WATTS_PIXELS),
        ),
        minimum=0,
        width=9,
        height=HEIGHT,
        decimals=1,
    )
    columns = {"instance": "Instance", "emissions": "Emissions", "power": "Power"}
    return rows(facts, columns=columns, largest="Emissions")


def _teams() -> dashboard.Panel:
    shares = select(WEIGHT, f'team!="",{EVERY_INSTANCE}')
    rates = f"{shares} * on (job, instance) group_left () {select(emission_rate('5m'))}"
    facts = Facts(
        title="Teams that emit most",
        description=(
            f"The {MOST} teams whose devices emit most per hour together, mean of the last 5 minutes, each device "
            "once. A device's team is the label team of its target, which service discovery or the scrape "
            "configuration sets; devices without one are not here."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NO_TEAM,
        targets=(Target(expr=f"topk({MOST}, {grams_per_hour(total(rates, 'team'))})", legend="emissions"),),
        series=(Series(name="Team", links=(TO_FLEET,)), Series(name="Emissions", bar=True)),
        minimum=0,
        width=7,
        height=HEIGHT,
        decimals=1,
    )
    return rows(facts, columns={"team": "Team", "emissions": "Emissions"}, largest="Emissions")


def _programs() -> dashboard.Panel:
    facts = Facts(
        title="Programs that emit most",
        description=(
            f"The {MOST} programs with the most grams per hour of machine and network beyond idle power, mean of the "
            "last 5 minutes, over all chosen devices. Idle power is nobody's."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NOT_TOLD,
        targets=(Target(expr=f"topk({MOST}, {programs()})", legend="emissions"),),
        series=(
            Series(name="Program", pixels=NAME_PIXELS, links=(TO_HOST_POWER,)),
            Series(name="Emissions", bar=True),
        ),
        minimum=0,
        width=8,
        height=HEIGHT,
        decimals=1,
    )
    return rows(facts, columns={"group": "Program", "emissions": "Emissions"}, largest="Emissions")
