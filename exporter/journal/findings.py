"""All that a report says of logs, from their sums. Times and dates are those of the local clock."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from exporter.budget import Period
from exporter.core.units import (
    DAYS_PER_WEEK,
    GRAMS_PER_KILOGRAM,
    HOURS_PER_DAY,
    JOULES_PER_KWH,
    SECONDS_PER_HOUR,
    Grams,
    Joules,
    Seconds,
    Watts,
)
from exporter.eco_score import Reference, eco_score
from exporter.equivalents import equivalents_of
from exporter.intensity.window import Tariff
from exporter.journal.origins import IntensityOrigins, Origins, intensity_origins_of, origins_of
from exporter.journal.read import Damage
from exporter.journal.tally import DAY_OF_1970, Sums, Tally, day_of
from exporter.journal.trend import Trend, trend
from exporter.last_hour import Counted, Emissions


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One activity's time, bytes and grams of the network; `activity` is empty where none was told."""

    activity: str
    seconds: float
    moved_bytes: float
    grams: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSum:
    """Grams and energy of a day, week or month that begins on `start`.

    `whole` tells that the logs reach beyond both of its ends, and `cumulative_grams` are those up to its end. `cost` is
    that of the machine's energy, None where no price or no such energy is known.
    """

    start: date
    grams: float
    kwh: float
    cumulative_grams: float
    whole: bool
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetFinding:
    """Comparison of a budget with the periods in the logs; those that are not whole may come out too low."""

    period: Period
    limit_grams: float
    periods: int
    over: int
    mean_grams: float
    worst_grams: float
    worst_start: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFinding:
    """Cost of the machine's own energy at today's prices; the network's is paid by others.

    `currency` is None where it has no name, and `price_per_kwh` where it differs from hour to hour.
    """

    total: float
    currency: str | None
    price_per_kwh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekAgainstWeek:
    """Grams of the last whole week and of the one before it; the change is None where that had none."""

    start: date
    grams: float
    before_grams: float
    change_ratio: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFinding:
    """Eco score of the whole time that the logs tell of; `basis` says what it compares, or why there is none."""

    basis: str
    ratio: float | None = None
    grade: str | None = None
    factors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Report on logs. `hourly_grams` has a row for each weekday from Monday, with the mean grams of each hour."""

    files: tuple[str, ...]
    rows: int
    damaged_rows: int
    damaged_places: tuple[str, ...]
    time_zone: str
    first: float
    last: float
    host_kwh: float
    network_kwh: float
    host_grams: float
    network_grams: float
    kwh_of_unknown_grams: float
    host_origins: Origins
    network_origins: Origins
    intensity_origins: IntensityOrigins
    cost: CostFinding | None
    equivalents: Mapping[str, float]
    days: tuple[PeriodSum, ...]
    weeks: tuple[PeriodSum, ...]
    months: tuple[PeriodSum, ...]
    trend: Trend | None
    activities: tuple[Share, ...]
    hourly_grams: tuple[tuple[float, ...], ...]
    budgets: tuple[BudgetFinding, ...]
    week_against_week: WeekAgainstWeek | None
    eco_score: ScoreFinding

    @property
    def grams(self) -> float:
        """Grams of host and network together."""
        return self.host_grams + self.network_grams


def find(
    tally: Tally,
    *,
    files: tuple[str, ...],
    damage: Damage,
    zone: str,
    limits: Mapping[Period, Grams],
    tariff: Tariff | None = None,
    reference: Reference | None = None,
) -> Findings:
    """Return the report on logs that have at least one row; the tariff's hours are those of the tally's clock.

    The eco score compares with a `reference`; None where the kind of machine is unknown.
    """
    by_hour, by_scope, by_activity = _summed(tally)
    costs = _costs(tally, tariff)
    days, weeks, months = (_periods(by_hour, costs, period) for period in (Period.DAY, Period.WEEK, Period.MONTH))
    budgets = _budgets({Period.DAY: days, Period.WEEK: weeks, Period.MONTH: months}, limits)
    return Findings(
        files=files,
        rows=tally.rows,
        damaged_rows=damage.rows,
        damaged_places=tuple(damage.places),
        time_zone=zone,
        first=tally.first,
        last=tally.last,
        host_kwh=by_scope[True].kwh,
        network_kwh=by_scope[False].kwh,
        host_grams=by_scope[True].kg * GRAMS_PER_KILOGRAM,
        network_grams=by_scope[False].kg * GRAMS_PER_KILOGRAM,
        kwh_of_unknown_grams=by_scope[True].untold_kwh + by_scope[False].untold_kwh,
        host_origins=origins_of(tally.origins, host=True),
        network_origins=origins_of(tally.origins, host=False),
        intensity_origins=intensity_origins_of(tally.origins),
        cost=_cost(costs, tariff),
        equivalents=equivalents_of(_grams(by_scope)),
        days=days,
        weeks=weeks,
        months=months,
        trend=trend([(one.start.toordinal(), one.grams) for one in days if one.whole]),
        activities=_shares(by_activity),
        hourly_grams=_hourly(by_hour),
        budgets=budgets,
        week_against_week=_against(weeks),
        eco_score=_score(by_scope, reference),
    )


def _summed(tally: Tally) -> tuple[Mapping[int, Sums], Mapping[bool, Sums], Mapping[str, Sums]]:
    """Return the sums of a tally by hour, by whether they are of the machine, and by activity of the network."""
    by_hour: dict[int, Sums] = defaultdict(Sums)
    by_scope: dict[bool, Sums] = defaultdict(Sums)
    by_activity: dict[str, Sums] = defaultdict(Sums)
    for (hour, host, activity), sums in tally.cells.items():
        by_hour[hour].add(sums)
        by_scope[host].add(sums)
        if not host:
            by_activity[activity].add(sums)
    return by_hour, by_scope, by_activity


def _grams(by_scope: Mapping[bool, Sums]) -> Grams:
    return Grams(sum(sums.kg for sums in by_scope.values()) * GRAMS_PER_KILOGRAM)


def _costs(tally: Tally, tariff: Tariff | None) -> Mapping[int, float]:
    """Return the cost of the machine's energy by hour; none without a price."""
    found: dict[int, float] = defaultdict(float)
    for (hour, host, _), sums in tally.cells.items():
        if host and tariff is not None:
            found[hour] += sums.kwh * tariff.prices[hour % HOURS_PER_DAY]
    return found


