"""From joules of a simulation to the whole millijoules of a claim.

Each flow from a source to a use is rounded down by itself; what is cut off is carried to its next interval.
The energies of a claim are sums of flows. So nothing is ever below zero, each balance is exact without correction, and
in total a flow is claimed to less than a millijoule. What is carried are integers too: parts of a millijoule by 2^64.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ldexp

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

PART_BITS = 64
"""Bits of the parts of a millijoule that are carried; what is finer than 5e-20 J is cut off in each interval."""

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
    """Parts of a millijoule by flow that are not claimed yet, each 2^-64 of one."""

    parts: tuple[int, ...] = (0,) * len(FLOWS)


def meter(joules: Sequence[float], carried: Carried) -> tuple[Energies, Carried]:
    """Return the energies of an interval with `joules` by flow, in the order of `FLOWS`, and what is carried on.

    A flow that rounding of the simulation left a hair below zero is carried on too. Raises ValueError or OverflowError
    where a flow is no finite number.
    """
    parts = [
        int(ldexp(one, PART_BITS)) * MILLIJOULES_PER_JOULE + rest
        for one, rest in zip(joules, carried.parts, strict=True)
    ]
    whole = [max(0, one >> PART_BITS) for one in parts]
    rests = tuple(one - (claimed << PART_BITS) for one, claimed in zip(parts, whole, strict=True))
    own_load, own_charge, export, curtailed, discharge, grid_load, grid_charge = whole
    energies = Energies(
        generation=own_load + own_charge + export + curtailed,
        load=own_load + discharge + grid_load,
        grid_import=grid_load + grid_charge,
        export=export,
        charge=own_charge + grid_charge,
        discharge=discharge,
        curtailed=curtailed,
    )
    return energies, Carried(rests)
