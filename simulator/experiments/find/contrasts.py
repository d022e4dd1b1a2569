"""The estimation of effects from the runs of a two-level design, one paired contrast for each seed."""

import statistics
from collections.abc import Iterator, Sequence

import msgspec

from simulator.experiments.find.analysis import Row
from simulator.experiments.find.effects import Effect, Factorial
from simulator.experiments.find.statistics import holm, paired_difference, paired_p_value, ratio_of_means
from simulator.experiments.plan.design import Design, Word, sign_of

EFFECT_MEASURES = ("emissions_grams", "energy_joules", "deadline_miss_ratio", "cost_dollars")
"""Measures whose effects are told, in this order: those of the Pareto front, and energy."""


def factorial_of(rows: Sequence[Row], design: Design) -> Factorial:
    """Return the effects of all levers of a design, each run of which is a row under its name.

    For each seed an effect is the mean of the half of the runs in which the product of its levers' signs is +1, less
    the mean of the other half. Runs of one seed share weather, tasks and noise, which so fall out of it; the seeds give
    its interval and a paired t test. Holm's adjustment is over main effects and interactions of two levers in all
    measures together; those of three have one of their own. Raises KeyError where a run of the design is missing.
    """
    known = {row.label: row for row in rows}
    runs = [(on, known[design.label(on)]) for on in design.runs()]
    two = [*design.groups(1), *design.groups(2)]
    return Factorial(
        design=design.name,
        factors=list(design.factors),
        generators=[[one, *levers] for one, levers in design.generators.items()],
        relation=[design.ordered(word) for word in design.relation()],
        effects=_adjusted(_effects(runs, design, two)),
        higher=_adjusted(_effects(runs, design, design.groups(3))),
    )


def _adjusted(effects: Iterator[Effect]) -> list[Effect]:
    found = list(effects)
    values = holm([one.p_value for one in found])
    return [msgspec.structs.replace(one, adjusted=value) for one, value in zip(found, values, strict=True)]


def _effects(runs: Sequence[tuple[Word, Row]], design: Design, groups: Sequence[Sequence[Word]]) -> Iterator[Effect]:
    for measure in EFFECT_MEASURES:
        measured = [(on, values) for on, row in runs if (values := row.values(measure)) is not None]
        if len(measured) < len(runs):
            continue
        for group in groups:
            yield _effect(measured, measure, [design.ordered(word) for word in group])


def _effect(runs: Sequence[tuple[Word, Sequence[float]]], measure: str, words: Sequence[list[str]]) -> Effect:
    word = frozenset(words[0])
    on, off = (_half(runs, word, sign) for sign in (1, -1))
    difference, p_value = paired_difference(on, off), paired_p_value(on, off)
    whole = [(one + other) / 2.0 for one, other in zip(on, off, strict=True)]
    return Effect(
        factors=words[0],
        aliases=list(words[1:]),
        measure=measure,
        difference=difference,
        relative=ratio_of_means([one - other for one, other in zip(on, off, strict=True)], whole),
        p_value=p_value,
        adjusted=p_value,
    )


def _half(runs: Sequence[tuple[Word, Sequence[float]]], word: Word, sign: int) -> list[float]:
    """Return the mean by seed of the runs in which a word has this sign."""
    half = [values for on, values in runs if sign_of(word, on) == sign]
    return [statistics.fmean(values) for values in zip(*half, strict=True)]