def _cost(costs: Mapping[int, float], tariff: Tariff | None) -> CostFinding | None:
    if tariff is None or not costs:
        return None
    prices = set(tariff.prices)
    price = prices.pop() if len(prices) == 1 else None
    return CostFinding(total=sum(costs.values()), currency=tariff.currency or None, price_per_kwh=price)


def _periods(by_hour: Mapping[int, Sums], costs: Mapping[int, float], period: Period) -> tuple[PeriodSum, ...]:
    """Return the sums of the periods that have rows, in order."""
    sums: dict[date, Sums] = defaultdict(Sums)
    paid: dict[date, float] = defaultdict(float)
    for hour, part in by_hour.items():
        start = _start(day_of(hour), period)
        sums[start].add(part)
        if hour in costs:
            paid[start] += costs[hour]
    starts = sorted(sums)
    found, so_far = [], 0.0
    for start in starts:
        grams = sums[start].kg * GRAMS_PER_KILOGRAM
        so_far += grams
        whole = start not in {starts[0], starts[-1]}
        found.append(
            PeriodSum(
                start=start,
                grams=grams,
                kwh=sums[start].kwh,
                cumulative_grams=so_far,
                whole=whole,
                cost=paid.get(start),
            )
        )
    return tuple(found)


def _start(day: date, period: Period) -> date:
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period is Period.MONTH else day


