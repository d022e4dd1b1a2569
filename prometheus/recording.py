"""Recording rules: emission rates, power, carbon intensity, and the arithmetic of the budgets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporter.core.units import JOULES_PER_KWH
from exporter.power.provenance import MEASURED
from prometheus.budget import (
    BURN_ALERTS,
    PROJECTION_MIN_ELAPSED_MONTH,
    PROJECTION_MIN_ELAPSED_RATIO,
    PROJECTION_WINDOW,
    USED_WARNING_RATIO,
    BurnAlert,
    seconds,
)

SHORTEST_WINDOW = "5m"
AVERAGED_WINDOWS = {"30m": "4m", "1h": "1m", "2h": "4m", "6h": "4m", "1d": "4m", "3d": "8m"}
"""Longer windows and how often each is evaluated: that of the day's critical alert as often as what it averages. An
interval of 5m or more leaves gaps, since Prometheus looks back 5m for the last value of a series: three days, of which
no critical alert is made, are looked back for."""
WINDOWS = (SHORTEST_WINDOW, *AVERAGED_WINDOWS)
BASE_INTERVAL = "1m"

BUDGETED = 'scope=~"host|network"'
"""Scopes that a budget counts: this machine's electricity and the transport network's."""

PERIOD_MATCH = "on (job, instance, period)"

POWER_INTERVAL = "2m"
"""Interval of the power by scope, and of its cost: its counters are as many as those of emissions, and no alert waits
for it."""

KEPT_INTERVAL = "4m"
"""Interval of all that no critical alert of a day waits for: as long as one may be, for the same reason."""

RARE_INTERVAL = "8m"
"""Interval of what reads most: counters of discarded readings, states of sources and collectors, and three days of
rates. Who reads it, alert or board, looks back for it."""

RARELY = "10m"
"""Time in which one looks back for what is recorded so rarely: one value of it, and two minutes for a late one."""

WORKING = 'state="works", source!~"battery|attestation"'
"""A battery works only while nothing else supplies the machine, and a proof is there as long as somebody wants it."""

REMEMBERED = "6h"
"""Window in which the last value of a budget's series is found, over times without a sample."""

LOST_RATIO = 0.01
"""Part of the bytes that is lost, from which on the groups' bytes are not to be trusted. Judgement: half of the 2% by
which counts of a program's bytes may be off."""

BYTES_WINDOW = "30m"

STATE_DISCARDED_SECONDS = 3600
"""Time for which a discarded state is reported. Its counter stays, but the number of samples begins with it."""

USED_SHARE = f"ecotrack_budget_used_grams / {PERIOD_MATCH} ecotrack_budget_limit_grams"
"""The used share of each budget, of which the recorded series, CONSUMED, can be four minutes older than the grams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Recording rule: the name `level:metric:operation` of the new series, its PromQL expression, and more labels."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Recording rules that are evaluated in order, every `interval`."""

    name: str
    interval: str
    rules: tuple[Recording, ...]


def emission_rate(window: str) -> str:
    """Name the series of the mean emission rate over the window, in grams per second, per instance."""
    return f"instance:ecotrack_emissions_grams:rate{window}"


def averaged(series: str, window: str) -> str:
    """Average a series of every minute; time without a value (machine off or asleep) counts as none.

    A millisecond less than the window holds as many values as there are minutes in it, whenever in a minute they are
    recorded, and whether or not the window's first moment belongs to it, as it does in Prometheus 2.
    """
    interval, whole = seconds(BASE_INTERVAL), seconds(window)
    return f"sum_over_time({series}[{1000 * whole - 1:.0f}ms]) / {whole / interval:.0f}"


