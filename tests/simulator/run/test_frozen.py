"""The scenario that is frozen for comparison goes on giving the figures it always gave, whatever the engine learns."""

import math

import msgspec

from tests.simulator.run.frozen import frozen_runs, kept_runs

ROUNDING = 1e-9
"""Relative difference that other builds of numpy and HiGHS may make."""


def test_the_frozen_scenario_gives_its_kept_figures() -> None:
    kept = kept_runs()
    found = dict(frozen_runs())
    assert found.keys() == kept.keys()
    for name, result in found.items():
        expected = msgspec.structs.asdict(kept[name])
        for figure, value in msgspec.structs.asdict(result).items():
            known = expected[figure]
            tolerance = 1e-6 if figure in {"bound_grams", "floor_grams"} else ROUNDING
            same = value == known or math.isclose(value, known, rel_tol=tolerance, abs_tol=1e-9)
            assert same, f"{name}: {figure} was {known}, is {value}"
