"""Budgets and who keeps to them: teams against their limits, and the devices furthest ahead and behind."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.fleet.names import DEVICE_PIXELS, NO_TEAM_BUDGET, of_teams, whole
from grafana.panels import Facts, Series, Target, rows
from grafana.promql import rounded, select
from prometheus.recording import CONSUMED, ELAPSED
from prometheus.team_budget import CONSUMED as TEAM_CONSUMED
from prometheus.team_budget import PROJECTED, RECORDED, USED
from prometheus.team_limits import LIMIT

HEIGHT = 8
MOST = 8
SHOWN = ("Used", "Limit", "Of limit", "Projected", "Recorded")
NO_DEVICE_BUDGET = "no device has a budget for the day: set budget.day_grams"


def row() -> Row:
    """Build the row of budgets."""
    return Row(title="Budgets", panels=(_teams(), _devices("Laggards", "topk"), _devices("Leaders", "bottomk")))


def _teams() -> dashboard.Panel:
    projected = f"{of_teams(PROJECTED)} / on (team, period) ({of_teams(LIMIT)} > 0)"
    facts = Facts(
        title="Budgets of teams",
        description=(
            "Grams that a team's devices have emitted in the day or month, their part of the team's limit, and the "
            "part that they reach at its end if they go on as in the last day, or for a month in the last week. "
            "Recorded: the part of the period so far in which Prometheus saw any of them; the rest is not in the "
            "grams. A team with a limit alone was not seen: is its name that of its targets?"
        ),
        unit="percentunit",
        no_value=NO_TEAM_BUDGET,
        targets=(
            Target(expr=of_teams(TEAM_CONSUMED), legend="Of limit"),
            Target(expr=projected, legend="Projected"),
            Target(expr=of_teams(USED), legend="Used"),
            Target(expr=of_teams(LIMIT), legend="Limit"),
            Target(expr=of_teams(RECORDED), legend="Recorded"),
        ),
        series=tuple(Series(name=name, unit="massg", decimals=1) for name in ("Used", "Limit")),
        decimals=0,
        width=24,
        height=HEIGHT,
    )
    columns = {"team": "Team", "period": "Period", **{name: name for name in SHOWN}}
    return rows(facts, columns=columns, largest="Of limit")


def _devices(title: str, extreme: str) -> dashboard.Panel:
    ahead = f"{select(CONSUMED, period='day')} - on (job, instance, period) {select(ELAPSED, period='day')}"
    most = rounded(f"{extreme}({MOST}, {whole(ahead)})", 0.01)
    facts = Facts(
        title=title,
        description=(
            f"The {MOST} devices {'furthest beyond' if extreme == 'topk' else 'with most left of'} their own budget "
            "for the day: the part used less the part of the day that has passed. At 0% a device is on its budget."
        ),
        unit="percentunit",
        no_value=NO_DEVICE_BUDGET,
        targets=(Target(expr=most, legend="Ahead"),),
        series=(Series(name="Device", pixels=DEVICE_PIXELS),),
        decimals=0,
        width=12,
        height=HEIGHT,
    )
    columns = {"instance": "Device", "team": "Team", "Ahead": "Ahead"}
    return rows(facts, columns=columns, hidden=("job",), largest="Ahead" if extreme == "topk" else "")
