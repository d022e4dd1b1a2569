"""The table that `ecotrack report` prints."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from exporter.core.html import UNKNOWN, grams, money
from exporter.core.units import BYTES_PER_DECIMAL_GB, SECONDS_PER_HOUR
from exporter.equivalents import equivalents_text
from exporter.journal.findings import BudgetFinding, CostFinding, Findings, ScoreFinding, Share
from exporter.journal.origins import Origins

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


STATIC, FIXED = "static", "a fixed figure (static)"
"""Label of a carbon intensity that is no live grid's, and how a report calls it."""


def render_report(found: Findings, zone: tzinfo) -> str:
    """Render what was found as aligned columns: a figure's name, its value and what it rests on."""
    rows = [
        ("emissions", grams(found.grams), f"machine {grams(found.host_grams)}, network {grams(found.network_grams)}"),
        ("energy", f"{found.host_kwh + found.network_kwh:.3f} kWh", _unknown(found)),
        *origin_rows(found),
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
    notes = [f"- {one}" for one in (span_text(found, zone), *estimate_notes(found))]
    return "\n".join([*lines, "", *notes, *_damage(found)])


def origin_rows(found: Findings) -> list[tuple[str, str, str]]:
    """Say how much of the energy was measured, by which sources, and whose carbon intensity made grams of it."""
    scopes = (("machine measured", found.host_origins), ("network measured", found.network_origins))
    rows = [(name, _measured(one), shares_text(one.kwh_by_source)) for name, one in scopes if one.kwh_by_source]
    intensity = found.intensity_origins
    if intensity.grams_per_kwh is not None:
        value = f"{intensity.grams_per_kwh:.4g} g/kWh"
        named = {FIXED if name == STATIC else name: kwh for name, kwh in intensity.kwh_by_provider.items()}
        rows.append(("carbon intensity", value, f"mean over the energy; {shares_text(named)}"))
    return rows


def shares_text(kwh: Mapping[str, float]) -> str:
    """Name sources with their shares."""
    whole = sum(kwh.values())
    return ", ".join(f"{name} {one / whole:.0%}" for name, one in kwh.items())


def estimate_notes(found: Findings) -> list[str]:
    """Return the note on energy that no sensor measured; none where there is no such energy."""
    if all(one.measured_low in {None, 1.0} for one in (found.host_origins, found.network_origins)):
        return []
    return [
        "what no sensor measured is an estimate, and a log keeps no bands: docs/reference/accuracy.md and "
        "docs/explanation/network-energy.md say how far each source may be off"
    ]


def _measured(one: Origins) -> str:
    low, high = one.measured_low, one.measured_high
    if low is None or high is None:
        return UNKNOWN
    return f"{low:.0%}" if low == high else f"{low:.0%} to {high:.0%}"


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
