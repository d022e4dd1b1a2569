"""A real simulator with more tasks than it can do, and the kept results of experiments for it to export."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.processes import free_port, running

ROOT = Path(__file__).parents[2]
KEPT_RESULTS = ROOT / "bench/results/experiments"
"""Results that `make up` and Compose show too. Made-up figures would fill panels that real ones leave empty."""

SPEED = 600
TOO_MANY_PER_HOUR = 40_000


@contextlib.contextmanager
def running_simulator(folder: Path) -> Iterator[str]:
    """Run edge with prices and too many tasks, so that some are late and some dropped; yields host and port."""
    scenario = yaml.safe_load((ROOT / "simulator/scenario/edge.yaml").read_text(encoding="utf-8"))
    scenario["workload"]["arrivals"]["rate_per_hour"] = TOO_MANY_PER_HOUR
    scenario["ledger"] = {"prices": "prices.csv"}
    (folder / "prices.csv").write_text("date,dollars_per_tonne\n2025-01-01,80\n", encoding="utf-8")
    (folder / "busy.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    argv = [sys.executable, "-m", "simulator", "serve", f"--scenario={folder / 'busy.yaml'}", f"--speed={SPEED}"]
    argv += [f"--web.listen-address={address}", f"--experiments={KEPT_RESULTS}", f"--ledger={folder / 'ledger.db'}"]
    log = folder / "simulator.log"
    with running(argv, ready=f"http://{address}/-/ready", log=log):
        yield address
