"""Jobs: those that cannot be done are refused in a line, and those that are cut say what they would have said."""

from typing import Any

import msgspec
import pytest

from exporter.core.config import ConfigError
from simulator.run.job import Job
from simulator.run.simulate import simulate
from tests.simulator.scenario.scenarios import FULL, STANDARD, edge


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"tasks": 0}, "tasks: expected a number >= 1 at a rate > 0, got 0 at 208 per hour"),
        ({"tasks": 5, "rate_per_hour": 0.0}, "tasks: expected a number >= 1 at a rate > 0, got 5 at 0 per hour"),
        ({"nodes": 0}, "nodes: expected a number >= 1, got 0"),
        ({"rate_per_hour": 1e10}, r"rate_per_hour: expected a number >= 0 and <= 100,000,000, got 1e\+10"),
        ({"rate_per_hour": -1.0}, "rate_per_hour: expected a number >= 0 and <= 100,000,000, got -1"),
    ],
)
def test_what_cannot_be_simulated_is_one_line(asked: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=f"^{expected}$"):
        simulate(Job(scenario=edge(), method=FULL, seed=1, **asked))


def test_a_run_that_misses_too_much_ends_early_and_is_still_told_to_miss() -> None:
    job = Job(scenario=edge(), method=STANDARD, seed=2, tasks=4_000, rate_per_hour=20_000.0)
    whole, cut = simulate(job), simulate(msgspec.structs.replace(job, miss_limit=0.01))
    assert cut.simulated_seconds < whole.simulated_seconds
    assert min(cut.deadline_miss_ratio, whole.deadline_miss_ratio) > 0.01


def test_a_run_within_the_limit_is_not_cut() -> None:
    job = Job(scenario=edge(), method=STANDARD, seed=2, tasks=500, rate_per_hour=5.0)
    assert simulate(job) == simulate(msgspec.structs.replace(job, miss_limit=0.9))
