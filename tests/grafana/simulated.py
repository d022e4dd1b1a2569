"""A real simulator with more tasks than it can do, and results of experiments for it to export."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

from simulator.experiments.catalogue import EXPERIMENTS
from simulator.experiments.outcomes import MEASURES, RESULTS_FILE, Estimate, Outcome
from simulator.scenario import load_scenario
from tests.processes import free_port, running

ROOT = Path(__file__).parents[2]
SPEED = 600
TOO_MANY_PER_HOUR = 40_000
COMPILING_SECONDS = 120.0
"""The first run on a machine compiles the placement kernel."""


@contextlib.contextmanager
def running_simulator(folder: Path) -> Iterator[str]:
    """The scenario edge with too many tasks, so that some are late and some dropped; yields host and port."""
    scenario = yaml.safe_load((ROOT / "simulator/scenarios/edge.yaml").read_text(encoding="utf-8"))
    scenario["workload"]["arrivals"]["rate_per_hour"] = TOO_MANY_PER_HOUR
    (folder / "busy.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    write_results(folder / "results")
    address = f"127.0.0.1:{free_port()}"
    argv = [sys.executable, "-m", "simulator", "serve", f"--scenario={folder / 'busy.yaml'}", f"--speed={SPEED}"]
    argv += [f"--web.listen-address={address}", f"--experiments={folder / 'results'}"]
    log = folder / "simulator.log"
    with running(argv, ready=f"http://{address}/-/ready", log=log, timeout=COMPILING_SECONDS):
        yield address


def write_results(folder: Path) -> None:
    """Results of every experiment on both scenarios: the methods are the catalogue's, the figures made up."""
    for scenario in ("edge", "published"):
        loaded = load_scenario(scenario)
        for name, experiment in EXPERIMENTS.items():
            labels = [case.label for case in experiment.cases(loaded, None)]
            outcomes = [
                Outcome(experiment=name, scenario=scenario, method=label, metrics=_estimates(float(index)))
                for index, label in enumerate(labels, start=1)
            ]
            file = folder / f"{name}-{scenario}" / RESULTS_FILE
            file.parent.mkdir(parents=True)
            file.write_bytes(msgspec.json.encode({"outcomes": outcomes}))


def _estimates(mean: float) -> dict[str, Estimate]:
    estimate = Estimate(mean=mean, low=0.9 * mean, high=1.1 * mean, published=1.05 * mean)
    return {measure.name: estimate for measure in MEASURES}