LENGTH = "instance_period:ecotrack_budget_period_seconds:length"
ALLOWED_RATE = "instance_period:ecotrack_budget_limit_grams:per_second"
CONSUMED = "instance_period:ecotrack_budget_consumed:ratio"
ELAPSED = "instance_period:ecotrack_budget_elapsed:ratio"
REMAINING = "instance_period:ecotrack_budget_remaining:ratio"
SCOPE_RATE = "instance_scope:ecotrack_emissions_grams:rate5m"
POWER = "instance_scope:ecotrack_power_watts:rate5m"
ORIGIN_POWER = "instance_origin_source:ecotrack_power_watts:sum"
COST = "instance_currency:ecotrack_electricity_cost:rate5m"
"""Cost of the machine's own electricity, in the price's currency per second; others pay for the network's."""

GROUP_POWER = "device:process_group_power_watts:rate5m"
GROUP_EMISSIONS = "device:process_group_emissions_grams_per_second:rate5m"
"""Mean power and emission rate of each group of processes, by scope; only where processes are told apart."""

INTENSITY = "instance:ecotrack_grid_carbon_intensity_grams_per_kwh:energy_weighted1h"


WORKED = "instance_source:ecotrack_source_works:max8m"
"""1 for each source that worked within the last interval."""

LOST_WINDOW = "1d"
"""A source that worked within this time is missed; one that is gone for longer was taken out."""

LOST = "instance_source:ecotrack_source_works:lost"
"""Sources that worked within the window and not within the last interval, and are absent or denied now."""

DENIED = "instance_source:ecotrack_source_state:denied"

KEPT_INTENSITY = "instance_grid_zone:ecotrack_grid_carbon_intensity_grams_per_kwh:last"
DAY_INTENSITY = "instance_grid_zone:ecotrack_grid_carbon_intensity_grams_per_kwh:avg1d"
"""Mean of the last day's intensity, of the values that are kept."""

DISCARDED = "instance_source_reason:ecotrack_discarded_readings:increase10m"
"""Readings discarded in ten minutes, there only where there are some: most of the counters stand still for years."""

FAILED = "instance_collector:ecotrack_collector_success:failed5m"
LOST_BYTES = "instance:ecotrack_process_bytes_lost:ratio30m"
STATE_DISCARDED = "instance_reason:ecotrack_discarded_readings:state"
"""Conditions of alerts that read a series of each collector or program, there only while one holds."""

KEPT_TERMS = "instance_period:ecotrack_budget_limit_grams:times_start"
"""Limit of each budget times the start of its period, which changes where either does, to be looked back for."""

LIMIT_WINDOW = "9m"
"""Time in which a limit counts as raised: `KEPT_INTERVAL`, after which every condition is recorded with the new limit,
and the 5m for which Prometheus, started again, still finds samples of the old one. Shorter than `keep_firing_for`, so
that an alert whose condition holds under the new limit as well is not resolved in between."""

RAISED = "instance_period:ecotrack_budget_limit_grams:raised"
"""Limits that were lower a few minutes ago; what alerts read may still rest on the lower one. It reads every limit
there is, so that it is recorded no more often than a used-up budget, and after that."""

OVERRUN = "instance_period:ecotrack_budget_projected:overrun"
EXHAUSTED = "instance_period:ecotrack_budget_consumed:exhausted"
MOSTLY_USED = "instance_period:ecotrack_budget_consumed:mostly_used"
OVER_ECOGUARD = "instance:ecotrack_emissions_grams_per_minute:over_ecoguard_limit"
"""Conditions of alerts, as series that are there only while one holds. Alerts are evaluated more often than what these
read is recorded; a series that is not there costs them nothing."""


def burning(row: BurnAlert) -> str:
    """Name the series of the long window's burn rate, there only while the rates over both exceed the row's factor."""
    return f"instance_period:ecotrack_budget_burn:over{row.factor:g}_rate{row.long}_rate{row.short}"


def raised(limit: str) -> str:
    """Select the limits that are higher than they were within the window."""
    return f"{limit} > min_over_time({limit}[{LIMIT_WINDOW}])"


