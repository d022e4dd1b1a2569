"""The search for saturation finds what is there to find."""

import msgspec
import pytest

from simulator.experiments.plan.work import Saturation
from simulator.experiments.run.saturation import MISS_LIMIT, TOLERANCE, capacity_per_hour, find_saturation
from simulator.experiments.run.work import simulate_job
from simulator.run.job import Job, Method, RunResult
from tests.simulator.experiments.fake_simulation import SUSTAINED_PER_HOUR_AND_NODE, fake
from tests.simulator.scenario.scenarios import edge

METHOD = Method(name="full", policy="joint")


def search(nodes: int = 4, tasks: int = 1000) -> Saturation:
    return Saturation(scenario=edge(), method=METHOD, seed=1, nodes=nodes, tasks=tasks)


@pytest.mark.parametrize("nodes", [2, 4, 128])
def test_a_known_threshold_is_found(nodes: int) -> None:
    found, limit = find_saturation(search(nodes), fake), SUSTAINED_PER_HOUR_AND_NODE * nodes
    assert limit / (1 + TOLERANCE) <= found <= limit


@pytest.mark.parametrize("limit", [0.5, 1e7])
def test_a_bad_first_guess_costs_little(limit: float) -> None:
    asked = []

    def simulate(job: Job) -> RunResult:
        assert job.rate_per_hour is not None
        asked.append(job.rate_per_hour)
        # The fake's limit of 700 per node and hour, moved.
        return fake(
            Job(scenario=job.scenario, method=METHOD, seed=1, nodes=1, rate_per_hour=700 * job.rate_per_hour / limit)
        )

    assert limit / (1 + TOLERANCE) <= find_saturation(search(), simulate) <= limit
    assert len(asked) < 30


@pytest.mark.parametrize("share", [0.16, 0.3, 0.45])
@pytest.mark.parametrize("steepness", [3.0, 10.0, 60.0])
def test_a_smooth_threshold_below_half_of_the_capacity_takes_few_runs(share: float, steepness: float) -> None:
    """Shares and steepness are those of `edge` with 4, 8 and 128 nodes; by bisection it took ten to twelve runs."""
    limit, asked = share * capacity_per_hour(search()), []

    def simulate(job: Job) -> RunResult:
        assert job.rate_per_hour is not None
        asked.append(job.rate_per_hour)
        misses = min(1.0, MISS_LIMIT * (job.rate_per_hour / limit) ** steepness)
        return msgspec.structs.replace(fake(job), deadline_miss_ratio=misses)

    assert limit / (1 + TOLERANCE) <= find_saturation(search(), simulate) <= limit
    assert len(asked) <= 8


def test_what_sustains_nothing_saturates_at_nothing() -> None:
    def overwhelmed(job: Job) -> RunResult:
        return fake(Job(scenario=job.scenario, method=METHOD, seed=1, nodes=1, rate_per_hour=1e9))

    assert find_saturation(search(), overwhelmed) == 0.0


def test_capacity_grows_with_whole_copies_of_the_cluster() -> None:
    whole = len(edge().nodes)
    assert capacity_per_hour(search(2 * whole)) == pytest.approx(2 * capacity_per_hour(search(whole)))


def test_a_cluster_saturates_below_its_capacity() -> None:
    long_search = search(tasks=8000)
    found = find_saturation(long_search, simulate_job)
    assert 0.1 * capacity_per_hour(long_search) < found < capacity_per_hour(long_search)
