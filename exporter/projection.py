"""The projection of a budget period: the grams used, and the device's usual week for the hours that are left.

    projected = used + ratio x (profile's grams for the hours that are left)
    ratio = (used + k) / (profile's grams for the hours so far + k), between 1/2 and 2

The ratio compares this period with a usual one. Early on, `k` draws it towards 1: it is the part of the period for
which the profile alone is trusted, an average hour of the day, an average day of the week or an average week of the
month, in the profile of the period itself. That is the Bayesian mean of a ratio whose prior is 1, if one such part
differs from the next about as much as one whole period from the next. The bounds keep activity in hours that are
usually almost free of it from multiplying the hours that are left.

Until every hour of the week has been seen, the mean so far is extrapolated instead.
"""

from collections.abc import Mapping
from datetime import tzinfo

from exporter.budget import Booked, Bounds, BudgetStatus, Period, bounds_at
from exporter.core.units import Grams, UnixSeconds
from exporter.week import WeekProfile

TRUSTED_SHARE: Mapping[Period, float] = {Period.DAY: 1 / 24, Period.WEEK: 1 / 7, Period.MONTH: 1 / 4}
"""`k` as a share of the whole period in the profile."""

MAX_RATIO = 2.0
"""The hours that are left are at most doubled, and at most halved."""


def status(
    limits: Mapping[Period, Grams],
    booked: Booked,
    profile: WeekProfile,
    *,
    since: UnixSeconds,
    now: UnixSeconds,
    zone: tzinfo,
) -> tuple[BudgetStatus, ...]:
    """Return the status at `now` of each budget that has a limit; `since` is when counting began."""
    learned = profile.learned

    def of(period: Period, limit: Grams) -> BudgetStatus:
        bounds = bounds_at(period, now, zone)
        used = Grams(booked.get(period, {}).get(bounds.start, 0.0))
        if learned < 1.0:
            projected = _at_the_mean_so_far(bounds, used, profile, since=since, now=now)
        else:
            projected = _by_the_profile(bounds, used, profile, TRUSTED_SHARE[period], now=now, zone=zone)
        return BudgetStatus(period=period, bounds=bounds, limit=limit, used=used, projected=projected, learned=learned)

    return tuple(of(period, limit) for period, limit in limits.items())


def _by_the_profile(
    bounds: Bounds, used: Grams, profile: WeekProfile, trusted_share: float, *, now: UnixSeconds, zone: tzinfo
) -> Grams:
    whole, so_far = profile.between(bounds.start, bounds.end, zone), profile.between(bounds.start, now, zone)
    return Grams(used + _ratio(used, so_far, trusted_share * whole) * max(0.0, whole - so_far))


def _ratio(used: float, so_far: float, trusted: float) -> float:
    """Return the ratio of the period so far to the profile; 1 where the profile has nothing to compare with."""
    if so_far + trusted <= 0.0:
        return 1.0
    return min(max((used + trusted) / (so_far + trusted), 1.0 / MAX_RATIO), MAX_RATIO)


def _at_the_mean_so_far(
    bounds: Bounds, used: Grams, profile: WeekProfile, *, since: UnixSeconds, now: UnixSeconds
) -> Grams | None:
    """Project at the mean so far; None in the very first moment, when there is no time to divide by.

    The time that was counted is known twice. Where the clock was set back, `since` is later than the truth; where the
    state is of a version without a profile, the profile has counted less.
    """
    so_far = now - bounds.start
    counted = max(now - max(bounds.start, since), min(so_far, profile.counted))
    if counted <= 0.0:
        return None
    return Grams(used * (1.0 + max(0.0, bounds.end - now) / counted))
