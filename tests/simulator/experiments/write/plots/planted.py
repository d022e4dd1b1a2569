"""Results with effects, sensitivity and a front that are written down by hand."""

from itertools import combinations

from msgspec.structs import replace

from simulator.experiments.find.effects import Effect, Factorial
from simulator.experiments.find.front import front_of
from simulator.experiments.find.results import Results
from simulator.experiments.find.sensitivity import Sensitivity, Variation
from simulator.experiments.find.statistics import Interval

LEVERS = ("place", "dvfs", "compression", "batteries", "shift", "sleep", "move")

SHARES = (-0.18, -0.02, -0.07, -0.11, 0.012, -0.31, 0.03)
"""Main effects on emissions, by lever; the last but one is large, and the fifth is not significant."""


def around(mean: float, half: float) -> Interval:
    """Return a symmetric interval."""
    return Interval(mean=mean, low=mean - half, high=mean + half)


def effect(factors: list[str], aliases: list[list[str]], measure: str, share: float) -> Effect:
    """Return an effect with an interval of two percent on either side, significant where that leaves out zero."""
    relative = None if measure == "deadline_miss_ratio" else around(share, 0.02)
    size = 0.01 if measure == "deadline_miss_ratio" else 600.0
    p_value = 0.001 if abs(share) > 0.02 else 0.4
    difference = around(share * size, 0.02 * size)
    return Effect(
        factors=factors,
        aliases=aliases,
        measure=measure,
        difference=difference,
        relative=relative,
        p_value=p_value,
        adjusted=p_value,
    )


def with_factorial(results: Results) -> Results:
    """Return the results with the effects of a fraction: seven levers, and seven sums of three interactions."""
    pairs = [list(pair) for pair in combinations(LEVERS, 2)]
    found = []
    for measure in ("emissions_grams", "energy_joules", "deadline_miss_ratio"):
        found += [effect([lever], [], measure, share) for lever, share in zip(LEVERS, SHARES, strict=True)]
        for index in range(7):
            found.append(effect(pairs[index], [pairs[index + 7], pairs[index + 14]], measure, 0.015 * (index - 3)))
    factorial = Factorial(design="2^(7-3)", factors=list(LEVERS), generators=[], relation=[], effects=found, higher=[])
    return replace(results, factorial=factorial)


def variation(parameter: str, factor: float, share: float | None) -> Variation:
    """Return a setting at which the difference is so great a share of the reference's grams."""
    return Variation(
        parameter=parameter,
        factor=factor,
        grams=around(500.0, 20.0),
        against_grams=around(600.0, 20.0),
        difference=None if share is None else around(share, 0.03),
        misses=around(0.001, 0.001),
        serves_less=False if factor != 4.0 else None,
    )


def with_sensitivity(results: Results) -> Results:
    """Return the results with a headline of -37%, whose sign changes at a load of four times the scenario's."""
    shares = {
        ("load", 0.5): -0.45,
        ("load", 2.0): -0.21,
        ("load", 4.0): 0.06,
        ("idle watts", 0.5): -0.2,
        ("idle watts", 2.0): -0.48,
        ("supply", 0.0): None,
        ("supply", 0.5): -0.3,
        ("supply", 2.0): -0.43,
        ("speeds", 0.5): -0.015,
        ("speeds", 2.0): -0.4,
        ("batteries", 0.5): -0.36,
        ("batteries", 2.0): -0.39,
    }
    variations = [variation(*setting, share) for setting, share in shares.items()]
    found = Sensitivity(
        method="rolling-horizon",
        against="least-loaded",
        unchanged=variation("", 1.0, -0.37),
        variations=variations,
        low=-0.48,
        high=0.06,
        changes_sign=["load x 4"],
        not_shown=["speeds x 0.5"],
    )
    return replace(results, sensitivity=found)


def with_front(results: Results) -> Results:
    """Return the results with the front of their own means."""
    names = ("emissions_grams", "deadline_miss_ratio", "cost_dollars")
    means = {one.method: [one.by_measure[name].mean for name in names] for one in results.estimates}
    return replace(results, front=front_of(means))
