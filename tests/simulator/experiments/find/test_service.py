"""Equal service: what runs show of it, what they leave open, and how often they mislead."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simulator.experiments.find.analysis import Row
from simulator.experiments.find.estimates import MISSES
from simulator.experiments.find.service import SERVICE_MARGIN, Service, service_of, with_service
from simulator.experiments.find.statistics import paired_difference
from simulator.experiments.plan.cases import Case
from simulator.run.job import Job, Method
from tests.simulator.scenario.scenarios import edge

SHARES = st.floats(0.0, 0.2)
FEW = 4
"""Runs up to which the t interval always reaches as far as each of the differences."""


@cache
def case() -> Case:
    return Case(label="any", work=Job(scenario=edge(), method=Method(name="any", policy="joint", ledger=False), seed=0))


def row(name: str, shares: Sequence[float]) -> Row:
    return Row(case=case(), label=name, runs=[{MISSES: share} for share in shares])


def service(own: Sequence[float], reference: Sequence[float]) -> Service:
    return service_of(row("own", own), row("reference", reference))


def clear(own: Sequence[float], reference: Sequence[float]) -> bool:
    """Return whether rounding cannot move an end of the interval over the margin."""
    found = paired_difference(own, reference)
    return min(abs(end - SERVICE_MARGIN) for end in (found.low, found.high)) > 1e-9


@given(st.lists(st.tuples(SHARES, SHARES), min_size=2, max_size=FEW))
def test_few_runs_neither_mark_nor_rank_what_they_do_not_agree_on(pairs: list[tuple[float, float]]) -> None:
    own, reference = zip(*pairs, strict=True)
    differences = [one - other for one, other in pairs]
    assume(min(differences) < SERVICE_MARGIN - 1e-9)
    assume(max(differences) > SERVICE_MARGIN + 1e-9)
    assert service(own, reference) is Service.NOT_SHOWN


@given(st.lists(st.tuples(SHARES, SHARES), min_size=2, max_size=12), st.integers(2, 5))
def test_more_runs_of_the_same_never_take_back_what_fewer_have_shown(
    pairs: list[tuple[float, float]], times: int
) -> None:
    own, reference = zip(*pairs, strict=True)
    assume(clear(own, reference))
    assume(clear(own * times, reference * times))
    before, after = service(own, reference), service(own * times, reference * times)
    assert before in (after, Service.NOT_SHOWN)


@given(st.integers(2, 1000), st.floats(0.0, 0.001), st.floats(0.0, 0.0009))
def test_no_number_of_runs_marks_a_tenth_of_a_point(runs: int, spread: float, less: float) -> None:
    """Half of the runs are late with more than the mean and half with less: with many runs the interval is narrow."""
    apart = [0.001 - less + (spread if index % 2 else -spread) for index in range(2 * runs)]
    own, reference = [0.1 + one for one in apart], [0.1] * len(apart)
    found = service(own, reference)
    assert found is not Service.LESS
    if runs >= 10:
        assert found is Service.EQUAL


@given(st.lists(st.tuples(SHARES, SHARES), min_size=2, max_size=12), st.floats(0.0, 0.5))
def test_what_makes_all_methods_late_alike_changes_nothing(pairs: list[tuple[float, float]], all_late: float) -> None:
    own, reference = zip(*pairs, strict=True)
    assume(clear(own, reference))
    moved = service([one + all_late for one in own], [one + all_late for one in reference])
    assert moved is service(own, reference)


@given(st.lists(SHARES, min_size=2, max_size=12), st.floats(0.0, 0.05), st.floats(0.0, 0.05))
def test_who_is_late_more_often_is_never_taken_for_better(shares: list[float], one: float, more: float) -> None:
    order = [Service.EQUAL, Service.NOT_SHOWN, Service.LESS]
    values = [[share + late for share in shares] for late in (one, one + more)]
    assume(all(clear(own, shares) for own in values))
    first, second = (order.index(service(own, shares)) for own in values)
    assert first <= second


def misled(runs: int, difference: float, wrong: Service) -> float:
    """Return how often samples from a normal distribution of differences, with a deviation of a point, mislead."""
    draw, trials = np.random.default_rng(runs), 1000
    samples = draw.normal(difference, 0.01, (trials, runs))
    return sum(service((0.1 + one).tolist(), [0.1] * runs) is wrong for one in samples) / trials


@pytest.mark.parametrize("runs", [2, 3, 8, 30])
def test_runs_mislead_no_more_often_than_the_level_says(runs: int) -> None:
    """At the margin itself either mistake has a probability of 2.5%, with any number of runs, and beyond it less."""
    # Four standard deviations of a binomial share of 1,000.
    most = 0.025 + 4 * (0.025 * 0.975 / 1000) ** 0.5
    for difference in (SERVICE_MARGIN, 2 * SERVICE_MARGIN):
        assert misled(runs, difference, Service.EQUAL) <= most
    for difference in (SERVICE_MARGIN, 0.0):
        assert misled(runs, difference, Service.LESS) <= most


def test_a_missing_figure_shows_nothing() -> None:
    other = row("other", [0.0, 0.0])
    missing = Row(case=case(), label="missing", runs=[{MISSES: 0.0}, {}])
    assert service_of(missing, other) is service_of(other, missing) is Service.NOT_SHOWN


def test_the_three_outcomes_are_apart_and_the_reference_has_none() -> None:
    rows = [row("reference", [0.0, 0.0, 0.0]), row("equal", [0.001, 0.002, 0.0]), row("less", [0.02, 0.021, 0.019])]
    rows += [row("open", [0.0, 0.0, 0.02]), row("better", [-0.1, -0.11, -0.1])]
    found = {service: with_service(rows, service) for service in Service}
    assert found == {
        Service.EQUAL: ["equal", "better"],
        Service.LESS: ["less"],
        Service.NOT_SHOWN: ["open"],
    }
