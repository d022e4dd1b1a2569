"""The table that `ecotrack report` prints."""

from datetime import datetime, tzinfo

from exporter.core.html import UNKNOWN, grams, money
from exporter.core.units import BYTES_PER_DECIMAL_GB, SECONDS_PER_HOUR
from exporter.equivalents import equivalents_text
from exporter.journal.findings import BudgetFinding, CostFinding, Findings, ScoreFinding, Share

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def render_report(found: Findings, zone: tzinfo) -> str:
    """Render what was found as aligned columns: a figure's name, its value and what it rests on."""
    rows = [
        ("emissions", grams(found.grams), f"machine {grams(found.host_grams)}, network {grams(found.network_grams)}"),
        ("energy", f"{found.host_kwh + found.network_kwh:.3f} kWh", _unknown(found)),
        *((("cost", *cost_text(found.cost)),) if found.cost is not None else ()),
        *((("as much as", "", equivalents_text(found.equivalents)),) if found.equivalents else ()),
        ("trend", *trend_text(found)),
        ("last week", *week_text(found)),
        *((f"budget of a {one.period}", *budget_text(one)) for one in found.budgets),
        ("eco score", *score_text(found.eco_score)),
        ("busiest hour", *busiest_text(found)),
        *((one.activity or "activity not told", grams(one.grams), activity_text(one)) for one in found.activities),
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{name:<{widths[0]}}  {value:<{widths[1]}}  {source}".rstrip() for name, value, source in rows]
    return "\n".join([*lines, "", f"- {span_text(found, zone)}", *_damage(found)])


def cost_text(cost: CostFinding) -> tuple[str, str]:
    """Say what the machine's electricity costs, and by which price."""
    if cost.price_per_kwh is None:
        price = "the price of each hour of the day"
    else:
        price = f"{money(cost.price_per_kwh, cost.currency)} a kWh"
    return money(cost.total, cost.currency), f"the machine's electricity at {price}; the network's is paid elsewhere"


def span_text(found: Findings, zone: tzinfo) -> str:
    """Tell the time that the report is of, and the number of its rows."""
    first, last = (f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}" for at in (found.first, found.last))
    files = "1 file" if len(found.files) == 1 else f"{len(found.files)} files"
    return f"{first} to {last} ({found.time_zone}), {found.rows} rows of {files}"


def trend_text(found: Findings) -> tuple[str, str]:
    """Say how the emissions of a day change, and how sure that is."""
    if found.trend is None:
        return UNKNOWN, "needs ten whole days"
    one = found.trend
    sure = "falling" if one.high < 0.0 else "rising" if one.low > 0.0 else "neither for sure"
    value = f"{one.grams_per_day_per_week:+.3g} g a day, per week"
    return value, f"{sure}: 95% interval {one.low:+.3g} to {one.high:+.3g}, from {one.days} whole days"


def week_text(found: Findings) -> tuple[str, str]:
    """Compare the last whole week with the one before."""
    one = found.week_against_week
    if one is None:
        return UNKNOWN, "needs two whole weeks"
    change = "" if one.change_ratio is None else f", {one.change_ratio:+.0%}"
    return grams(one.grams), f"from {one.start}; the week before {grams(one.before_grams)}{change}"


def budget_text(one: BudgetFinding) -> tuple[str, str]:
    """Say how often a budget was exceeded."""
    worst = f"worst {grams(one.worst_grams)} from {one.worst_start}"
    return f"{one.over} of {one.periods} over", f"limit {grams(one.limit_grams)}, mean {grams(one.mean_grams)}, {worst}"


def score_text(score: ScoreFinding) -> tuple[str, str]:
    """Give the score with its letter, and what it rests on."""
    if score.ratio is None:
        return UNKNOWN, score.basis
    factors = ", ".join(f"{factor} x {value:.2f}" for factor, value in score.factors.items())
    return f"{score.grade}, {score.ratio:.2f} of 1", f"{score.basis}; {factors}"


def busiest_text(found: Findings) -> tuple[str, str]:
    """Name the hour of the day and the day of the week with most emissions."""
    by_hour = [sum(day[hour] for day in found.hourly_grams) for hour in range(len(found.hourly_grams[0]))]
    by_day = [sum(day) for day in found.hourly_grams]
    hour = by_hour.index(max(by_hour))
    return f"{hour:02d}:00", f"by the local clock; the busiest day is {WEEKDAYS[by_day.index(max(by_day))]}"


def activity_text(one: Share) -> str:
    """Tell the time and the traffic of an activity."""
    hours = f"{one.seconds / SECONDS_PER_HOUR:.1f} h, " if one.seconds else ""
    return f"{hours}{one.moved_bytes / BYTES_PER_DECIMAL_GB:.2f} GB over the network"


def _unknown(found: Findings) -> str:
    told = f"machine {found.host_kwh:.3f}, network {found.network_kwh:.3f}"
    unknown = found.kwh_of_unknown_grams
    return f"{told}; emissions of {unknown:.3f} kWh are unknown" if unknown else told


def _damage(found: Findings) -> list[str]:
    return [f"! {found.damaged_rows} damaged rows are left out"] if found.damaged_rows else []
