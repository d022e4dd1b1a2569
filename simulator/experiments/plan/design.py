"""Two-level designs: which levers are on in which runs, and which of their interactions the runs cannot tell apart.

Montgomery, Design and Analysis of Experiments (2017), chapter 8; NIST/SEMATECH e-Handbook of Statistical Methods,
section 5.3.3.4.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

Word = frozenset[str]
"""Some levers: those that are on in a run, or those that interact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Runs in which levers are on or off; `factors` are the levers.

    Each of the `generators` is on where the product of the signs of its levers is +1, with -1 for one that is off. The
    other levers have every combination. Without generators the design is full.
    """

    factors: tuple[str, ...]
    generators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the name by which the field knows the design, such as 2^(7-3)."""
        count = len(self.factors)
        return f"2^({count}-{len(self.generators)})" if self.generators else f"2^{count}"

    def runs(self) -> Iterator[Word]:
        """Yield the levers that are on in each run. The first lever changes fastest, from off to on."""
        basic = [one for one in self.factors if one not in self.generators]
        for signs in product((False, True), repeat=len(basic)):
            on = {one for one, sign in zip(basic, reversed(signs), strict=True) if sign}
            on |= {one for one, levers in self.generators.items() if sign_of(frozenset(levers), frozenset(on)) > 0}
            yield frozenset(on)

    def relation(self) -> list[Word]:
        """Return the defining relation: all words that have the sign +1 in every run, the shortest first."""
        words = {frozenset[str]()}
        for one, levers in self.generators.items():
            words |= {word ^ {one, *levers} for word in words}
        return sorted((word for word in words if word), key=self._place)

    def aliases(self, word: Word) -> list[Word]:
        """Return the other words that have the sign of this one in every run, the shortest first."""
        return sorted((word ^ other for other in self.relation()), key=self._place)

    def groups(self, size: int) -> list[list[Word]]:
        """Return the words of so many levers, those together that the runs cannot tell apart.

        Words that cannot be told from a shorter one are left out.
        """
        found: list[list[Word]] = []
        known = set[Word]()
        for word in map(frozenset, combinations(self.factors, size)):
            group = [word, *self.aliases(word)]
            if word not in known and min(map(len, group)) == size:
                found.append([one for one in group if len(one) == size])
                known.update(group)
        return found

    def ordered(self, word: Word) -> list[str]:
        """Return the levers of a word in the order of the design."""
        return [one for one in self.factors if one in word]

    def label(self, on: Word) -> str:
        """Return the name of the run in which these levers are on."""
        if not on:
            return NONE
        return ALL if on == frozenset(self.factors) else "+".join(self.ordered(on))

    def _place(self, word: Word) -> tuple[int, Sequence[int]]:
        return len(word), [self.factors.index(one) for one in self.ordered(word)]


NONE = "none"
"""Name of the run in which every lever is off."""

ALL = "all"
"""Name of the run in which every lever is on."""


def sign_of(word: Word, on: Word) -> int:
    """Return the sign of a word in a run: the product over its levers of +1 where they are on, and -1 where off."""
    return -1 if len(word - on) % 2 else 1


LEVERS = ("place", "dvfs", "compression", "batteries", "shift", "sleep", "move")
"""The parts of the system whose value the factorial experiment tells."""

FULL_FACTORIAL = Design(factors=LEVERS)
"""Every combination of the levers: 128 runs."""

FRACTION = Design(
    factors=LEVERS,
    generators={
        "shift": ("place", "dvfs", "compression"),
        "sleep": ("dvfs", "compression", "batteries"),
        "move": ("place", "compression", "batteries"),
    },
)
"""A 2^(7-3) fraction of resolution IV, 16 runs: E = ABC, F = BCD and G = ACD of Montgomery, table 8.14, in the order of
the levers. No main effect is mixed with an interaction of two levers, and these come in sums of three."""
