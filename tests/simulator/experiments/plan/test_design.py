"""Two-level designs, held against a look at all words and all runs."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.experiments.plan.design import ALL, FRACTION, FULL_FACTORIAL, LEVERS, NONE, Design, Word, sign_of


def words(design: Design, sizes: range) -> list[Word]:
    return [frozenset(one) for size in sizes for one in combinations(design.factors, size)]


def course(design: Design, word: Word) -> tuple[int, ...]:
    """Return the sign of a word in every run."""
    return tuple(sign_of(word, on) for on in design.runs())


@st.composite
def designs(draw: st.DrawFn) -> Design:
    factors = tuple("abcdefg"[: draw(st.integers(2, 7))])
    basic = factors[: draw(st.integers(1, len(factors)))]
    some = st.lists(st.sampled_from(basic), min_size=1, unique=True).map(tuple)
    return Design(factors=factors, generators={one: draw(some) for one in factors[len(basic) :]})


@given(designs())
def test_the_defining_relation_holds_the_words_that_are_constant_over_the_runs(design: Design) -> None:
    every = words(design, range(1, len(design.factors) + 1))
    constant = [word for word in every if set(course(design, word)) == {1}]
    assert set(design.relation()) == set(constant)
    for word in set(every) - set(constant):
        assert sum(course(design, word)) == 0


@given(designs())
def test_words_are_grouped_where_their_signs_are_the_same_in_every_run(design: Design) -> None:
    for size in range(1, 4):
        shorter = {course(design, word) for word in words(design, range(size))}
        expected: dict[tuple[int, ...], set[Word]] = {}
        for word in words(design, range(size, size + 1)):
            if course(design, word) not in shorter:
                expected.setdefault(course(design, word), set()).add(word)
        assert [set(group) for group in design.groups(size)] == list(expected.values())


@given(designs())
def test_runs_differ_and_begin_with_every_free_lever_off(design: Design) -> None:
    found = list(design.runs())
    assert len(set(found)) == len(found) == 2 ** (len(design.factors) - len(design.generators))
    assert found[0] <= design.generators.keys()
    assert len({design.label(on) for on in found}) == len(found)


def test_the_fraction_has_resolution_four() -> None:
    assert (FRACTION.name, len(list(FRACTION.runs()))) == ("2^(7-3)", 16)
    assert [len(word) for word in FRACTION.relation()] == [4] * 7
    assert [group[0] for group in FRACTION.groups(1)] == [frozenset({lever}) for lever in LEVERS]
    pairs = FRACTION.groups(2)
    assert [len(group) for group in pairs] == [3] * 7
    assert {word for group in pairs for word in group} == set(words(FRACTION, range(2, 3)))
    assert [len(group) for group in FRACTION.groups(3)] == [7]


def test_the_full_design_tells_all_interactions_apart() -> None:
    assert (FULL_FACTORIAL.name, FULL_FACTORIAL.relation()) == ("2^7", [])
    for size, count in ((1, 7), (2, 21), (3, 35)):
        groups = FULL_FACTORIAL.groups(size)
        assert len(groups) == count
        assert all(len(group) == 1 for group in groups)


@pytest.mark.parametrize("design", [FRACTION, FULL_FACTORIAL])
def test_all_and_none_are_among_the_runs_and_the_others_are_named_by_their_levers(design: Design) -> None:
    labels = [design.label(on) for on in design.runs()]
    assert labels[0] == NONE
    assert labels[-1] == ALL
    assert "place+dvfs+compression+shift" in labels
    assert set(FRACTION.runs()) <= set(FULL_FACTORIAL.runs())
