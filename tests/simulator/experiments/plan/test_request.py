"""The cases that a request runs."""

from pathlib import Path

import pytest

from simulator.experiments.plan.catalogue import ASKED_FOR
from simulator.experiments.plan.request import Request, check
from simulator.scenario.schema import SchedulerSection
from tests.simulator.scenario.scenarios import edge


def labels(policy: str = "shifting", **changes: object) -> set[str]:
    scenario = edge(scheduler=SchedulerSection(policy=policy))
    request = Request(experiment="peers", scenario=scenario, output=Path("unwritten"), **changes)  # type: ignore[arg-type]
    check(request)
    return {case.label for case in request.cases}


@pytest.mark.parametrize("costly", ASKED_FOR)
def test_a_costly_peer_runs_only_where_it_is_named(costly: str) -> None:
    assert costly not in labels()
    assert labels(methods=(costly, "joint")) == {costly, "joint", "least-loaded"}
    assert costly in labels(reference=costly)
    assert labels(policy=costly) == labels() | {costly}
