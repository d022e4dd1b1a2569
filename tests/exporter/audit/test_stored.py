"""An audit fetches from Prometheus all that the rules of its time were evaluated on."""

import re
from collections.abc import Iterator

import pytest

from exporter.audit.promql import View
from exporter.audit.rules import POWER, RATE, RULES
from exporter.audit.stored import Target, fetch
from exporter.core.prometheus import Prometheus, Series
from exporter.core.units import JOULES_PER_KWH, SECONDS_PER_DAY, SECONDS_PER_HOUR
from prometheus.budget import seconds
from prometheus.recording import groups

BEGAN, ENDED = 1_800_000_000.0, 1_800_000_600.0
GRAMS_PER_KWH = 475.0
WEIGHTED = "instance:ecotrack_grid_carbon_intensity_grams_per_kwh:energy_weighted1h"


class Kept(Prometheus):
    """Store of recorded series whose device drew 60 W until half an hour before the end, and draws 20 W since."""

    def __init__(self) -> None:
        self.families = {POWER: (1.0, {"scope": "host"}), f"{RATE}5m": (GRAMS_PER_KWH / JOULES_PER_KWH, {})}

    def samples(self, chosen: str, *, seconds: float, until: float) -> Iterator[Series]:
        """Yield a sample each two minutes of the series whose name is chosen."""
        matchers = re.findall(r'__name__(=~|!~|!=|=)"([^"]*)"', chosen)
        for name, (factor, labels) in self.families.items():
            if all((re.fullmatch(text, name) is None) is how.startswith("!") for how, text in matchers):
                first = until - min(seconds, 4 * SECONDS_PER_DAY) // 120.0 * 120.0
                times = [first + 120.0 * one for one in range(int((until - first) // 120.0) + 1)]
                watts = [60.0 if at < ENDED - SECONDS_PER_HOUR / 2 else 20.0 for at in times]
                points = tuple((at, factor * one) for at, one in zip(times, watts, strict=True))
                yield Series(labels={"__name__": name, **labels}, points=points)


def test_the_intensity_of_an_hour_is_computed_on_an_hour_of_power_and_of_grams() -> None:
    stored = fetch(Kept(), Target(labels={}), began=BEGAN, ended=ENDED)
    for at in (stored.since, ENDED):
        found = RULES[WEIGHTED](View(stored=stored, at=at))
        assert found == {(): pytest.approx(GRAMS_PER_KWH)}


def test_each_rule_is_evaluated_in_the_time_before_an_audit() -> None:
    stored = fetch(Kept(), Target(labels={}), began=BEGAN, ended=ENDED)
    assert max(seconds(group.interval) for group in groups()) <= BEGAN - stored.since
