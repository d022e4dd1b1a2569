"""Carbon budgets: what is left of each, and whether it lasts."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import FAINT, PLAIN
from grafana.device import NO_PERIODS
from grafana.device_carbon.now import network_part
from grafana.panels import LIMIT, Facts, Series, Target, lines, rows
from grafana.promql import select, total
from prometheus.recording import CONSUMED, ELAPSED, REMAINING

SPANS = {"day": "now/d", "month": "now/M"}
"""Period -> Grafana's name for the time since it began."""

WINDOWS = {"day": "1d", "week": "7d", "month": "30d"}
"""Period -> a window of about its length."""


def row() -> Row:
    """Build the row of what is left of day and month, the day in grams, and the table of all periods."""
    return Row(title="Carbon budgets", panels=(*(burn_down(period) for period in SPANS), in_grams("day"), _table()))


def burn_down(period: str, *, width: int = 8, height: int = 8) -> dashboard.Panel:
    """Show the share of a budget that is left over its period, beside the even pace."""
    left = total(select(REMAINING, period=period), "instance")
    facts = Facts(
        title=f"Left of the {period}",
        description=(
            f"Share of the {period}'s budget that is left, by device, since the {period} began: 1 - used / limit, and "
            "never more than it was, unless the limit changes. Beside it the even pace, which uses the budget up "
            "exactly at the end. Below the pace, the budget runs out early. Machine and network count together."
        ),
        unit="percentunit",
        no_value=NO_PERIODS,
        targets=(
            Target(expr=f"clamp_min({left}, 0)", legend="{{instance}}"),
            Target(expr=f"1 - max({select(ELAPSED, period=period)})", legend="even pace"),
        ),
        series=(Series(name="even pace", colour=FAINT, dashed=True),),
        width=width,
        height=height,
        minimum=0,
        maximum=1,
        shown=SPANS[period],
    )
    return lines(facts)


def in_grams(period: str, *, width: int = 8) -> dashboard.Panel:
    """Show what of a budget is used and projected, over its period, against the limit."""
    facts = Facts(
        title=f"The {period} in grams",
        description=(
            f"Emitted since the {period} began in the configured time zone, what that becomes by its end if it goes on "
            f"like the device's usual week, scaled by how the {period} compares with it, and its limit. Machine and "
            "network count; several devices are added up."
        ),
        unit="massg",
        no_value=NO_PERIODS,
        targets=tuple(
            Target(expr=total(select(f"ecotrack_budget_{name}_grams", period=period)), legend=name)
            for name in ("used", "projected", "limit")
        ),
        series=(
            Series(name="used", colour=PLAIN),
            Series(name="projected", colour=FAINT, dashed=True),
            LIMIT,
        ),
        width=width,
        minimum=0,
        shown=SPANS[period],
    )
    return lines(facts)


def _table() -> dashboard.Panel:
    by = ("instance", "period")
    until = f"{select('ecotrack_budget_period_end_timestamp_seconds')} - time()"
    used, limit = (total(select(f"ecotrack_budget_{name}_grams"), *by) for name in ("used", "limit"))
    values = {
        "Left": f"{limit} - {used}",
        "Used": used,
        "Limit": limit,
        "Used / limit": total(select(CONSUMED), *by),
        "Elapsed": total(select(ELAPSED), *by),
        "Projected": total(select("ecotrack_budget_projected_grams"), *by),
        "Network part": " or ".join(_network_part(period) for period in WINDOWS),
        "Week known": total(select("ecotrack_budget_projection_learned_ratio"), *by),
        "Time left": total(f"clamp_min({until}, 0)", *by),
    }
    facts = Facts(
        title="Budgets",
        description=(
            "One line per device and configured period. Used / limit can be compared with elapsed: above it, the "
            "budget runs out early. Projected is used + what the device usually emits in the hours left, scaled by how "
            "the period compares with its usual week; until all of that week is known, it is the mean so far. The "
            "network part is that of the last day, 7 days or 30 days."
        ),
        unit="massg",
        no_value=NO_PERIODS,
        targets=tuple(Target(expr=expr, legend=heading) for heading, expr in values.items()),
        series=(
            *(
                Series(name=name, unit="percentunit", decimals=0)
                for name in ("Used / limit", "Elapsed", "Network part", "Week known")
            ),
            Series(name="Time left", unit="dtdhms"),
        ),
        decimals=1,
        width=24,
        height=5,
    )
    return rows(facts, columns={"instance": "Instance", "period": "Period", **{name: name for name in values}})


def _network_part(period: str) -> str:
    """Return the network's part of about a period, with the period as a label, where there is such a budget."""
    part = f'label_replace({network_part(WINDOWS[period], "instance")}, "period", "{period}", "", "")'
    return f"{part} and on (instance, period) {select('ecotrack_budget_limit_grams', period=period)}"
