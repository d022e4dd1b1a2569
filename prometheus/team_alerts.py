"""Alerts on the carbon budgets of teams: as those of devices, on the sums of a team's devices."""

from collections.abc import Iterator

from exporter.budget import Period
from prometheus.alert import BUDGET_HOLD, GRAMS, KEEP_FIRING, Alert, looked_up
from prometheus.budget import (
    BURN_ALERTS,
    PROJECTION_MIN_ELAPSED_MONTH,
    PROJECTION_MIN_ELAPSED_RATIO,
    PROJECTION_WINDOW,
    BurnAlert,
    seconds,
)
from prometheus.fleet import MEMORY_INTERVAL, devices
from prometheus.recording import BASE_INTERVAL, Recording, raised
from prometheus.team_budget import CONSUMED, ELAPSED, OF_TEAM, PROJECTED, USED, team_burn
from prometheus.team_limits import LIMIT, PERIOD_START

AGE = f" (up to {MEMORY_INTERVAL} ago)"
"""Text beside a month's grams, which are summed more seldom than a day's: a day's may be more."""

AGE_OF_MONTH = f'{{{{ if eq $labels.period "{Period.MONTH}" }}}}{AGE}{{{{ end }}}}'

ADVICE = "Fleet lists the team's devices by what they emit."


RAISED = "team_period:ecotrack_budget_limit_grams:raised"


def team_limit_raised() -> Recording:
    """Return what ends a team's alerts together, at the evaluation that first sees the higher limit: teams are few."""
    return Recording(record=RAISED, expr=f"{raised(LIMIT)}\n> {OF_TEAM}\n{USED}")


def team_alerts() -> Iterator[Alert]:
    """Return the alerts on teams' budgets, that which mutes others before them."""
    yield _exhausted()
    yield from map(_burn, BURN_ALERTS)
    yield _projected()


def _alert(name: str, expr: str, *, severity: str, summary: str, description: str) -> Alert:
    return Alert(
        name=f"EcotrackTeam{name}",
        expr=f"{expr}\nunless {OF_TEAM}\n{RAISED}",
        severity=severity,
        component="budget",
        scope="team",
        summary=f"Team {{{{ $labels.team }}}} {summary}",
        description=f"{description} {_covered()}",
        advice=ADVICE,
        hold=BUDGET_HOLD,
        keep_firing_for=KEEP_FIRING,
        board="fleet",
    )


def _exhausted() -> Alert:
    return _alert(
        "BudgetExhausted",
        f"{CONSUMED} >= 1",
        severity="critical",
        summary="has used up its carbon budget for the {{ $labels.period }}",
        description=(
            f"The devices of team {{{{ $labels.team }}}} have emitted {_grams(USED)} CO2e this "
            f"{{{{ $labels.period }}}}{AGE_OF_MONTH}, {{{{ $value | humanizePercentage }}}} of the team's budget of "
            f"{_grams(LIMIT)}."
        ),
    )


def _burn(row: BurnAlert) -> Alert:
    period, age = f'{{period="{row.period}"}}', AGE if row.period is Period.MONTH else ""
    burns = f"{team_burn(row.long)}{period} > {row.factor:g}"
    return _alert(
        row.name.removeprefix("Ecotrack"),
        f"{burns}\nand {OF_TEAM}\n{team_burn(row.short)}{period} > {row.factor:g}",
        severity=row.severity,
        summary=f"burns its carbon budget for the {row.period} too fast",
        description=(
            f"Over the last {row.long} the devices of team {{{{ $labels.team }}}} emitted "
            f'{{{{ $value | printf "%.1f" }}}} times what its budget for the {row.period} allows on average. A factor '
            f"of {row.factor:g} uses {row.fraction:.0%} of the budget in {row.long}. "
            f"Used so far{age}: {_grams(USED)} of {_grams(LIMIT)}."
        ),
    )


def _projected() -> Alert:
    # Without the window's first moment, which belongs to it in Prometheus 2 alone.
    window = seconds(PROJECTION_WINDOW) - seconds(BASE_INTERVAL) / 2
    late_enough = (
        f'{ELAPSED}{{period="{Period.DAY}"}} > {PROJECTION_MIN_ELAPSED_RATIO}\n'
        f'  or time() - {PERIOD_START}{{period="{Period.MONTH}"}} > {seconds(PROJECTION_MIN_ELAPSED_MONTH):.0f}'
    )
    return _alert(
        "BudgetOverrunProjected",
        (f"min_over_time({PROJECTED}[{window:.0f}s])\n/ {OF_TEAM}\n{LIMIT} > 1\nand on (period)\n({late_enough})"),
        severity="warning",
        summary="may exceed its carbon budget for the {{ $labels.period }}",
        description=(
            "If its devices go on as in the last day, or for a month in the last week, team {{ $labels.team }} ends "
            "the {{ $labels.period }} at {{ $value | humanizePercentage }} or more of its budget of "
            f"{_grams(LIMIT)}. Used so far{AGE_OF_MONTH}: {_grams(USED)}."
        ),
    )


def _grams(series: str) -> str:
    """Return template text with the present grams of the alert's team and period."""
    return looked_up(series + "{team=%q, period=%q}", ("team", "period"), GRAMS, otherwise="an unknown amount")


def _covered() -> str:
    """Return template text with a sentence on the devices of the team that are not in the sum now."""
    shown = (
        "{{ . | first | value }} of the team's devices {{ if eq (. | first | value) 1.0 }}is{{ else }}are{{ end }} "
        "missing, and what they emit is not in it."
    )
    return looked_up(
        f"{devices('missing')}{{team=%q}} > 0",
        ("team",),
        shown,
        otherwise=f"No device was missing up to {MEMORY_INTERVAL} ago.",
    )
