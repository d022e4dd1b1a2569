"""Two figures that should be the same, and the result of a check of such figures."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

TOLERANCE = 0.005
"""Share by which two figures may differ that should be the same. Chosen: half of the error of 1% that is to be
found."""


EXACT = 1e-5
"""Share by which two sums of the same amounts may differ. Chosen: far above what adding up in another order does to the
change of a total of a gigawatt hour, far below an error of 1% in a part of a hundredth."""


class NotCheckedError(Exception):
    """The evidence does not allow the check; the message says why."""


class Outcome(StrEnum):
    """Outcome of a check."""

    FAILS = "fails"
    HOLDS = "holds"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two figures that should be the same, `told` by one step and `found` from another.

    They may lie `slack` apart without an error, since they are of moments that are not quite the same.
    """

    what: str
    told: float
    found: float
    slack: float = 0.0

    @property
    def scale(self) -> float:
        """The greater of both amounts."""
        return max(abs(self.told), abs(self.found))

    @property
    def difference(self) -> float:
        """The difference as a share of the greater amount, negative where less was told than found."""
        return (self.told - self.found) / self.scale if self.scale else 0.0

    @property
    def bound(self) -> float:
        """The slack as a share of the greater amount."""
        return self.slack / self.scale if self.scale else 0.0


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a check, with the comparison that is furthest apart; `reason` says why there is none."""

    check: str
    about: str
    outcome: Outcome
    unit: str = ""
    what: str = ""
    told: float | None = None
    found: float | None = None
    difference_ratio: float | None = None
    compared: int = 0
    reason: str = ""
