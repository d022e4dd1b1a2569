"""One heap for all threads of the live job, where the C library is that of GNU."""

import ctypes

ARENA_MAX = -8
"""Option of mallopt(3) for the most heaps: M_ARENA_MAX of glibc's malloc.h, since 2.10."""


def keep_one_heap() -> None:
    """Have every thread allocate where all others do; before there are any. Other C libraries are left alone.

    The C library would give each thread a heap of its own, which keeps what the greatest answer of a child has taken
    up, whatever is free in the others. Only one thread of Python runs at a time, so none waits for another's heap.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(ARENA_MAX, 1)
