"""The worth of credits for people: by the prices of simulated days, and at the market of today."""

from html import escape

import msgspec

from exporter.core.html import age, data, moment, money

ILLUSTRATION = " A price of today for simulated credits illustrates: nobody pays it."


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """The market today; the price, its time, its age and the worth are null where there is no price young enough."""

    name: str
    currency: str
    method: str
    source: str
    price_per_tonne: float | None
    priced_at: float | None
    age_seconds: float | None
    held_worth: float | None
    trouble: str


class WorthView(msgspec.Struct, frozen=True, kw_only=True):
    """Worth of credits: of those issued, by date, in dollars with the price in force; of those held, at the market."""

    revenue_dollars: float | None
    dated_dollars_per_tonne: float | None
    dated_since: str | None
    dated_age_days: int | None
    market: MarketView | None


def worth_rows(worth: WorthView | None) -> tuple[tuple[str, str], ...]:
    """Return name and text of the rows of a table; none where no price is configured."""
    if worth is None:
        return ()
    rows = []
    if worth.revenue_dollars is not None and worth.dated_dollars_per_tonne is not None:
        revenue = data(worth.revenue_dollars, "credit-revenue", money(worth.revenue_dollars, "USD"))
        price = data(worth.dated_dollars_per_tonne, "credit-dated", money(worth.dated_dollars_per_tonne, "USD"))
        rows.append(
            (
                "Issued, by date",
                f"{revenue} at simulated days' prices; {price} per tonne, of {worth.dated_since}, "
                f"{worth.dated_age_days:,} days ago",
            )
        )
    if worth.market is not None:
        rows += _market(worth.market)
    return tuple(rows)


def _market(market: MarketView) -> list[tuple[str, str]]:
    """Return a row for each thing that is known: a long one would be cut off."""
    label, rows = f"{escape(market.name)}, {market.method}", []
    if market.price_per_tonne is None or market.priced_at is None or market.age_seconds is None:
        rows.append(("Market today", f"no price young enough from {label}"))
    else:
        price = data(market.price_per_tonne, "credit-price", money(market.price_per_tonne, market.currency))
        rows.append(("Market today", f"{price} per tonne ({label})"))
        rows.append(("Price of", f"{moment(market.priced_at)}, {age(market.age_seconds)} old"))
    if market.held_worth is not None:
        worth = data(market.held_worth, "credit-worth", money(market.held_worth, market.currency))
        rows.append(("Worth of those held", worth))
    if market.trouble:
        rows.append(("Last question", escape(market.trouble)))
    return rows
