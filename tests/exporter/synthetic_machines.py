"""Machines with habits, and what the real budget code says of them over months, in steps of five minutes.

Work has a factor for each day and one for each half hour, both log-normal with a median of 1; standby has none. The
day's budget is 1.2 times what the profile has for that day at its beginning, and the alert is the expression of the
rule that is shipped.
"""

import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from exporter.budget import Booked, BudgetStatus, Period, book
from exporter.core.units import Grams, Seconds, UnixSeconds
from exporter.projection import status
from exporter.week import WeekProfile, observe

STEP = 300.0
FIRST_DAY = datetime(2026, 1, 5)  # noqa: DTZ001 - a Monday; the zone is the machine's
KNOWN_AFTER = timedelta(weeks=2)
LIMIT = 1.2
WINDOW = 1800.0
MIN_ELAPSED = 0.2
CROSSING = 1.3
STANDBY = 0.5
"""Grams per hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """Rule of when a machine runs and what the machine emits then, in grams per hour; None while it is off.

    `day_spread` and `spell_spread` are the standard deviations of the logarithms of its factors. `restarts` says
    whether the exporter starts anew after each time off, instead of being suspended with the machine. `start_jitter`
    moves each day by up to so many hours either way. After `changes_after` whole weeks `after` takes the place of
    `rate`.
    """

    zone: ZoneInfo
    rate: Callable[[int, float], float | None]  # a function of weekday and local hour
    after: Callable[[int, float], float | None] | None = None
    changes_after: int = 0
    day_spread: float = 0.2
    spell_spread: float = 0.2
    start_jitter: float = 0.0
    restarts: bool = False


@dataclass(slots=True)
class Day:
    """One day as its alert saw it; times in seconds since 1970."""

    limit: float
    fired_at: float | None = None
    crossed_at: float | None = None
    crossed_by_profile_at: float | None = None  # the first such moment after a fifth of the profile's day as well
    lasting_since: float | None = None  # above the crossing ratio for an hour from then on
    above_since: float | None = None


@dataclass(slots=True)
class Life:
    """Projections at each full hour, by period and its start, and the final figures of the periods."""

    zone: ZoneInfo
    known_from: float
    projected: dict[Period, list[tuple[float, float, float]]] = field(default_factory=lambda: defaultdict(list))
    emitted: dict[Period, dict[float, float]] = field(default_factory=lambda: {period: {} for period in Period})
    days: dict[float, Day] = field(default_factory=dict)

    def complete(self, period: Period) -> set[float]:
        """Return the starts of the periods that were lived to their end."""
        return set(list(self.emitted[period])[:-1])

    def ratios(self, period: Period) -> dict[int, list[float]]:
        """Return projected over true grams by local hour, over the periods with emissions."""
        found: dict[int, list[float]] = defaultdict(list)
        for now, start, projected in self.projected[period]:
            if now >= self.known_from and start in self.complete(period) and self.emitted[period][start] > 0.0:
                hour = datetime.fromtimestamp(now, self.zone).hour
                found[hour].append(projected / self.emitted[period][start])
        return found

    def judged(self) -> Iterator[tuple[Day, float]]:
        """Yield the complete days with a limit, once the profile is known, and the share of the limit used on each."""
        for start in sorted(self.complete(Period.DAY)):
            day = self.days[start]
            if start >= self.known_from and day.limit > 0.0:
                yield day, self.emitted[Period.DAY][start] / day.limit


def live(habit: Habit, weeks: int, seed: int) -> Life:
    """Run a machine for so many weeks."""
    first = FIRST_DAY.replace(tzinfo=habit.zone)
    settled = timedelta(weeks=habit.changes_after + 3) if habit.after else KNOWN_AFTER
    life = Life(zone=habit.zone, known_from=(first + settled).timestamp())
    booked: Booked = {}
    profile = WeekProfile()
    recent: deque[tuple[float, float]] = deque()
    before: float | None = None
    hour_before, held = 0, False
    limits = {Period.DAY: Grams(1.0), Period.MONTH: Grams(1.0)}
    since = UnixSeconds(first.timestamp())
    for now, grams in _loads(habit, weeks, random.Random(seed)):  # noqa: S311 - loads, not secrets
        off = before is None or now - before > STEP
        elapsed = None if before is None or (off and habit.restarts) else Seconds(now - before)
        profile = observe(profile, grams, now, elapsed, habit.zone)
        booked = book(booked, grams, now, habit.zone)
        found = status(limits, booked, profile, since=since, now=now, zone=habit.zone)
        for one in found:
            life.emitted[one.period][one.bounds.start] = one.used
        hour = int(now // 3600)
        if hour != hour_before:
            for one in found:
                life.projected[one.period].append((now, one.bounds.start, one.projected or 0.0))
        held = _watch(life, found[0], profile, recent, now, held and not off)
        before, hour_before = now, hour
    return life


def _loads(habit: Habit, weeks: int, chance: random.Random) -> Iterator[tuple[UnixSeconds, Grams]]:
    """Yield all five minutes in which the machine ran: their end, and the grams emitted in them."""
    first = FIRST_DAY.replace(tzinfo=habit.zone)
    now, end = first.timestamp(), (first + timedelta(weeks=weeks)).timestamp()
    date, factor, spell, shift = None, 1.0, 1.0, 0.0
    while now < end:
        local = datetime.fromtimestamp(now, habit.zone)
        if local.date() != date:
            date, factor = local.date(), chance.lognormvariate(0.0, habit.day_spread)
            shift = chance.uniform(-habit.start_jitter, habit.start_jitter)
        if local.minute % 30 == 0:
            spell = chance.lognormvariate(0.0, habit.spell_spread)
        changed = habit.after is not None and local.replace(tzinfo=None) >= FIRST_DAY + timedelta(
            weeks=habit.changes_after
        )
        rate = (habit.after if changed and habit.after else habit.rate)(
            local.weekday(), local.hour + local.minute / 60 + shift
        )
        now += STEP
        if rate is not None:
            varied = rate if rate == STANDBY else rate * factor * spell
            yield UnixSeconds(now), Grams(varied * STEP / 3600)


def _watch(
    life: Life, one: BudgetStatus, profile: WeekProfile, recent: deque[tuple[float, float]], now: float, held: bool
) -> bool:
    """Note when the alert fires, and return whether its condition holds, which it must twice, for the rule's `for`."""
    start, end = one.bounds.start, one.bounds.end
    if start not in life.days:
        life.days[start] = Day(limit=LIMIT * profile.between(start, end, life.zone) if profile.learned >= 1.0 else 0.0)
    day = life.days[start]
    recent.append((now, one.projected or 0.0))
    while recent[0][0] <= now - WINDOW:
        recent.popleft()
    late_enough = (now - start) / (end - start) > MIN_ELAPSED
    holds = late_enough and day.limit > 0.0 and min(projected for _, projected in recent) > day.limit
    if holds and held and day.fired_at is None:
        day.fired_at = now
    if late_enough:
        so_far, whole = profile.between(start, UnixSeconds(now), life.zone), profile.between(start, end, life.zone)
        _note_crossing(day, one.used > CROSSING * so_far, so_far >= MIN_ELAPSED * whole, now)
    return holds


