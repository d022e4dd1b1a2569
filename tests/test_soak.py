"""Short soaks: nothing grows in either program, and leaks that are put into one are found."""

import csv
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from bench.soak import A_DAY, BLOCKS, MEMORY, SETTLED_AFTER, Bounds, growth, rows
from bench.soak_course import STEPS_PER_HOUR, Point, soaking
from bench.soak_program import LEAKS, Held
from bench.soak_trend import trend_of
from exporter.core.units import SECONDS_PER_HOUR

HOURS, SETTLED, SCRAPES, CROWD = 7 / 12, 0.25, 500, 120

SHORT = Bounds(memory=100e6, blocks=1_500_000.0)
"""Bounds of a day for so short a time, in which tables still fill up: a tenth of what the leaks bring."""

SAMPLE_SECONDS = 5.0
BYTES_PER_BLOCK = 64.0


def points(hours: float, gained: Held) -> list[Point]:
    """Return points of a quiet process, which gains so much each hour beside what varies."""
    chance = np.random.default_rng(1)
    noise = np.convolve(chance.normal(size=round(hours * STEPS_PER_HOUR) + 11), np.full(12, 1 / 12), "valid")
    found = []
    for number, off in enumerate(noise):
        hour = (number + 1) / STEPS_PER_HOUR
        size = round(40e6 + 20e3 * off)
        held = Held(
            rss=round(size + gained.rss * hour),
            anonymous=round(size - 9e6 + gained.anonymous * hour),
            pss=size,
            uss=size,
            in_use=round(size - 15e6 + gained.in_use * hour),
            blocks=round(200e3 + 300 * off + gained.blocks * hour),
            descriptors=round(23 + gained.descriptors * hour),
            threads=round(2 + gained.threads * hour),
            children=0,
            cpu=hour,
        )
        found.append(Point(hour=hour, held=held, series=390, state=30_000, files=4, temporary=0))
    return found


NOTHING = Held(rss=0, anonymous=0, pss=0, uss=0, in_use=0, blocks=0, descriptors=0, threads=0, children=0, cpu=0.0)


def test_a_process_that_varies_does_not_grow() -> None:
    assert growth(points(24.0, NOTHING), SETTLED_AFTER, A_DAY) == []


def test_a_block_with_each_sample_is_found_in_a_day() -> None:
    samples = round(SECONDS_PER_HOUR / SAMPLE_SECONDS)
    size = round(samples * BYTES_PER_BLOCK)
    gained = structs.replace(NOTHING, blocks=samples, rss=size, anonymous=size, in_use=size)
    assert growth(points(24.0, gained), SETTLED_AFTER, A_DAY) == [*MEMORY, BLOCKS]


@pytest.mark.parametrize("name", ["descriptors", "threads"])
def test_one_thing_more_in_the_second_half_is_found(name: str) -> None:
    assert growth(points(24.0, structs.replace(NOTHING, **{name: 1})), SETTLED_AFTER, A_DAY) == [name]


def test_series_that_come_once_and_stay_are_found() -> None:
    quiet = points(24.0, NOTHING)
    grown = [replace(one, series=one.series + round(one.hour * 5)) for one in quiet]
    assert growth(grown, SETTLED_AFTER, A_DAY) == ["series"]


def test_each_column_of_the_data_has_its_name() -> None:
    measured = points(2.0, NOTHING)
    found = list(csv.DictReader(rows(measured).splitlines(), strict=True))
    assert [row["in use, by malloc and Python"] for row in found] == [str(one.held.in_use) for one in measured]
    assert [row["temporary files"] for row in found] == ["0"] * len(measured)
    assert not any(None in row for row in found)


@pytest.mark.parametrize("slope", [-2.0, 0.0, 0.5])
def test_the_interval_of_a_trend_has_its_slope_in_most_cases(slope: float) -> None:
    times, hits = np.arange(276.0) / STEPS_PER_HOUR, 0
    for seed in range(40):
        noise = np.convolve(np.random.default_rng(seed).normal(size=287), np.full(12, 1 / 12), "valid")
        found = trend_of(times, slope * times + 10.0 * noise)
        hits += found.low <= slope <= found.high
    assert hits >= 34


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("leaks", [(), tuple(LEAKS)], ids=["as it is", "with leaks"])
def test_a_short_soak_of_the_exporter_finds_the_leaks_that_are_there(leaks: Sequence[str]) -> None:
    with soaking("ecotrack", leaks) as course:
        found = course.run(HOURS, SCRAPES, CROWD)
    grown = growth(found.points, SETTLED, SHORT)
    assert found.counts["scrapes"] >= SCRAPES
    assert found.counts["reloads that the log tells of"] == 1
    if leaks:
        assert {*MEMORY, BLOCKS, "descriptors", "threads", "series"} <= set(grown)
    else:
        assert grown == []


@pytest.mark.servers
@pytest.mark.full
def test_a_short_soak_of_the_live_job_finds_nothing() -> None:
    """Its children learn for a quarter of a minute, which is too long for every change."""
    with soaking("ecochain") as course:
        found = course.run(2.0, 5_000, CROWD)
    assert growth(found.points, SETTLED_AFTER, SHORT) == []
