"""The Pareto front of the methods: those that no other beats in grams, misses and cost together."""

from collections.abc import Mapping, Sequence
from operator import le, lt

import msgspec


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A method at its means: grams, share of tasks late or dropped, and dollars, all the better the less they are.

    It is on the front unless another method is as good or better in all three, and better in one. These are the plain
    means of the replications: where two of them differ by less than their interval, other seeds may put another method
    on the front. Two methods with equal means do not take each other off it.
    """

    method: str
    grams: float
    misses: float
    dollars: float
    on_front: bool


def front_of(means: Mapping[str, Sequence[float]]) -> list[Point]:
    """Return a point for each method, of its means of grams, misses and dollars, in the same order."""
    return [
        Point(
            method=method,
            grams=own[0],
            misses=own[1],
            dollars=own[2],
            on_front=not any(_beats(other, own) for other in means.values()),
        )
        for method, own in means.items()
    ]


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    """Return whether one is nowhere worse than the other, and better somewhere."""
    return all(map(le, one, other)) and any(map(lt, one, other))
