"""The description of a run and its figures: plain values that travel between processes and lie in files."""

from typing import Literal

import msgspec

from simulator.ledger.devices.unsigned import Booked
from simulator.scenario.published import AnyScenario, PublishedScenario

MICROGRAMS_PER_GRAM = 1_000_000
"""Definition of a microgram, the unit of a credit."""

GRAMS_PER_TONNE = 1_000_000
"""Definition of a tonne."""

MeasureName = Literal[
    "energy_joules",
    "emissions_grams",
    "latency_seconds",
    "renewable_ratio",
    "cost_dollars",
    "deadline_miss_ratio",
]


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A way to run the cluster: a policy, and the parts of the system that are switched on.

    With `compression` models run at their best measured precision, otherwise in FP32. With `dvfs` the policy may use
    all operating points, otherwise the fastest. With `forecast` it knows the expected supply, otherwise it assumes
    none (in the scenario `published`: half for every node); `supply` and `intensity` are the forecasters, by the names
    of the scenario's section `forecast`, where they are not those of the scenario. With `ledger` claims are booked,
    which costs energy and earns certificates and credits. With `batteries` nodes may use theirs. With `sleep` those
    that can sleep do, as the scenario says; `sleeping` is who does, by the names of the scenario's section `scheduler`,
    where that is not the scenario's. With `shift` deferrable tasks wait for greener supply, without it they never do;
    None leaves that to the policy. Without `move` every task is executed at the site where it arrives.
    """

    name: str
    policy: str
    compression: bool = True
    dvfs: bool = True
    forecast: bool = True
    supply: str | None = None
    intensity: str | None = None
    ledger: bool = True
    batteries: bool = True
    sleep: bool = True
    sleeping: str | None = None
    shift: bool | None = None
    move: bool = True


FULL = "full"
"""Name of the method with every part on."""


def full_method(scenario: AnyScenario) -> Method:
    """Return the method with every part on, under the scenario's own policy."""
    return Method(
        name=FULL, policy="weighted" if isinstance(scenario, PublishedScenario) else scenario.scheduler.policy
    )


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One run: all inputs on which its result depends.

    `nodes` replicates the scenario's nodes in turn up to this number. `rate_per_hour` replaces the mean arrival rate.
    With `tasks`, this number of tasks arrives at a constant mean rate, in place of the scenario's arrivals, and the run
    ends with the step of the last arrival, in place of whole days; its results do not show the energy of a day. With a
    `miss_limit` such a run ends once more than this share of its tasks is late or dropped, with its figures up to then.
    `bound` asks for the least emissions possible, of the same work and without any; the published model has no bound.
    With `chain` the ledger is kept block by block, in place of an account of what it would have booked.
    """

    scenario: AnyScenario
    method: Method
    seed: int
    nodes: int | None = None
    rate_per_hour: float | None = None
    tasks: int | None = None
    miss_limit: float | None = None
    bound: bool = False
    chain: bool = False


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one run.

    `energy_joules` is all that the cluster consumed, idle, ledger and network included (published: of the tasks only).
    `grid_joules` were bought, those that charged batteries included. `network_joules` are those of moving tasks between
    sites, bought from the grid and so in `grid_joules`, too. What batteries held at the start counts as green when it
    is used, and what they hold at the end does not count. `tasks_late` are tasks completed late, and tasks still
    executing or queued that will be late; offered tasks that are neither completed nor dropped are executing, queued or
    deferred at the end of the run. `latency_seconds` is the mean from arrival to completion of completed tasks that are
    not deferrable (of all, where all are), `latency_p95_seconds` is their 95th percentile, interpolated in the
    histogram. `renewable_ratio` is the share of the consumption that did not come from the grid, neither at once nor by
    way of a battery. `deadline_miss_ratio` counts late and dropped tasks among the offered. `bound_grams` is the least
    with which the same work could have been done as punctually, and `floor_grams` the least without any work, None
    where not asked. `stored_change_joules` is what
    batteries hold at the end less what they held at the start, None where the model has none. `life_cycle_grams` are
    the emissions of making panels, turbines and batteries, None where not asked; `emissions_grams` has none of them.

    With a ledger, `claims` are those of its devices, and `certificates_watt_hours` and `credits_grams` what its rules
    issue for them. `balance_grams` is what the benchmark allows for the tasks on time, less the emissions; below 0 it
    is a deficit. None of it is in `emissions_grams`. `credit_dollars` is what the credits are worth by a list of
    prices, or in the published model by its own rule. `cost_dollars` is electricity less that, where it is known.
    """

    seed: int
    simulated_seconds: float
    tasks_offered: int
    tasks_completed: int
    tasks_late: int
    tasks_dropped: int
    tasks_unfinished: int
    energy_joules: float
    idle_joules: float
    ledger_joules: float
    grid_joules: float
    emissions_grams: float
    latency_seconds: float
    latency_p95_seconds: float
    renewable_ratio: float
    electricity_dollars: float
    cost_dollars: float
    deadline_miss_ratio: float
    claims: int | None = None
    certificates_watt_hours: float | None = None
    credits_grams: float | None = None
    balance_grams: float | None = None
    credit_dollars: float | None = None
    bound_grams: float | None = None
    floor_grams: float | None = None
    stored_change_joules: float | None = None
    network_joules: float | None = None
    life_cycle_grams: float | None = None


def with_units(result: RunResult, booked: Booked, dollars_per_tonne: float | None = None) -> RunResult:
    """Return a run's figures with its certificates and credits, and what these are worth where a price is given."""
    found = msgspec.structs.replace(
        result,
        claims=booked.claims,
        certificates_watt_hours=float(booked.certificates),
        credits_grams=booked.credits / MICROGRAMS_PER_GRAM,
        balance_grams=booked.balance / MICROGRAMS_PER_GRAM,
    )
    if dollars_per_tonne is None:
        return found
    worth = booked.credits / MICROGRAMS_PER_GRAM / GRAMS_PER_TONNE * dollars_per_tonne
    return msgspec.structs.replace(found, credit_dollars=worth, cost_dollars=result.electricity_dollars - worth)
