"""Simulations that take no time. Functions of a module, since workers load them by name."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from exporter.core.config import ConfigError
from simulator.experiments.plan.request import Request
from simulator.experiments.runner import run_experiment
from simulator.run.job import Job, RunResult
from simulator.scenario.load import load_scenario

SUSTAINED_PER_HOUR_AND_NODE = 700.0


def fake(job: Job) -> RunResult:
    """Return figures that depend a little on the method and a lot on the seed; too many tasks per node are late."""
    shared = float(np.random.default_rng(job.seed).normal(1.0, 0.2))
    own = int.from_bytes(hashlib.sha256(job.method.name.encode()).digest()[:2]) / 65536
    energy = 1e6 * (shared + own)
    rate = job.rate_per_hour or 0.0
    return RunResult(
        seed=job.seed,
        simulated_seconds=86_400.0,
        tasks_offered=5000,
        tasks_completed=4990,
        tasks_late=0,
        tasks_dropped=10,
        tasks_unfinished=0,
        energy_joules=energy,
        idle_joules=0.5 * energy,
        ledger_joules=0.0,
        grid_joules=0.6 * energy,
        emissions_grams=0.6 * energy / 9000,
        latency_seconds=0.3 + own,
        latency_p95_seconds=float("nan"),
        renewable_ratio=0.4,
        electricity_dollars=0.02 * shared,
        cost_dollars=0.02 * shared,
        deadline_miss_ratio=0.002 if rate <= SUSTAINED_PER_HOUR_AND_NODE * (job.nodes or 4) else 0.3,
        stored_change_joules=3600.0 * own,
        bound_grams=0.5 * energy / 9000 if job.bound else None,
        floor_grams=0.4 * energy / 9000 if job.bound else None,
    )


def punctual(job: Job) -> RunResult:
    """Return figures of a run without late or dropped tasks."""
    return msgspec.structs.replace(fake(job), deadline_miss_ratio=0.0)


def refusing(job: Job) -> RunResult:
    """Refuse the second seed."""
    if job.seed == 2:
        raise ConfigError(["weather.csv: row 3: expected a number", "weather.csv: row 4: expected a number"])
    return fake(job)


def dying(job: Job) -> RunResult:
    """End the process at the second seed."""
    if job.seed == 2:
        os._exit(9)
    return fake(job)


def interrupted_after(count: int) -> Callable[[Job], RunResult]:
    """Return a simulation that is interrupted, as by Ctrl-C, in the run after `count` others."""
    done = 0

    def run(job: Job) -> RunResult:
        nonlocal done
        if done == count:
            raise KeyboardInterrupt
        done += 1
        return fake(job)

    return run


def request(output: Path, **changes: object) -> Request:
    """Return the request of a small experiment; `scenario` by its name."""
    fields = {"experiment": "ablation", "scenario": "edge", "replications": 3, "output": output} | changes
    return Request(**fields | {"scenario": load_scenario(str(fields["scenario"]))})  # type: ignore[arg-type]


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder."""
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def files_of(asked: Request, simulate: Callable[[Job], RunResult] = fake) -> dict[str, bytes]:
    """Run an experiment and read all files that it writes."""
    folder, _ = run_experiment(asked, unseen, simulate)
    return bytes_of(folder)


def unseen(done: int, total: int) -> None:
    """Show no progress."""
