"""The sleep of nodes: who is awake, for how long each sleeps, and the wakes."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, narrowing_link
from grafana.colours import NODE_STATES, WAKES
from grafana.edge_cluster.names import UID
from grafana.options import PER_HOUR
from grafana.panels import Facts, by_label, coloured, lines, states, texts
from grafana.promql import select
from grafana.simulated import BY_SUPPLY, EVERY_NODE, NO_DATA, NO_RATE, SIMULATED, by_run_and_node
from prometheus.simulator_recording import ASLEEP
from prometheus.simulator_recording import WAKES as WAKE_COUNTER


def row() -> Row:
    """Build the row of states over time, time asleep, and wakes."""
    return Row(title="Sleep", panels=(_timeline(), _asleep(), _wakes()))


def _timeline() -> dashboard.Panel:
    numbered = " or ".join(
        f"{number} * ({select('ecochain_node_state', EVERY_NODE, state=state)} == 1)"
        for number, state in enumerate(NODE_STATES, start=1)
    )
    facts = Facts(
        title="State of each node",
        description=(
            "Awake, asleep (or falling asleep) or waking, as each node was at the end of the simulated step that a "
            "scrape saw. Changes between two scrapes do not show; at a speed of 60, scrapes 15 s apart are a quarter "
            "of a simulated hour apart. Time asleep, beside the wakes below, misses nothing."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(by_run_and_node(numbered),),
        mappings=texts(dict(enumerate(NODE_STATES.items(), start=1))),
        links=(narrowing_link(UID, "instance", "node"),),
        width=24,
        height=9,
    )
    return states(facts)


def _asleep() -> dashboard.Panel:
    facts = Facts(
        title="Time asleep",
        description=(
            "Share of the simulated time that each node spent asleep. Zero where scheduler.sleeping is never, or a "
            f"device has no sleep state. {SIMULATED}"
        ),
        unit="percentunit",
        no_value=NO_RATE,
        targets=(by_run_and_node(select(ASLEEP.rate, EVERY_NODE)),),
        series=BY_SUPPLY,
        links=(narrowing_link(UID, "instance", "node"),),
        width=12,
        minimum=0,
        maximum=1,
    )
    return lines(facts)


def _wakes() -> dashboard.Panel:
    facts = Facts(
        title="Wakes",
        description=(
            "Wakes of the chosen nodes per simulated hour: those that ended awake, and attempts that failed and were "
            f"made again. {SIMULATED}"
        ),
        unit=PER_HOUR,
        no_value=NO_RATE,
        targets=(by_label("sum", "outcome", f"3600 * {select(WAKE_COUNTER.rate, EVERY_NODE)}"),),
        series=coloured(WAKES),
        width=12,
        minimum=0,
    )
    return lines(facts)