def _note_crossing(day: Day, above: bool, well_begun: bool, now: float) -> None:
    if not above:
        day.above_since = None
        return
    day.above_since = now if day.above_since is None else day.above_since
    day.crossed_at = now if day.crossed_at is None else day.crossed_at
    if well_begun and day.crossed_by_profile_at is None:
        day.crossed_by_profile_at = now
    if day.lasting_since is None and now - day.above_since >= 3600.0:
        day.lasting_since = day.above_since


def _office(weekday: int, hour: float) -> float | None:
    """Return the rate of a laptop: at work from 9 to 17 h on weekdays, idle from 7 to 22 h, else asleep."""
    if weekday < 5 and 9 <= hour < 17:
        return 12.0
    return STANDBY if 7 <= hour < 22 else None


def _longer(weekday: int, hour: float) -> float | None:
    """Return the rate of the same laptop, at work from 9 to 21 h on all days."""
    return 12.0 if 9 <= hour < 21 else STANDBY if 7 <= hour < 22 else None


def _evening(weekday: int, hour: float) -> float | None:
    """Return the rate of the same laptop, at work from 17 to 22 h on weekdays."""
    return 12.0 if weekday < 5 and 17 <= hour < 22 else STANDBY if 7 <= hour < 22 else None


def _server(weekday: int, hour: float) -> float | None:
    return 10.0


def _weekend(weekday: int, hour: float) -> float | None:
    """Return the rate of a machine that is on from 10 to 22 h on Saturdays and Sundays."""
    return 20.0 if weekday >= 5 and 10 <= hour < 22 else None


BERLIN, NEW_YORK, LORD_HOWE = (ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"))

MACHINES = {
    "office laptop": Habit(zone=BERLIN, rate=_office),
    "server": Habit(zone=NEW_YORK, rate=_server, day_spread=0.1),
    "weekend machine": Habit(zone=LORD_HOWE, rate=_weekend, restarts=True),
    "habit that changes": Habit(zone=BERLIN, rate=_office, after=_longer, changes_after=8),
}

BEYOND = {
    "office laptop, start varies by 15 min": Habit(zone=BERLIN, rate=_office, start_jitter=0.25),
    "work moves to the evening": Habit(zone=BERLIN, rate=_office, after=_evening, changes_after=8),
}
"""Machines for the benchmark alone: nothing is promised of them."""
