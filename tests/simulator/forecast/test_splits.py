"""The parts of a series: apart from one another, in order, and every day in the test of one period."""

import numpy as np
import pytest

from simulator.forecast.interface import Kind
from simulator.forecast.splits import PERIODS, Split, by_name, fixed_split, period, splits
from tests.simulator.forecast.courses import course

YEAR = course(Kind.WIND, 365)
EVERY = tuple(splits(YEAR))


@pytest.mark.parametrize("split", EVERY, ids=lambda one: one.name)
def test_the_parts_do_not_meet_and_leave_nothing_out(split: Split) -> None:
    parts = np.stack([split.fitting, split.validation, split.calibration, split.test]).astype(int)
    assert (parts.sum(axis=0) == 1).all()
    assert np.array_equal(split.training, split.fitting | split.validation)
    assert (parts.sum(axis=1) > 24 * 5 * 11).all()


def test_the_fixed_test_is_day_23_on() -> None:
    days = YEAR.day_of_month(np.arange(len(YEAR.values)))
    assert np.array_equal(fixed_split(YEAR).test, days >= 23)


def test_every_step_is_tested_in_exactly_one_period() -> None:
    assert (np.sum([period(YEAR, number).test for number in range(PERIODS)], axis=0) == 1).all()


@pytest.mark.parametrize("split", EVERY, ids=lambda one: one.name)
def test_calibration_comes_just_before_the_test(split: Split) -> None:
    begins = np.flatnonzero(split.test[1:] & ~split.test[:-1]) + 1
    assert len(begins) >= 11
    assert split.calibration[begins - 1].all()
    assert split.validation[np.flatnonzero(split.calibration[1:] & ~split.calibration[:-1])].all()


def test_every_part_has_days_of_every_month() -> None:
    months = (np.datetime64("2025-01-01") + np.arange(365)).astype("datetime64[M]").repeat(24)
    for split in EVERY:
        for part in (split.fitting, split.validation, split.calibration, split.test):
            assert len(set(months[part])) == 12


def test_splits_have_names() -> None:
    assert list(by_name(YEAR)) == ["fixed", *(f"period {number}" for number in range(1, 7))]
