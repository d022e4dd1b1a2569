"""The value of each lever: main effects and interactions of a two-level factorial design, with paired intervals."""

from collections.abc import Sequence

import msgspec

from simulator.experiments.find.statistics import Interval


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """The change of a measure by a lever or by an interaction of levers: the mean with it on less that with it off.

    Of one lever in `factors` it is the main effect. Of two it is their interaction: half of the change by the one
    with the other on, less half of that with the other off. `aliases` are the interactions of as many levers that the
    runs cannot tell from it: `difference` is then the sum of them all. `relative` is the difference over the mean of
    all runs; None where that mean may be zero. `p_value` is that of the paired t test over the seeds, `adjusted` is
    Holm's, over the effects of this measure and of all others in the experiment.
    """

    factors: list[str]
    aliases: list[list[str]]
    measure: str
    difference: Interval
    relative: Interval | None
    p_value: float
    adjusted: float

    @property
    def name(self) -> str:
        """Return the levers, joined by a cross, and with a plus the interactions that are part of the sum."""
        return " + ".join(map(crossed, (self.factors, *self.aliases)))


def crossed(levers: Sequence[str]) -> str:
    """Return the name of an interaction."""
    return " \u00d7 ".join(levers)


class Factorial(msgspec.Struct, frozen=True, kw_only=True):
    """The effects of all levers. `design` is 2^(7-3) or 2^7.

    Each of the `generators` is a lever and the levers of whose interaction it takes the place; `relation` are all
    interactions that are constant over the runs, the defining relation; both are empty in the full design. `effects`
    are the main effects, and then the interactions of two levers, by measure. `higher` are those sums of interactions
    of three levers that are in no other effect: of them nothing is expected, and they show whether that is right.
    """

    design: str
    factors: list[str]
    generators: list[list[str]]
    relation: list[list[str]]
    effects: list[Effect]
    higher: list[Effect]
