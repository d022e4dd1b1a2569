"""Configurations of markets for tests."""

from typing import Any

import msgspec

from simulator.market.section import MarketSection

GOOD: dict[str, Any] = {
    "name": "carbon exchange",
    "currency": "EUR",
    "method": "settlement",
    "url": "http://127.0.0.1:9/price",
    "price_at": "/price",
    "time_at": "/time",
}


def market(**changes: Any) -> MarketSection:
    """Return a configuration with some keys changed; None leaves one out."""
    keys = {key: value for key, value in (GOOD | changes).items() if value is not None}
    return msgspec.convert(keys, MarketSection)


def market_of_file(name: str, **changes: Any) -> MarketSection:
    """Return the configuration of a file."""
    return market(url=None, file=name, **({"price_at": None} if name.endswith(".csv") else {}), time_at=None, **changes)
