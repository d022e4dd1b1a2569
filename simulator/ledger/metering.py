"""From joules of a simulation to the whole millijoules of a claim.

Each flow from a source to a use is rounded down by itself; what is cut off is carried to its next interval, exactly.
The energies of a claim are sums of flows. So nothing is ever below zero, each balance is exact without correction, and
in total a flow is claimed to less than a millijoule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

FLOWS = (
    ("generation", "load"),
    ("generation", "charge"),
    ("generation", "export"),
    ("generation", "curtailed"),
    ("discharge", "load"),
    ("grid_import", "load"),
    ("grid_import", "charge"),
)
"""The flows of a bus by source and use, by the fields of a claim; charge and discharge at the battery's terminals."""

MILLIJOULES_PER_JOULE = 1000
"""Definition of a millijoule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Energies:
    """Energies of a claim in millijoules, under the names of its fields."""

    generation: int
    load: int
    grid_import: int
    export: int
    charge: int
    discharge: int
    curtailed: int


@dataclass(frozen=True, slots=True)
class Carried:
    """Fractions of a millijoule by flow that are not claimed yet."""

    rest: tuple[Fraction, ...] = (Fraction(0),) * len(FLOWS)


def meter(joules: Sequence[float], carried: Carried) -> tuple[Energies, Carried]:
    """Return the energies of an interval with `joules` by flow, in the order of `FLOWS`, and what is carried on.

    A flow that rounding of the simulation left a hair below zero is carried on too. Raises ValueError or OverflowError
    where a flow is no finite number.
    """
    exact = [Fraction(one) * MILLIJOULES_PER_JOULE + rest for one, rest in zip(joules, carried.rest, strict=True)]
    whole = [max(0, floor(one)) for one in exact]
    rests = tuple(one - claimed for one, claimed in zip(exact, whole, strict=True))
    by_field = dict.fromkeys(Energies.__slots__, 0)
    for (source, use), energy in zip(FLOWS, whole, strict=True):
        by_field[source] += energy
        by_field[use] += energy
    return Energies(**by_field), Carried(rests)
