"""Alerts on the simulated cluster: information about a run, never a reason to wake anybody.

Every `for` is wall time at any speed of the simulated clock.
"""

from dataclasses import replace

from prometheus.alert import Alert
from prometheus.simulator_recording import (
    ADVANCED,
    ASLEEP,
    BUSY,
    ENERGY,
    FLOW,
    LONG_WINDOW,
    WAKES,
    miss_ratio,
    renewable_share,
)

SIMULATOR = 'job="ecochain"'
"""Selects the simulator where a metric exists for every scrape target."""

HIGHEST_MISS_RATIO = 0.05
"""Five times the share at which the experiments call a cluster saturated."""

GONE_WINDOW = "1h"
"""Time for which a simulator that is no target any more is missed. Who takes it away on purpose is not told for longer,
and where none ever was, nothing is missed."""

LOWEST_RENEWABLE_SHARE = 0.2
SIMULATED_DAY_SECONDS = 86_400
"""Nothing is said of a share before the window holds a night and a day."""

SLEPT_WINDOW = "6h"
"""Wall time in which a node has to have slept for all awake to be told: a quarter of the day, a judgement."""

LOWEST_UTILISATION = 0.2
"""Mean utilisation of the nodes below which some could sleep. Judgement: five nodes then do the work of one."""

LEAST_SKILL = 0.0
"""Skill below which a reference is better than the model in front of it."""

LOWEST_COVERAGE = 0.75
"""Coverage of a 90% band below which it is lost. Judgement: hours of one week's weather are far from independent, and
a sound band strays by some ten points."""

EMPTY_WATTS = 0.01
"""A battery or a supply that gives less than this gives nothing; what is left is rounding."""

SAME_NODE = "on (job, instance, node)"
SAME_SITE = "on (job, instance, site)"


def simulator_alerts() -> tuple[Alert, ...]:
    """Return the alerts on the cluster, then on the simulator as a scrape target."""
    cluster = (_misses(), _renewable(), _battery(), _dark(), _awake(), _wake())
    return (*cluster, *_forecasts(), _down(), _absent(), _not_reloaded())


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


def _dark() -> Alert:
    given = f'sum by (job, instance, site) ({FLOW.rate}{{from=~"solar|wind|battery"}}) < {EMPTY_WATTS}'
    supplied = 'count by (job, instance, site) (ecochain_node_info{supply!="grid"})'
    return _alert(
        name="EcochainSiteDark",
        expr=f"ecochain_site_battery_charge_ratio\nand {SAME_SITE}\n{given}\nand {SAME_SITE}\n{supplied}",
        scope="site",
        summary="The site {{ $labels.site }} has neither supply nor a charge",
        description=(
            "For 10 minutes of wall time sun and wind have generated nothing at the simulated site {{ $labels.site }} "
            "of {{ $labels.instance }}, and its batteries, charged to {{ $value | humanizePercentage }}, have given "
            "nothing."
        ),
        advice="Move work to a site that has supply, or put its nodes to sleep; the grid alone carries the site.",
        hold="10m",
    )


def _awake() -> Alert:
    utilisation = f"avg by (job, instance) (avg_over_time({BUSY.rate}[{LONG_WINDOW}]))"
    awake = f'min by (job, instance) (min_over_time(ecochain_node_state{{state="awake"}}[{LONG_WINDOW}])) == 1'
    # Where nobody has slept of late, the scenario lets nobody sleep.
    slept = f"max by (job, instance) (max_over_time({ASLEEP.rate}[{SLEPT_WINDOW}])) > 0"
    conditions = (f"{utilisation} < {LOWEST_UTILISATION}", awake, slept)
    return _alert(
        name="EcochainAllAwake",
        expr="\nand on (job, instance)\n".join(conditions),
        scope="cluster",
        summary="All nodes of the simulated cluster {{ $labels.instance }} are awake for little work",
        description=(
            f"Over the last {LONG_WINDOW} of wall time no node of {{{{ $labels.instance }}}} has been seen asleep, "
            "while on average each was busy for only {{ $value | humanizePercentage }} of the simulated time."
        ),
        advice="Some slept in the last six hours: look at what keeps them awake now.",
        hold="10m",
    )


