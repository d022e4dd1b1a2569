"""Numbers by hour, in places that are all there from the start: filling them takes no more memory."""

from array import array

NEVER = -(2**62)
"""Number of an hour that does not come: it marks a place that is free."""


class ByHour:
    """A number for each of the last N hours, as far as there are any; each has the place of the hour N before it."""

    def __init__(self, hours: int) -> None:
        """Make room for so many hours in a row."""
        self._hours = array("q", [NEVER]) * hours
        self._values = array("d", [0.0]) * hours

    def __len__(self) -> int:
        return len(self._hours) - self._hours.count(NEVER)

    def __contains__(self, hour: int) -> bool:
        return self._hours[hour % len(self._hours)] == hour

    def get(self, hour: int) -> float | None:
        """Return the number of an hour; None where there is none."""
        return self._values[hour % len(self._values)] if hour in self else None

    def put(self, hour: int, value: float) -> None:
        """Keep the number of an hour."""
        place = hour % len(self._hours)
        self._hours[place], self._values[place] = hour, value

    def pop(self, hour: int) -> float | None:
        """Return the number of an hour, if there is one, and forget it."""
        value = self.get(hour)
        if value is not None:
            self._hours[hour % len(self._hours)] = NEVER
        return value

    def keep(self, first: int, last: int) -> None:
        """Forget what is of no hour from `first` to `last`."""
        for place, hour in enumerate(self._hours):
            if not first <= hour <= last:
                self._hours[place] = NEVER
