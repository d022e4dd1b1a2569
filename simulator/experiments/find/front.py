"""The Pareto front of the methods: those that no other beats in grams, misses and cost together."""

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
