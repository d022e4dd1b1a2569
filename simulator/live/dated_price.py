"""The price of credits by date that is in force on a simulated day."""

from dataclasses import dataclass
from datetime import date

from simulator.assembly.credit_prices import CreditPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedPrice:
    """A price in dollars per tonne as it is in force on a day: its own day, and how many days that is ago."""

    since: date
    age_days: int
    dollars_per_tonne: float


def dated_price(prices: CreditPrices, day: date) -> DatedPrice:
    """Return the price in force on a day. Raises ConfigError where the file begins later."""
    dollars = prices.on(day)
    since = max(one for one in prices.days if one <= day)
    return DatedPrice(since=since, age_days=(day - since).days, dollars_per_tonne=dollars)
