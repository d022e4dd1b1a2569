"""The worth of credits as a snapshot has it."""

from simulator.live.ledger.worth import MarketView, WorthView
from simulator.live.snapshot import Snapshot


def worth_of(snapshot: Snapshot) -> WorthView | None:
    """Return what people are shown; None where no price is configured."""
    dated = snapshot.dated_price
    if dated is None and snapshot.market is None:
        return None
    return WorthView(
        revenue_dollars=snapshot.revenue_dollars,
        dated_dollars_per_tonne=None if dated is None else dated.dollars_per_tonne,
        dated_since=None if dated is None else dated.since.isoformat(),
        dated_age_days=None if dated is None else dated.age_days,
        market=_market(snapshot),
    )


def _market(snapshot: Snapshot) -> MarketView | None:
    market = snapshot.market
    if market is None:
        return None
    quote, now = market.quote, snapshot.published_at
    return MarketView(
        name=market.name,
        currency=market.currency,
        method=market.method,
        source=market.source,
        price_per_tonne=None if quote is None else quote.per_tonne,
        priced_at=None if quote is None else quote.at,
        age_seconds=None if quote is None or now is None else max(0.0, now - quote.at),
        held_worth=snapshot.held_worth,
        trouble=market.trouble,
    )
