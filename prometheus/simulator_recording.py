"""Recording rules of the simulator: rates of its counters per second of simulated time.

Simulated time runs at a speed of its own, so a plain rate of a simulated counter is too large by that speed. Each rate
is therefore divided by the clock's rate over the same window. While the clock stands still there is no series.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.core.units import SECONDS_PER_HOUR
from prometheus.alert import SAME_INSTANCE
from prometheus.recording import Group, Recording

WINDOW = "2m"
"""Window of wall time; at the usual speed of 60, two simulated hours. It holds four scrapes that are 30 s apart."""

LONG_WINDOW = "30m"
"""Window for the alerts; at a speed of 60 it holds more than a simulated day, nights included."""

INTERVAL = "30s"
"""Interval of all rates; a quarter of the shorter window."""

TARGET = ("job", "instance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Simulated counter: its name without `_total`, and its labels."""

    name: str
    labels: tuple[str, ...] = ()
    suffix: str = "_total"

    @property
    def rate(self) -> str:
        """Series with its increase per simulated second."""
        return f"{'_'.join(('instance', *self.labels))}:{self.name}:simulated_rate{WINDOW}"


ENERGY = Counter(name="ecochain_node_energy_joules", labels=("node", "source"))
GENERATION = Counter(name="ecochain_node_generation_joules", labels=("node", "supply"))
CURTAILED = Counter(name="ecochain_node_curtailed_joules", labels=("node", "supply"))
EMISSIONS = Counter(name="ecochain_node_emissions_grams", labels=("node",))
BUSY = Counter(name="ecochain_node_busy_seconds", labels=("node",))
"""Its rate is the utilisation: busy seconds per simulated second, whatever happened between two scrapes."""

NODE_TASKS = Counter(name="ecochain_node_tasks", labels=("node", "outcome"))
TASKS = Counter(name="ecochain_scheduler_tasks", labels=("task_class", "outcome"))
LATENCY = Counter(name="ecochain_scheduler_task_latency_seconds_bucket", labels=("task_class", "le"), suffix="")
PLACEMENTS = Counter(name="ecochain_scheduler_placements", labels=("node", "level"))
MISSES = Counter(name="ecochain_scheduler_deadline_misses", labels=("task_class",))
COST = Counter(name="ecochain_cost_dollars", labels=("node",))
REVENUE = Counter(name="ecochain_credit_revenue_dollars")
LEDGER_ENERGY = Counter(name="ecochain_ledger_energy_joules")
LEDGER_BLOCKS = Counter(name="ecochain_ledger_blocks")
LEDGER_RECORDS = Counter(name="ecochain_ledger_records")
LEDGER_REJECTED = Counter(name="ecochain_ledger_rejected", labels=("reason",))
LEDGER_SLASHINGS = Counter(name="ecochain_ledger_slashings")
LEDGER_CPU = Counter(name="ecochain_ledger_cpu_seconds")
LEDGER_CPU_ENERGY = Counter(name="ecochain_ledger_cpu_joules")
LEDGER_WRITE_FAILURES = Counter(name="ecochain_ledger_write_failures")
FLOW = Counter(name="ecochain_flow_joules", labels=("site", "from", "to"))
ASLEEP = Counter(name="ecochain_node_asleep_seconds", labels=("node",))
"""Its rate is the share of the simulated time asleep."""

WAKES = Counter(name="ecochain_node_wakes", labels=("node", "outcome"))
SITE_PLACEMENTS = Counter(name="ecochain_scheduler_site_placements", labels=("from_site", "to_site"))
TRANSFER_BYTES = Counter(name="ecochain_transfer_bytes", labels=("from_site", "to_site"))
TRANSFER_ENERGY = Counter(name="ecochain_transfer_joules", labels=("from_site", "to_site"))

COUNTERS = (
    ENERGY,
    GENERATION,
    CURTAILED,
    EMISSIONS,
    BUSY,
    NODE_TASKS,
    TASKS,
    LATENCY,
    PLACEMENTS,
    MISSES,
    COST,
    REVENUE,
    LEDGER_ENERGY,
    LEDGER_BLOCKS,
    LEDGER_RECORDS,
    LEDGER_REJECTED,
    LEDGER_SLASHINGS,
    LEDGER_CPU,
    LEDGER_CPU_ENERGY,
    LEDGER_WRITE_FAILURES,
    FLOW,
    ASLEEP,
    WAKES,
    SITE_PLACEMENTS,
    TRANSFER_BYTES,
    TRANSFER_ENERGY,
)