def _wake() -> Alert:
    wakes = f"sum by (job, instance, node) (avg_over_time({WAKES.rate}%s[{LONG_WINDOW}]))"
    failed = wakes % '{outcome="failed"}'
    return _alert(
        name="EcochainWakeFailed",
        expr=f"{failed}\n/ {SAME_NODE}\n({wakes % ''} > 0)\n> 0",
        scope="node",
        summary="{{ $labels.node }} failed to wake",
        description=(
            f"Over the last {LONG_WINDOW} of wall time {{{{ $value | humanizePercentage }}}} of the attempts to wake "
            "the simulated node {{ $labels.node }} of {{ $labels.instance }} failed; each was tried again."
        ),
        advice="Tasks wait meanwhile: keep this node awake, or let it sleep less often.",
        hold="",
    )


def _forecasts() -> tuple[Alert, ...]:
    return tuple(replace(alert, board="forecast") for alert in (_worse(), _uncovered(), _refused()))


def _worse() -> Alert:
    return _alert(
        name="EcochainForecastWorse",
        expr=f"max_over_time(ecochain_forecast_skill_ratio[{LONG_WINDOW}]) < {LEAST_SKILL:g}",
        scope="site",
        summary="A forecast for {{ $labels.site }} is worse than its reference",
        description=(
            f"For {LONG_WINDOW} of wall time the forecasts of {{{{ $labels.supply }}}} at the simulated site "
            "{{ $labels.site }} of {{ $labels.instance }}, up to {{ $labels.horizon }} ahead, have had larger errors "
            "than {{ $labels.reference }} over seven simulated days: their skill is "
            "{{ $value | humanizePercentage }} at best."
        ),
        advice="After a simulated day the reference stands in; train a model on the site's own observations.",
        hold="5m",
    )


def _uncovered() -> Alert:
    return _alert(
        name="EcochainForecastCoverageLost",
        expr=f'max_over_time(ecochain_forecast_coverage_ratio{{band="90%"}}[{LONG_WINDOW}]) < {LOWEST_COVERAGE}',
        scope="site",
        summary="The bands of a forecast for {{ $labels.site }} hold too little",
        description=(
            f"For {LONG_WINDOW} of wall time no more than {{{{ $value | humanizePercentage }}}} of the hours of seven "
            "simulated days have come within the 90% bands of {{ $labels.supply }} at the simulated site "
            "{{ $labels.site }} of {{ $labels.instance }}, up to {{ $labels.horizon }} ahead."
        ),
        advice="The weather is unlike what the bands were calibrated by: train a model on the site's own observations.",
        hold="5m",
    )


def _refused() -> Alert:
    return _alert(
        name="EcochainForecastCheckpointRefused",
        expr="ecochain_forecast_checkpoint_refused == 1",
        scope="site",
        summary="A checkpoint of {{ $labels.site }} was refused",
        description=(
            "The simulator {{ $labels.instance }} could not use the checkpoint of {{ $labels.supply }} at the site "
            "{{ $labels.site }}, and serves what it has learnt at its start."
        ),
        advice="Its log says why in one line; train the file anew.",
        hold="1m",
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
        # By job and instance: a simulator whose other labels were changed is not gone.
        expr=f"last_over_time(up{{{SIMULATOR}}}[{GONE_WINDOW}])\nunless on (job, instance)\nup{{{SIMULATOR}}}",
        scope="cluster",
        summary="Prometheus does not know the simulator {{ $labels.instance }} any more",
        description=(
            f"The simulator {{{{ $labels.instance }}}} was a target within the last {GONE_WINDOW} and is none now, so "
            "no other alert about its cluster can fire."
        ),
        advice=f"Start it again; where it is not wanted any more, this ends within {GONE_WINDOW}.",
        hold="5m",
    )


def _not_reloaded() -> Alert:
    return _alert(
        name="EcochainConfigReloadFailed",
        expr="ecochain_config_last_reload_successful == 0",
        scope="cluster",
        summary="{{ $labels.instance }} could not use its changed scenario or results",
        description=(
            "The simulator {{ $labels.instance }} was told to read its scenario and the results of experiments again, "
            "could not use them, and goes on with those before. It would not start with the new ones."
        ),
        advice="Its log has a line for the mistakes; mend them and send the signal again.",
        hold="2m",
    )
