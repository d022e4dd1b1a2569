"""Counters that wrap or fall."""

WRAP = 2**32
"""Value at which the counters of 32-bit drivers start again."""


WRAP_MARGIN = WRAP // 8
"""A fall from this close below `WRAP` to this close above zero is a wrap; any other fall is a reset."""


def counted(old: int, new: int) -> int:
    """Return how far a counter has advanced; negative after a fall for another reason than passing 2^32."""
    wrapped = new <= WRAP_MARGIN and WRAP - WRAP_MARGIN <= old < WRAP
    return new - old + (WRAP if wrapped else 0)