def _shares(by_activity: Mapping[str, Sums]) -> tuple[Share, ...]:
    shares = [
        Share(
            activity=activity,
            seconds=sums.seconds,
            moved_bytes=sums.moved_bytes,
            grams=sums.kg * GRAMS_PER_KILOGRAM,
        )
        for activity, sums in by_activity.items()
    ]
    return tuple(sorted(shares, key=lambda one: (-one.grams, -one.moved_bytes, one.activity)))


def _hourly(by_hour: Mapping[int, Sums]) -> tuple[tuple[float, ...], ...]:
    """Return the mean grams of each hour of the week, over as often as it came round between the logs' ends."""
    monday = date(1970, 1, 5).toordinal() - DAY_OF_1970
    shift = monday * HOURS_PER_DAY
    week = DAYS_PER_WEEK * HOURS_PER_DAY
    grams, times = [0.0] * week, [0] * week
    for hour in range(min(by_hour), max(by_hour) + 1):
        place = (hour - shift) % week
        times[place] += 1
        if hour in by_hour:
            grams[place] += by_hour[hour].kg * GRAMS_PER_KILOGRAM
    means = [amount / count if count else 0.0 for amount, count in zip(grams, times, strict=True)]
    return tuple(tuple(means[day * HOURS_PER_DAY : (day + 1) * HOURS_PER_DAY]) for day in range(DAYS_PER_WEEK))


def _budgets(sums: Mapping[Period, tuple[PeriodSum, ...]], limits: Mapping[Period, Grams]) -> tuple[BudgetFinding, ...]:
    found = []
    for period, limit in limits.items():
        worst = max(sums[period], key=lambda one: one.grams)
        found.append(
            BudgetFinding(
                period=period,
                limit_grams=limit,
                periods=len(sums[period]),
                over=sum(one.grams > limit for one in sums[period]),
                mean_grams=sum(one.grams for one in sums[period]) / len(sums[period]),
                worst_grams=worst.grams,
                worst_start=worst.start,
            )
        )
    return tuple(found)


def _against(weeks: tuple[PeriodSum, ...]) -> WeekAgainstWeek | None:
    """Compare the last whole week with the week before it, where that is whole as well."""
    whole = [one for one in weeks if one.whole]
    if not whole:
        return None
    last = whole[-1]
    before = next((one for one in weeks if one.start == last.start - timedelta(days=DAYS_PER_WEEK)), None)
    if before is None or not before.whole:
        return None
    change = None if before.grams == 0.0 else last.grams / before.grams - 1.0
    return WeekAgainstWeek(start=last.start, grams=last.grams, before_grams=before.grams, change_ratio=change)


def _score(by_scope: Mapping[bool, Sums], reference: Reference | None) -> ScoreFinding:
    """Return the score of what the logs tell of both scopes; what the machine draws at idle they do not tell."""
    host, network = by_scope[True], by_scope[False]
    if reference is None:
        return ScoreFinding(basis="the kind of machine is unknown, and power.machine is not set")
    if not host.seconds or not network.seconds or host.untimed_kwh or network.untimed_kwh:
        return ScoreFinding(basis="the logs do not tell what both machine and network used, and in what time")
    emissions = Emissions(host=_counted(host), network=_counted(network))
    score = eco_score(emissions, reference, Watts(0.0))
    if isinstance(score, str):
        return ScoreFinding(basis=score)
    own, reference_rate = (rate * SECONDS_PER_HOUR for rate in (score.rate, reference.rate))
    return ScoreFinding(
        basis=f"{own:.1f} g an hour against {reference_rate:.2f} of a {reference.description}",
        ratio=score.value,
        grade=score.grade,
        factors={str(name): value for name, value in score.factors.items()},
    )


def _counted(sums: Sums) -> Counted:
    """Return the part whose emissions are known."""
    return Counted(
        seconds=Seconds(sums.seconds - sums.untold_seconds),
        energy=Joules((sums.kwh - sums.untold_kwh) * JOULES_PER_KWH),
        grams=Grams(sums.kg * GRAMS_PER_KILOGRAM),
    )
