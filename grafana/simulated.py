"""The parts that the boards of the simulator share: texts, units, selectors, and the row on the simulator itself."""

from grafana_foundation_sdk.models import dashboard

from grafana import process
from grafana.board import Row
from grafana.colours import FAINT, GRID, PLAIN, SUPPLIES
from grafana.panels import Facts, Series, Target, lines, rows
from grafana.promql import EVERY_INSTANCE, of_simulators, select, total
from prometheus.simulator_recording import CLOCK, LEDGER_ENERGY, RUN, WINDOW

PROGRAM = "ecochain"

DOCUMENTS = {
    "How to read it": "how-to/read-the-simulator-dashboards.md",
    "Constants and sources": "reference/devices-and-policies.md",
    "Runbook": "runbooks/simulator.md",
}
"""Pages on every board of the simulator."""

NO_DATA = "no data: is the simulator running and scraped?"
NO_RATE = f"no data: does the simulated clock run, for {WINDOW} at least?"

SPEED = "suffix: x"

EVERY_NODE = f'{EVERY_INSTANCE},node=~"$node"'
EVERY_SITE = f'{EVERY_INSTANCE},site=~"$site"'
EVERY_CLASS = f'{EVERY_INSTANCE},task_class=~"$task_class"'

SIMULATED = f"The rate is per simulated time: increase over {WINDOW} of wall time / simulated time that passed in them."
"""Ends the description of every panel that shows a rate."""

SIMULATOR = process.Program(name="simulator", no_data=NO_DATA, of=of_simulators)


BY_SUPPLY = tuple(Series(name=rf"/\({supply}\)$/", colour=colour, pattern=True) for supply, colour in SUPPLIES.items())
"""Nodes in the colour of their supply, which ends the names that `by_run_and_node` gives them."""


def of_runs(expr: str) -> str:
    """Give the series of an expression, which have the labels job and instance, their run's policy and scenario."""
    return f"({expr}) * on (job, instance) group_left (policy, scenario) {select(RUN)}"


def if_several(expr: str) -> str:
    """Give the series the label `run` where several simulators are chosen; one alone needs no longer names."""
    runs = select(RUN)
    named = f"({runs} and on () (count({runs}) > 1)) or on (job, instance) sum by (job, instance) ({runs})"
    return f"({expr}) * on (job, instance) group_left (run) ({named})"


def by_run_and_node(expr: str) -> Target:
    """Return one series per node and run of an expression that has the labels job, instance and node."""
    info = select("ecochain_node_info", EVERY_NODE)
    supplied = f"sum by (job, instance, node) ({expr}) * on (job, instance, node) group_left (supply) {info}"
    return Target(expr=if_several(supplied), legend="{{node}}{{run}} ({{supply}})")


def health() -> Row:
    """Build the collapsed row: the run and its speed, the ledger's stand-in, and the simulator as a process."""
    panels = (
        _facts(),
        _speed(),
        _ledger(),
        process.scrapes(SIMULATOR),
        process.uptime(SIMULATOR, height=6),
        process.processor(SIMULATOR),
        process.memory(SIMULATOR),
        process.files(SIMULATOR),
    )
    return Row(title="What runs, and simulator health", panels=panels, collapsed=True)


def _facts() -> dashboard.Panel:
    by = "instance, policy, scenario, seed, forecaster, ledger, version, compression_digest, ledger_cost_digest"
    runs = f"{select('ecochain_run_info')} * on (job, instance) group_left (policy) {select(RUN)}"
    facts = Facts(
        title="What runs",
        description=(
            "Policy, scenario, seed and parts of each run. Forecaster persistence expects that supply stays as it is; "
            "ledger accounted charges the measured cost of one and keeps no chain, none costs nothing. The digests are "
            "the beginnings of those of the measured profiles in use. Same version, policy, scenario and seed: same "
            "run."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=f"count by ({by}) ({runs})", legend="runs"),),
        width=24,
        height=5,
    )
    columns = {
        "instance": "Instance",
        "policy": "Policy",
        "scenario": "Scenario",
        "seed": "Seed",
        "forecaster": "Forecaster",
        "ledger": "Ledger",
        "version": "ecochain",
        "compression_digest": "Compression profile",
        "ledger_cost_digest": "Ledger cost profile",
    }
    return rows(facts, columns=columns, hidden=("Value",))


def _speed() -> dashboard.Panel:
    facts = Facts(
        title="Speed of the simulated clock",
        description=(
            f"Simulated seconds per second: as the simulator reports it, and as Prometheus computes it over {WINDOW} "
            "from the clock's counter. The second divides every simulated rate. The slowest of the chosen simulators "
            "is shown; below the requested speed it cannot keep up."
        ),
        unit=SPEED,
        no_value=NO_RATE,
        targets=(
            Target(expr=f"min({select('ecochain_clock_speed_ratio')})", legend="simulator"),
            Target(expr=f"min({select(CLOCK)})", legend="Prometheus"),
        ),
        series=(Series(name="simulator", colour=PLAIN), Series(name="Prometheus", colour=FAINT, dashed=True)),
        width=8,
        height=6,
        minimum=0,
    )
    return lines(facts)


def _ledger() -> dashboard.Panel:
    facts = Facts(
        title="Power of the ledger",
        description=(
            "Mean power that the clusters spend on keeping the ledger of carbon credits; it is part of the nodes' "
            f"consumption. Zero where no ledger is kept. {SIMULATED}"
        ),
        unit="watt",
        no_value=NO_RATE,
        targets=(Target(expr=total(select(LEDGER_ENERGY.rate)), legend="ledger"),),
        colour=GRID,
        width=8,
        height=6,
        minimum=0,
    )
    return lines(facts)
