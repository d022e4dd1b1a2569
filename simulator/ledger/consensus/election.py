"""Election of proposers by stake, and the slots from which validators vote. Exact integers: every validator finds the
same, and nobody is favoured by rounding."""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

_DRAWS = 1 << 256
"""Number of values that a SHA-256 digest may have."""


def compute_draw(seed: bytes, number: int, total: int) -> int:
    """Return a whole number from 0 to total - 1, each with the same chance.

    The remainder of a 256-bit hash would favour small numbers by up to total / 2^256. Hashes above the last whole
    multiple of `total` are therefore hashed again, and nothing is favoured. Raises ValueError where nothing is to draw.
    """
    if total <= 0:
        raise ValueError("nothing to draw from")
    beyond = _DRAWS - _DRAWS % total
    digest = hashlib.sha256(seed + number.to_bytes(8)).digest()
    while (drawn := int.from_bytes(digest)) >= beyond:
        digest = hashlib.sha256(digest).digest()
    return drawn % total


class Lottery:
    """A draw of validators by stake: each has as many tickets as units of stake."""

    def __init__(self, stakes: Sequence[int]) -> None:
        """Count the tickets. Raises ValueError for a negative stake, or where there is none at all."""
        if any(stake < 0 for stake in stakes):
            raise ValueError("a stake is negative")
        self._ends = list(accumulate(stakes))
        self._total = self._ends[-1] if self._ends else 0
        if not self._total:
            raise ValueError("no stake")

    def get_proposer(self, seed: bytes, slot: int) -> int:
        """Return the index of the validator who may propose the block of a slot."""
        return bisect_right(self._ends, compute_draw(seed, slot, self._total))


_get_lottery = lru_cache(maxsize=64)(Lottery)


def get_proposer(seed: bytes, slot: int, stakes: tuple[int, ...]) -> int:
    """Return the index of the validator who may propose the block of a slot. Raises ValueError without any stake."""
    return _get_lottery(stakes).get_proposer(seed, slot)


@lru_cache(maxsize=64)
def compute_turns(seed: bytes, validators: int, slots: int) -> tuple[int, ...]:
    """Return after how many slots of an epoch each validator votes: shuffled, and as many at each slot as possible.

    The shuffle is that of Fisher and Yates, with a draw of its own for each place.
    """
    places = list(range(validators))
    shuffling = hashlib.sha256(b"turns" + seed).digest()
    for last in range(validators - 1, 0, -1):
        other = compute_draw(shuffling, last, last + 1)
        places[last], places[other] = places[other], places[last]
    return tuple(place * slots // validators for place in places)
