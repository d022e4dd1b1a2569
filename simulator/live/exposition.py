"""Every metric family of the simulator, one row each: name, type, help, unit, labels, and how to read it."""

from functools import partial

from prometheus_client import ProcessCollector

from exporter.core.metrics import Exposition, Kind, Row
from simulator.experiments.find.outcomes import MEASURES
from simulator.live import metric_values
from simulator.live.snapshot import Snapshot


def exposition(snapshot: Snapshot) -> Exposition[Snapshot]:
    """The bodies of `/metrics` for a snapshot, with the cost of this process beside it."""
    return Exposition(ROWS, snapshot, beside=(ProcessCollector(registry=None),))


_gauge = partial(Row, kind=Kind.GAUGE)
_counter = partial(Row, kind=Kind.COUNTER)
_info = partial(Row, kind=Kind.INFO)

_CLOCK: tuple[Row[Snapshot], ...] = (
    _counter(
        name="ecochain_clock_seconds_total",
        unit="seconds",
        help="Simulated time since the run began. Divide a rate of a simulated counter by the rate of this.",
        read=metric_values.one(lambda snapshot: snapshot.clock),
    ),
    _gauge(
        name="ecochain_clock_timestamp_seconds",
        unit="seconds",
        help="Simulated date and time.",
        read=metric_values.clock_time,
    ),
    _gauge(
        name="ecochain_clock_speed_ratio",
        unit="ratio",
        help="Simulated seconds per second, as achieved over the last ten seconds or so.",
        read=metric_values.one(lambda snapshot: None if (now := snapshot.readings) is None else now.speed),
    ),
    _info(
        name="ecochain_run_info",
        labels=(
            "version",
            "python",
            "scenario",
            "seed",
            "speed",
            "forecaster",
            "ledger",
            "compression_digest",
            "ledger_cost_digest",
        ),
        help="What runs: program, scenario, seed, wished speed, what stands in for forecast and ledger, and the "
        "measured profiles in use (beginning of their SHA-256).",
        read=metric_values.run,
    ),
)

_NODES: tuple[Row[Snapshot], ...] = (
    _info(
        name="ecochain_node_info",
        labels=("node", "device", "supply"),
        help="Device class and local supply of each node; grid is no supply of its own.",
        read=metric_values.node_info,
    ),
    _counter(
        name="ecochain_node_energy_joules_total",
        unit="joules",
        labels=("node", "source"),
        help="Energy that the node consumed: generated at that moment, from its battery, or from the grid.",
        read=metric_values.node_energy,
    ),
    _counter(
        name="ecochain_node_generation_joules_total",
        unit="joules",
        labels=("node", "supply"),
        help="Energy that the node's own supply generated, used or not.",
        read=partial(metric_values.supply_total, read=lambda totals: totals.generation),
    ),
    _counter(
        name="ecochain_node_curtailed_joules_total",
        unit="joules",
        labels=("node", "supply"),
        help="Generation that nothing could take.",
        read=partial(metric_values.supply_total, read=lambda totals: totals.curtailed),
    ),
    _counter(
        name="ecochain_node_emissions_grams_total",
        unit="grams",
        labels=("node",),
        help="CO2e of the electricity from the grid, at the carbon intensity of its hour.",
        read=partial(metric_values.node_total, read=lambda totals: totals.emissions),
    ),
    _gauge(
        name="ecochain_node_load_watts",
        unit="watts",
        labels=("node",),
        help="Mean power that the node consumed over the last step.",
        read=partial(metric_values.node_reading, read=lambda now: now.record.flows.load / now.record.seconds),
    ),
    _gauge(
        name="ecochain_node_supply_watts",
        unit="watts",
        labels=("node",),
        help="Mean power that the node's own supply generated over the last step; 0 where it has none.",
        read=partial(metric_values.node_reading, read=lambda now: now.record.flows.generation / now.record.seconds),
    ),
    _gauge(
        name="ecochain_node_battery_charge_ratio",
        unit="ratio",
        labels=("node",),
        help="Charge of the battery at the end of the last step, of its capacity; nodes without one have none.",
        read=partial(metric_values.node_reading, read=lambda now: now.charge),
    ),
    _gauge(
        name="ecochain_node_frequency_hertz",
        unit="hertz",
        labels=("node",),
        help="Clock frequency at which the node's latest task runs or ran.",
        read=partial(metric_values.node_reading, read=lambda now: now.record.frequency),
    ),
    _gauge(
        name="ecochain_node_backlog_seconds",
        unit="seconds",
        labels=("node",),
        help="Time until the node will have executed all that it was given.",
        read=partial(metric_values.node_reading, read=lambda now: now.record.backlog),
    ),
    _gauge(
        name="ecochain_node_utilization_ratio",
        unit="ratio",
        labels=("node",),
        help="Share of the last step that the node spent executing tasks.",
        read=partial(metric_values.node_reading, read=lambda now: now.record.utilization),
    ),
    _counter(
        name="ecochain_node_tasks_total",
        labels=("node", "outcome"),
        help="Tasks that the node completed, on_time or late.",
        read=metric_values.node_tasks,
    ),
    _counter(
        name="ecochain_cost_dollars_total",
        labels=("node",),
        help="Cost of the electricity from the grid.",
        read=partial(metric_values.node_total, read=lambda totals: totals.electricity_dollars),
    ),
    _counter(
        name="ecochain_credit_revenue_dollars_total",
        labels=("node",),
        help="Income from carbon credits for emissions that the node's own supply avoided.",
        read=partial(metric_values.node_total, read=lambda totals: totals.credit_dollars),
    ),
)

