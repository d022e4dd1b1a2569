"""Scenarios for tests."""

from typing import Any

import msgspec

from simulator.run.job import Method
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario


def shipped(name: str) -> Scenario:
    """Return a shipped scenario of the physical model."""
    scenario = load_scenario(name)
    assert isinstance(scenario, Scenario)
    return scenario


def edge(**changes: Any) -> Scenario:
    """Return the shipped scenario with other sections."""
    return msgspec.structs.replace(shipped("edge"), **changes)


def at_rate(per_hour: float, **changes: Any) -> Scenario:
    """Return the shipped scenario with another arrival rate."""
    workload = edge().workload
    arrivals = msgspec.structs.replace(workload.arrivals, rate_per_hour=per_hour)
    return edge(workload=msgspec.structs.replace(workload, arrivals=arrivals), **changes)


FULL = Method(name="full", policy="shifting")
STANDARD = Method(
    name="standard", policy="round-robin", compression=False, dvfs=False, forecast=False, ledger=False, batteries=True
)
