"""The market as it stands on a snapshot: its labels, the price that is in force, and what became of questions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from exporter.core.units import UnixSeconds
from simulator.run.job import GRAMS_PER_TONNE


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price per tonne of CO2e, and the time that it is of."""

    per_tonne: float
    at: UnixSeconds

    @property
    def per_gram(self) -> float:
        """The price of a gram."""
        return self.per_tonne / GRAMS_PER_TONNE


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketState:
    """A market; `quote` is None where there is no price, or none that is young enough.

    `source` is file or http. `is_up` says whether the last question was answered, None before the first; `trouble` is
    why it was not. `discarded` counts answers that were not taken, by reason, from 0 on.
    """

    name: str
    currency: str
    method: str
    source: str
    quote: Quote | None
    is_up: bool | None
    trouble: str
    discarded: Mapping[str, int]

    def without_quote(self) -> "MarketState":
        """Return the market as it is shown where nobody has looked at it for a while."""
        return replace(self, quote=None)
