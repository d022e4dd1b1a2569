"""Dispatch by merit order: the cheapest offers run, and the dearest that runs sets the price."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Power stations of a kind: `available` gigawatts (H,) that run in full from the price `dear` on, and not at all
    below `cheap`, both in EUR/MWh; between the two, station after station joins."""

    available: FloatArray
    cheap: float
    dear: float

    def output(self, price: FloatArray | float) -> FloatArray:
        """Return what runs at a price, in gigawatts (H,)."""
        return np.asarray(self.available * np.clip((price - self.cheap) / (self.dear - self.cheap), 0.0, 1.0))


def clear(demand: FloatArray, offers: Sequence[Offer]) -> tuple[FloatArray, FloatArray]:
    """Return the price (H,) in EUR/MWh and the output (H, offers) in gigawatts that meet the demand (H,).

    Demand beyond all offers is not met, and has the price at which the dearest offer runs in full; without any demand
    nothing runs, at the price of the cheapest.
    """
    # Supply is a straight line between any two neighbours among these prices, each offer beginning or ending at one.
    prices = np.array(sorted({price for offer in offers for price in (offer.cheap, offer.dear)}))
    supply = np.array([total([offer.output(price) for offer in offers]) for price in prices.tolist()])
    above = np.clip((supply < demand).sum(axis=0), 1, len(prices) - 1)
    hours = np.arange(len(demand))
    least, most = supply[above - 1, hours], supply[above, hours]
    missing = np.clip(demand, least, most) - least
    share = np.divide(missing, most - least, out=np.zeros_like(missing), where=most > least)
    price = prices[above - 1] + share * (prices[above] - prices[above - 1])
    return price, np.stack([offer.output(price) for offer in offers], axis=1)


def total(parts: Sequence[FloatArray]) -> FloatArray:
    """Return the sum of arrays, added in their order: an hour's sum does not depend on how many hours there are."""
    first, *others = parts
    result = first.copy()
    for part in others:
        result += part
    return result
