"""Energy of sensors that only tell watts."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.core.clock import Clock
from exporter.core.units import Joules, MonotonicSeconds, Watts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    watts: Watts
    at: MonotonicSeconds
    energy: Joules


class Integrals:
    """Integrates power over the awake time between readings, by the mean of both.

    A sensor starts at zero whenever it was not in the reading before. After a reading that failed as a whole the
    integral spans the gap, which nobody books: a sensor measures only between two good readings in a row (ADR 11).
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, _Point] = {}

    def advance(self, watts: Mapping[str, Watts]) -> Mapping[str, Joules]:
        """Return the energy of each sensor up to now, of which `watts` is the present power."""
        now = self._clock.awake()
        self._last = {name: _next(self._last.get(name), power, now) for name, power in watts.items()}
        return {name: point.energy for name, point in self._last.items()}


def _next(before: _Point | None, watts: Watts, now: MonotonicSeconds) -> _Point:
    gained = 0.0 if before is None else (before.watts + watts) / 2.0 * (now - before.at)
    return _Point(watts=watts, at=now, energy=Joules(gained + (0.0 if before is None else before.energy)))
