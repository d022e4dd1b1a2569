"""The market price of a credit today. Prices are of real time and the credits simulated: their worth illustrates."""

from collections.abc import Callable, Iterable, Iterator

from exporter.core.metrics import Row, Sample
from simulator.live.exposition.families import counter, gauge, info
from simulator.live.snapshot import Snapshot
from simulator.market.state import MarketState, Quote


def _of(read: Callable[[MarketState], Iterable[Sample]]) -> Callable[[Snapshot], Iterable[Sample]]:
    """Read a family of the market; a run without one has none."""
    return lambda snapshot: () if snapshot.market is None else read(snapshot.market)


def _quoted(read: Callable[[Quote], float]) -> Callable[[Snapshot], Iterable[Sample]]:
    """Read a family by currency; without a price that is young enough there is none."""
    return _of(lambda market: () if market.quote is None else [((market.currency,), read(market.quote))])


def _worth(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.market is not None:
        yield (snapshot.market.currency,), snapshot.held_worth


MARKET: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecochain_credit_market_price_per_gram",
        labels=("currency",),
        help="Market price of a gram of CO2e in carbon credits, as last told and no older than the configuration "
        "allows; missing where there is none, and never 0. Of real time, and no part of ledger or run.",
        read=_quoted(lambda quote: quote.per_gram),
    ),
    gauge(
        name="ecochain_credit_market_timestamp_seconds",
        unit="seconds",
        labels=("currency",),
        help="Time of which the market price is, by its source.",
        read=_quoted(lambda quote: quote.at),
    ),
    gauge(
        name="ecochain_credit_market_worth",
        labels=("currency",),
        help="Worth of the credits held by the ledger at the market price of today. Credits of a simulated cluster at "
        "a price of real time: an illustration that nobody pays.",
        read=_worth,
    ),
    info(
        name="ecochain_credit_market_info",
        labels=("market", "currency", "method", "source"),
        help="Market of the price, its currency, the method by which the price came about, and file or http.",
        read=_of(lambda market: [((market.name, market.currency, market.method, market.source), 1.0)]),
    ),
    gauge(
        name="ecochain_credit_market_up",
        help="State of the market's source: 1 if the last question was answered with a price, 0 if not.",
        read=_of(lambda market: [((), None if market.is_up is None else float(market.is_up))]),
    ),
    counter(
        name="ecochain_credit_market_discarded_answers_total",
        labels=("reason",),
        help="Answers of the market that were not taken, by reason. The last good price stays until the configuration "
        "calls that price too old.",
        read=_of(lambda market: [((reason,), float(count)) for reason, count in market.discarded.items()]),
    ),
)