def lately(series: str) -> str:
    """Look back for a series of the rarest interval."""
    return f"last_over_time({series}[{RARELY}])"


def latest(window: str, series: str) -> str:
    """Return the last value of what is recorded as often as a window's rate, which may be looked back for."""
    return lately(series) if AVERAGED_WINDOWS.get(window) == RARE_INTERVAL else series


def groups() -> tuple[Group, ...]:
    """Return every recording rule, the groups in the order in which one needs another's series."""
    fast = (
        *_five_minutes(),
        *(_averaged_rate(window) for window in windows_of(BASE_INTERVAL)),
        *(_burning(row) for row in BURN_ALERTS if _is_fast(row)),
        _over_ecoguard(),
        Recording(record=EXHAUSTED, expr=f"{USED_SHARE} >= 1"),
        Recording(record=RAISED, expr=raised("ecotrack_budget_limit_grams")),
    )
    slow = (
        *(_averaged_rate(window) for window in windows_of(KEPT_INTERVAL)),
        *_budget_state(),
        *(_burning(row) for row in BURN_ALERTS if not _is_fast(row)),
        *_outlook(),
    )
    return (
        Group(name="ecotrack-rates", interval=BASE_INTERVAL, rules=fast),
        Group(name="ecotrack-budgets", interval=KEPT_INTERVAL, rules=slow),
        Group(name="ecotrack-power", interval=POWER_INTERVAL, rules=(_power(), _cost())),
        Group(name="ecotrack-parts", interval=KEPT_INTERVAL, rules=(_by_origin(), *_by_group())),
        Group(name="ecotrack-kept", interval=RARE_INTERVAL, rules=tuple(_kept())),
    )


def windows_of(interval: str) -> tuple[str, ...]:
    """Return the averaged windows that are evaluated at an interval."""
    return tuple(window for window, every in AVERAGED_WINDOWS.items() if every == interval)


def _is_fast(row: BurnAlert) -> bool:
    """Tell whether the long window's rate, which says how fast one can know, is recorded at the shortest interval."""
    return AVERAGED_WINDOWS[row.long] == BASE_INTERVAL


def _five_minutes() -> Iterator[Recording]:
    """Record what is read from counters: rates by scope, and their sum."""
    emissions = "sum by (job, instance, scope) (rate(ecotrack_emissions_grams_total[5m]))"
    yield Recording(record=SCOPE_RATE, expr=emissions)
    budgeted = f"sum by (job, instance) ({SCOPE_RATE}{{{BUDGETED}}})"
    yield Recording(record=emission_rate(SHORTEST_WINDOW), expr=budgeted)


def _power() -> Recording:
    return Recording(record=POWER, expr="sum by (job, instance, scope) (rate(ecotrack_energy_joules_total[5m]))")


def _cost() -> Recording:
    priced = "* on (job, instance) group_left (currency)\n  ecotrack_electricity_price_per_kwh"
    paid = f'{POWER}{{scope="host"}}\n  / {JOULES_PER_KWH:.0f}\n  {priced}'
    return Recording(record=COST, expr=f"sum by (job, instance, currency) (\n  {paid}\n)")


def _averaged_rate(window: str) -> Recording:
    return Recording(record=emission_rate(window), expr=averaged(emission_rate(SHORTEST_WINDOW), window))


def _intensity() -> Recording:
    """Divide means over the times of a value: rates and power are recorded at intervals of their own."""
    power = f"{POWER}{{{BUDGETED}}}[1h]"
    watts = (
        f"sum by (job, instance) (sum_over_time({power}))\n"
        f"  / on (job, instance) max by (job, instance) (count_over_time({power}))"
    )
    # Energy whose grams are unknown would draw the quotient towards zero.
    lacking = 'increase(ecotrack_discarded_readings_total{source="grid"}[1h]) > 0'
    weighted = (
        f"{JOULES_PER_KWH:.0f} * avg_over_time({emission_rate(SHORTEST_WINDOW)}[1h])\n/ on (job, instance)\n"
        f"({watts} > 0)\nunless on (job, instance)\n{lacking}"
    )
    return Recording(record=INTENSITY, expr=weighted)


