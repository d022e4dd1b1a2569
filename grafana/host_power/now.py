"""The first screen: how much now, within which band, how much of it is measured, and under which load."""

from grafana_foundation_sdk.models import dashboard

from exporter.core.units import JOULES_PER_KWH
from exporter.power.provenance import MEASURED
from grafana.board import Row, leading_link
from grafana.colours import COMPONENTS, FAINT, SCOPES
from grafana.device import AT_LEAST, AT_MOST, DEVICE_CARBON, NO_DATA
from grafana.panels import Facts, Series, Target, number
from grafana.promql import select, shown, total
from prometheus.recording import ORIGIN_POWER

HEIGHT = 4


def row() -> Row:
    """Build the row of power with its band, measured part, energy, load and PUE."""
    return Row(title="Now", panels=(_power(), _measured(), _energy(), _load(), _pue()))


def _power() -> dashboard.Panel:
    facts = Facts(
        title="Power",
        description=(
            "Electrical power of the chosen machines over their last sample: the sum of their components, and the sums "
            "of the ends of their bands, in which nine machines in ten lie. The band assumes that all components err "
            "in the same direction, so it is wide on purpose."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=(
            Target(expr=total(select("ecotrack_power_watts", scope="host")), legend="machine"),
            Target(expr=AT_LEAST, legend="at least"),
            Target(expr=AT_MOST, legend="at most"),
        ),
        series=(
            Series(name="machine", colour=SCOPES["host"]),
            Series(name="at least", colour=FAINT),
            Series(name="at most", colour=FAINT),
        ),
        links=(leading_link(DEVICE_CARBON, "Its carbon and its budgets"),),
        width=9,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _measured() -> dashboard.Panel:
    def energy(**labels: str) -> str:
        return total(f"sum_over_time({select(ORIGIN_POWER, **labels)}[$__range])")

    every = energy()
    facts = Facts(
        title="Measured part",
        description=(
            "Share of the energy in the time shown that sensors or meters counted; the rest is modelled. From the "
            "power recorded every two minutes, with its origin then. Several devices: of their energy together."
        ),
        unit="percentunit",
        no_value="no power was recorded in this time",
        targets=(Target(expr=f"({energy(origin=MEASURED)} or 0 * {every}) / ({every} > 0)", legend="measured part"),),
        width=4,
        height=HEIGHT,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return number(facts)


def _energy() -> dashboard.Panel:
    joules = total(shown("ecotrack_energy_joules_total", scope="host"))
    facts = Facts(
        title="Electricity used",
        description=(
            "Energy of the machine in the time shown: increase of the counters of its components, in joules / "
            f"{JOULES_PER_KWH:,.0f}. Several devices are added up."
        ),
        unit="kwatth",
        no_value=NO_DATA,
        targets=(Target(expr=f"{joules} / {JOULES_PER_KWH:.0f}", legend="electricity"),),
        colour=SCOPES["host"],
        width=4,
        height=HEIGHT,
        decimals=2,
    )
    return number(facts)


def _load() -> dashboard.Panel:
    facts = Facts(
        title="Processor load",
        description=(
            "Share of processor time that was not idle, over all cores, in the last sample; several devices: their "
            "mean. Models turn it into watts; sensors do not need it."
        ),
        unit="percentunit",
        no_value=NO_DATA,
        targets=(Target(expr=f"avg({select('ecotrack_cpu_utilization_ratio')})", legend="load"),),
        colour=COMPONENTS["cpu"],
        width=4,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts)


def _pue() -> dashboard.Panel:
    facts = Facts(
        title="PUE",
        description=(
            "Power usage effectiveness of the machine room, power.pue in the configuration: what the room draws / what "
            "its machines draw. Every watt of the machine on this board is multiplied by it, the sensors one by one "
            "are not. It is 1 where none is configured. Several devices: the highest."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=f"max({select('ecotrack_power_usage_effectiveness_ratio')})", legend="PUE"),),
        width=3,
        height=HEIGHT,
        decimals=2,
    )
    return number(facts)