_SCHEDULER: tuple[Row[Snapshot], ...] = (
    _counter(
        name="ecochain_scheduler_tasks_total",
        labels=("task_class", "outcome"),
        help="Tasks that ended: on_time or late when completed, or dropped because no node could start them in time.",
        read=metric_values.class_tasks,
    ),
    Row(
        name="ecochain_scheduler_task_latency_seconds",
        kind=Kind.HISTOGRAM,
        unit="seconds",
        labels=("task_class",),
        help="Simulated time from arrival to completion of completed tasks, deliberate waiting included.",
        read=metric_values.latency,
    ),
    _counter(
        name="ecochain_scheduler_deadline_misses_total",
        labels=("task_class",),
        help="Tasks that were late or dropped.",
        read=metric_values.deadline_misses,
    ),
    _counter(
        name="ecochain_scheduler_placements_total",
        labels=("node", "level"),
        help="Completed tasks by the node and the DVFS level that they were placed on; level 5 is full frequency.",
        read=metric_values.placements,
    ),
    _gauge(
        name="ecochain_scheduler_held_tasks",
        help="Tasks that wait for greener supply within their deadline and are not placed yet.",
        read=metric_values.one(lambda snapshot: None if snapshot.readings is None else snapshot.waiting),
    ),
    _gauge(
        name="ecochain_scheduler_score_term_ratio",
        unit="ratio",
        labels=("term",),
        help="Mean of each term of the score over the tasks placed since simulated midnight; less is better.",
        read=metric_values.score_terms,
    ),
    _info(
        name="ecochain_scheduler_policy_info",
        labels=("policy",),
        help="Policy in force.",
        read=metric_values.policy,
    ),
    _gauge(
        name="ecochain_scheduler_weight_ratio",
        unit="ratio",
        labels=("objective",),
        help="Weights by which the policy scores, with a sum of 1; a policy without a score has none.",
        read=metric_values.weights,
    ),
)

_FORECAST_AND_LEDGER: tuple[Row[Snapshot], ...] = (
    _gauge(
        name="ecochain_forecast_watts",
        unit="watts",
        labels=("node", "supply"),
        help="Generation that was forecast for the last step when it began.",
        read=partial(metric_values.supply_reading, read=lambda now: now.record.expected_watts),
    ),
    _gauge(
        name="ecochain_forecast_observed_watts",
        unit="watts",
        labels=("node", "supply"),
        help="Generation that was observed in the same step.",
        read=partial(metric_values.supply_reading, read=lambda now: now.record.flows.generation / now.record.seconds),
    ),
    _counter(
        name="ecochain_ledger_energy_joules_total",
        unit="joules",
        help="Energy that the cluster spent on the ledger of carbon credits; part of the nodes' consumption.",
        read=metric_values.one(lambda snapshot: float(snapshot.totals.ledger.sum())),
    ),
)

_MODELS: tuple[Row[Snapshot], ...] = (
    _gauge(
        name="ecochain_model_size_bytes",
        unit="bytes",
        labels=("model", "precision"),
        help="Size of the serialised model, as measured for the profile in use.",
        read=partial(metric_values.models, read=lambda one: one.size_bytes),
    ),
    _gauge(
        name="ecochain_model_latency_seconds",
        unit="seconds",
        labels=("model", "precision"),
        help="Time of one inference on the host of the profile.",
        read=partial(metric_values.models, read=lambda one: one.latency_seconds),
    ),
    _gauge(
        name="ecochain_model_energy_joules",
        unit="joules",
        labels=("model", "precision"),
        help="Energy of one inference on the host of the profile: CPU time by the watts of a busy core.",
        read=partial(metric_values.models, read=lambda one: one.energy_joules),
    ),
    _gauge(
        name="ecochain_model_agreement_ratio",
        unit="ratio",
        labels=("model", "precision"),
        help="Share of inputs for which the model decides as its FP32 form does.",
        read=partial(metric_values.models, read=lambda one: one.agreement_ratio),
    ),
)

_EXPERIMENTS: tuple[Row[Snapshot], ...] = tuple(
    _gauge(
        name=f"ecochain_experiment_{measure.name}",
        unit=measure.unit,
        labels=("experiment", "scenario", "method", "statistic"),
        help=f"{measure.help} Mean of the replications, its 95% interval from low to high, and the published figure.",
        read=partial(metric_values.experiment, name=measure.name),
    )
    for measure in MEASURES
)

ROWS: tuple[Row[Snapshot], ...] = (*_CLOCK, *_NODES, *_SCHEDULER, *_FORECAST_AND_LEDGER, *_MODELS, *_EXPERIMENTS)
