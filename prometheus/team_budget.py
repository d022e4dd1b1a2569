"""Recording rules of teams' budgets: used, burned and projected grams against the limits that a file gives each team.

The limits and the calendar are series of `prometheus.team_limits`. Without them nothing is recorded here but the rates.
"""

from collections.abc import Iterator

from exporter.budget import Period
from prometheus.budget import BURN_ALERTS, seconds
from prometheus.fleet import MEMORY_INTERVAL, rate5m
from prometheus.recording import BASE_INTERVAL, Group, Recording, averaged
from prometheus.team_limits import LIMIT, PERIOD_END, PERIOD_START, of_period

OF_TEAM = "on (team, period)"

FAST_WINDOWS = ("30m", "1h")
SLOW_WINDOWS = ("2h", "6h", "1d", "3d", "7d")
USUAL_WINDOW = {Period.DAY: "1d", Period.MONTH: "7d"}
"""Window whose mean rate a projection takes for the rest of a period: a whole day, a whole week."""

LOOKED_AT = {Period.DAY: "26h", Period.MONTH: "32d"}
"""Longer than the longest period: a day of 25 hours, a month of 31 days and an hour."""

IN_PERIOD = "team_period:ecotrack_emissions_grams:rate5m"
"""A team's emission rate under the start of each period, so that the sum of one series is that of one period.

It is recorded of teams without a limit too, so that a limit that is given in mid-month finds the month's grams.
"""

USED = "team_period:ecotrack_budget_used_grams:sum"
RECORDED = "team_period:ecotrack_budget_recorded:ratio"
"""Part of the period so far in which any device of the team was seen; the grams of the rest are not in the sum."""

CONSUMED = "team_period:ecotrack_budget_consumed:ratio"
PROJECTED = "team_period:ecotrack_budget_projected_grams:sum"
ALLOWED = "team_period:ecotrack_budget_limit_grams:per_second"
ELAPSED = "fleet_period:ecotrack_budget_elapsed:ratio"


def team_rate(window: str) -> str:
    """Name the series of the mean emission rate of each team over the window, in grams per second."""
    return rate5m().replace("5m", window)


def team_burn(window: str) -> str:
    """Name the series of the burn rate over the window, per team and budget period."""
    return f"team_period:ecotrack_budget_burn:ratio_rate{window}"


def team_budget_groups() -> tuple[Group, ...]:
    """Return the rules of teams' budgets; the slow group looks back over a month."""
    fast = (*_rates(FAST_WINDOWS), *_state(), *_used(Period.DAY), *_burns(("5m", *FAST_WINDOWS)), *_outlook(Period.DAY))
    slow = (*_rates(SLOW_WINDOWS), *_used(Period.MONTH), *_burns(SLOW_WINDOWS), *_outlook(Period.MONTH))
    return (
        Group(name="ecotrack-team-budgets", interval=BASE_INTERVAL, rules=fast),
        Group(name="ecotrack-team-budgets-slow", interval=MEMORY_INTERVAL, rules=slow),
    )


def _rates(windows: tuple[str, ...]) -> Iterator[Recording]:
    """Average the recorded 5m rate; time in which no device of a team was seen counts as none."""
    for window in windows:
        yield Recording(record=team_rate(window), expr=averaged(rate5m(), window))


def _state() -> Iterator[Recording]:
    yield Recording(record=ALLOWED, expr=f"{LIMIT}\n/ on (period) group_left ()\n({PERIOD_END} - {PERIOD_START})")
    yield Recording(record=ELAPSED, expr=f"(time() - {PERIOD_START})\n/\n({PERIOD_END} - {PERIOD_START})")
    for period in Period.DAY, Period.MONTH:
        start = f'count_values ("start", {PERIOD_START}{{period="{period}"}})'
        yield of_period(period, IN_PERIOD, f"{rate5m()}\n* on () group_left (start)\n{start}")


def _used(period: Period) -> Iterator[Recording]:
    of, interval = f'{{period="{period}"}}', f"{seconds(BASE_INTERVAL):.0f}"
    start = f'count_values ("start", {PERIOD_START}{of})'

    def so_far(function: str) -> str:
        each = f"{function}({IN_PERIOD}{of}[{LOOKED_AT[period]}]) * {interval}\n  and on (start)\n  {start}"
        return f"sum by (team, period) (\n  {each}\n)"

    limited = f"and {OF_TEAM}\n{LIMIT}"
    yield of_period(period, USED, f"{so_far('sum_over_time')}\n{limited}")
    part = f"{so_far('count_over_time')}\n/ scalar(time() - {PERIOD_START}{of})"
    yield of_period(period, RECORDED, f"clamp_max({part}, 1)\n{limited}")


def _burns(windows: tuple[str, ...]) -> Iterator[Recording]:
    """Record the burn rates that an alert reads."""
    read = {window for row in BURN_ALERTS for window in (row.long, row.short)}
    for window in windows:
        if window in read:
            rate = f"{team_rate(window)}\n/ on (team) group_right ()\n{ALLOWED}"
            yield Recording(record=team_burn(window), expr=rate)


def _outlook(period: Period) -> Iterator[Recording]:
    of = f'{{period="{period}"}}'
    yield of_period(period, CONSUMED, f"{USED}{of}\n/ {OF_TEAM}\n{LIMIT}{of}")
    rest = f"(scalar({PERIOD_END}{of}) - time())"
    rate = f"(\n  {team_rate(USUAL_WINDOW[period])}\n  * {rest}\n)"
    yield of_period(period, PROJECTED, f"{USED}{of}\n+ on (team) group_left ()\n{rate}")