def _by_origin() -> Recording:
    """Sum the host's power by source, and by whether that is a sensor (origin measured) or not (modelled)."""
    modelled = 'label_replace(ecotrack_power_source_info, "origin", "modelled", "", "")'
    origin = f'label_replace(\n    {modelled},\n    "origin", "{MEASURED}", "model", "{MEASURED}"\n  )'
    power = 'ecotrack_power_watts{scope="host"}\n  * on (job, instance, component) group_left (origin, source)'
    return Recording(record=ORIGIN_POWER, expr=f"sum by (job, instance, origin, source) (\n  {power}\n  {origin}\n)")


def _by_group() -> Iterator[Recording]:
    for record, counter in (
        (GROUP_POWER, "ecotrack_process_group_energy_joules_total"),
        (GROUP_EMISSIONS, "ecotrack_process_group_emissions_grams_total"),
    ):
        yield Recording(record=record, expr=f"sum by (job, instance, group, scope) (rate({counter}[5m]))")


def _budget_state() -> Iterator[Recording]:
    start = "ecotrack_budget_period_start_timestamp_seconds"
    end = "ecotrack_budget_period_end_timestamp_seconds"
    yield Recording(record=LENGTH, expr=f"{end} - {PERIOD_MATCH} {start}")
    limit, embodied = "ecotrack_budget_limit_grams", "ecotrack_budget_embodied_grams"
    # What a budget counts of embodied carbon is spoken for; where that is more than the limit, no rate is allowed.
    less = f"{limit} - {PERIOD_MATCH} {embodied} > 0"
    left = f"(\n  {less}\n  or {PERIOD_MATCH}\n  {limit} unless {PERIOD_MATCH} {embodied}\n)"
    yield Recording(record=ALLOWED_RATE, expr=f"{left}\n/ {PERIOD_MATCH} {LENGTH}")
    yield Recording(record=CONSUMED, expr=USED_SHARE)
    yield Recording(record=ELAPSED, expr=f"clamp_max(\n  (time() - {start})\n  / {PERIOD_MATCH}\n  {LENGTH},\n  1\n)")
    yield Recording(record=KEPT_TERMS, expr=f"{limit} * {PERIOD_MATCH} {start}")
    yield _remaining()


def _remaining() -> Recording:
    """Record the share of each budget that is left, which never rises while its period and its limit last.

    Grams can be lost from what is used, with a damaged state file for one. The share then stays where it was.
    """
    left = f"(1 - {CONSUMED})"
    before = f"last_over_time({REMAINING}[{REMEMBERED}])"

    earlier = f"last_over_time({KEPT_TERMS}[{REMEMBERED}] offset {BASE_INTERVAL})"
    less = f"(\n  {before}\n  < {PERIOD_MATCH}\n  {left}\n)"
    same = f"and {PERIOD_MATCH} (\n  {KEPT_TERMS}\n  == {PERIOD_MATCH}\n  {earlier}\n)"
    return Recording(record=REMAINING, expr="\n".join((less, same, f"or {PERIOD_MATCH}", left)))


def _burning(row: BurnAlert) -> Recording:
    """Divide the long window's rate by what the budget allows, of budgets that the short window's exceeds as well.

    These are few, so that the division costs nothing; burn rates that exceed nothing are recorded nowhere.
    """
    allowed = f'{ALLOWED_RATE}{{period="{row.period}"}}'
    exceeded = f"{allowed} < on (job, instance) group_left ()\n  {emission_rate(row.short)} / {row.factor:g}"
    rate = latest(row.long, emission_rate(row.long))
    long = f"{rate} / on (job, instance) group_right ()\n(\n  {exceeded}\n) > {row.factor:g}"
    return Recording(record=burning(row), expr=long)


