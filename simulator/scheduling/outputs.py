"""Arrays for the placements of a step."""

import numpy as np

from simulator.scheduling.interface import Placements
from simulator.scheduling.weights import TERMS


def empty_placements(count: int) -> Placements:
    """Return arrays for `count` tasks, for a kernel to fill; the sums of terms are zero."""
    return Placements(
        node=np.empty(count, np.int32),
        level=np.empty(count, np.int32),
        start=np.empty(count),
        finish=np.empty(count),
        terms=np.zeros(len(TERMS)),
    )
