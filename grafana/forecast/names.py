"""Names that several rows of the board share."""

from collections.abc import Mapping

from grafana.colours import FAINT, PLAIN, RENEWABLE, SUPPLIES
from grafana.panels import Series
from grafana.promql import select
from grafana.simulated import EVERY_SITE

NO_FORECAST = "no forecast yet: what they rest on is learnt first"
NO_WEEK = "nothing to compare yet: a forecast counts when its hour has passed"

CHOSEN = f'{EVERY_SITE},horizon="$horizon"'

HORIZONS: Mapping[str, str] = {"1h": PLAIN, "6h": "#9B5DE5", "24h": "#B5651D"}
"""Bands of horizons by their last hour, and their colours."""

OF_HORIZONS = "1h is the next hour, 6h the second to sixth, 24h the seventh to last."

WEEK = "over the last seven simulated days"

BY_SUPPLY = tuple(Series(name=rf"/\b{supply}\b/", colour=colour, pattern=True) for supply, colour in SUPPLIES.items())

OBSERVED = Series(name="observed", colour=RENEWABLE)
FORECAST = Series(name="forecast", colour=FAINT, dashed=True)


def of(family: str, **labels: str) -> str:
    """Select a family of the chosen sites."""
    return select(family, EVERY_SITE, **labels)