def _over_ecoguard() -> Recording:
    limit = "on (job, instance)\n  ecotrack_ecoguard_limit_grams_per_second"
    over = f"{emission_rate(SHORTEST_WINDOW)}\n  > {limit}"
    return Recording(record=OVER_ECOGUARD, expr=f"60 * (\n  {over}\n)")


def _outlook() -> Iterator[Recording]:
    yield Recording(record=OVERRUN, expr=_overrun())
    mostly = f"{CONSUMED} > {USED_WARNING_RATIO}\nand {PERIOD_MATCH}\n{ELAPSED} < {USED_WARNING_RATIO}"
    yield Recording(record=MOSTLY_USED, expr=mostly)


def _overrun() -> str:
    late_enough = (
        f'{ELAPSED}{{period!="month"}} > {PROJECTION_MIN_ELAPSED_RATIO}\n'
        f'  or (time() - ecotrack_budget_period_start_timestamp_seconds{{period="month"}}) '
        f"> {seconds(PROJECTION_MIN_ELAPSED_MONTH):.0f}"
    )
    return (
        f"min_over_time(ecotrack_budget_projected_grams[{PROJECTION_WINDOW}])\n"
        f"/ {PERIOD_MATCH}\necotrack_budget_limit_grams > 1\n"
        f"and {PERIOD_MATCH}\n({late_enough})\n"
        # Not before there is an hour to take a mean of, and half an hour of projections.
        f"and on (job, instance)\n(time() - ecotrack_lifetime_start_timestamp_seconds > {seconds('90m'):.0f})"
    )


def _kept() -> Iterator[Recording]:
    worked = f"max_over_time(ecotrack_source_state{{{WORKING}}}[{RARE_INTERVAL}])"
    yield Recording(record=WORKED, expr=f"{worked} == 1")
    yield Recording(record=DENIED, expr='ecotrack_source_state{state="denied"} == 1')
    same = "on (job, instance, source)"
    gone = f'(\n  ecotrack_source_state{{state="absent"}} == 1\n  or {same}\n  {DENIED}\n)'
    lost = f"last_over_time({WORKED}[{LOST_WINDOW}])\nunless {same}\n{WORKED}\nand {same} {gone}"
    yield Recording(record=LOST, expr=lost)
    yield Recording(record=KEPT_INTENSITY, expr="ecotrack_grid_carbon_intensity_grams_per_kwh")
    yield Recording(record=DAY_INTENSITY, expr=f"avg_over_time({KEPT_INTENSITY}[1d])")
    discarded = 'increase(ecotrack_discarded_readings_total{source!="state"}[10m])'
    yield Recording(record=DISCARDED, expr=f"{discarded} > 0")
    yield from _rarely_averaged()
    yield from _conditions()


def _rarely_averaged() -> Iterator[Recording]:
    """Record means that read most."""
    yield from (_averaged_rate(window) for window in windows_of(RARE_INTERVAL))
    yield _intensity()


def _conditions() -> Iterator[Recording]:
    yield Recording(record=FAILED, expr="max_over_time(ecotrack_collector_success[5m]) == 0")

    def increase(counter: str) -> str:
        return f"sum by (job, instance) (increase({counter}[{BYTES_WINDOW}]))"

    lost, counted = (increase(f"ecotrack_process_{one}_total") for one in ("bytes_lost", "group_network_bytes"))
    yield Recording(record=LOST_BYTES, expr=f"{lost}\n/ on (job, instance)\n{counted} > {LOST_RATIO}")
    state = 'ecotrack_discarded_readings_total{source="state",reason!="unsaved"} > 0'
    sampled = "ecotrack_samples_total * on (job, instance) ecotrack_sample_interval_seconds"
    yield Recording(
        record=STATE_DISCARDED, expr=f"{state}\nand on (job, instance)\n{sampled} < {STATE_DISCARDED_SECONDS}"
    )
