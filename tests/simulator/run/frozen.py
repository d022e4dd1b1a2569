"""The kept figures of the frozen scenario. To make them anew: python -m tests.simulator.run.frozen."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import simulate
from simulator.scenario.load import load_scenario

KEPT = Path(__file__).parents[2] / "golden/edge-2025.json"

METHODS = (
    Method(name="full", policy="shifting"),
    Method(name="joint without batteries", policy="joint", batteries=False),
    Method(name="standard", policy="round-robin", compression=False, dvfs=False, forecast=False, ledger=False),
    Method(name="oracle", policy="oracle"),
    Method(name="one node", policy="single-node:grid-nuc", ledger=False),
)
"""Methods that differ in every part of the system that can be switched."""


def frozen_runs() -> Iterator[tuple[str, RunResult]]:
    """Yield the figures of the frozen scenario, by a name that tells method and seed."""
    scenario = load_scenario("edge-2025")
    for method in METHODS:
        for seed in (1, 7):
            job = Job(scenario=scenario, method=method, seed=seed, bound=method.name == "joint without batteries")
            yield f"{method.name}, seed {seed}", simulate(job)


def kept_runs() -> dict[str, RunResult]:
    """Return the kept figures by the same names."""
    return msgspec.json.decode(KEPT.read_bytes(), type=dict[str, RunResult])


if __name__ == "__main__":
    KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(dict(frozen_runs())), indent=2) + b"\n")
