"""Random streams: one seed, and an independent generator for each component that draws.

Every method of an experiment sees the same weather, workload and noise, because none of them draws from another's
stream (common random numbers).
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """The components that draw. The numbers are part of the results: changing one changes every result."""

    WEATHER = 0
    WORKLOAD = 1
    NOISE = 2
    GRID = 3
    ORIGIN = 4
    WAKE = 5
    HISTORY = 6


def generator(seed: int, stream: Stream, *key: int) -> np.random.Generator:
    """Return the generator of a stream; each `key` (a day or an hour, say) gives an independent part."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=(int(stream), *key))))
