"""Jobs that cannot be done are refused in a line."""

from typing import Any

import pytest

from exporter.core.config import ConfigError
from simulator.results import Job
from simulator.simulate import simulate
from tests.simulator.scenarios import FULL, edge


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