CLOCK = f"instance:ecochain_clock_seconds:rate{WINDOW}"
"""Simulated seconds per second, while the clock runs."""

ADVANCED = f"instance:ecochain_clock_seconds:increase{LONG_WINDOW}"
"""Simulated seconds that the long window holds; at first fewer than the speed would give."""

RUN = "instance_policy_scenario:ecochain_run:info"
"""1 for each simulator, with its policy, its scenario, and `run`, which tells it apart in the name of a series."""

GRID_POWER = f"instance:ecochain_grid_watts:simulated_rate{WINDOW}"
GRAMS_PER_HOUR = f"instance:ecochain_emissions_grams:per_simulated_hour{WINDOW}"
TASKS_PER_HOUR = f"instance:ecochain_tasks:per_simulated_hour{WINDOW}"


def renewable_share(window: str = WINDOW) -> str:
    """Name the series of the share of the consumption that did not come from the grid."""
    return f"instance:ecochain_renewable:ratio{window}"


def miss_ratio(window: str = WINDOW) -> str:
    """Name the series of late and dropped tasks over all tasks."""
    return f"instance:ecochain_deadline_miss:ratio{window}"


def simulator_groups() -> tuple[Group, ...]:
    """Return the rules in the order in which one needs another's series."""
    clock = "sum by (job, instance) (rate(ecochain_clock_seconds_total[{}]))"
    rules = (
        Recording(record=CLOCK, expr=f"{clock.format(WINDOW)} > 0"),
        Recording(record=ADVANCED, expr=clock.format(LONG_WINDOW).replace("rate(", "increase(")),
        Recording(record=RUN, expr=_run()),
        *(_simulated(counter) for counter in COUNTERS),
        *_per_hour(),
        *_shares(),
    )
    return (Group(name="ecochain-rates", interval=INTERVAL, rules=rules),)


def _run() -> str:
    scenario = "max by (job, instance, scenario) (ecochain_run_info)"
    policy = "max by (job, instance, policy) (ecochain_scheduler_policy_info)"
    both = f"{policy}\n* {SAME_INSTANCE} group_left (scenario)\n{scenario}"
    return f'label_replace(label_join(\n{both}\n, "run", " on ", "policy", "scenario"), "run", ", $1", "run", "(.+)")'


def _simulated(counter: Counter) -> Recording:
    by = ", ".join((*TARGET, *counter.labels))
    rate = f"sum by ({by}) (rate({counter.name}{counter.suffix}[{WINDOW}]))"
    return Recording(record=counter.rate, expr=f"{rate}\n/ {SAME_INSTANCE} group_left ()\n{CLOCK}")


def _per_hour() -> Iterator[Recording]:
    yield Recording(record=GRID_POWER, expr=_sum(f'{ENERGY.rate}{{source="grid"}}'))
    yield Recording(record=GRAMS_PER_HOUR, expr=f"{SECONDS_PER_HOUR:.0f} * {_sum(EMISSIONS.rate)}")
    done = f'{TASKS.rate}{{outcome!="dropped"}}'
    yield Recording(record=TASKS_PER_HOUR, expr=f"{SECONDS_PER_HOUR:.0f} * {_sum(done)}")


def _shares() -> Iterator[Recording]:
    """Return ratios over both windows; the long one averages the rates that the short one has recorded."""
    for window in (WINDOW, LONG_WINDOW):
        grid = f'{ENERGY.rate}{{source="grid"}}'
        share = f"1 - {_mean(grid, window)}\n/ {SAME_INSTANCE}\n({_mean(ENERGY.rate, window)} > 0)"
        yield Recording(record=renewable_share(window), expr=share)
        missed = f"{_mean(MISSES.rate, window)}\n/ {SAME_INSTANCE}\n({_mean(TASKS.rate, window)} > 0)"
        yield Recording(record=miss_ratio(window), expr=missed)


def _mean(series: str, window: str) -> str:
    return _sum(series if window == WINDOW else f"avg_over_time({series}[{window}])")


def _sum(expr: str) -> str:
    return f"sum by (job, instance) ({expr})"
