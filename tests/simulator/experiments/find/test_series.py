"""The series of results: service, the front, levers and assumptions; and what is left out of them."""

from collections.abc import Mapping

import msgspec

from simulator.experiments.find.estimates import ShownResults
from simulator.experiments.find.series import FAMILIES
from tests.simulator.live.golden_snapshot import golden_results


def series(shown: ShownResults, name: str) -> Mapping[tuple[str, ...], float]:
    """Return the samples of a family by their labels after experiment and scenario."""
    (family,) = [one for one in FAMILIES if one.name == f"ecochain_experiment_{name}"]
    return {labels[2:]: value for labels, value in family.read(shown)}


def with_methods(**changes: object) -> ShownResults:
    """Return results of the reference and of three methods, all with the share of tasks late or dropped."""
    shown = golden_results()
    names = ("standard", "full", "equal", "open")
    estimates = [msgspec.structs.replace(shown.estimates[0], method=name) for name in names]
    return msgspec.structs.replace(shown, estimates=estimates, **changes)


def test_the_mark_is_missing_where_the_runs_leave_service_open() -> None:
    marks = series(with_methods(service_not_shown=["open"]), "serves_less")
    assert marks == {("full",): 1.0, ("equal",): 0.0}


def test_no_mark_is_told_of_runs_that_count_no_misses_nor_by_results_that_do_not_tell() -> None:
    bare = msgspec.structs.replace(golden_results().estimates[0], by_measure={})
    assert series(msgspec.structs.replace(golden_results(), estimates=[bare]), "serves_less") == {}
    assert series(with_methods(serving_less=None), "serves_less") == {}
    assert series(with_methods(reference=None), "serves_less") == {}


def test_results_of_an_earlier_version_show_what_they_have() -> None:
    old = {"experiment": "baseline", "scenario": "edge", "reference": None}
    shown = msgspec.convert(old | {"outcomes": [], "comparisons": [], "provenance": {}}, type=ShownResults)
    names = ("serves_less", "front", "effect_ratio", "sensitivity_ratio", "gap_grams")
    assert [series(shown, name) for name in names] == [{}] * len(names)


def test_what_may_be_relative_to_nothing_is_left_out() -> None:
    shown = golden_results()
    assert set(series(shown, "effect_ratio")) == {
        ("emissions_grams", "sleep", statistic) for statistic in ("mean", "low", "high")
    }
    assert {labels[:2] for labels in series(shown, "sensitivity_ratio")} == {("unchanged", "1"), ("load", "2")}


def test_the_front_says_who_is_on_it_and_who_is_not() -> None:
    point = golden_results().front[0]
    beaten = msgspec.structs.replace(point, method="beaten", on_front=False)
    shown = msgspec.structs.replace(golden_results(), front=[point, beaten])
    assert series(shown, "front") == {("full",): 1.0, ("beaten",): 0.0}
