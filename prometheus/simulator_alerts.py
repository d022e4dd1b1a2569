"""Alerts on the simulated cluster: information about a run, never a reason to wake anybody.

Every `for` is wall time at any speed of the simulated clock.
"""

from prometheus.alert import Alert
from prometheus.simulator_recording import ADVANCED, ENERGY, LONG_WINDOW, miss_ratio, renewable_share

SIMULATOR = 'job="ecochain"'
"""Selects the simulator where a metric exists for every scrape target."""

HIGHEST_MISS_RATIO = 0.05
"""Five times the share at which the experiments call a cluster saturated."""

LOWEST_RENEWABLE_SHARE = 0.2
SIMULATED_DAY_SECONDS = 86_400
"""Nothing is said of a share before the window holds a night and a day."""

EMPTY_WATTS = 0.01
"""A battery that gives less than this gives nothing; what is left is rounding."""

SAME_NODE = "on (job, instance, node)"


def simulator_alerts() -> tuple[Alert, ...]:
    """Return the alerts on the cluster, then on the simulator as a scrape target."""
    return (_misses(), _renewable(), _battery(), _down(), _absent())


def _alert(*, name: str, expr: str, scope: str, summary: str, description: str, advice: str, hold: str) -> Alert:
    return Alert(
        name=name,
        expr=expr,
        severity="info",
        component="simulator",
        scope=scope,
        summary=summary,
        description=description,
        advice=advice,
        hold=hold,
    )


def _misses() -> Alert:
    return _alert(
        name="EcochainDeadlineMissesHigh",
        expr=f"{miss_ratio(LONG_WINDOW)} > {HIGHEST_MISS_RATIO}",
        scope="cluster",
        summary="The simulated cluster {{ $labels.instance }} misses deadlines",
        description=(
            f"Over the last {LONG_WINDOW} of wall time {{{{ $value | humanizePercentage }}}} of the tasks of "
            "{{ $labels.instance }} were late or dropped."
        ),
        advice="Compare backlog and utilisation of the nodes, and give the policy more nodes or fewer tasks.",
        hold="5m",
    )


def _renewable() -> Alert:
    share = renewable_share(LONG_WINDOW)
    return _alert(
        name="EcochainRenewableShareLow",
        expr=f"{share} < {LOWEST_RENEWABLE_SHARE}\nand on (job, instance)\n{ADVANCED} >= {SIMULATED_DAY_SECONDS}",
        scope="cluster",
        summary="The simulated cluster {{ $labels.instance }} runs mostly on grid electricity",
        description=(
            f"Over the last {LONG_WINDOW} of wall time, which hold at least one simulated day, only "
            "{{ $value | humanizePercentage }} of what {{ $labels.instance }} consumed came from its own generation "
            "and batteries."
        ),
        advice="Look at generation, curtailment and the placements by node: was there little supply, or was it unused?",
        hold="5m",
    )


def _battery() -> Alert:
    charge = "ecochain_node_battery_charge_ratio"
    unused = f'{ENERGY.rate}{{source="battery"}} < {EMPTY_WATTS}'
    bought = f'{ENERGY.rate}{{source="grid"}} > 0'
    return _alert(
        name="EcochainBatteryEmpty",
        expr=f"{charge}\nand {SAME_NODE}\n{unused}\nand {SAME_NODE}\n{bought}",
        scope="node",
        summary="The battery of {{ $labels.node }} is empty",
        description=(
            "For 10 minutes of wall time the simulated node {{ $labels.node }} of {{ $labels.instance }} has drawn "
            "from the grid while its battery gave nothing; it is charged to {{ $value | humanizePercentage }}."
        ),
        advice="After a night or a calm that is normal; if it lasts, the battery or its supply is small for the load.",
        hold="10m",
    )


def _down() -> Alert:
    return _alert(
        name="EcochainDown",
        expr=f"up{{{SIMULATOR}}} == 0",
        scope="cluster",
        summary="The simulator {{ $labels.instance }} does not answer scrapes",
        description=(
            "Prometheus cannot scrape the simulator at {{ $labels.instance }}. Its run begins anew when it is started "
            "again."
        ),
        advice="Start it and read its log.",
        hold="2m",
    )


def _absent() -> Alert:
    return _alert(
        name="EcochainAbsent",
        expr=f"absent(up{{{SIMULATOR}}})",
        scope="pipeline",
        summary="Prometheus has no simulator to scrape",
        description="No target of the job ecochain exists, so no other alert about a simulated cluster can fire.",
        advice="List it in targets/ecochain.yml; where none is wanted, leave out the rule files ecochain-*.yml.",
        hold="5m",
    )
